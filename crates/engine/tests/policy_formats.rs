//! Which format a document is taken for, and what each format means.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)] // a test fails by panicking

use limitr_engine::policy::{Format, LoadOptions, Loaded, Mode, Policy, load};
use limitr_engine::quantity::{Amount, Quantity};

fn loaded(source: &str, format: Format) -> Loaded {
    load(source.as_bytes(), format, &LoadOptions::default())
        .unwrap_or_else(|problems| panic!("{problems:#?}\n{source}"))
}

fn policy(source: &str) -> Policy {
    loaded(source, Format::Auto).policy
}

fn first_error(source: &str) -> (String, &'static str) {
    let problems = load(source.as_bytes(), Format::Auto, &LoadOptions::default()).unwrap_err();
    let first = problems.into_iter().find(|problem| problem.is_error()).expect("an error");
    (first.message, first.code)
}

#[test]
fn one_policy_in_three_formats() {
    let yaml = "policy:\n  credits:\n    t: { units: MB }\n  plans:\n    p:\n      entitlements:\n        a: { limit: { credit: t, value: 1_000.5 } }\n        b:\n";
    let json = r#"{"policy":{"credits":{"t":{"units":"MB"}},"plans":{"p":{"entitlements":{"a":{"limit":{"credit":"t","value":1000.5}},"b":null}}}}}"#;
    let toml = "[policy.credits.t]\nunits = 'MB'\n[policy.plans.p.entitlements.a.limit]\ncredit = 't'\nvalue = 1_000.5\n[policy.plans.p.entitlements.b]\n";
    let (y, j, t) = (loaded(yaml, Format::Auto), loaded(json, Format::Auto), loaded(toml, Format::Auto));
    assert_eq!((y.format, j.format, t.format), (Format::Yaml, Format::Json, Format::Toml));
    assert_eq!(y.policy, j.policy);
    assert_eq!(j.policy, t.policy);
    assert_eq!(y.policy.plans["p"].entitlements["b"].limit, None);
}

#[test]
fn the_error_is_that_of_the_format_it_looks_like() {
    assert_eq!(
        first_error("{ \"policy\": {} , }, x"),
        ("expected a key in double quotes, found `}`".to_owned(), "syntax")
    );
    assert_eq!(first_error("# a comment\n[policy]\nx = = 1\n").1, "syntax");
    assert!(load(b"policy = 1\npolicy.x = 2", Format::Auto, &LoadOptions::default()).is_err());
    assert_eq!(
        first_error("policies:\n  a: 1\n"),
        ("there is no root key `policy`".to_owned(), "missing_policy")
    );
    assert_eq!(first_error("").1, "missing_policy");
}

#[test]
fn numbers_are_exact_in_every_format() {
    let exact = "0.100000000001";
    let large = "123456789012345678901.5";
    for source in [
        format!("policy: {{ credits: {{ a: {{ price: {exact} }}, b: {{ price: {large} }} }} }}"),
        format!(
            "{{\"policy\": {{\"credits\": {{\"a\": {{\"price\": {exact}}}, \"b\": {{\"price\": {large}}} }} }} }}"
        ),
        format!("[policy.credits]\na.price = {exact}\nb.price = {large}\n"),
    ] {
        let policy = policy(&source);
        let price = |name: &str| policy.credits[name].price.as_ref().map(|price| price.amount);
        assert_eq!(price("a"), Amount::parse(exact).ok());
        assert_eq!(price("b"), Amount::parse(large).ok());
    }
    let values = policy(
        "policy: { credits: { t: {} }, plans: { p: { entitlements: {
        a: { limit: { credit: t, value: 1e6 } }, b: { limit: { credit: t, value: 0x10 } },
        c: { limit: { credit: t, value: '1_000' } }, d: { limit: { credit: t, value: 0o17 } } } } } }",
    );
    let value =
        |name: &str| values.plans["p"].entitlements[name].limit.as_ref().map(|limit| limit.value.clone());
    for (name, amount) in [("a", 1_000_000), ("b", 16), ("c", 1000), ("d", 15)] {
        assert_eq!(value(name), Some(Quantity::from_amount(Amount::from_int(amount))), "{name}");
    }
}

#[test]
fn yaml_anchors_aliases_and_merges() {
    let policy = policy(
        "base: &base { credit: t, mode: soft, value: 5 }
more: &more { value: 7, increment: 3 }
policy:
  credits: { t: {} }
  plans:
    p:
      entitlements:
        same: { limit: *base }
        merged: { limit: { <<: *base, value: 6 } }
        own_first: { limit: { value: 6, <<: *base } }
        several: { limit: { <<: [*more, *base] } }
        \"<<\": {}
",
    );
    let entitlements = &policy.plans["p"].entitlements;
    let limit = |name: &str| entitlements[name].limit.clone().expect(name);
    let whole = |n| Quantity::from_amount(Amount::from_int(n));
    assert_eq!((limit("same").value, limit("same").mode), (whole(5), Mode::Soft));
    assert_eq!((limit("merged").value, limit("merged").mode), (whole(6), Mode::Soft));
    assert_eq!((limit("own_first").value, limit("own_first").mode), (whole(6), Mode::Soft));
    assert_eq!((limit("several").value, limit("several").increment), (whole(7), whole(3)));
    assert!(entitlements.contains_key("<<"));
}

#[test]
fn yaml_is_1_2() {
    let policy =
        policy("policy: { credits: { yes: { label: no, description: !!str 5 }, 1: {}, ~: {}, 1.50: {} } }");
    assert_eq!(policy.credits.keys().collect::<Vec<_>>(), ["yes", "1", "~", "1.50"]);
    assert_eq!((&*policy.credits["yes"].label, &*policy.credits["yes"].description), ("no", "5"));
}

#[test]
fn marks_and_line_ends_of_other_systems_are_tolerated() {
    let source = "\u{feff}policy:\r\n  plans:\r\n    p: { labl: x }\r\n";
    let loaded = loaded(source, Format::Auto);
    assert_eq!((loaded.warnings[0].line, loaded.warnings[0].column), (Some(3), Some(10)));
    assert!(load("\u{feff}{\"policy\":{}}".as_bytes(), Format::Json, &LoadOptions::default()).is_ok());
    assert!(load("\u{feff}[policy]\r\n".as_bytes(), Format::Toml, &LoadOptions::default()).is_ok());
    assert!(load(b"%YAML 1.2\n---\npolicy: {}\n...\n", Format::Yaml, &LoadOptions::default()).is_ok());
}

#[test]
fn the_schema_may_be_named() {
    let source = r#"{"$schema": "policy.schema.json", "policy": {}}"#;
    assert_eq!(loaded(source, Format::Json).warnings, []);
}

#[test]
fn formats_have_words() {
    assert_eq!("yaml".parse(), Ok(Format::Yaml));
    assert_eq!("stof".parse::<Format>().unwrap_err().code(), "invalid_argument");
    assert_eq!("xml".parse::<Format>().unwrap_err().code(), "invalid_argument");
}

#[test]
fn tiers_are_sorted_on_load() {
    let policy = policy(
        "policy: { credits: { t: { units: MB, pricing_model: tiered, tiers: [{ price: 3 }, { up_to: 1GB, price: 2 }, { up_to: 10, price: 1 }] } } }",
    );
    let amounts: Vec<String> =
        policy.credits["t"].tiers.iter().map(|tier| tier.price.amount.to_string()).collect();
    assert_eq!(amounts, ["1", "2", "3"]);
}
