//! The machine: what the driver calls.

use std::collections::{BTreeMap, VecDeque};

use limitr_engine::quantity::Amount;
use limitr_engine::{Change, Spend};
use limitr_protocol::{Earlier, Ensured, Held, PolicyRef, Resume, Up};
use serde_json::Value;

use crate::effect::{Effect, Failure, Status};
use crate::lease::{Leases, Say};
use crate::limits::{HEARTBEAT_MS, WAITING_MAX, WELCOME_TIMEOUT_MS};
use crate::link::{BackOff, Clock};
use crate::options::{Offline, Options, Store};
use crate::outbox::Outbox;

/// The connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Link {
    /// To be opened at this time.
    Down { retry_at: i64 },
    /// Being opened.
    Opening,
    /// Open; `hello` was sent at this time.
    Greeting { since: i64 },
    /// Welcomed; the server was last heard at this time.
    Up { heard_at: i64 },
    /// Not to be opened any more.
    Over,
}

/// A call that waits for units.
#[derive(Clone, Debug)]
pub(crate) struct Waiting {
    call: u64,
    dry: Vec<Spend>,
    until: i64,
}

/// An earlier instance's outbox.
#[derive(Clone, Debug)]
pub(crate) struct Left {
    pub(crate) outbox: Outbox,
    complete: bool,
}

/// The engine's side of Limitr Cloud.
#[derive(Clone, Debug)]
pub struct Sync {
    pub(crate) options: Options,
    pub(crate) link: Link,
    pub(crate) back_off: BackOff,
    pub(crate) clock: Clock,
    pub(crate) effects: VecDeque<Effect>,
    pub(crate) status: Status,
    pub(crate) outbox: Outbox,
    pub(crate) earlier: Vec<Left>,
    pub(crate) leases: Leases,
    pub(crate) waiting: Vec<Waiting>,
    pub(crate) calls: u64,
    /// Customers that this engine holds, and the revision that it has seen of each.
    pub(crate) held: BTreeMap<Box<str>, u64>,
    /// What was asked for and isn't answered: asked anew on a new connection.
    pub(crate) loading: BTreeMap<Box<str>, Option<Ensured>>,
    /// The policy that runs, and the one that is being fetched.
    pub(crate) policy: Option<u64>,
    pub(crate) fetching: Option<u64>,
    /// One that was announced meanwhile.
    pub(crate) announced: Option<PolicyRef>,
    pub(crate) pinged_at: i64,
    /// The same as the server's clock says it.
    pub(crate) beat_at: i64,
    pub(crate) started_at: i64,
    pub(crate) welcomed: bool,
    pub(crate) closing: bool,
}

impl Sync {
    /// A sync that wants to connect at once.
    pub fn new(options: Options, now: i64) -> Sync {
        let earlier = options.earlier.iter().map(|left| Left {
            outbox: Outbox::new(left.instance, left.changes.clone(), left.up_to),
            complete: left.complete,
        });
        let mut sync = Sync {
            link: Link::Opening,
            back_off: BackOff::new(options.seed),
            clock: Clock::new(now),
            effects: VecDeque::new(),
            status: Status::Connecting,
            outbox: Outbox::new(options.instance, Vec::new(), 0),
            earlier: earlier.collect(),
            leases: Leases::default(),
            waiting: Vec::new(),
            calls: 0,
            held: BTreeMap::new(),
            loading: BTreeMap::new(),
            policy: None,
            fetching: None,
            announced: None,
            pinged_at: now,
            beat_at: i64::MIN,
            started_at: now,
            welcomed: false,
            closing: false,
            options,
        };
        sync.outbox.gathers = sync.options.store == Store::Durable;
        sync.effects.push_back(Effect::Connect);
        sync
    }

    /// Takes the next thing to do.
    pub fn effect(&mut self) -> Option<Effect> {
        self.effects.pop_front()
    }

    /// How things stand.
    pub fn status(&self) -> &Status {
        &self.status
    }

    /// What waits for the server.
    pub fn outbox(&self) -> &Outbox {
        &self.outbox
    }

    /// What may be spent.
    pub fn leases(&self) -> &Leases {
        &self.leases
    }

    /// The server's time: what the engine is to decide with.
    pub fn server_time(&mut self, now: i64) -> i64 {
        self.clock.at(now)
    }

    /// Whether a customer was loaded.
    pub fn holds(&self, customer: &str) -> bool {
        self.held.contains_key(customer)
    }

    pub(crate) fn online(&self) -> bool {
        matches!(self.link, Link::Up { .. })
    }

    /// A connection was opened.
    pub fn connected(&mut self, now: i64) {
        if self.link != Link::Opening {
            return;
        }
        self.link = Link::Greeting { since: now };
        let held = self.held.iter().map(|(customer, rev)| Held { customer: customer.clone(), rev: *rev });
        let earlier = self.earlier.iter().map(|left| Earlier {
            instance: left.outbox.instance,
            up_to: left.outbox.last(),
            complete: left.complete,
        });
        let resume = Resume { held: held.collect(), earlier: earlier.collect() };
        let resume = (!resume.held.is_empty() || !resume.earlier.is_empty()).then_some(resume);
        let (Options { instance, engine, pinned, .. }, policy_version) = (&self.options, self.policy);
        let (instance, engine, pinned) = (*instance, engine.clone(), *pinned);
        self.effects.push_back(Effect::Send(Up::Hello { instance, engine, policy_version, pinned, resume }));
    }

    /// A connection was closed, or couldn't be opened.
    pub fn disconnected(&mut self, now: i64) {
        if self.link == Link::Over || matches!(self.link, Link::Down { .. }) {
            return;
        }
        self.link = Link::Down { retry_at: now.saturating_add(self.back_off.next_ms()) };
        if self.welcomed {
            self.set_status(Status::Offline);
        }
        self.decide_all();
        if self.closing {
            self.finish_closing();
        }
    }

    /// Drops the connection from this side.
    pub(crate) fn cut(&mut self, now: i64) {
        self.effects.push_back(Effect::Disconnect);
        self.disconnected(now);
    }

    /// The host refused to connect for a reason that a retry doesn't mend, or the server said so.
    pub fn failed(&mut self, failure: Failure) {
        if failure.is_final() {
            self.link = Link::Over;
            self.effects.push_back(Effect::Disconnect);
            self.decide_all();
        }
        self.set_status(Status::Failed(failure));
    }

    /// The server said something that can't be understood: the connection ends, and another one is tried.
    pub fn misheard(&mut self, now: i64, code: &str, message: &str) {
        if self.link == Link::Over {
            return;
        }
        self.cut(now);
        if self.link != Link::Over {
            let (code, message) = (code.to_string(), message.to_string());
            self.set_status(Status::Failed(Failure::Misheard { code, message }));
        }
    }

    pub(crate) fn set_status(&mut self, status: Status) {
        if self.status != status {
            self.status = status.clone();
            self.effects.push_back(Effect::Status(status));
        }
    }

    /// The engine committed changes. Without a store they may be sent at once.
    pub fn committed(&mut self, now: i64, changes: Vec<Change>) {
        let durable = self.options.store == Store::None;
        for change in changes {
            self.outbox.push(change, durable);
        }
        self.flush(now);
    }

    /// The store has everything up to this change.
    pub fn durable(&mut self, now: i64, up_to: u64) {
        self.outbox.durable(up_to);
        self.flush(now);
    }

    /// There is no store any more: everything may be sent.
    pub fn store_lost(&mut self, now: i64) {
        self.options.store = Store::None;
        self.outbox.gathers = false;
        self.durable(now, u64::MAX);
    }

    /// Whether the engine may go on recording: an outbox that is full is offline, and nothing that leaves a change may run.
    pub fn has_room(&self) -> bool {
        self.outbox.len() < self.options.outbox_max && !self.closing
    }

    /// How many units of each limit, cap and grant may be spent in a period beyond what is leased, as things stand.
    pub fn beyond(&self) -> Option<Amount> {
        match self.options.offline {
            _ if self.online() => None,
            Offline::Deny => None,
            Offline::Allow => Some(Amount::LIMIT),
            Offline::UpTo(most) => Some(most),
        }
    }

    /// Books what was spent, after [`Sync::committed`]: all of it, whatever allowed it. Says what holds reserve before.
    pub fn spent(&mut self, now: i64, spends: &[Spend]) {
        let server_now = self.clock.at(now);
        for spend in spends {
            self.leases.book(spend, server_now);
        }
        if self.online() && !self.closing {
            let say: Vec<Say> =
                spends.iter().filter_map(|spend| self.leases.tend(spend, server_now)).collect();
            self.flush_and_say(now, say);
        }
    }

    /// Says what the engine's holds reserve of a limit or cap, and until when.
    pub fn held(&mut self, customer: &str, what: &limitr_engine::What, held: Amount, until: i64) {
        self.leases.hold((customer.into(), what.clone()), held, until);
    }

    /// Asks for units that calls would have spent, had they been leased, and that nobody waits for.
    pub fn want(&mut self, now: i64, wanted: &[Spend]) {
        if wanted.is_empty() || !self.online() || self.closing {
            return;
        }
        let server_now = self.clock.at(now);
        let say: Vec<Say> = wanted.iter().filter_map(|spend| self.leases.want(spend, server_now)).collect();
        self.flush_and_say(now, say);
    }

    /// Lets a call wait for the units that are missing; answers its number, which [`Effect::Decide`] will name. `None`: there is nobody to
    /// ask, or too many wait: decide it with what there is.
    pub fn await_units(&mut self, now: i64, dry: Vec<Spend>) -> Option<u64> {
        if !self.online() || self.waiting.len() >= WAITING_MAX || !self.has_room() {
            return None;
        }
        let server_now = self.clock.at(now);
        self.flush(now); // what is spent stands at the server before more is asked for
        for spend in &dry {
            let say = self.leases.need(spend, server_now);
            self.say(say);
        }
        self.calls = self.calls.saturating_add(1);
        let until = now.saturating_add(self.options.lease_timeout);
        self.waiting.push(Waiting { call: self.calls, dry, until });
        Some(self.calls)
    }

    /// Lets calls go on whose units are there, or won't come.
    pub(crate) fn decide_settled(&mut self, now: i64) {
        let server_now = self.clock.at(now);
        if self.waiting.is_empty() {
            return self.leases.needless();
        }
        let over = |waiting: &Waiting, leases: &Leases| {
            waiting.until <= now || waiting.dry.iter().all(|spend| leases.settled(spend, server_now))
        };
        let (done, left): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.waiting).into_iter().partition(|waiting| over(waiting, &self.leases));
        self.waiting = left;
        self.effects.extend(done.into_iter().map(|waiting| Effect::Decide(waiting.call)));
        if self.waiting.is_empty() {
            self.leases.needless();
        }
    }

    fn decide_all(&mut self) {
        let waiting = std::mem::take(&mut self.waiting);
        self.effects.extend(waiting.into_iter().map(|waiting| Effect::Decide(waiting.call)));
        self.leases.needless();
    }

    /// Asks for a customer. It comes as [`Effect::Customer`] or [`Effect::NoCustomer`], once a server is there.
    pub fn load(&mut self, customer: &str) {
        if self.loading.contains_key(customer) {
            return;
        }
        self.loading.insert(customer.into(), None);
        if self.online() && self.policy.is_some() {
            self.effects.push_back(Effect::Send(Up::Load { ids: vec![customer.into()] }));
        }
    }

    /// Asks for a customer, and to create it where the server has none.
    pub fn ensure(&mut self, customer: Ensured) {
        self.loading.insert(customer.id.clone(), Some(customer.clone()));
        if self.online() && self.policy.is_some() {
            self.effects.push_back(Effect::Send(Up::Ensure { customer }));
        }
    }

    /// What came of a policy that was to be fetched: it runs, or the engine refused it with these diagnostics.
    pub fn policy_done(&mut self, version: u64, result: Result<(), Vec<Value>>) {
        self.fetching = None;
        let ok = result.is_ok();
        let diagnostics = result.err().unwrap_or_default();
        let problem = problem_of(&diagnostics);
        if ok && self.policy.is_none() && self.online() {
            self.ask_for_customers();
        }
        match ok {
            true => self.policy = Some(version),
            false => self.failed(Failure::PolicyInvalid { version, runs: self.policy, problem }),
        }
        if self.online() {
            self.effects.push_back(Effect::Send(Up::Policy { version, ok, diagnostics }));
            if ok {
                self.set_status(Status::Online);
            }
        }
        if let Some(next) = self.announced.take() {
            self.pushed(next);
        }
    }

    /// A policy couldn't be fetched: it will be said again on the next connection.
    pub fn policy_unreachable(&mut self, now: i64) {
        self.fetching = None;
        self.cut(now);
    }

    /// Sends what waits and returns all leases; [`Effect::Closed`] says that it is done. A sync that is cut off meanwhile is done at once: what
    /// is left is in the store, or lost.
    pub fn close(&mut self, now: i64) {
        self.closing = true;
        self.flush(now);
        match self.online() {
            true => {
                let server_now = self.clock.at(now);
                let returns = self.leases.end_all(server_now);
                self.say(returns);
                self.finish_if_empty();
            }
            false => self.finish_closing(),
        }
    }

    pub(crate) fn finish_if_empty(&mut self) {
        if self.closing && self.outbox.is_empty() && self.earlier.iter().all(|left| left.outbox.is_empty()) {
            self.effects.push_back(Effect::Disconnect);
            self.finish_closing();
        }
    }

    fn finish_closing(&mut self) {
        self.link = Link::Over;
        self.decide_all();
        self.set_status(Status::Closed);
        self.effects.push_back(Effect::Closed);
    }

    /// When [`Sync::tick`] is to be called next, in host time.
    pub fn next_tick(&self, now: i64) -> Option<i64> {
        let waiting = self.waiting.iter().map(|waiting| waiting.until).min();
        let link = match self.link {
            Link::Down { retry_at } => Some(retry_at),
            Link::Greeting { since } => Some(since.saturating_add(WELCOME_TIMEOUT_MS)),
            Link::Up { heard_at } => Some(heard_at.max(self.pinged_at).saturating_add(HEARTBEAT_MS)),
            Link::Opening | Link::Over => None,
        };
        let leases = self.leases.next_at().filter(|_| self.online());
        let leases = leases.map(|at| self.clock.until(now, at));
        let first = (!self.welcomed).then(|| self.started_at.saturating_add(self.options.connect_timeout));
        let first = first.filter(|_| self.status == Status::Connecting);
        [waiting, link, leases, first].into_iter().flatten().min()
    }

    pub(crate) fn say(&mut self, say: impl IntoIterator<Item = Say>) {
        self.effects.extend(say.into_iter().map(|say| {
            Effect::Send(match say {
                Say::Ask { customer, what, want } => Up::Lease { customer, what, want },
                Say::Return { lease, amount, unused } => Up::Return { lease, amount, unused },
            })
        }));
    }

    /// What of a limit, cap or grant this engine has leased and not spent.
    pub fn left(&self, customer: &str, what: &limitr_protocol::What) -> Amount {
        self.leases.left(customer, what)
    }
}

/// The message of the first error among diagnostics.
fn problem_of(diagnostics: &[Value]) -> String {
    let is_error = |found: &&Value| found.get("severity").is_none_or(|severity| severity == "error");
    let first = diagnostics.iter().find(is_error).and_then(|found| found.get("message"));
    first.and_then(Value::as_str).unwrap_or("it was refused").to_string()
}
