//! Exact decimal amounts.

use std::fmt;

use super::decimal::{self, Decimal};
use super::error::{QuantityError, shown};
use super::float::whole_units;
use super::wide::{U256, divide_half_even, power_of_ten, signed};

/// An exact decimal: an integer count of 10⁻¹², for units of a credit and for runes alike.
///
/// Adding is exact, multiplying and dividing round half-even at 10⁻¹², and what doesn't fit is an error.
///
/// ```
/// use limitr_engine::quantity::Amount;
///
/// let mut sum = Amount::ZERO;
/// for _ in 0..6 {
///     sum = sum.checked_add(Amount::from_f64(0.4)?)?;
/// }
/// assert_eq!(sum, Amount::parse("2.4")?);
/// assert_eq!(sum.to_string(), "2.4");
/// # Ok::<(), limitr_engine::quantity::QuantityError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[repr(Rust, packed(8))] // read as two words: the sixteen bytes that an i128 asks to stand at would be gaps in every meter
pub struct Amount(i128);

impl Amount {
    /// How many atoms make 1: 10¹².
    ///
    /// ```
    /// # use limitr_engine::quantity::Amount;
    /// assert_eq!(Amount::ONE.atoms(), Amount::SCALE);
    /// ```
    pub const SCALE: i128 = 1_000_000_000_000;

    /// How many decimals an amount has.
    pub(super) const DECIMALS: i64 = 12;

    /// 0, which has no sign.
    ///
    /// ```
    /// # use limitr_engine::quantity::Amount;
    /// assert_eq!(Amount::parse("-0")?, Amount::ZERO);
    /// # Ok::<(), limitr_engine::quantity::QuantityError>(())
    /// ```
    pub const ZERO: Amount = Amount(0);

    /// 1.
    ///
    /// ```
    /// # use limitr_engine::quantity::Amount;
    /// assert_eq!(Amount::ONE, Amount::from_int(1));
    /// ```
    pub const ONE: Amount = Amount(Amount::SCALE);

    /// 10²⁴: the largest magnitude that is accepted from outside. Arithmetic may pass it, up to about 1.7 × 10²⁶.
    ///
    /// ```
    /// # use limitr_engine::quantity::Amount;
    /// assert_eq!(Amount::parse("1e24")?, Amount::LIMIT);
    /// assert!(Amount::parse("1.1e24").is_err());
    /// # Ok::<(), limitr_engine::quantity::QuantityError>(())
    /// ```
    pub const LIMIT: Amount = Amount(Amount::SCALE * 1_000_000_000_000 * 1_000_000_000_000);

    /// The amount of so many counts of 10⁻¹².
    ///
    /// ```
    /// # use limitr_engine::quantity::Amount;
    /// assert_eq!(Amount::from_atoms(500_000_000_000).to_string(), "0.5");
    /// ```
    pub const fn from_atoms(atoms: i128) -> Amount {
        Amount(atoms)
    }

    /// The count of 10⁻¹² that this amount is.
    ///
    /// ```
    /// # use limitr_engine::quantity::Amount;
    /// assert_eq!(Amount::from_int(-3).atoms(), -3_000_000_000_000);
    /// ```
    pub const fn atoms(self) -> i128 {
        self.0
    }

    /// The amount of a whole number. Every `i64` fits.
    ///
    /// ```
    /// # use limitr_engine::quantity::Amount;
    /// assert_eq!(Amount::from_int(i64::MAX).to_string(), "9223372036854775807");
    /// ```
    pub const fn from_int(whole: i64) -> Amount {
        // Up to here the product is an i64: one multiplication, where a wider one is a call on some hosts.
        const NARROW: u64 = (i64::MAX as i128 / Amount::SCALE) as u64;
        if whole.unsigned_abs() <= NARROW {
            return Amount(whole.wrapping_mul(Amount::SCALE as i64) as i128);
        }
        Amount::from_wide_int(whole)
    }

    /// [`Amount::from_int`] past what fits into one product.
    #[cold]
    #[inline(never)] // else both products are made, and one is taken
    const fn from_wide_int(whole: i64) -> Amount {
        // An i64 is below 2⁶³ and the scale below 2⁴⁰: the product never wraps.
        Amount((whole as i128).wrapping_mul(Amount::SCALE))
    }

    /// Reads a decimal number, rounding half-even at 10⁻¹²: a sign, digits with `_` between them, a fraction
    /// after `.`, an exponent after `e`. The work is bounded by the length of the text.
    ///
    /// Errors: [`QuantityError::NotANumber`] for anything else, `NaN`, `inf`, hexadecimal, spaces and units
    /// among it; [`QuantityError::TooLarge`] past [`Amount::LIMIT`].
    ///
    /// ```
    /// # use limitr_engine::quantity::Amount;
    /// assert_eq!(Amount::parse("1_000.5e3")?, Amount::from_int(1_000_500));
    /// assert_eq!(Amount::parse("5e-13")?, Amount::ZERO);
    /// assert_eq!(Amount::parse("1e999999999").unwrap_err().code(), "invalid_value");
    /// # Ok::<(), limitr_engine::quantity::QuantityError>(())
    /// ```
    pub fn parse(text: &str) -> Result<Amount, QuantityError> {
        match decimal::scan(text) {
            Some((number, "")) => {
                Amount::from_decimal(number).ok_or_else(|| QuantityError::TooLarge { text: shown(text) })
            }
            _ => Err(QuantityError::NotANumber { text: shown(text) }),
        }
    }

    /// Rounds a decimal half-even at 10⁻¹². `None` past [`Amount::LIMIT`].
    pub(super) fn from_decimal(number: Decimal) -> Option<Amount> {
        let shift = number.exponent.saturating_add(Amount::DECIMALS);
        let size = u32::try_from(shift.unsigned_abs()).unwrap_or(u32::MAX);
        let magnitude = match power_of_ten(size) {
            _ if number.significand == 0 => 0,
            Some(power) if shift >= 0 => number.significand.checked_mul(power)?,
            None if shift >= 0 => return None,
            Some(power) => {
                let rest = number.significand.checked_rem(power)?;
                let whole = number.significand.checked_div(power)?;
                // A power of ten below 10⁻¹² is even, so half of it is whole.
                let half = power >> 1;
                let up = rest > half || (rest == half && (number.inexact || whole & 1 == 1));
                whole.checked_add(u128::from(up))?
            }
            // Below 10³⁸ × 10⁻³⁹ atoms, a tenth of one.
            None => 0,
        };
        signed(number.negative, magnitude).map(Amount).filter(|amount| amount.is_within_limit())
    }

    /// Whether the magnitude is one that is accepted from outside.
    pub(super) fn is_within_limit(self) -> bool {
        self.0.unsigned_abs() <= Amount::LIMIT.0.unsigned_abs()
    }

    /// `self + other`, exact.
    ///
    /// Errors: [`QuantityError::OutOfRange`] if the sum doesn't fit.
    ///
    /// ```
    /// # use limitr_engine::quantity::Amount;
    /// assert_eq!(Amount::parse("0.1")?.checked_add(Amount::parse("0.2")?)?, Amount::parse("0.3")?);
    /// # Ok::<(), limitr_engine::quantity::QuantityError>(())
    /// ```
    #[inline]
    pub fn checked_add(self, other: Amount) -> Result<Amount, QuantityError> {
        self.0.checked_add(other.0).map(Amount).ok_or(QuantityError::OutOfRange)
    }

    /// `self − other`, exact.
    ///
    /// Errors: [`QuantityError::OutOfRange`] if the difference doesn't fit.
    ///
    /// ```
    /// # use limitr_engine::quantity::Amount;
    /// assert_eq!(Amount::ONE.checked_sub(Amount::from_int(3))?, Amount::from_int(-2));
    /// # Ok::<(), limitr_engine::quantity::QuantityError>(())
    /// ```
    #[inline]
    pub fn checked_sub(self, other: Amount) -> Result<Amount, QuantityError> {
        self.0.checked_sub(other.0).map(Amount).ok_or(QuantityError::OutOfRange)
    }

    /// `−self`.
    ///
    /// Errors: [`QuantityError::OutOfRange`] for the one amount whose negative doesn't fit.
    ///
    /// ```
    /// # use limitr_engine::quantity::Amount;
    /// assert_eq!(Amount::ONE.checked_neg()?, Amount::from_int(-1));
    /// assert!(Amount::from_atoms(i128::MIN).checked_neg().is_err());
    /// # Ok::<(), limitr_engine::quantity::QuantityError>(())
    /// ```
    #[inline]
    pub fn checked_neg(self) -> Result<Amount, QuantityError> {
        self.0.checked_neg().map(Amount).ok_or(QuantityError::OutOfRange)
    }

    /// `self + other`, or the nearest amount that fits.
    ///
    /// ```
    /// # use limitr_engine::quantity::Amount;
    /// let largest = Amount::from_atoms(i128::MAX);
    /// assert_eq!(largest.saturating_add(Amount::ONE), largest);
    /// ```
    pub const fn saturating_add(self, other: Amount) -> Amount {
        Amount(self.0.saturating_add(other.0))
    }

    /// `self − other`, or the nearest amount that fits.
    ///
    /// ```
    /// # use limitr_engine::quantity::Amount;
    /// let least = Amount::from_atoms(i128::MIN);
    /// assert_eq!(least.saturating_sub(Amount::ONE), least);
    /// ```
    pub const fn saturating_sub(self, other: Amount) -> Amount {
        Amount(self.0.saturating_sub(other.0))
    }

    /// `self × other`, rounded half-even at 10⁻¹².
    ///
    /// Errors: [`QuantityError::OutOfRange`] if the product doesn't fit.
    ///
    /// ```
    /// # use limitr_engine::quantity::Amount;
    /// assert_eq!(Amount::parse("0.1")?.mul(Amount::parse("0.3")?)?, Amount::parse("0.03")?);
    /// # Ok::<(), limitr_engine::quantity::QuantityError>(())
    /// ```
    #[allow(clippy::should_implement_trait)] // a product may not fit, which the operator can't say
    pub fn mul(self, other: Amount) -> Result<Amount, QuantityError> {
        let (a, b) = (self.0.unsigned_abs(), other.0.unsigned_abs());
        let magnitude = match whole_units(a) {
            Some(units) => u128::from(units).checked_mul(b), // exact: no division
            None => product_half_even(a, b),
        };
        self.with_sign_of_product(other, magnitude)
    }

    /// `self ÷ other`, rounded half-even at 10⁻¹².
    ///
    /// Errors: [`QuantityError::DividedByZero`]; [`QuantityError::OutOfRange`] if the quotient doesn't fit.
    ///
    /// ```
    /// # use limitr_engine::quantity::Amount;
    /// assert_eq!(Amount::from_int(2).div(Amount::from_int(3))?.to_string(), "0.666666666667");
    /// assert!(Amount::ONE.div(Amount::ZERO).is_err());
    /// # Ok::<(), limitr_engine::quantity::QuantityError>(())
    /// ```
    #[allow(clippy::should_implement_trait)] // a quotient may not exist, which the operator can't say
    pub fn div(self, other: Amount) -> Result<Amount, QuantityError> {
        if other.is_zero() {
            return Err(QuantityError::DividedByZero);
        }
        let (a, b) = (self.0.unsigned_abs(), other.0.unsigned_abs());
        let scale = Amount::SCALE.unsigned_abs();
        let magnitude = match a.checked_mul(scale) {
            Some(top) => divide_half_even(top, b),
            None => U256::product(a, scale).divide_half_even(U256::from_u128(b)),
        };
        self.with_sign_of_product(other, magnitude)
    }

    /// `self × factor`, exact.
    ///
    /// Errors: [`QuantityError::OutOfRange`] if the product doesn't fit.
    ///
    /// ```
    /// # use limitr_engine::quantity::Amount;
    /// assert_eq!(Amount::parse("0.4")?.mul_int(6)?, Amount::parse("2.4")?);
    /// # Ok::<(), limitr_engine::quantity::QuantityError>(())
    /// ```
    pub fn mul_int(self, factor: i64) -> Result<Amount, QuantityError> {
        self.0.checked_mul(i128::from(factor)).map(Amount).ok_or(QuantityError::OutOfRange)
    }

    fn with_sign_of_product(self, other: Amount, magnitude: Option<u128>) -> Result<Amount, QuantityError> {
        let negative = self.is_negative() != other.is_negative();
        magnitude.and_then(|size| signed(negative, size)).map(Amount).ok_or(QuantityError::OutOfRange)
    }

    /// Whether this is 0.
    ///
    /// ```
    /// # use limitr_engine::quantity::Amount;
    /// assert!(Amount::ZERO.is_zero());
    /// ```
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// Whether this is below 0.
    ///
    /// ```
    /// # use limitr_engine::quantity::Amount;
    /// assert!(Amount::from_int(-1).is_negative() && !Amount::ZERO.is_negative());
    /// ```
    pub const fn is_negative(self) -> bool {
        self.0 < 0
    }

    /// Whether this is above 0.
    ///
    /// ```
    /// # use limitr_engine::quantity::Amount;
    /// assert!(Amount::ONE.is_positive() && !Amount::ZERO.is_positive());
    /// ```
    pub const fn is_positive(self) -> bool {
        self.0 > 0
    }
}

/// `a × b` of two counts of 10⁻¹², as one, rounded half-even. `None` if it doesn't fit.
fn product_half_even(a: u128, b: u128) -> Option<u128> {
    let scale = Amount::SCALE.unsigned_abs();
    match a.checked_mul(b) {
        Some(product) => divide_half_even(product, scale),
        None => U256::product(a, b).divide_half_even(U256::from_u128(scale)),
    }
}

/// The exact decimal digits: no exponent, no zeros at the end of a fraction, never `-0`.
impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        decimal::write_plain(f, self.is_negative(), self.0.unsigned_abs(), -Amount::DECIMALS)
    }
}

impl fmt::Debug for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Amount({self})")
    }
}
