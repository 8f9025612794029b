//! The host's clock. The module has none: every door that needs the time is given it.

use std::cell::Cell;

thread_local! {
    static NOW: Cell<i64> = const { Cell::new(0) };
}

/// Takes in the time of the door that was entered, in milliseconds since the epoch.
#[inline(always)]
pub(super) fn set(now: f64) {
    NOW.set(now as i64);
}

/// The time of the door that was entered last.
pub(super) fn now_ms() -> i64 {
    NOW.get()
}
