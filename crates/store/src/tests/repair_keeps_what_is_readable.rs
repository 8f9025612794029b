//! Repair keeps all that stands in whole frames, says what it left out, and throws no file away.

use limitr_engine::{Ask, Call, Profile};
use serde_json::Value;

use super::acts::small_policy;
use super::faulty::Faulty;
use super::sequence::START;
use super::world::{Process, saved, settings};
use crate::frame::{Found, Frames, payload_at};
use crate::repair::{Lost, repair_on};
use crate::state::{packed_customers, state_name};

/// An empty store, with a policy.
fn begin(segment_bytes: u64) -> (Faulty, Process) {
    let disk = Faulty::new(1);
    let mut process = Process::open(&disk, &settings(0, segment_bytes, 1)).unwrap();
    process.engine.resume(START, small_policy()).unwrap();
    (disk, process)
}

fn create(process: &mut Process, id: &str, metadata: usize) {
    let profile = Profile { metadata: Some(Value::from("m".repeat(metadata))), ..Profile::default() };
    process.engine.create_customer(START, id, &profile).unwrap();
    process.append(START).1.unwrap();
}

/// Where the frames of a file begin, and what is in them.
fn frames(disk: &Faulty, name: &str) -> Vec<(u64, Vec<u8>)> {
    let file = disk.shared().open(name).unwrap();
    let mut frames = Frames::from(file.as_ref(), name, 0).unwrap();
    let mut found = Vec::new();
    loop {
        let (at, mut payload) = (frames.at(), Vec::new());
        if frames.next(&mut payload).unwrap() != Found::Frame {
            return found;
        }
        found.push((at, payload));
    }
}

/// Spoils the last byte of a file's n-th frame; what the file is then.
fn spoil(disk: &Faulty, name: &str, frame: usize) -> Vec<u8> {
    let (at, payload) = &frames(disk, name)[frame];
    let mut bytes = disk.files()[name].clone();
    bytes[payload_at(*at) as usize + payload.len() - 1] ^= 1;
    disk.put(name, &bytes);
    bytes
}

fn name_of(disk: &Faulty, kind: &str, at: usize) -> String {
    disk.files().into_keys().filter(|name| name.starts_with(kind)).nth(at).unwrap()
}

#[test]
fn a_damaged_part_of_the_state_costs_its_customers_alone() {
    let (disk, mut process) = begin(1);
    for at in 0..12 {
        create(&mut process, &format!("c{at}"), 20_000);
    }
    process.fold_all();
    let name = name_of(&disk, "state-", 0);
    let parts = frames(&disk, &name);
    let damaged = spoil(&disk, &name, 2);
    let lost_ids: Vec<&str> = packed_customers(&parts[2].1)
        .map(|packed| limitr_engine::packed_id(packed.unwrap()).unwrap())
        .collect();
    assert!((2..=4).contains(&lost_ids.len()), "{lost_ids:?}");
    assert_eq!(Process::open(&disk, &settings(1, 1, 1)).err().unwrap().code(), "store_damaged");
    let done = repair_on(disk.shared().as_ref()).unwrap();
    assert_eq!(done.lost, [Lost { file: name.clone(), at: parts[2].0, bytes: parts[3].0 - parts[2].0 }]);
    assert_eq!(done.customers as usize, 12 - lost_ids.len());
    assert_eq!(disk.files()[&format!("damaged-{name}")], damaged);
    assert!(!disk.files().contains_key(&name));
    let opened = Process::open(&disk, &settings(1, 1, 1)).unwrap();
    for at in 0..12 {
        let id = format!("c{at}");
        let expected = process.engine.customer_record(&id).filter(|_| !lost_ids.contains(&id.as_str()));
        assert_eq!(opened.engine.customer_record(&id), expected);
        assert!(!opened.history(&id, 9).unwrap().is_empty(), "the history is whole");
    }
    assert_eq!(opened.engine.policy_version(), 1);
}

#[test]
fn a_damaged_batch_costs_what_it_said() {
    let (disk, mut process) = begin(u64::MAX);
    for at in 0..4 {
        create(&mut process, &format!("c{at}"), 9);
    }
    for _ in 0..3 {
        for at in 0..4 {
            assert!(
                process.engine.allow(START, &*format!("c{at}"), "soft", &Call::new(Ask::by(1.0))).unwrap()
            );
        }
        process.append(START).1.unwrap();
    }
    let name = name_of(&disk, "journal-", 0);
    let parts = frames(&disk, &name);
    let damaged = spoil(&disk, &name, 3); // head, policy and c0, c1, c2
    let done = repair_on(disk.shared().as_ref()).unwrap();
    // Each of the three batches that follow speaks of the customer that was lost, and is named once.
    let lost = |frame: usize, bytes: u64| Lost { file: name.clone(), at: parts[frame].0, bytes };
    assert_eq!(done.lost, [lost(3, parts[4].0 - parts[3].0), lost(5, 0), lost(6, 0), lost(7, 0)]);
    assert_eq!(done.customers, 3);
    let files = disk.files();
    assert_eq!(files[&format!("damaged-{name}")], damaged);
    let opened = Process::open(&disk, &settings(1, 1, 1)).unwrap();
    for id in ["c0", "c1", "c3"] {
        assert_eq!(opened.engine.customer_record(id), process.engine.customer_record(id));
    }
    assert!(opened.engine.customer("c2").is_none());
}

#[test]
fn a_customer_is_never_taken_for_another_whose_name_it_had() {
    let (disk, mut process) = begin(u64::MAX);
    create(&mut process, "ann", 9);
    process.engine.add_alt_id(START, "ann", "bob").unwrap();
    process.append(START).1.unwrap();
    let ann = process.engine.customer_record("ann");
    process.engine.remove_customer(START, "ann").unwrap();
    process.append(START).1.unwrap();
    create(&mut process, "bob", 3);
    let name = name_of(&disk, "journal-", 0);
    spoil(&disk, &name, 3); // head, ann, her other name, and that she goes
    let done = repair_on(disk.shared().as_ref()).unwrap();
    assert_eq!(done.lost.len(), 2, "{:?}", done.lost);
    let opened = Process::open(&disk, &settings(1, 1, 1)).unwrap();
    assert_eq!((opened.engine.customer_record("ann"), opened.engine.customer_count()), (ann, 1));
}

#[test]
fn a_damaged_index_or_old_segment_costs_history_alone() {
    for kind in ["index-", "journal-"] {
        let (disk, mut process) = begin(1);
        for at in 0..4 {
            create(&mut process, &format!("c{at}"), 9);
        }
        process.fold_all();
        let name = name_of(&disk, kind, 1);
        spoil(&disk, &name, 1);
        let opened = Process::open(&disk, &settings(1, 1, 1)).unwrap();
        assert_eq!(opened.history("c1", 9).unwrap_err().code(), "store_damaged");
        let done = repair_on(disk.shared().as_ref()).unwrap();
        assert_eq!((done.customers, done.changes, &done.lost[..]), (4, 0, &[][..]));
        let opened = Process::open(&disk, &settings(1, 1, 1)).unwrap();
        assert_eq!(saved(&opened.engine, START), saved(&process.engine, START));
        assert_eq!(opened.history("c1", 9).unwrap(), []);
        assert!(!opened.history("c2", 9).unwrap().is_empty());
        let kept: Vec<String> =
            disk.files().into_keys().filter(|name| name.starts_with("damaged-")).collect();
        let position = &name[kind.len()..];
        let retired = [
            format!("damaged-index-{position}"),
            format!("damaged-journal-{position}"),
            format!("damaged-{}", state_name(process.folding.state.unwrap())),
        ];
        assert_eq!(kept, retired);
    }
}

#[test]
fn a_letter_of_an_old_change_that_turned_into_another_is_no_history() {
    let (disk, mut process) = begin(1);
    create(&mut process, "c0", 9);
    process.fold_all();
    let name = name_of(&disk, "journal-", 0);
    let mut bytes = disk.files()[&name].clone();
    let place = bytes.windows(9).position(|part| part == b"mmmmmmmmm").unwrap();
    bytes[place] = b'n';
    disk.put(&name, &bytes);
    let error = process.history("c0", 9).unwrap_err();
    assert_eq!(error.code(), "store_damaged");
    assert!(error.message().contains(&name), "{error}");
}

#[test]
fn a_whole_store_loses_nothing() {
    let (disk, mut process) = begin(1);
    for at in 0..4 {
        create(&mut process, &format!("c{at}"), 9);
        if at == 1 {
            process.fold_all();
        }
    }
    for round in 0..3 {
        let done = repair_on(disk.shared().as_ref()).unwrap();
        assert_eq!((done.customers, done.lost), (4, vec![]), "repair {round}");
        let opened = Process::open(&disk, &settings(1, 1, 1)).unwrap();
        assert_eq!(saved(&opened.engine, START), saved(&process.engine, START));
        assert!(!opened.history("c1", 9).unwrap().is_empty());
    }
}

#[test]
fn an_empty_folder_is_repaired_to_an_empty_store() {
    let disk = Faulty::new(1);
    assert_eq!(repair_on(disk.shared().as_ref()).unwrap().customers, 0);
    let opened = Process::open(&disk, &settings(1, 1, 1)).unwrap();
    assert_eq!((opened.engine.customer_count(), opened.engine.policy_version()), (0, 0));
}
