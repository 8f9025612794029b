//! Changes on their way to the server.

use std::collections::VecDeque;

use limitr_engine::{Change, Effected};
use limitr_protocol::{InstanceId, Sent};
use serde_json::Value;

use crate::limits::{CHANGES_A_FRAME, IN_FLIGHT_MAX};

/// The changes of one instance that aren't acknowledged, in order. They are numbered without gaps.
#[derive(Clone, Debug)]
pub struct Outbox {
    pub(crate) instance: InstanceId,
    waiting: VecDeque<Change>,
    /// The last change that the server has.
    acked: u64,
    /// The last change that was sent on this connection.
    sent: u64,
    /// The last change that may be sent.
    durable: u64,
    /// The last change there is.
    last: u64,
    /// Whether a frame that isn't full waits while another is on its way: a store that is synced for every call would send one for each.
    pub(crate) gathers: bool,
}

impl Outbox {
    /// An outbox with what waits already, whose last change has the number `last`.
    pub(crate) fn new(instance: InstanceId, changes: Vec<Change>, last: u64) -> Outbox {
        let acked = changes.first().map_or(last, |first| first.seq.saturating_sub(1));
        let waiting = VecDeque::with_capacity(changes.len());
        let mut outbox =
            Outbox { instance, waiting, acked, sent: acked, durable: last, last, gathers: false };
        changes.into_iter().for_each(|change| outbox.push(change, true));
        (outbox.durable, outbox.last) = (last, last);
        outbox
    }

    pub(crate) fn push(&mut self, mut change: Change, durable: bool) {
        // The server knows its own policies, and a document may be larger than a frame.
        if let Effected::PolicySet { document, .. } = &mut change.effect {
            *document = Value::Null;
        }
        self.last = change.seq;
        if durable {
            self.durable = change.seq;
        }
        self.waiting.push_back(change);
    }

    /// Changes up to this one are durable.
    pub(crate) fn durable(&mut self, up_to: u64) {
        self.durable = self.durable.max(up_to.min(self.last));
    }

    /// The server has changes up to this one; whether that is news.
    pub(crate) fn acknowledge(&mut self, up_to: u64) -> bool {
        let news = up_to > self.acked;
        while self.waiting.front().is_some_and(|change| change.seq <= up_to) {
            self.waiting.pop_front();
        }
        self.acked = self.acked.max(up_to);
        self.sent = self.sent.max(self.acked);
        news
    }

    /// Goes on behind what the server has: on a new connection nothing is on its way.
    pub(crate) fn resume(&mut self) {
        self.sent = self.acked;
    }

    /// What to send next; none: all that may be sent is.
    pub(crate) fn next(&mut self) -> Option<(u64, Vec<Sent>)> {
        if self.sent >= self.durable || self.sent.saturating_sub(self.acked) >= IN_FLIGHT_MAX {
            return None;
        }
        let more = self.durable.saturating_sub(self.sent);
        if self.gathers && self.sent > self.acked && more < CHANGES_A_FRAME as u64 {
            return None; // the acknowledgement brings them
        }
        let skip = usize::try_from(self.sent.saturating_sub(self.acked)).ok()?;
        let list = self.waiting.iter().skip(skip).take_while(|change| change.seq <= self.durable);
        let list: Vec<Sent> = list.take(CHANGES_A_FRAME).cloned().map(Sent).collect();
        let from = list.first()?.0.seq;
        self.sent = list.last().map_or(self.sent, |sent| sent.0.seq);
        Some((from, list))
    }

    /// When the first change happened that isn't sent.
    pub(crate) fn unsent_since(&self) -> Option<i64> {
        let skip = usize::try_from(self.sent.saturating_sub(self.acked)).ok()?;
        self.waiting.get(skip).map(|change| change.at)
    }

    /// The number behind the last that was sent.
    pub(crate) fn next_number(&self) -> u64 {
        self.sent.saturating_add(1)
    }

    /// Changes of a customer after a number.
    pub(crate) fn of(&self, customer: &str, after: u64) -> Vec<Change> {
        let later = self.waiting.iter().filter(|change| change.seq > after);
        later.filter(|change| change.effect.holder() == Some(customer)).cloned().collect()
    }

    /// The changes that wait after a number, in order.
    pub fn after(&self, seq: u64) -> impl Iterator<Item = &Change> {
        let skip = usize::try_from(seq.saturating_sub(self.acked)).unwrap_or(usize::MAX);
        self.waiting.iter().skip(skip)
    }

    /// How many changes wait.
    pub fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Whether the server has everything.
    pub fn is_empty(&self) -> bool {
        self.acked >= self.last
    }

    /// The number of the last change.
    pub fn last(&self) -> u64 {
        self.last
    }
}
