//! The host's clock.

#[cfg(target_arch = "wasm32")]
pub(crate) use told::{now_ms, set};

/// Milliseconds since the epoch, from the kernel's coarse clock: a tenth of the cost of the exact one, a few
/// milliseconds late at most.
#[cfg(target_os = "linux")]
pub(crate) fn now_ms() -> i64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `time` is a valid place to write to, and this clock exists on every Linux.
    let failed = unsafe { libc::clock_gettime(libc::CLOCK_REALTIME_COARSE, &raw mut time) };
    debug_assert_eq!(failed, 0);
    time.tv_sec.saturating_mul(1_000).saturating_add(time.tv_nsec / 1_000_000)
}

/// Milliseconds since the epoch.
#[cfg(not(any(target_os = "linux", target_arch = "wasm32")))]
#[allow(clippy::disallowed_types, clippy::disallowed_methods)] // the one place where the binding reads a clock
pub(crate) fn now_ms() -> i64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    now.map_or(0, |passed| i64::try_from(passed.as_millis()).unwrap_or(i64::MAX))
}

/// The wasm module has no clock: every door that needs the time is given it.
#[cfg(target_arch = "wasm32")]
mod told {
    use std::cell::Cell;

    thread_local! {
        static NOW: Cell<i64> = const { Cell::new(0) };
    }

    /// Takes in the time of the door that was entered, in milliseconds since the epoch.
    #[inline(always)]
    pub(crate) fn set(now: f64) {
        NOW.set(now as i64);
    }

    /// The time of the door that was entered last.
    #[inline(always)]
    pub(crate) fn now_ms() -> i64 {
        NOW.get()
    }
}
