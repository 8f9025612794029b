//! An app with an engine and its side of Cloud: what a driver does, without sockets.

use std::collections::BTreeMap;

use limitr_engine::quantity::Amount;
use limitr_engine::{Ask, Call, Reason, Source};
use limitr_protocol::InstanceId;
use limitr_sync::{Fetched, Hosted, Options, Spend, Store};

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
    /// Nothing may be recorded now.
    Full,
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
    /// The number of the last call's last change.
    seq: u64,
}

impl Node {
    pub(crate) fn open(now: i64, options: Options, old: bool) -> Node {
        let (instance, strict) = (options.instance, options.store == Store::Durable);
        let hosted = Hosted::open(now, options);
        Node { hosted, instance, old, waiting: BTreeMap::new(), strict, told: 0, seq: 0 }
    }

    /// Asks the engine.
    pub(crate) fn call(&mut self, now: i64, asked: &Asked, may_wait: bool) -> Answer {
        let at = self.hosted.server_time(now);
        let engine = self.hosted.engine_mut().filter(|engine| engine.customer(&asked.customer).is_some());
        let Some(engine) = engine else { return Answer::Unknown };
        let mut call = Call::new(Ask::Exactly(Amount::from_int(asked.units)));
        call.force = asked.force;
        let would = engine.check(at, &asked.customer, asked.entitlement, &call);
        let decided = engine.decide(at, &asked.customer, asked.entitlement, &call);
        let decision = match decided {
            Err(error) if error.code() == "outbox_full" => return Answer::Full,
            decided => decided.expect("no misuse"),
        };
        assert_eq!(would, Ok(decision.allowed), "`check` is `allow`");
        if decision.reason == Reason::Lease {
            let dry = self.hosted.dry();
            let waits = may_wait && !dry.is_empty();
            let Some(number) = waits.then(|| self.hosted.await_units(now, dry)).flatten() else {
                return Answer::Dry;
            };
            self.waiting.insert(number, asked.clone());
            return Answer::Waits(number);
        }
        if !decision.allowed {
            return Answer::Denied;
        }
        let (seq, engine) = (engine.seq(), &*engine);
        let spent = engine.clone().take_changes().into_iter().skip_while(|change| change.seq <= self.seq);
        let spent = spent.filter_map(|change| Spend::of(&change.effect));
        let spent: Vec<Spend> =
            spent.filter(|spend| engine.is_shared(at, &spend.customer, &spend.what)).collect();
        self.seq = seq;
        let covered = decision.source != Source::Offline && !asked.force;
        Answer::Ran(Ran { seq, spent, covered })
    }

    /// A policy was fetched.
    pub(crate) fn fetched(&mut self, now: i64, version: u64, document: &str) {
        let refuses = self.old && self.hosted.engine().is_some();
        let fetched = if refuses { Fetched::Refused(Vec::new()) } else { Fetched::Document(document) };
        self.hosted.policy_fetched(now, version, fetched);
    }
}
