//! Each rule of the manual: the document that breaks it, the code it gets, and where.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)] // a test fails by panicking

use limitr_engine::policy::{Format, LoadOptions, Severity, load};

/// A document with one credit and one limit, into which a test puts a fragment.
fn with_limit(fields: &str) -> String {
    format!(
        "policy:\n  credits: {{ t: {{}}, mb: {{ units: MB }} }}\n  plans:\n    p:\n      entitlements:\n        a: {{ limit: {{ credit: t, {fields} }} }}\n        b: {{ limit: {{ credit: mb }} }}\n"
    )
}

fn with_credit(fields: &str) -> String {
    format!(
        "policy:\n  credits: {{ t: {{ {fields} }} }}\n  plans: {{ p: {{ entitlements: {{ a: {{ limit: {{ credit: t }} }} }} }} }}\n"
    )
}

fn with_topup(fields: &str) -> String {
    format!(
        "policy:\n  credits: {{ t: {{}} }}\n  plans: {{ p: {{ topups: {{ x: {{ credit: t, {fields} }} }} }} }}\n"
    )
}

fn with_plan(fields: &str) -> String {
    format!("policy:\n  plans: {{ p: {{ {fields} }} }}\n")
}

fn found(source: &str, options: &LoadOptions) -> Vec<(Severity, &'static str, String)> {
    let diagnostics = match load(source.as_bytes(), Format::Yaml, options) {
        Ok(loaded) => loaded.warnings,
        Err(diagnostics) => diagnostics,
    };
    diagnostics.into_iter().map(|d| (d.severity, d.code, d.path)).collect()
}

fn check(source: &str, code: &str, path: &str) {
    let found = found(source, &LoadOptions::default());
    let hits: Vec<_> = found.iter().filter(|(_, c, p)| *c == code && p == path).collect();
    assert_eq!(hits.len(), 1, "wanted {code} at {path}\nfound {found:?}\nin {source}");
    let others: Vec<_> =
        found.iter().filter(|(severity, c, _)| *severity == Severity::Error && *c != code).collect();
    assert!(others.is_empty(), "beside {code}: {others:?}\nin {source}");
}

const LIMIT: &str = "policy.plans.p.entitlements.a.limit";

#[test]
fn limits() {
    for (fields, code, field) in [
        ("value: -1", "bad_quantity", "value"),
        ("value: much", "bad_quantity", "value"),
        ("value: .nan", "bad_quantity", "value"),
        ("value: 1e25", "bad_quantity", "value"),
        ("value: 5MB", "unit_mismatch", "value"),
        ("value: 5mb", "unknown_unit", "value"),
        ("value: [5]", "wrong_type", "value"),
        ("increment: 0", "bad_quantity", "increment"),
        ("minimum: 5kg", "unit_mismatch", "minimum"),
        ("mode: strict", "unknown_mode", "mode"),
        ("mode: 1", "wrong_type", "mode"),
        ("resets: true, reset_inc: 0", "bad_duration", "reset_inc"),
        ("resets: true, reset_inc: 5m", "bad_duration", "reset_inc"),
        ("resets: true, reset_sch: hourly", "bad_schedule", "reset_sch"),
        ("resets: true, reset_inc: 1day, reset_sch: 'monthly:1'", "two_reset_kinds", "reset_sch"),
        ("governor_enabled: true, governor_capacity: 5", "governor_incomplete", "governor_refill_rate"),
        ("governor_enabled: true, governor_refill_rate: 5", "governor_incomplete", "governor_capacity"),
        (
            "governor_enabled: true, governor_refill_rate: 5, governor_capacity: 0",
            "bad_quantity",
            "governor_capacity",
        ),
        ("ewma_alpha: 0", "bad_alpha", "ewma_alpha"),
        ("ewma_alpha: 1.5", "bad_alpha", "ewma_alpha"),
        ("hard_trailing: yes", "wrong_type", "hard_trailing"),
    ] {
        check(&with_limit(fields), code, &format!("{LIMIT}.{field}"));
    }
    check(
        "policy: { plans: { p: { entitlements: { a: { limit: {} } } } } }",
        "missing_field",
        &format!("{LIMIT}.credit"),
    );
    check(
        "policy: { plans: { p: { entitlements: { a: { limit: { credit: x } } } } } }",
        "unknown_credit",
        &format!("{LIMIT}.credit"),
    );
    assert_eq!(found(&with_limit("minimum: -5, ewma_alpha: 1"), &LoadOptions::default()), []);
}

#[test]
fn credits() {
    for (fields, code, field) in [
        ("price: -1", "negative_price", ".price.amount"),
        ("price: { amount: -1 }", "negative_price", ".price.amount"),
        ("price: { prefix: $ }", "missing_field", ".price.amount"),
        ("price: free", "bad_quantity", ".price"),
        ("price: 5MB", "unit_mismatch", ".price"),
        ("overhead_cost: -0.1", "negative_overhead", ".overhead_cost"),
        ("stof_units: mb", "unknown_unit", ".stof_units"),
        ("units: 5", "wrong_type", ".units"),
        ("pricing_model: graduated, tiers: [{ price: 1 }]", "unknown_pricing_model", ".pricing_model"),
        ("tiers: [{ price: 1 }]", "bad_tiers", ".tiers"),
        ("pricing_model: tiered", "bad_tiers", ".tiers"),
        ("pricing_model: volume, tiers: [{ up_to: 5, price: 1 }]", "bad_tiers", ".tiers"),
        ("pricing_model: tiered, tiers: [{ price: 1 }, { price: 2 }]", "bad_tiers", ".tiers[1]"),
        (
            "pricing_model: tiered, tiers: [{ price: 1 }, { up_to: 5, price: 2 }, { up_to: 5.0, price: 2 }]",
            "bad_tiers",
            ".tiers[2]",
        ),
        (
            "pricing_model: tiered, tiers: [{ price: 1 }, { up_to: 0, price: 2 }]",
            "bad_tiers",
            ".tiers[1].up_to",
        ),
        ("pricing_model: tiered, tiers: [{ price: -1 }]", "negative_price", ".tiers[0].price.amount"),
        ("pricing_model: tiered, price: 1, tiers: [{ price: 1 }]", "price_with_tiers", ".price"),
        ("overhead: 5", "wrong_type", ".overhead"),
        ("label: 5", "wrong_type", ".label"),
    ] {
        check(&with_credit(fields), code, &format!("policy.credits.t{field}"));
    }
    check("policy: { credits: { a: {} } }", "unused_credit", "policy.credits.a");
    check(&with_credit("prcie: 5"), "unknown_field", "policy.credits.t.prcie");
    assert_eq!(found(&with_credit("rates: { a: 1 }, prices: [1]"), &LoadOptions::default()), []);
}

#[test]
fn topups() {
    for (fields, code, field) in [
        ("value: -1", "bad_quantity", "value"),
        ("max_balance: -1", "bad_quantity", "max_balance"),
        ("value: 5MB", "unit_mismatch", "value"),
        ("price: -1", "negative_price", "price.amount"),
        ("expires_after: -1day", "bad_duration", "expires_after"),
        ("reset_mode: roll", "bad_reset_mode", "reset_mode"),
        ("reset_mode: rollover, rollover_pct: 50", "bad_rollover", "rollover_pct"),
        ("reset_mode: rollover, rollover_min: 5, rollover_max: 1", "bad_rollover", "rollover_min"),
        ("reset_mode: rollover, rollover_max: -1", "bad_rollover", "rollover_max"),
        ("rollover_max: 1", "ignored_field", "rollover_max"),
        ("reset_catchup_cap: 0", "bad_quantity", "reset_catchup_cap"),
        ("reset_catchup_cap: 1.5", "bad_quantity", "reset_catchup_cap"),
        ("included_scopes: org", "wrong_type", "included_scopes"),
        ("resets: true, reset_inc: 1day, reset_sch: 'weekly:mon'", "two_reset_kinds", "reset_sch"),
    ] {
        check(&with_topup(fields), code, &format!("policy.plans.p.topups.x.{field}"));
    }
    check(
        "policy: { plans: { p: { topups: { x: { credit: t } } } } }",
        "unknown_credit",
        "policy.plans.p.topups.x.credit",
    );
}

#[test]
fn plans_and_the_whole() {
    check(&with_plan("trial_period: 14days"), "trial_without_subscription", "policy.plans.p.trial_period");
    check(
        &with_plan("trial_period: 0, entitlements: { subscription: }"),
        "bad_duration",
        "policy.plans.p.trial_period",
    );
    check(&with_plan("period: hourly"), "unknown_period", "policy.plans.p.period");
    check(&with_plan("price: -1"), "negative_price", "policy.plans.p.price.amount");
    check(&with_plan("hidden: true"), "unreachable_plan", "policy.plans.p");
    check(
        "policy: { plans: { a: { default: true }, b: { default: true } } }",
        "several_defaults",
        "policy.plans.b.default",
    );
    check("policy: { hold_ttl: 0 }", "bad_duration", "policy.hold_ttl");
    check("policy: { estimate_min_samples: -1 }", "bad_quantity", "policy.estimate_min_samples");
    check("policy: { plans: { '': {} } }", "invalid_name", "policy.plans[\"\"]");
    check("policy: { customers: { u: 5 } }", "wrong_type", "policy.customers.u");
    check("policy: { notifications: { n: {} } }", "missing_field", "policy.notifications.n.when");
    assert_eq!(found("policy: { functions: 'x: 1', notifications: { n: {} } }", &LoadOptions::default()), []);
    for (when, code, field) in [
        ("event: meter-moved", "unknown_word", "event"),
        ("event: meter-changed, of: the moon", "unknown_word", "of"),
        ("event: plan-set, crosses: 5", "unknown_word", "event"),
        ("event: meter-changed, crosses: x%", "bad_quantity", "crosses"),
        ("event: meter-changed, crosses: -5%", "bad_quantity", "crosses"),
        ("event: meter-changed, crosses: 5XB", "unknown_unit", "crosses"),
        ("event: meter-changed, credit: nothing", "unknown_credit", "credit"),
    ] {
        let document = format!("policy: {{ notifications: {{ n: {{ when: {{ {when} }} }} }} }}");
        check(&document, code, &format!("policy.notifications.n.when.{field}"));
    }
    let named = "policy: { notifications: { meter-changed: { when: { event: plan-set } } } }";
    check(named, "invalid_name", "policy.notifications.meter-changed");
    let unnamed = "policy: { capabilities: { n: { parameters: [{ schema_type: number }] } } }";
    check(unnamed, "missing_field", "policy.capabilities.n.parameters[0].name");
    check("policy: { functions: { a: 1 } }", "wrong_type", "policy.functions");
    check("policy: { plan: {} }", "unknown_field", "policy.plan");
    check("policy: {}\nother: 1", "unknown_field", "other");
    check("polcy: {}", "missing_policy", "policy");
    check("5", "missing_policy", "policy");
    check("policy: 5", "wrong_type", "policy");
    let long = format!("policy: {{ plans: {{ ? {} : {{}} }} }}", "é".repeat(129));
    assert_eq!(found(&long, &LoadOptions::default()).first().map(|(_, code, _)| *code), Some("invalid_name"));
}

#[test]
fn exchange_pairs_are_judged() {
    let wrong = |source: &str, code: &str, path: &str| {
        let found = found(source, &LoadOptions::default());
        assert!(found.iter().any(|(_, c, p)| *c == code && p == path), "wanted {code} at {path}: {found:?}");
    };
    wrong(
        "policy: { exchange: { x: { value: 1, currency: y }, y: { value: 1, currency: x } } }",
        "exchange_cycle",
        "policy.exchange.x.currency",
    );
    wrong(
        "policy: { exchange: { x: { value: 1, currency: y } } }",
        "exchange_unreachable",
        "policy.exchange.x.currency",
    );
    wrong(
        "policy: { exchange: { x: { value: 0, currency: usd } } }",
        "bad_quantity",
        "policy.exchange.x.value",
    );
    wrong("policy: { exchange: { x: { value: 1 } } }", "missing_field", "policy.exchange.x.currency");
    check(
        "policy: { exchange: { grant_strategy: newest } }",
        "unknown_grant_strategy",
        "policy.exchange.grant_strategy",
    );
    check(
        "policy: { exchange: { rune: { value: 1, currency: usd } } }",
        "exchange_cycle",
        "policy.exchange.rune",
    );
}

#[test]
fn fields_without_effect_are_warned_about() {
    for (fields, code, field) in [
        ("reset_inc: 1day", "overlapping_reset", "reset_inc"),
        ("reset_sch: 'monthly:1'", "overlapping_reset", "reset_sch"),
        ("governor_capacity: 5", "ignored_field", "governor_capacity"),
        ("mode: soft, hard_trailing: true", "ignored_field", "hard_trailing"),
        (
            "mode: soft, governor_enabled: true, governor_capacity: 1, governor_refill_rate: 1",
            "ignored_field",
            "governor_enabled",
        ),
        ("modde: soft", "unknown_field", "modde"),
    ] {
        check(&with_limit(fields), code, &format!("{LIMIT}.{field}"));
        let found = found(&with_limit(fields), &LoadOptions::default());
        assert!(found.iter().all(|(severity, ..)| *severity == Severity::Warning), "{found:?}");
    }
}

#[test]
fn strict_makes_unknown_fields_errors() {
    let strict = LoadOptions { strict: true, validate: true };
    for source in [with_limit("modde: soft"), "policy: {}\nother: 1".to_owned()] {
        let found = found(&source, &strict);
        assert!(
            found.iter().any(|(severity, code, _)| *severity == Severity::Error && *code == "unknown_field"),
            "{found:?}"
        );
    }
    assert_eq!(found(&with_credit("rates: { a: 1 }"), &strict), []);
}

#[test]
fn without_validation_only_the_unreadable_is_refused() {
    let lax = LoadOptions { strict: false, validate: false };
    for source in [
        with_limit("value: -1, increment: 0, ewma_alpha: 7, resets: true, reset_inc: 0"),
        with_limit("governor_enabled: true"),
        with_credit("price: -1, overhead_cost: -1"),
        with_credit("pricing_model: tiered"),
        with_plan("trial_period: 14days"),
        "policy: { plans: { a: { default: true }, b: { default: true } } }".to_owned(),
    ] {
        assert_eq!(found(&source, &lax), [], "{source}");
    }
    for (source, code) in [
        (with_limit("value: 5kg"), "unit_mismatch"),
        (with_limit("value: x"), "bad_quantity"),
        (with_limit("mode: x"), "unknown_mode"),
        (
            "policy: { plans: { p: { entitlements: { a: { limit: { credit: x } } } } } }".to_owned(),
            "unknown_credit",
        ),
        ("policy: { plans: { a: {}, a: {} } }".to_owned(), "duplicate_key"),
        ("policy: [".to_owned(), "syntax"),
        ("{}".to_owned(), "missing_policy"),
    ] {
        let found = found(&source, &lax);
        assert!(found.iter().any(|(_, c, _)| *c == code), "{code}: {found:?}");
    }
}
