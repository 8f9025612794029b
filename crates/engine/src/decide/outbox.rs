//! Events and changes that a host hasn't taken yet.

use std::collections::VecDeque;

use crate::change::{Change, Effected, Metered, codec, metered_bytes};
use crate::error::EngineError;
use crate::event::Event;
use crate::limits::{CHANGES_BYTES_MAX, CHANGES_MAX, EVENTS_MAX};

/// Events and changes that wait to be taken.
#[derive(Clone, Debug, Default)]
pub(crate) struct Outbox {
    /// Whether anybody wants events.
    pub(crate) listening: bool,
    /// Whether anybody wants changes.
    pub(crate) recording: bool,
    /// Whether nothing more is to be recorded: the server hasn't taken changes for too long.
    pub(crate) full: bool,
    /// Events in commit order.
    pub(crate) events: VecDeque<Event>,
    /// The number of the last change, recorded or applied.
    pub(crate) seq: u64,
    /// Changes in commit order, written.
    changes: Vec<u8>,
    /// How many these are; `seq` is the number of the last.
    waiting: u64,
}

/// Changes that were taken, in commit order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Taken {
    /// The number of the first.
    pub first: u64,
    /// How many there are.
    pub count: u64,
}

/// A place among the changes that wait.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mark {
    bytes: usize,
    waiting: u64,
    seq: u64,
}

impl Outbox {
    /// Refuses a call whose events or changes would have no room.
    pub(crate) fn check_room(&self) -> Result<(), EngineError> {
        if self.full {
            let message =
                "the server has taken no changes for too long: nothing more can be recorded until it does";
            return Err(EngineError::new("outbox_full", message));
        }
        self.check_bounds()
    }

    /// Refuses what would pass the bounds of what can wait here.
    pub(crate) fn check_bounds(&self) -> Result<(), EngineError> {
        if self.events.len() >= EVENTS_MAX {
            return Err(EngineError::new("outbox_full", "events were not taken: take them after every call"));
        }
        if self.waiting >= CHANGES_MAX || self.changes.len() >= CHANGES_BYTES_MAX {
            return Err(EngineError::new("outbox_full", "changes were not taken: take them before going on"));
        }
        Ok(())
    }

    /// Refuses a call that leaves `records` of each at once, where they would have no room.
    pub(crate) fn check_room_for(&self, records: usize, events: bool) -> Result<(), EngineError> {
        self.check_room()?;
        let told = self.listening && events && records > EVENTS_MAX.saturating_sub(self.events.len());
        let kept = self.recording && records as u64 > CHANGES_MAX.saturating_sub(self.waiting);
        if told || kept {
            let message = format!("{records} records leave more than can wait: load them in several calls");
            return Err(EngineError::new("outbox_full", message));
        }
        Ok(())
    }

    /// Notes a change at `at`.
    #[inline]
    pub(crate) fn record<'a>(&mut self, at: i64, effect: impl FnOnce() -> Effected<&'a str>) {
        if self.recording && codec::write(&mut self.changes, at, &effect()) {
            self.seq = self.seq.saturating_add(1);
            self.waiting = self.waiting.saturating_add(1);
        }
    }

    /// Notes a metered call at `at`: what [`Outbox::record`] does, without moving it about.
    #[inline]
    pub(crate) fn record_metered(&mut self, at: i64, metered: &Metered<&str>) {
        metered_bytes::write(&mut self.changes, at, metered);
        self.seq = self.seq.saturating_add(1);
        self.waiting = self.waiting.saturating_add(1);
    }

    /// Where the changes that wait end.
    pub(crate) fn mark(&self) -> Mark {
        Mark { bytes: self.changes.len(), waiting: self.waiting, seq: self.seq }
    }

    /// Takes back what was noted since `mark`, which nobody has taken in between.
    pub(crate) fn go_back(&mut self, mark: Mark) {
        self.changes.truncate(mark.bytes);
        (self.waiting, self.seq) = (mark.waiting, mark.seq);
    }

    /// Whether changes wait.
    #[inline]
    pub(crate) fn has_changes(&self) -> bool {
        self.waiting > 0
    }

    /// Exchanges what waits for the room of `bytes`, which is emptied.
    pub(crate) fn swap_changes(&mut self, bytes: &mut Vec<u8>) -> Taken {
        bytes.clear();
        std::mem::swap(&mut self.changes, bytes);
        let count = std::mem::take(&mut self.waiting);
        Taken { first: self.seq.saturating_sub(count).saturating_add(1), count }
    }

    /// Takes what waits.
    pub(crate) fn take_changes(&mut self) -> Vec<Change> {
        let mut bytes = Vec::new();
        let taken = self.swap_changes(&mut bytes);
        // What was written here can be read: a change that can't would be a defect, which tests of the codec would find.
        codec::Changes::new(&bytes, taken.first).flatten().collect()
    }

    /// Forgets what waits, and records no more.
    pub(crate) fn stop_recording(&mut self) {
        self.recording = false;
        self.changes = Vec::new();
        self.waiting = 0;
    }
}
