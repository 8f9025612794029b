//! What can be wrong with a quantity or a schedule.

use std::fmt;

/// How much of somebody's text an error repeats, in characters.
const SHOWN: usize = 48;

/// Why a text or a number is no quantity, or why arithmetic has no answer.
///
/// `Display` gives the message: lower case, no full stop, the text in question in backticks.
///
/// ```
/// use limitr_engine::quantity::{Quantity, QuantityError};
///
/// let error = Quantity::parse("5mb").unwrap_err();
/// assert_eq!(error.code(), "unknown_unit");
/// assert_eq!(error.to_string(), "unknown unit `mb`: did you mean `MB`?");
/// assert!(matches!(error, QuantityError::UnknownUnit { suggestion: Some("MB"), .. }));
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum QuantityError {
    /// The text isn't a decimal number (with an optional unit, where one may stand); also NaN and infinities.
    NotANumber {
        /// What was given, shortened if it is long.
        text: Box<str>,
    },
    /// The magnitude is over 10²⁴.
    TooLarge {
        /// What was given, shortened if it is long.
        text: Box<str>,
    },
    /// A number with a unit has more than 38 significant digits.
    TooManyDigits {
        /// What was given, shortened if it is long.
        text: Box<str>,
    },
    /// A sum, product or quotient doesn't fit an amount.
    OutOfRange,
    /// A quotient by zero.
    DividedByZero,
    /// There is no unit of this spelling.
    UnknownUnit {
        /// The spelling that was given, shortened if it is long.
        unit: Box<str>,
        /// The nearest spelling that exists, if one is near.
        suggestion: Option<&'static str>,
    },
    /// The unit measures something else than the one wanted, or none is wanted.
    UnitMismatch {
        /// The unit that was given.
        unit: &'static str,
        /// The unit that was wanted; `None` where a plain number was.
        expected: Option<&'static str>,
    },
    /// The text isn't a duration.
    NotADuration {
        /// What was given, shortened if it is long.
        text: Box<str>,
    },
    /// A duration has a unit that isn't one of time.
    NotATimeUnit {
        /// The unit that was given.
        unit: &'static str,
    },
    /// A duration is longer than 10¹⁵ milliseconds.
    DurationTooLong {
        /// What was given, shortened if it is long.
        text: Box<str>,
    },
}

impl QuantityError {
    /// The stable code: `invalid_value`, `amount_out_of_range`, `unknown_unit` or `unit_mismatch`.
    ///
    /// ```
    /// use limitr_engine::quantity::Amount;
    ///
    /// assert_eq!(Amount::parse("1e25").unwrap_err().code(), "invalid_value");
    /// assert_eq!(Amount::LIMIT.mul(Amount::LIMIT).unwrap_err().code(), "amount_out_of_range");
    /// ```
    pub fn code(&self) -> &'static str {
        match self {
            QuantityError::NotANumber { .. }
            | QuantityError::TooLarge { .. }
            | QuantityError::TooManyDigits { .. }
            | QuantityError::NotADuration { .. }
            | QuantityError::DurationTooLong { .. } => "invalid_value",
            QuantityError::OutOfRange | QuantityError::DividedByZero => "amount_out_of_range",
            QuantityError::UnknownUnit { .. } => "unknown_unit",
            QuantityError::UnitMismatch { .. } | QuantityError::NotATimeUnit { .. } => "unit_mismatch",
        }
    }
}

impl fmt::Display for QuantityError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            QuantityError::NotANumber { text } => {
                write!(
                    f,
                    "`{text}` is not a number: write one like `500`, `-2.5`, `1e6` or, with a unit, `500MB`"
                )
            }
            QuantityError::TooLarge { text } => {
                write!(f, "`{text}` is too large: the largest magnitude is 1e24")
            }
            QuantityError::TooManyDigits { text } => {
                write!(f, "`{text}` has too many digits: give at most 38 with a unit")
            }
            QuantityError::OutOfRange => f.write_str("the result is out of range: use smaller amounts"),
            QuantityError::DividedByZero => {
                f.write_str("an amount can't be divided by 0: give a divisor other than 0")
            }
            QuantityError::UnknownUnit { unit, suggestion: Some(near) } => {
                write!(f, "unknown unit `{unit}`: did you mean `{near}`?")
            }
            QuantityError::UnknownUnit { unit, suggestion: None } => {
                write!(f, "unknown unit `{unit}`: use one like `MB`, `GiB`, `days`, `min`, `km` or `kg`")
            }
            QuantityError::UnitMismatch { unit, expected: Some(expected) } => {
                write!(
                    f,
                    "`{unit}` doesn't convert to `{expected}`: use a unit of the same kind or a plain number"
                )
            }
            QuantityError::UnitMismatch { unit, expected: None } => {
                write!(f, "`{unit}` has no place here, where no unit is kept: give a plain number")
            }
            QuantityError::NotADuration { text } => {
                write!(f, "`{text}` is not a duration: write one like `30days`, `12hr`, `10min` or `1500ms`")
            }
            QuantityError::NotATimeUnit { unit: "m" } => {
                f.write_str("`m` is meters, not a unit of time: minutes are `min`")
            }
            QuantityError::NotATimeUnit { unit } => {
                write!(f, "`{unit}` is not a unit of time: use one like `days`, `hr`, `min`, `s` or `ms`")
            }
            QuantityError::DurationTooLong { text } => {
                write!(f, "`{text}` is too long: a duration is at most 1e15 milliseconds")
            }
        }
    }
}

impl std::error::Error for QuantityError {}

/// Why a text is no schedule. `Display` says what is wrong and what is accepted.
///
/// ```
/// use limitr_engine::quantity::Schedule;
///
/// let error = Schedule::parse("weekly:monday").unwrap_err();
/// assert_eq!(error.code(), "bad_schedule");
/// assert_eq!(
///     error.to_string(),
///     "`monday` is no day for `weekly`: use `mon`, `tue`, `wed`, `thu`, `fri`, `sat` or `sun`"
/// );
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum ScheduleError {
    /// What stands before the first `:` is no kind of schedule.
    UnknownKind {
        /// What was given, shortened if it is long.
        kind: Box<str>,
        /// The nearest kind, if one is near.
        suggestion: Option<&'static str>,
    },
    /// What stands after the `:` doesn't fit the kind.
    BadDay {
        /// The kind of schedule.
        kind: &'static str,
        /// What was given, shortened if it is long.
        day: Box<str>,
        /// What is accepted, in words.
        accepted: &'static str,
    },
}

impl ScheduleError {
    /// The stable code, always `bad_schedule`.
    ///
    /// ```
    /// # use limitr_engine::quantity::Schedule;
    /// assert_eq!(Schedule::parse("hourly").unwrap_err().code(), "bad_schedule");
    /// ```
    pub fn code(&self) -> &'static str {
        "bad_schedule"
    }
}

impl fmt::Display for ScheduleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ScheduleError::UnknownKind { kind, suggestion: Some(near) } => {
                write!(f, "unknown schedule `{kind}`: did you mean `{near}`?")
            }
            ScheduleError::UnknownKind { kind, suggestion: None } => write!(
                f,
                "unknown schedule `{kind}`: write one like `monthly:1`, `monthly:last`, `weekly:mon`, \
                 `nth_weekday:2:tue`, `yearly:12-31` or `quarterly:1`"
            ),
            ScheduleError::BadDay { kind, day, accepted } => {
                write!(f, "`{day}` is no day for `{kind}`: use {accepted}")
            }
        }
    }
}

impl std::error::Error for ScheduleError {}

/// Somebody's text as an error repeats it: whole if it is short, else its beginning.
pub(super) fn shown(text: &str) -> Box<str> {
    match text.char_indices().nth(SHOWN).and_then(|(end, _)| text.get(..end)) {
        Some(start) => format!("{start}…").into(),
        None => text.into(),
    }
}
