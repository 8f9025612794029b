//! Step 8: the only place where a decision writes.

use super::{Call, Effect, Judged, Money, Verdict};
use crate::change::{CapCounted, Effected, GrantDrawn, Metered};
use crate::customer::{CustomerId, Sums};
use crate::engine::{Engine, Movement};
use crate::error::EngineError;
use crate::event::{MeterEvent, MeterEventKind};
use crate::names::NameId;
use crate::quantity::Amount;

impl Effect {
    /// Whether anything moves at all.
    #[inline]
    pub(super) fn moves(&self) -> bool {
        !self.diff.is_zero() || !self.overhead.is_zero()
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
        if self.outbox.full && !judged.is_allowed() {
            return Ok(()); // not even a period begins
        }
        if self.tells(call) {
            self.outbox.check_room()?;
        }
        let telling = self.outbox.listening && call.events;
        let from = self.outbox.events.len();
        // What remains is only known before the call is written.
        let remaining = (telling && !self.rules.policy.notifications.is_empty())
            .then(|| self.remaining_at_first(now, judged))
            .flatten();
        if judged.view.over {
            self.begin_period(now, judged, telling);
        }
        if judged.renews() {
            self.renew_grants(now, judged.subject.holder);
        }
        match &judged.verdict {
            Verdict::Denied(denial) => {
                if telling {
                    self.tell_denied(now, judged, denial);
                }
            }
            Verdict::Allowed(effect) if effect.moves() => {
                if telling {
                    self.tell_moved(now, judged, effect);
                }
                self.write(now, judged, effect);
                self.record_metered(now, judged, effect);
                self.record_money(now, judged);
                self.spend_leases(now, judged, effect);
                if telling && let Some(money) = judged.money.as_deref() {
                    for moved in &money.caps {
                        let crossed = self.crossed_event(now, &judged.subject, moved);
                        self.outbox.events.extend(crossed);
                    }
                }
            }
            Verdict::Allowed(_) => {}
        }
        if telling {
            self.notify(now, from, Some(&Movement { judged, remaining }));
        }
        Ok(())
    }

    /// Starts the meter's new period.
    fn begin_period(&mut self, now: i64, judged: &Judged, telling: bool) {
        let subject = &judged.subject;
        self.renew(subject.holder, subject.entitlement, judged.view.period.start);
        if telling {
            let remaining = self.remaining_before(now, judged);
            let event = MeterEvent {
                old: Amount::ZERO,
                value: Amount::ZERO,
                overhead: Amount::ZERO,
                diff: Amount::ZERO,
                remaining,
                ..self.meter_event(MeterEventKind::Reset, judged)
            };
            self.outbox.tell(event);
        }
    }

    /// Writes that a meter's period began at `period_start`.
    pub(super) fn renew(&mut self, holder: CustomerId, entitlement: NameId, period_start: i64) {
        let Some(holder) = self.customers.get_mut(holder) else { return };
        if let Some(meter) = holder.meter_mut(entitlement, period_start) {
            meter.begin(period_start);
        }
        let names = &self.names.entitlements;
        self.outbox.record(self.now.get(), || Effected::PeriodBegan {
            holder: &*holder.id,
            entitlement: names.text(entitlement),
            period_start,
        });
    }

    /// Writes what a call moves into its meter, and what it takes from grants and adds to caps.
    #[inline]
    pub(super) fn write(&mut self, now: i64, judged: &Judged, effect: &Effect) {
        if !effect.moves() {
            return;
        }
        let Some(holder) = self.customers.get_mut(judged.subject.holder) else { return };
        let Some(meter) = holder.meter_mut(judged.subject.entitlement, now) else { return };
        meter.value = effect.used;
        let billed = judged.bill.as_ref().map_or_else(|| meter.sums().billed, |bill| bill.billed);
        meter.set_sums(Sums {
            overhead: effect.overhead_sum,
            billed,
            granted: effect.granted_sum,
            spent: effect.spent,
            spent_at: now,
        });
        if !effect.diff.is_zero() {
            meter.pace.observe(effect.diff.to_f64(), now, judged.terms.alpha);
        }
        if let Some(money) = judged.money.as_deref() {
            self.write_money(judged.subject.holder, money);
        }
    }

    fn write_money(&mut self, holder: CustomerId, money: &Money) {
        if let Some(holder) = self.customers.get_mut(holder) {
            for draw in &money.draws {
                let Some(grant) = holder.rest_mut().grants.get_mut(draw.at) else { continue };
                grant.balance = draw.before.balance.saturating_sub(draw.taken);
                grant.period_start = draw.before.period_start;
            }
        }
        for moved in &money.caps {
            let holder = self.customers.get_mut(moved.holder);
            let Some(cap) = holder.and_then(|holder| holder.rest_mut().caps.get_mut(moved.at)) else {
                continue;
            };
            cap.crossed = moved.crossed || (cap.crossed && !moved.renewed);
            cap.counted = moved.counted;
            cap.period_start = moved.period_start;
        }
    }

    /// Notes what a call moved, once it is written.
    fn record_metered(&mut self, now: i64, judged: &Judged, effect: &Effect) {
        if !self.outbox.recording {
            return;
        }
        let subject = &judged.subject;
        let Some(holder) = self.customers.get(subject.holder) else { return };
        let Some(meter) = holder.meter(subject.entitlement) else { return };
        let caller =
            if subject.caller == subject.holder { Some(holder) } else { self.customers.get(subject.caller) };
        let metered = Metered {
            holder: &*holder.id,
            caller: caller.map_or("", |caller| &caller.id),
            entitlement: self.names.entitlements.text(subject.entitlement),
            credit: self.names.credits.text(judged.terms.credit),
            plan: self.names.plans.text(subject.plan),
            policy_version: self.rules.version,
            reason: effect.reason(),
            period_start: meter.period_start,
            units: effect.diff,
            overage: effect.overage,
            granted: effect.granted,
            granted_diff: effect.granted_sum.saturating_sub(judged.view.granted_before),
            overhead: effect.overhead,
            price: judged.bill.map_or(Amount::ZERO, |bill| bill.price),
            overage_price: judged.bill.map_or(Amount::ZERO, |bill| bill.overage_price),
            spent: meter.sums().spent,
            pace: meter.pace,
        };
        self.outbox.record_metered(now, &metered);
    }

    /// Notes what a call took from grants and added to caps, once it is written.
    fn record_money(&mut self, now: i64, judged: &Judged) {
        let Some(money) = judged.money.as_deref().filter(|_| self.outbox.recording) else { return };
        let (holder, caller) =
            (self.customers.get(judged.subject.holder), self.customers.get(judged.subject.caller));
        let entitlement = self.names.entitlements.text(judged.subject.entitlement);
        for draw in &money.draws {
            let Some(holder) = holder else { continue };
            let Some(grant) = holder.grants().get(draw.at) else { continue };
            self.outbox.record(now, || {
                Effected::GrantDrawn(GrantDrawn {
                    holder: &*holder.id,
                    grant: grant.number,
                    entitlement,
                    period_start: draw.before.period_start,
                    before: draw.before.balance,
                    taken: draw.taken,
                    covered: draw.covered,
                })
            });
        }
        for moved in &money.caps {
            let Some(owner) = self.customers.get(moved.holder) else { continue };
            let Some(cap) = owner.caps().get(moved.at) else { continue };
            self.outbox.record(now, || {
                Effected::CapCounted(CapCounted {
                    holder: &*owner.id,
                    cap: &cap.id,
                    caller: caller.map_or("", |caller| &caller.id),
                    entitlement,
                    period_start: moved.period_start,
                    renewed: moved.renewed,
                    diff: moved.counted.saturating_sub(moved.before),
                    crossed: moved.crossed,
                })
            });
        }
    }
}
