//! What can still be used of a meter.

use super::{Draw, Judged, Subject, Terms, Verdict};
use crate::engine::Engine;
use crate::policy::Mode;
use crate::quantity::Amount;

/// A meter as far as what remains of it goes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Usage {
    /// Units used in the period.
    pub(crate) used: Amount,
    /// Those of them past the limit that grants covered.
    pub(crate) granted: Amount,
    /// Units reserved by holds.
    pub(crate) held: Amount,
}

/// What is shown ends where what can be counted does.
pub(super) fn countable(amount: Amount) -> Amount {
    amount.clamp(Amount::from_atoms(Amount::LIMIT.atoms().saturating_neg()), Amount::LIMIT)
}

impl Terms {
    /// Room under the limit, grants apart; negative past it. `None` in observe mode. Countable amounts can't overflow it.
    #[inline]
    pub(crate) fn room(&self, used: Amount, held: Amount) -> Option<Amount> {
        match self.mode {
            Mode::Observe => None,
            Mode::Hard | Mode::Soft => Some(self.limit.saturating_sub(used).saturating_sub(held)),
        }
    }
}

impl Engine {
    /// What can still be used without denial or overage: room under the limit, where units that grants covered count as
    /// unused and which is never below 0 while grants still cover something, plus what grants still cover once `draws`
    /// are taken, minus what is held. `None` in observe mode.
    pub(crate) fn remaining_with_grants(
        &self,
        now: i64,
        subject: &Subject,
        terms: &Terms,
        usage: Usage,
        draws: &[Draw],
    ) -> Option<Amount> {
        let room = terms.room(usage.used, Amount::ZERO)?;
        if !terms.grants || (usage.granted.is_zero() && !self.has_grants(subject)) {
            return Some(countable(room.saturating_sub(usage.held)));
        }
        let room = room.saturating_add(usage.granted);
        let covered = self.coverable(now, subject.holder, terms.credit, draws);
        let room = if covered.is_positive() { room.max(Amount::ZERO) } else { room };
        Some(countable(room.saturating_add(covered).saturating_sub(usage.held)))
    }

    /// What remains after a call that was judged and not written yet.
    pub(super) fn remaining_after(&self, now: i64, judged: &Judged) -> Option<Amount> {
        let Judged { subject, terms, view, verdict, money, .. } = judged;
        let held = view.held;
        match verdict {
            Verdict::Denied(_) => {
                let usage = Usage { used: view.used, granted: view.granted, held };
                self.remaining_with_grants(now, subject, terms, usage, &[])
            }
            Verdict::Allowed(effect) => {
                let usage = Usage { used: effect.used, granted: effect.granted_sum, held };
                let draws = money.as_deref().map_or(&[][..], |money| &money.draws);
                self.remaining_with_grants(now, subject, terms, usage, draws)
            }
        }
    }

    /// What remains before a call, as it stands in its period.
    pub(super) fn remaining_at_first(&self, now: i64, judged: &Judged) -> Option<Amount> {
        let Judged { subject, terms, view, .. } = judged;
        let usage = Usage { used: view.used, granted: view.granted, held: view.held };
        self.remaining_with_grants(now, subject, terms, usage, &[])
    }

    /// What remains after a call that was written.
    pub(crate) fn remaining_now(&self, now: i64, judged: &Judged) -> Option<Amount> {
        let Judged { subject, terms, view, verdict, .. } = judged;
        let Verdict::Allowed(effect) = verdict else { return self.remaining_at_first(now, judged) };
        let usage = Usage { used: effect.used, granted: effect.granted_sum, held: view.held };
        self.remaining_with_grants(now, subject, terms, usage, &[])
    }

    /// What remains before a call, at the beginning of its period.
    pub(super) fn remaining_before(&self, now: i64, judged: &Judged) -> Option<Amount> {
        let usage = Usage { used: Amount::ZERO, granted: Amount::ZERO, held: judged.view.held };
        self.remaining_with_grants(now, &judged.subject, &judged.terms, usage, &[])
    }
}
