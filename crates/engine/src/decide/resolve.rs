//! Step 1: who is it, under which plan, and whose meter counts?

use super::answer::Reason;
use crate::called::Called;
use crate::customer::{CustomerId, Meter};
use crate::engine::Engine;
use crate::names::NameId;
use crate::rules::{EntitlementRules, LimitRules};

/// Who calls and whose meter moves.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Subject {
    /// Whose call it is.
    pub(crate) caller: CustomerId,
    /// Who holds the meter and the override.
    pub(crate) holder: CustomerId,
    /// The caller's effective plan.
    pub(crate) plan: NameId,
    /// What is asked for.
    pub(crate) entitlement: NameId,
}

/// What the names of a call stand for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Resolved<'a> {
    /// Something is missing: a denial.
    Missing { reason: Reason, plan: Option<NameId> },
    /// An entitlement without a limit.
    Feature { plan: NameId, entitlement: NameId },
    /// An entitlement with a limit.
    Metered { subject: Subject, rules: &'a LimitRules },
}

impl Engine {
    /// Resolves the names of a call, without writing anything.
    pub(crate) fn resolve<'n>(
        &self,
        now: i64,
        customer: impl Into<Called<'n>>,
        entitlement: impl Into<Called<'n>>,
    ) -> Resolved<'_> {
        let (caller, entitlement) = self.called(&customer.into(), &entitlement.into());
        self.resolve_found(now, caller, entitlement)
    }

    /// Who and what the names of a call are.
    #[inline(always)]
    pub(super) fn called(
        &self,
        customer: &Called<'_>,
        entitlement: &Called<'_>,
    ) -> (Option<CustomerId>, Option<NameId>) {
        (self.customers.called(customer), self.names.entitlements.called(entitlement))
    }

    /// [`Engine::resolve`] of names that were looked up.
    pub(super) fn resolve_found(
        &self,
        now: i64,
        caller: Option<CustomerId>,
        entitlement: Option<NameId>,
    ) -> Resolved<'_> {
        let Some(caller) = caller else {
            return Resolved::Missing { reason: Reason::UnknownCustomer, plan: None };
        };
        let plan = self.effective_plan(caller);
        let Some(entitlement) = entitlement else {
            return Resolved::Missing { reason: Reason::UnknownEntitlement, plan };
        };
        let found = plan.and_then(|plan| Some((plan, self.rules.plan(plan)?.entitlement(entitlement)?)));
        let Some((plan, rules)) = found else {
            let known = self.rules.has_anywhere(entitlement);
            let reason = if known { Reason::NotInPlan } else { Reason::UnknownEntitlement };
            return Resolved::Missing { reason, plan };
        };
        let Some(holder) = self.holder(caller, rules) else {
            return Resolved::Missing { reason: Reason::NoScopeHolder, plan: Some(plan) };
        };
        match self.limit_of(now, holder, entitlement, rules) {
            None => Resolved::Feature { plan, entitlement },
            Some(rules) => {
                Resolved::Metered { subject: Subject { caller, holder, plan, entitlement }, rules }
            }
        }
    }

    /// The meter that a call moves, if it has started.
    #[inline]
    pub(crate) fn meter(&self, subject: &Subject) -> Option<&Meter> {
        self.customers.get(subject.holder)?.meter(subject.entitlement)
    }

    /// The plan that counts for a customer: its own, else that of the nearest reference that has one, else the
    /// policy's default.
    #[inline]
    pub(crate) fn effective_plan(&self, customer: CustomerId) -> Option<NameId> {
        let own = self.customers.get(customer)?;
        if own.plan.is_some() {
            return own.plan;
        }
        if own.refs.is_empty() {
            return self.rules.default_plan;
        }
        let nearest = self.customers.nearest(customer, |other| other.plan.is_some());
        nearest.and_then(|other| self.customers.get(other)?.plan).or(self.rules.default_plan)
    }

    /// Who holds the meter of an entitlement: the nearest customer of its scope, starting with the caller.
    #[inline]
    fn holder(&self, caller: CustomerId, rules: &EntitlementRules) -> Option<CustomerId> {
        match rules.scope {
            None => Some(caller),
            Some(scope) => self.customers.nearest(caller, |customer| customer.kind == scope),
        }
    }

    /// The limit that counts for a holder: its own while it lives, else the plan's.
    #[inline]
    pub(crate) fn limit_of<'a>(
        &'a self,
        now: i64,
        holder: CustomerId,
        entitlement: NameId,
        rules: &'a EntitlementRules,
    ) -> Option<&'a LimitRules> {
        let holder = self.customers.get(holder)?;
        if !holder.overrides().is_empty()
            && let Some(own) = holder.override_of(entitlement)
            && own.is_live(now)
            && let Some(rules) = own.rules.as_deref()
        {
            return Some(rules);
        }
        rules.limit.as_ref()
    }
}
