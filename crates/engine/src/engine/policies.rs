//! Changing the policy: whole, or one plan of it. Always atomic: what is refused changes nothing.

use serde_json::Value;

use super::object;
use crate::engine::Engine;
use crate::error::EngineError;
use crate::policy::{Plan, Policy};
use crate::rules::{LimitRules, Rules};

impl Engine {
    /// Puts `policy` in force as the next version. Customers keep their meters, in the new unit of a credit that gets
    /// another one; overrides are read against it.
    ///
    /// # Errors
    /// As [`Engine::new`]; `amount_out_of_range` where a meter can't be counted in a credit's new unit. Nothing
    /// changes then.
    pub fn update_policy(&mut self, now: i64, policy: Policy) -> Result<u64, EngineError> {
        let now = self.observe(now);
        self.outbox.check_room()?;
        let previous = self.rules.version;
        let conversions = self.conversions(now, &policy)?;
        self.swap(policy)?;
        self.convert(now, conversions);
        self.tell("policy-updated", |engine| {
            object([("version", Value::from(engine.rules.version)), ("previous", Value::from(previous))])
        });
        Ok(self.rules.version)
    }

    /// Adds a plan or replaces it. `plan` was read against this engine's policy.
    ///
    /// # Errors
    /// As [`Engine::update_policy`].
    pub fn set_plan(&mut self, now: i64, name: &str, plan: Plan) -> Result<(), EngineError> {
        self.observe(now);
        self.outbox.check_room()?;
        let mut policy = self.rules.policy.clone();
        if plan.default {
            for other in policy.plans.values_mut() {
                other.default = false;
            }
        }
        policy.plans.insert(name.to_string(), plan);
        self.swap(policy)?;
        self.tell("plan-set", |engine| plan_payload(name, engine.rules.policy.plans.get(name)));
        Ok(())
    }

    /// Removes a plan; whether there was one. Customers that are stored on it keep its name, and are denied until the
    /// plan is back or they are moved.
    ///
    /// # Errors
    /// As [`Engine::update_policy`].
    pub fn delete_plan(&mut self, now: i64, name: &str) -> Result<bool, EngineError> {
        self.observe(now);
        self.outbox.check_room()?;
        let mut policy = self.rules.policy.clone();
        let Some(plan) = policy.plans.shift_remove(name) else { return Ok(false) };
        self.swap(policy)?;
        self.tell("plan-removed", |_| plan_payload(name, Some(&plan)));
        Ok(true)
    }

    fn swap(&mut self, policy: Policy) -> Result<(), EngineError> {
        let version = self.rules.version.saturating_add(1);
        self.rules = Rules::compile(policy, version, &mut self.names)?;
        for customer in self.customers.iter_mut() {
            for own in &mut customer.overrides {
                let rules = LimitRules::compile(&own.limit, &self.rules.policy, &mut self.names);
                own.rules = rules.ok().map(Box::new);
            }
        }
        Ok(())
    }
}

fn plan_payload(name: &str, plan: Option<&Plan>) -> serde_json::Map<String, Value> {
    object([("plan", Value::from(name)), ("definition", plan.map_or(Value::Null, Plan::to_json))])
}
