//! Overrides, single plans and differences.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)] // a test fails by panicking

use limitr_engine::policy::{Format, Limit, LoadOptions, Mode, Policy, load, load_plan, load_plan_text};
use limitr_engine::quantity::{Amount, Quantity};
use serde_json::{Value, json};

fn policy() -> Policy {
    let source = "policy:
  credits: { t: {}, mb: { units: MB } }
  plans:
    free:
      default: true
      entitlements:
        a: { limit: { credit: t, value: 5, resets: true, reset_inc: 1day, increment: 2, grants_apply: false } }
";
    load(source.as_bytes(), Format::Yaml, &LoadOptions::default()).expect("it loads").policy
}

fn limit() -> Limit {
    policy().plans["free"].entitlements["a"].limit.clone().expect("a limit")
}

fn overlaid(fields: Value) -> Result<Limit, Vec<(&'static str, String)>> {
    let Value::Object(fields) = fields else { panic!("an object") };
    limit()
        .overlay(&fields, &policy())
        .map_err(|problems| problems.into_iter().map(|p| (p.code, p.path)).collect())
}

#[test]
fn an_override_replaces_what_it_gives() {
    let changed = overlaid(json!({ "value": 20, "mode": "soft", "increment": null })).expect("it is good");
    assert_eq!(changed.value, Quantity::from_amount(Amount::from_int(20)));
    assert_eq!(changed.mode, Mode::Soft);
    assert_eq!((changed.increment, changed.grants_apply), (limit().increment, false));
    assert_eq!(overlaid(json!({})), Ok(limit()));
}

#[test]
fn giving_one_reset_kind_clears_the_other() {
    let monthly = overlaid(json!({ "reset_sch": "monthly:1" })).expect("it is good");
    assert!(monthly.reset_inc.is_none() && monthly.reset_sch.is_some());
    let fields = json!({ "reset_inc": "2days" });
    let again = monthly.overlay(fields.as_object().expect("an object"), &policy()).expect("it is good");
    assert!(again.reset_inc.is_some() && again.reset_sch.is_none());
}

#[test]
fn an_override_is_judged_like_a_document() {
    for (fields, code, path) in [
        (json!({ "value": -1 }), "bad_quantity", "value"),
        (json!({ "value": "5mb" }), "unknown_unit", "value"),
        (json!({ "value": "5MB" }), "unit_mismatch", "value"),
        (json!({ "credit": "x" }), "unknown_credit", "credit"),
        (json!({ "valeu": 1 }), "unknown_field", "valeu"),
        (json!({ "reset_inc": 1, "reset_sch": "monthly:1" }), "two_reset_kinds", "reset_sch"),
        (json!({ "mode": 5 }), "wrong_type", "mode"),
    ] {
        assert_eq!(overlaid(fields), Err(vec![(code, path.to_owned())]));
    }
    assert!(overlaid(json!({ "credit": "mb", "value": "5GB" })).is_ok());
}

#[test]
fn a_plan_is_read_for_the_policy_it_joins() {
    let plan = load_plan(
        "pro",
        &json!({ "label": "Pro", "entitlements": { "x": { "limit": { "credit": "mb", "value": "1GB" } } } }),
        &policy(),
    );
    assert_eq!(plan.expect("it is good").label, "Pro");
    let codes = |name: &str, plan: Value| {
        let problems = load_plan(name, &plan, &policy()).unwrap_err();
        problems.into_iter().map(|p| (p.code, p.path, p.line)).collect::<Vec<_>>()
    };
    let limit = "policy.plans.pro.entitlements.x.limit.credit".to_owned();
    assert_eq!(
        codes("pro", json!({ "entitlements": { "x": { "limit": { "credit": "no" } } } })),
        [("unknown_credit", limit.clone(), None)]
    );
    assert_eq!(codes("pro", json!(5)), [("wrong_type", "policy.plans.pro".to_owned(), None)]);
    assert_eq!(
        codes("pro", json!({ "default": true })),
        [("several_defaults", "policy.plans.pro.default".to_owned(), None)]
    );
    assert_eq!(codes("", json!({})).first().map(|(code, ..)| *code), Some("invalid_name"));
    assert!(load_plan("free", &json!({ "default": true }), &policy()).is_ok(), "it replaces the default");

    let text = "entitlements:\n  x:\n    limit:\n      credit: no\n";
    let problems = load_plan_text("pro", text.as_bytes(), Format::Auto, &policy()).unwrap_err();
    assert_eq!((problems[0].path.clone(), problems[0].line, problems[0].column), (limit, Some(4), Some(15)));
}

#[test]
fn differences_name_their_place() {
    let before = policy();
    let mut after = before.clone();
    after.plans["free"].label = "Free".to_owned();
    after.plans.insert("pro".to_owned(), after.plans["free"].clone());
    after.plans["pro"].default = false;
    after.credits.shift_remove("mb");
    let difference = before.difference(&after);
    let shown: Vec<(&str, bool, bool)> =
        difference.iter().map(|d| (d.path.as_str(), d.before.is_some(), d.after.is_some())).collect();
    assert_eq!(
        shown,
        [
            ("policy.credits.mb", true, false),
            ("policy.plans.free.label", false, true),
            ("policy.plans.pro", false, true),
        ]
    );
    assert!(before.difference(&before).is_empty());
}
