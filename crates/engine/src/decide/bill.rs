//! Step 6: what a call is worth.

use super::{Effect, View};
use crate::customer::Meter;
use crate::error::EngineError;
use crate::policy::Mode;
use crate::pricing::Bill;
use crate::quantity::Amount;
use crate::rules::LimitRules;

/// The bill of a call; `None` where no billable units move or the credit has no price, which costs a branch.
#[inline(always)]
pub(super) fn of(
    rules: &LimitRules,
    meter: Option<&Meter>,
    view: &View,
    effect: &Effect,
) -> Result<Option<Bill>, EngineError> {
    between(rules, meter.filter(|_| !view.over), (view.used, effect.used), effect.granted)
}

/// [`of`] a call that brings the period's usage from `old` to `used`, where grants cover the first `granted` units past the limit;
/// `meter` is that of the period, if it was begun.
#[inline(always)]
pub(super) fn between(
    rules: &LimitRules,
    meter: Option<&Meter>,
    (old, used): (Amount, Amount),
    granted: Amount,
) -> Result<Option<Bill>, EngineError> {
    let Some(price) = rules.price.as_deref() else { return Ok(None) };
    let within = old.max(used) <= rules.value;
    if within || rules.mode == Mode::Observe || old == used {
        return Ok(None);
    }
    let billable = |used: Amount| used.saturating_sub(rules.value).max(Amount::ZERO);
    let billed = meter.map_or(Amount::ZERO, |meter| meter.sums().billed);
    Bill::of(price, billable(old), granted, billable(used), billed).map(Some)
}
