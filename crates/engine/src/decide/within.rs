//! The short way of `allow` and `decide`: a call that stays within its limit, where nothing but the limit has a say, moves a few numbers
//! of one customer. It answers and writes what the steps of a decision would, which `check`, `explain` and every other call take:
//! properties compare them. Whatever isn't as plain as that is left to those steps.
//!
//! An engine that shares its limits takes the units off its lease, and adds them to the change of that meter that waits already: its server
//! is told what was spent, not in how many calls.

use super::remaining::countable;
use super::{Ask, Call, Decision, Given, Reason, Terms};
use crate::change::Metered;
use crate::customer::{Customer, CustomerId, Meter, Sums};
use crate::engine::Engine;
use crate::names::NameId;
use crate::policy::Mode;
use crate::quantity::Amount;
use crate::rules::{LimitRules, NameTables};
use crate::shares::{Key, Need, Source};

/// What such a call moved, for the change that says it and the whole answer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Within {
    customer: CustomerId,
    plan: NameId,
    credit: NameId,
    /// The meter's place among the customer's.
    at: usize,
    diff: Amount,
}

/// How a meter stands after such a call.
#[derive(Clone, Copy, Debug)]
pub(super) struct After {
    entitlement: NameId,
    plan: NameId,
    terms: Terms,
    requested: Amount,
    used: Amount,
    resets_at: Option<i64>,
}

impl Engine {
    /// Meters a call that stays within its limit, and answers; `None`: it doesn't, or more has to be asked.
    #[inline(always)] // and the answer with it: what `allow` has no use for isn't put together
    pub(super) fn within<T>(
        &mut self,
        now: i64,
        customer: CustomerId,
        entitlement: NameId,
        call: &Call<'_>,
        answer: impl FnOnce(&Within, &LimitRules, &Meter) -> T,
    ) -> Option<T> {
        let outbox = &self.outbox;
        let tells = (outbox.listening && call.events) || (outbox.recording && outbox.check_room().is_err());
        if tells || call.overhead.is_some() || !call.caps.is_empty() {
            return None;
        }
        let caps_bind_others = self.customers.any_shares_caps();
        let caller = self.customers.get_mut(customer)?;
        if caller.rest.as_ref().is_some_and(|rest| rest.has_a_say()) {
            return None;
        }
        // References may have a plan for it, or caps.
        let plan = match caller.plan {
            Some(plan) if caller.refs.is_empty() || !caps_bind_others => plan,
            None if caller.refs.is_empty() => self.rules.default_plan?,
            _ => return None,
        };
        let rules = self.rules.plan(plan)?.entitlement(entitlement)?;
        if rules.scope.is_some_and(|scope| scope != caller.kind) {
            return None;
        }
        let limit = rules.limit.as_ref().filter(|limit| limit.is_plain())?;
        let (diff, units) = match call.ask {
            Ask::By(Given::Number(value)) if value >= 0.0 => {
                let diff = Amount::from_f64(value).ok()?;
                // A whole number comes back as it went in: no need to divide again.
                (diff, if value as i64 as f64 == value { value } else { diff.to_f64() })
            }
            Ask::Increment if !limit.increment.is_negative() => (limit.increment, limit.increment.to_f64()),
            _ => return None,
        };
        let at = caller.meter_at(entitlement).ok()?;
        let meter = caller.meters.get_mut(at)?;
        let used = meter.value.saturating_add(diff);
        let full = used > limit.value || (limit.trailing && meter.value >= limit.value);
        let granted = !meter.is_plain() && !meter.sums().granted.is_zero();
        if full || granted || limit.renewal.period(meter.start, now).start > meter.period_start {
            return None;
        }
        let place = match &mut self.shares {
            None => None,
            Some(_) if limit.trailing => return None,
            Some(shares) => {
                let (key, period_start) = (Key::Limit(entitlement), meter.period_start);
                let spent = Need { holder: customer, key, period_start, units: diff };
                Some(shares.pass(spent, now, limit.mode == Mode::Hard)?)
            }
        };
        if !meter.is_plain() {
            meter.set_sums(Sums { spent: Amount::ZERO, ..meter.sums() });
        }
        let within = Within { customer, plan, credit: limit.credit, at, diff };
        if diff.is_zero() {
            return Some(answer(&within, limit, meter));
        }
        meter.value = used;
        meter.pace.observe(units, now, limit.alpha);
        let answer = answer(&within, limit, meter);
        if self.outbox.recording {
            match place {
                Some(place) if self.outbox.add(place, now, diff, meter.pace) => {}
                _ => self.record_within(now, within),
            }
        }
        Some(answer)
    }

    /// What is taken out of the whole answer of such a call.
    #[inline(always)] // it is large: copied only where it isn't inlined
    pub(super) fn answer_within<T>(&self, after: &After, take: impl FnOnce(Decision) -> T) -> T {
        let decision = after.decision(self.rules.version);
        // Apart, so that it is known of the usual answer what it doesn't say.
        if self.shares.is_none() {
            return take(decision);
        }
        let (source, exact, at_risk) = match after.terms.mode {
            Mode::Soft | Mode::Observe => (Source::Local, false, None),
            Mode::Hard if after.requested.is_positive() => (Source::Lease, true, Some(Amount::ZERO)),
            Mode::Hard => (Source::Local, true, None),
        };
        take(Decision { source, exact, at_risk, ..decision })
    }

    /// Notes it.
    #[inline(never)] // the way without a store stays short
    fn record_within(&mut self, now: i64, within: Within) {
        let Some(customer) = self.customers.get(within.customer) else { return };
        let Some(meter) = customer.meters.get(within.at) else { return };
        let metered = within.metered(&self.names, self.rules.version, customer, meter);
        match &mut self.shares {
            None => self.outbox.record_metered(now, &metered),
            Some(shares) => {
                let place = self.outbox.open(now, &metered);
                shares.opened(within.customer, Key::Limit(meter.entitlement), meter.period_start, place);
            }
        }
    }
}

impl After {
    /// The whole answer, of an engine that shares nothing.
    #[inline(always)]
    fn decision(&self, policy_version: u64) -> Decision {
        let After { entitlement, plan, terms, requested, used, resets_at } = *self;
        let priced = terms.priced.then_some(Amount::ZERO);
        Decision {
            entitlement: Some(entitlement),
            plan: Some(plan),
            limit: Some(terms.limit),
            used: Some(used),
            held: Some(Amount::ZERO),
            remaining: terms.room(used, Amount::ZERO).map(countable),
            requested: Some(requested),
            resets_at,
            overage: Some(Amount::ZERO),
            granted: Some(Amount::ZERO),
            overage_price: priced,
            price: priced,
            cost: Some(Amount::ZERO),
            mode: Some(terms.mode),
            ..Decision::blank(true, policy_version)
        }
    }
}

impl Within {
    /// What the whole answer says beside it.
    #[inline(always)]
    pub(super) fn after(&self, now: i64, limit: &LimitRules, meter: &Meter) -> After {
        After {
            entitlement: meter.entitlement,
            plan: self.plan,
            terms: Terms::of(limit),
            requested: self.diff,
            used: meter.value,
            resets_at: limit.renewal.period(meter.start, now).resets_at(),
        }
    }

    fn metered<'a>(
        &self,
        names: &'a NameTables,
        policy_version: u64,
        customer: &'a Customer,
        meter: &Meter,
    ) -> Metered<&'a str> {
        Metered {
            holder: &*customer.id,
            caller: &customer.id,
            entitlement: names.entitlements.text(meter.entitlement),
            credit: names.credits.text(self.credit),
            plan: names.plans.text(self.plan),
            policy_version,
            reason: Reason::Ok,
            period_start: meter.period_start,
            units: self.diff,
            overage: Amount::ZERO,
            granted: Amount::ZERO,
            granted_diff: Amount::ZERO,
            overhead: Amount::ZERO,
            price: Amount::ZERO,
            overage_price: Amount::ZERO,
            spent: Amount::ZERO,
            pace: meter.pace,
        }
    }
}
