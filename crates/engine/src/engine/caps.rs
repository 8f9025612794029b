//! Caps: adding, reading, resetting and removing them.

use serde_json::{Map, Value};
use smol_str::SmolStr;

use super::object;
use crate::change::Effected;
use crate::customer::{Cap, CapTerms, CustomerId, Fields, check_name};
use crate::decide::Given;
use crate::engine::Engine;
use crate::error::EngineError;
use crate::limits::CAPS_MAX;
use crate::names::NameId;
use crate::quantity::{Amount, Duration, Quantity, Schedule};
use crate::shares::issue;

impl Engine {
    /// Gives a customer a cap of `value` in the credit that `options` name (`rune` unless they do), and answers its ID;
    /// `None` where there is no such customer. A cap with an ID that the customer has is said anew: it keeps what it has
    /// counted, if it counts in the same credit. Event `customer-cap-added`.
    ///
    /// # Errors
    /// `unknown_credit`, `invalid_value`, `unit_mismatch`, `unknown_unit`, `bad_duration`, `bad_schedule`, `two_reset_kinds`,
    /// `invalid_argument` for an option that is none or has a wrong type, `invalid_name`, `too_many`. Nothing changes then.
    pub fn add_cap(
        &mut self,
        now: i64,
        customer: &str,
        value: Given<'_>,
        options: &Map<String, Value>,
    ) -> Result<Option<String>, EngineError> {
        let now = self.observe(now);
        self.outbox.check_room()?;
        let mut fields = Fields::options("a cap", options);
        let id = fields.text("cap_id")?;
        if let Some(id) = &id {
            check_name("a cap's ID", id)?;
        }
        let credit = self.cap_credit(fields.text("credit")?.as_deref().unwrap_or("rune"))?;
        let value = match value {
            Given::Number(number) => Amount::from_f64(number)?,
            Given::Text(text) => Quantity::parse(text)?.in_unit(self.unit_of(credit))?,
        };
        let terms = self.read_cap_terms(&mut fields, value, credit)?;
        fields.done()?;
        let Some(at) = self.customers.find(customer) else { return Ok(None) };
        let Some(holder) = self.customers.get_mut(at) else { return Ok(None) };
        let known = id.as_deref().and_then(|id| holder.cap(id));
        if known.is_none() && holder.caps().len() >= CAPS_MAX {
            let message = format!("`{customer}` has {CAPS_MAX} caps, which is the most: remove one first");
            return Err(EngineError::new("too_many", message));
        }
        let place = known.map(|(place, cap)| (place, cap.number));
        let (id, number) = match (id, place) {
            (Some(id), Some((_, number))) => (id, number),
            (Some(id), None) => (id, issue(&mut self.shares, holder)),
            (None, _) => loop {
                let number = issue(&mut self.shares, holder);
                let id = format!("cap_{number}");
                if holder.cap(&id).is_none() {
                    break (id, number);
                }
            },
        };
        let shown = terms.send_events;
        let cap = Cap::new(id.as_str().into(), number, terms, now);
        let replaced = self.customers.change_caps(at, |caps| {
            match place.and_then(|(place, _)| caps.get_mut(place)) {
                Some(before) if before.terms.credit == cap.terms.credit => before.say_anew(cap.terms),
                Some(before) => return Some(std::mem::replace(before, cap)),
                None => caps.push(cap),
            }
            None
        });
        self.record_cap(now, at, &id);
        if let Some(Some(replaced)) = replaced {
            self.forget_cap(now, &self.id_at(at), &replaced); // what holds were worth to it was in another credit
        }
        if shown {
            self.tell_cap(now, "customer-cap-added", at, &id);
        }
        Ok(Some(id))
    }

    /// A customer's cap as it stands now, with `meter_value` as what it has counted; `None` if there is none.
    pub fn cap(&self, now: i64, customer: &str, cap: &str) -> Option<Value> {
        let now = self.observe(now);
        let (_, cap) = self.customer(customer)?.cap(cap).filter(|(_, cap)| cap.terms.is_live(now))?;
        Some(self.cap_json(now, cap))
    }

    /// Lets a cap count from 0 again; whether there is one. Event `customer-cap-reset`.
    ///
    /// # Errors
    /// `outbox_full`.
    pub fn reset_cap(&mut self, now: i64, customer: &str, cap: &str) -> Result<bool, EngineError> {
        let now = self.observe(now);
        self.outbox.check_room()?;
        let Some(at) = self.customers.find(customer) else { return Ok(false) };
        let reset = self.customers.change_caps(at, |caps| {
            let found = caps.iter_mut().find(|known| *known.id == *cap)?;
            (found.counted, found.crossed) = (Amount::ZERO, false);
            Some(found.terms.send_events)
        });
        let Some(Some(shown)) = reset else { return Ok(false) };
        let holder = self.id_at(at);
        self.outbox.record(now, || Effected::CapReset { holder: &*holder, cap });
        if shown {
            self.tell_cap(now, "customer-cap-reset", at, cap);
        }
        Ok(true)
    }

    /// Removes a cap; whether there was one. Event `customer-cap-removed`.
    ///
    /// # Errors
    /// `outbox_full`.
    pub fn remove_cap(&mut self, now: i64, customer: &str, cap: &str) -> Result<bool, EngineError> {
        let now = self.observe(now);
        self.outbox.check_room()?;
        let Some(at) = self.customers.find(customer) else { return Ok(false) };
        let removed = self.customers.change_caps(at, |caps| {
            let place = caps.iter().position(|known| *known.id == *cap)?;
            Some(caps.remove(place))
        });
        let Some(Some(removed)) = removed else { return Ok(false) };
        let holder = self.id_at(at);
        self.outbox.record(now, || Effected::CapRemoved { holder: &*holder, cap });
        self.forget_cap(now, &holder, &removed);
        if removed.terms.send_events {
            self.tell("customer-cap-removed", |engine| engine.cap_told(at, engine.cap_json(now, &removed)));
        }
        Ok(true)
    }

    /// What options say of a cap of `value` in `credit`.
    pub(crate) fn read_cap_terms(
        &mut self,
        fields: &mut Fields,
        value: Amount,
        credit: NameId,
    ) -> Result<CapTerms, EngineError> {
        if value.is_negative() {
            return Err(EngineError::new("invalid_value", format!("a cap is at least 0, not `{value}`")));
        }
        let exchangeable = fields.flag("exchangeable")?.unwrap_or(self.rules.rates.is_currency(credit));
        let mut terms = CapTerms::plain(value, credit, exchangeable);
        terms.ignore_grants = fields.flag("ignore_grants")?.unwrap_or(false);
        terms.overage_only = fields.flag("overage_only")?.unwrap_or(false);
        terms.observe_only = fields.flag("observe_only")?.unwrap_or(false);
        terms.overhead_cost = fields.flag("overhead_cost")?.unwrap_or(false);
        terms.follow_decrements = fields.flag("follow_decrements")?.unwrap_or(false);
        terms.hard_trailing = fields.flag("hard_trailing")?.unwrap_or(false);
        terms.shared = fields.flag("shared")?.unwrap_or(false);
        for name in fields.names("shared_with", CAPS_MAX)? {
            terms.shared_with.push(self.intern_type(&name)?);
        }
        for name in fields.names("scope", CAPS_MAX)? {
            terms.scope.push(self.named_entitlement(&name)?);
        }
        terms.resets = fields.flag("resets")?.unwrap_or(false);
        terms.reset_inc = fields.duration("reset_inc")?;
        let schedule = fields.text("reset_sch")?.map(|text| Schedule::parse(&text));
        terms.reset_sch =
            schedule.transpose().map_err(|error| EngineError::new("bad_schedule", error.to_string()))?;
        terms.expires_on = fields.time("expires_on")?;
        terms.send_events = fields.flag("send_events")?.unwrap_or(true);
        check_resets(&terms)?;
        Ok(terms)
    }

    /// A cap at `now` as a read shows it. Amounts are the nearest doubles.
    pub(crate) fn cap_json(&self, now: i64, cap: &Cap) -> Value {
        let view = cap.view(now);
        let mut json = object([("id", Value::from(cap.id.as_ref()))]);
        json.extend(self.cap_terms_fields(&cap.terms));
        json.extend(object([
            ("value", Value::from(cap.terms.value.to_f64())),
            ("meter_value", Value::from(view.counted.to_f64())),
            ("held", Value::from(cap.held(now).to_f64())),
            ("start", Value::from(cap.start)),
            ("period_start", Value::from(view.period.start)),
            ("resets_at", (view.period.end != i64::MAX).then_some(view.period.end).into()),
        ]));
        Value::from(json)
    }

    /// What a cap says, as JSON.
    pub(crate) fn cap_terms_json(&self, terms: &CapTerms) -> Value {
        Value::from(self.cap_terms_fields(terms))
    }

    pub(crate) fn cap_terms_fields(&self, terms: &CapTerms) -> Map<String, Value> {
        let texts = |ids: &[NameId], text: &dyn Fn(NameId) -> String| {
            Value::from(ids.iter().map(|id| Value::from(text(*id))).collect::<Vec<_>>())
        };
        object([
            ("credit", Value::from(self.names.credits.text(terms.credit))),
            ("value", terms.value.to_json()),
            ("exchangeable", Value::from(terms.exchangeable)),
            ("ignore_grants", Value::from(terms.ignore_grants)),
            ("overage_only", Value::from(terms.overage_only)),
            ("observe_only", Value::from(terms.observe_only)),
            ("overhead_cost", Value::from(terms.overhead_cost)),
            ("follow_decrements", Value::from(terms.follow_decrements)),
            ("hard_trailing", Value::from(terms.hard_trailing)),
            ("shared", Value::from(terms.shared)),
            ("shared_with", texts(&terms.shared_with, &|id| self.names.types.text(id).to_string())),
            ("scope", texts(&terms.scope, &|id| self.names.entitlements.text(id).to_string())),
            ("resets", Value::from(terms.resets)),
            ("reset_inc", terms.reset_inc.map(Duration::as_millis).into()),
            ("reset_sch", terms.reset_sch.as_ref().map(ToString::to_string).into()),
            ("expires_on", terms.expires_on.into()),
            ("send_events", Value::from(terms.send_events)),
        ])
    }

    /// Notes a cap as it stands.
    pub(crate) fn record_cap(&mut self, now: i64, at: CustomerId, id: &str) {
        if !self.outbox.recording {
            return;
        }
        let Some((_, cap)) = self.customers.get(at).and_then(|holder| holder.cap(id)) else { return };
        let (holder, cap) = (self.id_at(at), self.write_cap(cap));
        self.outbox.record(now, || Effected::CapSet { holder: &*holder, cap });
    }

    pub(crate) fn id_at(&self, at: CustomerId) -> SmolStr {
        self.customers.get(at).map_or_else(SmolStr::default, |customer| customer.id.clone())
    }

    fn tell_cap(&mut self, now: i64, kind: &'static str, at: CustomerId, id: &str) {
        self.tell(kind, |engine| {
            let cap = engine.customers.get(at).and_then(|holder| holder.cap(id));
            engine.cap_told(at, cap.map_or(Value::Null, |(_, cap)| engine.cap_json(now, cap)))
        });
    }

    fn cap_told(&self, at: CustomerId, cap: Value) -> Map<String, Value> {
        let id = Value::from(self.id_at(at).as_str());
        object([
            ("customer", Value::from(object([("id", id.clone())]))),
            ("caller", id),
            ("entitlement", Value::Null),
            ("cap", cap),
        ])
    }
}

fn check_resets(terms: &CapTerms) -> Result<(), EngineError> {
    if terms.reset_inc.is_some() && terms.reset_sch.is_some() {
        let message = "a cap takes `reset_inc` or `reset_sch`, not both";
        return Err(EngineError::new("two_reset_kinds", message));
    }
    if !terms.resets && (terms.reset_inc.is_some() || terms.reset_sch.is_some()) {
        let message = "a cap with `reset_inc` or `reset_sch` needs `resets: true` beside it";
        return Err(EngineError::new("invalid_argument", message));
    }
    if terms.reset_inc.is_some_and(|every| every.as_millis() <= 0) {
        return Err(EngineError::new("bad_duration", "`reset_inc` of a cap must be more than 0"));
    }
    Ok(())
}
