//! The outbox of an engine under Limitr Cloud: what was written is found by later openings until the server has it, whatever broke meanwhile.

use std::collections::BTreeMap;

use limitr_engine::{Ask, Call, Change, Changes, Engine, EngineOptions, Profile};
use proptest::prelude::*;

use super::acts::policy;
use super::faulty::{Fault, Faulty};
use super::sequence::START;
use crate::error::StoreError;
use crate::outbox::{OutboxLog, OutboxOpening, OutboxSettings, Shelf};
use crate::repair::repair_on;
use crate::{LeftOutbox, Opening};

/// An instance that is running, and what it was told.
struct Running {
    name: String,
    engine: Engine,
    log: OutboxLog,
    shelf: Shelf,
}

impl Running {
    fn open(disk: &Faulty, name: u64) -> Result<(Running, Vec<LeftOutbox>), StoreError> {
        let opening = OutboxOpening::on(disk.shared(), "test")?;
        let left = opening.left.clone();
        let settings = OutboxSettings { part_bytes: 400, ..OutboxSettings::new(name.to_string(), true) };
        let (log, shelf, _) = opening.log(settings);
        let mut engine = Engine::new(policy(0), EngineOptions { seed: 1, now: START }).unwrap();
        engine.record_changes(true);
        engine.create_customer(START, "ada", &Profile::default()).unwrap();
        Ok((Running { name: name.to_string(), engine, log, shelf }, left))
    }

    /// Makes some calls and writes them; what it wrote.
    fn write(&mut self, calls: usize) -> (Vec<Change>, Result<(), StoreError>) {
        for _ in 0..calls {
            let _ = self.engine.allow(START, "ada", "unpriced", &Call::new(Ask::by(1.0)));
        }
        let mut bytes = Vec::new();
        let taken = self.engine.swap_changes(&mut bytes);
        if taken.count == 0 {
            return (Vec::new(), Ok(()));
        }
        let changes = Changes::<Box<str>>::new(&bytes, taken.first).map(Result::unwrap).collect();
        (changes, self.log.append(taken, &bytes))
    }
}

fn names(disk: &Faulty) -> Vec<String> {
    disk.files().into_keys().collect()
}

#[test]
fn what_the_server_has_is_dropped_and_the_rest_is_found() {
    let disk = Faulty::new(1);
    let (mut one, left) = Running::open(&disk, 1).unwrap();
    assert!(left.is_empty());
    let mut all = Vec::new();
    for _ in 0..50 {
        let (changes, written) = one.write(2);
        written.unwrap();
        all.extend(changes);
        one.shelf.committed(&one.name, all.len() as u64 - 3);
        assert!(names(&disk).len() <= 3, "acknowledged parts are dropped: {:?}", names(&disk));
    }
    disk.kill();
    let (two, left) = Running::open(&disk, 2).unwrap();
    assert_eq!((left.len(), &*left[0].instance, left[0].complete), (1, "1", true));
    assert_eq!(left[0].up_to, all.len() as u64);
    assert!(left[0].changes.len() >= 3 && left[0].changes.len() < 20, "{}", left[0].changes.len());
    assert!(all.ends_with(&left[0].changes), "in order, without gaps, to the last");
    two.shelf.committed("1", all.len() as u64);
    assert_eq!(names(&disk), Vec::<String>::new(), "an instance that the server has all of is forgotten");
}

#[test]
fn an_instance_without_a_change_is_found_once_it_was_begun() {
    let disk = Faulty::new(1);
    drop(Running::open(&disk, 1).unwrap());
    assert_eq!(Running::open(&disk, 2).unwrap().1, [], "one that never found a server leaves nothing");
    let opening = OutboxOpening::on(disk.shared(), "test").unwrap();
    let (store, begin) = {
        let source = |_| -> Box<dyn crate::Source> { Box::new(Nothing) };
        opening.start(OutboxSettings::new("3".to_string(), false), source).unwrap()
    };
    begin.begin().unwrap();
    begin.begin().unwrap();
    store.close().unwrap();
    let (four, left) = Running::open(&disk, 4).unwrap();
    let three = LeftOutbox { instance: "3".to_string(), complete: false, changes: Vec::new(), up_to: 0 };
    assert_eq!(left, [three]);
    four.shelf.committed("3", 0);
    assert_eq!(Running::open(&disk, 5).unwrap().1, []);
}

/// A source that has nothing.
struct Nothing;

impl crate::Source for Nothing {
    fn take(&mut self, _: &mut Vec<u8>) -> (limitr_engine::Taken, i64) {
        (limitr_engine::Taken { first: 0, count: 0 }, START)
    }

    fn failed(&mut self, _: &StoreError) {}
}

#[test]
fn folders_of_another_kind_or_place_are_refused() {
    let disk = Faulty::new(1);
    Running::open(&disk, 1).unwrap().0.write(1).1.unwrap();
    let before = disk.files();
    let codes = [
        Opening::on(disk.shared(), 1).err().map(|error| error.code()),
        repair_on(&disk).err().map(|error| error.code()),
        OutboxOpening::on(disk.shared(), "live").err().map(|error| error.code()),
    ];
    assert_eq!(codes, [Some("store_mismatch"); 3]);
    assert_eq!(disk.files(), before);
    let engine = Faulty::new(1);
    engine.put("journal-00000000000000000001", b"");
    assert_eq!(OutboxOpening::on(engine.shared(), "test").err().unwrap().code(), "store_mismatch");
}

#[test]
fn damage_is_refused_and_says_what_to_do() {
    let disk = Faulty::new(1);
    let (mut one, _) = Running::open(&disk, 1).unwrap();
    for _ in 0..30 {
        one.write(2).1.unwrap();
    }
    let files = disk.files();
    assert!(files.len() > 3);
    let (first, bytes) = files.first_key_value().unwrap();
    let mut spoilt = bytes.clone();
    let at = spoilt.len() / 2;
    spoilt[at] ^= 1;
    disk.put(first, &spoilt);
    let error = OutboxOpening::on(disk.shared(), "test").err().unwrap();
    assert_eq!(error.code(), "store_damaged");
    assert!(!error.message().contains("repairStore"), "{}", error.message());
    let middle = files.keys().nth(1).unwrap();
    let without: BTreeMap<_, _> = files.iter().filter(|(name, _)| *name != middle).collect();
    let without = without.into_iter().map(|(name, bytes)| (name.clone(), bytes.clone())).collect();
    assert_eq!(
        OutboxOpening::on(Faulty::of(&without).shared(), "test").err().unwrap().code(),
        "store_damaged"
    );
}

#[test]
fn more_openings_than_can_be_handed_in_are_refused() {
    let disk = Faulty::new(1);
    for name in 0..65 {
        Running::open(&disk, name).unwrap().0.write(1).1.unwrap();
    }
    let error = OutboxOpening::on(disk.shared(), "test").err().unwrap();
    assert_eq!(error.code(), "too_many");
}

#[derive(Clone, Debug)]
enum Act {
    Write(usize),
    /// The server takes everything that was durable, and says so.
    Commit,
    Close,
    Kill,
    Cut,
    Fault(Fault),
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let act = prop_oneof![
        12 => (0..6_usize).prop_map(Act::Write),
        4 => Just(Act::Commit),
        1 => Just(Act::Close),
        2 => Just(Act::Kill),
        2 => Just(Act::Cut),
        1 => (1..12_u64).prop_map(|at| Act::Fault(Fault::Once(at))),
        1 => (0..900_usize).prop_map(|room| Act::Fault(Fault::Room(room))),
    ];
    prop::collection::vec(act, 1..60)
}

/// What an instance wrote, what of it must be there, and what the server has.
#[derive(Default)]
struct Written {
    changes: Vec<Change>,
    durable: u64,
    committed: u64,
}

proptest! {
    #[test]
    fn nothing_durable_is_lost_and_nothing_is_made_up(acts in acts(), seed in any::<u64>()) {
        let disk = Faulty::new(seed);
        let mut known: BTreeMap<String, Written> = BTreeMap::new();
        let mut name = 1;
        let (mut running, mut left) = Running::open(&disk, name).unwrap();
        for act in acts {
            let mut reopen = false;
            match act {
                Act::Write(calls) => {
                    let (changes, written) = running.write(calls);
                    let mine = known.entry(running.name.clone()).or_default();
                    mine.changes.extend(changes);
                    match written {
                        Ok(()) => mine.durable = mine.changes.len() as u64,
                        Err(_) => reopen = true,
                    }
                }
                Act::Commit => {
                    for one in &left {
                        known.entry(one.instance.clone()).or_default().committed = one.up_to;
                        running.shelf.committed(&one.instance, one.up_to);
                    }
                    let mine = known.entry(running.name.clone()).or_default();
                    mine.committed = mine.durable;
                    running.shelf.committed(&running.name, mine.committed);
                }
                Act::Close => {
                    let _ = running.log.close();
                    reopen = true;
                }
                Act::Kill => {
                    disk.kill();
                    reopen = true;
                }
                Act::Cut => {
                    disk.cut();
                    reopen = true;
                }
                Act::Fault(fault) => disk.set_fault(Some(fault)),
            }
            if !reopen {
                continue;
            }
            disk.set_fault(None);
            disk.kill();
            name += 1;
            (running, left) = Running::open(&disk, name).map_err(|error| TestCaseError::fail(error.to_string()))?;
            for one in &left {
                let written = known.entry(one.instance.clone()).or_default();
                let up_to = one.up_to as usize;
                prop_assert!(up_to <= written.changes.len());
                prop_assert!(one.up_to >= written.durable, "{} of {} are there", one.up_to, written.durable);
                let first = up_to - one.changes.len();
                prop_assert!(first as u64 <= written.committed, "what the server doesn't have is there");
                prop_assert_eq!(&written.changes[first..up_to], &one.changes[..]);
                // What was read once stays.
                (written.durable, written.changes) = (one.up_to, written.changes[..up_to].to_vec());
            }
            for (instance, written) in &known {
                let there = left.iter().any(|one| one.instance == *instance);
                prop_assert!(there || written.durable <= written.committed, "{} is forgotten", instance);
            }
            let order: Vec<u64> = left.iter().map(|one| one.instance.parse().unwrap()).collect();
            prop_assert!(order.is_sorted());
        }
    }
}
