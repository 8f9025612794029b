//! Exact ratios between two things that are counted in amounts.
//!
//! 1. A ratio is a reduced fraction of two whole numbers of at most 128 bits. Products of ratios are reduced crosswise first,
//!    so that a chain of them passes 128 bits only where its value itself does.
//! 2. Applying one multiplies in 256 bits and rounds once, half-even at 10⁻¹².

use std::cmp::Ordering;

use super::amount::Amount;
use super::error::QuantityError;
use super::wide::{U256, signed};

/// A positive exact fraction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ratio {
    top: u128,
    bottom: u128,
}

impl Ratio {
    /// 1.
    pub(crate) const ONE: Ratio = Ratio { top: 1, bottom: 1 };

    /// The ratio that an amount above 0 is to 1.
    pub(crate) fn of(amount: Amount) -> Option<Ratio> {
        let atoms = u128::try_from(amount.atoms()).ok().filter(|atoms| *atoms > 0)?;
        Some(Ratio::reduced(atoms, Amount::SCALE.unsigned_abs()))
    }

    /// The product; `None` where it needs more than 128 bits above or below.
    pub(crate) fn times(self, other: Ratio) -> Option<Ratio> {
        let one = Ratio::reduced(self.top, other.bottom);
        let two = Ratio::reduced(other.top, self.bottom);
        Some(Ratio { top: one.top.checked_mul(two.top)?, bottom: one.bottom.checked_mul(two.bottom)? })
    }

    /// The ratio the other way round.
    pub(crate) fn inverse(self) -> Ratio {
        Ratio { top: self.bottom, bottom: self.top }
    }

    /// So many times `amount`, rounded half-even at 10⁻¹².
    ///
    /// # Errors
    /// [`QuantityError::OutOfRange`].
    #[inline]
    pub(crate) fn apply(self, amount: Amount) -> Result<Amount, QuantityError> {
        if self == Ratio::ONE || amount.is_zero() {
            return Ok(amount);
        }
        let (negative, magnitude) = (amount.is_negative(), amount.atoms().unsigned_abs());
        let scaled = U256::product(magnitude, self.top).divide_half_even(U256::from_u128(self.bottom));
        let atoms = scaled.and_then(|scaled| signed(negative, scaled));
        atoms.map(Amount::from_atoms).ok_or(QuantityError::OutOfRange)
    }

    fn reduced(top: u128, bottom: u128) -> Ratio {
        let divisor = common_divisor(top, bottom).max(1);
        Ratio {
            top: top.checked_div(divisor).unwrap_or(top),
            bottom: bottom.checked_div(divisor).unwrap_or(bottom),
        }
    }
}

impl PartialOrd for Ratio {
    fn partial_cmp(&self, other: &Ratio) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Ratio {
    fn cmp(&self, other: &Ratio) -> Ordering {
        U256::product(self.top, other.bottom).cmp(&U256::product(other.top, self.bottom))
    }
}

/// Euclid's.
fn common_divisor(a: u128, b: u128) -> u128 {
    let (mut a, mut b) = (a, b);
    while let Some(rest) = a.checked_rem(b) {
        (a, b) = (b, rest);
    }
    a
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ratio(text: &str) -> Ratio {
        Ratio::of(Amount::parse(text).unwrap()).unwrap()
    }

    #[test]
    fn a_quotient_without_end_is_rounded_once() {
        let third = ratio("3").inverse();
        assert_eq!(third.apply(Amount::ONE).unwrap().to_string(), "0.333333333333");
        assert_eq!(third.apply(Amount::from_int(2)).unwrap().to_string(), "0.666666666667");
        assert_eq!(third.apply(Amount::from_int(-2)).unwrap().to_string(), "-0.666666666667");
        assert_eq!(third.times(ratio("3")), Some(Ratio::ONE));
    }

    #[test]
    fn a_long_chain_stays_exact_while_its_value_does() {
        let there =
            (0..100).try_fold(Ratio::ONE, |sum, _| sum.times(ratio("1.1"))?.times(ratio("1.1").inverse()));
        assert_eq!(there, Some(Ratio::ONE));
        assert_eq!((0..40).try_fold(Ratio::ONE, |sum, _| sum.times(ratio("1.1"))), None);
    }

    #[test]
    fn ratios_are_ordered_by_value() {
        assert!(ratio("0.1") < ratio("2"));
        assert!(ratio("3").inverse() > ratio("0.333333333333"));
        assert_eq!(Ratio::of(Amount::ZERO), None);
    }
}
