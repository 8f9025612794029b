//! The rules that a policy as a whole must follow.
//!
//! Two sorts: what must hold for the engine to run at all (a limit's credit exists, its quantities convert), which
//! is always checked; and the rules of the manual, which are checked unless the caller says not to. A rule that
//! builds on a field which was already refused keeps quiet.

mod credit;
mod exchange;
mod limit;
mod notification;
mod plan;
mod topup;

use indexmap::IndexMap;

use super::codes;
use super::kind::bad_quantity;
use super::model::{Credit, Policy, Price};
use super::report::{Report, Step, nearest, quoted};
use crate::quantity::{Amount, Duration, Quantity, Schedule, Unit};

pub(super) use limit::check as check_limit;
pub(super) use plan::{check as check_plan, check_default};

/// Checks a policy. The report stands at the root of the document.
pub(super) fn check<'p>(policy: &'p Policy, validate: bool, report: &mut Report<'p>) {
    report.within(Step::Key("policy"), |report| {
        each("credits", &policy.credits, report, |_, credit, report| credit::check(credit, validate, report));
        each("plans", &policy.plans, report, |_, plan, report| plan::check(plan, policy, validate, report));
        exchange::check(policy, validate, report);
        each("notifications", &policy.notifications, report, |name, notification, report| {
            notification::check(name, notification, policy, validate, report);
        });
        if validate {
            credit::check_used(policy, report);
            plan::check_together(policy, report);
            positive_duration("hold_ttl", Some(policy.hold_ttl), report);
        }
    });
}

/// Visits the things of a map, the report standing at each.
fn each<'p, T>(
    field: &'static str,
    map: &'p IndexMap<String, T>,
    report: &mut Report<'p>,
    mut visit: impl FnMut(&'p str, &'p T, &mut Report<'p>),
) {
    report.within(Step::Key(field), |report| {
        for (name, value) in map {
            report.within(Step::Key(name), |report| visit(name, value, report));
        }
    });
}

/// The credit of a limit or topup; reported if there is none of that name.
fn declared<'p>(name: &str, policy: &'p Policy, report: &mut Report<'_>) -> Option<&'p Credit> {
    let credit = policy.credits.get(name);
    if credit.is_none() && !report.refused("credit") {
        let names = policy.credits.keys().map(String::as_str);
        let near = if report.is_crowded() { None } else { nearest(name, names) };
        let help = near.map_or_else(
            || "declare it under `policy.credits`".to_owned(),
            |near| format!("did you mean {}?", quoted(near)),
        );
        report
            .error(codes::UNKNOWN_CREDIT, format!("unknown credit {}", quoted(name)))
            .field("credit")
            .help(help);
    }
    credit
}

/// The quantity of a field in a unit; reported if it doesn't convert.
fn in_unit<'p>(
    field: &'static str,
    quantity: &Quantity,
    unit: Option<Unit>,
    report: &mut Report<'p>,
) -> Option<Amount> {
    match quantity.in_unit(unit) {
        Ok(amount) => Some(amount),
        Err(error) => {
            report.within(Step::Key(field), |report| bad_quantity(&error, report));
            None
        }
    }
}

/// Reports an amount that isn't in the range of its field.
fn out_of_range(field: &str, amount: Amount, wanted: &str, report: &mut Report<'_>) {
    let message = format!("`{field}` is {wanted}, not `{amount}`");
    report.error(codes::BAD_QUANTITY, message).field(field).help(format!("give a number that is {wanted}"));
}

/// Reports a negative price.
fn check_price(price: &Price, report: &mut Report<'_>) {
    if price.amount.is_negative() {
        let message = format!("a price is at least 0, not `{}`", price.amount);
        report
            .error(codes::NEGATIVE_PRICE, message)
            .field("amount")
            .help("to give something back, use a negative value in a call");
    }
}

/// Reports a duration that isn't more than 0.
fn positive_duration(field: &str, duration: Option<Duration>, report: &mut Report<'_>) {
    let Some(duration) = duration.filter(|duration| duration.as_millis() <= 0) else { return };
    let message = format!("`{field}` is more than 0, not `{duration}`");
    report.error(codes::BAD_DURATION, message).field(field).help("write one like `30days` or `10min`");
}

/// Checks the three fields that say when something starts anew.
fn check_resets(
    resets: bool,
    reset_inc: Option<Duration>,
    reset_sch: Option<&Schedule>,
    report: &mut Report<'_>,
) {
    positive_duration("reset_inc", reset_inc, report);
    if reset_inc.is_some() && reset_sch.is_some() {
        let mut first = report.here();
        first.path.push(super::report::OwnedStep::Key("reset_inc".to_owned()));
        report
            .error(codes::TWO_RESET_KINDS, "`reset_sch` and `reset_inc` exclude each other")
            .field("reset_sch")
            .help("remove one of the two")
            .related("the other is here", first);
    }
    let given = [("reset_inc", reset_inc.is_some()), ("reset_sch", reset_sch.is_some())];
    for (field, _) in given.into_iter().filter(|(_, given)| *given && !resets) {
        if !report.refused("resets") {
            report
                .warn(codes::OVERLAPPING_RESET, format!("`{field}` has no effect while `resets` is false"))
                .field(field)
                .help(format!("add `resets: true`, or remove `{field}`"));
        }
    }
}

/// Warns of a field that has no effect beside the others given.
fn ignored(field: &str, because: &str, report: &mut Report<'_>) {
    report
        .warn(codes::IGNORED_FIELD, format!("`{field}` has no effect {because}"))
        .field(field)
        .help(format!("remove `{field}`"));
}
