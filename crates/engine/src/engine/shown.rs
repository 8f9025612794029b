//! What the engine shows of its policy and meters as documents and records.

use serde_json::Value;

use super::object;
use crate::customer::write_meter;
use crate::engine::Engine;
use crate::policy::Mode;
use crate::quantity::Amount;

impl Engine {
    /// The plan that `name` stands for: a plan's own name, or the effective plan of a customer.
    pub fn plan_of(&self, name: &str) -> Option<&str> {
        if let Some((known, _)) = self.rules.policy.plans.get_key_value(name) {
            return Some(known);
        }
        let plan = self.effective_plan(self.customers.find(name)?)?;
        self.rules.plan(plan).map(|_| self.names.plans.text(plan))
    }

    /// The plan of customers that name none.
    pub fn default_plan(&self) -> Option<&str> {
        self.rules.default_plan.map(|plan| self.names.plans.text(plan))
    }

    /// The credit that a customer's (or a plan's) entitlement is metered in.
    pub fn credit_of(&self, now: i64, customer: &str, entitlement: &str) -> Option<&str> {
        let rules = self.rules_for(now, customer, entitlement)?;
        Some(self.names.credits.text(rules.credit))
    }

    /// A meter in the current period, in the shape of a customer's record.
    pub fn meter_json(&self, now: i64, customer: &str, entitlement: &str) -> Option<Value> {
        self.meter_at(now, customer, entitlement).map(|meter| write_meter(&meter))
    }

    /// The limit that counts for a customer, or that a plan says, with quantities in the credit's unit.
    pub fn limit_json(&self, now: i64, customer: &str, entitlement: &str) -> Option<Value> {
        let rules = self.rules_for(now, customer, entitlement)?;
        let every = match rules.renewal {
            crate::rules::Renewal::Every(ms) => Some(ms),
            _ => None,
        };
        let calendar = match &rules.renewal {
            crate::rules::Renewal::Calendar { schedule, .. } => Some(schedule.to_string()),
            _ => None,
        };
        let amount = |amount: Option<Amount>| amount.map_or(Value::Null, Amount::to_json);
        Some(Value::from(object([
            ("credit", Value::from(self.names.credits.text(rules.credit))),
            ("unit", rules.unit.map_or(Value::Null, |unit| Value::from(unit.name()))),
            ("mode", Value::from(Mode::word(rules.mode))),
            ("value", rules.value.to_json()),
            ("increment", rules.increment.to_json()),
            ("minimum", rules.floor.to_json()),
            ("hard_trailing", Value::from(rules.trailing)),
            ("resets", Value::from(every.is_some() || calendar.is_some())),
            ("reset_inc", Value::from(every)),
            ("reset_sch", Value::from(calendar)),
            ("governor_capacity", amount(rules.governor.map(|governor| governor.capacity))),
            ("governor_refill_rate", amount(rules.governor.map(|governor| governor.refill))),
            ("ewma_alpha", Value::from(rules.alpha)),
        ])))
    }
}
