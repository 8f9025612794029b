//! Topups: granting them, and what of a credit is left.

use serde_json::Value;

use super::object;
use crate::change::{Effected, GrantAdded};
use crate::customer::{CustomerId, Grant};
use crate::engine::Engine;
use crate::error::EngineError;
use crate::limits::GRANTS_MAX;
use crate::names::NameId;
use crate::quantity::{Amount, Unit};
use crate::shares::issue;

impl Engine {
    /// Grants a topup of the customer's effective plan; whether there are such a customer and such a topup. Event
    /// `customer-topup-granted`.
    ///
    /// # Errors
    /// `too_many` where the customer has 1,000 grants that aren't spent, `outbox_full`. Nothing changes then.
    ///
    /// # Example
    /// ```
    /// # use limitr_engine::Engine;
    /// # let mut engine = Engine::example()?;
    /// assert!(!engine.apply_topup(0, "user_1", "pack")?, "the plan has no such topup");
    /// # Ok::<(), limitr_engine::EngineError>(())
    /// ```
    pub fn apply_topup(&mut self, now: i64, customer: &str, topup: &str) -> Result<bool, EngineError> {
        let now = self.observe(now);
        self.outbox.check_room()?;
        let Some(at) = self.customers.find(customer) else { return Ok(false) };
        let plan = self.effective_plan(at);
        let found = plan.zip(self.names.topups.find(topup));
        let Some((plan, name)) = found.filter(|(plan, name)| self.has_topup(*plan, *name)) else {
            return Ok(false);
        };
        self.drop_spent(now, at);
        if self.customers.get(at).is_some_and(|customer| customer.grants().len() >= GRANTS_MAX) {
            let message =
                format!("`{customer}` has {GRANTS_MAX} grants that aren't spent: no more can be added");
            return Err(EngineError::new("too_many", message));
        }
        let number = self.grant(now, at, plan, name, false);
        self.tell("customer-topup-granted", |engine| {
            object([
                ("customer", engine.record_at(at).unwrap_or_default()),
                ("topup", Value::from(topup)),
                ("grant", number.map_or(Value::Null, |number| Value::from(format!("grant_{number}")))),
            ])
        });
        Ok(true)
    }

    /// Grants what comes with a customer's effective plan and wasn't granted yet; whether anything was. It is done when a
    /// customer is created or moved; a customer whose plan came to change through its references needs it by hand.
    ///
    /// # Errors
    /// `outbox_full`.
    pub fn ensure_included_topups(&mut self, now: i64, customer: &str) -> Result<bool, EngineError> {
        let now = self.observe(now);
        self.outbox.check_room()?;
        match self.customers.find(customer) {
            Some(at) => Ok(self.follow_plan(now, at)),
            None => Ok(false),
        }
    }

    /// What the customer's grants hold in a credit, in its unit. `None` for a customer or credit that isn't there. Grants
    /// that catch up on a bounded number of periods at once do so now.
    pub fn remaining_credit(&mut self, now: i64, customer: &str, credit: &str) -> Option<Amount> {
        let now = self.observe(now);
        let at = self.customers.find(customer)?;
        let credit = self.names.credits.find(credit)?;
        self.renew_grants(now, at);
        let grants = self.customers.get(at)?.grants().iter().filter(|grant| grant.credit == credit);
        let standing = grants.filter_map(|grant| self.standing(at, grant, now));
        Some(standing.fold(Amount::ZERO, |sum, standing| sum.saturating_add(standing.balance)))
    }

    /// The unit that amounts of a credit are counted in.
    pub(crate) fn unit_of(&self, credit: NameId) -> Option<Unit> {
        self.rules.policy.credits.get(self.names.credits.text(credit))?.stof_units
    }

    /// Ends included grants of plans that aren't the customer's any more, and grants those of the one that is; whether any
    /// was granted.
    pub(crate) fn follow_plan(&mut self, now: i64, at: CustomerId) -> bool {
        let plan = self.effective_plan(at);
        self.end_grants(now, at, |grant| grant.included && Some(grant.plan) != plan);
        let Some((plan, customer)) = plan.zip(self.customers.get(at)) else { return false };
        let granted = |topup: NameId| {
            let mut included = customer.grants().iter().filter(|grant| grant.included);
            included.any(|grant| grant.topup == topup)
        };
        let topups = self.rules.plan(plan).into_iter().flat_map(|rules| rules.topups());
        let missing: Vec<NameId> = topups
            .filter(|(_, rules)| rules.included)
            .filter(|(_, rules)| rules.scopes.is_empty() || rules.scopes.contains(&customer.kind))
            .map(|(topup, _)| topup)
            .filter(|topup| !granted(*topup))
            .collect();
        for topup in &missing {
            self.grant(now, at, plan, *topup, true);
        }
        !missing.is_empty()
    }

    fn has_topup(&self, plan: NameId, topup: NameId) -> bool {
        self.rules.plan(plan).is_some_and(|rules| rules.topup(topup).is_some())
    }

    /// Adds a grant of a topup that the plan has; its number.
    fn grant(
        &mut self,
        now: i64,
        at: CustomerId,
        plan: NameId,
        topup: NameId,
        included: bool,
    ) -> Option<u64> {
        let rules = self.rules.plan(plan)?.topup(topup)?;
        let customer = self.customers.get_mut(at)?;
        let grant = Grant {
            number: issue(&mut self.shares, customer),
            credit: rules.credit,
            plan,
            topup,
            included,
            balance: rules.first_balance(),
            start: now,
            period_start: rules.renewal.period(now, now).start,
            expires_on: rules.expires_after.map(|after| now.saturating_add(after)),
        };
        customer.rest_mut().grants.push(grant);
        let (holder, names) = (&customer.id, &self.names);
        self.outbox.record(now, || {
            Effected::GrantAdded(GrantAdded {
                holder: &**holder,
                grant: grant.number,
                credit: names.credits.text(grant.credit),
                plan: names.plans.text(plan),
                topup: names.topups.text(topup),
                included,
                balance: grant.balance,
                period_start: grant.period_start,
                expires_on: grant.expires_on,
            })
        });
        Some(grant.number)
    }

    /// Forgets grants that can never cover anything again.
    fn drop_spent(&mut self, now: i64, at: CustomerId) {
        let Some(customer) = self.customers.get(at) else { return };
        let spent: Vec<u64> = customer
            .grants()
            .iter()
            .filter(|grant| {
                let topup = self.topup_of(grant);
                let renews = topup.is_some_and(|topup| topup.renews());
                grant.standing(topup, now).is_none_or(|standing| standing.balance.is_zero() && !renews)
            })
            .map(|grant| grant.number)
            .collect();
        self.end_grants(now, at, |grant| spent.binary_search(&grant.number).is_ok());
    }

    fn end_grants(&mut self, now: i64, at: CustomerId, ends: impl Fn(&Grant) -> bool) {
        let Some(customer) = self.customers.get_mut(at) else { return };
        let ended: Vec<u64> =
            customer.grants().iter().filter(|g| ends(g)).map(|grant| grant.number).collect();
        if ended.is_empty() {
            return;
        }
        customer.rest_mut().grants.retain(|grant| !ends(grant));
        self.outbox.record(now, || Effected::GrantsEnded { holder: &*customer.id, grants: ended });
    }
}
