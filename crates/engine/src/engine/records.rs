//! Saving and loading customers as records.

use serde_json::{Map, Value};

use crate::change::Effected;
use crate::customer::{Customer, CustomerId};
use crate::engine::Engine;
use crate::error::EngineError;
use crate::limits::PAGE_MAX;

/// A page of customer records.
#[derive(Clone, Debug, PartialEq)]
pub struct Page {
    /// Records, keyed by ID.
    pub records: Map<String, Value>,
    /// Where the next page begins; `None`: this was the last.
    pub next: Option<u32>,
}

impl Engine {
    /// Replaces a customer by a saved record, or adds it.
    ///
    /// # Errors
    /// `invalid_record` with the field's path, `id_taken`, `invalid_name`, `too_many`. Nothing changes
    /// then. A plan that the policy has no longer is no error: it gives nothing until it is back.
    pub fn set_customer(&mut self, now: i64, record: &Value, events: bool) -> Result<(), EngineError> {
        self.load_customers(now, std::slice::from_ref(record), events).map(|_| ())
    }

    /// Loads saved records: all of them or, where one is refused, none. Answers how many.
    ///
    /// # Errors
    /// As [`Engine::set_customer`].
    pub fn load_customers(
        &mut self,
        now: i64,
        records: &[Value],
        events: bool,
    ) -> Result<usize, EngineError> {
        let now = self.observe(now);
        self.outbox.check_room_for(records.len(), events)?;
        let mut replaced: Vec<(CustomerId, Option<Customer>)> = Vec::with_capacity(records.len());
        for record in records {
            match self.replace(record) {
                Ok(done) => replaced.push(done),
                Err(error) => {
                    for (at, previous) in replaced.into_iter().rev() {
                        self.take_out(at);
                        previous.map(|customer| self.bring_in(customer));
                    }
                    return Err(error);
                }
            }
        }
        for (at, previous) in &replaced {
            self.record_replaced(now, *at, previous.as_ref());
            if let Some(previous) = previous {
                self.forget_missing(now, *at, previous);
            }
            if events {
                self.tell_customer("customer-set", *at);
            }
        }
        Ok(records.len())
    }

    /// Notes a customer as it stands, in place of `previous`.
    fn record_replaced(&mut self, now: i64, at: CustomerId, previous: Option<&Customer>) {
        let Some(record) = self.outbox.recording.then(|| self.record_at(at)).flatten() else { return };
        let Some(customer) = self.customers.get(at) else { return };
        self.outbox.record(now, || Effected::CustomerReplaced { holder: &*customer.id, record });
        self.record_on_caps(now, previous, at);
    }

    /// Puts the customer of a record in place of the one with its ID, which is handed back.
    fn replace(&mut self, record: &Value) -> Result<(CustomerId, Option<Customer>), EngineError> {
        let customer = self.read_record(record)?;
        self.check_replacement(&customer)?;
        let previous = self.customers.find(&customer.id).and_then(|at| self.take_out(at));
        Ok((self.bring_in(customer), previous))
    }

    /// Takes caps that the customer at `at` had before it was replaced, and has no longer, off the holds that they stood on.
    fn forget_missing(&mut self, now: i64, at: CustomerId, previous: &Customer) {
        for cap in previous.caps() {
            let kept = self.customers.get(at).and_then(|customer| customer.cap(&cap.id));
            if kept.is_none_or(|(_, kept)| kept.terms.credit != cap.terms.credit) {
                self.forget_cap(now, &previous.id, cap);
            }
        }
    }

    /// The IDs of all customers, in no particular order.
    pub fn customer_ids(&self) -> impl Iterator<Item = &str> {
        self.customers.iter().map(|customer| &*customer.id)
    }

    /// The record of the customer that answers to `id`.
    pub fn customer_record(&self, id: &str) -> Option<Value> {
        self.record_at(self.customers.find(id)?)
    }

    /// The records of all customers, keyed by ID.
    pub fn customer_records(&self) -> Map<String, Value> {
        self.customers.iter().map(|customer| (customer.id.to_string(), self.write_record(customer))).collect()
    }

    /// Records of up to `count` customers (10,000 at the most) from place `from` on.
    pub fn customer_page(&self, from: u32, count: usize) -> Page {
        let (customers, next) = self.customers.page(from, count.min(PAGE_MAX));
        let records = customers.into_iter().map(|c| (c.id.to_string(), self.write_record(c))).collect();
        Page { records, next }
    }

    pub(super) fn seed_customers(&mut self, seeds: &Map<String, Value>) -> Result<(), EngineError> {
        let now = self.now.get();
        for (id, seed) in seeds {
            let mut record = seed.clone();
            if let Value::Object(fields) = &mut record {
                fields.entry("id").or_insert_with(|| Value::from(id.as_str()));
            }
            self.named_plan(record.get("plan").and_then(Value::as_str).unwrap_or_default())?;
            self.set_customer(now, &record, false)?;
        }
        // Only now: what a member's meters are may come from an org that stands after it.
        for id in seeds.keys() {
            if let Some(at) = self.customers.find(id) {
                self.start_meters(now, at, false);
                self.follow_plan(now, at);
            }
        }
        Ok(())
    }

    /// Refuses a record whose IDs belong to others.
    fn check_replacement(&self, customer: &Customer) -> Result<(), EngineError> {
        if let Some(holder) = self.customer(&customer.id)
            && holder.id != customer.id
        {
            let message = format!("`{}` is an alternative ID of `{}`", customer.id, holder.id);
            return Err(EngineError::new("id_taken", message));
        }
        let alts: Vec<String> = customer.alts().iter().map(ToString::to_string).collect();
        self.customers.check_alts(&customer.id, &alts)
    }

    pub(crate) fn record_at(&self, at: CustomerId) -> Option<Value> {
        self.customers.get(at).map(|customer| self.write_record(customer))
    }
}
