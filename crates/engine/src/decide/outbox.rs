//! Events and changes that a host hasn't taken yet.

use std::collections::VecDeque;

use crate::change::{Change, Effected};
use crate::error::EngineError;
use crate::event::Event;
use crate::limits::{CHANGES_MAX, EVENTS_MAX};

/// Events and changes that wait to be taken.
#[derive(Clone, Debug, Default)]
pub(crate) struct Outbox {
    /// Whether anybody wants events.
    pub(crate) listening: bool,
    /// Whether anybody wants changes.
    pub(crate) recording: bool,
    /// Events in commit order.
    pub(crate) events: VecDeque<Event>,
    /// Changes in commit order.
    pub(crate) changes: Vec<Change>,
    /// The number of the last change, recorded or applied.
    pub(crate) seq: u64,
}

impl Outbox {
    /// Refuses a call whose events or changes would have no room.
    pub(crate) fn check_room(&self) -> Result<(), EngineError> {
        if self.events.len() >= EVENTS_MAX {
            return Err(EngineError::new("outbox_full", "events were not taken: take them after every call"));
        }
        if self.changes.len() >= CHANGES_MAX {
            return Err(EngineError::new("outbox_full", "changes were not taken: take them before going on"));
        }
        Ok(())
    }

    /// Refuses a call that leaves `records` of each at once, where they would have no room.
    pub(crate) fn check_room_for(&self, records: usize, events: bool) -> Result<(), EngineError> {
        self.check_room()?;
        let told = self.listening && events && records > EVENTS_MAX.saturating_sub(self.events.len());
        let kept = self.recording && records > CHANGES_MAX.saturating_sub(self.changes.len());
        if told || kept {
            let message = format!("{records} records leave more than can wait: load them in several calls");
            return Err(EngineError::new("outbox_full", message));
        }
        Ok(())
    }

    /// Notes a change at `at`.
    pub(crate) fn record(&mut self, at: i64, effect: impl FnOnce() -> Effected) {
        if self.recording {
            self.seq = self.seq.saturating_add(1);
            self.changes.push(Change { seq: self.seq, at, effect: effect() });
        }
    }
}
