//! The outbox of an engine under Limitr Cloud: what it did and the server doesn't have yet, so that a crash doesn't lose it.
//!
//! 1. Every opening of the folder is an instance of its own. Opening reads what earlier ones left, all of them: also one without a change
//!    may have leased something. The engine's side of Cloud hands that in.
//! 2. The instance's first part is begun before the server hears of it ([`Beginner`]): so none is forgotten that may hold leases, and an
//!    opening that never found a server leaves nothing.
//! 3. Its changes are appended as a journal's are, one synced frame a batch, in parts of about 1 MiB.
//! 4. Whatever the server has is dropped by whole parts ([`Shelf`]). Which parts are there is all that is kept of that: changes of a part
//!    that the server has already are told again at the next opening, and it knows them by their numbers. The last part of an earlier
//!    instance goes once the server has all of it, and has ended it; the running instance always keeps its last one.

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use limitr_engine::Taken;

use crate::disk::{Disk, Folder};
use crate::error::StoreError;
use crate::format::put_head;
use crate::frame::FrameWriter;
use crate::journal::{put_batch, put_end};
use crate::keeper::{Log, Source};
use crate::lock::Lock;
pub use crate::outbox_files::LeftOutbox;
use crate::outbox_files::{Found, HEAD, Part, PartHead, find, part_name};
use crate::store::Store;

/// Most earlier openings that one hands in: as many as the protocol lets it name.
const LEFT_MAX: usize = 64;
/// A part that has so many bytes is closed.
const PART_BYTES: u64 = 1 << 20;

/// How an outbox is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutboxSettings {
    /// The name of this opening, which no other ever had.
    pub instance: String,
    /// Whether nothing is answered before it is on disk.
    pub complete: bool,
    /// A part that has so many bytes is closed.
    pub part_bytes: u64,
}

impl OutboxSettings {
    /// The usual ones.
    pub fn new(instance: String, complete: bool) -> OutboxSettings {
        OutboxSettings { instance, complete, part_bytes: PART_BYTES }
    }
}

/// An outbox that is open, before anything is written.
pub struct OutboxOpening {
    /// What earlier openings left, oldest first.
    pub left: Vec<LeftOutbox>,
    disk: Arc<dyn Disk>,
    parts: Vec<Part>,
    opening: u64,
    place: String,
    lock: Option<Lock>,
}

impl OutboxOpening {
    /// Opens the outbox in the folder at `path`, which is made if it isn't there. `place` is where what it holds is handed in, such as an
    /// environment: another one's is refused.
    ///
    /// # Errors
    /// `store_locked` where an engine has it open, `store_mismatch` where the folder is another kind of store's or of another place,
    /// `too_many` where more openings are left than can be handed in, `store_newer`, `store_damaged`, `store_failed`.
    pub fn at(path: &Path, place: &str) -> Result<OutboxOpening, StoreError> {
        let folder = Folder::new(path);
        let folder =
            folder.map_err(|error| StoreError::failed("opening", &path.display().to_string(), &error))?;
        let lock = Lock::take(path).map_err(StoreError::of_outbox)?;
        Ok(OutboxOpening { lock: Some(lock), ..OutboxOpening::on(Arc::new(folder), place)? })
    }

    /// Opens the outbox on a disk that nobody else uses.
    ///
    /// # Errors
    /// As [`OutboxOpening::at`].
    pub fn on(disk: Arc<dyn Disk>, place: &str) -> Result<OutboxOpening, StoreError> {
        let Found { parts, left, opening } = find(disk.as_ref(), place).map_err(StoreError::of_outbox)?;
        if left.len() > LEFT_MAX {
            return Err(StoreError::too_many(left.len(), LEFT_MAX));
        }
        Ok(OutboxOpening { left, disk, parts, opening, place: place.to_string(), lock: None })
    }

    /// Starts to keep the changes of the source that `source` makes, which drops through the shelf what the server has.
    ///
    /// # Errors
    /// `store_failed` where no thread can be started.
    pub fn start(
        self,
        settings: OutboxSettings,
        source: impl FnOnce(Shelf) -> Box<dyn Source>,
    ) -> Result<(Store, Beginner), StoreError> {
        let (log, shelf, lock) = self.log(settings);
        let log = Beginner(Arc::new(Mutex::new(log)));
        let store = Store::of_outbox(Box::new(log.clone()), source(shelf), lock)?;
        Ok((store, log))
    }

    pub(crate) fn log(self, settings: OutboxSettings) -> (OutboxLog, Shelf, Option<Lock>) {
        let OutboxSettings { instance, complete, part_bytes } = settings;
        let shelf = Shelf { disk: Arc::clone(&self.disk), parts: Arc::new(Mutex::new(self.parts)) };
        let head = PartHead { opening: self.opening + 1, instance, place: self.place, complete, seq: 1 };
        let log =
            OutboxLog { disk: self.disk, shelf: shelf.clone(), head, part_bytes, part: None, failed: None };
        (log, shelf, self.lock)
    }
}

/// The parts that are closed: whatever the server has of them is dropped here.
#[derive(Clone)]
pub struct Shelf {
    disk: Arc<dyn Disk>,
    parts: Arc<Mutex<Vec<Part>>>,
}

impl Shelf {
    /// The server has the changes of an instance up to this one. Parts go one after the other, the oldest first, so that none is ever missing
    /// between others. One that can't be removed now may be the next time; until then it is told again, and known.
    pub fn committed(&self, instance: &str, up_to: u64) {
        let mut parts = self.lock();
        let is_done = |part: &Part| part.instance == instance && part.last <= up_to;
        while let Some(at) = parts.iter().position(is_done) {
            if !self.remove(&parts[at].name) {
                return;
            }
            parts.remove(at);
        }
    }

    /// Removes a part for good; whether it is.
    fn remove(&self, name: &str) -> bool {
        let removed = self.disk.remove(name);
        let gone = removed.map_or_else(|error| error.kind() == std::io::ErrorKind::NotFound, |()| true);
        gone && self.disk.sync().is_ok()
    }

    fn add(&self, part: Part) {
        self.lock().push(part);
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Part>> {
        // Nobody panics while holding it; if one did, what it holds is still a list of parts.
        self.parts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Begins the instance on disk. To be done before the server hears of it.
#[derive(Clone)]
pub struct Beginner(Arc<Mutex<OutboxLog>>);

impl Beginner {
    /// Has the instance's first part on disk once this returns; later ones do nothing.
    ///
    /// # Errors
    /// `store_failed`.
    pub fn begin(&self) -> Result<(), StoreError> {
        self.log().unless_failed(|log| log.begun().map(|_| ()))
    }

    fn log(&self) -> MutexGuard<'_, OutboxLog> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Log for Beginner {
    fn append(&mut self, taken: Taken, _: i64, changes: &[u8]) -> Result<(), StoreError> {
        self.log().append(taken, changes)
    }

    fn close(&mut self) -> Result<(), StoreError> {
        self.log().close()
    }
}

/// Writes the outbox of one opening.
pub(crate) struct OutboxLog {
    disk: Arc<dyn Disk>,
    shelf: Shelf,
    /// Of the next part: `seq` is the number of the change that comes next.
    head: PartHead,
    part_bytes: u64,
    part: Option<(FrameWriter, String)>,
    /// Why nothing is written any more.
    failed: Option<StoreError>,
}

impl OutboxLog {
    /// Writes a batch; it is durable once this returns. After an error nothing is written any more.
    pub(crate) fn append(&mut self, taken: Taken, changes: &[u8]) -> Result<(), StoreError> {
        self.unless_failed(|log| {
            let file = log.begun()?;
            put_batch(file, taken, changes)?;
            let length = file.at();
            log.head.seq = taken.first + taken.count;
            if length < log.part_bytes {
                return Ok(());
            }
            log.turn()
        })
    }

    /// Closes it in good order. What is left stays for the next opening.
    pub(crate) fn close(&mut self) -> Result<(), StoreError> {
        self.unless_failed(|log| log.part.take().map_or(Ok(()), |(mut file, _)| put_end(&mut file)))
    }

    /// Closes the part that is being written, and begins the next. That is there before this one may be dropped: so the instance is known as
    /// long as it runs.
    fn turn(&mut self) -> Result<(), StoreError> {
        let Some((mut file, name)) = self.part.take() else { return Ok(()) };
        put_end(&mut file)?;
        self.begun()?;
        let (instance, last) = (self.head.instance.clone(), self.head.seq.saturating_sub(1));
        self.shelf.add(Part { name, instance, last });
        Ok(())
    }

    /// The part that is being written.
    fn begun(&mut self) -> Result<&mut FrameWriter, StoreError> {
        let begun = match self.part.take() {
            Some(part) => part,
            None => {
                let name = part_name(self.head.opening, self.head.seq);
                let mut file = FrameWriter::create(self.disk.as_ref(), name.clone())?;
                file.put(|bytes| put_head(bytes, HEAD, &self.head))?;
                file.sync()?;
                self.disk.sync().map_err(|error| StoreError::failed("creating", &name, &error))?;
                (file, name)
            }
        };
        Ok(&mut self.part.insert(begun).0)
    }

    fn unless_failed(
        &mut self,
        step: impl FnOnce(&mut OutboxLog) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let done = match &self.failed {
            Some(failed) => Err(failed.clone()),
            None => step(self),
        };
        self.failed = done.as_ref().err().cloned();
        done
    }
}
