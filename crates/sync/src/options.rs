//! What a sync is started with.

use limitr_engine::Change;
use limitr_engine::quantity::Amount;
use limitr_protocol::InstanceId;

use crate::limits;

/// What an engine decides about a hard limit, cap or grant whose lease is dry while it can't reach the server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Offline {
    /// Deny: the limit stays exact.
    #[default]
    Deny,
    /// Allow, as far as the engine itself knows of room.
    Allow,
    /// Allow up to so many units of each limit, cap or grant in a period.
    UpTo(Amount),
}

/// Where changes are kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Store {
    /// In memory only.
    #[default]
    None,
    /// In a store that makes them durable. Only those are sent.
    Durable,
}

/// What an earlier instance of the same store left.
#[derive(Clone, Debug, PartialEq)]
pub struct EarlierOutbox {
    /// Which instance.
    pub instance: InstanceId,
    /// Its changes that aren't known to be acknowledged, in order and without gaps.
    pub changes: Vec<Change>,
    /// The number of its last change; 0: it made none.
    pub up_to: u64,
    /// Whether nothing was answered that isn't in the store (durability `strict`).
    pub complete: bool,
}

/// What a sync is started with.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// This opening of the engine.
    pub instance: InstanceId,
    /// The engine's version.
    pub engine: String,
    /// The version of the policy that runs whatever is published; none: the one in force.
    pub pinned: Option<u64>,
    /// Seeds the jitter of back-off.
    pub seed: u64,
    /// Where changes are kept.
    pub store: Store,
    /// What earlier openings left, oldest first.
    pub earlier: Vec<EarlierOutbox>,
    /// What is decided without the server.
    pub offline: Offline,
    /// How long a call waits for units, in milliseconds.
    pub lease_timeout: i64,
    /// How long the first connection may take, in milliseconds.
    pub connect_timeout: i64,
    /// Most changes that wait.
    pub outbox_max: usize,
}

impl Options {
    /// The defaults, for an instance.
    pub fn new(instance: InstanceId, seed: u64) -> Options {
        Options {
            instance,
            engine: env!("CARGO_PKG_VERSION").to_string(),
            pinned: None,
            seed,
            store: Store::None,
            earlier: Vec::new(),
            offline: Offline::Deny,
            lease_timeout: limits::LEASE_TIMEOUT_MS,
            connect_timeout: limits::CONNECT_TIMEOUT_MS,
            outbox_max: limits::OUTBOX_MAX,
        }
    }
}
