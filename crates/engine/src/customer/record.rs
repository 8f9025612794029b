//! A customer as plain JSON, and back: `{id, plan, type, label, alt_ids, refs, meters, overrides, grants, caps,
//! metadata}`.
//!
//! Saving and loading a record brings back all state to the last digit: an amount that a double can't carry is written
//! as a string of its digits. Reading is strict, since what a record says becomes what a customer owes: an unknown
//! field, a wrong type or a name that can't exist refuses the record and says where.

use serde_json::{Map, Value};

use super::fields::Fields;
use super::record_money::read_notified;
use super::{Customer, Meter, Override, Pace, Rest, Sums, check_name};
use crate::engine::Engine;
use crate::error::EngineError;
use crate::limits::{
    ALTS_MAX, DECISION_IDS_MAX, ESTIMATE_SEGMENTS_OF_CUSTOMER_MAX, METADATA_BYTES_MAX, METERS_MAX, REFS_MAX,
};
use crate::names::NameId;
use crate::policy::Limit;
use crate::quantity::Amount;
use crate::rules::LimitRules;

impl Engine {
    /// The record of a customer.
    pub(crate) fn write_record(&self, customer: &Customer) -> Value {
        let entitlement = |id: NameId| self.names.entitlements.text(id).to_string();
        let texts =
            |list: &[Box<str>]| list.iter().map(|text| Value::from(text.as_ref())).collect::<Vec<_>>();
        let meters: Map<String, Value> = customer
            .meters
            .iter()
            .map(|meter| (entitlement(meter.entitlement), write_meter(meter)))
            .collect();
        let overrides: Map<String, Value> = customer
            .overrides()
            .iter()
            .map(|own| (entitlement(own.entitlement), write_override(own)))
            .collect();
        let mut record = crate::engine::object([
            ("id", Value::from(customer.id.as_str())),
            ("plan", Value::from(customer.plan.map_or("", |plan| self.names.plans.text(plan)))),
            ("type", Value::from(self.names.types.text(customer.kind))),
            ("label", Value::from(customer.label())),
            ("alt_ids", Value::from(texts(customer.alts()))),
            ("refs", Value::from(texts(&customer.refs))),
            ("meters", Value::from(meters)),
            ("overrides", Value::from(overrides)),
            ("grants", self.write_grants(customer)),
            ("caps", self.write_caps(customer)),
            ("metadata", customer.metadata().clone()),
        ]);
        if customer.holds().iter().any(|hold| self.now.get() < hold.expires_on) {
            record.insert("holds".to_string(), self.write_holds(customer));
        }
        if !customer.notified().is_empty() {
            record.insert("notified".to_string(), self.write_notified(customer));
        }
        if let Some(estimates) = customer.estimates() {
            record.insert("estimates".to_string(), self.write_estimates(estimates));
        }
        if customer.issued() > 0 {
            record.insert("issued".to_string(), Value::from(customer.issued()));
        }
        let remembered = customer.remembered(self.now.get());
        let decisions: Map<String, Value> =
            remembered.map(|(id, known)| (id.to_string(), self.write_remembered(known))).collect();
        if !decisions.is_empty() {
            record.insert("decisions".to_string(), Value::from(decisions));
        }
        Value::from(record)
    }

    /// The customer that a record describes.
    ///
    /// # Errors
    /// `invalid_record`, `invalid_name`, `too_many`, `too_large`; what a cap that can't be is refused for.
    pub(crate) fn read_record(&mut self, record: &Value) -> Result<Customer, EngineError> {
        let mut fields = Fields::of("record", record)?;
        let id =
            fields.text("id")?.ok_or_else(|| fields.wrong("id", "is missing: it is the customer's ID"))?;
        check_name("a customer ID", &id)?;
        fields.path = format!("record `{id}`");
        let plan = self.stored_plan(fields.text("plan")?.as_deref().unwrap_or_default())?;
        let kind = self.intern_type(fields.text("type")?.as_deref().unwrap_or("user"))?;
        let label = fields.text("label")?.unwrap_or_else(|| "User".to_string());
        let alts = fields.names("alt_ids", ALTS_MAX)?;
        let refs = fields.names("refs", REFS_MAX)?;
        let metadata = fields.take("metadata").unwrap_or_default();
        if metadata.to_string().len() > METADATA_BYTES_MAX {
            let message = format!("{}: `metadata` is over {METADATA_BYTES_MAX} bytes of JSON", fields.path);
            return Err(EngineError::new("too_large", message));
        }
        let mut customer = Customer::new(id.into(), plan, kind);
        customer.refs = refs.into();
        customer.rest = Some(Box::new(Rest {
            label: label.into(),
            alts,
            notified: read_notified(&mut fields)?,
            estimates: self.read_estimates(&mut fields, ESTIMATE_SEGMENTS_OF_CUSTOMER_MAX)?,
            issued: fields.count("issued")?,
            metadata,
            ..Rest::default()
        }));
        for (name, value) in fields.map("meters", METERS_MAX)? {
            let entitlement = self.named_entitlement(&name)?;
            customer.put_meter(self.read_meter(&fields.path, &name, entitlement, &value)?);
        }
        for (name, value) in fields.map("overrides", METERS_MAX)? {
            let entitlement = self.named_entitlement(&name)?;
            customer.put_override(self.read_override(&fields.path, &name, entitlement, &value)?);
        }
        self.read_money(&mut fields, &mut customer)?;
        for (name, value) in fields.map("decisions", DECISION_IDS_MAX)? {
            check_name("a decision's ID", &name)?;
            let known = self.read_remembered(&fields.path, &name, &value)?;
            customer.rest_mut().remembered.insert(name.into(), known);
        }
        customer.rest_mut().remembered.sort_by(|_, a, _, b| a.at.cmp(&b.at));
        customer.drop_empty_rest();
        fields.done()?;
        Ok(customer)
    }

    /// A stored plan may be one that the policy has no longer: it is kept, and gives nothing until it is back.
    fn stored_plan(&mut self, plan: &str) -> Result<Option<NameId>, EngineError> {
        if plan.is_empty() {
            return Ok(None);
        }
        self.named_plan_of_record(plan).map(Some)
    }

    pub(crate) fn named_entitlement(&mut self, name: &str) -> Result<NameId, EngineError> {
        check_name("an entitlement", name)?;
        self.names.entitlements.intern_brought(name)
    }

    pub(crate) fn named_plan_of_record(&mut self, name: &str) -> Result<NameId, EngineError> {
        check_name("a plan", name)?;
        self.names.plans.intern_brought(name)
    }

    fn read_meter(
        &self,
        path: &str,
        name: &str,
        entitlement: NameId,
        value: &Value,
    ) -> Result<Meter, EngineError> {
        let mut fields = Fields::of(&format!("{path}: `meters.{name}`"), value)?;
        let start = fields.time("start")?.unwrap_or_else(|| self.now.get());
        let period_start = fields.time("period_start")?.unwrap_or(start);
        let billed = fields.amount("billed")?;
        if billed.is_negative() {
            return Err(fields.wrong("billed", "must be at least 0"));
        }
        let meter = Meter {
            period_start,
            value: fields.amount("value")?,
            pace: Pace {
                rate: fields.number("rate")?,
                acceleration: fields.number("acceleration")?,
                moved_at: fields.time("moved_at")?.unwrap_or_default(),
                moves: u32::try_from(fields.time("moves")?.unwrap_or_default()).unwrap_or(u32::MAX),
            },
            ..Meter::new(entitlement, start)
        };
        let sums = Sums {
            overhead: fields.amount("overhead")?,
            billed,
            granted: fields.amount("granted")?.max(Amount::ZERO),
            spent: fields.amount("governor_spent")?.max(Amount::ZERO),
            spent_at: fields.time("governor_spent_at")?.unwrap_or(period_start),
        };
        fields.done()?;
        Ok(meter.with_sums(sums))
    }

    fn read_override(
        &mut self,
        path: &str,
        name: &str,
        entitlement: NameId,
        value: &Value,
    ) -> Result<Override, EngineError> {
        let mut fields = Fields::of(&format!("{path}: `overrides.{name}`"), value)?;
        let expires_on = fields.time("expires_on")?;
        // As it was saved: one that the policy can't run any more waits, as it would in an engine that went on running.
        let limit = Limit::restored(&fields.left)
            .map_err(|diagnostics| EngineError::refused_part(&fields.path, diagnostics))?;
        let rules = LimitRules::compile(&limit, &self.rules.policy, &mut self.names).ok().map(Box::new);
        Ok(Override { entitlement, limit, rules, expires_on })
    }
}

pub(crate) fn write_meter(meter: &Meter) -> Value {
    let sums = meter.sums();
    let mut record = crate::engine::object([
        ("value", meter.value.to_json()),
        ("start", Value::from(meter.start)),
        ("period_start", Value::from(meter.period_start)),
        ("overhead", sums.overhead.to_json()),
        ("billed", sums.billed.to_json()),
        ("granted", sums.granted.to_json()),
        ("rate", Value::from(meter.pace.rate)),
        ("acceleration", Value::from(meter.pace.acceleration)),
        ("moved_at", Value::from(meter.pace.moved_at)),
        ("moves", Value::from(meter.pace.moves)),
        ("governor_spent", sums.spent.to_json()),
    ]);
    if !sums.spent.is_zero() {
        record.insert("governor_spent_at".to_string(), Value::from(sums.spent_at));
    }
    Value::from(record)
}

fn write_override(own: &Override) -> Value {
    let mut fields = own.limit.to_json();
    if let (Value::Object(fields), Some(end)) = (&mut fields, own.expires_on) {
        fields.insert("expires_on".to_string(), Value::from(end));
    }
    fields
}
