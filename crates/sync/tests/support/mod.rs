//! A sync whose driver is the test.

#![allow(dead_code)] // each test file uses what it needs

use limitr_engine::quantity::Amount;
use limitr_engine::{Change, Effected};
use limitr_protocol::{Bounds, DenyReason, Down, InstanceId, PolicyRef, Up, What};
use limitr_sync::{Effect, Options, Spend, Sync};

pub(crate) const ME: InstanceId = InstanceId(7);

pub(crate) struct Driver {
    pub(crate) sync: Sync,
    pub(crate) now: i64,
}

pub(crate) fn units(count: i64) -> Amount {
    Amount::from_int(count)
}

pub(crate) fn chat() -> What {
    What::Limit("chat".into())
}

pub(crate) fn spend(count: i64) -> Spend {
    Spend { customer: "ann".into(), what: chat(), period_start: 0, units: units(count) }
}

pub(crate) fn change(seq: u64) -> Change {
    Change { seq, at: 0, effect: Effected::CustomerRemoved { holder: "ann".into() } }
}

pub(crate) fn lease(id: u64, amount: i64, until: i64) -> Down {
    Down::Lease { id, customer: "ann".into(), what: chat(), period_start: 0, amount: units(amount), until }
}

pub(crate) fn denied(reason: DenyReason) -> Down {
    Down::LeaseDenied { customer: "ann".into(), what: chat(), reason }
}

pub(crate) fn ask(want: i64) -> Effect {
    Effect::Send(Up::Lease { customer: "ann".into(), what: chat(), want: units(want) })
}

pub(crate) fn policy(version: u64) -> PolicyRef {
    PolicyRef { version, hash: String::new(), url: format!("/v1/policies/{version}") }
}

pub(crate) fn welcome(now: i64, up_to: u64, version: u64) -> Down {
    let limits = Bounds { changes: 2_000, customers: 10_000 };
    Down::Welcome { session: 1, now, policy: policy(version), limits, up_to, earlier: Vec::new() }
}

impl Driver {
    pub(crate) fn new(options: Options) -> Driver {
        Driver { sync: Sync::new(options, 0), now: 0 }
    }

    /// One that is welcomed and runs policy 1; what it has said so far is forgotten.
    pub(crate) fn online(options: Options) -> Driver {
        let mut driver = Driver::new(options);
        driver.connect(0);
        driver.sync.policy_done(1, Ok(()));
        driver.effects();
        driver
    }

    /// Opens the connection and is welcomed.
    pub(crate) fn connect(&mut self, up_to: u64) -> Vec<Effect> {
        self.sync.connected(self.now);
        self.sync.frame(self.now, welcome(self.now, up_to, 1));
        self.effects()
    }

    /// Waits for the reconnect that is due.
    pub(crate) fn reconnect(&mut self, up_to: u64) -> Vec<Effect> {
        self.now = self.sync.next_tick(self.now).unwrap();
        self.sync.tick(self.now);
        assert!(self.effects().contains(&Effect::Connect));
        self.connect(up_to)
    }

    pub(crate) fn effects(&mut self) -> Vec<Effect> {
        std::iter::from_fn(|| self.sync.effect()).collect()
    }

    pub(crate) fn hears(&mut self, frame: Down) -> Vec<Effect> {
        self.sync.frame(self.now, frame);
        self.effects()
    }

    pub(crate) fn wait(&mut self, ms: i64) -> Vec<Effect> {
        self.now += ms;
        self.sync.tick(self.now);
        self.effects()
    }
}

/// The numbers of the changes that are sent, by frame.
pub(crate) fn sent(effects: &[Effect]) -> Vec<Vec<u64>> {
    let frames = effects.iter().filter_map(|effect| match effect {
        Effect::Send(Up::Changes { list, .. }) => Some(list.iter().map(|sent| sent.0.seq).collect()),
        _ => None,
    });
    frames.collect()
}
