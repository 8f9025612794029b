//! Step 6: what a call is worth.

use crate::customer::Meter;
use crate::error::EngineError;
use crate::policy::Mode;
use crate::pricing::Bill;
use crate::quantity::Amount;
use crate::rules::LimitRules;

/// The bill of a call that brings the period's usage from `old` to `used`, the first `granted` units past the limit of which grants
/// cover; `meter` is that of the period, if it was begun. `None` where no billable units move or the credit has no price, which costs a
/// branch.
#[inline(always)]
pub(super) fn of(
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
