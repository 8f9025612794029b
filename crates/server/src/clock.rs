//! The one place where the server reads its clock.

use std::time::Duration;

/// The time, in milliseconds since the epoch.
#[allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "the server has a clock; the ledger is told the time"
)]
pub(crate) fn now() -> i64 {
    let since = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap_or(Duration::ZERO);
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
