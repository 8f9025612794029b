//! The conformance vectors of validation: each policy is refused with at least the codes that it names, and every
//! policy of the other files loads.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)] // a test fails by panicking

use limitr_engine::policy::{Format, LoadOptions, load};
use serde_json::{Value, json};

fn scenarios(file: &str) -> Vec<Value> {
    let path = format!("{}/../../conformance/{file}", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).expect(&path);
    // A file that isn't a list holds no scenarios.
    match serde_json::from_str(&text).expect(file) {
        Value::Array(scenarios) => scenarios,
        _ => Vec::new(),
    }
}

fn codes_of(policy: &Value) -> Vec<&'static str> {
    let text = json!({ "policy": policy }).to_string();
    match load(text.as_bytes(), Format::Json, &LoadOptions::default()) {
        Ok(_) => Vec::new(),
        Err(diagnostics) => diagnostics.iter().filter(|d| d.is_error()).map(|d| d.code).collect(),
    }
}

#[test]
fn every_validation_vector_is_refused_with_its_codes() {
    for scenario in scenarios("validation.json") {
        let codes = codes_of(&scenario["policy"]);
        for wanted in scenario["rejects"].as_array().expect("rejects") {
            let wanted = wanted.as_str().expect("a code");
            assert!(codes.contains(&wanted), "{}: {wanted} is not in {codes:?}", scenario["name"]);
        }
    }
}

#[test]
fn every_other_vector_loads() {
    let folder = format!("{}/../../conformance", env!("CARGO_MANIFEST_DIR"));
    let mut count = 0;
    for entry in std::fs::read_dir(folder).expect("the folder") {
        let name = entry.expect("an entry").file_name().into_string().expect("a name");
        if name == "validation.json" || !name.ends_with(".json") {
            continue;
        }
        for scenario in scenarios(&name) {
            let codes = codes_of(&scenario["policy"]);
            assert!(codes.is_empty(), "{name} {}: {codes:?}", scenario["name"]);
            count += 1;
        }
    }
    assert!(count > 0);
}
