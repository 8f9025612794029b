//! What is still to happen, in the order of time; of what happens at one time, what was said first.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Events of the type `E`.
#[derive(Debug)]
pub(crate) struct Queue<E> {
    /// When, as how many-th, and the place of what happens.
    order: BinaryHeap<Reverse<(i64, u64, u32)>>,
    events: Vec<Option<E>>,
    free: Vec<u32>,
}

impl<E> Queue<E> {
    pub(crate) fn new() -> Queue<E> {
        Queue { order: BinaryHeap::new(), events: Vec::new(), free: Vec::new() }
    }

    /// Adds what happens at a time; `number` rises from each to the next.
    pub(crate) fn push(&mut self, at: i64, number: u64, event: E) {
        let place = self.free.pop().unwrap_or_else(|| {
            self.events.push(None);
            (self.events.len() - 1) as u32
        });
        self.events[place as usize] = Some(event);
        self.order.push(Reverse((at, number, place)));
    }

    /// Takes what happens next, if that is not after `end`.
    pub(crate) fn pop(&mut self, end: i64) -> Option<(i64, E)> {
        let Reverse((at, _, place)) = *self.order.peek().filter(|Reverse((at, ..))| *at <= end)?;
        self.order.pop();
        self.free.push(place);
        self.events[place as usize].take().map(|event| (at, event))
    }
}
