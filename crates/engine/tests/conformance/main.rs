//! Every vector in `conformance/` against the engine itself. Scenarios that need parts which come later are listed one
//! by one in `conformance/waiting.json`; one that is listed and passes all the same fails the run.
#![allow(clippy::arithmetic_side_effects, clippy::indexing_slicing, clippy::unwrap_used)] // a test may panic

mod calls;
mod matching;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use limitr_engine::policy::{Format, LoadOptions, load};
use limitr_engine::{Engine, EngineOptions};
use serde_json::{Value, json};

use calls::Scenario;
use matching::{matches, matches_events};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../conformance")
}

fn read(path: &Path) -> Value {
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

/// Why a scenario fails, or nothing.
fn run(scenario: &Value) -> Result<(), String> {
    let document = json!({ "policy": scenario["policy"] }).to_string();
    let options = LoadOptions { validate: true, ..LoadOptions::default() };
    let loaded = load(document.as_bytes(), Format::Json, &options);
    if let Some(codes) = scenario["rejects"].as_array() {
        let diagnostics = loaded.err().ok_or("the policy was accepted")?;
        for code in codes {
            if !diagnostics.iter().any(|diagnostic| diagnostic.is_error() && *code == diagnostic.code) {
                return Err(format!("no `{code}` among {diagnostics:?}"));
            }
        }
        return Ok(());
    }
    let policy = loaded.map_err(|diagnostics| format!("the policy was refused: {diagnostics:?}"))?.policy;
    let now = scenario["start"].as_i64().unwrap();
    let mut engine =
        Engine::new(policy, EngineOptions { seed: 1, now }).map_err(|error| error.to_string())?;
    engine.listen(true);
    let mut running = Scenario { engine, now, saved: BTreeMap::new() };
    for (at, step) in scenario["steps"].as_array().unwrap().iter().enumerate() {
        run_step(&mut running, step).map_err(|problem| format!("step {at} {step}: {problem}"))?;
    }
    Ok(())
}

fn run_step(running: &mut Scenario, step: &Value) -> Result<(), String> {
    if let Some(by) = step.get("advance") {
        return running.advance(by);
    }
    let result = running.call(step["call"].as_str().unwrap(), step["args"].as_array().unwrap());
    let events = running.take_events(step["args"].as_array().unwrap());
    match (&result, step.get("throws")) {
        (Err(error), Some(code)) if *code == error.code() => {}
        (result, Some(code)) => return Err(format!("expected `{code}`, got {result:?}")),
        (Err(error), None) => return Err(format!("{}: {error}", error.code())),
        (Ok(value), None) => {
            if let Some(expected) = step.get("returns")
                && !matches(expected, value)
            {
                return Err(format!("expected {expected}, got {value}"));
            }
            if let Some(name) = step.get("save") {
                running.saved.insert(format!("${}", name.as_str().unwrap()), value.clone());
            }
        }
    }
    match step.get("events").filter(|expected| !matches_events(expected, &events)) {
        Some(expected) => Err(format!("expected the events {expected}, got {}", json!(events))),
        None => Ok(()),
    }
}

#[test]
fn every_vector_passes_or_is_listed_as_waiting() {
    let waiting = read(&folder().join("waiting.json"));
    let mut problems = Vec::new();
    let (mut passed, mut waited) = (0, 0);
    let mut files: Vec<PathBuf> =
        fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    for path in files.iter().filter(|path| path.extension().is_some_and(|extension| extension == "json")) {
        let file = path.file_name().unwrap().to_str().unwrap();
        if file == "waiting.json" {
            continue;
        }
        let scenarios = read(path);
        for scenario in scenarios.as_array().unwrap() {
            let name = scenario["name"].as_str().unwrap();
            let listed = waiting.get(file).is_some_and(|list| list.get(name).is_some());
            match (run(scenario), listed) {
                (Ok(()), false) => passed += 1,
                (Err(_), true) => waited += 1,
                (Ok(()), true) => problems.push(format!("{file}/{name} passes: take it off the list")),
                (Err(problem), false) => problems.push(format!("{file}/{name}: {problem}")),
            }
        }
    }
    assert!(
        problems.is_empty(),
        "{passed} passed, {waited} wait, {}:\n{}",
        problems.len(),
        problems.join("\n")
    );
    assert!(passed > 0);
    println!("{passed} vectors passed, {waited} wait");
}
