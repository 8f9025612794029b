//! Which key stands in which table.

use limitr_ledger::rows::Key;

/// A table of the ledger: its columns after workspace and environment, those of the key first.
#[derive(Debug)]
pub(crate) struct Table {
    pub(crate) name: &'static str,
    pub(crate) keys: &'static [&'static str],
    pub(crate) columns: &'static [&'static str],
    /// Whether a row is written once.
    pub(crate) once: bool,
}

pub(crate) static INSTANCES: Table = Table {
    name: "instances",
    keys: &["id"],
    columns: &[
        "session",
        "up_to",
        "watermark",
        "leases",
        "policy_version",
        "successor",
        "last",
        "complete",
        "ended",
        "heard_at",
    ],
    once: false,
};
pub(crate) static CUSTOMERS: Table = Table {
    name: "customers",
    keys: &["id"],
    columns: &["record", "rev", "removed", "plan", "label"],
    once: false,
};
pub(crate) static CHANGES: Table = Table {
    name: "changes",
    keys: &["customer", "rev"],
    columns: &["author", "seq", "at", "change"],
    once: true,
};
pub(crate) static METERS: Table = Table {
    name: "meters",
    keys: &["customer", "what", "period_start"],
    columns: &[
        "spent_high",
        "spent_low",
        "reserved_high",
        "reserved_low",
        "units_high",
        "units_low",
        "granted_high",
        "granted_low",
        "overhead_high",
        "overhead_low",
        "billed_high",
        "billed_low",
        "period_end",
        "closed_at",
        "late_high",
        "late_low",
    ],
    once: false,
};
pub(crate) static LEASES: Table = Table {
    name: "leases",
    keys: &["customer", "what", "period_start", "instance"],
    columns: &["id", "open", "ceiling_high", "ceiling_low", "spent_high", "spent_low", "until", "reclaim"],
    once: false,
};
pub(crate) static POLICIES: Table = Table {
    name: "policies",
    keys: &["version"],
    columns: &["stage", "document", "hash", "message", "created_at", "published_at", "copy_of"],
    once: false,
};
pub(crate) static HEADS: Table = Table {
    name: "heads",
    keys: &["one"],
    columns: &["active", "versions", "audit", "audit_hash"],
    once: false,
};
pub(crate) static AUDIT: Table = Table {
    name: "audit",
    keys: &["number"],
    columns: &["at", "actor", "action", "subject", "detail", "previous", "hash"],
    once: true,
};

impl Table {
    /// Where a key stands.
    pub(crate) fn of(key: &Key) -> &'static Table {
        match key {
            Key::Instance(_) => &INSTANCES,
            Key::Customer(_) => &CUSTOMERS,
            Key::Change(_) => &CHANGES,
            Key::Meter(_) => &METERS,
            Key::Lease(_) => &LEASES,
            Key::Policy(_) => &POLICIES,
            Key::Heads(()) => &HEADS,
            Key::Audit(_) => &AUDIT,
        }
    }

    /// All columns after workspace and environment.
    pub(crate) fn all(&self) -> impl Iterator<Item = &'static str> {
        self.keys.iter().chain(self.columns).copied()
    }
}
