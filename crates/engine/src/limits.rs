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
pub const CHANGES_MAX: u64 = 1_048_576;
/// Most bytes of changes that wait; one call may pass it by what it leaves.
pub const CHANGES_BYTES_MAX: usize = 128 * 1_048_576;
/// Most customers on one page of records.
pub const PAGE_MAX: usize = 10_000;
/// Most grants of one customer; those that are spent or over make room.
pub const GRANTS_MAX: usize = 1_000;
/// Most caps of one customer.
pub const CAPS_MAX: usize = 256;
/// Most holds of one customer at a time.
pub const HOLDS_MAX: usize = 4_096;
/// Most caps that one call brings with it.
pub const CALL_CAPS_MAX: usize = 16;
/// Most missed periods that a grant catches up on at once; those before give nothing.
pub const RENEWALS_MAX: u32 = 10_000;
/// Most holds that stand on one cap at a time.
pub const CAP_HOLDS_MAX: usize = 65_536;
/// Longest that a hold may stand, in milliseconds: 400 days.
pub const HOLD_TTL_MAX_MS: i64 = 400 * 86_400_000;
/// Most pairs of the exchange.
pub const PAIRS_MAX: usize = 10_000;
/// Most segments that calls of one entitlement are estimated in.
pub const ESTIMATE_SEGMENTS_MAX: usize = 1_000;
/// Most segments that one customer's calls of one entitlement are estimated in.
pub const ESTIMATE_SEGMENTS_OF_CUSTOMER_MAX: usize = 64;
/// Most notifications of one customer that are kept as sent; then the oldest is forgotten, and may be sent again.
pub const NOTIFIED_MAX: usize = 1_024;
