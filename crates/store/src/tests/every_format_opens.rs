//! Stores that earlier versions wrote open with the state that was recorded beside them. A folder `tests/fixtures/format-<n>`
//! for each format; that of the present one is written anew with `UPDATE=1`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use limitr_engine::policy::{Format, LoadOptions, load};
use limitr_engine::{Ask, Call, Engine, Given, Profile, Reserve, Settle};
use serde_json::{Value, json};

use super::faulty::Faulty;
use super::sequence::START;
use super::world::{Process, saved, settings};
use crate::format::FORMAT;

const EXPECTED: &str = "expected.json";

fn folder(format: u32) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("tests/fixtures/format-{format}"))
}

/// What a store says once it is open: at a time, all that an engine saves, and every history.
fn told(process: &Process, now: i64) -> Value {
    let mut histories = BTreeMap::new();
    let state = saved(&process.engine, now);
    for id in state["customers"].as_object().unwrap().keys() {
        let history = process.history(id, usize::MAX).unwrap();
        let changes = history.iter().map(|recorded| json!([recorded.instance, recorded.change.to_json()]));
        histories.insert(id.clone(), changes.collect::<Value>());
    }
    json!({ "now": now, "state": state, "histories": histories })
}

const POLICY: &str = r"
policy:
  credits: { token: { price: 0.07 }, mb: { stof_units: MB }, gold: { price: 3 } }
  notifications: { half: { when: { event: meter-changed, crosses: '50%' } } }
  plans:
    free:
      default: true
      entitlements:
        chat: { limit: { credit: token, mode: soft, value: 4, resets: true, reset_inc: 1hr } }
        disk: { limit: { credit: mb, value: 1GB } }
      topups: { coin: { credit: gold, value: 0.1, resets: true, reset_inc: 2hr } }
    pro: { entitlements: { chat: { limit: { credit: token, value: 100 } } } }
";

fn put_in_force(engine: &mut Engine, text: &str) {
    let loaded = load(text.as_bytes(), Format::Yaml, &LoadOptions::default()).unwrap();
    engine.resume(START, loaded.policy).unwrap();
}

fn by(value: f64) -> Call<'static> {
    Call::new(Ask::by(value))
}

/// Calls that leave some of every kind of change.
fn calls() -> [fn(&mut Engine, i64); 6] {
    [
        |engine, _| put_in_force(engine, POLICY),
        |engine, now| {
            let metadata = Some(json!({ "a": [1.5, "é"] }));
            let org = Profile { kind: Some("org"), plan: "pro", metadata, ..Profile::default() };
            engine.create_customer(now, "org", &org).unwrap();
            let refs = Some(vec!["org".to_string()]);
            let ann = Profile { refs, label: Some("Ann 🦀"), plan: "free", ..Profile::default() };
            engine.create_customer(now, "ann", &ann).unwrap();
            engine.create_customer(now, "gone", &Profile::default()).unwrap();
            engine.add_alt_id(now, "ann", "ann@example.com").unwrap();
        },
        |engine, now| {
            let options = json!({ "cap_id": "c", "shared": true, "resets": true, "reset_inc": "90min" });
            engine.add_cap(now, "org", Given::Number(9.0), options.as_object().unwrap()).unwrap();
            engine.apply_topup(now, "ann", "coin").unwrap();
            for value in [1.5, 2.5, 3.25] {
                assert!(engine.allow(now, "ann", "chat", &by(value)).unwrap());
            }
            assert!(engine.allow(now, "ann", "disk", &by(250.0)).unwrap());
        },
        |engine, now| {
            engine.reserve(now, "ann", "chat", &Reserve::default()).unwrap().unwrap();
            let value = Some(Given::Number(2.0));
            let hold = engine.reserve(now, "ann", "chat", &Reserve { value, ..Reserve::default() }).unwrap();
            engine.settle(now, "ann", "chat", hold, &Settle::new(Given::Number(1.75))).unwrap();
            engine.decide_once(now, "ann", "disk", &by(1.0), "once").unwrap();
            let limit = json!({ "value": 40 });
            engine.create_override(now, "org", "chat", limit.as_object().unwrap(), None).unwrap();
            engine.remove_customer(now, "gone").unwrap();
        },
        |engine, now| {
            put_in_force(engine, &POLICY.replace("stof_units: MB", "stof_units: KB"));
            let record = engine.customer_record("org").unwrap();
            engine.set_customer(now, &record, true).unwrap();
        },
        |engine, now| {
            assert!(engine.allow(now, "ann", "chat", &by(1.0)).unwrap());
            engine.reset_cap(now, "org", "c").unwrap();
            engine.create_customer(now, "late", &Profile::default()).unwrap();
        },
    ]
}

/// A store with a state, folded segments, one that isn't, and one that nobody closed; and when that was.
fn written() -> (BTreeMap<String, Vec<u8>>, i64) {
    let disk = Faulty::new(1);
    let mut process = Process::open(&disk, &settings(0, 1_500, 1)).unwrap();
    let mut now = START;
    for (at, call) in calls().iter().enumerate() {
        now += 1_234_567;
        call(&mut process.engine, now);
        process.append(now).1.unwrap();
        if at == 2 {
            process.journal.close().unwrap();
            process.fold_all();
        }
    }
    (disk.files(), now)
}

fn opened(files: &BTreeMap<String, Vec<u8>>) -> Process {
    Process::open(&Faulty::of(files), &settings(1, 1, 1)).unwrap()
}

#[test]
fn as_it_was_recorded() {
    for format in 1..=FORMAT {
        let mut files = BTreeMap::new();
        for entry in std::fs::read_dir(folder(format)).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap().to_string();
            files.insert(name, std::fs::read(path).unwrap());
        }
        let expected: Value = serde_json::from_slice(&files.remove(EXPECTED).unwrap()).unwrap();
        assert!(files.len() >= 4, "state, index, and segments");
        let process = opened(&files);
        assert_eq!(told(&process, expected["now"].as_i64().unwrap()), expected);
        // And it goes on, in the present format.
        let disk = Faulty::of(&files);
        let mut process = Process::open(&disk, &settings(1, 1, 1)).unwrap();
        process.engine.create_customer(START, "new", &Profile::default()).unwrap();
        process.append(START).1.unwrap();
        process.fold_all();
        disk.cut();
        let again = Process::open(&disk, &settings(2, 1, 1)).unwrap();
        assert_eq!(saved(&again.engine, START), saved(&process.engine, START));
    }
}

#[test]
fn the_present_one_is_recorded() {
    let (files, now) = written();
    let told = told(&opened(&files), now);
    let folder = folder(FORMAT);
    if std::env::var_os("UPDATE").is_some() {
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).unwrap();
        for (name, bytes) in &files {
            std::fs::write(folder.join(name), bytes).unwrap();
        }
        std::fs::write(folder.join(EXPECTED), format!("{told}\n")).unwrap();
    }
    let recorded = std::fs::read(folder.join(EXPECTED)).unwrap();
    assert_eq!(told, serde_json::from_slice::<Value>(&recorded).unwrap());
    for name in files.keys() {
        assert!(folder.join(name).exists(), "{name}");
    }
}
