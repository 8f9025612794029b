//! Five mistakes on five lines are five diagnostics with their lines and columns, in every format.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)] // a test fails by panicking

use limitr_engine::policy::{Format, LoadOptions, load, render};

const YAML: &str = "\
policy:
  credits:
    token: { price: -3 }
  plans:
    free:
      default: yes
      entitlements:
        chat:
          limit:
            credit: tokn
            mode: strict
            value: 5mb
";

const JSON: &str = r#"{
  "policy": {
    "credits": { "token": { "price": -3 } },
    "plans": { "free": {
      "default": "yes",
      "entitlements": { "chat": { "limit": {
        "credit": "tokn",
        "mode": "strict",
        "value": "5mb"
      } } }
    } }
  }
}
"#;

const TOML: &str = "\
[policy.credits]
token = { price = -3 }
[policy.plans.free]
default = 'yes'
[policy.plans.free.entitlements.chat.limit]
credit = 'tokn'
mode = 'strict'
value = '5mb'
";

fn rendered(name: &str, source: &str) -> String {
    let format = name.rsplit('.').next().expect("a suffix").parse().expect("a format");
    match load(source.as_bytes(), format, &LoadOptions::default()) {
        Ok(loaded) => render(&loaded.warnings, name, source),
        Err(diagnostics) => render(&diagnostics, name, source),
    }
}

#[test]
fn five_mistakes_on_five_lines() {
    insta::assert_snapshot!("five_mistakes_yaml", rendered("policy.yaml", YAML));
    insta::assert_snapshot!("five_mistakes_json", rendered("policy.json", JSON));
    insta::assert_snapshot!("five_mistakes_toml", rendered("policy.toml", TOML));
}

#[test]
fn the_shape_that_crosses_every_boundary() {
    let source = "policy:\n  plans:\n    a: { default: true }\n    b: { default: true }\n";
    let diagnostics = load(source.as_bytes(), Format::Yaml, &LoadOptions::default()).unwrap_err();
    insta::assert_snapshot!("public_shape", format!("{:#}", serde_json::json!(diagnostics)));
}

#[test]
fn syntax_errors_in_each_format() {
    let sources = [
        ("a.yaml", "policy:\n  plans:\n   a: [1, 2\n  b: 3\n"),
        ("b.yaml", "policy: {}\n---\npolicy: {}\n"),
        ("c.yaml", "policy: &a\n  x: *a\n"),
        ("d.yaml", "policy: *nowhere\n"),
        ("a.json", "{ \"policy\": { \"plans\": {}, } }"),
        ("b.json", "{ \"policy\": { \"hold_ttl\": 01 } }"),
        ("c.json", "{ \"policy\": { \"plans\": { \"\\ud800\": {} } } }"),
        ("d.json", "{ \"policy\": // no\n {} }"),
        ("a.toml", "[policy\nhold_ttl = 1\n"),
        ("b.toml", "policy = { hold_ttl = }\n"),
    ];
    let all: String = sources.into_iter().map(|(name, source)| rendered(name, source)).collect();
    insta::assert_snapshot!("syntax_errors", all);
}

#[test]
fn duplicate_keys_name_both_places() {
    let sources = [
        ("a.yaml", "policy:\n  plans:\n    pro: {}\n    free: {}\n    pro: {}\n"),
        ("a.json", "{ \"policy\": {\n\"plans\": {},\n\"plans\": {} } }"),
        ("a.toml", "[policy.plans.pro]\nlabel = 'a'\nlabel = 'b'\n[policy.plans.pro]\n"),
        ("b.yaml", "policy:\n  credits:\n    mb: { units: MB, stof_units: MB }\n"),
    ];
    let all: String = sources.into_iter().map(|(name, source)| rendered(name, source)).collect();
    insta::assert_snapshot!("duplicate_keys", all);
}

#[test]
fn columns_count_utf16_code_units() {
    let source = "policy: { plans: { \"😀\": { defalt: true } } }\n";
    let warnings = load(source.as_bytes(), Format::Yaml, &LoadOptions::default()).expect("it loads").warnings;
    assert_eq!(warnings.len(), 1);
    assert_eq!((warnings[0].line, warnings[0].column), (Some(1), Some(28)));
    assert_eq!(warnings[0].help.as_deref(), Some("did you mean `default`?"));
    assert_eq!(warnings[0].path, "policy.plans[\"😀\"].defalt");
}

#[test]
fn a_hundred_are_shown_and_the_rest_is_counted() {
    let fields: String = (0..500).map(|n| format!("  field_{n}: 1\n")).collect();
    let source = format!("policy:\n{fields}  hold_ttl: 0\n");
    let diagnostics = load(source.as_bytes(), Format::Yaml, &LoadOptions::default()).unwrap_err();
    assert_eq!(diagnostics.len(), 101);
    assert!(diagnostics.iter().any(|d| d.code == "bad_duration"), "no warning crowds an error out");
    let last = diagnostics.last().expect("one");
    assert_eq!(last.code, "more_problems");
    assert_eq!(last.message, "401 more problems are not shown (0 errors, 401 warnings)");
}
