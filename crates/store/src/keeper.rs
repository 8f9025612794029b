//! The threads that keep an engine's changes.
//!
//! 1. The writer sleeps until the engine has changes (it is woken once for many), gathers for 20 ms, takes what waits and writes
//!    it as one batch. A flush doesn't gather: it is answered once what waited when it was asked for is durable, and all that
//!    are asked for meanwhile are answered by the next batch.
//! 2. The folder sleeps until there are enough closed segments, and folds them. It shares nothing with the writer but the list
//!    of segments, so no batch ever waits for it.
//! 3. When the disk fails, both stop: flushes are refused from then on, and the source is told once.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use limitr_engine::Taken;

use crate::catalog::{Catalog, Segment};
use crate::disk::Disk;
use crate::error::StoreError;
use crate::fold::{Unfolded, fold};
use crate::index::index_name;
use crate::retention::outdated;
use crate::store::Settings;

/// How long changes are gathered before they are written, unless somebody waits for them.
const GATHER: Duration = Duration::from_millis(20);
/// A larger state waits for more to fold, up to so many times what a small one waits for.
const FOLD_TIMES_MAX: u64 = 4;
/// Segments are folded once there are so many, however small.
const FOLD_SEGMENTS: usize = 16;
/// Most segments that are folded at once: each is an open file.
const FOLD_SEGMENTS_MAX: usize = 256;
/// Once there are so many, a store that is closed finishes folding them: else short openings would pile them up.
const FOLD_PILE: usize = 64;

/// Where changes come from: an engine, behind whatever guards it.
pub trait Source: Send {
    /// Takes all that wait into `bytes`, and the time up to which they were committed.
    fn take(&mut self, bytes: &mut Vec<u8>) -> (Taken, i64);
    /// Everything up to the change of this number is on disk.
    fn kept(&mut self, _up_to: u64) {}
    /// The store is given up: nothing is taken any more.
    fn failed(&mut self, error: &StoreError);
}

/// Where batches are written.
pub(crate) trait Log: Send {
    /// Writes a batch; it is durable once this returns. After an error nothing is written any more.
    fn append(&mut self, taken: Taken, at: i64, changes: &[u8]) -> Result<(), StoreError>;
    /// Ends it in good order.
    fn close(&mut self) -> Result<(), StoreError>;
}

/// What the writer is asked for.
#[derive(Default)]
struct Asked {
    /// Changes wait.
    woken: bool,
    /// Flushes are numbered; this is the last one that was asked for.
    flush: u64,
    /// The last one that was done.
    flushed: u64,
    /// The folder has something to look at.
    segments: bool,
    stop: bool,
    failed: Option<StoreError>,
}

#[derive(Default)]
struct Shared {
    asked: Mutex<Asked>,
    /// For the writer: there is something to do.
    wanted: Condvar,
    /// For who waits for a flush.
    done: Condvar,
    /// For the folder: segments were closed.
    foldable: Condvar,
}

impl Shared {
    fn asked(&self) -> MutexGuard<'_, Asked> {
        // Each change of it is whole before anything could panic.
        self.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn fail(&self, error: &StoreError) {
        self.asked().failed.get_or_insert_with(|| error.clone());
        self.done.notify_all();
        self.wanted.notify_all();
        self.foldable.notify_all();
    }
}

/// Wakes the writer when an engine has changes. Calling it again before the writer took them costs a lock.
#[derive(Clone)]
pub struct Waker(Arc<Shared>);

impl Waker {
    /// Changes wait.
    pub fn wake(&self) {
        self.0.asked().woken = true;
        self.0.wanted.notify_one();
    }
}

impl std::fmt::Debug for Waker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Waker")
    }
}

/// The threads.
pub(crate) struct Keeper {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

/// What the folder works with.
pub(crate) struct Folding {
    pub(crate) disk: Arc<dyn Disk>,
    pub(crate) catalog: Arc<Catalog>,
    pub(crate) state: Option<u64>,
    pub(crate) state_bytes: u64,
    pub(crate) settings: Settings,
}

impl Keeper {
    /// Starts the writer, and the folder where there is something to fold.
    pub(crate) fn start(
        log: Box<dyn Log>,
        source: Box<dyn Source>,
        folding: Option<Folding>,
    ) -> Result<Keeper, StoreError> {
        let shared = Arc::new(Shared::default());
        shared.asked().segments = true;
        let failed = |error: std::io::Error| StoreError::failed("starting", "a thread", &error);
        let (of_writer, of_folder) = (Arc::clone(&shared), Arc::clone(&shared));
        let thread = |name: &str| std::thread::Builder::new().name(name.to_string());
        let mut keeper = Keeper { shared, threads: Vec::new() };
        let writer = thread("limitr-store").spawn(move || write(&of_writer, log, source));
        keeper.threads.push(writer.map_err(failed)?);
        let Some(folding) = folding else { return Ok(keeper) };
        let folder = thread("limitr-fold").spawn(move || fold_all(&of_folder, folding));
        match folder {
            Ok(folder) => keeper.threads.push(folder),
            Err(error) => {
                keeper.stop();
                return Err(failed(error));
            }
        }
        Ok(keeper)
    }

    pub(crate) fn waker(&self) -> Waker {
        Waker(Arc::clone(&self.shared))
    }

    /// Waits until everything that waits now is durable.
    pub(crate) fn flush(&self) -> Result<(), StoreError> {
        let mut asked = self.shared.asked();
        asked.flush += 1;
        let mine = asked.flush;
        self.shared.wanted.notify_one();
        while asked.flushed < mine && asked.failed.is_none() {
            asked = self.shared.done.wait(asked).unwrap_or_else(PoisonError::into_inner);
        }
        match &asked.failed {
            Some(failed) if asked.flushed < mine => Err(failed.clone()),
            _ => Ok(()),
        }
    }

    /// Writes what waits and ends the threads.
    pub(crate) fn stop(&mut self) -> Option<StoreError> {
        self.shared.asked().stop = true;
        self.shared.wanted.notify_all();
        self.shared.foldable.notify_all();
        for thread in self.threads.drain(..) {
            // A thread that panicked has nothing more to say: what it had to write is then not saved, which `failed` says.
            let _ = thread.join();
        }
        self.shared.asked().failed.clone()
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Says that a thread panicked, should it do so.
struct Guard<'a>(&'a Shared);

impl Drop for Guard<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let error = std::io::Error::other("the store met a defect; please report what led here");
            self.0.fail(&StoreError::failed("writing", "the journal", &error));
        }
    }
}

fn write(shared: &Shared, mut log: Box<dyn Log>, mut source: Box<dyn Source>) {
    let _guard = Guard(shared);
    let mut bytes = Vec::new();
    loop {
        let (flush, stop) = next_work(shared);
        let (taken, at) = source.take(&mut bytes);
        let mut written = match taken.count {
            0 => Ok(()),
            _ => log.append(taken, at, &bytes),
        };
        let kept = taken.count > 0 && written.is_ok();
        if stop && written.is_ok() {
            written = log.close();
        }
        let mut asked = shared.asked();
        match written {
            Ok(()) => asked.flushed = flush,
            Err(error) => asked.failed = asked.failed.take().or(Some(error)),
        }
        asked.segments = true;
        let failed = asked.failed.clone();
        drop(asked);
        shared.done.notify_all();
        shared.foldable.notify_one();
        if kept {
            source.kept(taken.first + taken.count - 1);
        }
        if let Some(error) = &failed {
            source.failed(error);
        }
        if stop || failed.is_some() {
            return;
        }
    }
}

/// Waits for something to do; the flush that it answers, and whether it is the last.
fn next_work(shared: &Shared) -> (u64, bool) {
    let mut asked = shared.asked();
    let urgent = |asked: &Asked| asked.stop || asked.flush > asked.flushed || asked.failed.is_some();
    while !asked.woken && !urgent(&asked) {
        asked = shared.wanted.wait(asked).unwrap_or_else(PoisonError::into_inner);
    }
    if !urgent(&asked) {
        let gathered = shared.wanted.wait_timeout_while(asked, GATHER, |asked| !urgent(asked));
        asked = gathered.unwrap_or_else(PoisonError::into_inner).0;
    }
    asked.woken = false;
    (asked.flush, asked.stop)
}

/// Lets all other threads go first: nobody waits for a fold.
#[cfg(target_os = "linux")]
fn stand_back() {
    const LEAST: libc::c_int = 19;
    // SAFETY: it takes and changes no memory. On Linux 0 is the calling thread alone. Where it is refused, nothing is lost.
    unsafe { libc::setpriority(libc::PRIO_PROCESS, 0, LEAST) };
}

#[cfg(not(target_os = "linux"))]
fn stand_back() {}

fn fold_all(shared: &Shared, mut folding: Folding) {
    let _guard = Guard(shared);
    stand_back();
    loop {
        let mut asked = shared.asked();
        while !asked.segments && !asked.stop && asked.failed.is_none() {
            asked = shared.foldable.wait(asked).unwrap_or_else(PoisonError::into_inner);
        }
        asked.segments = false;
        let pile = folding.catalog.foldable().len() >= FOLD_PILE;
        let is_over = |asked: &Asked| (asked.stop && !pile) || asked.failed.is_some();
        if is_over(&asked) {
            return;
        }
        drop(asked);
        match folding.step(&|| is_over(&shared.asked())) {
            // There may be enough for another one.
            Ok(folded) => shared.asked().segments |= folded,
            Err(Unfolded::Stopped) => return,
            Err(Unfolded::Failed(error)) => {
                shared.fail(&error);
                return;
            }
        }
    }
}

/// What the folder does in a store that was told to stop before it began.
#[cfg(test)]
pub(crate) fn fold_at_the_end(folding: Folding) {
    let shared = Shared::default();
    (shared.asked().stop, shared.asked().segments) = (true, true);
    fold_all(&shared, folding);
}

impl Folding {
    /// Folds what there is enough of, the oldest first, and forgets what is kept no longer; whether there was enough.
    pub(crate) fn step(&mut self, stop: &dyn Fn() -> bool) -> Result<bool, Unfolded> {
        let mut segments = self.catalog.foldable();
        let bytes: u64 = segments.iter().map(Segment::length).sum();
        let least = self.settings.fold_bytes;
        let most = least.saturating_mul(FOLD_TIMES_MAX);
        if segments.is_empty()
            || (bytes < self.state_bytes.clamp(least, most) && segments.len() < FOLD_SEGMENTS)
        {
            return Ok(false);
        }
        // Memory holds a list of their changes.
        let mut left = most;
        let fits = segments.iter().take(FOLD_SEGMENTS_MAX).take_while(|segment| {
            let fits = segment.length() <= left;
            left = left.saturating_sub(segment.length());
            fits
        });
        segments.truncate(fits.count().max(1));
        self.fold(&segments, stop)?;
        Ok(true)
    }

    /// Folds these segments, which are the oldest that aren't.
    pub(crate) fn fold(&mut self, segments: &[Segment], stop: &dyn Fn() -> bool) -> Result<(), Unfolded> {
        let (position, length) = fold(self.disk.as_ref(), self.state, segments, stop)?;
        (self.state, self.state_bytes) = (Some(position), length);
        self.catalog.folded(position);
        let now = segments.last().map_or(i64::MIN, |segment| segment.last_at);
        for segment in outdated(&self.catalog.all(), now, self.settings.retention) {
            self.catalog.forget(&segment.name);
            let index = index_name(segment.head.position);
            // An index without its segment is a leftover; a segment without its index would be damage.
            let removed = self.disk.remove(&segment.name).and_then(|()| self.disk.sync());
            let removed = removed.and_then(|()| self.disk.remove(&index));
            removed.map_err(|error| StoreError::failed("removing", &segment.name, &error))?;
        }
        Ok(())
    }
}
