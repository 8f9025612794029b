//! Every bound of the engine in one place. A document, a name or a list past its bound is refused with a clear
//! error; nothing grows without one.

/// Longest name (customer ID, alternative ID, plan, entitlement, credit), in bytes of UTF-8.
pub const NAME_BYTES_MAX: usize = 256;
/// Most names (of entitlements, of plans) that records may bring which the policy doesn't have. Names are never forgotten.
pub const NAMES_MAX: usize = 65_536;
/// Most customer types that one engine knows.
pub const TYPES_MAX: usize = 4_096;
/// Most references that one customer may have to others.
pub const REFS_MAX: usize = 64;
/// Most alternative IDs of one customer.
pub const ALTS_MAX: usize = 64;
/// Most customers that one search along references visits before it gives up.
pub const REF_SEARCH_MAX: usize = 1_024;
/// Largest metadata of one customer, in bytes of JSON.
pub const METADATA_BYTES_MAX: usize = 65_536;
/// Most meters of one customer: its plans' entitlements, past and present.
pub const METERS_MAX: usize = 4_096;
/// Most decision IDs that one customer's engine remembers at a time (each for [`DECISION_ID_MS`]).
pub const DECISION_IDS_MAX: usize = 10_000;
/// How long a decision ID is remembered, in milliseconds: 24 hours.
pub const DECISION_ID_MS: i64 = 86_400_000;
/// Most items of one `allow_all`.
pub const BATCH_MAX: usize = 1_000;
/// Most events that wait to be taken. A host that listens takes them after every call.
pub const EVENTS_MAX: usize = 65_536;
/// Most changes that wait to be taken by a host that records them.
pub const CHANGES_MAX: usize = 1_048_576;
/// Most customers on one page of records.
pub const PAGE_MAX: usize = 10_000;
