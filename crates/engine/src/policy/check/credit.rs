//! Credits: prices, tiers and what they cost.

use std::collections::{BTreeMap, BTreeSet};

use super::super::codes;
use super::super::model::{Credit, Policy, PricingModel, Tier};
use super::super::object::{Object, unknown_field};
use super::super::report::{OwnedStep, Report, Step, nearest};
use super::{check_price, each, in_unit};
use crate::quantity::Amount;

pub(super) fn check<'p>(credit: &'p Credit, validate: bool, report: &mut Report<'p>) {
    if credit.extra.contains_key("overhead") {
        report.error(codes::WRONG_TYPE, "`overhead` is a function, not a value").field("overhead").help(
            "write it in Stof, in the policy's `functions`; a fixed cost of one unit is `overhead_cost`",
        );
    }
    for key in credit.extra.keys().filter(|key| is_misspelt(key)) {
        report.within(Step::Key(key), |report| unknown_field::<Credit>(key, report));
    }
    let ends = upper_ends(credit, report);
    if !validate {
        return;
    }
    if credit.overhead_cost.is_negative() {
        let message = format!("an overhead cost is at least 0, not `{}`", credit.overhead_cost);
        let help = "give what one unit costs you, in runes";
        report.error(codes::NEGATIVE_OVERHEAD, message).field("overhead_cost").help(help);
    }
    if let Some(price) = &credit.price {
        report.within(Step::Key("price"), |report| check_price(price, report));
    }
    each_tier(credit, report, |tier, report| {
        report.within(Step::Key("price"), |report| check_price(&tier.price, report));
    });
    if !report.refused("pricing_model") && !report.refused("tiers") {
        check_model(credit, &ends, report);
    }
}

fn each_tier<'p>(
    credit: &'p Credit,
    report: &mut Report<'p>,
    mut visit: impl FnMut(&'p Tier, &mut Report<'p>),
) {
    report.within(Step::Key("tiers"), |report| {
        for (index, tier) in credit.tiers.iter().enumerate() {
            report.within(Step::Index(index), |report| visit(tier, report));
        }
    });
}

/// Where a tier ends, in the credit's unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum End {
    At(Amount),
    Open,
    /// It doesn't convert, which is reported.
    Unreadable,
}

fn upper_ends<'p>(credit: &'p Credit, report: &mut Report<'p>) -> Vec<End> {
    let mut ends = Vec::with_capacity(credit.tiers.len());
    each_tier(credit, report, |tier, report| {
        let unreadable = report.refused("up_to");
        ends.push(match &tier.up_to {
            _ if unreadable => End::Unreadable,
            None => End::Open,
            Some(up_to) => {
                in_unit("up_to", up_to, credit.stof_units, report).map_or(End::Unreadable, End::At)
            }
        });
    });
    ends
}

/// Whether a further field is so near a known one that it is probably meant to be it.
fn is_misspelt(key: &str) -> bool {
    const SHORTEST: usize = 5;
    let near = |name: &str| {
        let plural = key.strip_suffix('s') == Some(name) || name.strip_suffix('s') == Some(key);
        !plural && strsim::osa_distance(key, name) == 1
    };
    key != "overhead"
        && (SHORTEST..=super::super::bounds::QUOTED_CHARS).contains(&key.len())
        && Credit::KNOWN.iter().any(|field| near(field.name))
}

fn check_model(credit: &Credit, ends: &[End], report: &mut Report<'_>) {
    let model = credit.pricing_model.word();
    if credit.pricing_model == PricingModel::Flat {
        if !credit.tiers.is_empty() {
            report
                .error(codes::BAD_TIERS, "tiers don't belong to the pricing model `flat`")
                .field("tiers")
                .help("set `pricing_model` to `tiered`, `volume` or `stairstep`, or give a `price` in place of tiers");
        }
        return;
    }
    if credit.price.is_some() {
        report
            .error(codes::PRICE_WITH_TIERS, format!("a price doesn't belong to the pricing model `{model}`"))
            .field("price")
            .help("remove `price`: the tiers have their own");
    }
    if ends.is_empty() {
        let message = format!("the pricing model `{model}` needs tiers");
        let help = "add `tiers`, such as `[{ up_to: 1000, price: 0.02 }, { price: 0.01 }]`";
        report.error(codes::BAD_TIERS, message).field("tiers").help(help);
        return;
    }
    report.within(Step::Key("tiers"), |report| check_tiers(ends, report));
}

/// Exactly one open end, and every other end above 0 and once.
fn check_tiers(ends: &[End], report: &mut Report<'_>) {
    let mut seen: BTreeMap<End, usize> = BTreeMap::new();
    for (index, end) in ends.iter().enumerate().filter(|(_, end)| **end != End::Unreadable) {
        let mut earlier = report.here();
        report.within(Step::Index(index), |report| {
            if matches!(end, End::At(end) if !end.is_positive()) {
                report
                    .error(codes::BAD_TIERS, "a tier ends above 0")
                    .field("up_to")
                    .help("give the last quantity of the tier");
            }
            let Some(first) = seen.insert(*end, index) else { return };
            earlier.path.push(OwnedStep::Index(first));
            let (message, help) = match end {
                End::At(end) => (format!("two tiers end at `{end}`"), "give each tier an end of its own"),
                _ => ("two tiers have no end".to_owned(), "give all but one tier an `up_to`"),
            };
            report.error(codes::BAD_TIERS, message).help(help).related("the other is here", earlier);
        });
    }
    if !ends.iter().any(|end| matches!(end, End::Open | End::Unreadable)) {
        report
            .error(codes::BAD_TIERS, "no tier is open-ended")
            .help("leave out the `up_to` of the last tier, or add one without");
    }
}

/// How many misspelt names are looked up.
const MISSPELT: usize = 100;

/// Warns of credits that nothing uses. A name that is misspelt somewhere is used there.
pub(super) fn check_used<'p>(policy: &'p Policy, report: &mut Report<'p>) {
    let mut named: BTreeSet<&str> = BTreeSet::new();
    for plan in policy.plans.values() {
        let limits = plan.entitlements.values().filter_map(|entitlement| entitlement.limit.as_ref());
        named.extend(limits.map(|limit| limit.credit.as_str()));
        named.extend(plan.topups.values().map(|topup| topup.credit.as_str()));
    }
    for (name, pair) in &policy.exchange.pairs {
        named.extend([name.as_str(), pair.currency.as_str()]);
    }
    let credits = || policy.credits.keys().map(String::as_str);
    let misspelt = named.iter().filter(|name| !policy.credits.contains_key(**name));
    let meant: BTreeSet<&str> = misspelt.take(MISSPELT).filter_map(|name| nearest(name, credits())).collect();
    each("credits", &policy.credits, report, |name, _, report| {
        if !named.contains(name) && !meant.contains(name) {
            report
                .warn(codes::UNUSED_CREDIT, "no limit, topup or exchange pair uses this credit")
                .at_key()
                .help("remove it, or name it in a limit's `credit`");
        }
    });
}
