//! What an engine says to the server.

use limitr_engine::What;
use limitr_engine::quantity::Amount;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::bounds::{Bounded, Check};
use crate::limits::*;
use crate::words::{InstanceId, Sent};

/// A frame from an engine.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase", deny_unknown_fields)]
pub enum Up {
    /// The first frame of every connection.
    Hello {
        /// Who speaks.
        instance: InstanceId,
        /// The engine's version, such as `0.1.0`: what policies it understands.
        engine: String,
        /// The policy that it runs; none yet.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        policy_version: Option<u64>,
        /// The version that it is to run whatever is in force; none: it follows what is in force.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pinned: Option<u64>,
        /// What it knows from before.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        resume: Option<Resume>,
    },
    /// Send these customers, and what others do to them from then on.
    Load {
        /// Their IDs.
        ids: Vec<Box<str>>,
    },
    /// Create this customer unless the server has it, then as `load`.
    Ensure {
        /// What to create it with.
        customer: Ensured,
    },
    /// Changes, in order and without gaps. They are kept until they are acknowledged.
    Changes {
        /// The number of the first.
        from: u64,
        /// The changes.
        list: Vec<Sent>,
        /// Nothing that happened before this time (server time, ms) is unsent.
        watermark: i64,
        /// Whose they are, if not the speaker's own: an earlier instance's, of the same store.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        of: Option<InstanceId>,
    },
    /// Asks for a lease, or for a larger one. Answered by `lease` or `leaseDenied` of the same customer and what.
    Lease {
        /// The customer that holds the limit, cap or grant.
        customer: Box<str>,
        /// Which.
        what: What,
        /// The ceiling that is asked for: all that this instance has spent of it in the period, and what it wants to spend next.
        /// A total, so asking twice is asking once.
        want: Amount,
    },
    /// Ends a lease.
    Return {
        /// Which.
        lease: u64,
        /// The amount of the lease as the engine knows it: a larger one may be on its way, which ends with this, too.
        amount: Amount,
        /// What of that amount won't be spent.
        unused: Amount,
    },
    /// The policy that was pushed runs now, or was refused.
    Policy {
        /// Which.
        version: u64,
        /// Whether it runs.
        ok: bool,
        /// Why it was refused, as `Limitr.new` says it.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        diagnostics: Vec<Value>,
    },
    /// Asks for a `pong`, which tells the time.
    Ping {},
}

/// What an instance knows from before it was cut off.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Resume {
    /// The customers that it holds.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub held: Vec<Held>,
    /// Earlier instances of its store whose changes it hands in.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub earlier: Vec<Earlier>,
}

/// A customer that an instance holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Held {
    /// Its ID.
    pub customer: Box<str>,
    /// The revision that the instance has seen.
    pub rev: u64,
}

/// An instance that won't speak any more, whose changes are in the speaker's store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Earlier {
    /// Which.
    pub instance: InstanceId,
    /// The number of its last change in the store.
    pub up_to: u64,
    /// Whether everything that it answered is in the store (durability `strict`): then what it had leased and not spent is
    /// free once its changes are in.
    pub complete: bool,
}

/// A customer to be created.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Ensured {
    /// Its ID.
    pub id: Box<str>,
    /// Its plan; empty: that of the nearest reference with one, else the default plan.
    #[serde(default, skip_serializing_if = "str::is_empty")]
    pub plan: Box<str>,
    /// Its type; `user` if not given.
    #[serde(default, rename = "kind", skip_serializing_if = "Option::is_none")]
    pub kind: Option<Box<str>>,
    /// What people call it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<Box<str>>,
    /// The customers that it belongs to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refs: Vec<Box<str>>,
    /// Other IDs that it answers to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub alts: Vec<Box<str>>,
    /// What the app keeps with it.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub metadata: Value,
}

impl Bounded for Up {
    const TYPES: &[&str] = &["hello", "load", "ensure", "changes", "lease", "return", "policy", "ping"];

    fn check(&self, check: &mut Check) {
        match self {
            Up::Hello { engine, resume, policy_version, pinned, .. } => {
                check.text("engine", engine);
                check.number("policyVersion", policy_version.unwrap_or(0));
                check.that(*pinned != Some(0), "`pinned` is 0: versions are numbered from 1");
                check.number("pinned", pinned.unwrap_or(0));
                if let Some(Resume { held, earlier }) = resume {
                    check.count("resume.held", held.len(), HELD_MAX);
                    check.count("resume.earlier", earlier.len(), EARLIER_MAX);
                    held.iter().for_each(|held| {
                        check.name("resume.held", &held.customer);
                        check.number("resume.held.rev", held.rev);
                    });
                    earlier.iter().for_each(|one| check.number("resume.earlier.upTo", one.up_to));
                }
            }
            Up::Load { ids } => check.names("ids", ids, CUSTOMERS_MAX),
            Up::Ensure { customer } => {
                check.name("customer.id", &customer.id);
                check.word("customer.plan", &customer.plan);
                check.word("customer.kind", customer.kind.as_deref().unwrap_or_default());
                check.text("customer.label", customer.label.as_deref().unwrap_or_default());
                check.names("customer.refs", &customer.refs, REFS_MAX);
                check.names("customer.alts", &customer.alts, REFS_MAX);
                check.bytes("customer.metadata", customer.metadata.to_string().len(), METADATA_BYTES_MAX);
            }
            Up::Changes { from, list, .. } => {
                check.number("from", *from);
                check.changes(*from, list);
            }
            Up::Lease { customer, what, want } => {
                check.name("customer", customer);
                check.what(what);
                check.amount("want", *want);
            }
            Up::Return { lease, amount, unused } => {
                check.number("lease", *lease);
                check.amount("amount", *amount);
                check.amount("unused", *unused);
                check.that(unused <= amount, "`unused` is more than `amount`");
            }
            Up::Policy { version, diagnostics, .. } => {
                check.number("version", *version);
                check.count("diagnostics", diagnostics.len(), DIAGNOSTICS_MAX);
            }
            Up::Ping {} => {}
        }
    }
}
