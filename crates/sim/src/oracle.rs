//! What must hold, at every step and at the end. It sees everything: what each call was answered, each change that an engine ever made, and each
//! row of the database.

use std::collections::{BTreeMap, BTreeSet};

use limitr_engine::Change;
use limitr_engine::quantity::Amount;
use limitr_ledger::commit::{SERVER, counts};
use limitr_ledger::memory::Memory;
use limitr_ledger::meters::MeterKey;
use limitr_ledger::rows::{Key, Row};
use limitr_protocol::{InstanceId, What};
use limitr_sync::Spend;

use crate::node::{By, Ran};

/// What the world tells, and what must be true of it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Oracle {
    /// Units that calls were told they may use, from leases.
    answered: BTreeMap<MeterKey, Amount>,
    /// Meters that calls were forced past, or that an offline rule let through.
    excused: BTreeSet<MeterKey>,
    /// How much there was of each limit, cap and grant, under any policy.
    limits: BTreeMap<Box<str>, BTreeMap<What, BTreeSet<Amount>>>,
    /// Which instances the offline rule let spend of each.
    offline: BTreeMap<MeterKey, BTreeSet<InstanceId>>,
    /// Which instances gave units back of each.
    gave_back: BTreeMap<MeterKey, BTreeSet<InstanceId>>,
    /// How much the offline rule lets each spend; `None`: all that it likes.
    beyond: Option<Amount>,
    /// How much one call may pass a limit by.
    crossing: Amount,
    /// Whether calls give units back.
    refunds: bool,
    /// What leases may have hidden when they were taken back.
    reclaimed: BTreeMap<MeterKey, Amount>,
    /// Each change of each instance, in order.
    made: BTreeMap<InstanceId, Vec<Change>>,
    /// Up to which change each instance was told that it is committed.
    acknowledged: BTreeMap<InstanceId, u64>,
}

type Checked = Result<(), String>;

/// Whether a change in the log is what was made. Its period may be another one: of a limit that was used before its start was known.
fn is(logged: &Change, made: &Change) -> bool {
    let spend =
        |change: &Change| counts(&change.effect).map(|(key, units, _)| (key.customer, key.what, units));
    let period = |change: &Change| counts(&change.effect).map(|(key, ..)| key.period_start);
    let new = |change: &Change| {
        counts(&change.effect).is_some_and(|(key, ..)| key.what == What::Limit("extra".into()))
    };
    logged.seq == made.seq && spend(logged) == spend(made) && (period(logged) == period(made) || new(made))
}

impl Oracle {
    /// Before anything happened. `beyond` is what the offline rule lets each instance spend of a meter (`None`: all that it likes), `crossing` how
    /// much one call may pass a limit by, `refunds` whether calls give units back.
    pub(crate) fn new(beyond: Option<Amount>, crossing: Amount, refunds: bool) -> Oracle {
        Oracle { beyond, crossing, refunds, ..Oracle::default() }
    }

    pub(crate) fn made(&mut self, instance: InstanceId, changes: Vec<Change>) {
        self.made.entry(instance).or_default().extend(changes);
    }

    /// Forgets changes that a crash took before anybody saw them.
    pub(crate) fn lost(&mut self, instance: InstanceId, after: u64) {
        self.made.entry(instance).or_default().retain(|change| change.seq <= after);
    }

    pub(crate) fn limit_is(&mut self, customer: &str, what: What, limit: Amount) {
        self.limits.entry(customer.into()).or_default().entry(what).or_default().insert(limit);
    }

    /// The most there ever was.
    pub(crate) fn limit_of(&self, key: &MeterKey) -> Option<Amount> {
        self.limits.get(&key.customer)?.get(&key.what)?.last().copied()
    }

    /// A lease is taken back of which so much is unreported: it may have been spent, the last of it by a call that crossed.
    pub(crate) fn reclaimed(&mut self, key: &MeterKey, unreported: Amount) {
        let hidden =
            if unreported.is_positive() { unreported.checked_add(self.crossing) } else { Ok(unreported) };
        let sum = self.reclaimed.entry(key.clone()).or_default();
        *sum = hidden.and_then(|hidden| sum.checked_add(hidden)).expect("small");
    }

    /// Whether calls were forced past it.
    pub(crate) fn is_excused(&self, key: &MeterKey) -> bool {
        let of = |other: &MeterKey| (&other.customer, &other.what) == (&key.customer, &key.what);
        // What was used of it before its start was known is counted in another period than the call said.
        self.excused.contains(key) || (key.what == What::Limit("extra".into()) && self.excused.iter().any(of))
    }

    /// A call was told that it may run.
    pub(crate) fn answered(&mut self, ran: &Ran) -> Checked {
        for spend in &ran.spent {
            let Spend { customer, what, period_start, units } = spend.clone();
            let key = MeterKey { customer, what, period_start };
            if ran.by != By::Lease && units.is_positive() {
                self.excused.insert(key.clone());
                if ran.by == By::Force {
                    continue;
                }
                self.offline.entry(key.clone()).or_default().insert(ran.instance);
            }
            if units.is_negative() {
                self.gave_back.entry(key.clone()).or_default().insert(ran.instance);
            }
            let gone = self.offline.get(&key).map_or(0, BTreeSet::len) as i64;
            let Some(beyond) =
                self.beyond.map_or((gone == 0).then_some(Amount::ZERO), |most| most.mul_int(gone).ok())
            else {
                continue;
            };
            let crossing = self.crossings(&key).checked_add(self.crossing.mul_int(gone).expect("small"));
            let crossing = crossing.expect("small");
            let more = beyond.checked_add(crossing).expect("small");
            let sum = self.answered.entry(key.clone()).or_default();
            *sum = sum.checked_add(units).expect("small");
            let reclaimed = self.reclaimed.get(&key).copied().unwrap_or_default();
            let sum = *sum;
            let most = self.limit_of(&key).ok_or_else(|| format!("{key:?} was spent, which nobody has"))?;
            if sum > most.checked_add(reclaimed).and_then(|most| most.checked_add(more)).expect("small") {
                return Err(format!(
                    "overrun: {sum} of {most} were granted of {key:?} ({reclaimed} reclaimed, {more} beyond)"
                ));
            }
        }
        Ok(())
    }

    /// How far calls may pass a limit by crossing it. One call does among those that leases let through; where a policy has changed it, one for each
    /// limit that engines still go by; and one more at each engine that gave units back, which it may spend again before it hears who crossed.
    /// One at each engine that decides alone comes on top.
    fn crossings(&self, key: &MeterKey) -> Amount {
        let limits = self.limits.get(&key.customer).and_then(|limits| limits.get(&key.what));
        let again = if self.refunds { self.gave_back.get(key).map_or(0, BTreeSet::len) } else { 0 };
        self.crossing.mul_int((limits.map_or(1, BTreeSet::len) + again) as i64).expect("small")
    }

    pub(crate) fn acknowledged(&mut self, instance: InstanceId, up_to: u64) {
        let known = self.acknowledged.entry(instance).or_default();
        *known = up_to.max(*known);
    }

    /// What must hold after every commit: what can be told from meters, leases and instances.
    pub(crate) fn check_step(&self, database: &Memory) -> Checked {
        // Both stand in the order of the meters.
        let mut leases = database.leases().peekable();
        for (key, meter) in database.meters() {
            let (mut spent, mut reserved) = (Amount::ZERO, Amount::ZERO);
            while let Some(((_, lease), order)) =
                leases.peek().map(|next| (*next, next.0.0.cmp(key))).filter(|(_, order)| order.is_le())
            {
                leases.next();
                if order.is_eq() {
                    spent = spent.checked_add(lease.spent).expect("small");
                    reserved = reserved.checked_add(lease.reserved()).expect("small");
                }
            }
            if (meter.spent, meter.reserved) != (spent, reserved) {
                return Err(format!("{key:?}: {meter:?}, but leases sum up to {spent} and {reserved}"));
            }
            let most = self.limit_of(key).map(|most| most.checked_add(self.crossings(key)).expect("small"));
            // The ceiling of the first one who crossed stands as it did.
            let crosses_again = self.refunds && self.crossing.is_positive();
            let bound = if crosses_again { spent } else { reserved };
            let past = most.is_some_and(|most| bound > most);
            if past && !self.is_excused(key) && !self.reclaimed.contains_key(key) {
                return Err(format!("leases and spent pass the limit of {key:?}: {meter:?}"));
            }
        }
        for (instance, up_to) in &self.acknowledged {
            let row = match database.rows().get(&Key::Instance(*instance)) {
                Some(Row::Instance(row)) => row.up_to,
                _ => 0,
            };
            if row < *up_to {
                return Err(format!(
                    "acknowledged is lost: {instance} was told {up_to}, the ledger has {row}"
                ));
            }
        }
        Ok(())
    }

    /// What must hold of the whole ledger: it is the union of the changes that are committed, each once.
    pub(crate) fn check_union(&self, database: &Memory) -> Checked {
        let mut logged: BTreeMap<InstanceId, Vec<&Change>> = BTreeMap::new();
        let mut sums: BTreeMap<MeterKey, Amount> = BTreeMap::new();
        for row in database.rows().values() {
            let Row::Change(entry) = row else { continue };
            if entry.author != SERVER {
                logged.entry(entry.author).or_default().push(&entry.change);
                if let Some((key, units, _)) = counts(&entry.change.effect) {
                    let sum = sums.entry(key).or_default();
                    *sum = sum.checked_add(units).expect("small");
                }
            }
        }
        for (instance, made) in &self.made {
            let up_to = match database.rows().get(&Key::Instance(*instance)) {
                Some(Row::Instance(row)) => row.up_to,
                _ => 0,
            };
            let committed = || made.iter().filter(|change| change.seq <= up_to);
            let expected: Vec<&Change> =
                committed().filter(|change| change.effect.holder().is_some()).collect();
            let mut found = logged.remove(instance).unwrap_or_default();
            found.sort_unstable_by_key(|change| change.seq);
            let same =
                found.len() == expected.len() && found.iter().zip(&expected).all(|(one, two)| is(one, two));
            if !same {
                return Err(format!(
                    "{instance}, committed up to {up_to}: the ledger has {found:?} of {expected:?}"
                ));
            }
        }
        if let Some(instance) = logged.keys().next() {
            return Err(format!("the ledger has changes of {instance}, which made none"));
        }
        for (key, row) in database.rows() {
            let (Key::Meter(key), Row::Meter(meter)) = (key, row) else { continue };
            let sum = sums.remove(key).unwrap_or_default();
            if meter.spent != sum {
                return Err(format!("{key:?} stands at {}, but its changes sum up to {sum}", meter.spent));
            }
        }
        match sums.into_iter().find(|(_, sum)| !sum.is_zero()) {
            Some((key, sum)) => Err(format!("{key:?} has no meter, but its changes sum up to {sum}")),
            None => Ok(()),
        }
    }
}
