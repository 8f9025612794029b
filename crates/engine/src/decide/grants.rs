//! Grants: what they cover of a call, and what they lose by it.
//!
//! 1. Candidates are the holder's grants that still stand: those in the limit's own credit, and those whose credit
//!    converts into it.
//! 2. Own credit first. Within each by the policy's strategy (soonest end, cheapest or dearest by runes per unit), then
//!    oldest first.
//! 3. Each covers what it can. One that is used up loses its whole balance, and covers what that converts into; the last
//!    one loses what the rest of the call converts into. So units are covered exactly, and a conversion is rounded once,
//!    half-even at 10⁻¹².

use std::cmp::{Ordering, Reverse};

use super::Subject;
use crate::change::Effected;
use crate::customer::{CustomerId, Grant, Standing};
use crate::engine::Engine;
use crate::names::NameId;
use crate::policy::GrantStrategy;
use crate::quantity::Amount;
use crate::rules::TopupRules;

/// What one grant loses by a call.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Draw {
    /// The grant's place among the holder's.
    pub(crate) at: usize,
    /// What it held before.
    pub(crate) before: Standing,
    /// What it loses, in its own credit.
    pub(crate) taken: Amount,
    /// What that covers, in the limit's credit.
    pub(crate) covered: Amount,
}

/// A grant that can cover something, with what it is chosen by.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Candidate {
    at: usize,
    credit: NameId,
    start: i64,
    number: u64,
    standing: Standing,
    /// What may be taken of its balance.
    available: Amount,
    /// What that converts into.
    capacity: Amount,
}

impl Engine {
    /// The current definition of a grant's topup.
    pub(crate) fn topup_of(&self, grant: &Grant) -> Option<&TopupRules> {
        self.rules.plan(grant.plan)?.topup(grant.topup)
    }

    /// What a grant of `holder` holds at `now`; `None` once it is over, or left behind with its plan.
    pub(crate) fn standing(&self, holder: CustomerId, grant: &Grant, now: i64) -> Option<Standing> {
        if grant.included && self.effective_plan(holder) != Some(grant.plan) {
            return None;
        }
        grant.standing(self.topup_of(grant), now)
    }

    /// Whether grants of `holder` began periods that are to be caught up on now, since only so many are at once.
    pub(super) fn owes_renewals(&self, now: i64, holder: CustomerId) -> bool {
        self.customers.get(holder).is_some_and(|customer| {
            customer.grants().iter().any(|grant| self.owed(now, holder, grant).is_some())
        })
    }

    fn owed(&self, now: i64, holder: CustomerId, grant: &Grant) -> Option<Standing> {
        self.topup_of(grant).filter(|topup| topup.bounds_catching_up())?;
        self.standing(holder, grant, now).filter(|standing| standing.period_start > grant.period_start)
    }

    /// Catches up on periods of grants where only so many are caught up on at once: every metered call of the holder does,
    /// and reading what is left of a credit, so that only an absence loses any.
    pub(crate) fn renew_grants(&mut self, now: i64, holder: CustomerId) {
        let Some(customer) = self.customers.get(holder) else { return };
        let owed = customer.grants().iter().enumerate();
        let owed = owed.filter_map(|(at, grant)| Some((at, self.owed(now, holder, grant)?)));
        for (at, standing) in owed.collect::<Vec<_>>() {
            let Some(customer) = self.customers.get_mut(holder) else { return };
            let Some(grant) = customer.rest_mut().grants.get_mut(at) else { return };
            let Standing { balance, period_start, .. } = standing;
            (grant.balance, grant.period_start) = (balance, period_start);
            let (number, holder) = (grant.number, &customer.id);
            self.outbox.record(now, || Effected::GrantRenewed {
                holder: &**holder,
                grant: number,
                period_start,
                balance,
            });
        }
    }

    /// Draws `need` units of `credit` from the grants of `holder`, where `leased` only what is leased of them: what each would
    /// lose goes to `draws`, and what they cover together is answered.
    pub(super) fn draw(
        &self,
        now: i64,
        holder: CustomerId,
        credit: NameId,
        (need, leased): (Amount, bool),
        candidates: &mut Vec<Candidate>,
        draws: &mut Vec<Draw>,
    ) -> Amount {
        self.candidates(now, holder, credit, leased, candidates);
        let mut left = need;
        for candidate in candidates.iter() {
            if !left.is_positive() {
                break;
            }
            let available = candidate.available;
            let (covered, taken) = if candidate.capacity <= left {
                (candidate.capacity, available)
            } else {
                (left, self.converted(left, credit, candidate.credit).min(available))
            };
            left = left.saturating_sub(covered);
            draws.push(Draw { at: candidate.at, before: candidate.standing, taken, covered });
        }
        need.saturating_sub(left)
    }

    /// What the holder's grants can cover of `credit`, where `draws` have been taken already.
    pub(crate) fn coverable(&self, now: i64, holder: CustomerId, credit: NameId, draws: &[Draw]) -> Amount {
        let Some(customer) = self.customers.get(holder) else { return Amount::ZERO };
        let mut sum = Amount::ZERO;
        for (at, grant) in customer.grants().iter().enumerate() {
            let Some(standing) = self.standing(holder, grant, now) else { continue };
            let taken = draws.iter().find(|draw| draw.at == at).map_or(Amount::ZERO, |draw| draw.taken);
            sum = sum.saturating_add(self.converted(
                standing.balance.saturating_sub(taken),
                grant.credit,
                credit,
            ));
        }
        sum.min(Amount::LIMIT)
    }

    /// Whether a meter's holder has grants that may cover what passes its limit.
    #[inline]
    pub(super) fn has_grants(&self, subject: &Subject) -> bool {
        self.customers.get(subject.holder).is_some_and(|holder| !holder.grants().is_empty())
    }

    fn candidates(
        &self,
        now: i64,
        holder: CustomerId,
        credit: NameId,
        leased: bool,
        found: &mut Vec<Candidate>,
    ) {
        found.clear();
        let Some(customer) = self.customers.get(holder) else { return };
        for (at, grant) in customer.grants().iter().enumerate() {
            let Some(standing) = self.standing(holder, grant, now) else { continue };
            let available = match leased {
                true => self.leased_of(now, holder, grant.number, &standing),
                false => standing.balance,
            };
            let capacity = self.converted(available, grant.credit, credit);
            if capacity.is_positive() {
                let Grant { credit, start, number, .. } = *grant;
                found.push(Candidate { at, credit, start, number, standing, available, capacity });
            }
        }
        if found.len() > 1 {
            found.sort_unstable_by(|a, b| self.drawn_before(credit, a, b));
        }
    }

    fn drawn_before(&self, own: NameId, a: &Candidate, b: &Candidate) -> Ordering {
        let rates = &self.rules.rates;
        let by_strategy = || match rates.strategy {
            GrantStrategy::ExpiresFirst => a.standing.expires_on.cmp(&b.standing.expires_on),
            GrantStrategy::CheapestFirst => rates.compare(a.credit, b.credit),
            GrantStrategy::ValuableFirst => rates.compare(b.credit, a.credit),
        };
        let own_first = Reverse(a.credit == own).cmp(&Reverse(b.credit == own));
        own_first.then_with(by_strategy).then_with(|| (a.start, a.number).cmp(&(b.start, b.number)))
    }

    /// An amount in another credit; nothing where it doesn't convert, the most that can be counted where it is more.
    #[inline]
    pub(super) fn converted(&self, amount: Amount, from: NameId, to: NameId) -> Amount {
        if from == to {
            return amount;
        }
        match self.rules.rates.convert(amount, from, to) {
            Ok(converted) => converted.unwrap_or_default().min(Amount::LIMIT),
            Err(_) => Amount::LIMIT,
        }
    }
}
