//! A disk in memory that fails: what the process sees, beside what would be there after a power cut.

use std::collections::BTreeMap;
use std::io;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::disk::{Disk, DiskFile};

/// Numbers from a seed: splitmix64.
#[derive(Debug)]
pub(super) struct Dice(pub(super) u64);

impl Dice {
    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Below `end`; 0 where that is 0.
    pub(super) fn below(&mut self, end: usize) -> usize {
        (self.next() % (end.max(1) as u64)) as usize
    }

    pub(super) fn coin(&mut self) -> bool {
        self.next() & 1 == 0
    }
}

/// What is wrong with a disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// The n-th operation from now on fails, and those after it don't.
    Once(u64),
    /// From the n-th operation on, all fail.
    Forever(u64),
    /// So many bytes can still be appended.
    Room(usize),
}

#[derive(Clone, Debug, Default)]
struct Inode {
    /// What the process sees.
    shown: Vec<u8>,
    /// So many bytes of it were synced.
    synced: usize,
    /// Parts whose sync failed: they are seen, and no later sync saves them.
    doubtful: Vec<Range<usize>>,
}

#[derive(Clone, Debug)]
enum Naming {
    Made(String, usize),
    Renamed(String, String, usize),
    Removed(String, usize),
}

struct Inner {
    dice: Dice,
    inodes: Vec<Inode>,
    shown: BTreeMap<String, usize>,
    durable: BTreeMap<String, usize>,
    /// What happened to names since they were synced.
    pending: Vec<Naming>,
    fault: Option<Fault>,
    /// Faults that happened.
    faults: u64,
    /// Of processes: files that an earlier one had open are closed.
    epoch: u64,
    created: Option<Created>,
}

type Created = Arc<dyn Fn(&str) + Send + Sync>;

/// The disk; clones are the same one.
#[derive(Clone)]
pub(super) struct Faulty(Arc<Mutex<Inner>>);

impl Faulty {
    pub(super) fn new(seed: u64) -> Faulty {
        Faulty(Arc::new(Mutex::new(Inner {
            dice: Dice(seed),
            inodes: Vec::new(),
            shown: BTreeMap::new(),
            durable: BTreeMap::new(),
            pending: Vec::new(),
            fault: None,
            faults: 0,
            epoch: 0,
            created: None,
        })))
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn shared(&self) -> Arc<dyn Disk> {
        Arc::new(self.clone())
    }

    pub(super) fn set_fault(&self, fault: Option<Fault>) {
        self.inner().fault = fault;
    }

    /// How many operations failed by now.
    pub(super) fn faults(&self) -> u64 {
        self.inner().faults
    }

    /// The process ends. Parts whose sync failed may have left memory.
    pub(super) fn kill(&self) {
        let inner = &mut *self.inner();
        inner.epoch += 1;
        for inode in &mut inner.inodes {
            if inner.dice.coin() {
                for part in std::mem::take(&mut inode.doubtful) {
                    let part = part.start.min(inode.shown.len())..part.end.min(inode.shown.len());
                    tear(&mut inode.shown, part, &mut inner.dice);
                }
                inode.synced = inode.synced.min(inode.shown.len());
            }
        }
    }

    /// The power goes: of what wasn't synced, any part is there or isn't.
    pub(super) fn cut(&self) {
        let inner = &mut *self.inner();
        inner.epoch += 1;
        for inode in &mut inner.inodes {
            let unsynced = inode.synced..inode.shown.len();
            let mut parts = std::mem::take(&mut inode.doubtful);
            parts.push(unsynced);
            // From the end: what is cut off there is no part of what comes before.
            for part in parts.into_iter().rev().filter(|part| !part.is_empty()) {
                if inner.dice.coin() {
                    tear(&mut inode.shown, part, &mut inner.dice);
                }
            }
            inode.synced = inode.shown.len();
        }
        for naming in std::mem::take(&mut inner.pending) {
            if inner.dice.coin() {
                apply(&mut inner.durable, naming);
            }
        }
        inner.shown = inner.durable.clone();
    }

    /// Another disk that is as this one is now.
    pub(super) fn fork(&self, seed: u64) -> Faulty {
        let inner = self.inner();
        Faulty(Arc::new(Mutex::new(Inner {
            dice: Dice(seed),
            inodes: inner.inodes.clone(),
            shown: inner.shown.clone(),
            durable: inner.durable.clone(),
            pending: inner.pending.clone(),
            fault: None,
            faults: 0,
            epoch: 0,
            created: None,
        })))
    }

    /// Calls `created` with the name of each file before it is created.
    pub(super) fn watch(&self, created: impl Fn(&str) + Send + Sync + 'static) {
        self.inner().created = Some(Arc::new(created));
    }

    /// The files and what is in them.
    pub(super) fn files(&self) -> BTreeMap<String, Vec<u8>> {
        let inner = self.inner();
        inner.shown.iter().map(|(name, at)| (name.clone(), inner.inodes[*at].shown.clone())).collect()
    }

    /// A disk of these files, durable.
    pub(super) fn of(files: &BTreeMap<String, Vec<u8>>) -> Faulty {
        let disk = Faulty::new(0);
        for (name, bytes) in files {
            disk.put(name, bytes);
        }
        disk
    }

    /// Puts a file there, durable.
    pub(super) fn put(&self, name: &str, bytes: &[u8]) {
        let inner = &mut *self.inner();
        inner.inodes.push(Inode { shown: bytes.to_vec(), synced: bytes.len(), doubtful: Vec::new() });
        let at = inner.inodes.len() - 1;
        inner.shown.insert(name.to_string(), at);
        inner.durable.insert(name.to_string(), at);
    }
}

/// Spoils a part: it is dropped with all behind it where it ends the file, or it is partly zeros or noise.
fn tear(bytes: &mut Vec<u8>, part: Range<usize>, dice: &mut Dice) {
    if part.is_empty() || part.end > bytes.len() {
        return;
    }
    let from = part.start + dice.below(part.len());
    let from = if dice.coin() { part.start } else { from };
    if part.end == bytes.len() && dice.coin() {
        bytes.truncate(from);
        return;
    }
    let to = if dice.coin() { part.end } else { from + 1 + dice.below(part.end - from) };
    let zeros = dice.coin();
    for byte in &mut bytes[from..to] {
        *byte = if zeros { 0 } else { dice.next() as u8 };
    }
}

fn apply(names: &mut BTreeMap<String, usize>, naming: Naming) {
    match naming {
        Naming::Made(name, at) => {
            names.insert(name, at);
        }
        Naming::Renamed(from, to, at) => {
            if names.get(&from) == Some(&at) {
                names.remove(&from);
            }
            names.insert(to, at);
        }
        Naming::Removed(name, at) => {
            if names.get(&name) == Some(&at) {
                names.remove(&name);
            }
        }
    }
}

impl Inner {
    /// Counts an operation; whether it fails.
    fn fails(&mut self) -> bool {
        let (left, forever) = match &mut self.fault {
            Some(Fault::Once(left)) => (left, false),
            Some(Fault::Forever(left)) => (left, true),
            _ => return false,
        };
        *left = left.saturating_sub(1);
        if *left > 0 {
            return false;
        }
        self.faults += 1;
        if !forever {
            self.fault = None;
        }
        true
    }

    fn check(&mut self) -> io::Result<()> {
        if self.fails() { Err(injected()) } else { Ok(()) }
    }

    fn name(&mut self, naming: Naming) {
        apply(&mut self.shown, naming.clone());
        self.pending.push(naming);
    }

    /// Does it, or doesn't, or does it and fails.
    fn try_name(&mut self, naming: Naming) -> io::Result<()> {
        let failed = self.fails();
        if !failed || self.dice.coin() {
            self.name(naming);
        }
        if failed { Err(injected()) } else { Ok(()) }
    }

    fn at(&self, name: &str) -> io::Result<usize> {
        self.shown.get(name).copied().ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

fn injected() -> io::Error {
    io::Error::other("injected")
}

impl Disk for Faulty {
    fn names(&self) -> io::Result<Vec<String>> {
        let inner = &mut *self.inner();
        inner.check()?;
        Ok(inner.shown.keys().cloned().collect())
    }

    fn open(&self, name: &str) -> io::Result<Box<dyn DiskFile>> {
        let inner = &mut *self.inner();
        inner.check()?;
        Ok(Box::new(OpenFile { disk: self.clone(), at: inner.at(name)?, epoch: inner.epoch }))
    }

    fn create(&self, name: &str) -> io::Result<Box<dyn DiskFile>> {
        let created = self.inner().created.clone();
        if let Some(created) = created {
            created(name);
        }
        let inner = &mut *self.inner();
        inner.inodes.push(Inode::default());
        let at = inner.inodes.len() - 1;
        inner.try_name(Naming::Made(name.to_string(), at))?;
        Ok(Box::new(OpenFile { disk: self.clone(), at, epoch: inner.epoch }))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        let inner = &mut *self.inner();
        let at = inner.at(from)?;
        inner.try_name(Naming::Renamed(from.to_string(), to.to_string(), at))
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        let inner = &mut *self.inner();
        let at = inner.at(name)?;
        inner.try_name(Naming::Removed(name.to_string(), at))
    }

    fn sync(&self) -> io::Result<()> {
        let inner = &mut *self.inner();
        inner.check()?;
        for naming in std::mem::take(&mut inner.pending) {
            apply(&mut inner.durable, naming);
        }
        Ok(())
    }
}

struct OpenFile {
    disk: Faulty,
    at: usize,
    epoch: u64,
}

impl OpenFile {
    fn with<T>(&self, run: impl FnOnce(&mut Inner, usize) -> io::Result<T>) -> io::Result<T> {
        let inner = &mut *self.disk.inner();
        assert_eq!(inner.epoch, self.epoch, "a file of a process that is gone");
        run(inner, self.at)
    }
}

impl DiskFile for OpenFile {
    fn length(&self) -> io::Result<u64> {
        self.with(|inner, at| inner.check().map(|()| inner.inodes[at].shown.len() as u64))
    }

    fn read_at(&self, from: u64, into: &mut [u8]) -> io::Result<()> {
        self.with(|inner, at| {
            inner.check()?;
            let read = inner.inodes[at].shown.get(from as usize..from as usize + into.len());
            into.copy_from_slice(read.ok_or(io::ErrorKind::UnexpectedEof)?);
            Ok(())
        })
    }

    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.with(|inner, at| {
            let mut room = bytes.len();
            if let Some(Fault::Room(left)) = &mut inner.fault {
                room = room.min(*left);
                *left -= room;
                inner.faults += u64::from(room < bytes.len());
            }
            if inner.fails() {
                room = inner.dice.below(bytes.len() + 1);
                inner.inodes[at].shown.extend_from_slice(&bytes[..room]);
                return Err(injected());
            }
            inner.inodes[at].shown.extend_from_slice(&bytes[..room]);
            if room < bytes.len() { Err(io::ErrorKind::StorageFull.into()) } else { Ok(()) }
        })
    }

    fn sync(&mut self) -> io::Result<()> {
        self.with(|inner, at| {
            let failed = inner.fails();
            let inode = &mut inner.inodes[at];
            let part = inode.synced..inode.shown.len();
            inode.synced = part.end;
            if failed {
                inode.doubtful.push(part);
                return Err(injected());
            }
            Ok(())
        })
    }
}
