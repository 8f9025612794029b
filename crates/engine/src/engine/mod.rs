//! The engine: one policy, its customers, and what waits to be told.
//!
//! It is driven, never drives: every call is given the time, answers at once, and leaves what happened as
//! [`Event`]s and [`Change`]s to be taken.

mod caps;
mod customers;
mod estimates;
mod exchange;
mod holds;
mod holds_on_caps;
mod margin;
mod notices;
mod overrides;
mod policies;
mod records;
mod replay;
mod replay_money;
mod shared;
mod shown;
mod topups;
mod units;
mod units_money;

use std::cell::Cell;

use serde_json::{Map, Value};

use crate::change::Change;
use crate::customer::Customers;
use crate::decide::{Outbox, Spare, Taken};
use crate::error::EngineError;
use crate::estimate::Estimates;
use crate::event::Event;
use crate::names::NameId;
use crate::policy::Policy;
use crate::rules::{NameTables, Rules};
use crate::shares::Shares;

pub(crate) use estimates::Like;
pub use estimates::{Estimate, Likeness};
pub use holds::{Reserve, Settle};
pub use margin::{Margin, MarginSnapshot, ModelledUse};
pub(crate) use notices::Movement;
pub use records::Page;
pub use shared::Shareable;

/// What an engine is started with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EngineOptions {
    /// Seeds the hashes, so that nobody can choose names that collide: a random number from the host.
    pub seed: u64,
    /// The time, in milliseconds since the epoch.
    pub now: i64,
}

/// A policy, its customers, and what waits to be told.
///
/// The clock never runs backwards: a `now` earlier than the last one seen counts as the last one.
#[derive(Clone, Debug)]
pub struct Engine {
    pub(crate) rules: Rules,
    pub(crate) names: NameTables,
    pub(crate) customers: Customers,
    pub(crate) outbox: Outbox,
    pub(crate) spare: Spare,
    /// What was learnt of everybody's calls.
    pub(crate) estimates: Estimates,
    /// What is leased to it, of an engine that shares.
    pub(crate) shares: Option<Box<Shares>>,
    pub(crate) now: Cell<i64>,
}

impl Engine {
    /// An engine for `policy`, with the customers that the document seeds.
    ///
    /// # Errors
    /// Where the document was loaded without validation and a limit can't be compiled (`unknown_credit`,
    /// `unit_mismatch`), or a seeded customer is no record (`invalid_record`).
    ///
    /// # Example
    /// ```
    /// use limitr_engine::{Engine, EngineOptions, policy};
    /// let text = b"policy: { credits: { token: {} }, plans: { free: { default: true } } }";
    /// let loaded = policy::load(text, policy::Format::Yaml, &policy::LoadOptions::default()).unwrap();
    /// let engine = Engine::new(loaded.policy, EngineOptions { seed: 1, now: 0 })?;
    /// assert_eq!(engine.policy_version(), 1);
    /// # Ok::<(), limitr_engine::EngineError>(())
    /// ```
    pub fn new(policy: Policy, options: EngineOptions) -> Result<Engine, EngineError> {
        let mut engine = Engine::blank(options.seed);
        engine.resume(options.now, policy)?;
        Ok(engine)
    }

    /// An engine without a policy (its version is 0) and before all time: what another one knew is restored into it, then
    /// [`Engine::resume`] gives it a policy. Until then nothing can be decided.
    pub fn blank(seed: u64) -> Engine {
        let mut names = NameTables::new(seed);
        Engine {
            rules: Rules::none(&mut names),
            names,
            customers: Customers::new(seed),
            outbox: Outbox::default(),
            spare: Spare::default(),
            estimates: Estimates::new(),
            shares: None,
            now: Cell::new(i64::MIN),
        }
    }

    /// The time that counts at `now`: the latest one seen, in milliseconds since the epoch.
    pub fn latest(&self, now: i64) -> i64 {
        self.observe(now)
    }

    /// Takes in the time; the latest one seen counts.
    #[inline]
    pub(crate) fn observe(&self, now: i64) -> i64 {
        let latest = now.max(self.now.get());
        self.now.set(latest);
        latest
    }

    /// Whether events are built from now on. What waits is dropped when nobody listens any more.
    pub fn listen(&mut self, listening: bool) {
        self.outbox.listening = listening;
        if !listening {
            self.outbox.events.clear();
        }
    }

    /// Takes the oldest event that waits.
    pub fn next_event(&mut self) -> Option<Event> {
        self.outbox.events.pop_front()
    }

    /// Takes an event back that was read: the next one needs no memory of its own.
    ///
    /// # Example
    /// ```
    /// # use limitr_engine::{Ask, Call, Engine};
    /// # let mut engine = Engine::example()?;
    /// engine.listen(true);
    /// engine.allow(0, "user_1", "chat", &Call::new(Ask::by(10.0)))?;
    /// while let Some(event) = engine.next_event() {
    ///     println!("{}", engine.event_json(&event));
    ///     engine.reuse(event);
    /// }
    /// # Ok::<(), limitr_engine::EngineError>(())
    /// ```
    #[inline]
    pub fn reuse(&mut self, event: Event) {
        self.outbox.reuse(event);
    }

    /// Whether events wait.
    #[inline]
    pub fn has_events(&self) -> bool {
        !self.outbox.events.is_empty()
    }

    /// Whether changes are kept from now on, for a store or a server. What waits is dropped when they aren't any more.
    pub fn record_changes(&mut self, recording: bool) {
        match recording {
            true => self.outbox.recording = true,
            false => self.outbox.stop_recording(),
        }
    }

    /// Whether changes wait to be taken.
    #[inline]
    pub fn has_changes(&self) -> bool {
        self.outbox.has_changes()
    }

    /// Takes all changes that wait, in order.
    pub fn take_changes(&mut self) -> Vec<Change> {
        self.outbox.take_changes()
    }

    /// The changes that wait, in order, which go on waiting.
    pub fn waiting_changes(&self) -> Vec<Change> {
        self.outbox.clone().take_changes()
    }

    /// Takes all changes that wait as bytes, which [`crate::Changes`] reads; what `bytes` has room for is used for the
    /// next ones.
    pub fn swap_changes(&mut self, bytes: &mut Vec<u8>) -> Taken {
        self.outbox.swap_changes(bytes)
    }

    /// The number of the last change.
    #[inline]
    pub fn seq(&self) -> u64 {
        self.outbox.seq
    }

    /// Counts the policy's versions, from 1.
    pub fn policy_version(&self) -> u64 {
        self.rules.version
    }

    /// The policy document in force.
    pub fn policy(&self) -> &Policy {
        &self.rules.policy
    }

    /// The name of a plan.
    pub fn plan_name(&self, id: NameId) -> &str {
        self.names.plans.text(id)
    }

    /// The name of an entitlement.
    pub fn entitlement_name(&self, id: NameId) -> &str {
        self.names.entitlements.text(id)
    }

    /// The name of a credit.
    pub fn credit_name(&self, id: NameId) -> &str {
        self.names.credits.text(id)
    }

    /// The name tables, in the order of their IDs.
    pub fn names(&self) -> &NameTables {
        &self.names
    }

    /// Queues an event that carries a record, if anybody listens.
    pub(crate) fn tell(&mut self, kind: &'static str, payload: impl FnOnce(&Engine) -> Map<String, Value>) {
        if self.outbox.listening {
            let payload = payload(self);
            let from = self.outbox.events.len();
            self.outbox.events.push_back(Event::Record(kind, payload));
            self.notify(self.now.get(), from, None);
        }
    }

    /// A small engine for examples: the plan `free` with 100 `chat` messages a day, and the customer `user_1` on it.
    #[doc(hidden)]
    pub fn example() -> Result<Engine, EngineError> {
        let text = b"policy:\n  credits: { message: {} }\n  plans:\n    free:\n      default: true\n      entitlements:\n        chat: { limit: { credit: message, value: 100, resets: true, reset_inc: 1day } }\n";
        let options = crate::policy::LoadOptions::default();
        let loaded = crate::policy::load(text, crate::policy::Format::Yaml, &options);
        let mut engine = Engine::new(loaded.map_err(EngineError::refused)?.policy, EngineOptions::default())?;
        engine.create_customer(0, "user_1", &crate::customer::Profile::default())?;
        Ok(engine)
    }
}

/// A JSON object of these fields.
pub(crate) fn object<const N: usize>(fields: [(&str, Value); N]) -> Map<String, Value> {
    fields.into_iter().map(|(name, value)| (name.to_string(), value)).collect()
}
