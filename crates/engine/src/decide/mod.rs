//! A decision, step by step. A gate reads; only the commit writes.
//!
//! 1. [`resolve`]: customer, effective plan, entitlement, scope holder, override. Anything missing is a denial.
//! 2. Without a limit the entitlement is a feature flag: allowed.
//! 3. [`ask`]: the value is brought into the credit's unit.
//! 4. [`view`]: the meter as it stands now, in a new period if the old one is over.
//! 5. [`grants`]: what do the holder's grants cover of what passes the limit?
//! 6. [`caps`], then [`governor`], then [`limit`]: may it run? What would it move?
//! 7. [`bill`]: what are the units past the limit worth?
//! 8. [`commit`]: meter, overhead, what is billed, pace, governor, grants and caps are written, events and changes noted.
//!
//! Where the limit has the only say, calls take short ways: [`within`] it, else [`plain`].
//! Where there are neither grants nor caps to ask, steps 5 and 6 are a branch each; else [`money`] takes them in turn. An engine that shares its
//! limits with others then asks whether what the call would spend is leased to it: [`leased`].
//! `check` and `explain` stop before 8, so they answer what `allow` and `decide` would.

mod allowance;
mod answer;
mod answer_json;
mod ask;
mod asked;
mod batch;
mod bill;
mod caps;
mod commit;
mod governor;
mod grants;
mod leased;
mod limit;
mod money;
mod outbox;
mod plain;
mod reads;
mod remaining;
mod remember;
mod resolve;
mod tell;
mod view;
mod within;

pub use answer::{BoundBy, Decision, Reason};
pub use ask::{Ask, Call, CallCap, Given};
pub use asked::Asked;
pub use batch::{BatchDecision, BatchItem};
pub use outbox::Taken;
pub use remember::Remembered;

pub(crate) use caps::{CapMove, DenyingCap};
pub(crate) use grants::Draw;
pub(crate) use money::{Money, Spare};
pub(crate) use outbox::{Outbox, Place};
pub(crate) use remaining::Usage;
pub(crate) use resolve::{Resolved, Subject};
pub(crate) use view::View;

use within::Way;

use crate::called::Called;
use crate::customer::{CustomerId, held};
use crate::engine::Engine;
use crate::error::EngineError;
use crate::names::NameId;
use crate::policy::Mode;
use crate::pricing::Bill;
use crate::quantity::Amount;
use crate::rules::LimitRules;

/// A decision on a limited entitlement before it is committed: everything that the commit and the answer need.
#[derive(Clone, Debug)]
pub(crate) struct Judged {
    /// Who calls, who holds the meter, under which plan.
    pub(crate) subject: Subject,
    /// What the limit says, as far as the commit and the answer need it.
    pub(crate) terms: Terms,
    /// The meter before the call.
    pub(crate) view: View,
    /// What was asked for, in the credit's unit.
    pub(crate) requested: Amount,
    /// Whether it may run.
    pub(crate) verdict: Verdict,
    /// What it is worth; `None`: it moves no billable units, or the credit has no price.
    pub(crate) bill: Option<Bill>,
    /// What grants lose and caps count; `None`: there are none to ask.
    pub(crate) money: Option<Box<Money>>,
}

/// The part of a limit that outlives the judging.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Terms {
    pub(crate) credit: NameId,
    pub(crate) mode: Mode,
    pub(crate) limit: Amount,
    pub(crate) alpha: f64,
    pub(crate) priced: bool,
    pub(crate) grants: bool,
}

impl Terms {
    #[inline(always)]
    pub(crate) fn of(rules: &LimitRules) -> Terms {
        Terms {
            credit: rules.credit,
            mode: rules.mode,
            limit: rules.value,
            alpha: rules.alpha,
            priced: rules.price.is_some(),
            grants: rules.grants,
        }
    }
}

/// Whether a call may run.
#[derive(Clone, Debug)]
pub(crate) enum Verdict {
    /// It may not.
    Denied(Denial),
    /// It may, and this is what it moves.
    Allowed(Effect),
}

/// Why a call may not run.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Denial {
    /// The limit has no room; `excess` is what doesn't fit.
    Limit { excess: Amount, retry_after_ms: Option<i64> },
    /// The governor's bucket holds too few tokens.
    Governor { tokens: Amount, capacity: Amount, retry_after_ms: Option<i64> },
    /// A cap has no room.
    Cap { cap: DenyingCap, retry_after_ms: Option<i64> },
    /// There is room that isn't leased to this engine; `None`: it may record nothing at all now.
    Lease { bound_by: Option<BoundBy> },
}

/// What a call moves.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Effect {
    /// The meter's movement.
    pub(crate) diff: Amount,
    /// The meter afterwards.
    pub(crate) used: Amount,
    /// Overhead of the call, in runes.
    pub(crate) overhead: Amount,
    /// Overhead of the period afterwards.
    pub(crate) overhead_sum: Amount,
    /// Units newly past the limit that grants don't cover.
    pub(crate) overage: Amount,
    /// Units newly past the limit that grants cover.
    pub(crate) granted: Amount,
    /// Units past the limit that grants cover in the period afterwards.
    pub(crate) granted_sum: Amount,
    /// Tokens missing from the governor's bucket afterwards.
    pub(crate) spent: Amount,
    /// Whether it would have been denied without force.
    pub(crate) forced: bool,
}

impl Engine {
    /// Whether the call may run; if so, it is metered. The state is untouched after a denial, but for a new period.
    ///
    /// # Errors
    /// Misuse only: a value that is no quantity (`invalid_value`, `unknown_unit`, `unit_mismatch`) or amounts past
    /// what can be counted (`amount_out_of_range`). Nothing changes then.
    ///
    /// # Example
    /// ```
    /// # use limitr_engine::{Ask, Call, Engine};
    /// # let mut engine = Engine::example()?;
    /// assert!(engine.allow(0, "user_1", "chat", &Call::new(Ask::by(10.0)))?);
    /// # Ok::<(), limitr_engine::EngineError>(())
    /// ```
    #[inline(always)]
    pub fn allow<'n>(
        &mut self,
        now: i64,
        customer: impl Into<Called<'n>>,
        entitlement: impl Into<Called<'n>>,
        call: &Call<'_>,
    ) -> Result<bool, EngineError> {
        let now = self.observe(now);
        let (caller, entitlement) = self.called(&customer.into(), &entitlement.into());
        if let (Some(caller), Some(entitlement)) = (caller, entitlement) {
            let short = match self.within(now, caller, entitlement, call, |_, _, _| true) {
                Err(Way::Plain) => self.allow_plain(now, caller, entitlement, call),
                within => within.ok(),
            };
            if let Some(allowed) = short {
                return Ok(allowed);
            }
        }
        self.allow_by_steps(now, caller, entitlement, call)
    }

    /// [`Engine::allow`] by the steps of a decision.
    #[inline(never)] // the short way stays short
    fn allow_by_steps(
        &mut self,
        now: i64,
        caller: Option<CustomerId>,
        entitlement: Option<NameId>,
        call: &Call<'_>,
    ) -> Result<bool, EngineError> {
        match self.resolve_found(now, caller, entitlement) {
            Resolved::Missing { .. } => {
                self.forget_dry();
                Ok(false)
            }
            Resolved::Feature { .. } => Ok(true),
            Resolved::Metered { subject, rules } => {
                // Not moved out of the result: it is large.
                let mut result = self.judge(now, subject, rules, call);
                let judged = match &mut result {
                    Ok(judged) => judged,
                    Err(_) => return result.map(|_| false),
                };
                if judged.view.over || judged.renews() || self.tells(call) {
                    self.commit(now, judged, call)?;
                } else if let Verdict::Allowed(effect) = &judged.verdict {
                    // Nobody wants to know more: a few numbers move, and nothing else is put together.
                    self.write(now, judged, effect);
                }
                self.spare.keep(judged.money.take());
                Ok(judged.is_allowed())
            }
        }
    }

    /// What [`Engine::allow`] would answer; nothing changes.
    ///
    /// # Errors
    /// As [`Engine::allow`].
    #[inline]
    pub fn check<'n>(
        &self,
        now: i64,
        customer: impl Into<Called<'n>>,
        entitlement: impl Into<Called<'n>>,
        call: &Call<'_>,
    ) -> Result<bool, EngineError> {
        let now = self.observe(now);
        let (caller, entitlement) = self.called(&customer.into(), &entitlement.into());
        match self.resolve_found(now, caller, entitlement) {
            Resolved::Missing { .. } => Ok(false),
            Resolved::Feature { .. } => Ok(true),
            Resolved::Metered { subject, rules } => {
                let judged = self.judge(now, subject, rules, call)?;
                let allowed = judged.is_allowed();
                self.spare.keep(judged.money);
                Ok(allowed)
            }
        }
    }

    /// [`Engine::allow`] with the whole answer.
    ///
    /// # Errors
    /// As [`Engine::allow`].
    pub fn decide<'n>(
        &mut self,
        now: i64,
        customer: impl Into<Called<'n>>,
        entitlement: impl Into<Called<'n>>,
        call: &Call<'_>,
    ) -> Result<Decision, EngineError> {
        self.decide_for(now, customer, entitlement, call, |decision| decision)
    }

    /// [`Engine::decide`] for a host that takes something out of the answer: what it has no use for isn't put together.
    ///
    /// # Errors
    /// As [`Engine::allow`].
    ///
    /// # Example
    /// ```
    /// # use limitr_engine::{Ask, Call, Engine};
    /// # let mut engine = Engine::example()?;
    /// let call = Call::new(Ask::by(10.0));
    /// let left = engine.decide_for(0, "user_1", "chat", &call, |decision| decision.remaining)?;
    /// assert!(left.is_some());
    /// # Ok::<(), limitr_engine::EngineError>(())
    /// ```
    #[inline(always)]
    pub fn decide_for<'n, T>(
        &mut self,
        now: i64,
        customer: impl Into<Called<'n>>,
        entitlement: impl Into<Called<'n>>,
        call: &Call<'_>,
        take: impl FnOnce(Decision) -> T,
    ) -> Result<T, EngineError> {
        let (now, customer, entitlement) = (self.observe(now), customer.into(), entitlement.into());
        if let (Some(caller), Some(entitlement)) = self.called(&customer, &entitlement) {
            let after = self.within(now, caller, entitlement, call, |within, limit, meter| {
                within.after(now, limit, meter)
            });
            if let Ok(after) = after {
                return Ok(self.answer_within(&after, take));
            }
        }
        self.decide_by_steps(now, customer, entitlement, call).map(take)
    }

    /// [`Engine::decide`] by the steps of a decision.
    #[inline(never)] // the short way stays short
    pub(super) fn decide_by_steps(
        &mut self,
        now: i64,
        customer: Called<'_>,
        entitlement: Called<'_>,
        call: &Call<'_>,
    ) -> Result<Decision, EngineError> {
        match self.resolve(now, customer, entitlement) {
            Resolved::Missing { reason, plan } => Ok(self.missing(reason, plan, entitlement.name)),
            Resolved::Feature { plan, entitlement } => Ok(self.feature(plan, entitlement)),
            Resolved::Metered { subject, rules } => {
                let judged = self.judge(now, subject, rules, call)?;
                let answer = self.answer(now, &judged);
                self.commit(now, &judged, call)?;
                self.spare.keep(judged.money);
                Ok(answer)
            }
        }
    }

    /// What [`Engine::decide`] would answer; nothing changes.
    ///
    /// # Errors
    /// As [`Engine::allow`].
    pub fn explain<'n>(
        &self,
        now: i64,
        customer: impl Into<Called<'n>>,
        entitlement: impl Into<Called<'n>>,
        call: &Call<'_>,
    ) -> Result<Decision, EngineError> {
        let (now, customer, entitlement) = (self.observe(now), customer.into(), entitlement.into());
        match self.resolve(now, customer, entitlement) {
            Resolved::Missing { reason, plan } => Ok(self.missing(reason, plan, entitlement.name)),
            Resolved::Feature { plan, entitlement } => Ok(self.feature(plan, entitlement)),
            Resolved::Metered { subject, rules } => {
                Ok(self.answer(now, &self.judge(now, subject, rules, call)?))
            }
        }
    }

    /// Steps 3 to 7: reads everything, writes nothing.
    #[inline(always)] // what it answers is large: copied only where it isn't inlined
    pub(crate) fn judge(
        &self,
        now: i64,
        subject: Subject,
        rules: &LimitRules,
        call: &Call<'_>,
    ) -> Result<Judged, EngineError> {
        let holder = self.customers.get(subject.holder);
        let meter = holder.and_then(|holder| holder.meter(subject.entitlement));
        let held = match holder {
            Some(holder) if !holder.holds().is_empty() => held(holder.holds(), subject.entitlement, now),
            _ => Amount::ZERO,
        };
        let view = View::of(meter, rules, now, held);
        let requested = call.ask.amount(rules, view.used)?;
        let terms = Terms::of(rules);
        if self.shares.is_some() || self.has_grants(&subject) || self.has_caps(&subject, call) {
            return self.judge_with_money(now, subject, rules, view, requested, call);
        }
        let verdict = if requested.is_negative() {
            Verdict::Allowed(limit::decrease(rules, &view, requested, call)?)
        } else {
            limit::increase(rules, &view, requested, call, now)?
        };
        let bill = match &verdict {
            Verdict::Allowed(effect) => bill::of(rules, meter, &view, effect)?,
            Verdict::Denied(_) => None,
        };
        Ok(Judged { subject, terms, view, requested, verdict, bill, money: None })
    }
}

impl Judged {
    /// Whether the call may run.
    pub(crate) fn is_allowed(&self) -> bool {
        matches!(self.verdict, Verdict::Allowed(_))
    }

    /// Whether grants are to be caught up on by the commit.
    #[inline]
    fn renews(&self) -> bool {
        self.money.as_ref().is_some_and(|money| money.renews)
    }
}
