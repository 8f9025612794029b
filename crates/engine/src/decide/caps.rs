//! Caps: what a call is worth to each, and whether all of them have room.
//!
//! 1. They are asked in order: the caller's own, shared ones along its references breadth-first, those of the call. The
//!    first without room denies. A call that adds nothing to a cap is never denied by it.
//! 2. Worth is what the call moves in the cap's credit: the units within the limit at the first band's amount, those past it
//!    at what they add to the period's total. An explicit pair of the exchange beats the credit's price.
//! 3. Live holds that would move a cap count as counted.

use super::{Bill, Call, CallCap, Denial, Effect, Subject, View};
use crate::customer::{Cap, CapTerms, CustomerId};
use crate::engine::Engine;
use crate::error::EngineError;
use crate::limits::CALL_CAPS_MAX;
use crate::names::NameId;
use crate::policy::Mode;
use crate::quantity::{Amount, Quantity};
use crate::rules::LimitRules;

/// What a call does to a cap.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct CapMove {
    /// The customer that holds the cap.
    pub(crate) holder: CustomerId,
    /// The cap's place among the holder's.
    pub(crate) at: usize,
    /// What the call adds; below 0 it takes away.
    pub(crate) worth: Amount,
    /// What the cap has counted before, in the period.
    pub(crate) before: Amount,
    /// What it has counted afterwards.
    pub(crate) counted: Amount,
    /// When the period began that this belongs to.
    pub(crate) period_start: i64,
    /// Whether the cap's own record is of an earlier period.
    pub(crate) renewed: bool,
    /// Whether the value is reached for the first time in the period.
    pub(crate) crossed: bool,
}

/// The cap that denied a call.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum DenyingCap {
    /// One that a customer holds, by its place.
    Held { holder: CustomerId, at: usize },
    /// One of the call, in its credit.
    OfCall { credit: NameId, value: Amount },
}

/// What a call spends, as caps see it.
#[derive(Clone, Copy)]
pub(super) struct Spend<'a> {
    pub(super) rules: &'a LimitRules,
    pub(super) effect: &'a Effect,
    pub(super) bill: Option<&'a Bill>,
    /// Units that move past the limit; the rest of the movement is included.
    pub(super) past: Amount,
}

impl<'a> Spend<'a> {
    pub(super) fn of(rules: &'a LimitRules, view: &View, effect: &'a Effect, bill: Option<&'a Bill>) -> Self {
        let billable = |used: Amount| used.saturating_sub(rules.value).max(Amount::ZERO);
        let past = match rules.mode {
            Mode::Observe => Amount::ZERO,
            Mode::Hard | Mode::Soft => billable(effect.used).saturating_sub(billable(view.used)),
        };
        Spend { rules, effect, bill, past }
    }
}

impl Engine {
    /// Whether a caller may have caps to ask.
    #[inline]
    pub(super) fn has_caps(&self, subject: &Subject, call: &Call<'_>) -> bool {
        if !call.caps.is_empty() {
            return true;
        }
        let Some(caller) = self.customers.get(subject.caller) else { return false };
        !caller.caps().is_empty() || (self.customers.any_shares_caps() && !caller.refs.is_empty())
    }

    /// Asks every cap of a call: what it does to each goes to `moves`, and the first denial is answered.
    pub(super) fn ask_caps(
        &self,
        now: i64,
        subject: &Subject,
        spend: &Spend<'_>,
        call: &Call<'_>,
        moves: &mut Vec<CapMove>,
    ) -> Result<Option<Denial>, EngineError> {
        let mut denial = None;
        let mut failure = None;
        let Some(caller) = self.customers.get(subject.caller) else { return Ok(None) };
        let kind = caller.kind;
        let mut ask = |holder: CustomerId, own: bool, caps: &[Cap]| {
            for (at, cap) in caps.iter().enumerate() {
                let terms = &cap.terms;
                let binds = own || terms.is_shared_with(kind);
                if !binds || !terms.covers(subject.entitlement) || !terms.is_live(now) {
                    continue;
                }
                match self.ask_cap(now, holder, at, cap, spend, moves) {
                    Ok(denied) => denial = denial.or(denied),
                    Err(error) => failure = failure.take().or(Some(error)),
                }
            }
            failure.is_some()
        };
        ask(subject.caller, true, caller.caps());
        if self.customers.any_shares_caps() && !caller.refs.is_empty() {
            self.customers.along_refs(subject.caller, |holder, customer| {
                customer.shares_caps() && ask(holder, false, customer.caps())
            });
        }
        if let Some(error) = failure {
            return Err(error);
        }
        let of_call = self.ask_caps_of_call(spend, call)?;
        Ok(denial.or(of_call))
    }

    fn ask_cap(
        &self,
        now: i64,
        holder: CustomerId,
        at: usize,
        cap: &Cap,
        spend: &Spend<'_>,
        moves: &mut Vec<CapMove>,
    ) -> Result<Option<Denial>, EngineError> {
        let terms = &cap.terms;
        let worth = self.worth(terms, spend)?;
        if worth.is_zero() {
            return Ok(None);
        }
        let view = cap.view(now);
        let counted = countable(view.counted.checked_add(worth)?.max(Amount::ZERO))?;
        let reached = !view.crossed && worth.is_positive() && counted >= terms.value;
        moves.push(CapMove {
            holder,
            at,
            worth,
            before: view.counted,
            counted,
            period_start: view.period.start,
            renewed: view.over,
            crossed: reached,
        });
        if terms.observe_only || !worth.is_positive() || spend.effect.diff.is_negative() {
            return Ok(None);
        }
        let taken = view.counted.saturating_add(cap.held(now));
        let (full, fits_anew) = if terms.hard_trailing {
            (taken >= terms.value, terms.value.is_positive())
        } else {
            (taken.saturating_add(worth) > terms.value, worth <= terms.value)
        };
        if !full {
            return Ok(None);
        }
        let renewed = Some(view.period.end).filter(|end| *end != i64::MAX && fits_anew);
        let retry_at = renewed.into_iter().chain(terms.expires_on).min();
        let retry_after_ms = retry_at.map(|at| at.saturating_sub(now));
        Ok(Some(Denial::Cap { cap: DenyingCap::Held { holder, at }, retry_after_ms }))
    }

    /// Caps of the call alone start with nothing counted.
    fn ask_caps_of_call(&self, spend: &Spend<'_>, call: &Call<'_>) -> Result<Option<Denial>, EngineError> {
        if call.caps.len() > CALL_CAPS_MAX {
            let message = format!("a call brings {} caps; {CALL_CAPS_MAX} is the most", call.caps.len());
            return Err(EngineError::new("too_many", message));
        }
        let mut denial = None;
        for cap in call.caps {
            let terms = self.terms_of_call(cap)?;
            let worth = self.worth(&terms, spend)?;
            if denial.is_none()
                && worth.is_positive()
                && !spend.effect.diff.is_negative()
                && worth > terms.value
            {
                let cap = DenyingCap::OfCall { credit: terms.credit, value: terms.value };
                denial = Some(Denial::Cap { cap, retry_after_ms: None });
            }
        }
        Ok(denial)
    }

    fn terms_of_call(&self, cap: &CallCap<'_>) -> Result<CapTerms, EngineError> {
        let credit = self.cap_credit(cap.credit)?;
        let value = match cap.value {
            super::Given::Number(number) => Amount::from_f64(number)?,
            super::Given::Text(text) => Quantity::parse(text)?.in_unit(self.unit_of(credit))?,
        };
        if value.is_negative() {
            return Err(EngineError::new("invalid_value", format!("a cap is at least 0, not `{value}`")));
        }
        Ok(CapTerms::plain(value, credit, self.rules.rates.is_currency(credit)))
    }

    /// The credit or currency that a cap names.
    ///
    /// # Errors
    /// `unknown_credit`.
    pub(crate) fn cap_credit(&self, name: &str) -> Result<NameId, EngineError> {
        let known =
            self.names.credits.find(name).filter(|id| {
                self.rules.policy.credits.contains_key(name) || self.rules.rates.is_currency(*id)
            });
        known.ok_or_else(|| {
            let message = format!("a cap names `{name}`, which is no credit or currency of the policy");
            EngineError::new("unknown_credit", message)
        })
    }

    /// What a call moves in a cap's credit.
    fn worth(&self, cap: &CapTerms, spend: &Spend<'_>) -> Result<Amount, EngineError> {
        let Spend { rules, effect, bill, past } = *spend;
        let rates = &self.rules.rates;
        if effect.diff.is_negative() && !cap.follow_decrements {
            return Ok(Amount::ZERO);
        }
        if cap.overhead_cost {
            return Ok(rates.convert(effect.overhead, rates.rune(), cap.credit)?.unwrap_or_default());
        }
        let included = if cap.overage_only { Amount::ZERO } else { effect.diff.checked_sub(past)? };
        let counted_past = if cap.ignore_grants { past.checked_sub(effect.granted)? } else { past };
        if cap.credit == rules.credit {
            return Ok(included.checked_add(counted_past)?);
        }
        if !cap.exchangeable {
            return Ok(Amount::ZERO);
        }
        if rates.is_explicit(rules.credit) {
            let units = included.checked_add(counted_past)?;
            return Ok(rates.convert(units, rules.credit, cap.credit)?.unwrap_or_default());
        }
        let Some(price) = rules.price.as_deref() else { return Ok(Amount::ZERO) };
        let billed = match bill {
            Some(bill) if cap.ignore_grants => bill.overage_price,
            Some(bill) => bill.price,
            None => Amount::ZERO,
        };
        let runes = price.included_worth(included)?.checked_add(billed)?;
        Ok(rates.convert(runes, rates.rune(), cap.credit)?.unwrap_or_default())
    }
}

/// Refuses a sum past 10²⁴, which no record could bring back.
fn countable(sum: Amount) -> Result<Amount, EngineError> {
    if sum > Amount::LIMIT {
        let message = "the cap would count past 10^24, the most that can be counted";
        return Err(EngineError::new("amount_out_of_range", message));
    }
    Ok(sum)
}
