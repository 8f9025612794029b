//! Exchange pairs: each must lead to `rune`, through other pairs or to a credit with a flat price.

use std::collections::BTreeSet;

use super::super::codes;
use super::super::model::{Policy, PricingModel};
use super::super::report::{Report, Step, quoted};
use super::out_of_range;
use crate::pricing::{Worthless, rate};

/// Where a chain of pairs ends.
enum End {
    Worth,
    /// Back at a pair of the chain, with the names from there on.
    Cycle(Vec<String>),
    /// At a name that is worth nothing.
    Nowhere(String),
}

pub(super) fn check<'p>(policy: &'p Policy, validate: bool, report: &mut Report<'p>) {
    // The names of cycles already told, so that each cycle is told once.
    let mut told: BTreeSet<String> = BTreeSet::new();
    report.within(Step::Key("exchange"), |report| {
        for (name, pair) in &policy.exchange.pairs {
            report.within(Step::Key(name), |report| {
                if validate && !pair.value.is_positive() && !report.refused("value") {
                    out_of_range("value", pair.value, "more than 0", report);
                }
                if validate && !report.refused("currency") && !told.contains(name) {
                    told.extend(check_chain(name, policy, report));
                    check_rate(name, policy, report);
                }
            });
        }
    });
}

/// Reports a rate that can't be kept exactly, and one for what all others are counted in.
fn check_rate(name: &str, policy: &Policy, report: &mut Report<'_>) {
    if name == "rune" {
        report
            .error(
                codes::EXCHANGE_CYCLE,
                "`rune` is what everything is counted in: it has no rate of its own",
            )
            .help("say what the other is worth in runes");
    }
    if rate(name, policy) == Err(Worthless::TooLong) {
        report
            .error(codes::BAD_QUANTITY, "the rate of this chain has more digits than can be kept exactly")
            .field("value")
            .help("round the pairs of the chain");
    }
}

/// Reports a chain that ends badly. Returns the names of a cycle.
fn check_chain(name: &str, policy: &Policy, report: &mut Report<'_>) -> Vec<String> {
    match follow(name, policy) {
        End::Worth => Vec::new(),
        End::Cycle(names) => {
            let shown: Vec<String> = names.iter().chain(names.first()).map(|name| quoted(name)).collect();
            report
                .error(
                    codes::EXCHANGE_CYCLE,
                    format!("the pairs lead back to themselves: {}", shown.join(" → ")),
                )
                .field("currency")
                .help("let one of them be worth runes, or `usd`");
            names
        }
        End::Nowhere(last) => {
            let message = if policy.credits.contains_key(&last) {
                format!(
                    "the credit {} has no flat price and no pair, so this is worth nothing",
                    quoted(&last)
                )
            } else {
                format!("{} is neither `rune`, `usd`, a credit nor a pair", quoted(&last))
            };
            report
                .error(codes::EXCHANGE_UNREACHABLE, message)
                .field("currency")
                .help("end the chain at `rune`, `usd` or a credit with a flat price");
            Vec::new()
        }
    }
}

/// Follows the pairs from a name. A pair beats the price of a credit and what is built in.
fn follow(name: &str, policy: &Policy) -> End {
    let mut chain: Vec<&str> = Vec::new();
    let mut here = name;
    let mut seen: BTreeSet<&str> = BTreeSet::new();
    loop {
        if !seen.insert(here) {
            let cycle = chain.iter().skip_while(|name| **name != here).map(|name| (*name).to_owned());
            return End::Cycle(cycle.collect());
        }
        chain.push(here);
        if here == "rune" && chain.len() > 1 {
            return End::Worth;
        }
        match policy.exchange.pairs.get(here) {
            Some(pair) => here = &pair.currency,
            None if here == "usd" => return End::Worth,
            None => {
                let credit = policy.credits.get(here);
                let worth =
                    credit.is_some_and(|c| c.pricing_model == PricingModel::Flat && c.price.is_some());
                return if worth { End::Worth } else { End::Nowhere(here.to_owned()) };
            }
        }
    }
}
