//! Notifications: a name of their own, and a mark that something can cross.

use super::super::codes;
use super::super::kind::Mark;
use super::super::model::{MarkOf, Notification, Policy, Watched};
use super::super::report::{Report, Step, nearest, quoted};
use super::{in_unit, out_of_range};

/// Checks a notification. The report stands at it.
pub(super) fn check<'p>(
    name: &'p str,
    notification: &'p Notification,
    policy: &'p Policy,
    validate: bool,
    report: &mut Report<'p>,
) {
    if Watched::from_word(name).is_some() || matches!(name, "policy-error" | "handler-error") {
        report
            .error(codes::INVALID_NAME, format!("{} is a type of event already", quoted(name)))
            .at_key()
            .help("give the notification a name of its own");
    }
    let Some(when) = &notification.when else {
        if policy.functions.is_empty() {
            report
                .error(codes::MISSING_FIELD, "nothing says when it is sent")
                .field("when")
                .help("add `when`, or a function `matches` in the policy's `functions`");
        }
        return;
    };
    report.within(Step::Key("when"), |report| {
        let credit = when.credit.as_deref().map(|credit| (credit, policy.credits.get(credit)));
        if let Some((name, None)) = credit
            && !is_currency(name, policy)
        {
            let near = nearest(name, policy.credits.keys().map(String::as_str));
            let help = near.map(|near| format!("did you mean {}?", quoted(near)));
            report
                .error(codes::UNKNOWN_CREDIT, format!("unknown credit {}", quoted(name)))
                .field("credit")
                .help(help.unwrap_or_else(|| "name a credit of the policy".to_owned()));
        }
        let Some(mark) = &when.crosses else { return };
        let moves = matches!(when.event, Watched::MeterChanged | Watched::MeterOverage);
        if validate && !moves && !report.refused("event") {
            let message =
                format!("`crosses` needs an event of a meter that moves, not `{}`", when.event.word());
            report.error(codes::UNKNOWN_WORD, message).field("event").help("use `meter-changed`");
        }
        match mark {
            Mark::Percent(percent) if validate && percent.is_negative() => {
                out_of_range("crosses", *percent, "at least 0", report);
            }
            Mark::Quantity(quantity) if when.of != MarkOf::Cap => {
                let unit = match credit {
                    Some((_, Some(credit))) => credit.stof_units,
                    _ => quantity.unit(),
                };
                in_unit("crosses", quantity, unit, report);
            }
            _ => {}
        }
    });
}

fn is_currency(name: &str, policy: &Policy) -> bool {
    name == "rune" || name == "usd" || policy.exchange.pairs.contains_key(name)
}
