//! A customer as plain JSON, and back: `{id, plan, type, label, alt_ids, refs, meters, overrides, grants, caps,
//! metadata}`.
//!
//! Saving and loading a record brings back all state to the last digit: an amount that a double can't carry is written
//! as a string of its digits. Reading is strict, since what a record says becomes what a customer owes: an unknown
//! field, a wrong type or a name that can't exist refuses the record and says where.

use indexmap::IndexMap;
use serde_json::{Map, Value};

use super::{Customer, Meter, Override, Pace, check_name};
use crate::engine::Engine;
use crate::error::EngineError;
use crate::limits::{ALTS_MAX, DECISION_IDS_MAX, METADATA_BYTES_MAX, METERS_MAX, REFS_MAX};
use crate::names::NameId;
use crate::policy::Limit;
use crate::quantity::Amount;
use crate::rules::LimitRules;

/// An object of a record that is being read: what isn't read in the end is an error.
pub(crate) struct Fields {
    path: String,
    left: Map<String, Value>,
}

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
            .overrides
            .iter()
            .map(|own| (entitlement(own.entitlement), write_override(own)))
            .collect();
        let mut record = crate::engine::object([
            ("id", Value::from(customer.id.as_ref())),
            ("plan", Value::from(customer.plan.map_or("", |plan| self.names.plans.text(plan)))),
            ("type", Value::from(self.names.types.text(customer.kind))),
            ("label", Value::from(customer.label.as_ref())),
            ("alt_ids", Value::from(texts(&customer.alts))),
            ("refs", Value::from(texts(&customer.refs))),
            ("meters", Value::from(meters)),
            ("overrides", Value::from(overrides)),
            ("grants", Value::from(Map::new())),
            ("caps", Value::from(Map::new())),
            ("metadata", customer.metadata.clone()),
        ]);
        if !customer.remembered.is_empty() {
            let decisions: Map<String, Value> = customer
                .remembered
                .iter()
                .map(|(id, known)| (id.to_string(), self.write_remembered(known)))
                .collect();
            record.insert("decisions".to_string(), Value::from(decisions));
        }
        Value::from(record)
    }

    /// The customer that a record describes.
    ///
    /// # Errors
    /// `invalid_record`, `invalid_name`, `too_many`, `too_large`, `not_supported_yet`.
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
        for later in ["grants", "caps"] {
            if fields.take(later).is_some_and(|value| !is_empty(&value)) {
                let message = format!("{}: `{later}` can't be loaded by this version", fields.path);
                return Err(EngineError::new("not_supported_yet", message));
            }
        }
        let metadata = fields.take("metadata").unwrap_or_default();
        if metadata.to_string().len() > METADATA_BYTES_MAX {
            let message = format!("{}: `metadata` is over {METADATA_BYTES_MAX} bytes of JSON", fields.path);
            return Err(EngineError::new("too_large", message));
        }
        let mut customer = Customer {
            id: id.into(),
            plan,
            kind,
            label: label.into(),
            alts,
            refs,
            meters: Vec::new(),
            overrides: Vec::new(),
            metadata,
            remembered: IndexMap::new(),
        };
        for (name, value) in fields.map("meters", METERS_MAX)? {
            let entitlement = self.named_entitlement(&name)?;
            customer.put_meter(self.read_meter(&fields.path, &name, entitlement, &value)?);
        }
        for (name, value) in fields.map("overrides", METERS_MAX)? {
            let entitlement = self.named_entitlement(&name)?;
            customer.put_override(self.read_override(&fields.path, &name, entitlement, &value)?);
        }
        for (name, value) in fields.map("decisions", DECISION_IDS_MAX)? {
            check_name("a decision's ID", &name)?;
            let known = self.read_remembered(&fields.path, &name, &value)?;
            customer.remembered.insert(name.into(), known);
        }
        customer.remembered.sort_by(|_, a, _, b| a.at.cmp(&b.at));
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
            entitlement,
            start,
            period_start,
            value: fields.amount("value")?,
            overhead: fields.amount("overhead")?,
            billed,
            pace: Pace {
                rate: fields.number("rate")?,
                acceleration: fields.number("acceleration")?,
                moved_at: fields.time("moved_at")?.unwrap_or_default(),
                moves: u32::try_from(fields.time("moves")?.unwrap_or_default()).unwrap_or(u32::MAX),
            },
            spent: fields.amount("governor_spent")?.max(Amount::ZERO),
            spent_at: fields.time("governor_spent_at")?.unwrap_or(period_start),
        };
        fields.done()?;
        Ok(meter)
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
    Value::from(crate::engine::object([
        ("value", meter.value.to_json()),
        ("start", Value::from(meter.start)),
        ("period_start", Value::from(meter.period_start)),
        ("overhead", meter.overhead.to_json()),
        ("billed", meter.billed.to_json()),
        ("rate", Value::from(meter.pace.rate)),
        ("acceleration", Value::from(meter.pace.acceleration)),
        ("moved_at", Value::from(meter.pace.moved_at)),
        ("moves", Value::from(meter.pace.moves)),
        ("governor_spent", meter.spent.to_json()),
        ("governor_spent_at", Value::from(meter.spent_at)),
    ]))
}

fn write_override(own: &Override) -> Value {
    let mut fields = own.limit.to_json();
    if let (Value::Object(fields), Some(end)) = (&mut fields, own.expires_on) {
        fields.insert("expires_on".to_string(), Value::from(end));
    }
    fields
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(list) => list.is_empty(),
        Value::Object(map) => map.is_empty(),
        _ => false,
    }
}

impl Fields {
    pub(crate) fn of(path: &str, value: &Value) -> Result<Fields, EngineError> {
        match value {
            Value::Object(fields) => Ok(Fields { path: path.to_string(), left: fields.clone() }),
            _ => Err(EngineError::new("invalid_record", format!("{path} must be an object"))),
        }
    }

    /// The field, unless it is missing or null.
    pub(crate) fn take(&mut self, name: &str) -> Option<Value> {
        self.left.remove(name).filter(|value| !value.is_null())
    }

    pub(crate) fn text(&mut self, name: &str) -> Result<Option<String>, EngineError> {
        match self.take(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(self.wrong(name, "must be text")),
        }
    }

    /// A whole number, such as a time in milliseconds.
    pub(crate) fn time(&mut self, name: &str) -> Result<Option<i64>, EngineError> {
        match self.take(name) {
            None => Ok(None),
            Some(value) => match whole(&value) {
                Some(whole) => Ok(Some(whole)),
                None => Err(self.wrong(name, "must be a whole number")),
            },
        }
    }

    pub(crate) fn number(&mut self, name: &str) -> Result<f64, EngineError> {
        match self.take(name) {
            None => Ok(0.0),
            Some(value) => value.as_f64().ok_or_else(|| self.wrong(name, "must be a number")),
        }
    }

    pub(crate) fn amount(&mut self, name: &str) -> Result<Amount, EngineError> {
        Ok(self.amount_or_none(name)?.unwrap_or_default())
    }

    pub(crate) fn amount_or_none(&mut self, name: &str) -> Result<Option<Amount>, EngineError> {
        let amount = match self.take(name) {
            None => return Ok(None),
            Some(Value::Number(number)) => number.as_f64().map(Amount::from_f64),
            Some(Value::String(text)) => Some(Amount::parse(&text)),
            Some(_) => None,
        };
        match amount {
            Some(Ok(amount)) => Ok(Some(amount)),
            _ => Err(self.wrong(name, "must be an amount: a number, or text of its digits")),
        }
    }

    fn names(&mut self, name: &str, most: usize) -> Result<Vec<Box<str>>, EngineError> {
        let list = match self.take(name) {
            None => return Ok(Vec::new()),
            Some(Value::Array(list)) => list,
            Some(_) => return Err(self.wrong(name, "must be a list of names")),
        };
        if list.len() > most {
            let message = format!("{}: `{name}` has {} names; {most} is the most", self.path, list.len());
            return Err(EngineError::new("too_many", message));
        }
        let mut names: Vec<Box<str>> = Vec::with_capacity(list.len());
        for item in list {
            let Value::String(text) = item else { return Err(self.wrong(name, "must be a list of names")) };
            check_name(&format!("a name in `{name}`"), &text)?;
            names.push(text.into());
        }
        Ok(names)
    }

    fn map(&mut self, name: &str, most: usize) -> Result<Map<String, Value>, EngineError> {
        match self.take(name) {
            None => Ok(Map::new()),
            Some(Value::Object(map)) if map.len() <= most => Ok(map),
            Some(Value::Object(map)) => {
                let message =
                    format!("{}: `{name}` has {} entries; {most} is the most", self.path, map.len());
                Err(EngineError::new("too_many", message))
            }
            Some(Value::Array(list)) if list.is_empty() => Ok(Map::new()),
            Some(_) => Err(self.wrong(name, "must be an object keyed by name")),
        }
    }

    /// Refuses what nobody asked for.
    pub(crate) fn done(self) -> Result<(), EngineError> {
        match self.left.keys().next() {
            Some(name) => Err(self.wrong(name, "is no field of a record")),
            None => Ok(()),
        }
    }

    pub(crate) fn wrong(&self, name: &str, problem: &str) -> EngineError {
        EngineError::new("invalid_record", format!("{}: `{name}` {problem}", self.path))
    }
}

/// A whole number, however JSON spelled it.
fn whole(value: &Value) -> Option<i64> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    value.as_i64().or_else(|| {
        let number = value.as_f64()?;
        (number.fract() == 0.0 && number.abs() <= EXACT).then_some(number as i64)
    })
}
