//! Who hears what happens in an engine that several threads work with: each member of its room has a queue of its own.

use std::collections::VecDeque;
use std::sync::Arc;

use limitr_engine::limits::EVENTS_MAX;
use limitr_engine::{Engine, Event};
use limitr_store::Waker;
use serde_json::Map;

use crate::node::Bell;

/// The type of the event that says that the store is given up.
const FAILURE: &str = "store-error";

/// The members of a room.
#[derive(Debug, Default)]
pub(crate) struct Audience {
    /// Whose call is running.
    me: u64,
    last: u64,
    members: Vec<Member>,
    /// What every member is told once the store is given up, those that join later too.
    failed: Option<Event>,
    /// Wakes the store, which is told once until it took the changes.
    waker: Option<Waker>,
    /// Wakes the thread that is connected to Limitr Cloud, as often.
    bell: Option<Arc<Bell>>,
    woken: bool,
}

#[derive(Debug)]
pub(super) struct Member {
    id: u64,
    listening: bool,
    /// Somebody was asked to wake it since it took its last event.
    woken: bool,
    /// Oldest first, each with whether another's call caused it; of a member that takes none, the oldest are dropped past
    /// [`EVENTS_MAX`].
    events: VecDeque<(Event, bool)>,
    /// The event that it took last.
    pub(super) taken: Option<Event>,
}

impl Audience {
    pub(super) fn join(&mut self) -> u64 {
        self.last += 1;
        let events = self.failed.iter().map(|event| (event.clone(), true)).collect();
        self.members.push(Member { id: self.last, listening: false, woken: false, events, taken: None });
        self.last
    }

    pub(super) fn quit(&mut self, id: u64, engine: &mut Engine) {
        self.members.retain(|member| member.id != id);
        // It may have ended before it woke whom it was asked to.
        self.members.iter_mut().for_each(|member| member.woken = false);
        engine.listen(self.is_listening());
    }

    pub(super) fn wake_with(&mut self, waker: Waker) {
        self.waker = Some(waker);
    }

    pub(super) fn ring_with(&mut self, bell: Arc<Bell>) {
        self.bell = Some(bell);
    }

    /// Has the store see to what it is to do.
    pub(super) fn wake(&self) {
        self.waker.iter().for_each(Waker::wake);
    }

    /// Has what a call lacked seen to.
    pub(super) fn ring_soon(&self) {
        self.bell.iter().for_each(|bell| bell.soon());
    }

    /// Has what was asked for seen to at once.
    pub(super) fn ring(&self) {
        self.bell.iter().for_each(|bell| bell.now());
    }

    #[inline]
    pub(super) fn enter(&mut self, me: u64) {
        self.me = me;
    }

    /// Ends a call: what happened is handed out, and the store is told.
    #[inline]
    pub(super) fn leave(&mut self, engine: &mut Engine) {
        if engine.has_events() {
            self.hand_out(engine);
        }
        if engine.has_changes() && !self.woken {
            self.woken = true;
            self.waker.iter().for_each(Waker::wake);
            self.bell.iter().for_each(|bell| bell.soon());
        }
    }

    pub(super) fn taken(&mut self) {
        self.woken = false;
    }

    pub(super) fn listen(&mut self, on: bool, engine: &mut Engine) {
        self.hand_out(engine);
        if let Some(me) = self.mine() {
            me.listening = on;
            me.events.retain(|(event, _)| is_failure(event));
        }
        engine.listen(self.is_listening());
    }

    /// Whether events wait for the member whose call is running.
    #[inline]
    pub(super) fn has_events(&self, engine: &Engine) -> bool {
        let me = self.members.iter().find(|member| member.id == self.me);
        me.is_some_and(|me| !me.events.is_empty() || (me.listening && engine.has_events()))
    }

    /// Whether the caller is to wake others: those for whom something waits, and whom nobody was asked to wake since.
    #[inline]
    pub(super) fn tells_others(&mut self, engine: &Engine) -> bool {
        let (me, happened) = (self.me, engine.has_events());
        let mut tells = false;
        for other in self.members.iter_mut().filter(|other| other.id != me && !other.woken) {
            other.woken = !other.events.is_empty() || (happened && other.listening);
            tells |= other.woken;
        }
        tells
    }

    pub(super) fn next_event(&mut self, engine: &mut Engine) -> Option<(Event, bool)> {
        self.hand_out(engine);
        let me = self.mine()?;
        let event = me.events.pop_front();
        me.woken = me.woken && !me.events.is_empty();
        event
    }

    /// Tells every member that the store is given up, whether or not it listens.
    pub(super) fn store_failed(&mut self, code: &str, message: &str) {
        let error = serde_json::json!({ "code": code, "message": message });
        let event = Event::Record(FAILURE, Map::from_iter([("error".to_string(), error)]));
        self.members.iter_mut().for_each(|member| member.push(event.clone(), true));
        self.failed = Some(event);
    }

    fn hand_out(&mut self, engine: &mut Engine) {
        while let Some(event) = engine.next_event() {
            for member in self.members.iter_mut().filter(|member| member.listening) {
                member.push(event.clone(), member.id != self.me);
            }
        }
    }

    fn is_listening(&self) -> bool {
        self.members.iter().any(|member| member.listening)
    }

    pub(super) fn mine(&mut self) -> Option<&mut Member> {
        self.members.iter_mut().find(|member| member.id == self.me)
    }
}

impl Member {
    fn push(&mut self, event: Event, foreign: bool) {
        if self.events.len() >= EVENTS_MAX {
            self.events.pop_front();
        }
        self.events.push_back((event, foreign));
    }
}

fn is_failure(event: &Event) -> bool {
    matches!(event, Event::Record(FAILURE, _))
}
