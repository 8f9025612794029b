//! Topups: what they grant, and how their balance starts anew.

use super::super::codes;
use super::super::model::{Policy, ResetMode, Topup};
use super::super::report::{Report, Step};
use super::{check_price, check_resets, declared, ignored, in_unit, out_of_range, positive_duration};
use crate::quantity::{Amount, Quantity};

/// Checks a topup. The report stands at it.
pub(super) fn check<'p>(topup: &'p Topup, policy: &'p Policy, validate: bool, report: &mut Report<'p>) {
    let Some(credit) = declared(&topup.credit, policy, report) else { return };
    let mut convert = |field, quantity: Option<&Quantity>| {
        quantity.and_then(|quantity| in_unit(field, quantity, credit.stof_units, report))
    };
    let value = convert("value", Some(&topup.value));
    let least = convert("rollover_min", topup.rollover_min.as_ref());
    let most = convert("rollover_max", topup.rollover_max.as_ref());
    let balance = convert("max_balance", topup.max_balance.as_ref());
    if !validate {
        return;
    }
    for (field, amount) in [("value", value), ("max_balance", balance)] {
        if let Some(amount) = amount.filter(|amount| amount.is_negative()) {
            out_of_range(field, amount, "at least 0", report);
        }
    }
    if let Some(price) = &topup.price {
        report.within(Step::Key("price"), |report| check_price(price, report));
    }
    positive_duration("expires_after", topup.expires_after, report);
    check_resets(topup.resets, topup.reset_inc, topup.reset_sch.as_ref(), report);
    if topup.reset_catchup_cap == Some(0) {
        out_of_range("reset_catchup_cap", Amount::ZERO, "at least 1", report);
    }
    check_rollover(topup, least, most, report);
}

fn check_rollover(topup: &Topup, least: Option<Amount>, most: Option<Amount>, report: &mut Report<'_>) {
    let part = topup.rollover_pct;
    if part.is_negative() || part > Amount::ONE {
        report
            .error(codes::BAD_ROLLOVER, format!("`rollover_pct` is a fraction within 0 and 1, not `{part}`"))
            .field("rollover_pct")
            .help("write 50 percent as `0.5`");
    }
    for (field, amount) in [("rollover_min", least), ("rollover_max", most)] {
        if let Some(amount) = amount.filter(|amount| amount.is_negative()) {
            let message = format!("`{field}` is at least 0, not `{amount}`");
            report.error(codes::BAD_ROLLOVER, message).field(field).help("give a number that is at least 0");
        }
    }
    if let (Some(least), Some(most)) = (least, most)
        && least > most
    {
        report
            .error(
                codes::BAD_ROLLOVER,
                format!("`rollover_min` is over `rollover_max`: `{least}` over `{most}`"),
            )
            .field("rollover_min")
            .help("swap the two");
    }
    let rolls_over = topup.reset_mode == ResetMode::Rollover || report.refused("reset_mode");
    let given = [
        ("rollover_pct", part != Amount::ONE),
        ("rollover_min", least.is_some()),
        ("rollover_max", most.is_some()),
    ];
    for (field, _) in given.into_iter().filter(|(_, given)| *given && !rolls_over) {
        ignored(field, "unless the reset mode is `rollover`", report);
    }
}
