//! The same arithmetic with big integers, slow and plain.

use limitr_engine::quantity::Amount;
use num_bigint::{BigInt, BigUint, Sign};
use proptest::prelude::*;

/// `top ÷ bottom`, rounded half-even.
pub(crate) fn half_even(top: &BigInt, bottom: &BigInt) -> BigInt {
    let negative = (top.sign() == Sign::Minus) != (bottom.sign() == Sign::Minus);
    let (top, bottom) = (top.magnitude(), bottom.magnitude());
    let (quotient, rest): (BigUint, BigUint) = (top / bottom, top % bottom);
    let twice = rest * 2_u32;
    let up = twice > *bottom || (twice == *bottom && quotient.bit(0));
    let rounded = BigInt::from(quotient + u32::from(up));
    if negative { -rounded } else { rounded }
}

/// 10ⁿ.
pub(crate) fn ten_to(exponent: u32) -> BigInt {
    BigInt::from(10).pow(exponent)
}

/// `top ÷ bottom` as an amount that came from outside: rounded half-even, `None` past 10²⁴.
pub(crate) fn amount(top: &BigInt, bottom: &BigInt) -> Option<Amount> {
    let atoms = half_even(&(top * ten_to(12)), bottom);
    i128::try_from(&atoms)
        .ok()
        .map(Amount::from_atoms)
        .filter(|found| *found <= Amount::LIMIT && Amount::from_atoms(-found.atoms()) <= Amount::LIMIT)
}

/// Amounts of every size: uniform ones would nearly all be huge.
pub(crate) fn any_amount() -> impl Strategy<Value = Amount> {
    prop_oneof![
        (any::<i128>(), 0_u32..=127).prop_map(|(atoms, shift)| Amount::from_atoms(atoms >> shift)),
        any::<i32>().prop_map(|whole| Amount::from_int(i64::from(whole))),
        (-1_000_000_i128..1_000_000).prop_map(|thousandths| Amount::from_atoms(thousandths * 1_000_000_000)),
        prop::sample::select(vec![i128::MIN, i128::MAX, 0, 1, -1, 1 << 53, (1 << 53) + 1])
            .prop_map(Amount::from_atoms),
    ]
}

/// A decimal text with the integer and the power of ten that it means.
#[derive(Clone, Debug)]
pub(crate) struct Text {
    pub(crate) text: String,
    pub(crate) digits: BigInt,
    pub(crate) exponent: i64,
}

impl Text {
    /// The number as a fraction.
    pub(crate) fn fraction(&self) -> (BigInt, BigInt) {
        let power = ten_to(u32::try_from(self.exponent.unsigned_abs()).unwrap_or(u32::MAX));
        if self.exponent >= 0 {
            (&self.digits * power, BigInt::from(1))
        } else {
            (self.digits.clone(), power)
        }
    }
}

/// Decimal texts with up to so many digits before and after the point.
pub(crate) fn any_text(digits: usize) -> impl Strategy<Value = Text> {
    let run = |most: usize| {
        prop::collection::vec(prop_oneof![3 => 0_u8..10, 2 => Just(0_u8), 1 => Just(5_u8)], 0..=most)
    };
    (
        prop::sample::select(vec!["", "-", "+"]),
        0_u8..10,
        run(digits),
        run(digits),
        prop::option::of(-60_i64..60),
    )
        .prop_map(|(sign, first, whole, fraction, power)| {
            let show = |run: &[u8]| run.iter().map(u8::to_string).collect::<String>();
            let (whole, fraction) = (format!("{first}{}", show(&whole)), show(&fraction));
            let digits: BigInt = format!("{whole}{fraction}").parse().unwrap_or_default();
            let point = if fraction.is_empty() { "" } else { "." };
            let tail = power.map(|power| format!("e{power}")).unwrap_or_default();
            let decimals = i64::try_from(fraction.len()).unwrap_or(i64::MAX);
            Text {
                text: format!("{sign}{whole}{point}{fraction}{tail}"),
                digits: if sign == "-" { -digits } else { digits },
                exponent: power.unwrap_or(0) - decimals,
            }
        })
}
