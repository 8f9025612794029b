//! Exchange pairs: each must lead to `rune`, through other pairs or to a credit with a flat price.

use std::collections::BTreeSet;

use super::super::codes;
use super::super::model::Policy;
use super::super::report::{Report, Step, quoted};
use super::out_of_range;
use crate::pricing::{Worthless, Worths};

/// How many names of a cycle a message spells out.
const SHOWN_MAX: usize = 8;

pub(super) fn check<'p>(policy: &'p Policy, validate: bool, report: &mut Report<'p>) {
    let worths = Worths::of(policy);
    // The names of cycles already told, so that each cycle is told once.
    let mut told: BTreeSet<&str> = BTreeSet::new();
    report.within(Step::Key("exchange"), |report| {
        for (name, pair) in &policy.exchange.pairs {
            report.within(Step::Key(name), |report| {
                if validate && !pair.value.is_positive() && !report.refused("value") {
                    out_of_range("value", pair.value, "more than 0", report);
                }
                if !validate || report.refused("currency") {
                    return;
                }
                if name == "rune" {
                    report_a_rate_of_runes(report);
                }
                match worths.get(name) {
                    Ok(_) => {}
                    Err(Worthless::Cycle(at)) if told.contains(at) => {}
                    Err(Worthless::Cycle(at)) => {
                        let cycle = cycle_from(at, policy);
                        report_a_cycle(&cycle, report);
                        told.extend(cycle);
                    }
                    Err(Worthless::Nowhere(last)) => report_a_dead_end(last, policy, report),
                    Err(Worthless::TooLong) => report_a_long_rate(report),
                }
            });
        }
    });
}

/// The names of the cycle that `at` is in, in the order of its pairs.
fn cycle_from<'p>(at: &'p str, policy: &'p Policy) -> Vec<&'p str> {
    let next = |name: &&'p str| policy.exchange.pairs.get(*name).map(|pair| pair.currency.as_str());
    let rest = std::iter::successors(next(&at), next).take_while(|name| *name != at);
    std::iter::once(at).chain(rest).collect()
}

fn report_a_rate_of_runes(report: &mut Report<'_>) {
    report
        .error(codes::EXCHANGE_CYCLE, "`rune` is what everything is counted in: it has no rate of its own")
        .help("say what the other is worth in runes");
}

fn report_a_cycle(cycle: &[&str], report: &mut Report<'_>) {
    let mut shown: Vec<String> = cycle.iter().take(SHOWN_MAX).map(|name| quoted(name)).collect();
    if cycle.len() > SHOWN_MAX {
        shown.push(format!("{} more", cycle.len().saturating_sub(SHOWN_MAX)));
    }
    shown.extend(cycle.first().map(|name| quoted(name)));
    report
        .error(codes::EXCHANGE_CYCLE, format!("the pairs lead back to themselves: {}", shown.join(" → ")))
        .field("currency")
        .help("let one of them be worth runes, or `usd`");
}

fn report_a_dead_end(last: &str, policy: &Policy, report: &mut Report<'_>) {
    let message = if policy.credits.contains_key(last) {
        format!("the credit {} has no flat price and no pair, so this is worth nothing", quoted(last))
    } else if policy.exchange.pairs.contains_key(last) {
        return; // its value is told where it stands
    } else {
        format!("{} is neither `rune`, `usd`, a credit nor a pair", quoted(last))
    };
    report
        .error(codes::EXCHANGE_UNREACHABLE, message)
        .field("currency")
        .help("end the chain at `rune`, `usd` or a credit with a flat price");
}

/// A rate that can't be kept exactly.
fn report_a_long_rate(report: &mut Report<'_>) {
    report
        .error(codes::BAD_QUANTITY, "the rate of this chain has more digits than can be kept exactly")
        .field("value")
        .help("round the pairs of the chain");
}
