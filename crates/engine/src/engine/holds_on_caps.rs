//! Holds where they stand: on their meter, and on the caps that they would move. A hold names its caps, and a cap its holds;
//! both are kept alike, and what changes on either is noted.

use crate::change::{CapHeld, Effected};
use crate::customer::{Cap, CapHold, Customer, CustomerId, HeldCap, Hold};
use crate::engine::Engine;

impl Engine {
    /// Notes a hold as it stands, and what changed on caps: `before` are those that it stood on.
    pub(super) fn record_hold(&mut self, now: i64, at: CustomerId, number: u64, before: &[HeldCap]) {
        let Some(customer) = self.customers.get(at).filter(|_| self.outbox.recording) else { return };
        let Some(hold) = customer.holds().iter().find(|hold| hold.number == number) else { return };
        let (holder, written) = (&*customer.id, self.write_hold(hold));
        self.outbox.record(now, || Effected::HoldSet { holder, hold: written });
        for left in before.iter().filter(|left| hold.caps.iter().all(|held| !held.is_on(left))) {
            self.outbox.record(now, || left.freed(holder, number));
        }
        for held in &hold.caps {
            self.outbox.record(now, || held.held(holder, hold));
        }
    }

    /// Notes that a hold ended, on its meter and on its caps.
    pub(super) fn record_end(&mut self, now: i64, at: CustomerId, ended: &Hold) {
        let Some(customer) = self.customers.get(at) else { return };
        let holder = &*customer.id;
        self.outbox.record(now, || Effected::HoldEnded { holder, hold: ended.number });
        for left in &ended.caps {
            self.outbox.record(now, || left.freed(holder, ended.number));
        }
    }

    /// Notes on others' caps that the holds of a customer left them, or stand on them.
    pub(super) fn record_on_caps(&mut self, now: i64, left: Option<&Customer>, standing: CustomerId) {
        if !self.outbox.recording {
            return;
        }
        for (customer, hold) in left.iter().flat_map(|left| left.holds().iter().map(|hold| (&left.id, hold)))
        {
            for held in &hold.caps {
                self.outbox.record(now, || held.freed(customer, hold.number));
            }
        }
        let Some(customer) = self.customers.get(standing) else { return };
        for hold in customer.holds() {
            for held in &hold.caps {
                self.outbox.record(now, || held.held(&customer.id, hold));
            }
        }
    }

    /// Puts a hold in place of the one of its number, and forgets others on its caps that are over.
    pub(super) fn set_hold(&mut self, now: i64, at: CustomerId, hold: Hold) {
        self.take_hold(at, hold.number);
        for held in &hold.caps {
            self.on_cap(held, |cap| cap.holds.retain(|known| now < known.expires_on));
        }
        self.put_hold(at, hold);
    }

    /// Adds a customer, and puts its holds on the caps that they would move.
    pub(crate) fn bring_in(&mut self, customer: Customer) -> CustomerId {
        let (id, holds) = (customer.id.clone(), customer.holds().to_vec());
        let at = self.customers.insert(customer);
        for hold in &holds {
            self.put_on_caps(&id, hold);
        }
        at
    }

    /// Takes a customer out, and its holds from others' caps.
    pub(crate) fn take_out(&mut self, at: CustomerId) -> Option<Customer> {
        let customer = self.customers.remove(at)?;
        self.forget_shares(at);
        for hold in customer.holds() {
            self.take_from_caps(&customer.id, hold);
        }
        Some(customer)
    }

    /// Takes a cap that is gone off the holds that would have moved it: another one of its ID isn't the same.
    pub(crate) fn forget_cap(&mut self, now: i64, owner: &str, cap: &Cap) {
        for entry in &cap.holds {
            let Some(at) = self.customers.find(&entry.holder) else { continue };
            let Some(holder) = self.customers.get_mut(at) else { continue };
            let mut holds = holder.rest.iter_mut().flat_map(|rest| &mut rest.holds);
            let hold = holds.find(|hold| hold.number == entry.number);
            if let Some(hold) = hold {
                hold.caps.retain(|held| *held.holder != *owner || held.cap != cap.id);
                self.record_hold(now, at, entry.number, &[]);
            }
        }
    }

    /// Puts a hold on a meter and on the caps that it would move.
    pub(super) fn put_hold(&mut self, at: CustomerId, hold: Hold) {
        self.put_on_caps(&self.id_at(at), &hold);
        let Some(customer) = self.customers.get_mut(at) else { return };
        let place = customer.holds().binary_search_by_key(&hold.number, |known| known.number);
        customer.rest_mut().holds.insert(place.unwrap_or_else(|place| place), hold);
    }

    fn put_on_caps(&mut self, holder: &str, hold: &Hold) {
        for held in &hold.caps {
            let entry = CapHold {
                holder: holder.into(),
                number: hold.number,
                worth: held.worth,
                expires_on: hold.expires_on,
            };
            self.on_cap(held, |cap| cap.put_hold(entry));
        }
    }

    /// Takes a hold away from its meter and its caps.
    pub(super) fn take_hold(&mut self, at: CustomerId, number: u64) -> Option<Hold> {
        let customer = self.customers.get_mut(at)?;
        let place = customer.holds().binary_search_by_key(&number, |hold| hold.number).ok()?;
        let hold = customer.rest_mut().holds.remove(place);
        let holder = customer.id.clone();
        self.take_from_caps(&holder, &hold);
        Some(hold)
    }

    fn take_from_caps(&mut self, holder: &str, hold: &Hold) {
        for held in &hold.caps {
            let is_it = |known: &CapHold| *known.holder == *holder && known.number == hold.number;
            self.on_cap(held, |cap| cap.holds.retain(|known| !is_it(known)));
        }
    }

    fn on_cap(&mut self, held: &HeldCap, change: impl FnOnce(&mut Cap)) {
        let owner = self.customers.find(&held.holder).and_then(|at| self.customers.get_mut(at));
        let cap = owner.and_then(|owner| owner.rest.as_mut()?.caps.iter_mut().find(|cap| cap.id == held.cap));
        if let Some(cap) = cap {
            change(cap);
        }
    }
}

impl HeldCap {
    fn is_on(&self, other: &HeldCap) -> bool {
        self.holder == other.holder && self.cap == other.cap
    }

    fn held<'a>(&'a self, customer: &'a str, hold: &Hold) -> Effected<&'a str> {
        Effected::CapHeld(CapHeld {
            holder: &self.holder,
            cap: &self.cap,
            customer,
            hold: hold.number,
            worth: self.worth,
            expires_on: hold.expires_on,
        })
    }

    fn freed<'a>(&'a self, customer: &'a str, hold: u64) -> Effected<&'a str> {
        Effected::CapFreed { holder: &self.holder, cap: &self.cap, customer, hold }
    }
}
