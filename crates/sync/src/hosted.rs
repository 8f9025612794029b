//! An engine and its side of Limitr Cloud as one thing: what a driver, native or JavaScript, carries through sockets, stores and timers.
//!
//! 1. The app's calls are ordinary calls of the [`Engine`], at [`Hosted::server_time`]. They need nothing else of this.
//! 2. Now and then, at the latest before it waits for anything, the driver says [`Hosted::after_call`]: what was done since then goes to the
//!    server. Everything else that is said here does that first, so nothing is returned or closed that was spent.
//! 3. Whatever happens outside is said as it happens: [`Hosted::connected`], [`Hosted::text`], [`Hosted::tick`] at [`Hosted::next_tick`], …
//! 4. After each of these, [`Hosted::next`] hands out what is to be done outside, in order, until there is nothing.
//!
//! ```
//! use limitr_protocol::InstanceId;
//! use limitr_sync::{Hosted, Io, Options};
//! let mut hosted = Hosted::open(0, Options::new(InstanceId(7), 1));
//! assert_eq!(hosted.next(), Some(Io::Connect));
//! hosted.connected(5);
//! assert!(matches!(hosted.next(), Some(Io::Send(frame)) if frame.contains("hello")));
//! assert_eq!(hosted.next(), None);
//! assert!(hosted.engine().is_none(), "not before the first policy");
//! ```

use std::collections::VecDeque;

use limitr_engine::policy::{Format, LoadOptions, Policy, load};
use limitr_engine::{CapHeld, Change, Changes, Effected, Engine, EngineError, NameId, Spend, Taken, What};
use limitr_protocol::{Down, Ensured, FrameError, InstanceId, PolicyRef, Sent, Up, limits, read_down, write};
use serde_json::Value;

use crate::effect::{Effect, Failure, Status};
use crate::lease::Account;
use crate::options::{Options, Store};
use crate::sync::Sync;

/// How frames to the server are handed out.
pub trait Outgoing: Sized {
    /// The frame; where it is too large to be sent, why, and the message again.
    ///
    /// # Errors
    /// [`FrameError::TooLarge`].
    fn written(said: Up) -> Result<Self, Box<(FrameError, Up)>>;
}

/// As text: what a socket sends.
impl Outgoing for String {
    fn written(said: Up) -> Result<String, Box<(FrameError, Up)>> {
        write(&said).map_err(|error| Box::new((error, said)))
    }
}

/// As it is: for whoever carries it within one process.
impl Outgoing for Up {
    fn written(said: Up) -> Result<Up, Box<(FrameError, Up)>> {
        Ok(said)
    }
}

/// Something that is to be done outside, in order; frames are text.
pub type Io = IoAs<String>;

/// As [`Io`], with frames of another form.
#[derive(Clone, Debug, PartialEq)]
pub enum IoAs<F> {
    /// Open a connection; then [`Hosted::connected`], or [`Hosted::disconnected`], or [`Hosted::failed`] where a retry is of no use.
    Connect,
    /// Send a frame.
    Send(F),
    /// Close the connection; it counts as closed already, so nothing is to be said of it.
    Disconnect,
    /// Fetch this policy's document, and say what came of it with [`Hosted::policy_fetched`], always.
    FetchPolicy(PolicyRef),
    /// Only with [`Store::Durable`]: keep these changes, which are the instance's next, and say [`Hosted::durable`] once they are on disk.
    Keep {
        /// Their numbers.
        taken: Taken,
        /// The changes, as [`Changes`] reads them and a journal writes them.
        bytes: Vec<u8>,
    },
    /// The server has changes up to this number: a store may forget that they were to be sent.
    Committed {
        /// Whose.
        instance: InstanceId,
        /// The last one.
        up_to: u64,
    },
    /// Decide the call anew that waits under this number; whatever the answer, it waits no longer.
    Decide(u64),
    /// How things stand has changed.
    Status(Status),
    /// A customer that was asked for is in place.
    CustomerLoaded(Box<str>),
    /// The server has no customer with this ID.
    NoCustomer(Box<str>),
    /// The server refused to create a customer.
    CustomerRefused {
        /// Which.
        customer: Box<str>,
        /// A stable code.
        code: String,
        /// What is wrong and what to do.
        message: String,
    },
    /// All is sent and returned, or can't be: the engine may be dropped.
    Closed,
}

/// What came of a policy that was to be fetched.
#[derive(Clone, Debug, PartialEq)]
pub enum Fetched<'a> {
    /// Its document, in any format that the engine itself reads.
    Document(&'a str),
    /// It was read already.
    Loaded(Policy),
    /// It can't be run here, for these diagnostics: as when its functions aren't.
    Refused(Vec<Value>),
    /// It couldn't be had. The server says it again on the next connection.
    Unreachable,
}

/// An engine and its side of Limitr Cloud, whose frames are text.
pub type Hosted = HostedAs<String>;

/// As [`Hosted`], with frames of another form.
#[derive(Clone, Debug)]
pub struct HostedAs<F> {
    sync: Sync,
    engine: Option<Engine>,
    /// Seeds the engine's hashes.
    seed: u64,
    stored: bool,
    /// Where the engine's numbers of grants, caps and holds begin: a place that no other instance comes to.
    range: u64,
    io: VecDeque<IoAs<F>>,
    /// Room for changes while they are taken.
    bytes: Vec<u8>,
}

impl<F: Outgoing> HostedAs<F> {
    /// One that wants to connect at once. There is no engine before the first policy.
    pub fn open(now: i64, options: Options) -> HostedAs<F> {
        let (seed, stored) = (options.seed, options.store == Store::Durable);
        let range = options.instance.0 as u64;
        let sync = Sync::new(options, now);
        let mut hosted =
            HostedAs { sync, engine: None, seed, stored, range, io: VecDeque::new(), bytes: Vec::new() };
        hosted.carry_out(now);
        hosted
    }

    /// The engine, for reads; `None` before the first policy.
    pub fn engine(&self) -> Option<&Engine> {
        self.engine.as_ref()
    }

    /// The engine, for calls; `None` before the first policy. [`Hosted::after_call`] is to follow, at once or after some more of them.
    pub fn engine_mut(&mut self) -> Option<&mut Engine> {
        self.engine.as_mut()
    }

    /// The engine's side of Cloud, to look at.
    pub fn sync(&self) -> &Sync {
        &self.sync
    }

    /// How things stand.
    pub fn status(&self) -> &Status {
        self.sync.status()
    }

    /// The server's time when the host's clock says `now`: what the engine's calls are to be given. It never runs backwards.
    pub fn server_time(&mut self, now: i64) -> i64 {
        self.sync.server_time(now)
    }

    /// Takes the next thing to do outside.
    #[allow(clippy::should_implement_trait)] // an iterator would borrow it
    pub fn next(&mut self) -> Option<IoAs<F>> {
        self.io.pop_front()
    }

    /// Passes on what the engine's calls did since the last time.
    pub fn after_call(&mut self, now: i64) {
        self.act(now, |_| ());
    }

    /// Takes what the last call was denied for want of, where its reason was `lease`: pass it to [`Hosted::await_units`] if the call may wait.
    pub fn dry(&self) -> Vec<Spend> {
        self.engine.as_ref().map(Engine::dry).unwrap_or_default()
    }

    /// Lets a call wait for units that were [dry](Hosted::dry); answers its number, which [`Io::Decide`] will name. `None`: there is nobody to
    /// ask, or too many wait: what was decided stands.
    pub fn await_units(&mut self, now: i64, dry: Vec<Spend>) -> Option<u64> {
        self.act(now, |sync| sync.await_units(now, dry))
    }

    /// A connection was opened.
    pub fn connected(&mut self, now: i64) {
        self.act(now, |sync| sync.connected(now));
    }

    /// A connection was closed, or couldn't be opened.
    pub fn disconnected(&mut self, now: i64) {
        self.act(now, |sync| sync.disconnected(now));
    }

    /// The host was refused a connection for a reason that a retry doesn't mend.
    pub fn failed(&mut self, now: i64, failure: Failure) {
        self.act(now, |sync| sync.failed(failure));
    }

    /// A frame came. One that is none ends the connection, and the status says so; a new one is tried.
    pub fn text(&mut self, now: i64, frame: &str) {
        match read_down(frame) {
            Ok(frame) => self.frame(now, frame),
            Err(error) => self.act(now, |sync| sync.misheard(now, error.code(), &error.to_string())),
        }
    }

    /// A frame came that was read already.
    pub fn frame(&mut self, now: i64, frame: Down) {
        self.act(now, |sync| sync.frame(now, frame));
    }

    /// Time has passed.
    pub fn tick(&mut self, now: i64) {
        self.act(now, |sync| sync.tick(now));
    }

    /// When [`Hosted::tick`] is to be called next, in host time; `None`: not before something else happens.
    pub fn next_tick(&self, now: i64) -> Option<i64> {
        self.sync.next_tick(now)
    }

    /// The store has everything up to this change.
    pub fn durable(&mut self, now: i64, up_to: u64) {
        self.act(now, |sync| sync.durable(now, up_to));
    }

    /// The store failed, and an engine that doesn't wait for it goes on without one: everything may be sent, and nothing is handed out to keep.
    pub fn store_lost(&mut self, now: i64) {
        self.stored = false;
        self.act(now, |sync| sync.store_lost(now));
    }

    /// Asks for a customer: [`Io::CustomerLoaded`] or [`Io::NoCustomer`] follows, once a server and a policy are there.
    pub fn load(&mut self, now: i64, customer: &str) {
        self.act(now, |sync| sync.load(customer));
    }

    /// Asks for a customer, and to create it where the server has none; [`Io::CustomerLoaded`] follows.
    pub fn ensure(&mut self, now: i64, customer: Ensured) {
        self.act(now, |sync| sync.ensure(customer));
    }

    /// What came of [`Io::FetchPolicy`]. A document that the engine refuses is reported to the server, and the one before stays in force.
    pub fn policy_fetched(&mut self, now: i64, version: u64, fetched: Fetched<'_>) {
        let result = match fetched {
            Fetched::Unreachable => return self.act(now, |sync| sync.policy_unreachable(now)),
            Fetched::Refused(diagnostics) => Err(diagnostics),
            Fetched::Document(text) => {
                self.take(now);
                let loaded = load(text.as_bytes(), Format::Auto, &LoadOptions::default());
                let loaded = loaded.map(|loaded| loaded.policy).map_err(EngineError::refused);
                let run = loaded.and_then(|policy| self.run(now, version, policy));
                run.map_err(|error| diagnostics(&error))
            }
            Fetched::Loaded(policy) => {
                self.take(now);
                self.run(now, version, policy).map_err(|error| diagnostics(&error))
            }
        };
        self.act(now, |sync| sync.policy_done(version, result));
    }

    /// Sends what waits and returns all leases; [`Io::Closed`] says that it is done, at once where no server is connected. Calls are over.
    pub fn close(&mut self, now: i64) {
        self.act(now, |sync| sync.close(now));
    }

    fn act<T>(&mut self, now: i64, step: impl FnOnce(&mut Sync) -> T) -> T {
        self.take(now);
        let done = step(&mut self.sync);
        self.carry_out(now);
        self.tell_leases();
        done
    }

    /// Takes the engine's changes, and books what they spent and what holds reserve.
    fn take(&mut self, now: i64) {
        let Some(engine) = &mut self.engine else { return };
        let wanted = engine.take_wanted();
        if engine.has_changes() {
            let taken = engine.swap_changes(&mut self.bytes);
            let at = self.sync.server_time(now);
            // What the engine wrote itself can be read: a change that can't would be a defect, which tests of the codec would find.
            let changes: Vec<Change> = Changes::new(&self.bytes, taken.first).flatten().collect();
            let held: Vec<(Box<str>, What)> =
                changes.iter().flat_map(|change| reserves(&self.sync, &change.effect)).collect();
            for (customer, what) in held {
                let (held, until) = engine.reserved(at, &customer, &what);
                self.sync.held(&customer, &what, held, until);
            }
            let spends: Vec<Spend> = changes.iter().filter_map(|change| Spend::of(&change.effect)).collect();
            if self.stored {
                self.io.push_back(IoAs::Keep { taken, bytes: std::mem::take(&mut self.bytes) });
            }
            self.sync.committed(now, changes);
            self.sync.spent(now, &spends);
        }
        self.sync.want(now, &wanted);
    }

    /// Tells the engine what is leased to it now.
    fn tell_leases(&mut self) {
        let changed = self.sync.leases.take_changed();
        let (beyond, full) = (self.sync.beyond(), !self.sync.has_room());
        let Some(engine) = &mut self.engine else { return };
        engine.set_offline(beyond);
        engine.set_full(full);
        for key in changed {
            tell_lease(engine, &self.sync, &key);
        }
    }

    fn carry_out(&mut self, now: i64) {
        while let Some(effect) = self.sync.effect() {
            let io = match effect {
                Effect::Connect => IoAs::Connect,
                Effect::Send(frame) => {
                    self.send(frame);
                    continue;
                }
                Effect::Disconnect => IoAs::Disconnect,
                Effect::Customer { known, replay } => match self.put(now, &known.record, &replay) {
                    Ok(id) => IoAs::CustomerLoaded(id),
                    Err(error) => {
                        self.sync.misheard(now, error.code(), error.message());
                        continue;
                    }
                },
                Effect::NoCustomer(id) => IoAs::NoCustomer(id),
                Effect::CustomerRefused { customer, code, message } => {
                    IoAs::CustomerRefused { customer, code, message }
                }
                Effect::Merge { list, .. } => {
                    if let Err(error) = self.merge(now, list.iter().map(|Sent(change)| change)) {
                        self.sync.misheard(now, error.code(), error.message());
                    }
                    continue;
                }
                Effect::FetchPolicy(policy) => IoAs::FetchPolicy(policy),
                Effect::Committed { instance, up_to } => IoAs::Committed { instance, up_to },
                Effect::Decide(call) => IoAs::Decide(call),
                Effect::Status(status) => IoAs::Status(status),
                Effect::Closed => IoAs::Closed,
            };
            self.io.push_back(io);
        }
    }

    /// Sends a frame; changes that are too large for one go in several.
    fn send(&mut self, frame: Up) {
        let refused = match F::written(frame) {
            Ok(frame) => return self.io.push_back(IoAs::Send(frame)),
            Err(refused) => *refused,
        };
        match refused {
            (FrameError::TooLarge { .. }, Up::Changes { from, mut list, watermark, of })
                if list.len() > 1 =>
            {
                let second = list.split_off(list.len() / 2);
                let later = from.saturating_add(list.len() as u64);
                for (from, list) in [(from, list), (later, second)] {
                    self.send(Up::Changes { from, list, watermark, of });
                }
            }
            (error, _) => {
                let (code, message) = (error.code().to_string(), error.to_string());
                self.sync.failed(Failure::Refused { code, message });
            }
        }
    }

    fn run(&mut self, now: i64, version: u64, policy: Policy) -> Result<(), EngineError> {
        let at = self.sync.server_time(now);
        if let Some(engine) = &mut self.engine {
            return engine.take_policy(at, policy, version);
        }
        let mut engine = Engine::blank(self.seed);
        engine.share(self.range);
        engine.take_policy(at, policy, version)?;
        self.engine = Some(engine);
        Ok(())
    }

    fn put(&mut self, now: i64, record: &Value, replay: &[Change]) -> Result<Box<str>, EngineError> {
        let id: Box<str> = record.get("id").and_then(Value::as_str).unwrap_or_default().into();
        if let Some(engine) = &mut self.engine {
            let before = starts(engine, &id);
            engine.restore_record(record)?;
            restart(engine, &mut self.sync, &id, &before);
            self.merge(now, replay.iter())?;
            if let Some(engine) = &mut self.engine {
                let leased = self.sync.leases.of(&id);
                leased.iter().for_each(|key| tell_lease(engine, &self.sync, key));
            }
        }
        Ok(id)
    }

    fn merge<'a>(
        &mut self,
        now: i64,
        mut changes: impl Iterator<Item = &'a Change>,
    ) -> Result<(), EngineError> {
        let at = self.sync.server_time(now);
        let Some(engine) = &mut self.engine else { return Ok(()) };
        changes.try_for_each(|change| match &change.effect {
            Effected::MetersStarted { holder, .. } => {
                let before = starts(engine, holder);
                engine.merge_change(at, change)?;
                restart(engine, &mut self.sync, holder, &before);
                Ok(())
            }
            _ => engine.merge_change(at, change),
        })
    }
}

/// Tells the engine what is leased of one limit, cap or grant.
fn tell_lease(engine: &mut Engine, sync: &Sync, key: &(Box<str>, What)) {
    match sync.leases.account(key).and_then(Account::share) {
        Some((period_start, left, until)) => engine.set_lease(&key.0, &key.1, period_start, left, until),
        None => engine.end_lease(&key.0, &key.1),
    }
}

/// When the meters of a customer started.
fn starts(engine: &Engine, customer: &str) -> Vec<(NameId, i64)> {
    let meters = engine.customer(customer).into_iter().flat_map(|holder| &holder.meters);
    meters.map(|meter| (meter.entitlement, meter.start)).collect()
}

/// Counts meters anew that have another start than before.
fn restart(engine: &Engine, sync: &mut Sync, customer: &str, before: &[(NameId, i64)]) {
    for (entitlement, start) in starts(engine, customer) {
        if before.iter().any(|(known, was)| *known == entitlement && *was != start) {
            let what = What::Limit(engine.entitlement_name(entitlement).into());
            sync.leases.restart((customer.into(), what), start);
        }
    }
}

/// The limits or caps of which a change may change what holds reserve.
fn reserves(sync: &Sync, effect: &Effected) -> Vec<(Box<str>, What)> {
    match effect {
        Effected::CapHeld(CapHeld { holder, cap, .. }) | Effected::CapFreed { holder, cap, .. } => {
            vec![(holder.clone(), What::Cap(cap.clone()))]
        }
        Effected::HoldSet { holder, hold } => {
            let entitlement = hold.get("entitlement").and_then(Value::as_str).unwrap_or_default();
            vec![(holder.clone(), What::Limit(entitlement.into()))]
        }
        // It doesn't say of which limit.
        Effected::HoldEnded { holder, .. } => {
            let known = sync.leases.of(holder).into_iter();
            known.filter(|(_, what)| matches!(what, What::Limit(_))).collect()
        }
        _ => Vec::new(),
    }
}

fn diagnostics(error: &EngineError) -> Vec<Value> {
    let found = error.diagnostics().iter().filter_map(|found| serde_json::to_value(found).ok());
    let found: Vec<Value> = found.take(limits::DIAGNOSTICS_MAX).collect();
    match found.is_empty() {
        true => vec![serde_json::json!({ "code": error.code(), "message": error.message() })],
        false => found,
    }
}
