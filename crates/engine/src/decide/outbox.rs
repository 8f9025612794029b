//! Events and changes that a host hasn't taken yet.

use std::collections::VecDeque;

use crate::change::{Change, Effected, Metered, codec, metered_bytes};
use crate::customer::Pace;
use crate::error::EngineError;
use crate::event::{Event, MeterEvent};
use crate::limits::{CHANGES_BYTES_MAX, CHANGES_MAX, EVENTS_MAX};
use crate::quantity::Amount;

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
    /// Where an event stood that was read: the next one needs no memory of its own.
    used: Option<Box<MeterEvent>>,
    /// The number of the last change, recorded or applied.
    pub(crate) seq: u64,
    /// Changes in commit order, written.
    changes: Vec<u8>,
    /// How many these are; `seq` is the number of the last.
    waiting: u64,
    /// Changes after those that may still grow, each of another meter. Whatever else is noted comes behind them.
    open: Vec<Open>,
    /// What of them is written already, side by side.
    whose: Vec<u8>,
    /// How many times they were closed.
    closings: u64,
}

/// A change that grows with each plain call on its meter, until changes are taken or another kind is noted: many calls are one change
/// for whoever shares the meter.
#[derive(Clone, Copy, Debug)]
struct Open {
    at: i64,
    /// Where `whose` ends for it; it begins where the one before ends.
    end: usize,
    units: Amount,
    pace: Pace,
}

/// Where a meter's open change is, as long as it is open.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Place {
    closings: u64,
    /// One more than its place among the open ones; 0: none.
    number: usize,
}

/// Most changes that are open at a time.
const OPEN_MAX: usize = 1_024;

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
    /// Notes an event of a meter.
    #[inline(always)] // the event is large: it is put together where it stays
    pub(crate) fn tell(&mut self, event: MeterEvent) {
        let place = match self.used.take() {
            Some(mut place) => {
                *place = event;
                place
            }
            None => Box::new(event),
        };
        self.events.push_back(Event::Meter(place));
    }

    /// Keeps the place of an event that was read.
    #[inline]
    pub(crate) fn reuse(&mut self, event: Event) {
        if let Event::Meter(place) = event {
            self.used = Some(place);
        }
    }

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
        self.close_open();
        if self.recording && codec::write(&mut self.changes, at, &effect()) {
            self.seq = self.seq.saturating_add(1);
            self.waiting = self.waiting.saturating_add(1);
        }
    }

    /// Notes a metered call at `at`: what [`Outbox::record`] does, without moving it about.
    #[inline]
    pub(crate) fn record_metered(&mut self, at: i64, metered: &Metered<&str>) {
        self.close_open();
        metered_bytes::write(&mut self.changes, at, metered);
        self.seq = self.seq.saturating_add(1);
        self.waiting = self.waiting.saturating_add(1);
    }

    /// Adds `units` to the open change at `place`; whether there is one.
    #[inline(always)]
    pub(crate) fn add(&mut self, place: Place, at: i64, units: Amount, pace: Pace) -> bool {
        let known = place.closings == self.closings;
        let Some(open) = self.open.get_mut(place.number.wrapping_sub(1)).filter(|_| known) else {
            return false;
        };
        *open = Open { at, units: open.units.saturating_add(units), pace, ..*open };
        true
    }

    /// Notes a metered call that nothing was billed, drawn or spent for as a change that may grow; its place.
    pub(crate) fn open(&mut self, at: i64, metered: &Metered<&str>) -> Place {
        if self.open.len() >= OPEN_MAX {
            self.close_open();
        }
        metered_bytes::write_whose(&mut self.whose, metered);
        self.open.push(Open { at, end: self.whose.len(), units: metered.units, pace: metered.pace });
        self.seq = self.seq.saturating_add(1);
        self.waiting = self.waiting.saturating_add(1);
        Place { closings: self.closings, number: self.open.len() }
    }

    /// Writes the open changes behind the others.
    #[inline]
    fn close_open(&mut self) {
        if !self.open.is_empty() {
            self.write_open();
        }
    }

    #[inline(never)]
    fn write_open(&mut self) {
        let mut start = 0;
        for Open { at, end, units, pace } in self.open.drain(..) {
            let whose = self.whose.get(start..end).unwrap_or_default();
            metered_bytes::write_units(&mut self.changes, at, whose, units, &pace);
            start = end;
        }
        self.whose.clear();
        self.closings = self.closings.wrapping_add(1);
    }

    /// Where the changes that wait end.
    pub(crate) fn mark(&mut self) -> Mark {
        self.close_open();
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
        self.close_open();
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
        self.close_open();
        self.changes = Vec::new();
        self.waiting = 0;
    }
}
