//! Numbers with a unit, kept as written until they are read in a unit.
//!
//! 1. A quantity is `coefficient × 10^exponent` of its unit, trimmed, so that equal texts are equal values.
//! 2. Reading it in a unit multiplies by the ratio of the two units and by 10¹² in 256 bits, and divides once,
//!    half-even. Exponents are bounded on entry, so the work is too.

use std::fmt;

use super::amount::Amount;
use super::decimal::{self, Decimal};
use super::error::{QuantityError, shown};
use super::units::Unit;
use super::wide::{U256, signed};

/// No unit is 10¹⁹ of another or more, so at 10⁴⁴ and above no reading is within 10²⁴.
const LARGEST_EXPONENT: i64 = 43;

/// Below 10³⁸ × 10⁻⁷¹, every reading is below 10⁻¹³ and rounds to 0.
const SMALLEST_EXPONENT: i64 = -70;

/// A number with an optional unit, exact as written: a conversion rounds it once.
///
/// Equal means the same number of the same unit: `1e3kB` equals `1000 kilobytes`, `1MB` doesn't.
///
/// ```
/// use limitr_engine::quantity::{Amount, Quantity, Unit};
///
/// let quantity = Quantity::parse("1.5 GiB")?;
/// assert_eq!(quantity.in_unit(Some(Unit::parse("MB")?))?, Amount::parse("1610.612736")?);
/// assert_eq!(quantity.to_string(), "1.5GiB");
/// # Ok::<(), limitr_engine::quantity::QuantityError>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Quantity {
    /// Without zeros at its end; 0 has the exponent 0.
    coefficient: i128,
    exponent: i64,
    unit: Option<Unit>,
}

impl Quantity {
    /// Reads a number as [`Amount::parse`] does, followed by nothing or by a unit, with one space between them
    /// at most.
    ///
    /// Errors: [`QuantityError::NotANumber`], [`QuantityError::UnknownUnit`];
    /// [`QuantityError::TooLarge`] for what is past 10²⁴ in every unit; [`QuantityError::TooManyDigits`] for
    /// more than 38 significant digits before a unit.
    ///
    /// ```
    /// # use limitr_engine::quantity::Quantity;
    /// assert_eq!(Quantity::parse("5 MB")?, Quantity::parse("5megabytes")?);
    /// assert_eq!(Quantity::parse("1_000")?, Quantity::parse("1e3")?);
    /// assert_eq!(Quantity::parse("5EB")?.to_string(), "5EB");
    /// assert!(Quantity::parse("MB").is_err() && Quantity::parse("5  MB").is_err());
    /// # Ok::<(), limitr_engine::quantity::QuantityError>(())
    /// ```
    pub fn parse(text: &str) -> Result<Quantity, QuantityError> {
        let not_a_number = || QuantityError::NotANumber { text: shown(text) };
        let too_large = || QuantityError::TooLarge { text: shown(text) };
        let (number, rest) = decimal::scan(text).ok_or_else(not_a_number)?;
        if rest.is_empty() {
            // Without a unit no conversion follows, so rounding now is the one rounding.
            return Amount::from_decimal(number).map(Quantity::from_amount).ok_or_else(too_large);
        }
        let spelling = rest.strip_prefix(' ').unwrap_or(rest);
        if spelling.is_empty() || !spelling.chars().all(char::is_alphabetic) {
            return Err(not_a_number());
        }
        let unit = Unit::parse(spelling)?;
        if number.inexact {
            return Err(QuantityError::TooManyDigits { text: shown(text) });
        }
        let Decimal { negative, significand, exponent, .. } = number;
        let (significand, exponent) = decimal::trimmed(significand, exponent);
        if exponent > LARGEST_EXPONENT {
            return Err(too_large());
        }
        let kept = exponent >= SMALLEST_EXPONENT;
        let coefficient = signed(negative, if kept { significand } else { 0 }).ok_or_else(too_large)?;
        Ok(Quantity { coefficient, exponent: if kept { exponent } else { 0 }, unit: Some(unit) })
    }

    /// The quantity of an amount, without a unit.
    ///
    /// ```
    /// # use limitr_engine::quantity::{Amount, Quantity};
    /// assert_eq!(Quantity::from_amount(Amount::from_int(10)), Quantity::parse("10")?);
    /// # Ok::<(), limitr_engine::quantity::QuantityError>(())
    /// ```
    pub fn from_amount(amount: Amount) -> Quantity {
        Quantity::new(amount, None)
    }

    /// The quantity of an amount in a unit, or in none.
    ///
    /// ```
    /// # use limitr_engine::quantity::{Amount, Quantity, Unit};
    /// let quantity = Quantity::new(Amount::from_int(500), Some(Unit::parse("MB")?));
    /// assert_eq!(quantity, Quantity::parse("500MB")?);
    /// # Ok::<(), limitr_engine::quantity::QuantityError>(())
    /// ```
    pub fn new(amount: Amount, unit: Option<Unit>) -> Quantity {
        let (significand, exponent) = decimal::trimmed(amount.atoms().unsigned_abs(), -Amount::DECIMALS);
        // No larger in magnitude than the atoms it came from, so it fits.
        let coefficient = signed(amount.is_negative(), significand).unwrap_or(amount.atoms());
        Quantity { coefficient, exponent, unit }
    }

    /// The unit that was given, if one was.
    ///
    /// ```
    /// # use limitr_engine::quantity::Quantity;
    /// assert_eq!(Quantity::parse("5MB")?.unit().map(|unit| unit.name()), Some("MB"));
    /// # Ok::<(), limitr_engine::quantity::QuantityError>(())
    /// ```
    pub fn unit(&self) -> Option<Unit> {
        self.unit
    }

    /// How many of `target` this is, rounded half-even at 10⁻¹². Without a unit it is taken as `target` is.
    ///
    /// Errors: [`QuantityError::UnitMismatch`] if the unit measures something else than `target`, or there is
    /// one where `target` is `None`; [`QuantityError::TooLarge`] if the answer is past [`Amount::LIMIT`].
    ///
    /// ```
    /// # use limitr_engine::quantity::{Amount, Quantity, Unit};
    /// let bytes = Unit::parse("bytes")?;
    /// assert_eq!(Quantity::parse("1bit")?.in_unit(Some(bytes))?, Amount::parse("0.125")?);
    /// assert_eq!(Quantity::parse("7")?.in_unit(Some(bytes))?, Amount::from_int(7));
    /// assert_eq!(Quantity::parse("7kg")?.in_unit(Some(bytes)).unwrap_err().code(), "unit_mismatch");
    /// assert_eq!(Quantity::parse("7kg")?.in_unit(None).unwrap_err().code(), "unit_mismatch");
    /// # Ok::<(), limitr_engine::quantity::QuantityError>(())
    /// ```
    pub fn in_unit(&self, target: Option<Unit>) -> Result<Amount, QuantityError> {
        let too_large = || QuantityError::TooLarge { text: shown(&self.to_string()) };
        let Some(unit) = self.unit else {
            // An amount brought it, or a text within the limit: it fits.
            return self.rounded((1, 1), Amount::DECIMALS).map(Amount::from_atoms).ok_or_else(too_large);
        };
        let mismatch = || QuantityError::UnitMismatch { unit: unit.name(), expected: target.map(Unit::name) };
        let ratio = target.and_then(|target| unit.ratio_to(target)).ok_or_else(mismatch)?;
        self.rounded(ratio, Amount::DECIMALS)
            .map(Amount::from_atoms)
            .filter(|amount| amount.is_within_limit())
            .ok_or_else(too_large)
    }

    /// `self × numerator ÷ denominator` in counts of 10^-decimals, rounded half-even. `None` if it doesn't fit.
    pub(super) fn rounded(&self, ratio: (u128, u128), decimals: i64) -> Option<i128> {
        let (numerator, denominator) = ratio;
        let shift = self.exponent.saturating_add(decimals);
        let size = u32::try_from(shift.unsigned_abs()).ok()?;
        let top = U256::product(self.coefficient.unsigned_abs(), numerator);
        let bottom = U256::from_u128(denominator);
        let magnitude = if shift >= 0 {
            // A top past 256 bits over a bottom of at most 128 is past 128 bits.
            top.checked_mul_power_of_ten(size)?.divide_half_even(bottom)?
        } else {
            match bottom.checked_mul_power_of_ten(size) {
                Some(bottom) => top.divide_half_even(bottom)?,
                // The top is below 2¹²⁷ × 2⁶⁴: over a bottom past 2²⁵⁶ it rounds to 0.
                None => 0,
            }
        };
        signed(self.coefficient < 0, magnitude)
    }
}

/// The canonical text, which parses to an equal quantity: plain digits, then the unit's canonical spelling.
impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let negative = self.coefficient < 0;
        decimal::write_plain(f, negative, self.coefficient.unsigned_abs(), self.exponent)?;
        match self.unit {
            Some(unit) => f.write_str(unit.canonical()),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Quantity({self})")
    }
}

/// Reads as [`Quantity::parse`] does.
impl std::str::FromStr for Quantity {
    type Err = QuantityError;

    fn from_str(text: &str) -> Result<Quantity, QuantityError> {
        Quantity::parse(text)
    }
}
