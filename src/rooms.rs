//! Rooms: engines that more than one thread works with, be it worker threads that share one or the thread that keeps its store.
//!
//! 1. A room's host is behind a lock that is held for one call. A panic in a call ends the room for everybody.
//! 2. Each thread that joined is a member with events of its own: what happens is told to every member that listens.
//! 3. Rooms with a name are found by it in the whole process; the first that opens one says what it runs, and others join
//!    with the same document and options.
//! 4. The last member that leaves closes the room: what the engine did is written, and the store let go of.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, TryRecvError, channel};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use ahash::RandomState;
use limitr_engine::{EngineError, Taken};
use limitr_store::{Opening, Query, Recorded, Retention, Settings, Source, Store, StoreError, StoreReader};
use serde_json::Value;

use crate::node::Connected;
use crate::slots::Gone;
use crate::wire::{self, Host, OpenOptions};

/// Most names that rooms of one process have at a time.
const NAMES_MAX: usize = 65_536;

/// The rooms that have a name. Opening one holds its entry: whoever comes meanwhile waits for it.
static NAMED: Mutex<BTreeMap<String, Arc<Mutex<Named>>>> = Mutex::new(BTreeMap::new());

/// The room of a name.
#[derive(Default)]
struct Named {
    room: Weak<Room>,
    /// Disconnected once the room is closed for good, its store let go of.
    closed: Option<Receiver<()>>,
}

/// An engine behind a lock, and its store.
#[allow(unreachable_pub)] // a task's output must be `pub`
pub struct Room {
    host: Arc<Mutex<Host>>,
    /// Its connection to Limitr Cloud. Dropped before the rest.
    _connected: Option<Connected>,
    store: Option<Store>,
    /// What it was opened with, and what came of it.
    opened: String,
    about: Value,
    /// Dropped last.
    _open: Option<Sender<()>>,
}

/// A thread's place in a room.
pub(crate) struct Member {
    room: Arc<Room>,
    me: u64,
}

/// What a room is opened with.
pub(crate) struct Request {
    pub(crate) document: String,
    pub(crate) format: String,
    pub(crate) options: String,
}

impl Room {
    /// Opens a room, or finds the one of that name.
    pub(crate) fn open(request: &Request) -> Result<Arc<Room>, EngineError> {
        let options = OpenOptions::parse(&request.options)?;
        let Some(name) = &options.shared else { return Room::build(request, &options).map(Arc::new) };
        let entry = named(name)?;
        let mut known = entry.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(room) = known.room.upgrade() {
            return match room.opened == request.text() {
                true => Ok(room),
                false => Err(EngineError::new(
                    "shared_conflict",
                    format!(
                        "the engine `{name}` was opened with another document or other options: threads that share one open it alike (change its policy with `updatePolicy`)"
                    ),
                )),
            };
        }
        // The last member of the one before may be about to close it.
        let _ = known.closed.take().map(|closed| closed.recv());
        let (open, closed) = channel();
        let room = Arc::new(Room { _open: Some(open), ..Room::build(request, &options)? });
        *known = Named { room: Arc::downgrade(&room), closed: Some(closed) };
        Ok(room)
    }

    fn build(request: &Request, options: &OpenOptions) -> Result<Room, EngineError> {
        let seed = RandomState::new();
        let start = wire::start(request.document.as_bytes(), &request.format, options)?;
        let (about, opened) = (start.about.clone(), request.text());
        let Some(path) = &options.store else {
            let host = Arc::new(Mutex::new(start.host(seed.hash_one(0_u8))?));
            return Ok(Room { host, _connected: None, store: None, opened, about, _open: None });
        };
        let mut opening = Opening::at(Path::new(path), seed.hash_one(0_u8)).map_err(refused)?;
        opening.engine.record_changes(true);
        let policy = start.policy.clone();
        opening.engine.resume(start.clock.now(), policy)?;
        let instance = format!("{:016x}{:016x}", seed.hash_one(1_u8), RandomState::new().hash_one(2_u8));
        let default = Retention::default();
        let retention = Retention {
            age_ms: options.retention_ms.map_or(default.age_ms, |ms| ms as i64),
            bytes: options.retention_bytes.map_or(default.bytes, |bytes| bytes as u64),
        };
        let settings = Settings { retention, ..Settings::new(instance) };
        let mut host = None;
        let store = opening.start(settings, |engine| {
            let shared = Arc::new(Mutex::new(start.with(engine)));
            host = Some(Arc::clone(&shared));
            Box::new(Kept(shared))
        });
        let store = store.map_err(refused)?;
        let Some(host) = host else {
            return Err(EngineError::new("internal", "the store opened without an engine"));
        };
        host.lock().unwrap_or_else(PoisonError::into_inner).wake_with(store.waker());
        store.flush().map_err(refused)?; // the policy that counts from now on
        Ok(Room { host, _connected: None, store: Some(store), opened, about, _open: None })
    }

    /// A room of one engine that is connected to Limitr Cloud, and the store of its outbox.
    pub(crate) fn connected(host: Arc<Mutex<Host>>, connected: Connected, store: Option<Store>) -> Arc<Room> {
        let (opened, about) = (String::new(), Value::Null);
        Arc::new(Room { host, _connected: Some(connected), store, opened, about, _open: None })
    }

    /// What opening it found: diagnostics, format.
    pub(crate) fn about(&self) -> Value {
        self.about.clone()
    }

    /// Waits until everything that was done by now is on disk.
    pub(crate) fn flush(&self) -> Result<(), EngineError> {
        self.store.as_ref().map_or(Ok(()), |store| store.flush().map_err(refused))
    }

    /// The changes of a customer that `query` asks for, oldest first.
    pub(crate) fn history(&self, query: Query) -> Result<Vec<Recorded>, EngineError> {
        let reader: Option<StoreReader> = self.store.as_ref().and_then(Store::reader);
        let (Some(store), Some(reader)) = (&self.store, reader) else {
            let message = "an engine without a store keeps no history: open it with `store`";
            return Err(EngineError::new("not_supported", message));
        };
        store.flush().map_err(refused)?;
        // An alternative ID stands for the customer that has it now.
        let known = self.host.lock().ok().and_then(|host| host.customer_id(&query.customer));
        reader.history(&Query { customer: known.unwrap_or(query.customer), ..query }).map_err(refused)
    }
}

impl Request {
    /// All that it says, as text.
    fn text(&self) -> String {
        [&*self.format, &*self.options, &*self.document].join("\n")
    }
}

fn named(name: &str) -> Result<Arc<Mutex<Named>>, EngineError> {
    let mut names = NAMED.lock().unwrap_or_else(PoisonError::into_inner);
    if !names.contains_key(name) {
        // Names whose room is gone, and that nobody is about to open.
        names.retain(|_, entry| {
            let is_open = |known: &Named| {
                known.closed.as_ref().is_some_and(|closed| closed.try_recv() == Err(TryRecvError::Empty))
            };
            Arc::strong_count(entry) > 1 || entry.lock().is_ok_and(|known| is_open(&known))
        });
        if names.len() >= NAMES_MAX {
            let message = format!("{NAMES_MAX} shared engines are open, which is the most");
            return Err(EngineError::new("too_many", message));
        }
    }
    Ok(Arc::clone(names.entry(name.to_string()).or_default()))
}

/// An error of the store as the doors give it.
pub(crate) fn refused(error: StoreError) -> EngineError {
    EngineError::new(error.code(), error.message())
}

impl Member {
    /// Joins a room.
    pub(crate) fn new(room: Arc<Room>) -> Member {
        let me = room.host.lock().unwrap_or_else(PoisonError::into_inner).join();
        Member { room, me }
    }

    pub(crate) fn room(&self) -> Arc<Room> {
        Arc::clone(&self.room)
    }

    /// Works with the room's engine as this member.
    #[inline]
    pub(crate) fn with<T>(&self, work: impl FnOnce(&mut Host) -> T) -> Result<T, Gone> {
        let Ok(mut host) = self.room.host.lock() else {
            return Err(Gone::Poisoned);
        };
        host.enter(self.me);
        let answer = work(&mut host);
        host.leave();
        Ok(answer)
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        if let Ok(mut host) = self.room.host.lock() {
            host.quit(self.me);
        }
    }
}

/// The engine of a room, as its store sees it.
struct Kept(Arc<Mutex<Host>>);

impl Source for Kept {
    fn take(&mut self, bytes: &mut Vec<u8>) -> (Taken, i64) {
        match self.0.lock() {
            Ok(mut host) => host.take_changes(bytes),
            // The engine met a defect: what it was about to say can't be trusted.
            Err(_) => (Taken { first: 0, count: 0 }, i64::MIN),
        }
    }

    fn failed(&mut self, error: &StoreError) {
        if let Ok(mut host) = self.0.lock() {
            host.store_failed(error.code(), error.message());
        }
    }
}
