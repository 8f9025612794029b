//! Steps 5 to 7 of a decision where grants or caps have a say.
//!
//! 1. Grants cover what they can of what passes the limit. The draws are noted, not made.
//! 2. What the call would move is put together as if it were allowed, and priced: caps count from there.
//! 3. Caps are asked, then the governor, then the limit. The first denial counts; a forced call passes it.

use std::cell::Cell;

use super::caps::Spend;
use super::grants::Candidate;
use super::limit::{self, Cover};
use super::{Call, CapMove, Draw, Effect, Judged, Subject, Terms, Verdict, View, bill};
use crate::engine::Engine;
use crate::error::EngineError;
use crate::policy::Mode;
use crate::pricing::Bill;
use crate::quantity::Amount;
use crate::rules::LimitRules;
use crate::shares::Source;

/// What a call takes from grants and adds to caps.
#[derive(Clone, Debug, Default)]
pub(crate) struct Money {
    /// What each grant loses.
    pub(crate) draws: Vec<Draw>,
    /// What each cap counts.
    pub(crate) caps: Vec<CapMove>,
    /// Whether grants are to be caught up on by the commit.
    pub(super) renews: bool,
    /// Where the answer comes from, in an engine that shares.
    pub(super) source: Source,
    /// Whether grants would have covered more, had they been leased.
    pub(super) cut: bool,
    candidates: Vec<Candidate>,
}

/// A [`Money`] that was used and can be used again, so that calls allocate none.
#[derive(Default)]
pub(crate) struct Spare(Cell<Option<Box<Money>>>);

impl Spare {
    fn take(&self) -> Box<Money> {
        let mut money = self.0.take().unwrap_or_default();
        money.draws.clear();
        (money.source, money.cut) = (Source::Local, false);
        money.caps.clear();
        money
    }

    /// Keeps it for the next call.
    #[inline]
    pub(crate) fn keep(&self, money: Option<Box<Money>>) {
        if money.is_some() {
            self.0.set(money);
        }
    }
}

impl std::fmt::Debug for Spare {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Spare")
    }
}

impl Clone for Spare {
    fn clone(&self) -> Spare {
        Spare::default()
    }
}

impl Engine {
    #[inline(never)]
    pub(super) fn judge_with_money(
        &self,
        now: i64,
        subject: Subject,
        rules: &LimitRules,
        view: View,
        requested: Amount,
        call: &Call<'_>,
    ) -> Result<Judged, EngineError> {
        let mut money = self.spare.take();
        self.forget_dry();
        money.renews = self.owes_renewals(now, subject.holder);
        let terms = Terms::of(rules);
        let meter = self.meter(&subject);
        let down = requested.is_negative();
        // A call that can't be denied draws from grants as far as they are leased.
        let leased = self.shares.is_some() && (call.force || rules.mode != Mode::Hard);
        let past = limit::past(rules, &view, requested)?;
        let cover = match down {
            true => Cover::default(),
            false => self.cover(now, &subject, rules, &view, (requested, past, leased), &mut money),
        };
        // What can't be counted is an error only if the limit has room for it.
        let effect = match down {
            true => limit::decrease(rules, &view, requested, call),
            false => limit::moved(rules, &view, requested, past, cover, call),
        };
        let worth = effect.and_then(|effect| Ok((effect, bill::of(rules, meter, &view, &effect)?)));
        let capped = match &worth {
            Ok((effect, bill)) => {
                let spend = Spend::of(rules, &view, effect, bill.as_ref());
                self.ask_caps(now, &subject, &spend, call, &mut money.caps)?
            }
            Err(_) => None,
        };
        let denial = match down {
            true => None,
            false => capped.or_else(|| limit::denial(rules, &view, requested, past, cover, now)),
        };
        let denial = match (&worth, denial) {
            (Ok((effect, _)), None) if !down && self.shares.is_some() => {
                self.unleased(now, &subject, rules, &view, effect, call, &mut money)
            }
            (_, denial) => denial,
        };
        let (verdict, bill): (Verdict, Option<Bill>) = match denial {
            Some(denial) if !call.force => (Verdict::Denied(denial), None),
            _ => {
                let (effect, bill) = worth?;
                (Verdict::Allowed(Effect { forced: denial.is_some(), ..effect }), bill)
            }
        };
        Ok(Judged { subject, terms, view, requested, verdict, bill, money: Some(money) })
    }

    /// What the holder's grants do for a call with a value of 0 or more, of which `past` passes the limit; `leased`: as far as they are.
    pub(super) fn cover(
        &self,
        now: i64,
        subject: &Subject,
        rules: &LimitRules,
        view: &View,
        (requested, past, leased): (Amount, Amount, bool),
        money: &mut Money,
    ) -> Cover {
        let need = past.max(Amount::ZERO);
        // What the limit has no room for; others' holds count for admission, never for overage.
        let wanted = past.saturating_add(view.held);
        let full = rules.trailing && view.used.saturating_add(view.held) >= rules.value;
        if !rules.grants || !(wanted.is_positive() || full) || !self.has_grants(subject) {
            return Cover::default();
        }
        let Money { draws, candidates, cut, .. } = money;
        let granted = self.draw(now, subject.holder, rules.credit, (need, leased), candidates, draws);
        *cut = leased && granted < need;
        let whole = match full && requested.is_zero() {
            true => self.coverable(now, subject.holder, rules.credit, &[]).is_positive(),
            false if view.held.is_zero() => granted == need,
            false => self.coverable(now, subject.holder, rules.credit, &[]) >= wanted,
        };
        Cover { granted, whole }
    }
}
