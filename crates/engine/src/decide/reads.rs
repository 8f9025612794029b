//! Reads: they meter nothing, show the current period even before a call begins it, and are `None` for what is
//! missing or has no limit.

use super::{Resolved, Subject, Terms, Usage, View};
use crate::called::Called;
use crate::customer::{Meter, Pace, held};
use crate::engine::Engine;
use crate::quantity::Amount;
use crate::rules::LimitRules;

/// A limited entitlement as a read sees it.
pub(super) struct Reading<'a> {
    pub(super) subject: Subject,
    pub(super) rules: &'a LimitRules,
    meter: Option<&'a Meter>,
    pub(super) view: View,
}

impl Reading<'_> {
    fn pace(&self) -> Pace {
        self.meter.filter(|_| !self.view.over).map_or_else(Pace::default, |meter| meter.pace)
    }
}

impl Engine {
    /// Units used in the period, in the credit's unit.
    #[inline]
    pub fn value<'n>(
        &self,
        now: i64,
        customer: impl Into<Called<'n>>,
        entitlement: impl Into<Called<'n>>,
    ) -> Option<Amount> {
        Some(self.read(now, customer, entitlement)?.view.used)
    }

    /// Units of [`Engine::value`] that grants covered.
    pub fn granted<'n>(
        &self,
        now: i64,
        customer: impl Into<Called<'n>>,
        entitlement: impl Into<Called<'n>>,
    ) -> Option<Amount> {
        Some(self.read(now, customer, entitlement)?.view.granted)
    }

    /// Units used ÷ the configured limit, in percent; it may pass 100. `None` for limit 0.
    pub fn value_percent<'n>(
        &self,
        now: i64,
        customer: impl Into<Called<'n>>,
        entitlement: impl Into<Called<'n>>,
    ) -> Option<f64> {
        let reading = self.read(now, customer, entitlement)?;
        percent(reading.view.used, reading.rules.value)
    }

    /// What can still be used without denial or overage; negative past the limit, `None` in observe mode. `grants` counts
    /// what they cover; without, it is what the limit alone leaves.
    #[inline]
    pub fn remaining<'n>(
        &self,
        now: i64,
        customer: impl Into<Called<'n>>,
        entitlement: impl Into<Called<'n>>,
        grants: bool,
    ) -> Option<Amount> {
        let now = self.observe(now);
        self.remaining_of(now, &self.read(now, customer, entitlement)?, grants)
    }

    /// [`Engine::remaining`] in percent of the configured limit, 0 at the lowest. `None` for limit 0.
    pub fn remaining_percent<'n>(
        &self,
        now: i64,
        customer: impl Into<Called<'n>>,
        entitlement: impl Into<Called<'n>>,
        grants: bool,
    ) -> Option<f64> {
        let now = self.observe(now);
        let reading = self.read(now, customer, entitlement)?;
        percent(self.remaining_of(now, &reading, grants)?.max(Amount::ZERO), reading.rules.value)
    }

    /// What is included; with `grants`, what they still cover on top. `customer` may also be a plan, which has none.
    pub fn limit(&self, now: i64, customer: &str, entitlement: &str, grants: bool) -> Option<Amount> {
        let now = self.observe(now);
        let included = self.rules_for(now, customer, entitlement)?.value;
        match self.read(now, customer, entitlement) {
            Some(Reading { subject, rules, .. }) if grants && rules.grants => {
                Some(included.saturating_add(self.coverable(now, subject.holder, rules.credit, &[])))
            }
            _ => Some(included),
        }
    }

    /// Units that live holds reserve; `None` where there is no limit.
    pub fn held(&self, now: i64, customer: &str, entitlement: &str) -> Option<Amount> {
        Some(self.read(now, customer, entitlement)?.view.held)
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
        let remaining = self.remaining_of(now, &reading, true)?;
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
        let meter = reading.meter.cloned();
        let mut meter = meter.unwrap_or_else(|| Meter::new(reading.subject.entitlement, now));
        if reading.view.over {
            meter.begin(reading.view.period.start);
        }
        Some(meter)
    }

    pub(super) fn remaining_of(&self, now: i64, reading: &Reading<'_>, grants: bool) -> Option<Amount> {
        let Reading { subject, rules, view, .. } = reading;
        let terms = Terms::of(rules);
        if !grants {
            return terms.room(view.used, view.held);
        }
        let usage = Usage { used: view.used, granted: view.granted, held: view.held };
        self.remaining_with_grants(now, subject, &terms, usage, &[])
    }

    #[inline]
    pub(super) fn read<'n>(
        &self,
        now: i64,
        customer: impl Into<Called<'n>>,
        entitlement: impl Into<Called<'n>>,
    ) -> Option<Reading<'_>> {
        let now = self.observe(now);
        match self.resolve(now, customer, entitlement) {
            Resolved::Metered { subject, rules } => {
                let meter = self.meter(&subject);
                let holds = self.customers.get(subject.holder).map_or(&[][..], |holder| holder.holds());
                let view = View::of(meter, rules, now, held(holds, subject.entitlement, now));
                Some(Reading { subject, rules, meter, view })
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
