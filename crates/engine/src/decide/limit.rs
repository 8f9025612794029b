//! Step 5: the governor and the limit itself.

use super::view::View;
use super::{Call, Denial, Effect, Verdict};
use crate::error::EngineError;
use crate::policy::Mode;
use crate::quantity::Amount;
use crate::rules::LimitRules;

/// A call with a negative value lowers the meter, to the floor at the lowest; it is never denied and gives back no
/// tokens. A meter that is below the floor already stays where it is.
pub(super) fn decrease(
    rules: &LimitRules,
    view: &View,
    requested: Amount,
    call: &Call<'_>,
) -> Result<Effect, EngineError> {
    let lowest = rules.floor.min(view.used);
    let diff = view.used.checked_add(requested)?.max(lowest).checked_sub(view.used)?;
    effect(rules, view, call, Effect { diff, spent: view.spent, ..Effect::default() })
}

/// What passes the limit anew by a call; below 0, what is left under it.
#[inline(always)]
pub(super) fn past(rules: &LimitRules, view: &View, requested: Amount) -> Result<Amount, EngineError> {
    Ok(view.used.checked_add(requested)?.saturating_sub(rules.value.max(view.used)))
}

/// What grants do for a call.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Cover {
    /// Units past the limit that they cover.
    pub(super) granted: Amount,
    /// Whether they cover all that the limit has no room for, others' holds included.
    pub(super) whole: bool,
}

/// A call with a value of 0 or more where nothing but governor and limit have a say.
#[inline(always)]
pub(super) fn increase(
    rules: &LimitRules,
    view: &View,
    requested: Amount,
    call: &Call<'_>,
    now: i64,
) -> Result<Verdict, EngineError> {
    let past = past(rules, view, requested)?;
    let denial = denial(rules, view, requested, past, Cover::default(), now);
    let forced = denial.is_some();
    if let Some(denial) = denial
        && !call.force
    {
        return Ok(Verdict::Denied(denial));
    }
    let effect = moved(rules, view, requested, past, Cover::default(), call)?;
    Ok(Verdict::Allowed(Effect { forced, ..effect }))
}

/// The denial of the governor, else of the limit. `past` is what passes the limit anew.
#[inline(always)]
pub(super) fn denial(
    rules: &LimitRules,
    view: &View,
    requested: Amount,
    past: Amount,
    cover: Cover,
    now: i64,
) -> Option<Denial> {
    match governed(rules, view, requested, now) {
        Some(denial) => Some(denial),
        None => limited(rules, view, requested, past, cover, now),
    }
}

/// What a call with a value of 0 or more moves if it may run.
#[inline(always)]
pub(super) fn moved(
    rules: &LimitRules,
    view: &View,
    requested: Amount,
    past: Amount,
    cover: Cover,
    call: &Call<'_>,
) -> Result<Effect, EngineError> {
    let overage = match rules.mode {
        Mode::Observe => Amount::ZERO,
        Mode::Hard | Mode::Soft => past.max(Amount::ZERO).saturating_sub(cover.granted),
    };
    let spent = match rules.governor {
        Some(governor) => view.spent.saturating_add(requested).min(governor.capacity),
        None => Amount::ZERO,
    };
    let granted = cover.granted;
    effect(rules, view, call, Effect { diff: requested, overage, granted, spent, ..Effect::default() })
}

/// Completes an effect with the sums that it leaves. What can't be counted is refused here, before anything is written.
#[inline(always)] // what it answers is large
fn effect(rules: &LimitRules, view: &View, call: &Call<'_>, effect: Effect) -> Result<Effect, EngineError> {
    let used = countable(view.used.checked_add(effect.diff)?)?;
    let overhead = call.overhead_of(rules, effect.diff)?;
    let overhead_sum = match overhead.is_zero() {
        true => view.overhead,
        false => countable(view.overhead.checked_add(overhead)?)?,
    };
    // What stands past the limit bounds what grants cover of it: of what a decrease takes away, the uncovered goes first.
    let granted_sum = match view.granted.is_zero() & effect.granted.is_zero() {
        true => Amount::ZERO,
        false => {
            let sum = view.granted.checked_add(effect.granted)?;
            sum.min(used.saturating_sub(rules.value).max(Amount::ZERO))
        }
    };
    Ok(Effect { used, overhead, overhead_sum, granted_sum, ..effect })
}

/// Refuses a sum past 10²⁴, which no record could bring back.
#[inline(always)]
fn countable(sum: Amount) -> Result<Amount, EngineError> {
    if sum.atoms().unsigned_abs() > Amount::LIMIT.atoms().unsigned_abs() {
        let message = "the meter would pass 10^24, the most that can be counted";
        return Err(EngineError::new("amount_out_of_range", message));
    }
    Ok(sum)
}

/// The governor's denial, if its bucket holds too few tokens.
#[inline(always)]
fn governed(rules: &LimitRules, view: &View, requested: Amount, now: i64) -> Option<Denial> {
    let governor = rules.governor?;
    let tokens = governor.tokens(view.spent);
    if requested <= tokens {
        return None;
    }
    // A new period starts with a full bucket, which may come sooner than the tokens.
    let refilled = governor.wait_ms(view.spent, requested);
    let included = if rules.trailing { rules.value.is_positive() } else { requested <= rules.value };
    let fits_anew = included && requested <= governor.capacity;
    let renewed = next_period(view, now).filter(|_| fits_anew);
    let retry_after_ms = refilled.into_iter().chain(renewed).min();
    Some(Denial::Governor { tokens, capacity: governor.capacity, retry_after_ms })
}

/// The limit's denial, if it is a hard one without room. `past` is what passes it anew.
#[inline(always)]
fn limited(
    rules: &LimitRules,
    view: &View,
    requested: Amount,
    past: Amount,
    cover: Cover,
    now: i64,
) -> Option<Denial> {
    if rules.mode != Mode::Hard || cover.whole {
        return None;
    }
    let (denied, excess, fits_anew) = if rules.trailing {
        (view.used.saturating_add(view.held) >= rules.value, requested, rules.value.is_positive())
    } else {
        let excess = past.saturating_add(view.held);
        (requested.is_positive() && excess.is_positive(), excess, requested <= rules.value)
    };
    let retry_after_ms = || next_period(view, now).filter(|_| fits_anew);
    denied.then(|| Denial::Limit { excess, retry_after_ms: retry_after_ms() })
}

fn next_period(view: &View, now: i64) -> Option<i64> {
    view.resets_at().map(|at| at.saturating_sub(now))
}
