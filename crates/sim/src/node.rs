//! An app with an engine and its side of Cloud: what a driver does, without sockets.
//!
//! The engine doesn't know of leases yet, so a call is first tried on a copy: what it would spend is read off the changes that it leaves. If all of
//! that is leased, the copy takes the engine's place.

use std::collections::BTreeMap;

use limitr_engine::quantity::Amount;
use limitr_engine::{Ask, Call};
use limitr_protocol::InstanceId;
use limitr_sync::{Fetched, Hosted, Options, Source, Spend, Spendable, Store};

/// A call of the app.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) customer: String,
    pub(crate) entitlement: &'static str,
    pub(crate) units: i64,
    pub(crate) force: bool,
}

/// What a call came to.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Answer {
    /// It ran, and these units were spent.
    Ran(Ran),
    /// It waits for units, under this number.
    Waits(u64),
    /// It was denied for want of a lease.
    Dry,
    /// It was denied by the engine itself.
    Denied,
    /// The engine doesn't know the customer, or has no policy yet.
    Unknown,
}

/// What a call did.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Ran {
    /// The number of its last change.
    pub(crate) seq: u64,
    /// What it spent of limits, caps and grants.
    pub(crate) spent: Vec<Spend>,
    /// Whether leases covered it; else it was forced, or let through offline.
    pub(crate) covered: bool,
}

/// An opening of an app's engine.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) hosted: Hosted,
    pub(crate) instance: InstanceId,
    /// Whether a policy after the first is too new for it.
    pub(crate) old: bool,
    pub(crate) waiting: BTreeMap<u64, Asked>,
    pub(crate) strict: bool,
    /// The number of the last change that the oracle knows of.
    pub(crate) told: u64,
}

impl Node {
    pub(crate) fn open(now: i64, options: Options, old: bool) -> Node {
        let (instance, strict) = (options.instance, options.store == Store::Durable);
        let hosted = Hosted::open(now, options);
        Node { hosted, instance, old, waiting: BTreeMap::new(), strict, told: 0 }
    }

    /// Asks the engine, and the leases.
    pub(crate) fn call(&mut self, now: i64, asked: &Asked, may_wait: bool) -> Answer {
        let at = self.hosted.server_time(now);
        let engine = self.hosted.engine().filter(|engine| engine.customer(&asked.customer).is_some());
        let Some(engine) = engine else { return Answer::Unknown };
        if !self.hosted.sync().has_room() {
            return Answer::Dry;
        }
        let mut call = Call::new(Ask::Exactly(Amount::from_int(asked.units)));
        call.force = asked.force;
        if !engine.check(at, &asked.customer, asked.entitlement, &call).expect("no misuse") {
            return Answer::Denied;
        }
        let mut trial = engine.clone();
        assert!(
            trial.allow(at, &asked.customer, asked.entitlement, &call).expect("no misuse"),
            "`check` is `allow`"
        );
        let mut seen = trial.clone();
        let spent = seen.take_changes().into_iter().filter_map(|change| Spend::of(&change.effect));
        let spent: Vec<Spend> =
            spent.filter(|spend| trial.is_shared(at, &spend.customer, &spend.what)).collect();
        let covered = match self.hosted.may_spend(now, &spent) {
            Spendable::Yes(source) => source != Source::Offline,
            Spendable::Dry(_) if asked.force => false,
            Spendable::Dry(dry) => {
                let waits = may_wait.then(|| self.hosted.await_units(now, dry)).flatten();
                let Some(number) = waits else { return Answer::Dry };
                self.waiting.insert(number, asked.clone());
                return Answer::Waits(number);
            }
        };
        let seq = trial.seq();
        if let Some(engine) = self.hosted.engine_mut() {
            *engine = trial;
        }
        self.hosted.after_call(now);
        Answer::Ran(Ran { seq, spent, covered: covered && !asked.force })
    }

    /// A policy was fetched.
    pub(crate) fn fetched(&mut self, now: i64, version: u64, document: &str) {
        let refuses = self.old && self.hosted.engine().is_some();
        let fetched = if refuses { Fetched::Refused(Vec::new()) } else { Fetched::Document(document) };
        self.hosted.policy_fetched(now, version, fetched);
    }
}
