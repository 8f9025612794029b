//! What an engine tells: events to who listens, and in a room to each of its members.

use limitr_engine::Event;
#[cfg(not(target_arch = "wasm32"))]
use std::sync::Arc;

#[cfg(not(target_arch = "wasm32"))]
use limitr_engine::Taken;
#[cfg(not(target_arch = "wasm32"))]
use limitr_store::Waker;
use serde_json::json;

use super::Host;
use super::answer::{ANSWER_LEN, fill_event, names_count};
#[cfg(not(target_arch = "wasm32"))]
use crate::node::Bell;

/// Added to the kind of an event when more wait.
const MORE_EVENTS: u32 = 16;
/// Added where another thread's call caused it.
const FOREIGN: u32 = 32;

impl Host {
    /// Takes the oldest event that waits and fills `answer` with its numbers; its kind, 0 for none.
    pub(crate) fn next_event(&mut self, answer: &mut [f64; ANSWER_LEN]) -> u32 {
        let Some((event, foreign)) = self.take_event() else {
            *self.taken() = None;
            return 0;
        };
        // A caller without other IDs was called by its own: the facade knows it without asking.
        let known = match &event {
            Event::Meter(event) => event.caller.is_none() && !event.has_alts && !self.has_members(),
            Event::Record(..) | Event::Named(..) => false,
        };
        let kind = fill_event(&event, known, names_count(&self.engine), answer);
        *self.taken() = match known {
            true => {
                self.engine.reuse(event);
                None
            }
            false => Some(event),
        };
        kind | if self.has_events() { MORE_EVENTS } else { 0 } | if foreign { FOREIGN } else { 0 }
    }

    /// What numbers can't say of the event that was taken last, as JSON.
    pub(crate) fn event_text(&mut self) -> String {
        match self.taken().take() {
            None => "null".to_string(),
            Some(event @ (Event::Record(..) | Event::Named(..))) => {
                self.engine.event_json(&event).to_string()
            }
            Some(Event::Meter(event)) => {
                let caller = event.caller.as_ref().unwrap_or(&event.holder);
                json!({ "holder": &*event.holder, "caller": &**caller }).to_string()
            }
        }
    }
}

/// Without rooms there is one that hears.
#[cfg(target_arch = "wasm32")]
impl Host {
    /// Whether events are built from now on.
    pub(crate) fn listen(&mut self, on: bool) {
        self.engine.listen(on);
    }

    /// Whether events wait.
    #[inline]
    pub(crate) fn has_events(&self) -> bool {
        self.engine.has_events()
    }

    /// Whether others are to take events.
    #[inline]
    pub(crate) fn tells_others(&mut self) -> bool {
        false
    }

    fn has_members(&self) -> bool {
        false
    }

    fn taken(&mut self) -> &mut Option<Event> {
        &mut self.taken
    }

    fn take_event(&mut self) -> Option<(Event, bool)> {
        self.engine.next_event().map(|event| (event, false))
    }
}

#[cfg(not(target_arch = "wasm32"))]
impl Host {
    /// Whether events are built from now on for who calls.
    pub(crate) fn listen(&mut self, on: bool) {
        match &mut self.audience {
            None => self.engine.listen(on),
            Some(audience) => audience.listen(on, &mut self.engine),
        }
    }

    /// Whether events wait for who calls.
    #[inline]
    pub(crate) fn has_events(&self) -> bool {
        match &self.audience {
            None => self.engine.has_events(),
            Some(audience) => audience.has_events(&self.engine),
        }
    }

    /// Whether others are to be woken, so that they take events.
    #[inline]
    pub(crate) fn tells_others(&mut self) -> bool {
        self.audience.as_mut().is_some_and(|audience| audience.tells_others(&self.engine))
    }

    fn has_members(&self) -> bool {
        self.audience.is_some()
    }

    /// The event that who calls took last: in a room others may take theirs before its text is asked for.
    fn taken(&mut self) -> &mut Option<Event> {
        match self.audience.as_mut().and_then(|audience| audience.mine()) {
            Some(me) => &mut me.taken,
            None => &mut self.taken,
        }
    }

    /// The oldest event that waits for who calls, and whether another's call caused it.
    fn take_event(&mut self) -> Option<(Event, bool)> {
        match &mut self.audience {
            None => self.engine.next_event().map(|event| (event, false)),
            Some(audience) => audience.next_event(&mut self.engine),
        }
    }

    /// Takes in another member of its room; the member's number.
    pub(crate) fn join(&mut self) -> u64 {
        self.audience.get_or_insert_default().join()
    }

    /// Lets a member go.
    pub(crate) fn quit(&mut self, member: u64) {
        if let Some(audience) = &mut self.audience {
            audience.quit(member, &mut self.engine);
        }
    }

    /// Begins a call of a member.
    #[inline]
    pub(crate) fn enter(&mut self, member: u64) {
        if let Some(audience) = &mut self.audience {
            audience.enter(member);
        }
    }

    /// Ends it.
    #[inline]
    pub(crate) fn leave(&mut self) {
        if let Some(audience) = &mut self.audience {
            audience.leave(&mut self.engine);
        }
    }

    /// Has the store woken when there are changes.
    pub(crate) fn wake_with(&mut self, waker: Waker) {
        self.audience.get_or_insert_default().wake_with(waker);
    }

    /// Has a thread rung for when there are changes.
    pub(crate) fn ring_with(&mut self, bell: Arc<Bell>) {
        self.audience.get_or_insert_default().ring_with(bell);
    }

    /// Takes the changes that wait, for the store, and the time up to which they were committed.
    pub(crate) fn take_changes(&mut self, bytes: &mut Vec<u8>) -> (Taken, i64) {
        if let Some(audience) = &mut self.audience {
            audience.taken();
        }
        (self.engine.swap_changes(bytes), self.engine.latest(i64::MIN))
    }

    /// The store is given up: the engine goes on without it, and everybody is told.
    pub(crate) fn store_failed(&mut self, code: &str, message: &str) {
        self.engine.record_changes(false);
        if let Some(audience) = &mut self.audience {
            audience.store_failed(code, message);
        }
    }

    /// The own ID of the customer that answers to `id`.
    pub(crate) fn customer_id(&self, id: &str) -> Option<String> {
        self.engine.customer(id).map(|customer| customer.id.to_string())
    }
}
