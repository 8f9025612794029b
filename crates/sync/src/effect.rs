//! What the driver is to do.

use limitr_engine::Change;
use limitr_protocol::{InstanceId, Known, PolicyRef, Sent, Up};

/// Something that the driver is to do, in order.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Open a connection, then call [`Sync::connected`](crate::Sync::connected).
    Connect,
    /// Send a frame.
    Send(Up),
    /// Close the connection; it counts as closed already.
    Disconnect,
    /// Put a customer in place as the ledger knows it, then replay own changes that aren't in it yet.
    Customer {
        /// What the ledger knows.
        known: Known,
        /// Own changes after that.
        replay: Vec<Change>,
    },
    /// The server has no such customer.
    NoCustomer(Box<str>),
    /// The server refused to create a customer.
    CustomerRefused {
        /// Which.
        customer: Box<str>,
        /// A stable code.
        code: String,
        /// What is wrong and what to do.
        message: String,
    },
    /// Merge what others did to a customer.
    Merge {
        /// The customer.
        customer: Box<str>,
        /// What they did.
        list: Vec<Sent>,
    },
    /// Fetch this policy, put it in force, and say what came of it with [`Sync::policy_done`](crate::Sync::policy_done).
    FetchPolicy(PolicyRef),
    /// Changes up to this number are committed: a store may forget that they were to be sent.
    Committed {
        /// Whose.
        instance: InstanceId,
        /// The last one.
        up_to: u64,
    },
    /// Decide the call anew that waits for units; after this it waits no longer.
    Decide(u64),
    /// The status has changed.
    Status(Status),
    /// All is sent and returned: the engine may close.
    Closed,
}

/// How things stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Status {
    /// Not connected yet.
    Connecting,
    /// Connected and welcomed.
    Online,
    /// Cut off; trying again.
    Offline,
    /// Closed by the app.
    Closed,
    /// Something that only people can put right.
    Failed(Failure),
}

/// Why it doesn't work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The token isn't valid.
    Unauthorized,
    /// The token was revoked.
    Revoked,
    /// The engine refused a policy; the one before, if there is one, stays in force.
    PolicyInvalid {
        /// Which version.
        version: u64,
        /// The version that runs.
        runs: Option<u64>,
        /// What is wrong with it: the first of the diagnostics.
        problem: String,
    },
    /// The version that the engine is pinned to isn't to be had.
    UnknownPolicy {
        /// Why not, as the server says it.
        message: String,
    },
    /// No server was reached in time. Trying goes on.
    ConnectTimeout,
    /// The server doesn't speak this version of the protocol.
    VersionUnsupported,
    /// The server said something that can't be understood. Trying goes on.
    Misheard {
        /// What is wrong with it.
        code: String,
        /// The same at length.
        message: String,
    },
    /// The server refused what this engine said, and would again.
    Refused {
        /// Its code.
        code: String,
        /// What it said.
        message: String,
    },
}

impl Failure {
    /// The stable code.
    pub fn code(&self) -> &str {
        match self {
            Failure::Unauthorized => "unauthorized",
            Failure::Revoked => "revoked",
            Failure::PolicyInvalid { .. } => "policy_invalid",
            Failure::UnknownPolicy { .. } => "unknown_policy",
            Failure::ConnectTimeout => "connect_timeout",
            Failure::VersionUnsupported => "version_unsupported",
            Failure::Misheard { code, .. } | Failure::Refused { code, .. } => code,
        }
    }

    /// Whether trying again is of no use.
    pub fn is_final(&self) -> bool {
        use Failure::{ConnectTimeout, Misheard, PolicyInvalid};
        !matches!(self, PolicyInvalid { .. } | ConnectTimeout | Misheard { .. })
    }
}
