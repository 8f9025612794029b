//! What frames and time lead to.

use limitr_protocol::{Down, PolicyRef, Up};

use crate::effect::{Effect, Failure, Status};
use crate::lease::Say;
use crate::limits::{HEARTBEAT_MS, WELCOME_TIMEOUT_MS};
use crate::sync::{Link, Sync};

impl Sync {
    /// A frame came.
    pub fn frame(&mut self, now: i64, frame: Down) {
        match self.link {
            Link::Greeting { since } => return self.greeted(now, since, frame),
            Link::Up { .. } => self.link = Link::Up { heard_at: now },
            _ => return, // of a connection that is over
        }
        let server_now = self.clock.at(now);
        match frame {
            Down::Welcome { .. } => self.cut(now), // comes once
            Down::Policy(policy) => self.pushed(policy),
            Down::Customers { list, missing } => self.loaded(list, missing),
            Down::Ack { up_to, of } => {
                self.acknowledged(of.unwrap_or(self.options.instance), up_to);
                self.flush(now);
                self.finish_if_empty();
            }
            Down::Changes { customer, rev, list } => {
                if let Some(seen) = self.held.get_mut(&customer).filter(|seen| **seen < rev) {
                    *seen = rev;
                    if !list.is_empty() {
                        self.effects.push_back(Effect::Merge { customer, list });
                    }
                }
            }
            Down::Lease { id, customer, what, period_start, amount, until } => {
                let lease = (id, amount, until);
                let say = self.leases.granted((customer, what), period_start, lease, server_now);
                self.say(say);
                self.decide_settled(now);
            }
            Down::LeaseDenied { customer, what, reason } => {
                self.leases.denied((customer, what), reason, server_now);
                self.decide_settled(now);
            }
            Down::Revoke { lease } => {
                self.flush(now);
                let say = self.leases.revoked(lease, server_now);
                self.say(say);
            }
            Down::Error { code, message, customer: Some(customer) } => {
                self.loading.remove(&customer);
                self.effects.push_back(Effect::CustomerRefused { customer, code, message });
            }
            Down::Error { code, message, customer: None } => self.refused(now, code, message),
            Down::Pong { now: theirs } => {
                self.leases.heard(self.beat_at);
                self.clock.measure(theirs, self.pinged_at, now);
            }
        }
    }

    fn greeted(&mut self, now: i64, since: i64, frame: Down) {
        let (theirs, policy, up_to, earlier) = match frame {
            Down::Welcome { now: theirs, policy, up_to, earlier, .. } => (theirs, policy, up_to, earlier),
            Down::Error { code, message, .. } => return self.refused(now, code, message),
            _ => return self.cut(now), // a server that doesn't begin with `welcome`
        };
        if !self.may_run(&policy) {
            return self.failed(Failure::VersionUnsupported); // a server that doesn't know of pinned versions
        }
        self.clock.measure(theirs, since, now);
        self.link = Link::Up { heard_at: now };
        self.pinged_at = now;
        self.back_off.reset();
        self.welcomed = true;
        self.set_status(Status::Online);
        self.outbox.resume();
        self.acknowledged(self.options.instance, up_to);
        for left in &mut self.earlier {
            left.outbox.resume();
        }
        for one in earlier {
            self.acknowledged(one.instance, one.up_to);
        }
        if self.policy.is_some() {
            self.ask_for_customers();
        }
        self.pushed(policy);
        self.flush(now);
        let again = self.leases.resume(self.clock.at(now));
        self.say(again);
        self.finish_if_empty();
    }

    /// One policy is fetched at a time: two might come in the wrong order.
    pub(crate) fn pushed(&mut self, policy: PolicyRef) {
        if policy.version <= self.policy.unwrap_or(0) || !self.may_run(&policy) {
            return;
        }
        match &self.fetching {
            None => {
                self.fetching = Some(policy.version);
                self.effects.push_back(Effect::FetchPolicy(policy));
            }
            Some(fetching) if *fetching < policy.version => self.announced = Some(policy),
            Some(_) => {}
        }
    }

    /// Whether a policy is one for this engine: any, unless it is pinned to one.
    fn may_run(&self, policy: &PolicyRef) -> bool {
        self.options.pinned.is_none_or(|pinned| pinned == policy.version)
    }

    /// Asks for the customers that are missing. Not before there is a policy: an engine without one can't hold any.
    pub(crate) fn ask_for_customers(&mut self) {
        let asks = self.loading.iter().map(|(id, ensured)| match ensured {
            Some(customer) => Up::Ensure { customer: customer.clone() },
            None => Up::Load { ids: vec![id.clone()] },
        });
        self.effects.extend(asks.map(Effect::Send));
    }

    fn loaded(&mut self, list: Vec<limitr_protocol::Known>, missing: Vec<Box<str>>) {
        for known in list {
            let Some(id) = known.record.get("id").and_then(serde_json::Value::as_str).map(Box::<str>::from)
            else {
                continue;
            };
            self.loading.remove(&id);
            let newer = self.held.get(&id).is_none_or(|seen| *seen < known.rev);
            if newer {
                self.held.insert(id.clone(), known.rev);
                let replay = self.outbox.of(&id, known.up_to);
                self.effects.push_back(Effect::Customer { known, replay });
            }
        }
        for id in missing {
            self.loading.remove(&id);
            self.effects.push_back(Effect::NoCustomer(id));
        }
    }

    fn acknowledged(&mut self, instance: limitr_protocol::InstanceId, up_to: u64) {
        let outbox = match instance == self.options.instance {
            true => Some(&mut self.outbox),
            false => {
                self.earlier.iter_mut().map(|left| &mut left.outbox).find(|left| left.instance == instance)
            }
        };
        let Some(outbox) = outbox else { return };
        let news = outbox.acknowledge(up_to);
        let all_in = outbox.is_empty();
        if news || (all_in && instance != self.options.instance) {
            self.effects.push_back(Effect::Committed { instance, up_to });
        }
        if all_in && instance == self.options.instance {
            self.leases.all_in();
        }
        self.earlier.retain(|left| left.outbox.instance != instance || !all_in);
    }

    fn refused(&mut self, now: i64, code: String, message: String) {
        match code.as_str() {
            "unauthorized" => self.failed(Failure::Unauthorized),
            "revoked" => self.failed(Failure::Revoked),
            "version_unsupported" => self.failed(Failure::VersionUnsupported),
            // A `hello` with a field that the server doesn't know: it is older.
            "invalid_field" if matches!(self.link, Link::Greeting { .. }) => {
                self.failed(Failure::VersionUnsupported);
            }
            "unknown_policy" => self.failed(Failure::UnknownPolicy { message }),
            // What another try may mend: a server that is in trouble, a connection that another one has taken the place of, a ticket that was
            // too old when it arrived.
            "storage_failed" | "session_over" | "overloaded" | "stale_ticket" => self.cut(now),
            _ => self.failed(Failure::Refused { code, message }),
        }
    }

    /// Sends what may be sent.
    pub(crate) fn flush(&mut self, now: i64) {
        if !self.online() {
            return;
        }
        let server_now = self.clock.at(now);
        for left in &mut self.earlier {
            while let Some((from, list)) = left.outbox.next() {
                let watermark = left.outbox.unsent_since().unwrap_or(server_now);
                let of = Some(left.outbox.instance);
                self.effects.push_back(Effect::Send(Up::Changes { from, list, watermark, of }));
            }
        }
        while let Some((from, list)) = self.outbox.next() {
            let watermark = self.outbox.unsent_since().unwrap_or(server_now);
            self.effects.push_back(Effect::Send(Up::Changes { from, list, watermark, of: None }));
        }
    }

    /// Leases are looked through: see [`Leases::sweep`](crate::Leases).
    fn sweep(&mut self, now: i64) {
        if self.online() && !self.closing {
            let server_now = self.clock.at(now);
            let say = self.leases.sweep(server_now);
            self.flush_and_say(now, say);
        }
    }

    /// Says something about leases, after what was spent: so the server counts as this engine does.
    pub(crate) fn flush_and_say(&mut self, now: i64, say: Vec<Say>) {
        if !say.is_empty() {
            self.flush(now);
        }
        self.say(say);
    }

    /// Time has passed.
    pub fn tick(&mut self, now: i64) {
        match self.link {
            Link::Down { retry_at } if retry_at <= now => {
                self.link = Link::Opening;
                self.effects.push_back(Effect::Connect);
            }
            Link::Greeting { since } if since.saturating_add(WELCOME_TIMEOUT_MS) <= now => self.cut(now),
            Link::Up { heard_at } if heard_at.max(self.pinged_at).saturating_add(HEARTBEAT_MS) <= now => {
                match heard_at < self.pinged_at {
                    true => self.cut(now), // the last ping wasn't answered
                    false => self.beat(now),
                }
            }
            _ => {}
        }
        if !self.welcomed
            && self.status == Status::Connecting
            && self.started_at.saturating_add(self.options.connect_timeout) <= now
        {
            self.failed(Failure::ConnectTimeout);
        }
        self.decide_settled(now);
        self.sweep(now);
    }

    /// Tries a quiet connection, and says that nothing is unsent.
    fn beat(&mut self, now: i64) {
        self.pinged_at = now;
        self.beat_at = self.clock.at(now);
        let watermark = self.outbox.unsent_since().unwrap_or(self.clock.at(now));
        let from = self.outbox.next_number();
        self.effects.push_back(Effect::Send(Up::Ping {}));
        self.effects.push_back(Effect::Send(Up::Changes { from, list: Vec::new(), watermark, of: None }));
    }
}
