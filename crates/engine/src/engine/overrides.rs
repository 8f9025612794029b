//! Limits that one customer has in place of its plan's.

use serde_json::{Map, Value};

use crate::change::Effected;
use crate::customer::{CustomerId, Override};
use crate::engine::Engine;
use crate::error::EngineError;
use crate::names::NameId;
use crate::policy::Limit;
use crate::rules::LimitRules;

impl Engine {
    /// Gives a customer a limit of its own: every field given replaces, the rest is inherited from the limit that
    /// counts now, and so is the end of an override that it builds on. Answers whether there is such a customer. The
    /// meter stays.
    ///
    /// # Errors
    /// `unknown_entitlement` where no plan has it, `missing_field` where there is no limit to inherit a credit from; the
    /// diagnostics' codes where the limit that results is refused. Nothing changes then.
    pub fn create_override(
        &mut self,
        now: i64,
        customer: &str,
        entitlement: &str,
        fields: &Map<String, Value>,
        expires_on: Option<i64>,
    ) -> Result<bool, EngineError> {
        let now = self.observe(now);
        self.outbox.check_room()?;
        let Some(at) = self.customers.find(customer) else { return Ok(false) };
        let Some(name) =
            self.names.entitlements.find(entitlement).filter(|name| self.rules.has_anywhere(*name))
        else {
            let message = format!("no plan has an entitlement `{entitlement}`");
            return Err(EngineError::new("unknown_entitlement", message));
        };
        let (current, ends) = self.limit_now(now, at, name);
        if current.credit.is_empty() && !fields.contains_key("credit") {
            let message =
                format!("no plan limits `{entitlement}` yet: give the override a `credit` to meter it in");
            return Err(EngineError::new("missing_field", message));
        }
        let limit = current
            .overlay(fields, &self.rules.policy)
            .map_err(|diagnostics| EngineError::refused_part("the override", diagnostics))?;
        let rules = LimitRules::compile(&limit, &self.rules.policy, &mut self.names)?;
        let own = Override {
            entitlement: name,
            limit,
            rules: Some(Box::new(rules)),
            expires_on: expires_on.or(ends),
        };
        self.put_override(now, at, own);
        self.tell_customer("customer-set", at);
        Ok(true)
    }

    /// Ends a customer's own limit; whether it had one.
    ///
    /// # Errors
    /// `outbox_full`.
    pub fn remove_override(
        &mut self,
        now: i64,
        customer: &str,
        entitlement: &str,
    ) -> Result<bool, EngineError> {
        let now = self.observe(now);
        self.outbox.check_room()?;
        let Some(at) = self.customers.find(customer) else { return Ok(false) };
        let Some(name) = self.names.entitlements.find(entitlement) else { return Ok(false) };
        let Some(customer) = self.customers.get_mut(at) else { return Ok(false) };
        let Some(own) = customer.override_of(name) else { return Ok(false) };
        let counted = own.is_live(now);
        customer.rest_mut().overrides.retain(|own| own.entitlement != name);
        self.outbox.record(now, || Effected::OverrideRemoved { holder: &*customer.id, entitlement });
        self.tell_customer("customer-set", at);
        Ok(counted)
    }

    pub(super) fn put_override(&mut self, now: i64, at: CustomerId, own: Override) {
        let Some(customer) = self.customers.get_mut(at) else { return };
        let names = &self.names.entitlements;
        self.outbox.record(now, || Effected::OverrideSet {
            holder: &*customer.id,
            entitlement: names.text(own.entitlement),
            limit: own.limit.to_json(),
            expires_on: own.expires_on,
        });
        customer.put_override(own);
    }

    /// The limit that a customer has now, as a document would say it, and when it ends: its own, else that of its plan,
    /// else that of the first plan that limits the entitlement (its holder's plan needn't have it), else an empty one.
    fn limit_now(&self, now: i64, at: CustomerId, entitlement: NameId) -> (Limit, Option<i64>) {
        let own = self.customers.get(at).and_then(|customer| customer.override_of(entitlement));
        if let Some(own) = own.filter(|own| own.is_live(now)) {
            return (own.limit.clone(), own.expires_on);
        }
        let name = self.names.entitlements.text(entitlement);
        let plans = &self.rules.policy.plans;
        let plan = self.effective_plan(at).and_then(|plan| plans.get(self.names.plans.text(plan)));
        let limit = plan
            .into_iter()
            .chain(plans.values())
            .find_map(|plan| plan.entitlements.get(name)?.limit.clone());
        (limit.unwrap_or_default(), None)
    }
}
