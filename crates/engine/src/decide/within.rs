//! The short way of `allow` and `decide` for a plain call that stays within its limit and that nobody is told of: it moves a few numbers
//! of one customer.
//!
//! An engine that shares its limits takes the units off its lease, and adds them to the change of that meter that waits already: its server
//! is told what was spent, not in how many calls.

use super::plain::{self, Plain};
use super::remaining::countable;
use super::{Call, Decision, Terms};
use crate::customer::{CustomerId, Meter, Sums};
use crate::engine::Engine;
use crate::names::NameId;
use crate::policy::Mode;
use crate::quantity::Amount;
use crate::rules::LimitRules;
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

/// The way of a call that doesn't stay within its limit, or isn't known to.
pub(super) enum Way {
    /// [`Engine::allow_plain`], if it is plain.
    Plain,
    /// The steps of a decision.
    Steps,
}

impl Engine {
    /// Meters a call that stays within its limit, and answers; else the way that is left.
    #[inline(always)] // and the answer with it: what `allow` has no use for isn't put together
    pub(super) fn within<T>(
        &mut self,
        now: i64,
        customer: CustomerId,
        entitlement: NameId,
        call: &Call<'_>,
        answer: impl FnOnce(&Within, &LimitRules, &Meter) -> T,
    ) -> Result<T, Way> {
        let outbox = &self.outbox;
        let tells = (outbox.listening && call.events) || (outbox.recording && outbox.check_room().is_err());
        if tells {
            return Err(Way::Plain);
        }
        let found = plain::find(&mut self.customers, &self.rules, now, (customer, entitlement), call);
        let found = found.ok_or(Way::Steps)?;
        let Plain { plan, limit, at, meter, diff, units, .. } = found;
        let used = meter.value.saturating_add(diff);
        if used > limit.value || (limit.trailing && meter.value >= limit.value) {
            return Err(Way::Plain);
        }
        let place = match &mut self.shares {
            None => None,
            Some(_) if limit.trailing => return Err(Way::Steps),
            Some(shares) => {
                let (key, period_start) = (Key::Limit(entitlement), meter.period_start);
                let spent = Need { holder: customer, key, period_start, units: diff };
                Some(shares.pass(spent, now, limit.mode == Mode::Hard).ok_or(Way::Steps)?)
            }
        };
        if !meter.is_plain() {
            meter.set_sums(Sums { spent: Amount::ZERO, ..meter.sums() });
        }
        let within = Within { customer, plan, credit: limit.credit, at, diff };
        if diff.is_zero() {
            return Ok(answer(&within, limit, meter));
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
        Ok(answer)
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
        let Within { plan, credit, diff, .. } = within;
        let metered =
            plain::record(&self.names, self.rules.version, &customer.id, (plan, credit), meter, diff);
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
}
