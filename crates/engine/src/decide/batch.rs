//! Several calls as one step: all of them or none, judged in sequence.
//!
//! 1. Items run one after the other, each seeing what those before it moved.
//! 2. The first that is denied or refused ends it: the meters, grants and caps that were touched are put back as they were,
//!    and with them the events and changes. What the denied item itself tells stays: its period, if it began one, and its
//!    denial.
//! 3. Where nobody asks for the answers of the items and each goes the short way, [`super::within`], that is tried first: of plain calls
//!    only the meters are to be put back.

use smallvec::SmallVec;

use super::{Ask, Call, Decision, Given, Resolved, Subject};
use crate::called::Called;
use crate::customer::{Cap, Customer, CustomerId, Grant, Meter, Told};
use crate::engine::Engine;
use crate::error::EngineError;
use crate::limits::BATCH_MAX;
use crate::names::NameId;
use crate::quantity::Amount;
use crate::shares::Kept;

/// One item of a batch.
#[derive(Clone, Copy, Debug)]
pub struct BatchItem<'a> {
    /// What is asked of.
    pub entitlement: Called<'a>,
    /// How much.
    pub value: Given<'a>,
    /// Your cost of the item in runes, if it is known; else the movement × the credit's `overhead_cost`.
    pub overhead: Option<Amount>,
}

impl<'a> BatchItem<'a> {
    /// So much of an entitlement.
    pub fn new(entitlement: impl Into<Called<'a>>, value: Given<'a>) -> BatchItem<'a> {
        BatchItem { entitlement: entitlement.into(), value, overhead: None }
    }

    /// The item as a call of its own, which sends `events` or none.
    pub fn call(&self, events: bool) -> Call<'a> {
        Call { events, overhead: self.overhead, ..Call::new(Ask::By(self.value)) }
    }
}

/// The answer of a batch.
#[derive(Clone, Debug, PartialEq)]
pub struct BatchDecision {
    /// Whether all were allowed, and metered.
    pub allowed: bool,
    /// An answer an item, `None` after the first denied one.
    pub decisions: Vec<Option<Decision>>,
}

/// What an item may touch, as it was before.
struct Before {
    holder: CustomerId,
    entitlement: NameId,
    /// `None`: it hadn't started.
    meter: Option<Meter>,
    grants: Vec<Grant>,
    /// The caps of everyone who has some that the caller counts on.
    caps: Vec<(CustomerId, Vec<Cap>)>,
    /// What was leased of those and the holder.
    shares: Vec<(CustomerId, Kept)>,
    /// What those and the holder were notified of.
    notified: Vec<(CustomerId, Vec<Told>)>,
}

/// Meters as they were before the items of a batch.
type Meters = SmallVec<[Meter; 4]>;

impl Engine {
    /// Allows all items or none.
    ///
    /// # Errors
    /// As [`Engine::allow`], for any of the items, and `too_many` for over 1,000. Nothing changes then.
    ///
    /// # Example
    /// ```
    /// # use limitr_engine::{BatchItem, Engine, Given};
    /// # let mut engine = Engine::example()?;
    /// let items = [BatchItem::new("chat", Given::Number(10.0)), BatchItem::new("chat", Given::Number(5.0))];
    /// assert!(engine.allow_all(0, "user_1", &items, true)?);
    /// # Ok::<(), limitr_engine::EngineError>(())
    /// ```
    pub fn allow_all<'n>(
        &mut self,
        now: i64,
        customer: impl Into<Called<'n>>,
        items: &[BatchItem<'_>],
        events: bool,
    ) -> Result<bool, EngineError> {
        let customer = customer.into();
        if items.len() <= BATCH_MAX && self.all_within(now, &customer, items, events) {
            return Ok(true);
        }
        self.decide_all(now, customer, items, events).map(|answer| answer.allowed)
    }

    /// [`Engine::allow_all`] with the whole answer of each item.
    ///
    /// # Errors
    /// As [`Engine::allow_all`].
    pub fn decide_all<'n>(
        &mut self,
        now: i64,
        customer: impl Into<Called<'n>>,
        items: &[BatchItem<'_>],
        events: bool,
    ) -> Result<BatchDecision, EngineError> {
        if items.len() > BATCH_MAX {
            let message = format!("{} items were asked at once; {BATCH_MAX} is the most", items.len());
            return Err(EngineError::new("too_many", message));
        }
        let (now, customer) = (self.observe(now), customer.into());
        let (events_before, changes_before) = (self.outbox.events.len(), self.outbox.mark());
        let mut touched: Vec<Before> = Vec::new();
        let mut decisions = vec![None; items.len()];
        for (item, place) in items.iter().zip(decisions.iter_mut()) {
            let call = item.call(events);
            let events_mark = self.outbox.events.len();
            let subject = match self.resolve(now, customer, item.entitlement) {
                Resolved::Metered { subject, .. } => Some(subject),
                _ => None,
            };
            let before = subject.map(|subject| self.before(subject));
            let began =
                before.as_ref().and_then(|before| before.meter.as_ref()).map(|meter| meter.period_start);
            touched.extend(before);
            let decision = self.decide_by_steps(now, customer, item.entitlement, &call);
            let allowed = decision.as_ref().is_ok_and(|decision| decision.allowed);
            if allowed {
                *place = decision.ok();
                continue;
            }
            // What the denied item began stays: the meter's new period.
            let fresh = subject.and_then(|subject| {
                let period_start = self.meter(&subject)?.period_start;
                (began != Some(period_start)).then_some((subject, period_start))
            });
            self.put_back(touched);
            self.outbox.events.drain(events_before..events_mark.min(self.outbox.events.len()));
            self.outbox.go_back(changes_before);
            if let (Ok(_), Some((subject, period_start))) = (&decision, fresh) {
                self.renew(subject.holder, subject.entitlement, period_start);
            }
            *place = Some(decision?);
            return Ok(BatchDecision { allowed: false, decisions });
        }
        Ok(BatchDecision { allowed: true, decisions })
    }

    /// Meters all items if each stays within its limit and goes the short way; else nothing, and whether they may run isn't known.
    fn all_within(&mut self, now: i64, customer: &Called<'_>, items: &[BatchItem<'_>], events: bool) -> bool {
        let now = self.observe(now);
        // What an item takes of a lease isn't put back here.
        let Some(caller) = self.customers.called(customer).filter(|_| self.shares.is_none()) else {
            return false;
        };
        let changes_before = self.outbox.recording.then(|| self.outbox.mark());
        let mut before = Meters::new();
        let all = items.iter().all(|item| {
            let Some(entitlement) = self.names.entitlements.called(&item.entitlement) else { return false };
            let meter = self.customers.get(caller).and_then(|caller| caller.meter(entitlement));
            before.extend(meter.cloned());
            self.within(now, caller, entitlement, &item.call(events), |_, _, _| ()).is_ok()
        });
        if !all {
            if let Some(caller) = self.customers.get_mut(caller) {
                before.into_iter().rev().for_each(|meter| caller.put_meter(meter));
            }
            if let Some(mark) = changes_before {
                self.outbox.go_back(mark);
            }
        }
        all
    }

    fn before(&self, subject: Subject) -> Before {
        let meter = self.meter(&subject).cloned();
        let holder = self.customers.get(subject.holder);
        let grants = holder.map(|holder| holder.grants().to_vec()).unwrap_or_default();
        let mut caps = Vec::new();
        let mut notified = Vec::new();
        let mut shares = vec![(subject.holder, self.copy_of_shares(subject.holder))];
        if let Some(holder) = holder {
            notified.push((subject.holder, holder.notified().to_vec()));
        }
        let mut keep = |at: CustomerId, customer: &Customer| {
            if !customer.caps().is_empty() {
                caps.push((at, customer.caps().to_vec()));
                notified.push((at, customer.notified().to_vec()));
                shares.push((at, self.copy_of_shares(at)));
            }
        };
        if let Some(caller) = self.customers.get(subject.caller) {
            keep(subject.caller, caller);
        }
        if self.customers.any_shares_caps() {
            self.customers.along_refs(subject.caller, |at, customer| {
                keep(at, customer);
                false
            });
        }
        Before {
            holder: subject.holder,
            entitlement: subject.entitlement,
            meter,
            grants,
            caps,
            shares,
            notified,
        }
    }

    /// Puts everything back, last touched first.
    fn put_back(&mut self, touched: Vec<Before>) {
        for Before { holder, entitlement, meter, grants, caps, shares, notified } in touched.into_iter().rev()
        {
            if let Some(now) = &mut self.shares {
                shares.into_iter().for_each(|(at, before)| now.put_back(at, before));
            }
            for (at, before) in notified {
                if let Some(customer) = self.customers.get_mut(at) {
                    customer.set_notified(before);
                }
            }
            for (at, before) in caps {
                self.customers.change_caps(at, |caps| *caps = before);
            }
            let Some(holder) = self.customers.get_mut(holder) else { continue };
            if !holder.grants().is_empty() {
                holder.rest_mut().grants = grants;
            }
            match meter {
                Some(meter) => holder.put_meter(meter),
                None => holder.drop_meter(entitlement),
            }
        }
    }
}
