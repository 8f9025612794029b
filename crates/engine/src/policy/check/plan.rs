//! Plans: their entitlements and topups, and how plans stand to each other.

use super::super::codes;
use super::super::model::{Plan, Policy};
use super::super::report::{Aim, OwnedStep, Place, Report, Step, nearest, quoted};
use super::{check_price, each, limit, positive_duration, topup};

/// Checks a plan. The report stands at it.
pub(in crate::policy) fn check<'p>(
    plan: &'p Plan,
    policy: &'p Policy,
    validate: bool,
    report: &mut Report<'p>,
) {
    each("entitlements", &plan.entitlements, report, |_, entitlement, report| {
        if let Some(limit) = &entitlement.limit {
            report.within(Step::Key("limit"), |report| limit::check(limit, policy, validate, report));
        }
    });
    each("topups", &plan.topups, report, |_, topup, report| topup::check(topup, policy, validate, report));
    if !validate {
        return;
    }
    if let Some(price) = &plan.price {
        report.within(Step::Key("price"), |report| check_price(price, report));
    }
    positive_duration("trial_period", plan.trial_period, report);
    if plan.trial_period.is_some() && !plan.entitlements.contains_key(&plan.subscription) {
        let near = nearest(&plan.subscription, plan.entitlements.keys().map(String::as_str));
        let help = near.map_or_else(
            || {
                format!(
                    "add the entitlement {}, or name another in `subscription`",
                    quoted(&plan.subscription)
                )
            },
            |near| format!("set `subscription` to {}", quoted(near)),
        );
        let message = format!("a trial needs the entitlement {}", quoted(&plan.subscription));
        report.error(codes::TRIAL_WITHOUT_SUBSCRIPTION, message).field("trial_period").help(help);
    }
}

/// Checks plans against each other: one default at most, and none that nobody comes to.
pub(super) fn check_together<'p>(policy: &'p Policy, report: &mut Report<'p>) {
    let first = policy.plans.iter().find(|(_, plan)| plan.default).map(|(name, _)| name.as_str());
    let seeded = |name: &str| {
        policy
            .customers
            .values()
            .any(|record| record.get("plan").and_then(|plan| plan.as_str()) == Some(name))
    };
    each("plans", &policy.plans, report, |name, plan, report| {
        if let Some(first) = first.filter(|first| plan.default && *first != name) {
            second_default(first, report);
        }
        if plan.hidden && !plan.default && plan.price.is_none() && !seeded(name) {
            report
                .warn(codes::UNREACHABLE_PLAN, "nobody comes to this plan unless code names it")
                .at_key()
                .help("make it the default, show it, or give it a price");
        }
    });
}

/// Checks a plan that is to join a policy: another may be the default already. The report stands at the plan.
pub(in crate::policy) fn check_default(name: &str, plan: &Plan, policy: &Policy, report: &mut Report<'_>) {
    let other = policy.plans.iter().find(|(other, plan)| plan.default && *other != name);
    if let Some((other, _)) = other.filter(|_| plan.default) {
        second_default(other, report);
    }
}

fn second_default(first: &str, report: &mut Report<'_>) {
    let path = ["policy", "plans", first, "default"].map(|key| OwnedStep::Key(key.to_owned()));
    report
        .error(codes::SEVERAL_DEFAULTS, format!("{} is the default already", quoted(first)))
        .field("default")
        .help("leave `default: true` on one plan")
        .related("the first default is here", Place { path: path.into(), aim: Aim::Value });
}
