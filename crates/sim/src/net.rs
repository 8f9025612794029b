//! The network: connections that are streams, and everything that can happen to a stream.
//!
//! Frames of one connection arrive in order, each direction for itself, or not at all from some point on. Between connections there is no order:
//! what an old one still carries may arrive after what a new one brought.

use std::fmt;

use limitr_protocol::write;
use serde::Serialize;

use crate::random::Random;

/// A frame on its way.
#[derive(Clone, Debug)]
pub(crate) struct Carried<M> {
    pub(crate) said: M,
    /// Its text, where it travels as text.
    pub(crate) text: Option<String>,
}

impl<M: Serialize> fmt::Display for Carried<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.text {
            Some(text) => f.write_str(text),
            None => f.write_str(&write(&self.said).map_err(|_| fmt::Error)?),
        }
    }
}

/// A connection between an engine's opening and a server's.
#[derive(Clone, Debug)]
pub(crate) struct Connection {
    pub(crate) node: usize,
    pub(crate) opening: u64,
    pub(crate) server: usize,
    pub(crate) start: u64,
    /// Whether the server has seen its end: it reads nothing of it any more.
    pub(crate) over: bool,
    up: Direction,
    down: Direction,
}

#[derive(Clone, Copy, Debug)]
struct Direction {
    /// When the last frame arrives.
    last: i64,
    /// Nothing arrives after this.
    cut_at: i64,
}

impl Connection {
    pub(crate) fn new(now: i64, (node, opening): (usize, u64), (server, start): (usize, u64)) -> Connection {
        let open = Direction { last: now, cut_at: i64::MAX };
        Connection { node, opening, server, start, over: false, up: open, down: open }
    }

    /// When a frame arrives that is sent now; `None`: never.
    pub(crate) fn arrival(&mut self, now: i64, upwards: bool, late: i64) -> Option<i64> {
        let way = if upwards { &mut self.up } else { &mut self.down };
        way.last = way.last.max(now + late);
        (way.last <= way.cut_at).then_some(way.last)
    }

    /// Whether a frame that arrives now was still sent before the cut.
    pub(crate) fn carries(&self, now: i64, upwards: bool) -> bool {
        now <= if upwards { self.up.cut_at } else { self.down.cut_at }
    }

    /// Cuts it: of what is on its way some may still arrive.
    pub(crate) fn cut(&mut self, now: i64, random: &mut Random, delay_ms: i64) {
        for way in [&mut self.up, &mut self.down] {
            way.cut_at = way.cut_at.min(now + random.between(-1, delay_ms));
        }
    }

    /// Closes it from the server's side, after all that was sent; when that has arrived.
    pub(crate) fn close(&mut self, now: i64) -> i64 {
        self.up.cut_at = self.up.cut_at.min(now);
        self.down.cut_at = self.down.cut_at.min(self.down.last);
        self.down.last.max(now)
    }
}
