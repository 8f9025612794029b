//! A damaged store opens as it was, or is refused with the file's name; its history is right, or refused. Repair opens it again.

use std::collections::BTreeMap;
use std::ops::Range;

use limitr_engine::Engine;
use proptest::prelude::*;

use super::acts::{Doing, doings, policy};
use super::faulty::{Dice, Faulty};
use super::sequence::{self, START};
use super::world::{Process, saved, settings};
use crate::error::StoreError;
use crate::frame::Frames;
use crate::history::Recorded;
use crate::repair::repair_on;

type Bytes = BTreeMap<String, Vec<u8>>;

/// A store, and what it holds after each of its batches.
struct Kept {
    files: Bytes,
    now: i64,
    /// Of each batch, the position of its last change, and the engine then.
    batches: Vec<(usize, Engine)>,
    changes: Vec<Recorded>,
}

/// Keeps what `doings` do: a batch after each few, a fold after each few batches.
fn keep(doings: &[Doing], sizes: (u64, u64), every: (usize, usize), closed: bool) -> Kept {
    let disk = Faulty::new(1);
    let mut process = Process::open(&disk, &settings(0, sizes.0, sizes.1)).unwrap();
    process.engine.resume(START, policy(0)).unwrap();
    sequence::people(&mut process.engine);
    let mut kept = Kept { files: Bytes::new(), now: START, batches: Vec::new(), changes: Vec::new() };
    for (at, doing) in doings.iter().enumerate() {
        kept.now += doing.wait();
        doing.run(&mut process.engine, kept.now);
        if at % every.0 == 0 || at + 1 == doings.len() {
            let (changes, written) = process.append(kept.now);
            written.unwrap();
            let instance = "instance-0".to_string();
            kept.changes
                .extend(changes.into_iter().map(|change| Recorded { instance: instance.clone(), change }));
            kept.batches.push((kept.changes.len(), process.engine.clone()));
        }
        if at % every.1 == 0 {
            process.folding.step(&|| false).unwrap();
        }
    }
    if closed {
        process.journal.close().unwrap();
    }
    kept.files = disk.files();
    kept
}

/// How a file is damaged.
#[derive(Clone, Copy, Debug)]
enum Damage {
    Flip,
    Zeros,
    Noise,
    Cut,
}

/// Damages a part of a file that `at` says, which changes it; where.
fn damage(bytes: &mut Vec<u8>, damage: Damage, at: u64, length: usize, seed: u64) -> Range<usize> {
    let start = (at % bytes.len() as u64) as usize;
    let end = bytes.len().min(start + length);
    let mut dice = Dice(seed);
    match damage {
        Damage::Flip => {
            bytes[start] ^= 1 << dice.below(8);
            return start..start + 1;
        }
        Damage::Zeros => bytes[start..end].fill(0),
        Damage::Noise => bytes[start..end].fill_with(|| dice.next() as u8),
        Damage::Cut => {
            let end = bytes.len();
            bytes.truncate(start);
            return start..end;
        }
    }
    start..end
}

/// Where each frame of a file ends.
fn frame_ends(bytes: &[u8]) -> Vec<u64> {
    let disk = Faulty::of(&Bytes::from([("a".to_string(), bytes.to_vec())]));
    let shared = disk.shared();
    let file = shared.open("a").unwrap();
    let mut frames = Frames::from(file.as_ref(), "a", 0).unwrap();
    let (mut payload, mut ends) = (Vec::new(), Vec::new());
    while frames.next(&mut payload).unwrap() == crate::frame::Found::Frame {
        ends.push(frames.at());
    }
    ends
}

fn is_refusal(error: &StoreError, name: &str) -> Result<(), TestCaseError> {
    prop_assert!(["store_damaged", "store_newer"].contains(&error.code()), "{}", error);
    prop_assert!(error.message().contains(&format!("`{name}`")), "{} is damaged, but {}", name, error);
    Ok(())
}

/// The engine that was opened is one that the store may hold. `least`: changes that can't be missing.
fn is_kept(process: &Process, kept: &Kept, least: usize) -> Result<usize, TestCaseError> {
    let position = process.catalog.next_position() as usize - 1;
    prop_assert!(position >= least, "only {} of {} changes", position, least);
    let expected = kept.batches.iter().find(|(last, _)| *last == position);
    let blank = (0, Engine::blank(7));
    let (_, expected) = expected.unwrap_or(&blank);
    prop_assert_eq!(saved(&process.engine, kept.now), saved(expected, kept.now));
    Ok(position)
}

fn histories(process: &Process, kept: &Kept, position: usize, name: &str) -> Result<(), TestCaseError> {
    let mut expected = BTreeMap::<&str, Vec<&Recorded>>::new();
    for recorded in &kept.changes[..position] {
        expected.entry(recorded.change.effect.holder().unwrap_or_default()).or_default().push(recorded);
    }
    expected.remove("");
    for (customer, expected) in expected {
        match process.history(customer, usize::MAX) {
            Ok(found) => prop_assert_eq!(found.iter().collect::<Vec<_>>(), expected),
            Err(error) => is_refusal(&error, name)?,
        }
    }
    Ok(())
}

/// How many changes stand in frames before the damage, where it reaches the last frame of the last segment: no checksum says
/// that more were there.
fn least(kept: &Kept, name: &str, part: &Range<usize>) -> usize {
    let all = kept.changes.len();
    let last = kept.files.keys().rfind(|name| name.starts_with("journal-"));
    if last.map(String::as_str) != Some(name) {
        return all;
    }
    let ends = frame_ends(&kept.files[name]);
    let reaches = part.end as u64 > ends[ends.len().saturating_sub(2)];
    let position: usize = name["journal-".len()..].parse().unwrap();
    // The first frame is the head; each further one is a batch, or the end.
    let whole = ends.iter().filter(|end| **end <= part.start as u64).count().saturating_sub(1);
    let of_segment: Vec<usize> =
        kept.batches.iter().map(|(last, _)| *last).filter(|last| *last >= position).collect();
    match (reaches, whole) {
        (false, _) => all,
        (true, 0) => position - 1,
        (true, whole) => of_segment[whole.min(of_segment.len()) - 1],
    }
}

fn damages() -> impl Strategy<Value = Damage> {
    prop_oneof![Just(Damage::Flip), Just(Damage::Zeros), Just(Damage::Noise), Just(Damage::Cut)]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    #[test]
    fn of_any_file(
        doings in doings(60),
        sizes in (1..6_000_u64, 1..20_000_u64),
        every in (1..6_usize, 1..12_usize),
        closed in any::<bool>(),
        harm in prop::collection::vec((any::<u64>(), damages(), any::<u64>(), 1..400_usize, any::<u64>()), 3..7),
    ) {
        let kept = keep(&doings, sizes, every, closed);
        for (which, kind, at, length, seed) in harm {
            let mut files = kept.files.clone();
            let name = files.keys().nth(which as usize % files.len()).unwrap().clone();
            let bytes = files.get_mut(&name).unwrap();
            let part = damage(bytes, kind, at, length, seed);
            if *bytes == kept.files[&name] {
                continue;
            }
            let disk = Faulty::of(&files);
            match Process::open(&disk, &settings(1, 1_000, 1_000)) {
                Ok(process) => {
                    let position = is_kept(&process, &kept, least(&kept, &name, &part))?;
                    histories(&process, &kept, position, &name)?;
                }
                Err(error) => {
                    is_refusal(&error, &name)?;
                    prop_assert_eq!(disk.files(), files.clone(), "a store that is refused stays as it is");
                }
            }
            repaired(&Faulty::of(&files), &name, &files[&name])?;
        }
    }
}

/// Repair makes a store of it that goes on, and keeps the damaged bytes.
fn repaired(disk: &Faulty, name: &str, damaged: &[u8]) -> Result<(), TestCaseError> {
    let done = repair_on(disk.shared().as_ref());
    prop_assert!(done.is_ok(), "{:?}", done);
    let files = disk.files();
    let kept = [name.to_string(), format!("damaged-{name}")]
        .iter()
        .any(|name| files.get(name).is_some_and(|bytes| bytes == damaged));
    prop_assert!(kept, "the bytes of {} are thrown away", name);
    let opened = Process::open(disk, &settings(1, 500, 500));
    prop_assert!(opened.is_ok(), "{:?}", opened.err());
    let mut process = opened.unwrap();
    prop_assert_eq!(process.engine.customer_count() as u64, done.unwrap().customers);
    for id in process.engine.customer_ids().map(str::to_string).collect::<Vec<_>>() {
        prop_assert!(process.history(&id, usize::MAX).is_ok());
    }
    if process.engine.policy_version() == 0 {
        process.engine.resume(START, policy(0)).unwrap();
    }
    sequence::people(&mut process.engine);
    process.append(START).1.unwrap();
    process.folding.step(&|| false).unwrap();
    let now = process.engine.latest(START);
    let before = saved(&process.engine, now);
    disk.cut();
    let process = Process::open(disk, &settings(2, 500, 500)).unwrap();
    prop_assert_eq!(saved(&process.engine, now), before);
    Ok(())
}
