//! Lengths of time in whole milliseconds.

use std::fmt;

use super::error::{QuantityError, shown};
use super::measure::Quantity;

const SECOND: i64 = 1_000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// A length of time: a whole number of milliseconds.
///
/// ```
/// use limitr_engine::quantity::Duration;
///
/// assert_eq!(Duration::parse("30days")?.as_millis(), 2_592_000_000);
/// assert_eq!(Duration::parse("90 min")?, Duration::parse("5400000")?);
/// assert_eq!(Duration::from_millis(600_000).to_string(), "10min");
/// # Ok::<(), limitr_engine::quantity::QuantityError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Duration(i64);

impl Duration {
    /// The longest duration accepted from outside, either way of 0: 10¹⁵ ms, some 31,700 years.
    ///
    /// ```
    /// # use limitr_engine::quantity::Duration;
    /// assert_eq!(Duration::parse("1e15")?, Duration::LIMIT);
    /// assert!(Duration::parse("1e15s").is_err());
    /// # Ok::<(), limitr_engine::quantity::QuantityError>(())
    /// ```
    pub const LIMIT: Duration = Duration(1_000_000_000_000_000);

    /// The duration of so many milliseconds.
    ///
    /// ```
    /// # use limitr_engine::quantity::Duration;
    /// assert_eq!(Duration::from_millis(1_500).as_millis(), 1_500);
    /// ```
    pub const fn from_millis(milliseconds: i64) -> Duration {
        Duration(milliseconds)
    }

    /// How many milliseconds this is.
    ///
    /// ```
    /// # use limitr_engine::quantity::Duration;
    /// assert_eq!(Duration::from_millis(-5).as_millis(), -5);
    /// ```
    pub const fn as_millis(self) -> i64 {
        self.0
    }

    /// Reads a number with a unit of time, or a bare number of milliseconds, rounded half-even to whole
    /// milliseconds. It may be 0 or negative: whether that makes sense is for the caller to say.
    ///
    /// Errors: [`QuantityError::NotADuration`], [`QuantityError::UnknownUnit`],
    /// [`QuantityError::NotATimeUnit`] (`m` is meters), [`QuantityError::DurationTooLong`] past
    /// [`Duration::LIMIT`], [`QuantityError::TooManyDigits`].
    ///
    /// ```
    /// # use limitr_engine::quantity::Duration;
    /// assert_eq!(Duration::parse("2weeks")?.to_string(), "14days");
    /// assert_eq!(Duration::parse("1.5s")?, Duration::parse("1500")?);
    /// assert_eq!(
    ///     Duration::parse("5m").unwrap_err().to_string(),
    ///     "`m` is meters, not a unit of time: minutes are `min`"
    /// );
    /// # Ok::<(), limitr_engine::quantity::QuantityError>(())
    /// ```
    pub fn parse(text: &str) -> Result<Duration, QuantityError> {
        let quantity = Quantity::parse(text).map_err(|error| match error {
            QuantityError::NotANumber { text } => QuantityError::NotADuration { text },
            QuantityError::TooLarge { text } => QuantityError::DurationTooLong { text },
            other => other,
        })?;
        Duration::from_quantity(&quantity).map_err(|error| match error {
            QuantityError::DurationTooLong { .. } => QuantityError::DurationTooLong { text: shown(text) },
            other => other,
        })
    }

    /// The duration of a quantity in a unit of time, or of a bare number of milliseconds.
    ///
    /// Errors: as [`Duration::parse`].
    ///
    /// ```
    /// # use limitr_engine::quantity::{Amount, Duration, Quantity};
    /// let bare = Quantity::from_amount(Amount::parse("2.5")?);
    /// assert_eq!(Duration::from_quantity(&bare)?.as_millis(), 2);
    /// # Ok::<(), limitr_engine::quantity::QuantityError>(())
    /// ```
    pub fn from_quantity(quantity: &Quantity) -> Result<Duration, QuantityError> {
        let ratio = match quantity.unit() {
            None => (1, 1),
            Some(unit) => unit.milliseconds().ok_or(QuantityError::NotATimeUnit { unit: unit.name() })?,
        };
        quantity
            .rounded(ratio, 0)
            .and_then(|milliseconds| i64::try_from(milliseconds).ok())
            .filter(|milliseconds| milliseconds.unsigned_abs() <= Duration::LIMIT.0.unsigned_abs())
            .map(Duration)
            .ok_or_else(|| QuantityError::DurationTooLong { text: shown(&quantity.to_string()) })
    }
}

/// The canonical text, which parses to an equal duration: a whole number of the largest unit that fits, from
/// `days` to `ms`.
impl fmt::Display for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            0 => f.write_str("0ms"),
            DAY => f.write_str("1day"),
            days if days % DAY == 0 => write!(f, "{}days", days / DAY),
            hours if hours % HOUR == 0 => write!(f, "{}hr", hours / HOUR),
            minutes if minutes % MINUTE == 0 => write!(f, "{}min", minutes / MINUTE),
            seconds if seconds % SECOND == 0 => write!(f, "{}s", seconds / SECOND),
            milliseconds => write!(f, "{milliseconds}ms"),
        }
    }
}

impl fmt::Debug for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Duration({self})")
    }
}
