//! What a decision tells whoever listens: built only if somebody does.

use serde_json::{Map, Value};
use smol_str::SmolStr;

use super::{CapMove, Denial, DenyingCap, Effect, Judged, Subject};
use crate::customer::{CapTerms, Customer, CustomerId};
use crate::engine::{Engine, object};
use crate::event::{Event, MeterEvent, MeterEventKind};
use crate::pricing::Bill;
use crate::quantity::Amount;

/// What an event says of a bill: the list worth, and what is billed. Where nothing is newly past the limit, only what changes is told.
#[inline(always)]
pub(super) fn told(bill: Option<Bill>, over: bool) -> [Option<Amount>; 2] {
    let told = |price: Amount| (over || !price.is_zero()).then_some(price);
    [bill.and_then(|bill| told(bill.price)), bill.and_then(|bill| told(bill.overage_price))]
}

impl Engine {
    /// Tells what an allowed call moves, before it is written.
    pub(super) fn tell_moved(&mut self, now: i64, judged: &Judged, effect: &Effect) {
        let over = effect.overage.is_positive();
        let kind = if over { MeterEventKind::Overage } else { MeterEventKind::Changed };
        let [price_diff, overage_price] = told(judged.bill, over);
        let event = MeterEvent {
            value: effect.used,
            overhead: effect.overhead_sum,
            diff: effect.diff,
            overhead_diff: effect.overhead,
            remaining: self.remaining_after(now, judged),
            granted: (!effect.granted.is_zero()).then_some(effect.granted),
            overage: over.then_some(effect.overage),
            price_diff,
            overage_price,
            ..self.meter_event(kind, judged)
        };
        self.outbox.tell(event);
    }

    /// Tells of a denial, unless a cap that sends no events denied it.
    pub(super) fn tell_denied(&mut self, now: i64, judged: &Judged, denial: &Denial) {
        let (kind, overage, governor) = match denial {
            Denial::Cap { cap, .. } => {
                let event = self.capped_event(now, judged, cap);
                return self.outbox.events.extend(event);
            }
            Denial::Lease { .. } => (MeterEventKind::Limit, None, None),
            Denial::Limit { excess, .. } => (MeterEventKind::Limit, Some(*excess), None),
            Denial::Governor { tokens, capacity, .. } => {
                (MeterEventKind::Governed, None, Some([*tokens, *capacity, judged.requested]))
            }
        };
        let remaining = self.remaining_after(now, judged);
        let event = MeterEvent { overage, governor, remaining, ..self.meter_event(kind, judged) };
        self.outbox.tell(event);
    }

    fn capped_event(&self, now: i64, judged: &Judged, cap: &DenyingCap) -> Option<Event> {
        let (holder, record) = match cap {
            DenyingCap::Held { holder, at } => {
                let cap = self.customers.get(*holder)?.caps().get(*at)?;
                if !cap.terms.send_events {
                    return None;
                }
                (*holder, self.cap_json(now, cap))
            }
            DenyingCap::OfCall { credit, value } => {
                let terms = CapTerms::plain(*value, *credit, self.rules.rates.is_currency(*credit));
                (judged.subject.caller, self.cap_terms_json(&terms))
            }
        };
        Some(Event::Record("cap-limit", self.cap_payload(&judged.subject, holder, record)))
    }

    /// The event of a cap whose value a call reached, once it is written.
    pub(super) fn crossed_event(&self, now: i64, subject: &Subject, moved: &CapMove) -> Option<Event> {
        let cap = self.customers.get(moved.holder)?.caps().get(moved.at)?;
        if !moved.crossed || !cap.terms.send_events {
            return None;
        }
        let payload = self.cap_payload(subject, moved.holder, self.cap_json(now, cap));
        Some(Event::Record("cap-threshold-crossed", payload))
    }

    fn cap_payload(&self, subject: &Subject, holder: CustomerId, cap: Value) -> Map<String, Value> {
        let id =
            |at| self.customers.get(at).map_or(Value::Null, |customer| Value::from(customer.id.as_str()));
        object([
            ("customer", Value::from(object([("id", id(holder))]))),
            ("caller", id(subject.caller)),
            ("entitlement", Value::from(self.entitlement_name(subject.entitlement))),
            ("cap", cap),
        ])
    }

    /// An event of `kind` with the meter as it stands before the call.
    #[inline(always)] // what it answers is large
    pub(super) fn meter_event(&self, kind: MeterEventKind, judged: &Judged) -> MeterEvent {
        let subject = &judged.subject;
        let id = |customer: Option<&Customer>| customer.map_or_else(SmolStr::default, |c| c.id.clone());
        let holder = self.customers.get(subject.holder);
        MeterEvent {
            kind,
            holder: id(holder),
            caller: (subject.caller != subject.holder).then(|| id(self.customers.get(subject.caller))),
            has_alts: holder.is_some_and(|holder| !holder.alts().is_empty()),
            entitlement: subject.entitlement,
            plan: subject.plan,
            credit: judged.terms.credit,
            old: judged.view.used,
            value: judged.view.used,
            limit: judged.terms.limit,
            diff: judged.requested,
            overhead: judged.view.overhead,
            overhead_diff: Amount::ZERO,
            price_diff: None,
            remaining: None,
            overage: None,
            overage_price: None,
            granted: None,
            governor: None,
            policy_version: self.rules.version,
        }
    }
}
