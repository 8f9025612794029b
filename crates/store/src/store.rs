//! Opening a store and keeping an engine in it.

use std::path::Path;
use std::sync::Arc;

use limitr_engine::Engine;

use crate::catalog::Catalog;
use crate::disk::{Disk, Folder};
use crate::error::StoreError;
use crate::history::{Query, Recorded, history};
use crate::journal::Journal;
use crate::keeper::{Folding, Keeper, Log, Source, Waker};
use crate::kind::{Kind, assert_kind};
use crate::lock::Lock;
use crate::recover::{Recovered, recover};
use crate::retention::Retention;

/// How a store is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The name of this opening, which no other ever had: with a change's number it tells it from all others.
    pub instance: String,
    /// How long history is kept.
    pub retention: Retention,
    /// A segment that has so many bytes is closed.
    pub segment_bytes: u64,
    /// Closed segments that have so many bytes are folded into the state.
    pub fold_bytes: u64,
}

impl Settings {
    /// The usual ones: segments of 32 MiB, folded one by one while the state is small.
    pub fn new(instance: String) -> Settings {
        let size = 32 * 1_048_576;
        Settings { instance, retention: Retention::default(), segment_bytes: size, fold_bytes: size }
    }
}

/// A store that is open, and the engine that was rebuilt from it, before anything is written.
///
/// The engine has the policy that was in force, or none in a new store. Have it record changes, [`Engine::resume`] it with the
/// policy that is to count, then [`Opening::start`].
pub struct Opening {
    /// The engine as it was.
    pub engine: Engine,
    /// What was brought back.
    pub recovered: Recovered,
    disk: Arc<dyn Disk>,
    catalog: Arc<Catalog>,
    state: Option<u64>,
    state_bytes: u64,
    lock: Option<Lock>,
}

impl Opening {
    /// Opens the store in the folder at `path`, which is made if it isn't there. `seed` seeds the engine's hashes.
    ///
    /// # Errors
    /// `store_locked` where an engine has it open, `store_mismatch` where it is the outbox of an engine under Cloud, `store_newer`,
    /// `store_damaged`, `store_failed`.
    pub fn at(path: &Path, seed: u64) -> Result<Opening, StoreError> {
        let folder = Folder::new(path);
        let folder =
            folder.map_err(|error| StoreError::failed("opening", &path.display().to_string(), &error))?;
        let lock = Lock::take(path)?;
        Ok(Opening { lock: Some(lock), ..Opening::on(Arc::new(folder), seed)? })
    }

    /// Opens the store on a disk that nobody else uses.
    ///
    /// # Errors
    /// As [`Opening::at`].
    pub fn on(disk: Arc<dyn Disk>, seed: u64) -> Result<Opening, StoreError> {
        assert_kind(disk.as_ref(), Kind::Engine)?;
        let found = recover(disk.as_ref(), seed)?;
        Ok(Opening {
            engine: found.engine,
            recovered: found.recovered,
            disk,
            catalog: Arc::new(Catalog::new(found.segments, found.next_position)),
            state: found.state,
            state_bytes: found.state_bytes,
            lock: None,
        })
    }

    /// Starts to keep the changes that the source has which `source` makes of the engine.
    ///
    /// # Errors
    /// `store_failed` where no thread can be started.
    pub fn start(
        self,
        settings: Settings,
        source: impl FnOnce(Engine) -> Box<dyn Source>,
    ) -> Result<Store, StoreError> {
        let Opening { engine, disk, catalog, state, state_bytes, lock, .. } = self;
        let journal = Journal::new(Arc::clone(&disk), Arc::clone(&catalog), &settings);
        let reader = StoreReader { disk: Arc::clone(&disk), catalog: Arc::clone(&catalog) };
        let folding = Folding { disk, catalog, state, state_bytes, settings };
        let keeper = Keeper::start(Box::new(journal), source(engine), Some(folding))?;
        Ok(Store { keeper, reader: Some(reader), _lock: lock })
    }
}

/// A store that keeps an engine's changes until it is closed.
pub struct Store {
    keeper: Keeper,
    /// None of an outbox: what it held is the server's history.
    reader: Option<StoreReader>,
    /// Let go of last.
    _lock: Option<Lock>,
}

impl Store {
    /// One that writes to an outbox, whose folder is locked.
    pub(crate) fn of_outbox(
        log: Box<dyn Log>,
        source: Box<dyn Source>,
        lock: Option<Lock>,
    ) -> Result<Store, StoreError> {
        Ok(Store { keeper: Keeper::start(log, source, None)?, reader: None, _lock: lock })
    }

    /// Wakes the writer.
    pub fn waker(&self) -> Waker {
        self.keeper.waker()
    }

    /// Waits until everything that the engine has done by now is on disk.
    ///
    /// # Errors
    /// `store_failed` and its like once the store is given up.
    pub fn flush(&self) -> Result<(), StoreError> {
        self.keeper.flush()
    }

    /// What the journal is read with, apart from the store; none of an outbox.
    pub fn reader(&self) -> Option<StoreReader> {
        self.reader.clone()
    }

    /// Writes what waits, ends the threads and lets go of the lock. Dropping the store does the same and says nothing.
    ///
    /// # Errors
    /// As [`Store::flush`]: what isn't saved.
    pub fn close(mut self) -> Result<(), StoreError> {
        self.keeper.stop().map_or(Ok(()), Err)
    }
}

/// Reads a store's journal.
#[derive(Clone)]
pub struct StoreReader {
    disk: Arc<dyn Disk>,
    catalog: Arc<Catalog>,
}

impl StoreReader {
    /// The changes of a customer that `query` asks for, oldest first; what isn't written yet isn't among them.
    ///
    /// # Errors
    /// `store_failed`, `store_damaged`.
    pub fn history(&self, query: &Query) -> Result<Vec<Recorded>, StoreError> {
        history(self.disk.as_ref(), &self.catalog, query)
    }
}
