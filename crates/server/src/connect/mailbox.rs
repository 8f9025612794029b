//! What a connection has yet to look into. Wake-ups only say where to look, so each is there once, and there are never more of them than
//! [`WAITING_MAX`]: past that the connection looks everywhere.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use limitr_ledger::{Refusal, Wake};
use tokio::sync::Notify;

/// Most wake-ups that are kept for one connection.
const WAITING_MAX: usize = 20_000;

/// A connection's mailbox.
#[derive(Debug)]
pub(crate) struct Mailbox {
    /// The token that it was opened with.
    pub(crate) token: String,
    waiting: Mutex<Waiting>,
    bell: Notify,
    end: Notify,
}

/// What is in it.
#[derive(Debug, Default)]
pub(crate) struct Waiting {
    /// Whether an operation of the connection is under way: what it will hold isn't known yet, so everything may concern it.
    busy: bool,
    /// Where to look.
    pub(crate) wakes: BTreeSet<Wake>,
    /// Whether to look everywhere.
    pub(crate) everywhere: bool,
    /// Why the connection is to end.
    end: Option<Refusal>,
}

impl Mailbox {
    pub(crate) fn new(token: String) -> Mailbox {
        Mailbox { token, waiting: Mutex::default(), bell: Notify::new(), end: Notify::new() }
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says whether an operation is under way. It must be said before the operation's transaction begins, and after its desk has taken in what
    /// came of it: so no wake-up falls between.
    pub(crate) fn set_busy(&self, busy: bool) {
        let mut waiting = self.waiting();
        waiting.busy = busy;
        if !busy && (waiting.everywhere || !waiting.wakes.is_empty()) {
            self.bell.notify_one();
        }
    }

    /// Puts in a wake-up if it concerns the connection, or may.
    pub(crate) fn put(&self, wake: &Wake, concerned: bool) {
        let mut waiting = self.waiting();
        if !concerned && !waiting.busy || waiting.everywhere {
            return;
        }
        waiting.wakes.insert(wake.clone());
        if waiting.wakes.len() > WAITING_MAX {
            waiting.wakes.clear();
            waiting.everywhere = true;
        }
        self.bell.notify_one();
    }

    /// Lets the connection look everywhere.
    pub(crate) fn look_everywhere(&self) {
        let mut waiting = self.waiting();
        waiting.wakes.clear();
        waiting.everywhere = true;
        self.bell.notify_one();
    }

    /// Ends the connection.
    pub(crate) fn end(&self, why: Refusal) {
        self.waiting().end.get_or_insert(why);
        self.end.notify_one();
    }

    /// Waits until there is something.
    pub(crate) async fn rung(&self) {
        self.bell.notified().await;
    }

    /// Waits until the connection is to end.
    pub(crate) async fn ended(&self) -> Refusal {
        loop {
            if let Some(why) = &self.waiting().end {
                return why.clone();
            }
            self.end.notified().await;
        }
    }

    /// Takes out what is there.
    pub(crate) fn take(&self) -> (BTreeSet<Wake>, bool) {
        let mut waiting = self.waiting();
        (std::mem::take(&mut waiting.wakes), std::mem::take(&mut waiting.everywhere))
    }
}
