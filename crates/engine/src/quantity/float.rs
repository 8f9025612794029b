//! Amounts from and to doubles, the numbers of JavaScript and JSON.
//!
//! 1. A double stands for its shortest decimal form, the one that people see: 0.1 is 0.1.
//! 2. Whole doubles below 2⁵³ are their own shortest form.
//! 3. For others, guess a decimal of at most 15 digits and divide it out. If the quotient is the double, that
//!    decimal is the shortest form: no two decimals of 15 digits or fewer have the same nearest double.
//! 4. All else is written out in its shortest form and read back as text.
//! 5. The way back is one integer division with at least 55 bits of quotient and a sticky bit for the
//!    remainder; turning that integer into a double then rounds once, to nearest, ties to even.

use serde_json::Value;

use super::amount::Amount;
use super::decimal;
use super::error::{QuantityError, shown};

/// 2⁵³: every whole double of a smaller magnitude is exact.
const WHOLE: f64 = 9_007_199_254_740_992.0;

/// 2⁵³ as an integer.
const WHOLE_ATOMS: u128 = 1 << 53;

/// What a magnitude below `.0` is guessed with: `.1` steps to 1, where a step is `.2` atoms. The guess stays
/// below 10¹⁵, so at most 15 digits, and both it and the steps are exact doubles.
const GUESSES: [(f64, f64, i128); 4] =
    [(1e3, 1e12, 1), (1e6, 1e9, 1_000), (1e9, 1e6, 1_000_000), (1e12, 1e3, 1_000_000_000)];

/// The size in whole units, if it has no fraction and finding that out takes no division of two machine words. At most 2⁵³.
#[inline]
pub(super) fn whole_units(size: u128) -> Option<u64> {
    // 10¹² is 2¹² × 5¹².
    const FIVES: u64 = 244_140_625;
    if size & 0xfff != 0 {
        return None;
    }
    if let Ok(size) = u64::try_from(size.wrapping_shr(12)) {
        let units = size.wrapping_div(FIVES);
        return (units.wrapping_mul(FIVES) == size).then_some(units);
    }
    // The quotient of doubles is a guess, which its product proves.
    let units = (size as f64 / Amount::SCALE as f64 + 0.5) as u64;
    let product = u128::from(units).wrapping_mul(Amount::SCALE.unsigned_abs()); // below 2⁶⁴ × 2⁴⁰
    (units <= WHOLE as u64 && product == size).then_some(units)
}

impl Amount {
    /// The amount of a double, taken in its shortest decimal form and rounded half-even at 10⁻¹².
    ///
    /// Errors: [`QuantityError::NotANumber`] for NaN and infinities; [`QuantityError::TooLarge`] past
    /// [`Amount::LIMIT`].
    ///
    /// ```
    /// # use limitr_engine::quantity::Amount;
    /// assert_eq!(Amount::from_f64(0.1)?.to_string(), "0.1");
    /// assert_eq!(Amount::from_f64(1e-13)?, Amount::ZERO);
    /// assert_eq!(Amount::from_f64(f64::NAN).unwrap_err().code(), "invalid_value");
    /// # Ok::<(), limitr_engine::quantity::QuantityError>(())
    /// ```
    #[inline(always)]
    pub fn from_f64(value: f64) -> Result<Amount, QuantityError> {
        let whole = value as i64;
        match whole as f64 == value && value.abs() < WHOLE {
            true => Ok(Amount::from_int(whole)),
            false => Amount::from_fraction(value),
        }
    }

    /// [`Amount::from_f64`] of what isn't whole, or large.
    #[inline(never)]
    fn from_fraction(value: f64) -> Result<Amount, QuantityError> {
        match guess(value.abs()) {
            Some(atoms) => Ok(Amount::from_atoms(if value < 0.0 { atoms.wrapping_neg() } else { atoms })),
            None => from_shortest_text(value),
        }
    }

    /// The double nearest to this amount, ties to even.
    ///
    /// ```
    /// # use limitr_engine::quantity::Amount;
    /// assert_eq!(Amount::parse("0.1")?.to_f64(), 0.1);
    /// # Ok::<(), limitr_engine::quantity::QuantityError>(())
    /// ```
    #[inline]
    pub fn to_f64(self) -> f64 {
        if self.atoms().unsigned_abs() <= WHOLE_ATOMS {
            // Both are exact doubles, and a division of doubles rounds once.
            return self.atoms() as i64 as f64 / Amount::SCALE as f64;
        }
        self.wide_to_f64()
    }

    /// [`Amount::to_f64`] past 9,007.
    fn wide_to_f64(self) -> f64 {
        let size = self.atoms().unsigned_abs();
        if let Some(whole) = whole_units(size) {
            let whole = whole as f64;
            return if self.is_negative() { -whole } else { whole };
        }
        // At least one bit stays free: with the top bit at 2¹²⁶ or above the quotient has 87 bits or more.
        let shift = size.leading_zeros().saturating_sub(1);
        let top = size.wrapping_shl(shift);
        let scale = Amount::SCALE.unsigned_abs();
        let quotient = top.checked_div(scale).unwrap_or(0);
        let sticky = quotient.wrapping_mul(scale) != top;
        let magnitude = (quotient | u128::from(sticky)) as f64 * inverse_power_of_two(shift);
        if self.is_negative() { -magnitude } else { magnitude }
    }

    /// This amount as JSON: a number where [`Amount::from_f64`] gives the amount back from the nearest double,
    /// else a string of its decimal digits. Every quantity field reads both.
    ///
    /// ```
    /// # use limitr_engine::quantity::Amount;
    /// assert_eq!(Amount::parse("2.50")?.to_json().to_string(), "2.5");
    /// assert_eq!(Amount::from_int(100).to_json().to_string(), "100");
    /// assert_eq!(Amount::parse("123456789.123456789012")?.to_json(), "123456789.123456789012");
    /// # Ok::<(), limitr_engine::quantity::QuantityError>(())
    /// ```
    pub fn to_json(self) -> Value {
        let double = self.to_f64();
        if Amount::from_f64(double) != Ok(self) {
            return Value::String(self.to_string());
        }
        // A whole number is written without a fraction.
        let whole = i64::try_from(self.atoms() / Amount::SCALE).ok();
        match whole.filter(|whole| Amount::from_int(*whole) == self) {
            Some(whole) => Value::from(whole),
            None => Value::from(double),
        }
    }
}

/// The atoms of a positive double's shortest form, where a decimal of at most 15 digits proves to be it.
fn guess(size: f64) -> Option<i128> {
    let (_, steps, atoms) = GUESSES.into_iter().find(|(below, _, _)| size < *below)?;
    let guess = (size * steps + 0.5) as i64;
    (guess < 1_000_000_000_000_000 && guess as f64 / steps == size)
        .then(|| i128::from(guess).wrapping_mul(atoms)) // below 10¹⁵ × 10⁹
}

fn from_shortest_text(value: f64) -> Result<Amount, QuantityError> {
    if !value.is_finite() {
        return Err(QuantityError::NotANumber { text: shown(&value.to_string()) });
    }
    // Not the standard library's text: of two shortest forms equally near it takes another one than JavaScript.
    let mut buffer = zmij::Buffer::new();
    let text = buffer.format_finite(value);
    match decimal::scan(text) {
        Some((number, "")) => {
            Amount::from_decimal(number).ok_or_else(|| QuantityError::TooLarge { text: shown(text) })
        }
        _ => Err(QuantityError::NotANumber { text: shown(text) }),
    }
}

/// 2⁻ⁿ, exact, for n up to 128.
fn inverse_power_of_two(exponent: u32) -> f64 {
    const BIAS: u64 = 1023;
    f64::from_bits(BIAS.saturating_sub(u64::from(exponent)) << 52)
}
