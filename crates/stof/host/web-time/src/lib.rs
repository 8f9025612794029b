//! Stands in for `web-time` inside the sandbox: the clock stands where the host set it, so that a call sees one time and can
//! measure nothing. Its limit is fuel, not time.

use std::sync::atomic::{AtomicU64, Ordering};
pub use std::time::Duration;

static NOW: AtomicU64 = AtomicU64::new(0);

/// The start of time.
pub const UNIX_EPOCH: SystemTime = SystemTime(Duration::ZERO);

/// Sets the clock, in milliseconds since the epoch.
pub fn set_now(ms: u64) {
    NOW.store(ms, Ordering::Relaxed);
}

/// The clock, in milliseconds since the epoch.
pub fn now_ms() -> f64 {
    NOW.load(Ordering::Relaxed) as f64
}

fn now() -> Duration {
    Duration::from_millis(NOW.load(Ordering::Relaxed))
}

/// An instant of the sandbox's clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SystemTime(Duration);

impl SystemTime {
    /// As [`UNIX_EPOCH`].
    pub const UNIX_EPOCH: SystemTime = UNIX_EPOCH;

    /// Now, as the host set it.
    pub fn now() -> Self {
        Self(now())
    }

    /// How long after `earlier` this is; an error, with how long before, if it is earlier.
    pub fn duration_since(&self, earlier: SystemTime) -> Result<Duration, Duration> {
        self.0.checked_sub(earlier.0).ok_or_else(|| earlier.0 - self.0)
    }

    /// How long ago this was.
    pub fn elapsed(&self) -> Result<Duration, Duration> {
        Self::now().duration_since(*self)
    }
}

/// An instant to measure from. Within one call no time passes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(Duration);

impl Instant {
    /// Now, as the host set it.
    pub fn now() -> Self {
        Self(now())
    }

    /// How long after `earlier` this is, zero if it is earlier.
    pub fn duration_since(&self, earlier: Instant) -> Duration {
        self.0.saturating_sub(earlier.0)
    }

    /// How long ago this was.
    pub fn elapsed(&self) -> Duration {
        Self::now().duration_since(*self)
    }
}
