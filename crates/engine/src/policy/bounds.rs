//! Every bound on a document, in one place.

/// The largest document, in bytes.
pub const DOCUMENT_BYTES: usize = 4 * 1024 * 1024;
/// How deep maps and lists may be nested.
pub const DEPTH: usize = 64;
/// How many nodes the aliases of a YAML document may add.
pub const ALIAS_NODES: usize = 100_000;
/// How many bytes of text the aliases of a YAML document may add.
pub const ALIAS_BYTES: usize = DOCUMENT_BYTES;
/// The longest name (of a credit, a plan, an entitlement, a customer), in bytes of UTF-8.
pub const NAME_BYTES: usize = 256;
/// How many diagnostics are shown. One more then says how many were left out.
pub const DIAGNOSTICS_SHOWN: usize = 100;
/// How many problems are kept for sorting before the rest is only counted.
pub(super) const PROBLEMS_KEPT: usize = 10_000;
/// How many problems get a search for the word that was probably meant.
pub(super) const PROBLEMS_HELPED: usize = 1_000;
/// How much of the user's own text a message quotes, in characters.
pub(super) const QUOTED_CHARS: usize = 60;
