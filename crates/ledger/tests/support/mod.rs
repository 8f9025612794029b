//! A server on a database in memory, and engines that say whatever a test wants.

#![allow(dead_code)] // each test file uses what it needs
#![allow(clippy::missing_panics_doc)]

use limitr_engine::quantity::Amount;
use limitr_engine::{Change, Effected, Metered, Reason};
use limitr_ledger::memory::Memory;
use limitr_ledger::meters::{Lease, Meter, MeterKey};
use limitr_ledger::rows::{Key, Row, run};
use limitr_ledger::{Desk, Outcome, Refusal, Settings, Wake, policies};
use limitr_protocol::{Down, Earlier, Ensured, InstanceId, Resume, Sent, Up, What};

pub(crate) const START: i64 = 1_705_314_600_000;
pub(crate) const POLICY: &str = "policy:
  credits: { message: {} }
  plans:
    free:
      default: true
      entitlements:
        chat: { limit: { credit: message, value: 100, resets: true, reset_inc: 1day } }
        mail: { limit: { credit: message, value: 5, mode: soft } }
";

pub(crate) struct World {
    pub(crate) database: Memory,
    pub(crate) desk: Desk,
    pub(crate) now: i64,
}

pub(crate) fn units(count: i64) -> Amount {
    Amount::from_int(count)
}

pub(crate) fn chat() -> What {
    What::Limit("chat".into())
}

pub(crate) fn key() -> MeterKey {
    MeterKey { customer: "ann".into(), what: chat(), period_start: START }
}

/// A change that moves `chat` of `ann`.
pub(crate) fn metered(seq: u64, count: i64, period_start: i64) -> Sent {
    let zero = Amount::ZERO;
    let metered = Metered {
        holder: "ann".into(),
        caller: "ann".into(),
        entitlement: "chat".into(),
        credit: "message".into(),
        plan: "free".into(),
        policy_version: 1,
        reason: Reason::Ok,
        period_start,
        units: units(count),
        overage: zero,
        granted: zero,
        granted_diff: zero,
        overhead: zero,
        price: zero,
        overage_price: zero,
        spent: zero,
        pace: Default::default(),
    };
    Sent(Change { seq, at: START, effect: Effected::Metered(metered) })
}

pub(crate) fn changes(list: Vec<Sent>) -> Up {
    Up::Changes { from: list[0].0.seq, list, watermark: START, of: None }
}

pub(crate) fn ask(want: i64) -> Up {
    Up::Lease { customer: "ann".into(), what: chat(), want: units(want) }
}

impl World {
    /// A server with the policy in force, and the customer `ann`.
    pub(crate) fn new() -> World {
        World::with(Settings::default())
    }

    pub(crate) fn with(settings: Settings) -> World {
        let mut world = World { database: Memory::default(), desk: Desk::new(settings), now: START };
        world.publish(POLICY).unwrap();
        world.hello(99, 99, Resume::default());
        world.say(99, Up::Ensure { customer: Ensured { id: "ann".into(), ..Ensured::default() } }).unwrap();
        world
    }

    pub(crate) fn publish(&mut self, document: &str) -> Result<u64, Refusal> {
        let now = self.now;
        let version = run(&mut self.database, |rows| policies::draft(rows, now, "ann", document, "a test"))?;
        run(&mut self.database, |rows| policies::publish(rows, now, "ann", version)).map(|()| version)
    }

    pub(crate) fn hello(&mut self, connection: u64, instance: u128, resume: Resume) -> Vec<Down> {
        self.try_hello(connection, instance, resume).unwrap()
    }

    pub(crate) fn try_hello(
        &mut self,
        connection: u64,
        instance: u128,
        resume: Resume,
    ) -> Result<Vec<Down>, Refusal> {
        let engine = "0.1.0".to_string();
        let resume = Some(resume);
        self.say(
            connection,
            Up::Hello { instance: InstanceId(instance), engine, policy_version: None, pinned: None, resume },
        )
    }

    /// Begins a connection of an engine that is pinned to a version.
    pub(crate) fn pin(&mut self, connection: u64, version: u64) -> Result<Vec<Down>, Refusal> {
        let (instance, engine) = (InstanceId(connection.into()), "0.1.0".to_string());
        let hello = Up::Hello { instance, engine, policy_version: None, pinned: Some(version), resume: None };
        self.say(connection, hello)
    }

    /// Says a frame; what comes back on that connection.
    pub(crate) fn say(&mut self, connection: u64, frame: Up) -> Result<Vec<Down>, Refusal> {
        let outcome = self.outcome(connection, frame)?;
        let mine = outcome.frames.into_iter().filter(|(to, _)| *to == connection);
        Ok(mine.map(|(_, frame)| frame).collect())
    }

    pub(crate) fn outcome(&mut self, connection: u64, frame: Up) -> Result<Outcome, Refusal> {
        let (now, desk) = (self.now, &mut self.desk);
        let outcome = run(&mut self.database, |rows| desk.frame(rows, now, connection, &frame))?;
        self.desk.done(&outcome);
        Ok(outcome)
    }

    pub(crate) fn wake(&mut self, wake: &Wake) -> Outcome {
        let outcome = run(&mut self.database, |rows| self.desk.wake(rows, wake)).unwrap();
        self.desk.done(&outcome);
        outcome
    }

    pub(crate) fn meter(&self, key: &MeterKey) -> Meter {
        match self.database.rows().get(&Key::Meter(key.clone())) {
            Some(Row::Meter(meter)) => *meter,
            _ => Meter::default(),
        }
    }

    pub(crate) fn lease(&self, instance: u128) -> Lease {
        match self.database.rows().get(&Key::Lease((key(), InstanceId(instance)))) {
            Some(Row::Lease(lease)) => *lease,
            _ => Lease::default(),
        }
    }
}

pub(crate) fn earlier(instance: u128, up_to: u64, complete: bool) -> Resume {
    let earlier = vec![Earlier { instance: InstanceId(instance), up_to, complete }];
    Resume { earlier, ..Resume::default() }
}
