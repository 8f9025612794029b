//! The whole answer of a decision.

use serde::{Deserialize, Serialize};

use super::{Denial, Effect, Judged, Verdict};
use crate::engine::Engine;
use crate::names::NameId;
use crate::policy::Mode;
use crate::quantity::Amount;
use crate::shares::Source;

/// Why a call was allowed or denied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// Within the limit.
    Ok,
    /// An entitlement without a limit.
    Feature,
    /// Denied: the limit has no room.
    OverLimit,
    /// Allowed past the limit: the part past it is overage.
    Overage,
    /// Allowed past the limit: grants covered all of it.
    CoveredByGrant,
    /// Denied: a cap has no room.
    Capped,
    /// Denied: the governor holds too few tokens.
    Governed,
    /// Denied: no such customer.
    UnknownCustomer,
    /// Denied: no plan has this entitlement.
    UnknownEntitlement,
    /// Denied: neither the caller nor anyone it belongs to has the type that holds the meter.
    NoScopeHolder,
    /// Denied: another plan has this entitlement, the customer's hasn't.
    NotInPlan,
    /// Would have been denied, and was recorded by force.
    Forced,
    /// Denied: there is room, but it isn't leased to this engine.
    Lease,
    /// Denied: the server can't be reached, and its host denies every call then.
    Offline,
}

impl Reason {
    /// The documented word, such as `over_limit`.
    pub fn as_str(self) -> &'static str {
        match self {
            Reason::Ok => "ok",
            Reason::Feature => "feature",
            Reason::OverLimit => "over_limit",
            Reason::Overage => "overage",
            Reason::CoveredByGrant => "covered_by_grant",
            Reason::Capped => "capped",
            Reason::Governed => "governed",
            Reason::UnknownCustomer => "unknown_customer",
            Reason::UnknownEntitlement => "unknown_entitlement",
            Reason::NoScopeHolder => "no_scope_holder",
            Reason::NotInPlan => "not_in_plan",
            Reason::Forced => "forced",
            Reason::Lease => "lease",
            Reason::Offline => "offline",
        }
    }
}

/// What denied a call, or would have without force.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BoundBy {
    /// The limit.
    Limit,
    /// The governor.
    Governor,
    /// A cap: the caller's own, one that is shared with it, or one of the call.
    Cap,
}

impl BoundBy {
    /// The documented word.
    pub fn as_str(self) -> &'static str {
        match self {
            BoundBy::Limit => "limit",
            BoundBy::Governor => "governor",
            BoundBy::Cap => "cap",
        }
    }
}

impl Effect {
    /// Why the call may run.
    #[inline]
    pub(super) fn reason(&self) -> Reason {
        match (self.forced, self.overage.is_positive(), self.granted.is_positive()) {
            (true, _, _) => Reason::Forced,
            (false, true, _) => Reason::Overage,
            (false, false, true) => Reason::CoveredByGrant,
            (false, false, false) => Reason::Ok,
        }
    }
}

/// A decision in full. What doesn't apply is `None`; amounts are in the credit's unit, times in milliseconds.
#[derive(Clone, Debug, PartialEq)]
pub struct Decision {
    /// Whether the call may run.
    pub allowed: bool,
    /// Why.
    pub reason: Reason,
    /// The entitlement, if any plan ever had it.
    pub entitlement: Option<NameId>,
    /// The caller's effective plan.
    pub plan: Option<NameId>,
    /// What is included, without grants.
    pub limit: Option<Amount>,
    /// Units used: after the call if it was allowed, else before.
    pub used: Option<Amount>,
    /// Units that others hold.
    pub held: Option<Amount>,
    /// What can still be used; `None` in observe mode.
    pub remaining: Option<Amount>,
    /// What was asked for.
    pub requested: Option<Amount>,
    /// When the next period begins, since the epoch.
    pub resets_at: Option<i64>,
    /// When the governor, a cap or the next period would admit the call; `None`: never, or it was allowed.
    pub retry_after_ms: Option<i64>,
    /// Units of this call past the limit.
    pub overage: Option<Amount>,
    /// Units of the excess that grants covered.
    pub granted: Option<Amount>,
    /// What to bill for the call, in runes; below 0 it is given back. `None` where the credit has no price.
    pub overage_price: Option<Amount>,
    /// The list worth of the call's billable units, in runes. `None` where the credit has no price.
    pub price: Option<Amount>,
    /// The call's overhead in runes.
    pub cost: Option<Amount>,
    /// The limit's mode.
    pub mode: Option<Mode>,
    /// What denied it, or would have.
    pub bound_by: Option<BoundBy>,
    /// The version of the policy that decided.
    pub policy_version: u64,
    /// Where it comes from.
    pub source: Source,
    /// Whether it is what one engine alone would say that knew everything.
    pub exact: bool,
    /// The most that others may have spent unseen of what is left; `None`: nothing is shared, or there is no telling.
    pub at_risk: Option<Amount>,
}

impl Engine {
    /// The answer where a name leads nowhere.
    pub(super) fn missing(&self, reason: Reason, plan: Option<NameId>, entitlement: &str) -> Decision {
        self.forget_dry();
        Decision {
            reason,
            plan,
            entitlement: self.names.entitlements.find(entitlement),
            ..Decision::blank(false, self.rules.version)
        }
    }

    /// The answer of a feature flag.
    pub(super) fn feature(&self, plan: NameId, entitlement: NameId) -> Decision {
        Decision {
            reason: Reason::Feature,
            plan: Some(plan),
            entitlement: Some(entitlement),
            ..Decision::blank(true, self.rules.version)
        }
    }

    /// The answer of a limit.
    pub(super) fn answer(&self, now: i64, judged: &Judged) -> Decision {
        let Judged { subject, terms, view, requested, verdict, bill, .. } = judged;
        let used = match verdict {
            Verdict::Allowed(effect) => effect.used,
            Verdict::Denied(_) => view.used,
        };
        let decision = Decision {
            entitlement: Some(subject.entitlement),
            plan: Some(subject.plan),
            limit: Some(terms.limit),
            used: Some(used),
            held: Some(view.held),
            remaining: self.remaining_after(now, judged),
            requested: Some(*requested),
            resets_at: view.resets_at(),
            mode: Some(terms.mode),
            ..Decision::blank(judged.is_allowed(), self.rules.version)
        };
        let decision = self.with_source(decision, judged);
        let (overage_price, price) = match bill {
            Some(bill) => (bill.overage_price, bill.price),
            None => (Amount::ZERO, Amount::ZERO),
        };
        match verdict {
            Verdict::Allowed(effect) => Decision {
                reason: effect.reason(),
                overage: Some(effect.overage),
                granted: Some(effect.granted),
                overage_price: terms.priced.then_some(overage_price),
                price: terms.priced.then_some(price),
                cost: Some(effect.overhead),
                ..decision
            },
            Verdict::Denied(Denial::Limit { retry_after_ms, .. }) => Decision {
                reason: Reason::OverLimit,
                bound_by: Some(BoundBy::Limit),
                retry_after_ms: *retry_after_ms,
                ..decision
            },
            Verdict::Denied(Denial::Cap { retry_after_ms, .. }) => Decision {
                reason: Reason::Capped,
                bound_by: Some(BoundBy::Cap),
                retry_after_ms: *retry_after_ms,
                ..decision
            },
            Verdict::Denied(Denial::Lease { bound_by }) => Decision {
                reason: Reason::Lease,
                bound_by: *bound_by,
                source: Source::Lease,
                exact: false,
                ..decision
            },
            Verdict::Denied(Denial::Governor { retry_after_ms, .. }) => Decision {
                reason: Reason::Governed,
                bound_by: Some(BoundBy::Governor),
                retry_after_ms: *retry_after_ms,
                ..decision
            },
        }
    }

    /// Says where an answer comes from, in an engine that shares.
    fn with_source(&self, decision: Decision, judged: &Judged) -> Decision {
        let Some(money) = judged.money.as_deref().filter(|_| self.shares.is_some()) else { return decision };
        let (source, exact, at_risk) = match money.source {
            Source::Offline => {
                let room = judged.terms.limit.saturating_sub(judged.view.used);
                (Source::Offline, false, Some(room.max(Amount::ZERO)))
            }
            Source::Lease => (Source::Lease, true, Some(Amount::ZERO)),
            source => (source, judged.terms.mode == Mode::Hard, None),
        };
        Decision { source, exact, at_risk, ..decision }
    }
}

impl Decision {
    /// Whether it says that the call may run within its limit, and else nothing that a plan, a limit and a meter don't: an engine that
    /// shares nothing answered, nobody holds anything, and the call is free of overhead and of what is past the limit.
    #[inline(always)]
    pub fn is_plain(&self) -> bool {
        let nothing = |amount: Option<Amount>| amount.is_some_and(Amount::is_zero);
        let runs = self.allowed && self.reason == Reason::Ok && self.bound_by.is_none();
        let alone = self.source == Source::Local && self.exact && self.at_risk.is_none();
        let free = self.price.is_none_or(Amount::is_zero) && self.overage_price == self.price;
        let costless = free && nothing(self.cost) && nothing(self.overage) && nothing(self.granted);
        runs && alone && costless && nothing(self.held) && self.retry_after_ms.is_none()
    }

    /// One that says nothing yet.
    #[inline(always)] // so that it is known what an answer doesn't say
    pub(super) fn blank(allowed: bool, policy_version: u64) -> Decision {
        Decision {
            allowed,
            reason: Reason::Ok,
            entitlement: None,
            plan: None,
            limit: None,
            used: None,
            held: None,
            remaining: None,
            requested: None,
            resets_at: None,
            retry_after_ms: None,
            overage: None,
            granted: None,
            overage_price: None,
            price: None,
            cost: None,
            mode: None,
            bound_by: None,
            policy_version,
            source: Source::Local,
            exact: true,
            at_risk: None,
        }
    }
}
