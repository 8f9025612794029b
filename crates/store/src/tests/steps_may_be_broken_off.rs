//! Folding, opening, closing and repairing may be broken off at any operation of the disk: nothing is lost.

use limitr_engine::{Ask, Call, Engine, Profile};

use super::acts::small_policy;
use super::faulty::{Fault, Faulty};
use super::sequence::START;
use super::world::{Process, saved, settings};
use crate::fold::Unfolded;
use crate::repair::repair_on;
use crate::retention::Retention;

/// A store with a state, a history and segments that aren't folded, in a process that goes on.
fn store(seed: u64) -> (Faulty, Process) {
    let disk = Faulty::new(seed);
    let mut process = Process::open(&disk, &settings(0, 1, 1)).unwrap();
    process.engine.resume(START, small_policy()).unwrap();
    process.engine.create_customer(START, "ann", &Profile::default()).unwrap();
    for at in 0..9 {
        assert!(process.engine.allow(START + at, "ann", "soft", &Call::new(Ask::by(1.0))).unwrap());
        process.engine.create_customer(START + at, &format!("c{at}"), &Profile::default()).unwrap();
        process.append(START + at).1.unwrap();
        if at == 4 {
            // The first segments go: without the state, what they held is lost.
            process.folding.settings.retention.bytes = 800;
            process.fold_all();
            assert!(process.catalog.all()[0].head.position > 1);
        }
    }
    (disk, process)
}

fn holds(disk: &Faulty, expected: &Engine, when: &str) {
    let process = Process::open(disk, &settings(9, 1, 1)).unwrap_or_else(|error| panic!("{when}: {error}"));
    assert_eq!(saved(&process.engine, START), saved(expected, START), "{when}");
    for id in ["ann", "c0", "c8"] {
        process.history(id, 9).unwrap_or_else(|error| panic!("{when}: {error}"));
    }
}

/// Runs `step` on disks whose n-th operation fails, for each n up to the first that isn't reached, then goes on with what a
/// kill or a power cut leaves.
fn break_off(what: &str, step: impl Fn(&Faulty, &mut Process) -> bool) {
    for seed in 0..6 {
        for at in 1.. {
            let (disk, mut process) = store(seed * 1_000 + at);
            disk.set_fault(Some(if seed % 3 == 0 { Fault::Forever(at) } else { Fault::Once(at) }));
            let done = step(&disk, &mut process);
            let reached = disk.faults() > 0;
            assert!(done != reached, "{what}: operation {at} fails, and is that said?");
            disk.set_fault(None);
            let when = format!("{what}, seed {seed}, operation {at}");
            // What an opening does after a kill must stand a power cut, too.
            for round in 0..3 {
                if seed % 2 == 0 && round % 2 == 0 {
                    disk.kill();
                } else {
                    disk.cut();
                }
                holds(&disk, &process.engine, &format!("{when}, opening {round}"));
            }
            if !reached {
                assert!(at > 3, "{what} takes more steps than {at}");
                break;
            }
        }
    }
}

#[test]
fn folding_with_retention() {
    break_off("folding", |_, process| {
        // The last of the folded segments is gone then, and with it those before.
        process.folding.settings.retention = Retention { age_ms: i64::MAX, bytes: 2_000 };
        let segments = process.catalog.foldable();
        !matches!(process.folding.fold(&segments, &|| false), Err(Unfolded::Failed(_)))
    });
}

#[test]
fn opening_after_a_kill() {
    break_off("opening", |disk, _| {
        disk.kill();
        Process::open(disk, &settings(1, 1 << 20, 1)).is_ok()
    });
}

/// A batch is written to segments of a size while operation `broken` fails; after a kill, an opening and another batch, the power
/// goes. Whether that operation was reached.
fn write_after_broken(seed: u64, segment_bytes: u64, broken: u64) -> bool {
    let disk = Faulty::new(seed);
    let mut process = Process::open(&disk, &settings(0, segment_bytes, 1)).unwrap();
    process.engine.resume(START, small_policy()).unwrap();
    process.append(START).1.unwrap();
    process.engine.create_customer(START, "late", &Profile::default()).unwrap();
    disk.set_fault(Some(Fault::Once(broken)));
    let reached = process.append(START).1.is_err();
    disk.set_fault(None);
    disk.kill();
    let mut opened = Process::open(&disk, &settings(1, segment_bytes, 1)).unwrap();
    let seen = opened.catalog.next_position();
    opened.engine.create_customer(START, "later", &Profile::default()).unwrap();
    let (later, written) = opened.append(START);
    written.unwrap();
    disk.cut();
    let after = Process::open(&disk, &settings(2, 1, 1));
    let after = after.unwrap_or_else(|error| panic!("seed {seed}, operation {broken}: {error}"));
    assert!(after.engine.customer("later").is_some());
    assert_eq!(after.catalog.next_position(), seen + later.len() as u64, "what was seen once stays");
    reached
}

#[test]
fn writing_and_what_was_seen_once_stays() {
    for seed in 0..60 {
        for (segment_bytes, operations) in [(1, 8), (1 << 20, 2)] {
            let reached = (1..).take_while(|broken| write_after_broken(seed, segment_bytes, *broken)).count();
            assert_eq!(reached, operations);
        }
    }
}

#[test]
fn repairing() {
    for seed in 0..6 {
        for at in 1.. {
            let (disk, process) = store(seed * 1_000 + at);
            let index = disk.files().keys().find(|name| name.starts_with("index-")).unwrap().clone();
            disk.put(&index, b"not an index");
            disk.set_fault(Some(Fault::Once(at)));
            let repaired = repair_on(disk.shared().as_ref());
            let reached = disk.faults() > 0;
            assert_eq!(repaired.is_err(), reached, "operation {at}: {repaired:?}");
            disk.set_fault(None);
            if seed % 2 == 0 {
                disk.kill()
            } else {
                disk.cut()
            }
            let opened = Process::open(&disk, &settings(1, 1, 1)).map(|opened| opened.engine);
            let opened = opened.unwrap_or_else(|_| {
                repair_on(disk.shared().as_ref()).unwrap();
                Process::open(&disk, &settings(1, 1, 1)).unwrap().engine
            });
            assert_eq!(saved(&opened, START), saved(&process.engine, START), "operation {at}");
            if !reached {
                break;
            }
        }
    }
}
