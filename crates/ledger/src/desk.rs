//! One server's part: its connections, and what each frame on them leads to.
//!
//! 1. [`Desk::frame`] is one operation over [`Rows`](crate::rows::Rows): it decides what is written, what is answered, whom to wake, and changes
//!    nothing in the desk. Once its writes are committed, [`Desk::done`] takes in what it means for the connection.
//! 2. A [`Wake`] goes to every server, this one too, after the commit. It says only where to look: what is told is read from the ledger, so
//!    wake-ups may be lost with a server, doubled, or come in any order.
//! 3. Nothing here outlives the process: a connection that comes back says where it was.

use std::collections::BTreeMap;

use limitr_protocol::{Bounds, Down, InstanceId, Up};

use crate::commit::{self, Batch};
use crate::instances::{self, Greeted};
use crate::leases::{self, Asked};
use crate::refusal::Refusal;
use crate::rows::{Key, Rows, Stop};
use crate::terms::{Rules, Settings};
use crate::{customers, policies};

/// What servers tell each other: where to look.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Wake {
    /// A customer has changes that nobody was told of.
    Customer(Box<str>),
    /// An instance has to return a lease.
    Revoke {
        /// Which instance.
        instance: InstanceId,
        /// Which lease.
        lease: u64,
    },
    /// An instance speaks on a new connection: older ones are over.
    Session {
        /// Which instance.
        instance: InstanceId,
        /// The connection's number.
        session: u64,
    },
    /// Another policy is in force.
    Policy,
}

/// A connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Who speaks.
    pub instance: InstanceId,
    /// The connection's number in the instance's row.
    pub session: u64,
    /// The customers that it holds, and up to which revision it was told of each.
    pub held: BTreeMap<Box<str>, u64>,
    /// The policy that it was told of.
    pub policy: u64,
    /// Whether it runs that one whatever is published.
    pub pinned: bool,
}

/// What comes of an operation, once it is committed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outcome {
    /// What to send on which connection, in order.
    pub frames: Vec<(u64, Down)>,
    /// Connections to close after that.
    pub close: Vec<u64>,
    /// What to tell every server.
    pub wakes: Vec<Wake>,
    /// Connections here that have begun.
    pub begun: Vec<(u64, Session)>,
    /// Customers that connections here hold, and up to which revision they are told of them now.
    pub held: Vec<(u64, customers::Held)>,
    /// The policy that connections here are told of now.
    pub told: Vec<(u64, u64)>,
}

/// A server's connections and its compiled policy.
#[derive(Clone, Debug)]
pub struct Desk {
    sessions: BTreeMap<u64, Session>,
    rules: Rules,
    settings: Settings,
}

/// Most customers that one instance may hold.
pub const HELD_MAX: usize = 10_000;

impl Desk {
    /// A server without connections.
    pub fn new(settings: Settings) -> Desk {
        Desk { sessions: BTreeMap::new(), rules: Rules::none(settings), settings }
    }

    /// The connections, by the numbers that their server gave them.
    pub fn sessions(&self) -> &BTreeMap<u64, Session> {
        &self.sessions
    }

    /// Makes sure that the policy in force is compiled.
    ///
    /// # Errors
    /// As [`Rows`].
    pub fn rules(&mut self, rows: &Rows) -> Result<&Rules, Stop> {
        let version = rows.active()?;
        if version != self.rules.version()
            && let Some(row) = rows.policy(&version)?
        {
            let rules = Rules::of(version, &row.document, self.settings);
            self.rules = rules.map_err(|error| Refusal::new(error.code(), error.message()))?;
        }
        Ok(&self.rules)
    }

    /// Decides on a frame of a connection.
    ///
    /// # Errors
    /// [`Stop`]. A refusal is to be sent as `error`; a fatal one ends the connection.
    pub fn frame(&mut self, rows: &mut Rows, now: i64, connection: u64, up: &Up) -> Result<Outcome, Stop> {
        self.want_rows(rows, connection, up)?;
        self.rules(rows)?;
        let mut outcome = Outcome::default();
        if let Up::Hello { .. } = up {
            self.hello(rows, now, connection, up, &mut outcome)?;
            return Ok(outcome);
        }
        let Some(session) = self.sessions.get(&connection) else {
            return Err(Refusal::fatal("hello_first", "the first frame of a connection is `hello`").into());
        };
        let me = (session.instance, session.session);
        match up {
            Up::Hello { .. } => {}
            Up::Load { ids } => {
                let (frame, held) = customers::load(rows, me.0, me.1, ids)?;
                outcome.frames.push((connection, frame));
                outcome.held.push((connection, room_for(&session.held, held)?));
            }
            Up::Ensure { customer } => {
                instances::speaking(rows, me.0, me.1)?;
                customers::ensure(rows, &self.rules, now, customer)?;
                let (frame, held) = customers::load(rows, me.0, me.1, std::slice::from_ref(&customer.id))?;
                outcome.frames.push((connection, frame));
                outcome.held.push((connection, room_for(&session.held, held)?));
            }
            Up::Changes { list, watermark, of, .. } => {
                let author = of.unwrap_or(me.0);
                let batch = Batch { author, list, watermark: (*watermark).min(now) };
                let (ack, wakes) = commit::commit(rows, &self.rules, me, &batch)?;
                outcome.frames.push((connection, ack));
                outcome.wakes = wakes;
            }
            Up::Lease { customer, what, want } => {
                let asked = Asked { customer, what, want: *want };
                let (frames, wakes) = leases::ask(rows, &self.rules, now, me, &asked)?;
                // That a meter starts is heard before the lease on it.
                if let Some(started @ Wake::Customer(_)) = wakes.first() {
                    self.wake_one(rows, connection, started, &mut outcome)?;
                }
                outcome.frames.extend(frames.into_iter().map(|frame| (connection, frame)));
                outcome.wakes = wakes;
            }
            Up::Return { lease, amount, unused } => leases::give_back(rows, me, *lease, *amount, *unused)?,
            Up::Policy { version, ok, .. } => instances::runs_policy(rows, me.0, me.1, *version, *ok)?,
            Up::Ping {} => outcome.frames.push((connection, Down::Pong { now })),
        }
        Ok(outcome)
    }

    /// Asks at once for the rows that a frame surely needs.
    fn want_rows(&self, rows: &Rows, connection: u64, up: &Up) -> Result<(), Stop> {
        let Some(session) = self.sessions.get(&connection) else { return Ok(()) };
        let speaker = [Key::Heads(()), Key::Instance(session.instance)].into_iter();
        match up {
            Up::Lease { customer, .. } => rows.want(speaker.chain([Key::Customer(customer.clone())])),
            Up::Ensure { customer } => rows.want(speaker.chain([Key::Customer(customer.id.clone())])),
            Up::Load { ids } => rows.want(speaker.chain(ids.iter().cloned().map(Key::Customer))),
            Up::Changes { of: Some(author), .. } => rows.want(speaker.chain([Key::Instance(*author)])),
            Up::Ping {} => Ok(()),
            _ => rows.want(speaker),
        }
    }

    fn hello(
        &self,
        rows: &mut Rows,
        now: i64,
        connection: u64,
        up: &Up,
        outcome: &mut Outcome,
    ) -> Result<(), Stop> {
        let Up::Hello { instance, policy_version, pinned, resume, .. } = up else { return Ok(()) };
        if self.sessions.contains_key(&connection) || *instance == commit::SERVER {
            return Err(Refusal::fatal("invalid_hello", "`hello` comes once, from an instance").into());
        }
        let resume = resume.clone().unwrap_or_default();
        let Greeted { session, up_to, earlier, wakes } =
            instances::hello(rows, *instance, *policy_version, &resume.earlier)?;
        let policy = match pinned {
            Some(version) => policies::pinned(rows, *version)?,
            None => policies::in_force(rows)?,
        };
        let (version, pinned) = (policy.version, pinned.is_some());
        let limits = Bounds { changes: limitr_protocol::limits::CHANGES_MAX, customers: HELD_MAX };
        let welcome = Down::Welcome { session, now, policy, limits, up_to, earlier };
        outcome.frames.push((connection, welcome));
        outcome.wakes = wakes;
        let held = resume.held.into_iter().map(|held| (held.customer, held.rev)).collect();
        let held: BTreeMap<_, _> = room_for(&BTreeMap::new(), held)?.into_iter().collect();
        outcome.wakes.extend(held.keys().cloned().map(Wake::Customer));
        outcome
            .begun
            .push((connection, Session { instance: *instance, session, held, policy: version, pinned }));
        Ok(())
    }

    /// The connections that a wake-up may concern.
    pub fn concerned(&self, wake: &Wake) -> impl Iterator<Item = u64> {
        let concerned = self.sessions.iter().filter(move |(_, session)| match wake {
            Wake::Customer(customer) => session.held.contains_key(customer),
            Wake::Revoke { instance, .. } => session.instance == *instance,
            Wake::Session { instance, session: latest } => {
                session.instance == *instance && session.session < *latest
            }
            Wake::Policy => !session.pinned,
        });
        concerned.map(|(connection, _)| *connection)
    }

    /// Decides on a wake-up, for all connections at once.
    ///
    /// # Errors
    /// As [`Rows`].
    pub fn wake(&self, rows: &Rows, wake: &Wake) -> Result<Outcome, Stop> {
        let mut outcome = Outcome::default();
        for connection in self.concerned(wake) {
            self.wake_one(rows, connection, wake, &mut outcome)?;
        }
        Ok(outcome)
    }

    /// Decides on a wake-up, for one connection.
    ///
    /// # Errors
    /// As [`Rows`].
    pub fn wake_one(
        &self,
        rows: &Rows,
        connection: u64,
        wake: &Wake,
        outcome: &mut Outcome,
    ) -> Result<(), Stop> {
        let Some(session) = self.sessions.get(&connection) else { return Ok(()) };
        match wake {
            Wake::Customer(customer) => {
                let Some(before) = session.held.get(customer) else { return Ok(()) };
                let mut seen = *before;
                while let Some((frame, rev)) = customers::follow(rows, session.instance, customer, seen)? {
                    seen = rev;
                    outcome.frames.push((connection, frame));
                }
                if seen > *before {
                    outcome.held.push((connection, vec![(customer.clone(), seen)]));
                }
            }
            Wake::Revoke { instance, lease } if session.instance == *instance => {
                outcome.frames.push((connection, Down::Revoke { lease: *lease }));
            }
            Wake::Session { instance, session: latest }
                if session.instance == *instance && session.session < *latest =>
            {
                outcome.close.push(connection);
            }
            Wake::Policy if !session.pinned => {
                let policy = policies::in_force(rows)?;
                if policy.version > session.policy {
                    outcome.told.push((connection, policy.version));
                    outcome.frames.push((connection, Down::Policy(policy)));
                }
            }
            Wake::Revoke { .. } | Wake::Session { .. } | Wake::Policy => {}
        }
        Ok(())
    }

    /// Takes in what was decided, after it was committed.
    pub fn done(&mut self, outcome: &Outcome) {
        for (connection, session) in &outcome.begun {
            self.sessions.insert(*connection, session.clone());
        }
        for (connection, held) in &outcome.held {
            if let Some(session) = self.sessions.get_mut(connection) {
                session.held.extend(held.iter().cloned());
            }
        }
        for (connection, version) in &outcome.told {
            if let Some(session) = self.sessions.get_mut(connection) {
                session.policy = *version;
            }
        }
        for connection in &outcome.close {
            self.sessions.remove(connection);
        }
    }

    /// Forgets a connection that was closed.
    pub fn closed(&mut self, connection: u64) {
        self.sessions.remove(&connection);
    }
}

/// Whether a connection may hold these customers, too.
fn room_for(held: &BTreeMap<Box<str>, u64>, more: customers::Held) -> Result<customers::Held, Stop> {
    let fresh = more.iter().filter(|(id, _)| !held.contains_key(id)).count();
    match held.len() + fresh > HELD_MAX {
        true => {
            Err(Refusal::fatal("too_many", format!("an instance holds {HELD_MAX} customers at most")).into())
        }
        false => Ok(more),
    }
}
