//! The short way of `allow`: a call that stays within its limit, where nothing but the limit has a say, moves a few numbers
//! of one customer. It answers and writes what the steps of a decision would, which `check`, `decide` and every other call take:
//! properties compare them. Whatever isn't as plain as that is left to those steps.

use super::{Ask, Call, Given, Reason};
use crate::change::Metered;
use crate::customer::{CustomerId, Sums};
use crate::engine::Engine;
use crate::names::NameId;
use crate::quantity::Amount;

/// What such a call moved, for the change that says it.
#[derive(Clone, Copy, Debug)]
struct Within {
    customer: CustomerId,
    plan: NameId,
    credit: NameId,
    /// The meter's place among the customer's.
    at: usize,
    diff: Amount,
}

impl Engine {
    /// Whether the call stays within its limit, and then it is metered; `None`: it doesn't, or more has to be asked.
    #[inline(always)]
    pub(super) fn within(
        &mut self,
        now: i64,
        customer: CustomerId,
        entitlement: NameId,
        call: &Call<'_>,
    ) -> Option<()> {
        let outbox = &self.outbox;
        let shares = self.shares.is_some(); // and records
        let tells = (outbox.listening && call.events)
            || (outbox.recording && (shares || outbox.check_room().is_err()));
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
        if full || limit.renewal.period(meter.start, now).start > meter.period_start {
            return None;
        }
        if !meter.is_plain() {
            let sums = meter.sums();
            if !sums.granted.is_zero() {
                return None;
            }
            meter.set_sums(Sums { spent: Amount::ZERO, ..sums });
        }
        if diff.is_zero() {
            return Some(());
        }
        meter.value = used;
        meter.pace.observe(units, now, limit.alpha);
        if self.outbox.recording {
            let credit = limit.credit;
            self.record_within(now, Within { customer, plan, credit, at, diff });
        }
        Some(())
    }

    /// Notes it.
    #[inline(never)] // the way without a store stays short
    fn record_within(&mut self, now: i64, within: Within) {
        let Some(customer) = self.customers.get(within.customer) else { return };
        let Some(meter) = customer.meters.get(within.at) else { return };
        let metered = Metered {
            holder: &*customer.id,
            caller: &customer.id,
            entitlement: self.names.entitlements.text(meter.entitlement),
            credit: self.names.credits.text(within.credit),
            plan: self.names.plans.text(within.plan),
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
            spent: Amount::ZERO,
            pace: meter.pace,
        };
        self.outbox.record_metered(now, &metered);
    }
}
