//! Every bound and every time of the engine's side, named.

use limitr_engine::quantity::Amount;

/// Most changes that wait for the server. With as many the engine is offline.
pub const OUTBOX_MAX: usize = 100_000;
/// Most changes in one frame: with names of ordinary length far below a frame's size.
pub const CHANGES_A_FRAME: usize = 256;
/// Most changes that are sent and not acknowledged.
pub const IN_FLIGHT_MAX: u64 = 2_048;
/// Most calls that wait for units.
pub const WAITING_MAX: usize = 10_000;

/// How long a call waits for units, in milliseconds, unless its options say otherwise.
pub const LEASE_TIMEOUT_MS: i64 = 250;
/// How long the first connection may take, in milliseconds, unless its options say otherwise.
pub const CONNECT_TIMEOUT_MS: i64 = 5_000;
/// How long an opened socket may stay without a welcome, in milliseconds.
pub const WELCOME_TIMEOUT_MS: i64 = 10_000;
/// The shortest and the longest wait before a reconnect, in milliseconds.
pub const BACK_OFF_MS: (i64, i64) = (250, 30_000);
/// How often a quiet connection is tried, in milliseconds, and how long it may then stay silent.
pub const HEARTBEAT_MS: i64 = 15_000;

/// A lease is asked for that lasts this long at the present rate, in milliseconds.
pub const LEASE_AHEAD_MS: f64 = 5_000.0;
/// The least that is asked for ahead.
pub const LEASE_LEAST: Amount = Amount::from_int(1);
/// A lease that isn't spent from for so long goes back, in milliseconds.
pub const LEASE_IDLE_MS: i64 = 10_000;
/// How long after a denial, or after a lease was revoked, nothing is asked for ahead, in milliseconds.
pub const LEASE_PAUSE_MS: i64 = 1_000;
/// How long before its end a lease that is in use is renewed, in milliseconds.
pub const LEASE_RENEW_MS: i64 = 15_000;
/// How soon what others are asked to return is asked for again, while a call waits for it, in milliseconds.
pub const LEASE_RETRY_MS: i64 = 50;
/// How often all leases are looked through, in milliseconds.
pub const LEASE_SWEEP_MS: i64 = 1_000;
