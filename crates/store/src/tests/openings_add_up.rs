//! Many openings with little in each: nothing repeats, nothing is missing, and files don't pile up.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use limitr_engine::{Ask, Call, Engine, Profile, Taken};

use super::acts::small_policy;
use super::faulty::Faulty;
use super::sequence::START;
use super::world::{Process, saved, settings};
use crate::error::StoreError;
use crate::keeper::fold_at_the_end;
use crate::{Opening, Query, Settings, Source, Store};

struct Host(Arc<Mutex<Engine>>);

impl Source for Host {
    fn take(&mut self, bytes: &mut Vec<u8>) -> (Taken, i64) {
        let mut engine = self.0.lock().unwrap();
        (engine.swap_changes(bytes), engine.latest(i64::MIN))
    }

    fn failed(&mut self, error: &StoreError) {
        panic!("{error}");
    }
}

fn open(disk: &Faulty, settings: Settings) -> (Store, Arc<Mutex<Engine>>) {
    let mut opening = Opening::on(disk.shared(), 3).unwrap();
    opening.engine.record_changes(true);
    let mut kept = None;
    let store = opening
        .start(settings, |engine| Box::new(Host(Arc::clone(kept.insert(Arc::new(Mutex::new(engine)))))));
    (store.unwrap(), kept.unwrap())
}

#[test]
fn of_changes_and_files() {
    let disk = Faulty::new(1);
    let mut expected = None;
    for opening in 0..200 {
        let (store, engine) = open(&disk, Settings::new(format!("instance-{opening}")));
        {
            let mut engine = engine.lock().unwrap();
            if let Some(expected) = &expected {
                assert_eq!(&saved(&engine, START), expected);
            }
            engine.resume(START, small_policy()).unwrap();
            if opening == 0 {
                engine.create_customer(START, "ann", &Profile::default()).unwrap();
            }
            assert!(engine.allow(START, "ann", "soft", &Call::new(Ask::by(1.0))).unwrap());
        }
        store.close().unwrap();
        expected = Some(saved(&engine.lock().unwrap(), START));
        let files = disk.files();
        let count = |kind: &str| files.keys().filter(|name| name.starts_with(kind)).count();
        // A folder that is told to stop may not have seen yet that its own opening's segment was closed.
        assert!(count("journal-") - count("index-") <= 65, "segments pile up");
        assert!(count("state-") <= 1);
    }
    let (store, _) = open(&disk, Settings::new("last".to_string()));
    let query = Query { customer: "ann".to_string(), limit: usize::MAX, ..Query::default() };
    let history = store.reader().unwrap().history(&query).unwrap();
    let metered = history.iter().filter(|recorded| recorded.change.effect.entitlement() == Some("soft"));
    assert_eq!(metered.count(), 200);
    let numbers: BTreeSet<_> =
        history.iter().map(|recorded| (&recorded.instance, recorded.change.seq)).collect();
    assert_eq!(numbers.len(), history.len());
    store.close().unwrap();
}

#[test]
fn of_segments_that_openings_were_too_short_to_fold() {
    for (segments, left) in [(63, 63), (64, 0), (300, 44)] {
        let disk = Faulty::new(1);
        let mut process = Process::open(&disk, &settings(0, 1, 1 << 40)).unwrap();
        process.engine.resume(START, small_policy()).unwrap();
        for at in 0..segments {
            process.engine.create_customer(START, &format!("c{at}"), &Profile::default()).unwrap();
            process.append(START).1.unwrap();
        }
        fold_at_the_end(process.folding);
        assert_eq!(process.catalog.foldable().len(), left, "of {segments}");
        let opened = Opening::on(disk.shared(), 1).unwrap();
        assert_eq!(opened.recovered.customers, segments);
    }
}

#[test]
fn of_nothing_to_nothing() {
    let disk = Faulty::new(1);
    for opening in 0..3 {
        let (store, _) = open(&disk, settings(opening, 1, 1));
        store.flush().unwrap();
        store.close().unwrap();
        assert_eq!(disk.files().len(), 0);
    }
    let (store, engine) = open(&disk, settings(3, 1 << 20, 1 << 20));
    engine.lock().unwrap().resume(START, small_policy()).unwrap();
    store.close().unwrap();
    let files = disk.files();
    for opening in 4..9 {
        let (store, engine) = open(&disk, settings(opening, 1 << 20, 1 << 20));
        engine.lock().unwrap().resume(START, small_policy()).unwrap();
        store.close().unwrap();
        assert_eq!(disk.files(), files);
    }
}

#[test]
fn with_any_sizes() {
    for size in [0, 1, u64::MAX / 2, u64::MAX] {
        let disk = Faulty::new(1);
        let (store, engine) = open(&disk, settings(0, size, size));
        engine.lock().unwrap().resume(START, small_policy()).unwrap();
        store.flush().unwrap();
        engine.lock().unwrap().create_customer(START, "ann", &Profile::default()).unwrap();
        store.close().unwrap();
        let opened = Opening::on(disk.shared(), 1).unwrap();
        assert!(opened.engine.customer("ann").is_some(), "{size}");
        assert_eq!(opened.recovered.torn_bytes, 0);
    }
}
