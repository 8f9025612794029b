//! Reads: they meter nothing, show the current period even before a call begins it, and are `None` for what is
//! missing or has no limit.

use super::{Resolved, Subject, Terms, View};
use crate::customer::{Meter, Pace};
use crate::engine::Engine;
use crate::quantity::Amount;
use crate::rules::LimitRules;

/// A limited entitlement as a read sees it.
struct Reading<'a> {
    subject: Subject,
    rules: &'a LimitRules,
    meter: Option<&'a Meter>,
    view: View,
}

impl Reading<'_> {
    fn remaining(&self) -> Option<Amount> {
        Terms::of(self.rules).remaining(self.view.used, self.view.held)
    }

    fn pace(&self) -> Pace {
        self.meter.filter(|_| !self.view.over).map_or_else(Pace::default, |meter| meter.pace)
    }
}

impl Engine {
    /// Units used in the period, in the credit's unit.
    #[inline]
    pub fn value(&self, now: i64, customer: &str, entitlement: &str) -> Option<Amount> {
        Some(self.read(now, customer, entitlement)?.view.used)
    }

    /// Units used ÷ the configured limit, in percent; it may pass 100. `None` for limit 0.
    pub fn value_percent(&self, now: i64, customer: &str, entitlement: &str) -> Option<f64> {
        let reading = self.read(now, customer, entitlement)?;
        percent(reading.view.used, reading.rules.value)
    }

    /// What can still be used without denial or overage; negative past the limit, `None` in observe mode.
    #[inline]
    pub fn remaining(&self, now: i64, customer: &str, entitlement: &str) -> Option<Amount> {
        self.read(now, customer, entitlement)?.remaining()
    }

    /// [`Engine::remaining`] in percent of the configured limit, 0 at the lowest. `None` for limit 0.
    pub fn remaining_percent(&self, now: i64, customer: &str, entitlement: &str) -> Option<f64> {
        let reading = self.read(now, customer, entitlement)?;
        percent(reading.remaining()?.max(Amount::ZERO), reading.rules.value)
    }

    /// What is included. `customer` may also be a plan.
    pub fn limit(&self, now: i64, customer: &str, entitlement: &str) -> Option<Amount> {
        Some(self.rules_for(now, customer, entitlement)?.value)
    }

    /// What can run this instant: what remains, bounded by the governor's tokens; not below 0. `None` in observe mode.
    pub fn allowance(&self, now: i64, customer: &str, entitlement: &str) -> Option<Amount> {
        let reading = self.read(now, customer, entitlement)?;
        let remaining = reading.remaining()?.max(Amount::ZERO);
        Some(match reading.rules.governor {
            Some(governor) => remaining.min(governor.tokens(reading.view.spent)),
            None => remaining,
        })
    }

    /// What `increment` adds. `customer` may also be a plan.
    pub fn cost(&self, now: i64, customer: &str, entitlement: &str) -> Option<Amount> {
        Some(self.rules_for(now, customer, entitlement)?.increment)
    }

    /// When the next period begins, in milliseconds since the epoch; `None` if it doesn't renew.
    pub fn resets(&self, now: i64, customer: &str, entitlement: &str) -> Option<i64> {
        self.read(now, customer, entitlement)?.view.resets_at()
    }

    /// Moving average of the meter's movement, in units per millisecond.
    pub fn rate(&self, now: i64, customer: &str, entitlement: &str) -> Option<f64> {
        Some(self.read(now, customer, entitlement)?.pace().rate)
    }

    /// Change of the rate per millisecond.
    pub fn acceleration(&self, now: i64, customer: &str, entitlement: &str) -> Option<f64> {
        Some(self.read(now, customer, entitlement)?.pace().acceleration)
    }

    /// When the meter reaches its limit at its present rate, in milliseconds since the epoch: now, if nothing remains.
    /// `None` if it isn't coming: the meter stands still or falls, or its period ends before.
    pub fn projected_exhaustion(&self, now: i64, customer: &str, entitlement: &str) -> Option<i64> {
        let now = self.observe(now);
        let reading = self.read(now, customer, entitlement)?;
        let remaining = reading.remaining()?;
        if !remaining.is_positive() {
            return Some(now);
        }
        let rate = reading.pace().rate;
        let wait = remaining.to_f64() / rate;
        const FAR: f64 = 9e15; // past any date
        if rate <= 0.0 || !wait.is_finite() || wait > FAR {
            return None;
        }
        let at = now.saturating_add(wait.ceil() as i64);
        (at < reading.view.period.end).then_some(at)
    }

    /// The limit that counts for a customer, or that a plan says.
    pub(crate) fn rules_for(&self, now: i64, customer: &str, entitlement: &str) -> Option<&LimitRules> {
        let now = self.observe(now);
        if self.customers.find(customer).is_some() {
            return match self.resolve(now, customer, entitlement) {
                Resolved::Metered { rules, .. } => Some(rules),
                _ => None,
            };
        }
        let plan = self.rules.plan(self.names.plans.find(customer)?)?;
        plan.entitlement(self.names.entitlements.find(entitlement)?)?.limit.as_ref()
    }

    /// The meter's state in the current period as a record would show it; `None` if it has no limit.
    pub(crate) fn meter_at(&self, now: i64, customer: &str, entitlement: &str) -> Option<Meter> {
        let now = self.observe(now);
        let reading = self.read(now, customer, entitlement)?;
        let meter = reading.meter.copied().unwrap_or_else(|| Meter::new(reading.subject.entitlement, now));
        Some(if reading.view.over { meter.begun(reading.view.period.start) } else { meter })
    }

    #[inline]
    fn read(&self, now: i64, customer: &str, entitlement: &str) -> Option<Reading<'_>> {
        let now = self.observe(now);
        match self.resolve(now, customer, entitlement) {
            Resolved::Metered { subject, rules } => {
                let meter = self.meter(&subject);
                Some(Reading { subject, rules, meter, view: View::of(meter, rules, now) })
            }
            _ => None,
        }
    }
}

/// `part` in percent of `whole`.
fn percent(part: Amount, whole: Amount) -> Option<f64> {
    if whole.is_zero() {
        return None;
    }
    let exact = part.mul_int(100).and_then(|hundredfold| hundredfold.div(whole));
    exact.ok().map(Amount::to_f64)
}
