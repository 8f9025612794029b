//! What is folded, in whatever steps, is what replaying all changes gives, and a fold needs little memory.

use std::path::PathBuf;
use std::sync::Arc;

use limitr_engine::{Ask, Call, Change, Engine, Profile, packed_id};
use proptest::prelude::*;

use super::acts::{doings, policy};
use super::faulty::Faulty;
use super::sequence::{self, START};
use super::world::{Process, saved, settings};
use crate::catalog::Catalog;
use crate::disk::{Disk, Folder};
use crate::fold::fold;
use crate::journal::Journal;
use crate::state::{StateHead, StateReader, StateWriter, hash, state_name};

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn for_every_customer(doings in doings(90), every in 1..7_usize, folds in 1..30_usize) {
        let disk = Faulty::new(1);
        let mut process = Process::open(&disk, &settings(0, 400, 1)).unwrap();
        process.engine.resume(START, policy(0)).unwrap();
        sequence::people(&mut process.engine);
        let (mut now, mut changes) = (START, Vec::<Change>::new());
        for (at, doing) in doings.iter().enumerate() {
            now += doing.wait();
            doing.run(&mut process.engine, now);
            if at % every == 0 {
                changes.extend(process.append(now).0);
            }
            if at % folds == 0 {
                process.fold_all();
            }
        }
        changes.extend(process.append(now).0);
        process.journal.close().unwrap();
        process.fold_all();
        let mut replayed = Engine::blank(3);
        replayed.latest(now);
        for change in &changes {
            prop_assert_eq!(replayed.apply_change(change), Ok(true));
        }
        let name = state_name(process.folding.state.unwrap());
        let file = process.folding.disk.open(&name).unwrap();
        let (mut reader, head) = StateReader::new(file.as_ref(), &name).unwrap();
        prop_assert_eq!(head.position, changes.len() as u64);
        let mut last = None;
        let mut count = 0;
        while let Some(packed) = reader.next().unwrap() {
            let id = packed_id(packed).unwrap();
            let place = Some((hash(id), id.to_string()));
            prop_assert!(last < place, "{:?} behind {:?}", place, last);
            last = place;
            count += 1;
            let mut one = Engine::blank(5);
            one.unpack_customer(packed).unwrap();
            one.latest(now);
            let expected = replayed.customer_record(id).filter(|record| record["id"] == *id);
            prop_assert_eq!(one.customer_record(id), expected);
        }
        prop_assert_eq!(count, replayed.customer_count());
        let estimates = reader.foot().unwrap().estimates;
        let estimates: serde_json::Value = serde_json::from_str(&estimates).unwrap();
        prop_assert_eq!(estimates, replayed.everybodys_estimates());
    }
}

/// Two IDs whose FNV-1a is the same.
const TWINS: [&str; 2] = ["8yn0iYCKYHlIj4-BwPqk", "GReLUrM4wMqfg9yzV3KQ"];

#[test]
fn customers_of_equal_hashes_stay_apart() {
    assert_eq!(hash(TWINS[0]), hash(TWINS[1]));
    let disk = Faulty::new(1);
    let mut process = Process::open(&disk, &settings(0, 1, 1)).unwrap();
    process.engine.resume(START, policy(0)).unwrap();
    let keep = |process: &mut Process| {
        process.append(START).1.unwrap();
        process.fold_all();
        let opened = Process::open(&disk, &settings(1, 1, 1)).unwrap();
        assert_eq!(saved(&opened.engine, START), saved(&process.engine, START));
        opened
    };
    for (at, id) in TWINS.iter().enumerate() {
        process.engine.create_customer(START, id, &Profile::default()).unwrap();
        assert!(process.engine.allow(START, *id, "hard", &Call::new(Ask::by(at as f64 + 1.0))).unwrap());
        let opened = keep(&mut process);
        for id in &TWINS[..=at] {
            let history = opened.history(id, 9).unwrap();
            assert!(history.iter().all(|recorded| recorded.change.effect.holder() == Some(id)));
            assert!(!history.is_empty());
        }
    }
    // The first one is another name of the second.
    process.engine.remove_customer(START, TWINS[0]).unwrap();
    process.engine.add_alt_id(START, TWINS[1], TWINS[0]).unwrap();
    let opened = keep(&mut process);
    assert_eq!(opened.engine.customer(TWINS[0]).unwrap().id.as_str(), TWINS[1]);
    process.engine.remove_customer(START, TWINS[1]).unwrap();
    assert!(keep(&mut process).engine.customer(TWINS[0]).is_none());
}

/// An empty folder of the file system that goes away.
pub(super) struct Scratch(pub(super) PathBuf);

impl Scratch {
    pub(super) fn new(name: &str) -> Scratch {
        let path = std::env::temp_dir().join(format!("limitr-store-{}-{name}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        Scratch(path)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A state of the customers `c000000` on, all of which are as the first one of `engine`; how long it is.
fn large_state(disk: &dyn Disk, engine: &Engine, customers: usize) -> u64 {
    let mut packed = Vec::new();
    assert!(engine.pack_customer("c000000", &mut packed));
    let ids = (0..customers).map(|at| format!("c{at:06}"));
    let mut ids: Vec<(u64, String)> = ids.map(|id| (hash(&id), id)).collect();
    ids.sort_unstable();
    let document = engine.policy().to_json().to_string();
    let head = StateHead { position: 1, now: START, policy_version: 1, document };
    let mut writer = StateWriter::new(disk, state_name(1), &head).unwrap();
    for (_, id) in ids {
        packed[1..8].copy_from_slice(id.as_bytes()); // behind its length
        writer.add(&packed).unwrap();
    }
    writer.finish("{}".to_string()).unwrap()
}

#[test]
fn a_fold_holds_few_customers_at_a_time() {
    const CUSTOMERS: usize = 100_000;
    let scratch = Scratch::new("a-fold-holds-few");
    let disk: Arc<dyn Disk> = Arc::new(Folder::new(&scratch.0).unwrap());
    let mut engine = sequence::bare();
    let changed: Vec<String> = (0..CUSTOMERS).step_by(1_000).map(|at| format!("c{at:06}")).collect();
    for id in &changed {
        engine.create_customer(START, id, &Profile::default()).unwrap();
    }
    let bytes = large_state(disk.as_ref(), &engine, CUSTOMERS);
    engine.record_changes(true);
    for id in &changed {
        assert!(engine.allow(START, id.as_str(), "soft", &Call::new(Ask::by(1.0))).unwrap());
    }
    let mut waiting = Vec::new();
    let taken = engine.swap_changes(&mut waiting);
    let catalog = Arc::new(Catalog::new(Vec::new(), 2));
    let mut journal = Journal::new(Arc::clone(&disk), Arc::clone(&catalog), &settings(0, 1, 1));
    journal.append(taken, START, &waiting).unwrap();
    let mut folded = None;
    let used = allocation_counter::measure(|| {
        folded = Some(fold(disk.as_ref(), Some(1), &catalog.foldable(), &|| false));
    });
    let (position, length) = folded.unwrap().unwrap();
    assert_eq!(position, 1 + taken.count);
    assert!(length > bytes && bytes > 8_000_000, "{bytes} {length}");
    assert!(used.bytes_max < 3_000_000, "{used:?}");
    let name = state_name(position);
    let file = disk.open(&name).unwrap();
    let (mut reader, _) = StateReader::new(file.as_ref(), &name).unwrap();
    let (mut count, mut found) = (0, Engine::blank(1));
    while let Some(packed) = reader.next().unwrap() {
        count += 1;
        if changed.iter().any(|id| packed_id(packed) == Some(id)) {
            found.unpack_customer(packed).unwrap();
        }
    }
    assert_eq!((count, found.customer_count()), (CUSTOMERS, changed.len()));
    for id in &changed {
        assert_eq!(found.customer_record(id), engine.customer_record(id));
    }
}
