//! The short way of `allow`: a call that stays within its limit, where nothing but the limit has a say, moves a few numbers.
//! It answers and writes what the steps of a decision would, which `check`, `decide` and every other call take: properties
//! compare them. Whatever isn't as plain as that is left to those steps.

use super::{Ask, Call, Given, Reason, Subject};
use crate::change::Metered;
use crate::engine::Engine;
use crate::names::NameId;
use crate::quantity::Amount;
use crate::rules::LimitRules;

/// What such a call moves.
#[derive(Clone, Copy, Debug)]
pub(super) struct Within {
    subject: Subject,
    credit: NameId,
    /// The meter's place among the holder's.
    at: usize,
    diff: Amount,
    used: Amount,
    alpha: f64,
}

impl Engine {
    /// What a call moves that stays within its limit; `None`: it doesn't, or more has to be asked.
    #[inline(always)]
    pub(super) fn within(
        &self,
        now: i64,
        subject: &Subject,
        rules: &LimitRules,
        call: &Call<'_>,
    ) -> Option<Within> {
        let holder = self.customers.get(subject.holder)?;
        let asks_more = rules.governor.is_some()
            || !rules.overhead_cost.is_zero()
            || call.overhead.is_some()
            || !holder.holds.is_empty()
            || self.has_grants(subject)
            || self.has_caps(subject, call)
            || (self.outbox.listening && call.events)
            || (self.outbox.recording && self.outbox.check_room().is_err());
        if asks_more {
            return None;
        }
        let diff = match call.ask {
            Ask::By(Given::Number(value)) if value >= 0.0 => Amount::from_f64(value).ok()?,
            Ask::Increment if !rules.increment.is_negative() => rules.increment,
            _ => return None,
        };
        let at = holder.meters.binary_search_by_key(&subject.entitlement, |meter| meter.entitlement).ok()?;
        let meter = holder.meters.get(at)?;
        let used = meter.value.saturating_add(diff);
        let full = used > rules.value || (rules.trailing && meter.value >= rules.value);
        if full
            || !meter.granted.is_zero()
            || rules.renewal.period(meter.start, now).start > meter.period_start
        {
            return None;
        }
        Some(Within { subject: *subject, credit: rules.credit, at, diff, used, alpha: rules.alpha })
    }

    /// Writes it.
    #[inline(always)]
    pub(super) fn write_within(&mut self, now: i64, within: Within) {
        if within.diff.is_zero() {
            return;
        }
        let holder = self.customers.get_mut(within.subject.holder);
        let Some(meter) = holder.and_then(|holder| holder.meters.get_mut(within.at)) else { return };
        meter.value = within.used;
        meter.spent = Amount::ZERO;
        meter.spent_at = now;
        meter.pace.observe(within.diff.to_f64(), now, within.alpha);
        if self.outbox.recording {
            self.record_within(now, within);
        }
    }

    /// Notes it.
    #[inline(never)] // the way without a store stays short
    fn record_within(&mut self, now: i64, within: Within) {
        let Subject { holder, caller, entitlement, plan, .. } = within.subject;
        let (Some(holder), Some(caller)) = (self.customers.get(holder), self.customers.get(caller)) else {
            return;
        };
        let Some(meter) = holder.meters.get(within.at) else { return };
        let metered = Metered {
            holder: &*holder.id,
            caller: &caller.id,
            entitlement: self.names.entitlements.text(entitlement),
            credit: self.names.credits.text(within.credit),
            plan: self.names.plans.text(plan),
            policy_version: self.rules.version,
            reason: Reason::Ok,
            period_start: meter.period_start,
            units: within.diff,
            overage: Amount::ZERO,
            granted: Amount::ZERO,
            granted_diff: Amount::ZERO,
            overhead: Amount::ZERO,
            price: Amount::ZERO,
            overage_price: Amount::ZERO,
            spent: meter.spent,
            pace: meter.pace,
        };
        self.outbox.record_metered(now, &metered);
    }
}
