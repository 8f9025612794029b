//! An app with an engine and its side of Cloud: what a driver does, without sockets.

use std::collections::BTreeMap;

use crate::policies;
use limitr_engine::quantity::Amount;
use limitr_engine::{Ask, Call, Reason, Source};
use limitr_engine::{Given, HoldId, Likeness, Reserve, Settle};
use limitr_protocol::{InstanceId, Up};
use limitr_sync::{Fetched, HostedAs, Options, Spend};

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
    /// Who did it.
    pub(crate) instance: InstanceId,
    /// What let it run.
    pub(crate) by: By,
}

/// What lets a call run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum By {
    /// Leases have all that it spent.
    Lease,
    /// The rule for as long as no server is connected.
    Offline,
    /// Nothing: it was forced.
    Force,
}

/// Units that a call reserved.
#[derive(Clone, Debug)]
pub(crate) struct Held {
    asked: Asked,
    hold: HoldId,
    ends: i64,
    by: By,
}

/// An opening of an app's engine.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) hosted: HostedAs<Up>,
    pub(crate) instance: InstanceId,
    /// Whether a policy after the first is too new for it.
    pub(crate) old: bool,
    pub(crate) waiting: BTreeMap<u64, Asked>,
    pub(crate) strict: bool,
    /// The number of the last change that the oracle knows of.
    pub(crate) told: u64,
    /// The number of the last call's last change.
    seq: u64,
    /// What it reserved.
    pub(crate) holds: Vec<Held>,
}

/// How long units are reserved, in milliseconds.
const HOLD_MS: i64 = 3_000;

impl Node {
    pub(crate) fn open(now: i64, options: Options, old: bool, strict: bool) -> Node {
        let instance = options.instance;
        let hosted = HostedAs::open(now, options);
        Node { hosted, instance, old, waiting: BTreeMap::new(), strict, told: 0, seq: 0, holds: Vec::new() }
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
        let by = match decision.source {
            _ if asked.force => By::Force,
            Source::Offline => By::Offline,
            // What a soft limit draws from grants isn't said, but it is bounded as well.
            _ if asked.entitlement == "mail" && self.hosted.sync().beyond().is_some() => By::Offline,
            _ => By::Lease,
        };
        Answer::Ran(self.ran(at, by))
    }

    /// What the engine did since the last time.
    fn ran(&mut self, at: i64, by: By) -> Ran {
        let engine = self.hosted.engine().expect("an engine that was called");
        let spent = engine.waiting_changes().into_iter().skip_while(|change| change.seq <= self.seq);
        let spent = spent.filter_map(|change| Spend::of(&change.effect));
        let spent = spent.filter(|spend| engine.is_shared(at, &spend.customer, &spend.what)).collect();
        self.seq = engine.seq();
        Ran { seq: self.seq, spent, instance: self.instance, by }
    }

    /// Reserves units; whether it got them.
    pub(crate) fn reserve(&mut self, now: i64, asked: &Asked) -> bool {
        let at = self.hosted.server_time(now);
        // Whether a lease or the offline rule lets it through isn't said.
        let by = if self.hosted.sync().beyond().is_some() { By::Offline } else { By::Lease };
        let engine = self.hosted.engine_mut().filter(|engine| engine.customer(&asked.customer).is_some());
        let Some(engine) = engine else { return false };
        let ttl = limitr_engine::quantity::Duration::from_millis(HOLD_MS);
        let value = Some(Given::Number(asked.units as f64));
        let reserve = Reserve { value, overhead: None, ttl: Some(ttl), likeness: Likeness::default() };
        let hold = engine.reserve(at, &asked.customer, asked.entitlement, &reserve);
        self.seq = engine.seq();
        match hold {
            Ok(Some(hold)) => self.holds.push(Held { asked: asked.clone(), hold, ends: at + HOLD_MS, by }),
            _ => {
                let dry = self.hosted.dry();
                if !dry.is_empty() {
                    self.hosted.await_units(now, dry);
                }
            }
        }
        matches!(self.holds.last(), Some(held) if held.ends == at + HOLD_MS)
    }

    /// Settles what was reserved first, with what it used; `None`: it was released, or nothing was reserved.
    pub(crate) fn settle(&mut self, now: i64, used: i64) -> Option<Ran> {
        if self.holds.is_empty() {
            return None;
        }
        let at = self.hosted.server_time(now);
        let Held { asked: Asked { customer, entitlement, units, .. }, hold, ends, by } = self.holds.remove(0);
        let engine = self.hosted.engine_mut()?;
        if used == 0 {
            engine.release(at, &customer, entitlement, hold).ok();
            self.seq = engine.seq();
            return None;
        }
        let settle = Settle { events: false, ..Settle::new(Given::Number(used as f64)) };
        let settled = engine.settle(at, &customer, entitlement, Some(hold), &settle);
        let within = at < ends && used <= units;
        settled.ok()?.then(|| self.ran(at, if within { by } else { By::Force }))
    }

    /// A policy was fetched.
    pub(crate) fn fetched(&mut self, now: i64, version: u64, document: &str) {
        let refuses = self.old && self.hosted.engine().is_some();
        let fetched = if refuses { Fetched::Refused(Vec::new()) } else { policies::read(document) };
        self.hosted.policy_fetched(now, version, fetched);
    }
}
