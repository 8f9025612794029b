//! Grants, caps and holds in a customer's record.

use serde_json::Value;

use super::fields::Fields;
use super::{Cap, CapHold, Customer, Grant, HeldCap, Hold, HoldId, Told, check_name};
use crate::engine::{Engine, object};
use crate::error::EngineError;
use crate::limits::{CAPS_MAX, GRANTS_MAX, HOLDS_MAX, NOTIFIED_MAX};
use crate::names::NameId;
use crate::order::sort_by_key;

const GRANT: &str = "grant_";

impl Engine {
    pub(super) fn write_grants(&self, customer: &Customer) -> Value {
        let grants = customer.grants().iter();
        grants.map(|grant| (format!("{GRANT}{}", grant.number), self.write_grant(grant))).collect()
    }

    pub(super) fn write_caps(&self, customer: &Customer) -> Value {
        customer.caps().iter().map(|cap| (cap.id.to_string(), self.write_cap(cap))).collect()
    }

    pub(super) fn write_holds(&self, customer: &Customer) -> Value {
        let live = customer.holds().iter().filter(|hold| self.now.get() < hold.expires_on);
        live.map(|hold| (HoldId::numbered(hold.number).to_string(), self.write_hold(hold))).collect()
    }

    pub(super) fn write_notified(&self, customer: &Customer) -> Value {
        let told = customer.notified().iter().map(|told| {
            Value::from(object([
                ("notification", Value::from(told.notification.as_ref())),
                ("about", Value::from(told.about.as_ref())),
                ("period_start", Value::from(told.period_start)),
            ]))
        });
        told.collect()
    }

    fn write_grant(&self, grant: &Grant) -> Value {
        Value::from(object([
            ("credit", Value::from(self.names.credits.text(grant.credit))),
            ("balance", grant.balance.to_json()),
            ("plan", Value::from(self.names.plans.text(grant.plan))),
            ("topup", Value::from(self.names.topups.text(grant.topup))),
            ("included", Value::from(grant.included)),
            ("start", Value::from(grant.start)),
            ("period_start", Value::from(grant.period_start)),
            ("expires_on", grant.expires_on.into()),
        ]))
    }

    /// A cap with all its state, as a record says it.
    pub(crate) fn write_cap(&self, cap: &Cap) -> Value {
        let mut json = object([("id", Value::from(cap.id.as_ref()))]);
        json.extend(self.cap_terms_fields(&cap.terms));
        json.extend(object([
            ("number", Value::from(cap.number)),
            ("meter_value", cap.counted.to_json()),
            ("start", Value::from(cap.start)),
            ("period_start", Value::from(cap.period_start)),
            ("crossed", Value::from(cap.crossed)),
        ]));
        let live = || cap.holds.iter().filter(|hold| self.now.get() < hold.expires_on);
        if live().next().is_some() {
            let holds = live().map(|hold| {
                Value::from(object([
                    ("customer", Value::from(hold.holder.as_ref())),
                    ("hold", Value::from(hold.number)),
                    ("worth", hold.worth.to_json()),
                    ("expires_on", Value::from(hold.expires_on)),
                ]))
            });
            json.insert("holds".to_string(), holds.collect());
        }
        Value::from(json)
    }

    /// A hold with all its state, as a record says it.
    pub(crate) fn write_hold(&self, hold: &Hold) -> Value {
        let caps = hold.caps.iter().map(|cap| {
            Value::from(object([
                ("customer", Value::from(cap.holder.as_ref())),
                ("cap", Value::from(cap.cap.as_ref())),
                ("worth", cap.worth.to_json()),
            ]))
        });
        Value::from(object([
            ("number", Value::from(hold.number)),
            ("entitlement", Value::from(self.entitlement_name(hold.entitlement))),
            ("caller", Value::from(hold.caller.as_str())),
            ("units", hold.units.to_json()),
            ("consumed", hold.consumed.to_json()),
            ("overhead", hold.overhead.map_or(Value::Null, |overhead| overhead.to_json())),
            ("ttl", Value::from(hold.ttl)),
            ("expires_on", Value::from(hold.expires_on)),
            ("basis", hold.basis.into()),
            ("segment", hold.segment.as_deref().into()),
            ("caps", caps.collect()),
        ]))
    }

    /// Reads a record's grants, caps and holds.
    pub(super) fn read_money(
        &mut self,
        fields: &mut Fields,
        customer: &mut Customer,
    ) -> Result<(), EngineError> {
        for (id, value) in fields.map("grants", GRANTS_MAX)? {
            let path = format!("{}: `grants.{id}`", fields.path);
            let number = id.strip_prefix(GRANT).and_then(|number| number.parse().ok());
            let number =
                number.ok_or_else(|| fields.wrong("grants", "has an ID that isn't `grant_` and a number"))?;
            let grant = self.read_grant(number, Fields::of(&path, &value)?)?;
            customer.rest_mut().grants.push(grant);
            customer.issued_at_least(number);
        }
        for (id, value) in fields.map("caps", CAPS_MAX)? {
            check_name("a cap's ID", &id)?;
            let path = format!("{}: `caps.{id}`", fields.path);
            let cap = self.read_cap(Fields::of(&path, &value)?, Some(&id))?;
            customer.issued_at_least(cap.number);
            customer.rest_mut().caps.push(cap);
        }
        for (id, value) in fields.map("holds", HOLDS_MAX)? {
            let path = format!("{}: `holds.{id}`", fields.path);
            let hold = self.read_hold(Fields::of(&path, &value)?)?;
            customer.issued_at_least(hold.number);
            customer.rest_mut().holds.push(hold);
        }
        let rest = customer.rest_mut();
        sort_by_key(&mut rest.grants, |grant| grant.number);
        sort_by_key(&mut rest.caps, |cap| cap.number);
        sort_by_key(&mut rest.holds, |hold| hold.number);
        Ok(())
    }

    fn read_grant(&mut self, number: u64, mut fields: Fields) -> Result<Grant, EngineError> {
        let balance = fields.amount("balance")?;
        if balance.is_negative() {
            return Err(fields.wrong("balance", "must be at least 0"));
        }
        let start = fields.time("start")?.unwrap_or_else(|| self.now.get());
        let grant = Grant {
            number,
            credit: self.names.credits.intern_brought(&fields.name("credit")?)?,
            plan: self.named_plan_of_record(&fields.name("plan")?)?,
            topup: self.names.topups.intern_brought(&fields.name("topup")?)?,
            included: fields.flag("included")?.unwrap_or(false),
            balance,
            start,
            period_start: fields.time("period_start")?.unwrap_or(start),
            expires_on: fields.time("expires_on")?,
        };
        fields.done()?;
        Ok(grant)
    }

    /// Reads a cap. `id` is the name that it stands under, if it does.
    pub(crate) fn read_cap(&mut self, mut fields: Fields, id: Option<&str>) -> Result<Cap, EngineError> {
        let said = fields.text("id")?;
        let id = id.map(str::to_string).or(said).ok_or_else(|| fields.wrong("id", "is missing"))?;
        // A credit that the policy has no longer is no error: nothing counts in it until it is back.
        let credit = self.names.credits.intern_brought(&fields.name("credit")?)?;
        let value = fields.amount("value")?;
        let terms = self.read_cap_terms(&mut fields, value, credit)?;
        let start = fields.time("start")?.unwrap_or_else(|| self.now.get());
        let mut cap = Cap::new(id.into(), fields.count("number")?, terms, start);
        cap.counted = fields.amount("meter_value")?;
        cap.period_start = fields.time("period_start")?.unwrap_or(start);
        cap.crossed = fields.flag("crossed")?.unwrap_or(false);
        for value in fields.list("holds", HOLDS_MAX)? {
            let mut hold = Fields::of(&format!("{}: a hold", fields.path), &value)?;
            cap.holds.push(CapHold {
                holder: hold.name("customer")?.into(),
                number: hold.count("hold")?,
                worth: hold.amount("worth")?,
                expires_on: hold.time("expires_on")?.unwrap_or_default(),
            });
            hold.done()?;
        }
        fields.done()?;
        Ok(cap)
    }

    /// Reads a hold.
    pub(crate) fn read_hold(&mut self, mut fields: Fields) -> Result<Hold, EngineError> {
        let entitlement: NameId = self.named_entitlement(&fields.name("entitlement")?)?;
        let basis = fields.take("basis").and_then(|basis| basis.as_f64());
        let mut hold = Hold {
            number: fields.count("number")?,
            entitlement,
            caller: fields.name("caller")?.into(),
            units: fields.amount("units")?,
            consumed: fields.amount("consumed")?,
            overhead: fields.amount_or_none("overhead")?,
            ttl: fields.time("ttl")?.unwrap_or_default(),
            expires_on: fields.time("expires_on")?.unwrap_or_default(),
            basis,
            segment: fields.text("segment")?.map(Into::into),
            caps: Vec::new(),
        };
        for value in fields.list("caps", HOLDS_MAX)? {
            let mut cap = Fields::of(&format!("{}: a cap", fields.path), &value)?;
            hold.caps.push(HeldCap {
                holder: cap.name("customer")?.into(),
                cap: cap.name("cap")?.into(),
                worth: cap.amount("worth")?,
            });
            cap.done()?;
        }
        fields.done()?;
        Ok(hold)
    }
}

/// Reads which notifications were sent.
pub(super) fn read_notified(fields: &mut Fields) -> Result<Vec<Told>, EngineError> {
    let mut notified = Vec::new();
    for value in fields.list("notified", NOTIFIED_MAX)? {
        let mut told = Fields::of(&format!("{}: `notified`", fields.path), &value)?;
        notified.push(Told {
            notification: told.name("notification")?.into(),
            about: told.text("about")?.unwrap_or_default().into(),
            period_start: told.time("period_start")?.unwrap_or_default(),
        });
        told.done()?;
    }
    Ok(notified)
}
