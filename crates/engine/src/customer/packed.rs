//! A customer as bytes, for a store: identity and meters in a form of their own, since most customers are nothing else, and
//! the rest as the JSON of its record. Names are spelled out, so that bytes mean the same in every engine.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Customer, Meter, Pace, Profile, Sums, check_name, fresh};
use crate::change::codec;
use crate::engine::Engine;
use crate::error::EngineError;
use crate::quantity::Amount;

/// Fields of a record that stand in bytes of their own.
const APART: [&str; 8] = ["id", "plan", "type", "label", "alt_ids", "refs", "meters", "issued"];

/// What is written of a customer. Fields are known by their order.
#[derive(Serialize, Deserialize)]
struct Packed<'a> {
    id: &'a str,
    plan: &'a str,
    kind: &'a str,
    label: &'a str,
    issued: u64,
    #[serde(borrow)]
    alts: Vec<&'a str>,
    #[serde(borrow)]
    refs: Vec<&'a str>,
    #[serde(borrow)]
    meters: Vec<PackedMeter<'a>>,
    /// The rest of the record as JSON text; empty where there is none.
    rest: &'a str,
}

#[derive(Serialize, Deserialize)]
struct PackedMeter<'a> {
    entitlement: &'a str,
    start: i64,
    period_start: i64,
    value: Amount,
    overhead: Amount,
    billed: Amount,
    granted: Amount,
    pace: Pace,
    spent: Amount,
    spent_at: i64,
}

/// The ID of the customer that bytes describe.
pub fn packed_id(bytes: &[u8]) -> Option<&str> {
    postcard::take_from_bytes::<&str>(bytes).ok().map(|(id, _)| id)
}

impl Engine {
    /// Adds a customer's bytes to `bytes`; whether there is such a customer. `id` is its own, not an alternative one.
    pub fn pack_customer(&self, id: &str, bytes: &mut Vec<u8>) -> bool {
        let customer = self.customers.find(id).and_then(|at| self.customers.get(at));
        let Some(customer) = customer.filter(|customer| *customer.id == *id) else { return false };
        let rest = match customer.is_said_by_profile() {
            true => String::new(),
            false => self.rest_of(customer),
        };
        let names = &self.names;
        let packed = Packed {
            id: &customer.id,
            plan: customer.plan.map_or("", |plan| names.plans.text(plan)),
            kind: names.types.text(customer.kind),
            label: customer.label(),
            issued: customer.issued(),
            alts: customer.alts().iter().map(AsRef::as_ref).collect(),
            refs: customer.refs.iter().map(AsRef::as_ref).collect(),
            meters: customer.meters.iter().map(|meter| self.packed_meter(meter)).collect(),
            rest: &rest,
        };
        codec::extend(bytes, &packed)
    }

    /// Adds the customer that bytes describe.
    ///
    /// # Errors
    /// `invalid_record` where they describe none, or one that is there.
    pub fn unpack_customer(&mut self, bytes: &[u8]) -> Result<(), EngineError> {
        let wrong =
            |problem: &str| EngineError::new("invalid_record", format!("a stored customer {problem}"));
        let packed: Packed<'_> =
            postcard::from_bytes(bytes).map_err(|error| wrong(&format!("can't be read: {error}")))?;
        check_name("a customer ID", packed.id)?;
        if self.customers.find(packed.id).is_some() {
            return Err(wrong(&format!("is there twice: `{}`", packed.id)));
        }
        let plan = (!packed.plan.is_empty()).then(|| self.named_plan_of_record(packed.plan)).transpose()?;
        let kind = self.intern_type(packed.kind)?;
        let mut customer = match packed.rest.is_empty() {
            true => fresh(packed.id, plan, kind, &Profile::default()),
            false => self.with_rest(packed.id, packed.rest)?,
        };
        (customer.plan, customer.kind) = (plan, kind);
        customer.set_label(packed.label);
        customer.refs = packed.refs.into_iter().map(Into::into).collect();
        if !packed.alts.is_empty() {
            customer.rest_mut().alts = packed.alts.into_iter().map(Into::into).collect();
        }
        customer.issued_at_least(packed.issued);
        customer.meters.reserve_exact(packed.meters.len());
        for meter in packed.meters {
            let meter = self.unpacked_meter(&meter)?;
            customer.put_meter(meter);
        }
        self.customers.insert(customer);
        Ok(())
    }

    /// Forgets a customer as if it had never been: nothing is noted and nobody else is touched.
    pub fn drop_customer(&mut self, id: &str) {
        if let Some(at) = self.customers.find(id) {
            self.customers.remove(at);
        }
    }

    fn packed_meter(&self, meter: &Meter) -> PackedMeter<'_> {
        let sums = meter.sums();
        PackedMeter {
            entitlement: self.names.entitlements.text(meter.entitlement),
            start: meter.start,
            period_start: meter.period_start,
            value: meter.value,
            overhead: sums.overhead,
            billed: sums.billed,
            granted: sums.granted,
            pace: meter.pace,
            spent: sums.spent,
            spent_at: sums.spent_at,
        }
    }

    fn unpacked_meter(&mut self, packed: &PackedMeter<'_>) -> Result<Meter, EngineError> {
        let entitlement = self.named_entitlement(packed.entitlement)?;
        let PackedMeter { overhead, billed, granted, spent, spent_at, .. } = *packed;
        let meter = Meter {
            period_start: packed.period_start,
            value: packed.value,
            pace: packed.pace,
            ..Meter::new(entitlement, packed.start)
        };
        Ok(meter.with_sums(Sums { overhead, billed, granted, spent, spent_at }))
    }

    fn rest_of(&self, customer: &Customer) -> String {
        let mut record = self.write_record(customer);
        if let Value::Object(fields) = &mut record {
            fields.retain(|name, _| !APART.contains(&name.as_str()));
        }
        record.to_string()
    }

    fn with_rest(&mut self, id: &str, rest: &str) -> Result<Customer, EngineError> {
        let wrong =
            || EngineError::new("invalid_record", format!("the stored customer `{id}` can't be read"));
        let mut record: Value = serde_json::from_str(rest).map_err(|_| wrong())?;
        let fields = record.as_object_mut().ok_or_else(wrong)?;
        fields.insert("id".to_string(), id.into());
        self.read_record(&record)
    }
}
