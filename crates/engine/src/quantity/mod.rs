//! Exact amounts, units, durations and calendars.
//!
//! 1. [`Amount`] is an exact decimal: an `i128` count of 10⁻¹². Sums are exact; products and quotients go
//!    through a 256-bit intermediate and round half-even once; what doesn't fit is an error, never a wrap.
//! 2. [`Quantity`] is a number as somebody wrote it, with the [`Unit`] they wrote. It stays exact until it is
//!    read in a unit, so that a conversion rounds once.
//! 3. [`Duration`] is a whole number of milliseconds, [`Schedule`] a calendar of UTC midnights.
//! 4. Text from outside is read by one scanner (`decimal`) whose work is bounded by the length of the text,
//!    whatever the exponent says.
//!
//! ```
//! use limitr_engine::quantity::{Amount, Quantity, Unit};
//!
//! let limit = Quantity::parse("1GiB")?.in_unit(Some(Unit::parse("MB")?))?;
//! let used = Quantity::parse("20.5MB")?.in_unit(Some(Unit::parse("MB")?))?;
//! assert_eq!(limit.checked_sub(used)?, Amount::parse("1053.241824")?);
//! # Ok::<(), limitr_engine::quantity::QuantityError>(())
//! ```

mod amount;
mod decimal;
mod duration;
mod error;
mod float;
mod measure;
mod product;
mod ratio;
mod schedule;
mod units;
mod wide;

pub use amount::Amount;
pub use duration::Duration;
pub use error::{QuantityError, ScheduleError};
pub use measure::Quantity;
pub(crate) use product::Product;
pub(crate) use ratio::Ratio;
pub use schedule::Schedule;
pub use units::{Dimension, Unit};
