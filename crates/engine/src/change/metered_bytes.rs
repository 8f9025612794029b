//! A metering change as bytes: the same bytes as for any other change, which a test compares, written by hand, since there are
//! more of them than of all others together and each call of an engine with a store writes one.
//!
//! Room for the longest that it can be is made once. A varint is spread over its bytes at once rather than byte by byte, and a
//! short name is two words that overlap.

use super::Metered;
use crate::customer::Pace;
use crate::decide::Reason;
use crate::quantity::Amount;

/// Most bytes beside the names: tag, 9 amounts, and other numbers, each as a varint; 2 doubles; and slack for whole words.
const NUMBERS_MAX: usize = 1 + 9 * 19 + 16 * 10 + 2 * 8 + 16;
/// How many amounts follow the units.
const SUMS: usize = 7;
/// The place of the variant among those of an effect.
const METERED: u64 = 0;

/// Adds the change to `bytes`.
#[inline]
pub(crate) fn write(bytes: &mut Vec<u8>, at: i64, metered: &Metered<&str>) {
    let start = bytes.len();
    bytes.resize(start.saturating_add(NUMBERS_MAX).saturating_add(names_len(metered)), 0);
    let mut room = Room { bytes: bytes.get_mut(start..).unwrap_or_default(), at: 0 };
    room.signed(at);
    room.varint(METERED);
    room.whose(metered);
    room.amount(metered.units);
    let Metered { overage, granted, granted_diff, overhead, price, overage_price, spent, .. } = metered;
    let rest: [&Amount; SUMS] = [overage, granted, granted_diff, overhead, price, overage_price, spent];
    match rest.iter().all(|amount| amount.is_zero()) {
        true => room.skip(SUMS), // a 0 is a byte of 0, and so is the room
        false => rest.iter().for_each(|amount| room.amount(**amount)),
    }
    room.pace(&metered.pace);
    let end = start.saturating_add(room.at);
    bytes.truncate(end);
}

/// Adds what a change says before its units: whose they are, by which policy, in which period.
pub(crate) fn write_whose(bytes: &mut Vec<u8>, metered: &Metered<&str>) {
    let start = bytes.len();
    bytes.resize(start.saturating_add(NUMBERS_MAX).saturating_add(names_len(metered)), 0);
    let mut room = Room { bytes: bytes.get_mut(start..).unwrap_or_default(), at: 0 };
    room.whose(metered);
    let end = start.saturating_add(room.at);
    bytes.truncate(end);
}

/// Adds the change of units that nothing was billed, drawn or spent for; `whose` is what [`write_whose`] wrote.
pub(crate) fn write_units(bytes: &mut Vec<u8>, at: i64, whose: &[u8], units: Amount, pace: &Pace) {
    let start = bytes.len();
    bytes.resize(start.saturating_add(NUMBERS_MAX).saturating_add(whose.len()), 0);
    let mut room = Room { bytes: bytes.get_mut(start..).unwrap_or_default(), at: 0 };
    room.signed(at);
    room.varint(METERED);
    room.bytes(whose);
    room.amount(units);
    room.skip(SUMS);
    room.pace(pace);
    let end = start.saturating_add(room.at);
    bytes.truncate(end);
}

fn names_len(Metered { holder, caller, entitlement, credit, plan, .. }: &Metered<&str>) -> usize {
    [holder, caller, entitlement, credit, plan].iter().fold(0, |sum, name| sum.saturating_add(name.len()))
}

fn place_of(reason: Reason) -> u64 {
    reason as u64
}

/// Room that is filled from its beginning. It is longer than what is put into it.
struct Room<'a> {
    bytes: &'a mut [u8],
    at: usize,
}

impl Room<'_> {
    #[inline(always)]
    fn whose(&mut self, metered: &Metered<&str>) {
        let Metered { holder, caller, entitlement, credit, plan, .. } = metered;
        for name in [holder, caller, entitlement, credit, plan] {
            self.text(name);
        }
        self.varint(metered.policy_version);
        self.varint(place_of(metered.reason));
        self.signed(metered.period_start);
    }

    #[inline(always)]
    fn pace(&mut self, pace: &Pace) {
        self.word(pace.rate.to_bits());
        self.word(pace.acceleration.to_bits());
        self.signed(pace.moved_at);
        self.varint(u64::from(pace.moves));
    }

    #[inline(always)]
    fn signed(&mut self, number: i64) {
        self.varint((number.wrapping_shl(1) ^ number.wrapping_shr(63)) as u64);
    }

    #[inline(always)]
    fn varint(&mut self, number: u64) {
        if number < 0x80 {
            self.byte(number as u8);
            return;
        }
        if number >= 1 << 56 {
            self.long_varint(u128::from(number));
            return;
        }
        // Each 7 bits go to a byte of their own.
        let spread = (number & 0x0fff_ffff) | ((number & 0x00ff_ffff_f000_0000) << 4);
        let spread = (spread & 0x0000_3fff_0000_3fff) | ((spread & 0x0fff_c000_0fff_c000) << 2);
        let spread = (spread & 0x007f_007f_007f_007f) | ((spread & 0x3f80_3f80_3f80_3f80) << 1);
        // All but the last byte say that another one follows. There are 2 to 8 of them.
        let bits = 64_u32.wrapping_sub(number.leading_zeros());
        let length = bits.wrapping_add(6).wrapping_div(7);
        let follow =
            0x0080_8080_8080_8080_u64 & u64::MAX.wrapping_shr(72_u32.wrapping_sub(length.wrapping_mul(8)));
        self.put(&(spread | follow).to_le_bytes(), length as usize);
    }

    #[inline(never)]
    fn long_varint(&mut self, mut number: u128) {
        while number >= 0x80 {
            self.byte(number as u8 | 0x80);
            number >>= 7;
        }
        self.byte(number as u8);
    }

    #[inline(always)]
    fn amount(&mut self, amount: Amount) {
        match i64::try_from(amount.atoms()) {
            Ok(atoms) => self.signed(atoms),
            Err(_) => {
                self.long_varint((amount.atoms().wrapping_shl(1) ^ amount.atoms().wrapping_shr(127)) as u128)
            }
        }
    }

    #[inline(always)]
    fn word(&mut self, word: u64) {
        self.put(&word.to_le_bytes(), 8);
    }

    #[inline(always)]
    fn text(&mut self, text: &str) {
        let text = text.as_bytes();
        self.varint(text.len() as u64);
        match (text.first_chunk::<8>(), text.last_chunk::<8>()) {
            (Some(first), Some(last)) if text.len() <= 16 => {
                self.put(first, text.len().wrapping_sub(8));
                self.put(last, 8);
            }
            _ if text.len() < 8 => text.iter().for_each(|byte| self.byte(*byte)),
            _ => self.bytes(text),
        }
    }

    #[inline(always)]
    fn bytes(&mut self, bytes: &[u8]) {
        let end = self.at.wrapping_add(bytes.len());
        if let Some(room) = self.bytes.get_mut(self.at..end) {
            room.copy_from_slice(bytes);
        }
        self.at = end;
    }

    #[inline(always)]
    fn skip(&mut self, count: usize) {
        self.at = self.at.wrapping_add(count);
    }

    #[inline(always)]
    fn byte(&mut self, byte: u8) {
        if let Some(room) = self.bytes.get_mut(self.at) {
            *room = byte;
        }
        self.at = self.at.wrapping_add(1);
    }

    /// Puts a whole word, of which so many bytes count.
    #[inline(always)]
    fn put(&mut self, word: &[u8; 8], count: usize) {
        if let Some(room) = self.bytes.get_mut(self.at..).and_then(<[u8]>::first_chunk_mut::<8>) {
            *room = *word;
        }
        self.at = self.at.wrapping_add(count);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::change::{Effected, codec};
    use proptest::prelude::*;

    fn amounts() -> impl Strategy<Value = Amount> {
        prop_oneof![
            Just(Amount::ZERO),
            any::<i64>().prop_map(|atoms| Amount::from_atoms(i128::from(atoms))),
            (any::<i128>(), 0_u32..128).prop_map(|(atoms, by)| Amount::from_atoms(atoms >> by)),
        ]
    }

    fn numbers() -> impl Strategy<Value = i64> {
        (any::<i64>(), 0_u32..64).prop_map(|(number, by)| number >> by)
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

        #[test]
        fn by_hand_and_by_the_format_are_the_same_bytes(
            names in prop::array::uniform5("[a-zé😀_]{0,40}"),
            times in prop::array::uniform3(numbers()),
            amounts in prop::collection::vec(amounts(), 8),
            (version, moves, reason) in (numbers(), any::<u32>(), 0_usize..4),
            (rate, acceleration) in (any::<f64>(), any::<f64>()),
        ) {
            let metered = Metered {
                holder: &*names[0],
                caller: &names[1],
                entitlement: &names[2],
                credit: &names[3],
                plan: &names[4],
                policy_version: version.unsigned_abs(),
                reason: [Reason::Ok, Reason::Overage, Reason::CoveredByGrant, Reason::Forced][reason],
                period_start: times[1],
                units: amounts[0],
                overage: amounts[1],
                granted: amounts[2],
                granted_diff: amounts[3],
                overhead: amounts[4],
                price: amounts[5],
                overage_price: amounts[6],
                spent: amounts[7],
                pace: Pace { rate, acceleration, moved_at: times[2], moves },
            };
            let (mut by_hand, mut by_format) = (vec![7], vec![7]);
            write(&mut by_hand, times[0], &metered);
            prop_assert!(codec::extend(&mut by_format, &(times[0], Effected::Metered(metered.clone()))));
            prop_assert_eq!(by_hand, by_format);

            // In two steps, of what only units moved for.
            let zero = Amount::ZERO;
            let (overage, granted, granted_diff, overhead) = (zero, zero, zero, zero);
            let (price, overage_price, spent) = (zero, zero, zero);
            let plain = Metered { overage, granted, granted_diff, overhead, price, overage_price, spent, ..metered };
            let (mut whose, mut in_steps, mut at_once) = (Vec::new(), vec![7], vec![7]);
            write_whose(&mut whose, &plain);
            write_units(&mut in_steps, times[0], &whose, plain.units, &plain.pace);
            write(&mut at_once, times[0], &plain);
            prop_assert_eq!(in_steps, at_once);
        }
    }
}
