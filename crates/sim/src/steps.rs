//! What each event does.

use limitr_ledger::leases::{self, RECLAIM_AFTER_MS};
use limitr_ledger::memory::Memory;
use limitr_ledger::planted::Bug;
use limitr_ledger::rows::{Key, Row, Rows, Stop, run};
use limitr_ledger::{Outcome, Refusal, Wake};
use limitr_protocol::{Down, Up, read_down, read_up, write};
use limitr_sync::HostedAs;

use crate::net::Carried;
use crate::node::Asked;
use crate::queue::Event;
use crate::world::{Checked, World};

/// How often the whole ledger is compared with all that was ever done, in events.
const UNION_EVERY: u64 = 256;

impl World {
    /// Runs everything that happens until a time.
    pub(crate) fn run_until(&mut self, end: i64) -> Checked {
        while let Some((at, event)) = self.events.pop(end) {
            self.now = at;
            self.steps += 1;
            self.step(event);
            if self.steps.is_multiple_of(UNION_EVERY) {
                self.oracle.check_union(&self.database)?;
            }
            if let Some(problem) = self.failed.take() {
                return Err(problem);
            }
        }
        self.now = self.now.max(end);
        Ok(())
    }

    fn is_open(&self, node: usize, opening: u64) -> bool {
        self.apps[node].opening == opening && self.apps[node].node.is_some()
    }

    /// The app at the end of a connection, if it is still the one that opened it.
    fn at_node(&self, id: u64) -> Option<usize> {
        let connection = self.connections.get(&id)?;
        let node = connection.node;
        (self.is_open(node, connection.opening) && self.apps[node].connection == Some(id)).then_some(node)
    }

    fn at_server(&self, id: u64) -> Option<usize> {
        let connection = self.connections.get(&id)?;
        let server = &self.servers[connection.server];
        (server.up && server.start == connection.start && !connection.over).then_some(connection.server)
    }

    fn step(&mut self, event: Event) {
        match event {
            Event::Opened { connection } => {
                self.tell(self.at_node(connection), |hosted, now| hosted.connected(now));
            }
            Event::Refused { node, opening } => {
                self.tell(self.is_open(node, opening).then_some(node), |hosted, now| {
                    hosted.disconnected(now)
                });
            }
            Event::ClosedAtNode { connection } => {
                let node = self.at_node(connection);
                if let Some(node) = node {
                    self.apps[node].connection = None;
                }
                self.tell(node, |hosted, now| hosted.disconnected(now));
            }
            Event::ClosedAtServer { connection } => {
                if let Some(server) = self.at_server(connection) {
                    self.servers[server].desk.closed(connection);
                }
                if let Some(connection) = self.connections.get_mut(&connection) {
                    connection.over = true;
                }
            }
            Event::Upwards { connection, frame } => {
                let carried =
                    self.connections.get(&connection).is_some_and(|way| way.carries(self.now, true));
                if let Some(server) = self.at_server(connection).filter(|_| carried) {
                    self.serve(server, connection, &frame);
                }
            }
            Event::Downwards { connection, frame } => {
                let carried =
                    self.connections.get(&connection).is_some_and(|way| way.carries(self.now, false));
                let node = self.at_node(connection).filter(|_| carried);
                if let Some(node) = node {
                    self.note(|| format!("app {node} hears {frame}"));
                }
                self.tell(node, |hosted, now| match &frame.text {
                    Some(text) => {
                        assert_eq!(read_down(text).as_ref(), Ok(&frame.said), "it is read as it was said");
                        hosted.text(now, text);
                    }
                    None => hosted.frame(now, frame.said),
                });
            }
            Event::Woken { server, wake } => self.woken(server, &wake),
            Event::Tick { node, opening } => {
                if self.is_open(node, opening) {
                    self.apps[node].next_tick = i64::MAX;
                    self.tell(Some(node), |hosted, now| hosted.tick(now));
                }
            }
            Event::Durable { node, opening, seq } => self.durable(node, opening, seq),
            Event::Fetched { node, opening, version } => self.fetched(node, opening, version),
            Event::Call { node } => self.random_call(node),
            Event::Drain { node, opening } => {
                let node = self.is_open(node, opening).then_some(node);
                self.tell(node, |hosted, now| hosted.after_call(now));
            }
            Event::Fault => self.fault(),
            Event::Reopen { node } => self.open(node),
            Event::Restart { server } => self.servers[server].up = true,
            Event::TakeBack => self.take_back(),
        }
    }

    fn tell(&mut self, node: Option<usize>, say: impl FnOnce(&mut HostedAs<Up>, i64)) {
        let Some(node) = node else { return };
        let now = self.host_time(node);
        if let Some(here) = &mut self.apps[node].node {
            say(&mut here.hosted, now);
        }
        self.settle(node);
    }

    fn durable(&mut self, node: usize, opening: u64, seq: u64) {
        if !self.is_open(node, opening) {
            return;
        }
        let app = &mut self.apps[node];
        app.durable = app.durable.max(seq);
        let answered = app.unanswered.iter().take_while(|ran| ran.seq <= seq).count();
        let answered: Vec<_> = app.unanswered.drain(..answered).collect();
        answered.iter().for_each(|ran| self.answer(ran));
        self.tell(Some(node), |hosted, now| hosted.durable(now, seq));
    }

    fn fetched(&mut self, node: usize, opening: u64, version: u64) {
        let document = match self.database.rows().get(&Key::Policy(version)) {
            Some(Row::Policy(row)) => row.document.clone(),
            _ => return self.fail(format!("policy {version} was announced, which isn't there")),
        };
        let now = self.host_time(node);
        if !self.is_open(node, opening) {
            return;
        }
        if let Some(here) = &mut self.apps[node].node {
            here.fetched(now, version, &document);
            self.settle(node);
        }
    }

    fn random_call(&mut self, node: usize) {
        if !self.stormy() {
            return;
        }
        let customer = format!("customer_{}", self.random.between(0, self.scenario.customers as i64 - 1));
        let entitlement = match self.random.between(0, 9) {
            0 => "mail",
            1 | 2 if self.scenario.extra.is_some() => "extra",
            _ => "chat",
        };
        let refund = self.scenario.refunds && self.random.percent(10);
        let units = if refund { -self.random.between(1, 3) } else { self.random.pick(&[1, 1, 1, 2, 3, 5]) };
        let force = self.scenario.forces && self.random.percent(5);
        let asked = Asked { customer, entitlement, units, force };
        let may_wait = self.random.percent(70);
        match self.scenario.holds && entitlement == "chat" && self.random.percent(30) {
            true => self.call_with_hold(node, &asked),
            false => drop(self.call(node, &asked, may_wait)),
        }
        self.settle(node);
        let ms = self.random.between(0, 2 * self.scenario.call_ms);
        self.after(ms, Event::Call { node });
    }

    /// Reserves units, or settles what was reserved before: with less, with all, or with nothing; or leaves it to run out.
    fn call_with_hold(&mut self, node: usize, asked: &Asked) {
        let (host, settles) = (self.host_time(node), self.random.percent(60));
        let used = self.random.between(0, asked.units.max(1));
        let Some(here) = &mut self.apps[node].node else { return };
        if settles && !here.holds.is_empty() {
            let settled = here.settle(host, used);
            self.note(|| format!("app {node} settles {used}: {settled:?}"));
            match settled {
                Some(ran) => self.told(node, &ran),
                None => self.drain(node),
            }
        } else {
            let got = here.reserve(host, asked);
            self.note(|| format!("app {node} reserves {asked:?}: {got}"));
            self.drain(node);
        }
    }

    fn fault(&mut self) {
        if !self.stormy() {
            return;
        }
        match self.random.between(0, 9) {
            0..=3 => {
                let node = self.random.between(0, self.apps.len() as i64 - 1) as usize;
                if let Some(connection) = self.apps[node].connection {
                    self.note(|| format!("the connection of app {node} is cut"));
                    self.cut(connection);
                }
            }
            4..=6 => {
                let node = self.random.between(0, self.apps.len() as i64 - 1) as usize;
                self.crash(node);
            }
            7 => {
                let server = self.random.between(0, self.servers.len() as i64 - 1) as usize;
                if self.servers[server].up {
                    self.crash_server(server);
                }
            }
            _ => self.publish(),
        }
        let ms = self.random.between(0, 2 * self.scenario.fault_ms);
        self.after(ms, Event::Fault);
    }

    /// What is leased under `reclaim`, and wasn't reported in time, is free again.
    fn take_back(&mut self) {
        let before = self.now - RECLAIM_AFTER_MS;
        for (key, row) in self.database.rows() {
            if let (Key::Lease((meter, _)), Row::Lease(lease)) = (key, row)
                && lease.reclaim
                && lease.until < before
            {
                self.oracle.reclaimed(meter, lease.unreported());
            }
        }
        let now = self.now;
        operate(&mut self.database, self.whole, |rows| leases::take_back(rows, now))
            .expect("a database that works");
        self.after(5_000, Event::TakeBack);
    }

    /// A frame comes to a server. It may die before it has committed, or before it has answered.
    fn serve(&mut self, server: usize, connection: u64, carried: &Carried<Up>) {
        let read = carried.text.as_ref().map(|text| read_up(text).expect("a frame that can be read"));
        assert_eq!(read.as_ref().unwrap_or(&carried.said), &carried.said, "it is read as it was said");
        let frame = read.as_ref().unwrap_or(&carried.said);
        let dies_before = self.stormy() && self.random.percent(1);
        let dies_after = self.stormy() && self.random.percent(1);
        let now = self.now + self.servers[server].skew;
        self.database.fail(dies_before);
        let mut decided = None;
        let desk = &mut self.servers[server].desk;
        let result = operate(&mut self.database, self.whole, |rows| {
            let outcome = desk.frame(rows, now, connection, frame)?;
            decided = Some(outcome.clone());
            Ok(outcome)
        });
        self.database.fail(false);
        if self.settings.bug == Some(Bug::AckBeforeCommit)
            && dies_before
            && let Some(outcome) = decided
        {
            self.send_down(outcome.frames);
        }
        if dies_before {
            self.note(|| format!("server {server} dies before it commits {carried}"));
            return self.crash_server(server);
        }
        self.note(|| format!("server {server} takes {carried}: {}", shown(&result)));
        match result {
            Ok(outcome) => {
                if let Err(problem) = self.oracle.check_step(&self.database) {
                    return self.fail(problem);
                }
                self.wake(&outcome.wakes);
                match dies_after {
                    true => self.crash_server(server),
                    false => self.carry_out(server, outcome),
                }
            }
            Err(Refusal { code, message, fatal, .. }) => {
                let error = Down::Error { code: code.to_string(), message, customer: None };
                self.send_down(vec![(connection, error)]);
                if fatal {
                    self.close(server, connection);
                }
            }
        }
    }

    /// A server hears of something that another, or it itself, has committed.
    fn woken(&mut self, server: usize, wake: &Wake) {
        if !self.servers[server].up {
            return;
        }
        let desk = &self.servers[server].desk;
        let outcome = operate(&mut self.database, self.whole, |rows| desk.wake(rows, wake))
            .expect("a database that works");
        self.carry_out(server, outcome);
    }

    fn carry_out(&mut self, server: usize, outcome: Outcome) {
        self.servers[server].desk.done(&outcome);
        self.send_down(outcome.frames);
        outcome.close.into_iter().for_each(|connection| self.close(server, connection));
    }

    fn send_down(&mut self, frames: Vec<(u64, Down)>) {
        for (connection, said) in frames {
            let frame = self.carried(said);
            if self.doubled() && !matches!(frame.said, Down::Welcome { .. }) {
                let frame = frame.clone();
                self.send(connection, false, |connection| Event::Downwards { connection, frame });
            }
            self.send(connection, false, |connection| Event::Downwards { connection, frame });
        }
    }

    fn close(&mut self, server: usize, id: u64) {
        self.servers[server].desk.closed(id);
        let now = self.now;
        let arrives = self.connections.get_mut(&id).map(|connection| {
            connection.over = true;
            connection.close(now)
        });
        if let Some(at) = arrives {
            self.after(at - now, Event::ClosedAtNode { connection: id });
        }
    }

    /// Tells every server where to look.
    pub(crate) fn wake(&mut self, wakes: &[Wake]) {
        for wake in wakes {
            for server in 0..self.servers.len() {
                let late = self.late();
                self.after(late, Event::Woken { server, wake: wake.clone() });
            }
        }
    }
}

/// Runs a server's operation on the database.
pub(crate) fn operate<T>(
    database: &mut Memory,
    whole: bool,
    operation: impl FnMut(&mut Rows) -> Result<T, Stop>,
) -> Result<T, Refusal> {
    match whole {
        true => run(database, operation),
        false => database.run_at_once(operation),
    }
}

fn shown(result: &Result<Outcome, Refusal>) -> String {
    match result {
        Ok(outcome) => {
            let frames = outcome.frames.iter().map(|(_, frame)| write(frame).unwrap_or_default());
            frames.collect::<Vec<_>>().join(" ")
        }
        Err(refusal) => refusal.to_string(),
    }
}
