//! Notifications: events of the policy's own, sent after those that cause them.
//!
//! 1. After the events of a call or change are queued, each notification is asked in the order of the document, and each event
//!    with it. What it says of customer, plan, entitlement and credit must hold.
//! 2. With `crosses`, a meter's movement must carry what it watches over the mark. It is sent once a period: that it was is kept
//!    with the holder of the meter or cap, so that it doesn't re-arm when the meter falls back.
//! 3. A notification is an event under its own name, with all that its cause carries; it causes no other.
//! 4. Events are only built while somebody listens, and so are notifications.

use serde_json::{Map, Value};

use crate::change::Effected;
use crate::customer::{CustomerId, Told};
use crate::decide::{CapMove, Judged, Verdict};
use crate::engine::Engine;
use crate::error::EngineError;
use crate::event::{Event, MeterEventKind};
use crate::limits::NOTIFIED_MAX;
use crate::names::NameId;
use crate::policy::{Format, LoadOptions, Mark, MarkOf, Notification, Policy, Watched, When, load};
use crate::quantity::Amount;

/// What a call did to its meter, as marks see it.
pub(crate) struct Movement<'a> {
    pub(crate) judged: &'a Judged,
    /// What remained before the call.
    pub(crate) remaining: Option<Amount>,
}

/// A mark that was crossed, and where it is kept that it was told.
struct Crossing {
    holder: CustomerId,
    about: Box<str>,
    period_start: i64,
    /// The cap that crossed it, if one did.
    cap: Option<Value>,
}

impl Engine {
    /// Replaces the policy's notifications, as its next version. Event `policy-updated`.
    ///
    /// # Errors
    /// `invalid_policy` with the diagnostics of a document with them. Nothing changes then.
    pub fn set_notifications(&mut self, now: i64, notifications: &Value) -> Result<u64, EngineError> {
        let now = self.observe(now);
        self.outbox.check_room()?;
        let mut document = self.rules.policy.to_json();
        if let Some(policy) = document.get_mut("policy").and_then(Value::as_object_mut) {
            policy.insert("notifications".to_string(), notifications.clone());
        }
        let options = LoadOptions { strict: true, validate: true };
        let loaded = load(document.to_string().as_bytes(), Format::Json, &options);
        let Policy { notifications, .. } = loaded.map_err(without_places)?.policy;
        self.rules.policy.notifications = notifications;
        let previous = self.rules.version;
        self.rules.version = previous.saturating_add(1);
        self.record_policy(now);
        self.tell("policy-updated", |engine| {
            super::object([
                ("version", Value::from(engine.rules.version)),
                ("previous", Value::from(previous)),
            ])
        });
        Ok(self.rules.version)
    }

    /// Sends the notifications that the events from place `from` on cause.
    pub(crate) fn notify(&mut self, now: i64, from: usize, movement: Option<&Movement<'_>>) {
        if self.rules.policy.notifications.is_empty() || self.outbox.events.len() <= from {
            return;
        }
        let until = self.outbox.events.len();
        for at in 0..self.rules.policy.notifications.len() {
            for cause in from..until {
                self.notify_of(now, at, cause, movement);
            }
        }
    }

    /// Sends the notification at place `at` of the document if the event at place `cause` of the queue causes it.
    fn notify_of(&mut self, now: i64, at: usize, cause: usize, movement: Option<&Movement<'_>>) {
        let Some((name, Notification { when: Some(when), .. })) =
            self.rules.policy.notifications.get_index(at)
        else {
            return;
        };
        let Some(event) = self.outbox.events.get(cause) else { return };
        if !self.is_watched(when, event) {
            return;
        }
        let (name, event) = (name.clone(), event.clone());
        let Some(mark) = &when.crosses else { return self.send(&name, &event, None) };
        let Some(movement) = movement else { return };
        for crossing in self.crossings(now, when, mark, movement) {
            if self.tell_once(now, &name, &crossing) {
                self.send(&name, &event, crossing.cap);
            }
        }
    }

    /// Whether an event is what a notification watches, the mark apart.
    fn is_watched(&self, when: &When, cause: &Event) -> bool {
        let is = |wanted: &Option<String>, found: Option<&str>| {
            wanted.as_deref().is_none_or(|wanted| found == Some(wanted))
        };
        match cause {
            Event::Meter(event) => {
                let moved = matches!(event.kind, MeterEventKind::Changed | MeterEventKind::Overage);
                let of_type = event.kind.as_str() == when.event.word()
                    || (when.crosses.is_some() && when.event == Watched::MeterChanged && moved);
                // Of caps, holder and credit are asked of each cap.
                let of_meter = when.of == MarkOf::Cap && when.crosses.is_some()
                    || (is(&when.customer, Some(&event.holder))
                        && is(&when.credit, Some(self.credit_name(event.credit))));
                of_type
                    && of_meter
                    && is(&when.plan, Some(self.plan_name(event.plan)))
                    && is(&when.entitlement, Some(self.entitlement_name(event.entitlement)))
            }
            Event::Record(kind, payload) => {
                let text = |path: &str| payload_text(payload, path);
                *kind == when.event.word()
                    && is(&when.customer, text("customer/id"))
                    && is(&when.plan, text("customer/plan").or(text("plan")))
                    && is(&when.entitlement, text("entitlement"))
                    && is(&when.credit, text("cap/credit"))
            }
            Event::Named(..) => false,
        }
    }

    /// What crosses a mark by a call.
    fn crossings(&self, now: i64, when: &When, mark: &Mark, movement: &Movement<'_>) -> Vec<Crossing> {
        let judged = movement.judged;
        let Verdict::Allowed(effect) = &judged.verdict else { return Vec::new() };
        if when.of == MarkOf::Cap {
            let moves = judged.money.iter().flat_map(|money| &money.caps);
            return moves.filter_map(|moved| self.cap_crossing(now, when, mark, moved)).collect();
        }
        let place = self.place_of(mark, judged.terms.credit, judged.terms.limit);
        let crossed = match (when.of, place) {
            (_, None) => false,
            (MarkOf::Remaining, Some(place)) => {
                let after = self.remaining_now(now, judged);
                movement.remaining.zip(after).is_some_and(|(before, after)| before > place && after <= place)
            }
            (_, Some(place)) => judged.view.used < place && place <= effect.used,
        };
        let about = self.entitlement_name(judged.subject.entitlement).into();
        let crossing = || Crossing {
            holder: judged.subject.holder,
            about,
            period_start: judged.view.period.start,
            cap: None,
        };
        crossed.then(crossing).into_iter().collect()
    }

    fn cap_crossing(&self, now: i64, when: &When, mark: &Mark, moved: &CapMove) -> Option<Crossing> {
        let owner = self.customers.get(moved.holder)?;
        let cap = owner.caps().get(moved.at)?;
        let credit = self.credit_name(cap.terms.credit);
        let wanted = when.customer.as_deref().is_none_or(|id| id == &*owner.id)
            && when.credit.as_deref().is_none_or(|wanted| wanted == credit);
        let place = self.place_of(mark, cap.terms.credit, cap.terms.value)?;
        (wanted && moved.before < place && place <= moved.counted).then(|| Crossing {
            holder: moved.holder,
            about: format!("cap {}", cap.id).into(),
            period_start: moved.period_start,
            cap: Some(self.cap_json(now, cap)),
        })
    }

    /// Where a mark lies, in the unit of `credit`; `None` where it doesn't convert.
    fn place_of(&self, mark: &Mark, credit: NameId, whole: Amount) -> Option<Amount> {
        match mark {
            Mark::Percent(percent) => whole.mul(*percent).ok()?.div(Amount::from_int(100)).ok(),
            Mark::Quantity(quantity) => quantity.in_unit(self.unit_of(credit)).ok(),
        }
    }

    /// Whether it wasn't told yet in this period; from now on it was.
    fn tell_once(&mut self, now: i64, name: &str, crossing: &Crossing) -> bool {
        let Some(holder) = self.customers.get_mut(crossing.holder) else { return false };
        let told = Told {
            notification: name.into(),
            about: crossing.about.clone(),
            period_start: crossing.period_start,
        };
        if !holder.tell_once(told.clone(), NOTIFIED_MAX) {
            return false;
        }
        self.outbox.record(now, || Effected::Notified { holder: &*holder.id, told });
        true
    }

    /// Notes that a notification was sent, as a change says.
    pub(super) fn note_told(&mut self, at: CustomerId, told: &Told) {
        if let Some(customer) = self.customers.get_mut(at) {
            customer.tell_once(told.clone(), NOTIFIED_MAX);
        }
    }

    fn send(&mut self, name: &str, cause: &Event, cap: Option<Value>) {
        let Value::Object(mut payload) = self.event_json(cause) else { return };
        let kind = payload.insert("type".to_string(), Value::from(name));
        payload.insert("cause".to_string(), kind.unwrap_or_default());
        if let Some(cap) = cap {
            payload.insert("cap".to_string(), cap);
        }
        self.outbox.events.push_back(Event::Named(name.into(), payload));
    }
}

/// Diagnostics of text that nobody has seen.
fn without_places(mut diagnostics: Vec<crate::policy::Diagnostic>) -> EngineError {
    for diagnostic in &mut diagnostics {
        (diagnostic.line, diagnostic.column) = (None, None);
    }
    EngineError::refused(diagnostics)
}

fn payload_text<'a>(payload: &'a Map<String, Value>, path: &str) -> Option<&'a str> {
    let (first, rest) = path.split_once('/').unwrap_or((path, ""));
    let value = payload.get(first)?;
    if rest.is_empty() { value.as_str() } else { value.get(rest)?.as_str() }
}
