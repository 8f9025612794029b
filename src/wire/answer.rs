//! The numbers of a decision or an event, by place. `NaN` stands for null; names cross as their places in the tables
//! that `names` gives. `js/decisions.js` and `js/events.js` read the same places.

use limitr_engine::policy::Mode;
use limitr_engine::quantity::Amount;
use limitr_engine::{BoundBy, Decision, Engine, Event, MeterEvent, MeterEventKind, NameId, Reason, Source};

/// Places of the buffer.
pub(crate) const ANSWER_LEN: usize = 32;

/// The kind of an event that is read as text.
const RECORD: u32 = 9;

/// How many names the tables have: a reader whose tables have fewer reads them again.
pub(crate) fn names_count(engine: &Engine) -> usize {
    let names = engine.names();
    names.entitlements.count() + names.plans.count() + names.credits.count()
}

/// Where an answer says whether it is plain: [`Decision::is_plain`]. Such a one has few numbers, and the others are left as they were.
const PLAIN: usize = 22;

/// Writes a decision into `answer`; `names` is how many names there are.
#[inline(always)] // where a decision is known to be plain, little of it is put together
pub(crate) fn fill_decision(decision: &Decision, names: usize, answer: &mut [f64; ANSWER_LEN]) {
    if !decision.is_plain() {
        return fill_any_decision(decision, names, answer);
    }
    answer[2] = name(decision.plan);
    answer[3] = amount(decision.limit);
    answer[4] = amount(decision.used);
    answer[6] = amount(decision.remaining);
    answer[7] = amount(decision.requested);
    answer[8] = time(decision.resets_at);
    answer[12] = amount(decision.price);
    answer[15] = mode(decision.mode);
    answer[17] = decision.policy_version as f64;
    answer[18] = names as f64;
    answer[PLAIN] = 1.0;
}

#[inline(never)]
fn fill_any_decision(decision: &Decision, names: usize, answer: &mut [f64; ANSWER_LEN]) {
    *answer = [f64::NAN; ANSWER_LEN];
    answer[0] = f64::from(reason(decision.reason));
    answer[1] = name(decision.entitlement);
    answer[2] = name(decision.plan);
    answer[3] = amount(decision.limit);
    answer[4] = amount(decision.used);
    answer[5] = amount(decision.held);
    answer[6] = amount(decision.remaining);
    answer[7] = amount(decision.requested);
    answer[8] = time(decision.resets_at);
    answer[9] = time(decision.retry_after_ms);
    answer[10] = amount(decision.overage);
    answer[11] = amount(decision.overage_price);
    answer[12] = amount(decision.price);
    answer[13] = amount(decision.cost);
    answer[14] = amount(decision.granted);
    answer[15] = mode(decision.mode);
    answer[16] = match decision.bound_by {
        Some(BoundBy::Limit) => 0.0,
        Some(BoundBy::Governor) => 1.0,
        Some(BoundBy::Cap) => 2.0,
        None => f64::NAN,
    };
    answer[17] = decision.policy_version as f64;
    answer[18] = names as f64;
    answer[19] = match decision.source {
        Source::Local => 0.0,
        Source::Lease => 1.0,
        Source::Server => 2.0,
        Source::Offline => 3.0,
    };
    answer[20] = f64::from(u8::from(decision.exact));
    answer[21] = amount(decision.at_risk);
    answer[PLAIN] = 0.0;
}

/// Writes an event into `answer`; its kind. `known`: the customer is the one that the call named.
pub(crate) fn fill_event(event: &Event, known: bool, names: usize, answer: &mut [f64; ANSWER_LEN]) -> u32 {
    match event {
        Event::Record(..) | Event::Named(..) => RECORD,
        Event::Meter(event) => {
            fill_meter_event(event, answer);
            answer[20] = f64::from(u8::from(known));
            answer[21] = names as f64;
            kind(event.kind)
        }
    }
}

fn fill_meter_event(event: &MeterEvent, answer: &mut [f64; ANSWER_LEN]) {
    *answer = [f64::NAN; ANSWER_LEN];
    answer[0] = f64::from(kind(event.kind));
    answer[1] = name(Some(event.entitlement));
    answer[2] = name(Some(event.plan));
    answer[3] = name(Some(event.credit));
    answer[4] = event.old.to_f64();
    answer[5] = event.value.to_f64();
    answer[6] = event.limit.to_f64();
    answer[7] = event.diff.to_f64();
    answer[8] = event.overhead.to_f64();
    answer[9] = event.overhead_diff.to_f64();
    answer[10] = amount(event.price_diff);
    answer[11] = amount(event.remaining);
    answer[12] = amount(event.overage);
    answer[13] = amount(event.overage_price);
    answer[14] = amount(event.granted);
    if let Some([tokens, capacity, requested]) = event.governor {
        answer[15] = tokens.to_f64();
        answer[16] = capacity.to_f64();
        answer[17] = requested.to_f64();
    }
    if event.kind == MeterEventKind::Limit {
        answer[18] = event.value.saturating_add(event.diff).to_f64();
    }
    answer[19] = event.policy_version as f64;
}

fn kind(kind: MeterEventKind) -> u32 {
    match kind {
        MeterEventKind::Changed => 1,
        MeterEventKind::Overage => 2,
        MeterEventKind::Limit => 3,
        MeterEventKind::Governed => 4,
        MeterEventKind::Reset => 5,
    }
}

/// Places in the facade's list of reasons, which has those of later parts too.
fn reason(reason: Reason) -> u8 {
    match reason {
        Reason::Ok => 0,
        Reason::Feature => 1,
        Reason::OverLimit => 2,
        Reason::Overage => 3,
        Reason::CoveredByGrant => 4,
        Reason::Capped => 5,
        Reason::Governed => 6,
        Reason::UnknownCustomer => 7,
        Reason::UnknownEntitlement => 8,
        Reason::NoScopeHolder => 9,
        Reason::NotInPlan => 10,
        Reason::Forced => 11,
        Reason::Lease => 12,
        Reason::Offline => 13,
    }
}

#[inline]
fn mode(mode: Option<Mode>) -> f64 {
    match mode {
        Some(Mode::Hard) => 0.0,
        Some(Mode::Soft) => 1.0,
        Some(Mode::Observe) => 2.0,
        None => f64::NAN,
    }
}

#[inline]
fn amount(amount: Option<Amount>) -> f64 {
    amount.map_or(f64::NAN, Amount::to_f64)
}

fn time(time: Option<i64>) -> f64 {
    time.map_or(f64::NAN, |ms| ms as f64)
}

fn name(id: Option<NameId>) -> f64 {
    id.map_or(f64::NAN, |id| id.index() as f64)
}
