//! Every bound of a message in one place. A frame past one is refused with a typed error; nothing is cut off.

/// The WebSocket subprotocol that these messages are.
pub const SUBPROTOCOL: &str = "limitr.v1";
/// Largest frame, in bytes of JSON: 1 MiB.
pub const FRAME_BYTES_MAX: usize = 1_048_576;
/// Deepest nesting of objects and lists in a frame. A policy within a change is the deepest thing that is sent.
pub const DEPTH_MAX: usize = 72;
/// Largest number of a change, a revision, a lease or a version: what JavaScript counts exactly.
pub const NUMBER_MAX: u64 = (1 << 53) - 1;
/// Longest name (customer, entitlement, cap), in bytes of UTF-8: as in the engine.
pub const NAME_BYTES_MAX: usize = limitr_engine::limits::NAME_BYTES_MAX;
/// Longest version, hash, address, code or message, in bytes of UTF-8.
pub const TEXT_BYTES_MAX: usize = 4_096;
/// Most customers that one frame names or carries.
pub const CUSTOMERS_MAX: usize = 1_000;
/// Most customers that a resuming instance says it holds; the rest it loads again.
pub const HELD_MAX: usize = 10_000;
/// Most earlier instances that one hands in changes for.
pub const EARLIER_MAX: usize = 64;
/// Most changes in one frame.
pub const CHANGES_MAX: usize = 2_000;
/// Most diagnostics of a refused policy.
pub const DIAGNOSTICS_MAX: usize = 100;
/// Most references, and most other IDs, of a customer that is ensured.
pub const REFS_MAX: usize = limitr_engine::limits::REFS_MAX;
/// Largest metadata of a customer that is ensured, in bytes of JSON.
pub const METADATA_BYTES_MAX: usize = limitr_engine::limits::METADATA_BYTES_MAX;
