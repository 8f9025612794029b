//! Changing the policy: whole, or one plan of it. Always atomic: what is refused changes nothing.

use serde_json::Value;

use super::object;
use crate::change::Effected;
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
        self.put_in_force(now, policy, self.rules.version.saturating_add(1))?;
        Ok(self.rules.version)
    }

    /// Puts `policy` in force as this version.
    pub(super) fn put_in_force(&mut self, now: i64, policy: Policy, version: u64) -> Result<(), EngineError> {
        let now = self.observe(now);
        self.outbox.check_bounds()?;
        let previous = self.rules.version;
        let conversions = self.conversions(now, &policy)?;
        self.swap(now, policy, version)?;
        self.convert(now, conversions);
        self.tell("policy-updated", |engine| {
            object([("version", Value::from(engine.rules.version)), ("previous", Value::from(previous))])
        });
        Ok(())
    }

    /// Goes on with `policy`, which wins over the one that was in force: where they differ, it is the next version. Customers
    /// that the document seeds are created where they aren't there.
    ///
    /// # Errors
    /// As [`Engine::update_policy`].
    pub fn resume(&mut self, now: i64, policy: Policy) -> Result<(), EngineError> {
        let mut seeds = policy.customers.clone();
        seeds.retain(|id, _| self.customer(id).is_none());
        let now = self.observe(now);
        if self.rules.version == 0 || policy.to_json() != self.rules.policy.to_json() {
            self.update_policy(now, policy)?;
        }
        self.seed_customers(&seeds)
    }

    /// Adds a plan or replaces it. `plan` was read against this engine's policy.
    ///
    /// # Errors
    /// As [`Engine::update_policy`].
    pub fn set_plan(&mut self, now: i64, name: &str, plan: Plan) -> Result<(), EngineError> {
        let now = self.observe(now);
        self.outbox.check_room()?;
        let mut policy = self.rules.policy.clone();
        if plan.default {
            for other in policy.plans.values_mut() {
                other.default = false;
            }
        }
        policy.plans.insert(name.to_string(), plan);
        self.swap(now, policy, self.rules.version.saturating_add(1))?;
        self.tell("plan-set", |engine| plan_payload(name, engine.rules.policy.plans.get(name)));
        Ok(())
    }

    /// Removes a plan; whether there was one. Customers that are stored on it keep its name, and are denied until the
    /// plan is back or they are moved.
    ///
    /// # Errors
    /// As [`Engine::update_policy`].
    pub fn delete_plan(&mut self, now: i64, name: &str) -> Result<bool, EngineError> {
        let now = self.observe(now);
        self.outbox.check_room()?;
        let mut policy = self.rules.policy.clone();
        let Some(plan) = policy.plans.shift_remove(name) else { return Ok(false) };
        self.swap(now, policy, self.rules.version.saturating_add(1))?;
        self.tell("plan-removed", |_| plan_payload(name, Some(&plan)));
        Ok(true)
    }

    fn swap(&mut self, now: i64, policy: Policy, version: u64) -> Result<(), EngineError> {
        self.restore_policy(policy, version)?;
        self.record_policy(now);
        Ok(())
    }

    /// Notes which policy is in force from now on.
    pub(super) fn record_policy(&mut self, now: i64) {
        let Rules { version, policy, .. } = &self.rules;
        self.outbox.record(now, || Effected::PolicySet { version: *version, document: policy.to_json() });
    }

    /// Puts the policy in force that was in force, as that version: nothing is converted, noted or told.
    ///
    /// # Errors
    /// As [`Engine::new`].
    pub fn restore_policy(&mut self, policy: Policy, version: u64) -> Result<(), EngineError> {
        self.rules = Rules::compile(policy, version, &mut self.names)?;
        for customer in self.customers.iter_mut() {
            for own in customer.rest.iter_mut().flat_map(|rest| &mut rest.overrides) {
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
