//! What the server says to an engine.

use limitr_engine::What;
use limitr_engine::quantity::Amount;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::bounds::{Bounded, Check};
use crate::limits::*;
use crate::words::{InstanceId, Sent};

/// A frame from the server.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase", deny_unknown_fields)]
pub enum Down {
    /// Answers `hello`.
    Welcome {
        /// The connection's number; a later one of the same instance ends it.
        session: u64,
        /// Server time, in milliseconds since the epoch.
        now: i64,
        /// The policy that it is to run: the one that it is pinned to, else the one in force.
        policy: PolicyRef,
        /// What this server bounds more tightly than the protocol does.
        limits: Bounds,
        /// The last change of the instance that is committed.
        up_to: u64,
        /// The same for each earlier instance that it named.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        earlier: Vec<UpTo>,
    },
    /// Another policy is in force: for engines that aren't pinned. The document comes by GET from its address.
    Policy(PolicyRef),
    /// Customers that were asked for.
    Customers {
        /// Those that the server has.
        list: Vec<Known>,
        /// Those that it hasn't.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        missing: Vec<Box<str>>,
    },
    /// Changes are committed: the engine may forget them.
    Ack {
        /// The last one.
        up_to: u64,
        /// Whose, if not the connection's own instance.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        of: Option<InstanceId>,
    },
    /// What others did to a customer that this instance holds, in commit order.
    Changes {
        /// The customer.
        customer: Box<str>,
        /// Its revision after these.
        rev: u64,
        /// The changes, each with its author's numbers. What the receiver did itself isn't among them.
        list: Vec<Sent>,
    },
    /// A lease as it stands. Totals, so hearing it twice is hearing it once.
    Lease {
        /// Its number; a later lease of the same has a larger one.
        id: u64,
        /// The customer that holds the limit, cap or grant.
        customer: Box<str>,
        /// Which.
        what: What,
        /// When the period began that it is for.
        period_start: i64,
        /// The ceiling: the most that this instance may have spent in the period, all its changes counted.
        amount: Amount,
        /// When it ends unless it is renewed: server time, in milliseconds since the epoch.
        until: i64,
    },
    /// Nothing can be added to what the instance may spend.
    LeaseDenied {
        /// The customer.
        customer: Box<str>,
        /// Which of its limits, caps or grants.
        what: What,
        /// Why.
        reason: DenyReason,
    },
    /// Return this lease at once: others need it.
    Revoke {
        /// Which.
        lease: u64,
    },
    /// Something that the engine said was refused. Fatal ones end the connection.
    Error {
        /// A stable code.
        code: String,
        /// What is wrong and what to do.
        message: String,
        /// The customer that was to be ensured: nothing else that the engine said is concerned.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        customer: Option<Box<str>>,
    },
    /// Answers `ping`.
    Pong {
        /// Server time, in milliseconds since the epoch.
        now: i64,
    },
}

/// A published policy version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PolicyRef {
    /// Its number; 0: nothing is published yet.
    pub version: u64,
    /// SHA-256 of the document, in hexadecimal.
    pub hash: String,
    /// Where it is to be had, relative to the server.
    pub url: String,
}

/// The bounds of a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Bounds {
    /// Most changes in one frame.
    pub changes: usize,
    /// Most customers that one instance may hold.
    pub customers: usize,
}

/// What of an instance is committed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct UpTo {
    /// Which instance.
    pub instance: InstanceId,
    /// The number of its last committed change.
    pub up_to: u64,
}

/// A customer as the ledger has it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Known {
    /// Its revision: how many committed changes this is the sum of.
    pub rev: u64,
    /// Its record, as the engine writes records.
    pub record: Value,
    /// The last own change of the receiver that is in it; those after are still to be added to it.
    pub up_to: u64,
}

/// Why a lease was denied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DenyReason {
    /// All of it is spent.
    Exhausted,
    /// What is left is leased to others, who were asked for it.
    Leased,
    /// There is no such limit, cap or grant, or it needs no lease.
    NotLimited,
    /// The server has no such customer.
    UnknownCustomer,
}

impl Bounded for Down {
    const TYPES: &[&str] = &[
        "welcome",
        "policy",
        "customers",
        "ack",
        "changes",
        "lease",
        "leaseDenied",
        "revoke",
        "error",
        "pong",
    ];

    fn check(&self, check: &mut Check) {
        match self {
            Down::Welcome { policy, earlier, .. } => {
                check.policy(policy);
                check.count("earlier", earlier.len(), EARLIER_MAX);
            }
            Down::Policy(policy) => check.policy(policy),
            Down::Customers { list, missing } => {
                check.count("list", list.len(), CUSTOMERS_MAX);
                check.names("missing", missing, CUSTOMERS_MAX);
            }
            Down::Changes { customer, list, .. } => {
                check.name("customer", customer);
                check.count("list", list.len(), CHANGES_MAX);
            }
            Down::Lease { customer, what, amount, .. } => {
                check.name("customer", customer);
                check.what(what);
                check.amount("amount", *amount);
            }
            Down::LeaseDenied { customer, what, .. } => {
                check.name("customer", customer);
                check.what(what);
            }
            Down::Error { code, message, customer } => {
                check.text("code", code);
                check.text("message", message);
                customer.iter().for_each(|id| check.name("customer", id));
            }
            Down::Ack { .. } | Down::Revoke { .. } | Down::Pong { .. } => {}
        }
    }
}

impl Check {
    fn policy(&mut self, policy: &PolicyRef) {
        self.text("hash", &policy.hash);
        self.text("url", &policy.url);
    }

    /// Changes of one author: numbered on from `from`.
    pub(crate) fn changes(&mut self, from: u64, list: &[Sent]) {
        self.count("list", list.len(), CHANGES_MAX);
        self.that(from > 0, "`from` is 0: changes are numbered from 1");
        let numbers = (0..).zip(list).all(|(place, sent)| from.checked_add(place) == Some(sent.0.seq));
        self.that(numbers, "changes in `list` aren't numbered on from `from` without gaps");
    }
}
