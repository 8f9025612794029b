//! Step 4: a meter as it stands at a moment, whether or not a call has begun the period yet.

use crate::customer::{Meter, Sums};
use crate::quantity::Amount;
use crate::rules::{LimitRules, Period};

/// A meter at a moment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct View {
    /// The period that the moment lies in.
    pub(crate) period: Period,
    /// Whether the meter's own record is of an earlier period.
    pub(crate) over: bool,
    /// Units used in the period.
    pub(crate) used: Amount,
    /// Units reserved by others' holds.
    pub(crate) held: Amount,
    /// Units past the limit that grants covered in the period: of those that stand past the limit that counts now.
    pub(crate) granted: Amount,
    /// The same as the meter says it, under the limit that counted then.
    pub(crate) granted_before: Amount,
    /// Your cost in the period, in runes.
    pub(crate) overhead: Amount,
    /// Tokens missing from the governor's bucket.
    pub(crate) spent: Amount,
}

impl View {
    /// The meter under `rules` at `now`, of which `held` units are reserved. A meter that hasn't started yet starts now.
    #[inline(always)]
    pub(crate) fn of(meter: Option<&Meter>, rules: &LimitRules, now: i64, held: Amount) -> View {
        let Some(meter) = meter else {
            return View::begun(rules.renewal.period(now, now), false, held);
        };
        let period = rules.renewal.period(meter.start, now);
        if period.start > meter.period_start {
            return View::begun(period, true, held);
        }
        let Sums { granted: granted_before, overhead, spent, spent_at, .. } = meter.sums();
        let spent = match rules.governor {
            Some(governor) => governor.refilled(spent, now.saturating_sub(spent_at)),
            None => Amount::ZERO,
        };
        let used = meter.value;
        let granted = match granted_before.is_zero() {
            true => Amount::ZERO,
            false => granted_before.min(used.saturating_sub(rules.value).max(Amount::ZERO)),
        };
        View { period, over: false, used, held, granted, granted_before, overhead, spent }
    }

    #[inline]
    fn begun(period: Period, over: bool, held: Amount) -> View {
        View {
            period,
            over,
            used: Amount::ZERO,
            held,
            granted: Amount::ZERO,
            granted_before: Amount::ZERO,
            overhead: Amount::ZERO,
            spent: Amount::ZERO,
        }
    }

    /// When the next period begins, in milliseconds since the epoch.
    pub(crate) fn resets_at(&self) -> Option<i64> {
        self.period.resets_at()
    }
}
