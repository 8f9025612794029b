//! Events: what a commit tells whoever listens. They are built only if somebody does.

use serde_json::{Map, Value};
use smol_str::SmolStr;

use crate::engine::{Engine, object};
use crate::names::NameId;
use crate::quantity::Amount;

/// One event, in commit order.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// A meter moved, was refused, or began a period.
    Meter(Box<MeterEvent>),
    /// Anything else: its type and its payload.
    Record(&'static str, Map<String, Value>),
    /// A notification of the policy: its name, and all of it.
    Named(Box<str>, Map<String, Value>),
}

/// What happened to a meter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MeterEventKind {
    /// It moved, with no overage.
    Changed,
    /// It moved past its limit.
    Overage,
    /// The limit refused the call.
    Limit,
    /// The governor refused the call.
    Governed,
    /// The call began a new period.
    Reset,
}

impl MeterEventKind {
    /// The event's type, such as `meter-changed`.
    pub fn as_str(self) -> &'static str {
        match self {
            MeterEventKind::Changed => "meter-changed",
            MeterEventKind::Overage => "meter-overage",
            MeterEventKind::Limit => "meter-limit",
            MeterEventKind::Governed => "meter-governed",
            MeterEventKind::Reset => "meter-reset",
        }
    }
}

/// An event of a meter. Amounts are in the credit's unit.
#[derive(Clone, Debug, PartialEq)]
pub struct MeterEvent {
    /// What happened.
    pub kind: MeterEventKind,
    /// The customer that holds the meter.
    pub holder: SmolStr,
    /// The customer that called, where it isn't the holder.
    pub caller: Option<SmolStr>,
    /// Whether the holder has other IDs, so that it may have been called by one of them.
    pub has_alts: bool,
    /// The entitlement.
    pub entitlement: NameId,
    /// The caller's effective plan.
    pub plan: NameId,
    /// What the meter counts.
    pub credit: NameId,
    /// The meter before the call.
    pub old: Amount,
    /// The meter after it.
    pub value: Amount,
    /// What is included.
    pub limit: Amount,
    /// What moved; what was asked for where the call was refused.
    pub diff: Amount,
    /// Your cost in the period, in runes.
    pub overhead: Amount,
    /// Your cost of the call.
    pub overhead_diff: Amount,
    /// The list worth of the call's billable units, in runes; below 0 where it lowers their total.
    pub price_diff: Option<Amount>,
    /// What can still be used after the call; `None` in observe mode.
    pub remaining: Option<Amount>,
    /// Units newly past the limit, or those that didn't fit.
    pub overage: Option<Amount>,
    /// What to bill for the call, in runes; below 0 it is given back.
    pub overage_price: Option<Amount>,
    /// Units past the limit that grants covered, where they covered any.
    pub granted: Option<Amount>,
    /// Tokens in the governor's bucket, its capacity and what was asked for.
    pub governor: Option<[Amount; 3]>,
    /// The version of the policy that decided.
    pub policy_version: u64,
}

impl Engine {
    /// The event as JSON, in the shape that every host shows. Amounts are the nearest doubles.
    pub fn event_json(&self, event: &Event) -> Value {
        match event {
            Event::Record(kind, payload) => {
                let mut json = object([("type", Value::from(*kind))]);
                json.extend(payload.clone());
                Value::from(json)
            }
            Event::Named(_, json) => Value::from(json.clone()),
            Event::Meter(event) => self.meter_event_json(event),
        }
    }

    fn meter_event_json(&self, event: &MeterEvent) -> Value {
        let refused = event.kind == MeterEventKind::Limit;
        let mut meter = object([
            ("old", number(event.old)),
            ("value", number(event.value)),
            ("limit", number(event.limit)),
            ("diff", number(event.diff)),
            ("overhead", number(event.overhead)),
            ("overhead_diff", number(event.overhead_diff)),
        ]);
        if let Some(price) = event.price_diff {
            meter.insert("price_diff".to_string(), number(price));
        }
        if refused {
            meter.insert("invalid".to_string(), Value::from(true));
        }
        let caller = event.caller.as_ref().unwrap_or(&event.holder);
        let mut json = object([
            ("type", Value::from(event.kind.as_str())),
            ("meter", Value::from(meter)),
            ("customer", Value::from(object([("id", Value::from(event.holder.as_str()))]))),
            ("caller", Value::from(caller.as_str())),
            ("entitlement", Value::from(self.entitlement_name(event.entitlement))),
            ("plan", Value::from(self.plan_name(event.plan))),
            ("credit", Value::from(self.credit_name(event.credit))),
            ("remaining", event.remaining.map_or(Value::Null, number)),
        ]);
        if let Some(overage) = event.overage {
            json.insert("overage".to_string(), number(overage));
        }
        if let Some(price) = event.overage_price {
            json.insert("overage_price".to_string(), number(price));
        }
        if let Some(granted) = event.granted {
            json.insert("grant_value_applied".to_string(), number(granted));
        }
        if refused {
            let invalid = event.value.saturating_add(event.diff);
            json.insert("invalid_value".to_string(), number(invalid));
        }
        if let Some([tokens, capacity, requested]) = event.governor {
            let governor = object([
                ("tokens", number(tokens)),
                ("capacity", number(capacity)),
                ("requested", number(requested)),
            ]);
            json.insert("governor".to_string(), Value::from(governor));
        }
        Value::from(json)
    }
}

/// An amount as whoever listens sees it: the nearest double.
fn number(amount: Amount) -> Value {
    Value::from(amount.to_f64())
}
