//! Limits: quantities in the credit's unit, resets, the governor.

use super::super::codes;
use super::super::model::{Limit, Mode, Policy};
use super::super::report::Report;
use super::{check_resets, declared, ignored, in_unit, out_of_range};
use crate::quantity::{Amount, Unit};

/// Checks a limit. The report stands at it.
pub(in crate::policy) fn check<'p>(
    limit: &'p Limit,
    policy: &'p Policy,
    validate: bool,
    report: &mut Report<'p>,
) {
    let Some(credit) = declared(&limit.credit, policy, report) else { return };
    let quantities = Quantities::of(limit, credit.stof_units, report);
    if !validate {
        return;
    }
    if let Some(value) = quantities.value.filter(|value| value.is_negative()) {
        out_of_range("value", value, "at least 0", report);
    }
    if let Some(increment) = quantities.increment.filter(|increment| !increment.is_positive()) {
        out_of_range("increment", increment, "more than 0", report);
    }
    check_resets(limit.resets, limit.reset_inc, limit.reset_sch.as_ref(), report);
    let alpha_is_good = limit.ewma_alpha > 0.0 && limit.ewma_alpha <= 1.0;
    if !alpha_is_good && !report.refused("ewma_alpha") {
        let message = format!("`ewma_alpha` is more than 0 and at most 1, not `{}`", limit.ewma_alpha);
        let help = "use `0.2`; nearer to 1 forgets faster";
        report.error(codes::BAD_ALPHA, message).field("ewma_alpha").help(help);
    }
    check_governor(limit, quantities.capacity, report);
    if limit.hard_trailing && limit.mode != Mode::Hard && !report.refused("mode") {
        ignored("hard_trailing", "unless the mode is `hard`", report);
    }
}

/// A limit's quantities in the unit of its credit. What doesn't convert is reported.
struct Quantities {
    value: Option<Amount>,
    increment: Option<Amount>,
    capacity: Option<Amount>,
}

impl Quantities {
    fn of(limit: &Limit, unit: Option<Unit>, report: &mut Report<'_>) -> Self {
        let value = in_unit("value", &limit.value, unit, report);
        let increment = in_unit("increment", &limit.increment, unit, report);
        if let Some(minimum) = &limit.minimum {
            in_unit("minimum", minimum, unit, report);
        }
        let capacity = limit.governor_capacity.as_ref();
        let capacity = capacity.and_then(|capacity| in_unit("governor_capacity", capacity, unit, report));
        Self { value, increment, capacity }
    }
}

fn check_governor(limit: &Limit, capacity: Option<Amount>, report: &mut Report<'_>) {
    let rate = limit.governor_refill_rate;
    for (field, given) in [("governor_capacity", capacity), ("governor_refill_rate", rate)] {
        if let Some(amount) = given.filter(|amount| !amount.is_positive()) {
            out_of_range(field, amount, "more than 0", report);
        }
    }
    if !limit.governor_enabled {
        let given = [
            ("governor_capacity", limit.governor_capacity.is_some()),
            ("governor_refill_rate", rate.is_some()),
        ];
        let enabled_is_refused = report.refused("governor_enabled");
        for (field, _) in given.into_iter().filter(|(_, given)| *given && !enabled_is_refused) {
            ignored(field, "while `governor_enabled` is false", report);
        }
        return;
    }
    let missing = [
        ("governor_capacity", limit.governor_capacity.is_none(), "how much may go at once"),
        ("governor_refill_rate", rate.is_none(), "how much flows back in a millisecond"),
    ];
    for (field, missing, meaning) in missing {
        if missing && !report.refused(field) {
            report
                .error(codes::GOVERNOR_INCOMPLETE, format!("a governor needs `{field}`"))
                .field(field)
                .help(format!("add `{field}`: {meaning}"));
        }
    }
    if limit.mode != Mode::Hard && !report.refused("mode") {
        ignored("governor_enabled", "unless the mode is `hard`", report);
    }
}
