//! Files of later versions and missing ones are refused by name; those of others aren't looked at.

use std::collections::BTreeMap;

use limitr_engine::Profile;

use super::acts::policy;
use super::faulty::Faulty;
use super::sequence::START;
use super::world::{Process, saved, settings};
use crate::format::FORMAT;
use crate::frame::{Found, FrameWriter, Frames};
use crate::repair::repair_on;

type Bytes = BTreeMap<String, Vec<u8>>;

/// A store with a state, three folded segments with their indexes, and three more.
fn store() -> (Bytes, Process) {
    let disk = Faulty::new(1);
    let mut process = Process::open(&disk, &settings(0, 1, 1)).unwrap();
    process.engine.resume(START, policy(0)).unwrap();
    for at in 0..6 {
        process.engine.create_customer(START, &format!("c{at}"), &Profile::default()).unwrap();
        process.append(START).1.unwrap();
        if at == 2 {
            process.fold_all();
        }
    }
    (disk.files(), process)
}

fn opened(files: &Bytes) -> Result<Process, String> {
    let opened = Process::open(&Faulty::of(files), &settings(1, 1, 1));
    opened.map_err(|error| format!("{}: {}", error.code(), error.message()))
}

/// The n-th file of a kind.
fn nth(files: &Bytes, kind: &str, at: usize) -> String {
    files.keys().filter(|name| name.starts_with(kind)).nth(at).unwrap().clone()
}

/// The file with another payload in its first frame, or its last.
fn edited(bytes: &[u8], last: bool, edit: impl Fn(&mut Vec<u8>)) -> Vec<u8> {
    let disk = Faulty::of(&Bytes::from([("a".to_string(), bytes.to_vec())]));
    let shared = disk.shared();
    let file = shared.open("a").unwrap();
    let mut frames = Frames::from(file.as_ref(), "a", 0).unwrap();
    let mut payloads = vec![Vec::new()];
    while frames.next(payloads.last_mut().unwrap()).unwrap() == Found::Frame {
        payloads.push(Vec::new());
    }
    payloads.pop();
    let at = if last { payloads.len() - 1 } else { 0 };
    edit(&mut payloads[at]);
    let mut writer = FrameWriter::create(shared.as_ref(), "b".to_string()).unwrap();
    for payload in payloads {
        writer.put(|bytes| bytes.extend_from_slice(&payload)).unwrap();
    }
    writer.sync().unwrap();
    disk.files()["b"].clone()
}

#[test]
fn a_later_format_of_any_file_is_refused_by_opening_and_by_repair() {
    let (files, _) = store();
    for (kind, at, last) in [
        ("state-", 0, false),
        ("state-", 0, true),
        ("journal-", 0, false),
        ("journal-", 5, false),
        ("index-", 1, false),
    ] {
        let name = nth(&files, kind, at);
        let mut newer = files.clone();
        let bytes = edited(&files[&name], last, |payload| payload[1] = (FORMAT + 1) as u8);
        newer.insert(name.clone(), bytes);
        let error = opened(&newer).err().unwrap();
        assert!(error.starts_with(&format!("store_newer: `{name}` has format 2")), "{error}");
        let disk = Faulty::of(&newer);
        let refused = repair_on(disk.shared().as_ref()).unwrap_err();
        assert_eq!(refused.code(), "store_newer", "{kind} {refused}");
        assert_eq!(disk.files().keys().filter(|name| name.starts_with("damaged-")).count(), 0);
    }
}

#[test]
fn format_0_is_none() {
    let (files, _) = store();
    let name = nth(&files, "state-", 0);
    let mut none = files.clone();
    none.insert(name.clone(), edited(&files[&name], false, |payload| payload[1] = 0));
    assert!(opened(&none).err().unwrap().starts_with(&format!("store_damaged: `{name}`")));
}

#[test]
fn a_missing_file_is_named() {
    let (files, _) = store();
    let (state, folded, index) =
        (nth(&files, "state-", 0), nth(&files, "journal-", 1), nth(&files, "index-", 1));
    let unfolded = nth(&files, "journal-", 4);
    let next = nth(&files, "journal-", 5);
    for (missing, named) in [(&folded, &folded), (&index, &index), (&unfolded, &next)] {
        let mut fewer = files.clone();
        fewer.remove(missing);
        let error = opened(&fewer).err().unwrap();
        assert!(error.starts_with("store_damaged: ") && error.contains(&**named), "{missing}: {error}");
        assert!(error.contains("missing"), "{error}");
    }
    let mut fewer = files.clone();
    fewer.remove(&state);
    fewer.retain(|name, _| !name.ends_with("01"));
    let error = opened(&fewer).err().unwrap();
    assert!(error.contains("the changes 1 to") && error.contains("are missing"), "{error}");
}

#[test]
fn a_missing_state_is_made_up_for_by_a_journal_that_is_all_there() {
    let (mut files, process) = store();
    files.retain(|name, _| !name.starts_with("state-"));
    assert_eq!(saved(&opened(&files).unwrap().engine, START), saved(&process.engine, START));
}

#[test]
fn a_file_under_the_name_of_another_is_refused() {
    let (files, _) = store();
    for (kind, at) in [("journal-", 1), ("journal-", 4)] {
        let (name, other) = (nth(&files, kind, at), nth(&files, kind, at - 1));
        let mut swapped = files.clone();
        swapped.insert(name.clone(), files[&other].clone());
        let error = opened(&swapped).err().unwrap();
        assert!(error.starts_with(&format!("store_damaged: `{name}`")), "{error}");
    }
    let state = nth(&files, "state-", 0);
    let mut renamed = files.clone();
    let bytes = renamed.remove(&state).unwrap();
    renamed.insert("state-00000000000000000012".to_string(), bytes);
    assert!(opened(&renamed).err().unwrap().contains("another position"));
}

#[test]
fn files_of_others_are_left_alone() {
    let (files, process) = store();
    let others = [
        "lock",
        "notes.new",
        "journal-7",
        "state-99",
        "state-+0000000000000000099",
        "journal-00000000000000000001.bak",
        "damaged-state-00000000000000000001",
        "Journal-00000000000000000001",
        "state-99999999999999999999",
        "index-",
    ];
    let mut more = files.clone();
    for name in others {
        more.insert(name.to_string(), b"LMTR".to_vec());
    }
    let disk = Faulty::of(&more);
    let opened = Process::open(&disk, &settings(1, 1, 1)).unwrap();
    assert_eq!(saved(&opened.engine, START), saved(&process.engine, START));
    assert_eq!(disk.files(), more);
}

#[test]
fn what_a_broken_off_fold_left_is_removed() {
    let (files, _) = store();
    let mut more = files.clone();
    for name in [
        "state-00000000000000000009.new",
        "index-00000000000000000009.new",
        "journal-00000000000000000009.new",
    ] {
        more.insert(name.to_string(), b"LMTR".to_vec());
    }
    more.insert("state-00000000000000000001".to_string(), b"an older one".to_vec());
    let disk = Faulty::of(&more);
    Process::open(&disk, &settings(1, 1, 1)).unwrap();
    assert_eq!(disk.files(), files);
}
