//! A store on a faulty disk, and beside it what it must hold.

use std::collections::BTreeMap;
use std::sync::Arc;

use limitr_engine::{Changes, Engine};
use proptest::prelude::*;
use serde_json::Value;

use super::acts::{Act, Doing, policy};
use super::faulty::Faulty;
use super::sequence::START;
use crate::catalog::Catalog;
use crate::error::StoreError;
use crate::history::{Query, Recorded, history};
use crate::journal::Journal;
use crate::keeper::Folding;
use crate::recover::recover;
use crate::retention::Retention;
use crate::store::Settings;

/// An engine and the parts of a store that keep it.
pub(super) struct Process {
    pub(super) engine: Engine,
    pub(super) catalog: Arc<Catalog>,
    pub(super) journal: Journal,
    pub(super) folding: Folding,
}

impl Process {
    pub(super) fn open(disk: &Faulty, settings: &Settings) -> Result<Process, StoreError> {
        let disk = disk.shared();
        let found = recover(disk.as_ref(), 7)?;
        let catalog = Arc::new(Catalog::new(found.segments, found.next_position));
        let journal = Journal::new(Arc::clone(&disk), Arc::clone(&catalog), settings);
        let (state, state_bytes) = (found.state, found.state_bytes);
        let folding =
            Folding { disk, catalog: Arc::clone(&catalog), state, state_bytes, settings: settings.clone() };
        let mut engine = found.engine;
        engine.record_changes(true);
        engine.listen(true); // notifications are sent, and noted, where somebody listens
        Ok(Process { engine, catalog, journal, folding })
    }

    /// Writes what waits; what it was.
    pub(super) fn append(&mut self, now: i64) -> (Vec<limitr_engine::Change>, Result<(), StoreError>) {
        let mut bytes = Vec::new();
        let taken = self.engine.swap_changes(&mut bytes);
        if taken.count == 0 {
            return (Vec::new(), Ok(()));
        }
        let changes = Changes::<Box<str>>::new(&bytes, taken.first).map(Result::unwrap).collect();
        (changes, self.journal.append(taken, now, &bytes))
    }

    /// Folds all closed segments, whatever their size.
    pub(super) fn fold_all(&mut self) {
        let segments = self.catalog.foldable();
        if !segments.is_empty() {
            self.folding.fold(&segments, &|| false).unwrap();
        }
    }

    pub(super) fn history(&self, customer: &str, limit: usize) -> Result<Vec<Recorded>, StoreError> {
        let query = Query { customer: customer.to_string(), limit, ..Query::default() };
        history(self.folding.disk.as_ref(), &self.catalog, &query)
    }
}

/// Tiny sizes, so that much happens.
pub(super) fn settings(instance: u64, segment_bytes: u64, fold_bytes: u64) -> Settings {
    let retention = Retention { age_ms: i64::MAX, bytes: u64::MAX };
    Settings { instance: format!("instance-{instance}"), retention, segment_bytes, fold_bytes }
}

/// All that an engine saves.
pub(super) fn saved(engine: &Engine, now: i64) -> Value {
    engine.latest(now);
    serde_json::json!({
        "customers": engine.customer_records().into_iter().collect::<BTreeMap<_, _>>(),
        "estimates": engine.everybodys_estimates(),
        "policy": engine.policy().to_json(),
        "version": engine.policy_version(),
    })
}

/// What a store is after a batch.
struct After {
    /// Changes by then.
    changes: usize,
    engine: Engine,
}

/// The store, and what may be in it.
pub(super) struct World {
    disk: Faulty,
    process: Process,
    sizes: (u64, u64),
    openings: u64,
    now: i64,
    /// Every change that may be in the store, oldest first.
    changes: Vec<Recorded>,
    /// The last acknowledged state, then those after batches whose writing failed.
    after: Vec<After>,
    /// Why nothing more is written until it is opened.
    failed: Option<StoreError>,
}

impl World {
    pub(super) fn new(disk: Faulty, sizes: (u64, u64)) -> World {
        let process = Process::open(&disk, &settings(0, sizes.0, sizes.1)).unwrap();
        let after = vec![After { changes: 0, engine: process.engine.clone() }];
        let mut world =
            World { disk, process, sizes, openings: 1, now: START, changes: vec![], after, failed: None };
        world.begin();
        world
    }

    /// Gives an engine its policy and people where the store was empty.
    fn begin(&mut self) {
        if self.process.engine.policy_version() == 0 {
            self.process.engine.resume(self.now, policy(0)).unwrap();
            super::sequence::people(&mut self.process.engine);
        }
    }

    pub(super) fn run(&mut self, act: &Act) -> Result<(), TestCaseError> {
        match act {
            Act::Do(doing) => self.call(doing),
            Act::Append => self.append()?,
            Act::Fold if self.failed.is_none() => {
                let folded = self.process.folding.step(&|| false);
                if let Err(crate::fold::Unfolded::Failed(error)) = folded {
                    self.fail(error)?;
                }
                self.compare_histories()?;
            }
            Act::Rotate if self.failed.is_none() => {
                if let Err(error) = self.process.journal.close() {
                    self.fail(error)?;
                }
            }
            Act::Close => {
                self.append()?;
                let closed = self.process.journal.close();
                prop_assert!(closed.is_ok() || self.disk.faults() > 0);
                self.disk.kill();
                self.reopen()?;
            }
            Act::Kill => {
                self.disk.kill();
                self.reopen()?;
            }
            Act::Cut => {
                self.disk.cut();
                self.reopen()?;
            }
            Act::Fault(fault) => self.disk.set_fault(Some(*fault)),
            Act::Fold | Act::Rotate => {}
        }
        Ok(())
    }

    fn call(&mut self, doing: &Doing) {
        self.now += doing.wait();
        doing.run(&mut self.process.engine, self.now);
    }

    fn fail(&mut self, error: StoreError) -> Result<(), TestCaseError> {
        prop_assert_eq!(error.code(), "store_failed", "{}", error);
        prop_assert!(self.disk.faults() > 0, "nothing failed, but {}", error);
        self.failed = Some(error);
        Ok(())
    }

    fn append(&mut self) -> Result<(), TestCaseError> {
        let journal_failed = self.process.journal.has_failed();
        if self.failed.is_some() && !journal_failed {
            return Ok(()); // the threads are gone
        }
        let (changes, written) = self.process.append(self.now);
        if changes.is_empty() {
            return Ok(());
        }
        if journal_failed {
            prop_assert!(written.is_err(), "a journal that failed takes more");
            return Ok(());
        }
        let instance = &format!("instance-{}", self.openings - 1);
        let recorded = changes.into_iter().map(|change| Recorded { instance: instance.clone(), change });
        self.changes.extend(recorded);
        if written.is_ok() {
            self.after.clear();
        }
        self.after.push(After { changes: self.changes.len(), engine: self.process.engine.clone() });
        if let Err(error) = written {
            self.fail(error)?;
        }
        Ok(())
    }

    /// Opens the store anew, where the disk fails meanwhile again and again.
    fn reopen(&mut self) -> Result<(), TestCaseError> {
        let mut tries = 0;
        self.process = loop {
            let before = self.disk.faults();
            let opened = Process::open(&self.disk, &settings(self.openings, self.sizes.0, self.sizes.1));
            match opened {
                Ok(process) => break process,
                Err(error) => {
                    let name = error.code();
                    prop_assert_eq!(name, "store_failed", "{}", error);
                    prop_assert!(self.disk.faults() > before, "nothing failed, but {}", error);
                }
            }
            tries += 1;
            if tries == 2 {
                self.disk.set_fault(None);
            }
            if tries % 2 == 0 { self.disk.cut() } else { self.disk.kill() }
        };
        self.openings += 1;
        self.failed = None;
        self.compare()
    }

    /// The store holds one of the states that it may hold.
    fn compare(&mut self) -> Result<(), TestCaseError> {
        let position = self.process.catalog.next_position() as usize - 1;
        let known: Vec<usize> = self.after.iter().map(|after| after.changes).collect();
        let found = self.after.drain(..).find(|after| after.changes == position);
        let Some(found) = found else {
            return Err(TestCaseError::fail(format!("{position} changes, where there may be {known:?}")));
        };
        let (kept, expected) = (saved(&self.process.engine, self.now), saved(&found.engine, self.now));
        if kept != expected {
            return Err(TestCaseError::fail(format!("{kept}\nis not\n{expected}")));
        }
        self.changes.truncate(position);
        self.after.push(After { changes: position, engine: self.process.engine.clone() });
        self.compare_histories()?;
        self.begin();
        Ok(())
    }

    /// Each customer's history is its changes.
    fn compare_histories(&self) -> Result<(), TestCaseError> {
        if self.failed.is_some() {
            return Ok(());
        }
        let mut expected = BTreeMap::<&str, Vec<&Recorded>>::new();
        for recorded in &self.changes {
            if let Some(holder) = recorded.change.effect.holder() {
                expected.entry(holder).or_default().push(recorded);
            }
        }
        for (customer, expected) in expected {
            let before = self.disk.faults();
            match self.process.history(customer, usize::MAX) {
                Ok(found) => prop_assert_eq!(found.iter().collect::<Vec<_>>(), &expected[..]),
                Err(error) => prop_assert!(self.disk.faults() > before, "{}", error),
            }
            if let Ok(found) = self.process.history(customer, 3) {
                let newest = expected.len().saturating_sub(3);
                prop_assert_eq!(found.iter().collect::<Vec<_>>(), &expected[newest..]);
            }
        }
        Ok(())
    }

    /// After a last power cut, without faults.
    pub(super) fn end(&mut self) -> Result<(), TestCaseError> {
        self.disk.set_fault(None);
        self.disk.cut();
        self.reopen()
    }
}
