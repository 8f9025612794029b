//! A 256-bit unsigned integer: the intermediate of products, quotients and conversions.
//!
//! 1. A product of two 128-bit numbers is four products of 64-bit halves, added with their carries.
//! 2. A quotient is binary long division: the divisor is aligned with the top bit of the dividend and taken
//!    away bit by bit. It is wanted only where 128 bits are too few, so shortness beats speed.
//! 3. Rounding is half-even: up if the remainder is more than half the divisor, or exactly half and the
//!    quotient odd.

/// 10³⁸ is the largest power of ten in 128 bits.
const LARGEST_POWER: u32 = 38;
const HALF: u32 = 64;
const LOW: u128 = u64::MAX as u128;

/// An unsigned 256-bit integer, ordered by value (the field order makes it so).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct U256 {
    high: u128,
    low: u128,
}

/// 10ⁿ, or `None` past 10³⁸, the largest power that fits.
pub(super) const fn power_of_ten(exponent: u32) -> Option<u128> {
    10_u128.checked_pow(exponent)
}

/// `top ÷ bottom`, rounded half-even. `None` if `bottom` is 0.
pub(super) fn divide_half_even(top: u128, bottom: u128) -> Option<u128> {
    let quotient = top.checked_div(bottom)?;
    let rest = top.wrapping_sub(quotient.wrapping_mul(bottom)); // one division: the product is at most `top`
    let missing = bottom.checked_sub(rest)?;
    let up = rest > missing || (rest == missing && quotient & 1 == 1);
    quotient.checked_add(u128::from(up))
}

/// The signed number of a sign and a magnitude. `None` if it doesn't fit.
pub(super) fn signed(negative: bool, magnitude: u128) -> Option<i128> {
    if negative { 0_i128.checked_sub_unsigned(magnitude) } else { i128::try_from(magnitude).ok() }
}

impl U256 {
    /// A 128-bit number, widened.
    pub(super) const fn from_u128(low: u128) -> U256 {
        U256 { high: 0, low }
    }

    /// `a × b`, which always fits.
    pub(super) const fn product(a: u128, b: u128) -> U256 {
        let (a_high, a_low) = (a >> HALF, a & LOW);
        let (b_high, b_low) = (b >> HALF, b & LOW);
        // Products of 64-bit halves fit 128 bits, and so do the sums of their halves: nothing here wraps.
        let low = a_low.wrapping_mul(b_low);
        let cross = a_low.wrapping_mul(b_high);
        let other = a_high.wrapping_mul(b_low);
        let middle = (low >> HALF).wrapping_add(cross & LOW).wrapping_add(other & LOW);
        let high = a_high
            .wrapping_mul(b_high)
            .wrapping_add(cross >> HALF)
            .wrapping_add(other >> HALF)
            .wrapping_add(middle >> HALF);
        U256 { high, low: (low & LOW) | (middle << HALF) }
    }

    /// `self + other`, or `None` if it needs more than 256 bits.
    pub(super) fn checked_add(self, other: U256) -> Option<U256> {
        let (low, carry) = self.low.overflowing_add(other.low);
        let high = self.high.checked_add(other.high)?.checked_add(u128::from(carry))?;
        Some(U256 { high, low })
    }

    /// `self × factor`, or `None` if it needs more than 256 bits.
    pub(super) fn checked_mul(self, factor: u128) -> Option<U256> {
        let low = U256::product(self.low, factor);
        let high = U256::product(self.high, factor);
        if high.high != 0 {
            return None;
        }
        Some(U256 { high: low.high.checked_add(high.low)?, low: low.low })
    }

    /// `self × 10ⁿ`, or `None` if it needs more than 256 bits.
    pub(super) fn checked_mul_power_of_ten(self, exponent: u32) -> Option<U256> {
        let mut product = self;
        let mut left = exponent;
        // A number other than 0 leaves 256 bits within three steps, which ends the loop.
        while left > 0 && product != U256::from_u128(0) {
            let step = left.min(LARGEST_POWER);
            product = product.checked_mul(power_of_ten(step)?)?;
            left = left.saturating_sub(step);
        }
        Some(product)
    }

    /// `self ÷ divisor`, rounded half-even. `None` if the divisor is 0 or the quotient needs more than 128 bits.
    pub(super) fn divide_half_even(self, divisor: U256) -> Option<u128> {
        if self.high == 0 && divisor.high == 0 {
            return divide_half_even(self.low, divisor.low);
        }
        if divisor == U256::from_u128(0) {
            return None;
        }
        let (quotient, rest) = self.divide(divisor)?;
        let missing = divisor.checked_sub(rest)?;
        let up = rest > missing || (rest == missing && quotient & 1 == 1);
        quotient.checked_add(u128::from(up))
    }

    /// Quotient and remainder by a divisor that isn't 0. `None` if the quotient needs more than 128 bits.
    fn divide(self, divisor: U256) -> Option<(u128, U256)> {
        let Some(steps) = self.bits().checked_sub(divisor.bits()) else {
            return Some((0, self));
        };
        let mut aligned = divisor.shifted_left(steps);
        let mut rest = self;
        let mut quotient: u128 = 0;
        for _ in 0..=steps {
            if quotient >> 127 == 1 {
                return None;
            }
            quotient <<= 1;
            if let Some(less) = rest.checked_sub(aligned) {
                rest = less;
                quotient |= 1;
            }
            aligned = aligned.halved();
        }
        Some((quotient, rest))
    }

    /// How many bits the number needs.
    const fn bits(self) -> u32 {
        if self.high == 0 {
            u128::BITS.saturating_sub(self.low.leading_zeros())
        } else {
            (2 * u128::BITS).saturating_sub(self.high.leading_zeros())
        }
    }

    /// `self × 2ⁿ` where the caller knows that no bit is lost.
    fn shifted_left(self, count: u32) -> U256 {
        if let Some(past) = count.checked_sub(u128::BITS) {
            return U256 { high: self.low.checked_shl(past).unwrap_or(0), low: 0 };
        }
        let carried = self.low.checked_shr(u128::BITS.saturating_sub(count)).unwrap_or(0);
        U256 { high: self.high.wrapping_shl(count) | carried, low: self.low.wrapping_shl(count) }
    }

    const fn halved(self) -> U256 {
        U256 { high: self.high >> 1, low: (self.low >> 1) | (self.high << 127) }
    }

    fn checked_sub(self, other: U256) -> Option<U256> {
        if self < other {
            return None;
        }
        let (low, borrow) = self.low.overflowing_sub(other.low);
        // `self >= other`, so the high half can't go below 0.
        Some(U256 { high: self.high.wrapping_sub(other.high).wrapping_sub(u128::from(borrow)), low })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::arithmetic_side_effects)] // big integers don't overflow

    use num_bigint::BigUint;
    use proptest::prelude::*;

    use super::*;

    fn big(number: U256) -> BigUint {
        (BigUint::from(number.high) << 128_u32) + BigUint::from(number.low)
    }

    /// Numbers of every width: uniform ones would nearly all be wide.
    fn any_width() -> impl Strategy<Value = u128> {
        (any::<u128>(), 0_u32..=127).prop_map(|(number, shift)| number >> shift)
    }

    fn any_wide() -> impl Strategy<Value = U256> {
        prop_oneof![
            any_width().prop_map(U256::from_u128),
            (any_width(), any::<u128>()).prop_map(|(high, low)| U256 { high, low }),
        ]
    }

    fn half_even(top: &BigUint, bottom: &BigUint) -> BigUint {
        let (quotient, rest) = (top / bottom, top % bottom);
        let odd = quotient.bit(0);
        match (rest * 2_u32).cmp(bottom) {
            std::cmp::Ordering::Greater => quotient + 1_u32,
            std::cmp::Ordering::Equal if odd => quotient + 1_u32,
            _ => quotient,
        }
    }

    proptest! {
        #[test]
        fn products_are_exact(a in any_width(), b in any_width()) {
            prop_assert_eq!(big(U256::product(a, b)), BigUint::from(a) * b);
        }

        #[test]
        fn products_past_256_bits_are_none(a in any_wide(), b in any_width()) {
            let expected = big(a) * b;
            let fits = expected.bits() <= 256;
            prop_assert_eq!(a.checked_mul(b).map(big), fits.then_some(expected));
        }

        #[test]
        fn powers_of_ten_agree_with_multiplying(a in any_wide(), exponent in 0_u32..90) {
            let expected = big(a) * BigUint::from(10_u32).pow(exponent);
            let fits = expected.bits() <= 256;
            prop_assert_eq!(a.checked_mul_power_of_ten(exponent).map(big), fits.then_some(expected));
        }

        #[test]
        fn quotients_round_half_even(top in any_wide(), bottom in any_wide()) {
            prop_assume!(big(bottom) != BigUint::ZERO);
            let expected = half_even(&big(top), &big(bottom));
            let fits = expected.bits() <= 128;
            prop_assert_eq!(top.divide_half_even(bottom).map(BigUint::from), fits.then_some(expected));
        }

        #[test]
        fn ties_go_to_even(quotient in 0_u128..1 << 90, half in 1_u128..1 << 100) {
            let whole = U256::product(quotient, half * 2);
            let (low, carry) = whole.low.overflowing_add(half);
            let tie = U256 { high: whole.high + u128::from(carry), low };
            prop_assert_eq!(tie.divide_half_even(U256::from_u128(half * 2)), Some(quotient + (quotient & 1)));
        }
    }

    #[test]
    fn dividing_by_zero_is_none() {
        assert_eq!(divide_half_even(1, 0), None);
        assert_eq!(U256 { high: 1, low: 0 }.divide_half_even(U256::from_u128(0)), None);
    }

    #[test]
    fn signs_reach_both_ends() {
        assert_eq!(signed(true, 1 << 127), Some(i128::MIN));
        assert_eq!(signed(false, 1 << 127), None);
        assert_eq!(signed(true, (1 << 127) + 1), None);
        assert_eq!(signed(true, 0), Some(0));
    }
}
