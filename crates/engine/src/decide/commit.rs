//! Step 6: the only place where a decision writes.

use std::collections::VecDeque;

use super::{Call, Denial, Effect, Judged, Subject, Terms, Verdict};
use crate::change::{Change, Effected, Metered};
use crate::customer::CustomerId;
use crate::engine::Engine;
use crate::error::EngineError;
use crate::event::{Event, MeterEvent, MeterEventKind};
use crate::limits::{CHANGES_MAX, EVENTS_MAX};
use crate::names::NameId;
use crate::policy::Mode;
use crate::pricing::Bill;
use crate::quantity::Amount;

/// Events and changes that wait to be taken.
#[derive(Clone, Debug, Default)]
pub(crate) struct Outbox {
    /// Whether anybody wants events.
    pub(crate) listening: bool,
    /// Whether anybody wants changes.
    pub(crate) recording: bool,
    /// Events in commit order.
    pub(crate) events: VecDeque<Event>,
    /// Changes in commit order.
    pub(crate) changes: Vec<Change>,
    /// The number of the last change, recorded or applied.
    pub(crate) seq: u64,
}

impl Outbox {
    /// Refuses a call whose events or changes would have no room.
    pub(crate) fn check_room(&self) -> Result<(), EngineError> {
        if self.events.len() >= EVENTS_MAX {
            return Err(EngineError::new("outbox_full", "events were not taken: take them after every call"));
        }
        if self.changes.len() >= CHANGES_MAX {
            return Err(EngineError::new("outbox_full", "changes were not taken: take them before going on"));
        }
        Ok(())
    }

    /// Refuses a call that leaves `records` of each at once, where they would have no room.
    pub(crate) fn check_room_for(&self, records: usize, events: bool) -> Result<(), EngineError> {
        self.check_room()?;
        let told = self.listening && events && records > EVENTS_MAX.saturating_sub(self.events.len());
        let kept = self.recording && records > CHANGES_MAX.saturating_sub(self.changes.len());
        if told || kept {
            let message = format!("{records} records leave more than can wait: load them in several calls");
            return Err(EngineError::new("outbox_full", message));
        }
        Ok(())
    }

    /// Notes a change at `at`.
    pub(crate) fn record(&mut self, at: i64, effect: impl FnOnce() -> Effected) {
        if self.recording {
            self.seq = self.seq.saturating_add(1);
            self.changes.push(Change { seq: self.seq, at, effect: effect() });
        }
    }
}

impl Effect {
    /// Whether anything moves at all.
    #[inline]
    pub(super) fn moves(&self) -> bool {
        !self.diff.is_zero() || !self.overhead.is_zero()
    }
}

impl Terms {
    /// What can still be used of a meter at `used`; `None` in observe mode. Countable amounts can't overflow it.
    #[inline]
    pub(crate) fn remaining(&self, used: Amount, held: Amount) -> Option<Amount> {
        match self.mode {
            Mode::Observe => None,
            Mode::Hard | Mode::Soft => Some(self.limit.saturating_sub(used).saturating_sub(held)),
        }
    }
}

impl Engine {
    /// Whether a commit of `call` has anything to tell: events or changes.
    #[inline]
    pub(super) fn tells(&self, call: &Call<'_>) -> bool {
        self.outbox.recording || (self.outbox.listening && call.events)
    }

    /// Begins the period if the old one is over, even after a denial; then writes what the call moves, and tells it.
    /// Everything that can fail comes before the first write.
    pub(crate) fn commit(&mut self, now: i64, judged: &Judged, call: &Call<'_>) -> Result<(), EngineError> {
        if self.tells(call) {
            self.outbox.check_room()?;
        }
        let telling = self.outbox.listening && call.events;
        if judged.view.over {
            self.begin_period(judged, telling);
        }
        let event = match &judged.verdict {
            Verdict::Denied(denial) => telling.then(|| self.denied_event(judged, denial)),
            Verdict::Allowed(effect) if effect.moves() => {
                self.write(now, judged.subject, effect, judged.terms.alpha, judged.bill.as_ref());
                self.record_metered(now, judged, effect);
                telling.then(|| self.moved_event(judged, effect))
            }
            Verdict::Allowed(_) => None,
        };
        self.outbox.events.extend(event);
        Ok(())
    }

    /// Starts the meter's new period.
    fn begin_period(&mut self, judged: &Judged, telling: bool) {
        let subject = &judged.subject;
        self.renew(subject.holder, subject.entitlement, judged.view.period.start);
        if telling {
            let remaining = judged.terms.remaining(Amount::ZERO, judged.view.held);
            let event = MeterEvent { remaining, ..self.meter_event(MeterEventKind::Reset, judged) };
            let event = MeterEvent {
                old: Amount::ZERO,
                value: Amount::ZERO,
                overhead: Amount::ZERO,
                diff: Amount::ZERO,
                ..event
            };
            self.outbox.events.push_back(Event::Meter(Box::new(event)));
        }
    }

    /// Writes that a meter's period began at `period_start`.
    pub(super) fn renew(&mut self, holder: CustomerId, entitlement: NameId, period_start: i64) {
        let Some(holder) = self.customers.get_mut(holder) else { return };
        if let Some(meter) = holder.meter_mut(entitlement, period_start) {
            *meter = meter.begun(period_start);
        }
        let names = &self.names.entitlements;
        self.outbox.record(self.now.get(), || Effected::PeriodBegan {
            holder: holder.id.clone(),
            entitlement: names.text(entitlement).into(),
            period_start,
        });
    }

    /// Writes what a call moves into its meter.
    #[inline]
    pub(super) fn write(
        &mut self,
        now: i64,
        subject: Subject,
        effect: &Effect,
        alpha: f64,
        bill: Option<&Bill>,
    ) {
        if !effect.moves() {
            return;
        }
        let Some(holder) = self.customers.get_mut(subject.holder) else { return };
        let Some(meter) = holder.meter_mut(subject.entitlement, now) else { return };
        meter.value = effect.used;
        meter.overhead = effect.overhead_sum;
        meter.spent = effect.spent;
        meter.spent_at = now;
        if let Some(bill) = bill {
            meter.billed = bill.billed;
        }
        if !effect.diff.is_zero() {
            meter.pace.observe(effect.diff.to_f64(), now, alpha);
        }
    }

    /// Notes what a call moved, once it is written.
    fn record_metered(&mut self, now: i64, judged: &Judged, effect: &Effect) {
        if !self.outbox.recording {
            return;
        }
        let subject = &judged.subject;
        let id = |customer| self.customers.get(customer).map_or_else(Box::default, |c| c.id.clone());
        let Some(meter) = self.meter(subject) else { return };
        let metered = Metered {
            holder: id(subject.holder),
            caller: id(subject.caller),
            entitlement: self.names.entitlements.text(subject.entitlement).into(),
            credit: self.names.credits.text(judged.terms.credit).into(),
            plan: self.names.plans.text(subject.plan).into(),
            policy_version: self.rules.version,
            period_start: meter.period_start,
            units: effect.diff,
            overage: effect.overage,
            overhead: effect.overhead,
            price: judged.bill.map_or(Amount::ZERO, |bill| bill.price),
            overage_price: judged.bill.map_or(Amount::ZERO, |bill| bill.overage_price),
            spent: meter.spent,
            pace: meter.pace,
        };
        self.outbox.record(now, || Effected::Metered(Box::new(metered)));
    }

    fn moved_event(&self, judged: &Judged, effect: &Effect) -> Event {
        let over = effect.overage.is_positive();
        let kind = if over { MeterEventKind::Overage } else { MeterEventKind::Changed };
        // Where nothing is newly past the limit, only what changes the bill is told.
        let told = |price: Amount| (over || !price.is_zero()).then_some(price);
        Event::Meter(Box::new(MeterEvent {
            value: effect.used,
            overhead: effect.overhead_sum,
            diff: effect.diff,
            overhead_diff: effect.overhead,
            remaining: judged.terms.remaining(effect.used, judged.view.held),
            overage: over.then_some(effect.overage),
            price_diff: judged.bill.and_then(|bill| told(bill.price)),
            overage_price: judged.bill.and_then(|bill| told(bill.overage_price)),
            ..self.meter_event(kind, judged)
        }))
    }

    fn denied_event(&self, judged: &Judged, denial: &Denial) -> Event {
        let remaining = judged.terms.remaining(judged.view.used, judged.view.held);
        let event = match denial {
            Denial::Limit { excess, .. } => MeterEvent {
                overage: Some(*excess),
                remaining,
                ..self.meter_event(MeterEventKind::Limit, judged)
            },
            Denial::Governor { tokens, capacity, .. } => MeterEvent {
                governor: Some([*tokens, *capacity, judged.requested]),
                remaining,
                ..self.meter_event(MeterEventKind::Governed, judged)
            },
        };
        Event::Meter(Box::new(event))
    }

    /// An event of `kind` with the meter as it stands before the call.
    fn meter_event(&self, kind: MeterEventKind, judged: &Judged) -> MeterEvent {
        let subject = &judged.subject;
        let id = |customer| self.customers.get(customer).map_or_else(Box::default, |c| c.id.clone());
        MeterEvent {
            kind,
            holder: id(subject.holder),
            caller: (subject.caller != subject.holder).then(|| id(subject.caller)),
            entitlement: subject.entitlement,
            plan: subject.plan,
            credit: judged.terms.credit,
            old: judged.view.used,
            value: judged.view.used,
            limit: judged.terms.limit,
            diff: judged.requested,
            overhead: judged.view.overhead,
            overhead_diff: Amount::ZERO,
            price_diff: None,
            remaining: None,
            overage: None,
            overage_price: None,
            governor: None,
            policy_version: self.rules.version,
        }
    }
}
