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
    let Some(price) = rules.price.as_deref() else { return Ok(None) };
    let within = view.used.max(effect.used) <= rules.value;
    if within || rules.mode == Mode::Observe || effect.diff.is_zero() {
        return Ok(None);
    }
    let billable = |used: Amount| used.saturating_sub(rules.value).max(Amount::ZERO);
    let billed = match meter {
        Some(meter) if !view.over => meter.sums().billed,
        _ => Amount::ZERO,
    };
    Bill::of(price, billable(view.used), effect.granted, billable(effect.used), billed).map(Some)
}
