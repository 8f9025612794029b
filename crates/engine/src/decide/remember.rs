//! Decisions with an ID: the same ID answers as before within 24 hours, and meters once.
//!
//! 1. An ID belongs to the customer that called.
//! 2. A remembered ID with the same arguments answers what it answered; with others it is `idempotency_conflict`.
//! 3. Only allowed decisions are remembered: a denied one may be tried again.
//! 4. Memory is bounded: when 10,000 answers within their 24 hours are remembered, a new ID is refused, since forgetting one
//!    could meter a call twice. Older ones count for nothing, and go when they are as many as the others, so that moving those up
//!    is paid for.

use super::{Ask, Call, Decision, Given};
use crate::change::Effected;
use crate::customer::Customer;
use crate::engine::Engine;
use crate::error::EngineError;
use crate::limits::{DECISION_ID_MS, DECISION_IDS_MAX};

/// An answer that was given under an ID.
#[derive(Clone, Debug, PartialEq)]
pub struct Remembered {
    /// When, in milliseconds since the epoch.
    pub at: i64,
    /// What was asked.
    pub asked: Box<str>,
    /// What was answered.
    pub decision: Decision,
}

impl Engine {
    /// [`Engine::decide`] under an ID: asked again within 24 hours, it answers as before and meters nothing.
    ///
    /// # Errors
    /// As [`Engine::decide`]; `idempotency_conflict` where the ID was used with other arguments, `invalid_name` for an
    /// ID that can't be one, `too_many` where the customer has 10,000 in 24 hours.
    pub fn decide_once(
        &mut self,
        now: i64,
        customer: &str,
        entitlement: &str,
        call: &Call<'_>,
        id: &str,
    ) -> Result<Decision, EngineError> {
        crate::customer::check_name("a decision's `id`", id)?;
        let now = self.observe(now);
        let asked = fingerprint(entitlement, call);
        if let Some(decision) = self.recall(now, customer, &asked, id)? {
            return Ok(decision);
        }
        let (_, young) = self.customer(customer).map_or((0, 0), |caller| caller.ages(now));
        if young >= DECISION_IDS_MAX {
            let message = format!(
                "`{customer}` has {DECISION_IDS_MAX} decision IDs within 24 hours; use an ID only for calls that may be repeated"
            );
            return Err(EngineError::new("too_many", message));
        }
        let decision = self.decide(now, customer, entitlement, call)?;
        if decision.allowed {
            self.remember(customer, id, Remembered { at: now, asked, decision: decision.clone() });
        }
        Ok(decision)
    }

    /// What is remembered under an ID that [`Engine::decide_once`] was given with the same arguments.
    ///
    /// # Errors
    /// As [`Engine::decide_once`].
    pub fn recalled(
        &self,
        now: i64,
        customer: &str,
        entitlement: &str,
        call: &Call<'_>,
        id: &str,
    ) -> Result<Option<Decision>, EngineError> {
        crate::customer::check_name("a decision's `id`", id)?;
        self.recall(self.observe(now), customer, &fingerprint(entitlement, call), id)
    }

    fn recall(
        &self,
        now: i64,
        customer: &str,
        asked: &str,
        id: &str,
    ) -> Result<Option<Decision>, EngineError> {
        let caller = self.customers.find(customer).and_then(|caller| self.customers.get(caller));
        let Some(known) = caller.and_then(|caller| caller.rest.as_ref()?.remembered.get(id)) else {
            return Ok(None);
        };
        if known.is_old(now) {
            return Ok(None);
        }
        if *known.asked != *asked {
            let message = format!("the ID `{id}` was used for another call of `{customer}` within 24 hours");
            return Err(EngineError::new("idempotency_conflict", message));
        }
        Ok(Some(known.decision.clone()))
    }

    fn remember(&mut self, customer: &str, id: &str, remembered: Remembered) {
        let Some(at) = self.customers.find(customer) else { return };
        let now = remembered.at;
        let written =
            if self.outbox.recording { self.write_remembered(&remembered) } else { Default::default() };
        let Some(caller) = self.customers.get_mut(at) else { return };
        caller.remember(id, remembered);
        let holder = &*caller.id;
        self.outbox.record(now, || Effected::Decided { holder, id, remembered: written });
    }
}

impl Remembered {
    fn is_old(&self, now: i64) -> bool {
        now.saturating_sub(self.at) >= DECISION_ID_MS
    }
}

impl Customer {
    /// How many answers are past their 24 hours, and how many within. They lie in the order in which they were given.
    fn ages(&self, now: i64) -> (usize, usize) {
        let Some(rest) = &self.rest else { return (0, 0) };
        let old = rest.remembered.partition_point(|_, known| known.is_old(now));
        (old, rest.remembered.len().saturating_sub(old))
    }

    /// Answers given under an ID that are within their 24 hours, oldest first.
    pub fn remembered(&self, now: i64) -> impl Iterator<Item = (&str, &Remembered)> {
        let remembered = self.rest.iter().flat_map(|rest| &rest.remembered);
        remembered.filter(move |(_, known)| !known.is_old(now)).map(|(id, known)| (&**id, known))
    }

    /// Keeps an answer under an ID, and lets go of those past their time once they are as many as the others.
    pub(crate) fn remember(&mut self, id: &str, remembered: Remembered) {
        let (old, young) = self.ages(remembered.at);
        let known = &mut self.rest_mut().remembered;
        if old >= young {
            known.drain(..old);
        }
        known.shift_remove(id);
        known.insert(id.into(), remembered);
    }
}

/// The arguments of a call as text, to tell the same call from another.
fn fingerprint(entitlement: &str, call: &Call<'_>) -> Box<str> {
    let ask = match call.ask {
        Ask::By(given) => format!("by {}", written(given)),
        Ask::Exactly(amount) => format!("by `{amount}`"),
        Ask::To(given) => format!("to {}", written(given)),
        Ask::Increment => "increment".to_string(),
        Ask::Decrement => "decrement".to_string(),
    };
    let said = call.overhead.filter(|_| !call.overhead_asked);
    let overhead = said.map(|overhead| format!(" overhead {overhead}")).unwrap_or_default();
    let force = if call.force { " force" } else { "" };
    let mut caps = String::new();
    for cap in call.caps {
        caps.push_str(&format!(" cap `{}` {}", cap.credit, written(cap.value)));
    }
    format!("{entitlement}: {ask}{overhead}{force}{caps}").into_boxed_str()
}

/// A value as it was given. Of a long text, which only a feature flag lets pass, its length and a hash (FNV-1a) stand for
/// it: what is remembered is bounded.
fn written(given: Given<'_>) -> String {
    const TEXT_MAX: usize = 64;
    match given {
        Given::Number(number) => (number + 0.0).to_string(), // -0 is 0
        Given::Text(text) if text.len() <= TEXT_MAX => format!("`{text}`"),
        Given::Text(text) => {
            let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
                (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
            });
            format!("text of {} bytes {hash:016x}", text.len())
        }
    }
}
