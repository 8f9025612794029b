//! A run: events in the order of their time.

use std::collections::BTreeMap;

use limitr_engine::quantity::Amount;
use limitr_engine::{Change, Changes};
use limitr_ledger::memory::Memory;
use limitr_ledger::planted::Bug;
use limitr_ledger::{Desk, Settings, Wake, policies};
use limitr_protocol::{InstanceId, Up, What, write};
use limitr_sync::{EarlierOutbox, Failure, IoAs, Offline, Options, Status, Store};

use serde::Serialize;

use crate::net::{Carried, Connection};
use crate::node::{Answer, Asked, By, Node, Ran};
use crate::oracle::Oracle;
use crate::queue::{Event, Queue};
use crate::random::Random;
use crate::scenario::{Keeps, START, Scenario};
use crate::steps::operate;

/// An app: its engine now, and what its store has.
#[derive(Clone, Debug)]
pub(crate) struct App {
    pub(crate) node: Option<Node>,
    /// Counts openings.
    pub(crate) opening: u64,
    pub(crate) skew: i64,
    pub(crate) connection: Option<u64>,
    /// What earlier openings left in the store.
    pub(crate) stored: Vec<EarlierOutbox>,
    /// What the store has of this one.
    pub(crate) durable: u64,
    pub(crate) changes: Vec<limitr_engine::Change>,
    /// Calls whose answer waits for the store.
    pub(crate) unanswered: Vec<Ran>,
    pub(crate) next_tick: i64,
}

#[derive(Clone, Debug)]
pub(crate) struct Server {
    pub(crate) desk: Desk,
    pub(crate) up: bool,
    pub(crate) start: u64,
    pub(crate) skew: i64,
}

/// Everything there is.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) now: i64,
    pub(crate) scenario: Scenario,
    pub(crate) random: Random,
    pub(crate) database: Memory,
    pub(crate) oracle: Oracle,
    pub(crate) apps: Vec<App>,
    pub(crate) servers: Vec<Server>,
    pub(crate) connections: BTreeMap<u64, Connection>,
    pub(crate) events: Queue,
    count: u64,
    pub(crate) storm_ends: i64,
    pub(crate) settings: Settings,
    /// Whether frames travel as text, and operations are run anew for each row that they miss.
    pub(crate) whole: bool,
    pub(crate) published: usize,
    pub(crate) trace: Option<Vec<String>>,
    pub(crate) steps: u64,
    pub(crate) ran: u64,
    pub(crate) failed: Option<String>,
}

/// Most units of one call.
pub(crate) const CALL_MAX: i64 = 5;

/// In one seed of so many frames travel as text, and an operation of a server is run anew for each row that it misses, as with a database. Both
/// change nothing that a run does.
const WHOLE_EVERY: u64 = 16;

pub(crate) type Checked = Result<(), String>;

impl World {
    pub(crate) fn new(seed: u64, bug: Option<Bug>, traced: bool) -> World {
        let mut random = Random::new(seed);
        let scenario = Scenario::of(&mut random);
        let settings = Settings { reclaim: scenario.reclaim, bug };
        let refunds = scenario.refunds;
        let beyond = match scenario.offline {
            Offline::Deny => Some(Amount::ZERO),
            Offline::Allow => None,
            Offline::UpTo(most) => Some(most),
        };
        // One call may cross it, by all its units but one.
        let largest = CALL_MAX.max(scenario.limits[0] / 8);
        let crossing = if scenario.trailing { Amount::from_int(largest - 1) } else { Amount::ZERO };
        let skew = |random: &mut Random, most: i64| random.between(-most, most);
        let apps = (0..scenario.engines).map(|_| App {
            node: None,
            opening: 0,
            skew: skew(&mut random, scenario.skew_ms),
            connection: None,
            stored: Vec::new(),
            durable: 0,
            changes: Vec::new(),
            unanswered: Vec::new(),
            next_tick: i64::MAX,
        });
        let apps = apps.collect();
        let servers = (0..scenario.servers).map(|_| Server {
            desk: Desk::new(settings),
            up: true,
            start: 0,
            skew: random.between(-5, 5),
        });
        let servers = servers.collect();
        World {
            now: START,
            storm_ends: START + scenario.stormy_ms,
            scenario,
            random,
            database: Memory::default(),
            oracle: Oracle::new(beyond, crossing, refunds),
            apps,
            servers,
            connections: BTreeMap::new(),
            events: Queue::new(),
            count: 0,
            settings,
            whole: seed.is_multiple_of(WHOLE_EVERY),
            published: 0,
            trace: traced.then(Vec::new),
            steps: 0,
            ran: 0,
            failed: None,
        }
    }

    pub(crate) fn note(&mut self, line: impl FnOnce() -> String) {
        let now = self.now - START;
        if let Some(trace) = &mut self.trace {
            trace.push(format!("{now:>7} {}", line()));
        }
    }

    pub(crate) fn after(&mut self, ms: i64, event: Event) {
        self.count += 1;
        self.events.push(self.now + ms, self.count, event);
    }

    pub(crate) fn late(&mut self) -> i64 {
        let most = if self.stormy() { self.scenario.delay_ms } else { 5 };
        self.random.between(0, most)
    }

    /// Whether a frame comes twice.
    pub(crate) fn doubled(&mut self) -> bool {
        self.stormy() && self.random.percent(2)
    }

    pub(crate) fn stormy(&self) -> bool {
        self.now < self.storm_ends
    }

    /// Publishes the first policy, gives customers what the scenario says, and opens all apps.
    pub(crate) fn begin(&mut self) -> Checked {
        self.publish();
        let mut desk = Desk::new(self.settings);
        for place in 0..self.scenario.customers {
            let customer = format!("customer_{place}");
            let ensured = limitr_protocol::Ensured { id: customer.as_str().into(), ..Default::default() };
            let (cap, grant, now) = (self.scenario.cap, self.scenario.grant, self.now);
            operate(&mut self.database, self.whole, |rows| {
                let rules = desk.rules(rows)?;
                limitr_ledger::customers::ensure(rows, rules, now, &ensured)?;
                let Some(cap) = cap else { return Ok(()) };
                let mut options = serde_json::Map::new();
                options.insert("cap_id".into(), "cap".into());
                options.insert("credit".into(), "message".into());
                limitr_ledger::customers::act(rows, rules, now, &customer, |engine| {
                    engine.add_cap(now, &customer, limitr_engine::Given::Number(cap as f64), &options)
                })?;
                Ok(())
            })
            .map_err(|refusal| refusal.to_string())?;
            if let Some(cap) = cap {
                self.oracle.limit_is(&customer, What::Cap("cap".into()), Amount::from_int(cap));
            }
            if let Some(grant) = grant {
                self.oracle.limit_is(&customer, What::Grant(1), Amount::from_int(grant));
            }
        }
        for node in 0..self.apps.len() {
            self.open(node);
            let ms = self.random.between(0, 50);
            self.after(ms, Event::Call { node });
        }
        self.after(self.scenario.fault_ms, Event::Fault);
        if self.scenario.reclaim {
            self.after(5_000, Event::TakeBack);
        }
        Ok(())
    }

    /// Publishes the next policy of the scenario.
    pub(crate) fn publish(&mut self) {
        let Some(limit) = self.scenario.limits.get(self.published).copied() else { return };
        let document = self.scenario.document(self.published);
        let now = self.now;
        let version = operate(&mut self.database, self.whole, |rows| {
            let version = policies::draft(rows, now, "sim", &document, "next")?;
            policies::publish(rows, now, "sim", version)?;
            Ok(version)
        });
        let version = version.expect("a good policy");
        self.note(|| format!("policy {version} is published: limit {limit}"));
        for place in 0..self.scenario.customers {
            let what = What::Limit("chat".into());
            let customer = format!("customer_{place}");
            self.oracle.limit_is(&customer, what, Amount::from_int(limit));
            if let Some((_, extra)) = self.scenario.extra.filter(|(from, _)| *from <= self.published) {
                self.oracle.limit_is(&customer, What::Limit("extra".into()), Amount::from_int(extra));
            }
        }
        self.published += 1;
        self.wake(&[Wake::Policy]);
    }

    /// The time that an app's host says.
    pub(crate) fn host_time(&self, node: usize) -> i64 {
        self.now + self.apps[node].skew
    }

    pub(crate) fn open(&mut self, node: usize) {
        let instance = InstanceId((u128::from(self.random.bits()) << 64) | u128::from(self.random.bits()));
        let (store, now) = (self.scenario.stores[node], self.host_time(node));
        let mut options = Options::new(instance, self.random.bits());
        options.store = if store == Keeps::Nothing { Store::None } else { Store::Durable };
        options.offline = self.scenario.offline;
        options.outbox_max = if self.random.percent(10) { 4 } else { 1_000 };
        options.earlier = self.apps[node].stored.clone();
        let old = node > 0 && self.random.percent(20);
        self.note(|| format!("app {node} opens as {instance}, and keeps {store:?}"));
        let app = &mut self.apps[node];
        app.opening += 1;
        app.node = Some(Node::open(now, options, old, store == Keeps::Strictly));
        (app.durable, app.next_tick, app.connection) = (0, i64::MAX, None);
        app.changes.clear();
        for place in 0..self.scenario.customers {
            let ensured =
                limitr_protocol::Ensured { id: format!("customer_{place}").into(), ..Default::default() };
            if let Some(node) = &mut self.apps[node].node {
                node.hosted.ensure(now, ensured);
            }
        }
        self.settle(node);
    }

    /// The app's process dies.
    pub(crate) fn crash(&mut self, node: usize) {
        let store = self.scenario.stores[node];
        let app = &mut self.apps[node];
        let Some(dead) = app.node.take() else { return };
        app.unanswered.clear(); // nobody was told
        let (instance, durable) = (dead.instance, app.durable);
        if store != Keeps::Nothing {
            app.changes.retain(|change| change.seq <= durable);
            let changes = std::mem::take(&mut app.changes);
            app.stored.push(EarlierOutbox {
                instance,
                changes,
                up_to: durable,
                complete: store == Keeps::Strictly,
            });
            self.oracle.lost(instance, durable);
        }
        let connection = app.connection.take();
        self.note(|| format!("app {node} dies, durable up to {durable}"));
        if let Some(connection) = connection {
            self.cut(connection);
        }
        let ms = self.random.between(10, 1_500);
        self.after(ms, Event::Reopen { node });
    }

    pub(crate) fn cut(&mut self, id: u64) {
        let (now, delay) = (self.now, self.scenario.delay_ms);
        if let Some(connection) = self.connections.get_mut(&id) {
            connection.cut(now, &mut self.random, delay);
            let (one, two) = (self.random.between(0, delay), self.random.between(0, 3 * delay));
            self.after(one, Event::ClosedAtNode { connection: id });
            self.after(two, Event::ClosedAtServer { connection: id });
        }
    }

    pub(crate) fn crash_server(&mut self, server: usize) {
        self.note(|| format!("server {server} dies"));
        let settings = self.settings;
        let dead = &mut self.servers[server];
        dead.up = false;
        dead.start += 1;
        dead.desk = Desk::new(settings);
        let cut: Vec<u64> = self
            .connections
            .iter()
            .filter(|(_, connection)| connection.server == server)
            .map(|(id, _)| *id)
            .collect();
        cut.into_iter().for_each(|id| self.cut(id));
        let ms = self.random.between(10, 1_000);
        self.after(ms, Event::Restart { server });
    }

    /// Does what an app's sync wants done.
    pub(crate) fn settle(&mut self, node: usize) {
        self.learn(node);
        while let Some(io) = self.apps[node].node.as_mut().and_then(|node| node.hosted.next()) {
            self.carry_out_at(node, io);
        }
        let host = self.host_time(node);
        let app = &mut self.apps[node];
        let Some(at) = app.node.as_ref().and_then(|node| node.hosted.next_tick(host)) else { return };
        let at = (at - app.skew).max(self.now + 1);
        if at < app.next_tick {
            app.next_tick = at;
            let opening = app.opening;
            self.after(at - self.now, Event::Tick { node, opening });
        }
    }

    fn carry_out_at(&mut self, node: usize, io: IoAs<Up>) {
        let opening = self.apps[node].opening;
        match io {
            IoAs::Connect => {
                let late = self.late();
                let server = self.random.between(0, self.servers.len() as i64 - 1) as usize;
                let Server { up, start, .. } = self.servers[server];
                if !up || (self.stormy() && self.random.percent(10)) {
                    return self.after(late, Event::Refused { node, opening });
                }
                self.count += 1;
                let id = self.count;
                self.connections.insert(id, Connection::new(self.now, (node, opening), (server, start)));
                self.apps[node].connection = Some(id);
                self.after(late, Event::Opened { connection: id });
            }
            IoAs::Send(frame) => {
                let Some(id) = self.apps[node].connection else { return };
                let frame = self.carried(frame);
                if self.doubled() && !matches!(frame.said, Up::Hello { .. }) {
                    let frame = frame.clone();
                    self.send(id, true, |connection| Event::Upwards { connection, frame });
                }
                self.send(id, true, |connection| Event::Upwards { connection, frame });
            }
            IoAs::Disconnect => {
                if let Some(id) = self.apps[node].connection.take() {
                    self.cut(id);
                }
            }
            IoAs::Keep { taken, bytes } => {
                let changes: Vec<Change> = Changes::new(&bytes, taken.first).flatten().collect();
                self.keep(node, changes);
            }
            IoAs::FetchPolicy(policy) => {
                let late = self.late();
                self.after(late, Event::Fetched { node, opening, version: policy.version });
            }
            IoAs::Committed { instance, up_to } => {
                self.oracle.acknowledged(instance, up_to);
                let app = &mut self.apps[node];
                if app.node.as_ref().is_some_and(|node| node.instance == instance) {
                    app.changes.retain(|change| change.seq > up_to);
                }
                for left in &mut app.stored {
                    if left.instance == instance {
                        left.changes.retain(|change| change.seq > up_to);
                    }
                }
                app.stored.retain(|left| left.instance != instance || up_to < left.up_to);
            }
            IoAs::Decide(number) => {
                let asked = self.apps[node].node.as_mut().and_then(|node| node.waiting.remove(&number));
                if let Some(asked) = asked {
                    self.call(node, &asked, false);
                }
            }
            IoAs::Status(status) => {
                self.note(|| format!("app {node} is {status:?}"));
                if let Status::Failed(Failure::Refused { code, message }) = status {
                    self.fail(format!("app {node} was refused for good: {code}: {message}"));
                }
            }
            IoAs::CustomerLoaded(_) | IoAs::NoCustomer(_) | IoAs::CustomerRefused { .. } | IoAs::Closed => {}
        }
    }

    /// Tells the oracle what an app's engine did, before anybody else hears of it.
    fn learn(&mut self, node: usize) {
        let Some(here) = &mut self.apps[node].node else { return };
        let outbox = here.hosted.sync().outbox();
        let changes: Vec<Change> = match outbox.last() > here.told {
            true => outbox.after(here.told).cloned().collect(),
            false => Vec::new(),
        };
        let last = changes.last().map_or(here.told, |change| change.seq);
        let waits = |engine: &limitr_engine::Engine| engine.has_changes();
        if here.hosted.engine().is_some_and(|engine| !waits(engine) && engine.seq() != last) {
            return self.fail(format!("app {node} made changes that aren't in its outbox"));
        }
        here.told = last;
        self.oracle.made(here.instance, changes);
    }

    /// A frame on its way: as text in one seed of so many, which must be read as what was said.
    pub(crate) fn carried<M: Serialize>(&self, said: M) -> Carried<M> {
        let text = self.whole.then(|| write(&said).expect("a frame of some size"));
        Carried { said, text }
    }

    pub(crate) fn send(&mut self, id: u64, upwards: bool, event: impl FnOnce(u64) -> Event) {
        let (now, late) = (self.now, self.late());
        let arrival = self.connections.get_mut(&id).and_then(|way| way.arrival(now, upwards, late));
        if let Some(at) = arrival {
            self.after(at - now, event(id));
        }
    }

    /// An app's call.
    pub(crate) fn call(&mut self, node: usize, asked: &Asked, may_wait: bool) -> Answer {
        let host = self.host_time(node);
        let Some(here) = &mut self.apps[node].node else { return Answer::Unknown };
        let answer = here.call(host, asked, may_wait);
        let online = here.hosted.sync().beyond().is_none();
        self.note(|| format!("app {node} calls {asked:?}: {}", shown(&answer)));
        if let Answer::Ran(ran) = &answer {
            if ran.by == By::Offline && online {
                self.fail(format!("app {node} was let through offline, which it isn't"));
            }
            self.told(node, ran);
        }
        answer
    }

    /// Answers a call, once what it did is kept as it should be.
    pub(crate) fn told(&mut self, node: usize, ran: &Ran) {
        self.drain(node);
        self.ran += 1;
        match self.apps[node].node.as_ref().is_some_and(|node| node.strict) {
            true => self.apps[node].unanswered.push(ran.clone()),
            false => self.answer(ran),
        }
    }

    /// Passes on what the engine did, at once or a little later.
    pub(crate) fn drain(&mut self, node: usize) {
        let (now, later) = (self.host_time(node), self.random.percent(40));
        if later {
            let (ms, opening) = (self.random.between(0, 40), self.apps[node].opening);
            return self.after(ms, Event::Drain { node, opening });
        }
        if let Some(here) = &mut self.apps[node].node {
            here.hosted.after_call(now);
        }
        self.learn(node);
    }

    pub(crate) fn answer(&mut self, ran: &Ran) {
        if let Err(problem) = self.oracle.answered(ran) {
            self.fail(problem);
        }
    }

    /// Keeps changes in the store, a little later.
    fn keep(&mut self, node: usize, changes: Vec<Change>) {
        let Some(seq) = changes.last().map(|change| change.seq) else { return };
        let app = &mut self.apps[node];
        app.changes.extend(changes);
        let opening = app.opening;
        let ms = self.random.between(1, 20);
        self.after(ms, Event::Durable { node, opening, seq });
    }

    pub(crate) fn fail(&mut self, problem: String) {
        self.note(|| format!("FAILED: {problem}"));
        self.failed.get_or_insert(problem);
    }
}

fn shown(answer: &Answer) -> String {
    match answer {
        Answer::Ran(ran) => format!("ran, up to change {}, by {:?}", ran.seq, ran.by),
        other => format!("{other:?}"),
    }
}
