//! An app with an engine and its side of Cloud: what a driver does, without sockets.
//!
//! The engine doesn't know of leases yet, so a call is first tried on a copy: what it would spend is read off the changes that it leaves. If all of
//! that is leased, the copy takes the engine's place. What others did is merged in a few lines for the same reason: see `docs/cloud-design.md`.

use std::collections::BTreeMap;

use limitr_engine::policy::{Format, LoadOptions, load};
use limitr_engine::quantity::Amount;
use limitr_engine::{Ask, Call, CapCounted, Change, Effected, Engine, GrantDrawn, Metered};
use limitr_ledger::commit::counts;
use limitr_protocol::{InstanceId, Known, What};
use limitr_sync::{Options, Source, Spend, Spendable, Store, Sync};

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
    /// All changes that it left.
    pub(crate) changes: Vec<Change>,
}

/// An opening of an app's engine.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) sync: Sync,
    pub(crate) instance: InstanceId,
    pub(crate) engine: Option<Engine>,
    /// Whether a policy after the first is too new for it.
    pub(crate) old: bool,
    pub(crate) waiting: BTreeMap<u64, Asked>,
    pub(crate) strict: bool,
}

impl Node {
    pub(crate) fn open(now: i64, options: Options, old: bool) -> Node {
        let (instance, strict) = (options.instance, options.store == Store::Durable);
        let sync = Sync::new(options, now);
        Node { sync, instance, engine: None, old, waiting: BTreeMap::new(), strict }
    }

    /// Asks the engine, and the leases.
    pub(crate) fn call(&mut self, now: i64, asked: &Asked, may_wait: bool) -> Answer {
        let at = self.sync.server_time(now);
        let Some(engine) = self.engine.as_ref().filter(|engine| engine.customer(&asked.customer).is_some())
        else {
            return Answer::Unknown;
        };
        if !self.sync.has_room() {
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
        let changes = trial.take_changes();
        let spent: Vec<Spend> = changes.iter().filter_map(|change| spend(&trial, at, change)).collect();
        let covered = match self.sync.may_spend(now, &spent) {
            Spendable::Yes(source) => source != Source::Offline,
            Spendable::Dry(_) if asked.force => false,
            Spendable::Dry(dry) => {
                let waits = may_wait.then(|| self.sync.await_units(now, dry)).flatten();
                let Some(number) = waits else { return Answer::Dry };
                self.waiting.insert(number, asked.clone());
                return Answer::Waits(number);
            }
        };
        let seq = trial.seq();
        self.engine = Some(trial);
        self.sync.committed(now, changes.clone());
        self.sync.spent(now, &spent);
        Answer::Ran(Ran { seq, spent, covered: covered && !asked.force, changes })
    }

    /// Puts a policy in force, as the engine of an app does; the changes that it leaves.
    pub(crate) fn run_policy(&mut self, now: i64, version: u64, document: &str) -> Vec<Change> {
        if self.old && self.engine.is_some() {
            self.sync.policy_done(version, Err(Vec::new()));
            return Vec::new();
        }
        let at = self.sync.server_time(now);
        let loaded = load(document.as_bytes(), Format::Auto, &LoadOptions::default()).expect("a good policy");
        match &mut self.engine {
            Some(engine) => drop(engine.update_policy(at, loaded.policy).expect("a policy that runs")),
            None => {
                let mut engine = Engine::blank(1);
                engine.record_changes(true);
                engine.resume(at, loaded.policy).expect("a policy that runs");
                self.engine = Some(engine);
            }
        }
        let changes = self.engine.as_mut().map(Engine::take_changes).unwrap_or_default();
        self.sync.committed(now, changes.clone());
        self.sync.policy_done(version, Ok(()));
        changes
    }

    /// Puts a customer in place as the server knows it.
    pub(crate) fn put(&mut self, now: i64, known: &Known, replay: &[Change]) {
        let at = self.sync.server_time(now);
        if let Some(engine) = &mut self.engine {
            engine.restore_record(&known.record).expect("a record that loads");
            replay.iter().for_each(|change| merge(engine, at, change));
        }
    }

    /// Takes in what others did.
    pub(crate) fn merge(&mut self, now: i64, changes: &[limitr_protocol::Sent]) {
        let at = self.sync.server_time(now);
        if let Some(engine) = &mut self.engine {
            changes.iter().for_each(|sent| merge(engine, at, &sent.0));
        }
    }
}

/// What a change spends of something that is shared out.
pub(crate) fn spend(engine: &Engine, now: i64, change: &Change) -> Option<Spend> {
    let (key, units, _) = counts(&change.effect)?;
    let shared = match &key.what {
        What::Limit(entitlement) => {
            engine.limit_json(now, &key.customer, entitlement).is_some_and(|limit| limit["mode"] == "hard")
        }
        What::Cap(id) => {
            let holder = engine.customer(&key.customer);
            holder.is_some_and(|holder| {
                holder.caps().iter().any(|cap| cap.id == *id && !cap.terms.observe_only)
            })
        }
        What::Grant(_) => true,
    };
    shared.then_some(Spend { customer: key.customer, what: key.what, period_start: key.period_start, units })
}

/// Merges another engine's change: sums of the same period add up, an earlier period's are past, a later one's begin it.
fn merge(engine: &mut Engine, now: i64, change: &Change) {
    let mut change = change.clone();
    change.at = change.at.min(now);
    let Some(holder) = change.effect.holder().and_then(|holder| engine.customer(holder)) else { return };
    let mut first = None;
    match &mut change.effect {
        Effected::Metered(Metered { holder: id, entitlement, period_start, .. }) => {
            let of =
                |meter: &&limitr_engine::Meter| engine.entitlement_name(meter.entitlement) == &**entitlement;
            let begun = holder.meters.iter().find(of).map_or(i64::MIN, |meter| meter.period_start);
            if *period_start < begun {
                return;
            }
            if *period_start > begun {
                let (holder, entitlement) = (id.clone(), entitlement.clone());
                first = Some(Effected::PeriodBegan { holder, entitlement, period_start: *period_start });
            }
        }
        Effected::PeriodBegan { entitlement, period_start, .. } => {
            let of =
                |meter: &&limitr_engine::Meter| engine.entitlement_name(meter.entitlement) == &**entitlement;
            if holder.meters.iter().find(of).is_some_and(|meter| meter.period_start >= *period_start) {
                return;
            }
        }
        Effected::CapCounted(CapCounted { cap, period_start, renewed, .. }) => {
            let Some(known) = holder.caps().iter().find(|known| known.id == *cap) else { return };
            if *period_start < known.period_start {
                return;
            }
            *renewed = *period_start > known.period_start;
        }
        Effected::GrantDrawn(GrantDrawn { grant, before, .. }) => {
            let Some(known) = holder.grants().iter().find(|known| known.number == *grant) else { return };
            *before = known.balance;
        }
        _ => {}
    }
    for effect in first.into_iter().chain([change.effect]) {
        engine
            .restore_change(&Change { seq: change.seq, at: change.at, effect })
            .expect("a change that applies");
    }
}
