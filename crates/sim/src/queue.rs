//! What is still to happen, in the order of time; of what happens at one time, what was said first.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use limitr_ledger::Wake;
use limitr_protocol::{Down, Up};

use crate::net::Carried;

/// Something that happens.
#[derive(Clone, Debug)]
pub(crate) enum Event {
    Opened { connection: u64 },
    Refused { node: usize, opening: u64 },
    ClosedAtNode { connection: u64 },
    ClosedAtServer { connection: u64 },
    Upwards { connection: u64, frame: Carried<Up> },
    Downwards { connection: u64, frame: Carried<Down> },
    Woken { server: usize, wake: Wake },
    Tick { node: usize, opening: u64 },
    Durable { node: usize, opening: u64, seq: u64 },
    Fetched { node: usize, opening: u64, version: u64 },
    Call { node: usize },
    Drain { node: usize, opening: u64 },
    Fault,
    Reopen { node: usize },
    Restart { server: usize },
    TakeBack,
}

/// Events.
#[derive(Debug)]
pub(crate) struct Queue {
    /// When, as how many-th, and the place of what happens.
    order: BinaryHeap<Reverse<(i64, u64, u32)>>,
    events: Vec<Option<Event>>,
    free: Vec<u32>,
}

impl Queue {
    pub(crate) fn new() -> Queue {
        Queue { order: BinaryHeap::new(), events: Vec::new(), free: Vec::new() }
    }

    /// Adds what happens at a time; `number` rises from each to the next.
    pub(crate) fn push(&mut self, at: i64, number: u64, event: Event) {
        let place = self.free.pop().unwrap_or_else(|| {
            self.events.push(None);
            (self.events.len() - 1) as u32
        });
        self.events[place as usize] = Some(event);
        self.order.push(Reverse((at, number, place)));
    }

    /// Takes what happens next, if that is not after `end`.
    pub(crate) fn pop(&mut self, end: i64) -> Option<(i64, Event)> {
        let Reverse((at, _, place)) = *self.order.peek().filter(|Reverse((at, ..))| *at <= end)?;
        self.order.pop();
        self.free.push(place);
        self.events[place as usize].take().map(|event| (at, event))
    }
}
