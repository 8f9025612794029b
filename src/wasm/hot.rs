//! Hot doors: two handles and numbers in, one number out.

use limitr_engine::{Ask, Called};
use wasm_bindgen::prelude::wasm_bindgen;

use super::memory;
use crate::clock;
use crate::doors::{self, Asked, Whole};
use crate::names::Name;
use crate::wire::{Host, flags as bits, plain_call};

/// Decides and meters a plain call, whose events are sent.
#[wasm_bindgen]
pub fn allow(now: f64, engine: f64, customer: u32, entitlement: u32, value: f64) -> i32 {
    clock::set(now);
    doors::allow(engine, Name::Handle(customer), entitlement, &plain_call(Ask::by(value), bits::EVENTS), take)
}

/// Decides and meters plain calls, all or none, whose events are sent. So many stand where answers do: an entitlement and a value each.
#[wasm_bindgen(js_name = "allowAll")]
pub fn allow_all(now: f64, engine: f64, customer: u32, count: u32) -> i32 {
    clock::set(now);
    let items = memory::with_answer(|answer| *answer); // the first event is written over them
    doors::allow_all(engine, Name::Handle(customer), count as usize, &items, take)
}

/// Reserves room for the numbers that stand where answers do, and leaves the hold's number there.
#[wasm_bindgen]
pub fn reserve(now: f64, engine: f64, customer: u32, entitlement: u32) -> i32 {
    clock::set(now);
    memory::with_answer(|numbers| doors::reserve(engine, Name::Handle(customer), entitlement, numbers))
}

/// Settles a hold, consumes it, extends it or releases it, as the numbers say that stand where answers do.
#[wasm_bindgen(js_name = "withHold")]
pub fn with_hold(now: f64, engine: f64, customer: u32, entitlement: u32) -> i32 {
    clock::set(now);
    let numbers = memory::with_answer(|answer| *answer); // the first event is written over them
    doors::with_hold(engine, Name::Handle(customer), entitlement, &numbers, take)
}

/// Decides a plain call and moves nothing.
#[wasm_bindgen]
pub fn check(now: f64, engine: f64, customer: u32, entitlement: u32, value: f64) -> i32 {
    clock::set(now);
    doors::check(engine, Name::Handle(customer), entitlement, &plain_call(Ask::by(value), 0))
}

/// Decides and meters.
#[wasm_bindgen(js_name = "allowWith")]
pub fn allow_with(
    now: f64,
    engine: f64,
    customer: u32,
    entitlement: u32,
    value: f64,
    flags: u32,
    overhead: f64,
) -> i32 {
    clock::set(now);
    let asked = Asked { value, flags, overhead };
    doors::allow_with(engine, Name::Handle(customer), entitlement, asked, take)
}

/// Decides and moves nothing.
#[wasm_bindgen(js_name = "checkWith")]
pub fn check_with(
    now: f64,
    engine: f64,
    customer: u32,
    entitlement: u32,
    value: f64,
    flags: u32,
    overhead: f64,
) -> i32 {
    clock::set(now);
    doors::check_with(engine, Name::Handle(customer), entitlement, Asked { value, flags, overhead })
}

/// Up by the limit's increment.
#[wasm_bindgen]
pub fn increment(now: f64, engine: f64, customer: u32, entitlement: u32, flags: u32) -> i32 {
    clock::set(now);
    doors::allow(engine, Name::Handle(customer), entitlement, &plain_call(Ask::Increment, flags), take)
}

/// Down by the limit's increment.
#[wasm_bindgen]
pub fn decrement(now: f64, engine: f64, customer: u32, entitlement: u32, flags: u32) -> i32 {
    clock::set(now);
    doors::allow(engine, Name::Handle(customer), entitlement, &plain_call(Ask::Decrement, flags), take)
}

/// Decides and meters a plain call, whose events are sent, and leaves the whole answer.
#[wasm_bindgen]
pub fn decide(now: f64, engine: f64, customer: u32, entitlement: u32, value: f64) -> i32 {
    clock::set(now);
    let call = plain_call(Ask::by(value), bits::EVENTS);
    memory::with_answer(|answer| doors::decide(engine, Name::Handle(customer), entitlement, &call, answer))
}

/// Decides, meters, and leaves the whole answer.
#[wasm_bindgen(js_name = "decideWith")]
pub fn decide_with(
    now: f64,
    engine: f64,
    customer: u32,
    entitlement: u32,
    value: f64,
    flags: u32,
    overhead: f64,
) -> i32 {
    clock::set(now);
    whole(engine, customer, entitlement, Asked { value, flags, overhead }, Whole::Decide)
}

/// Decides under an ID, meters, and leaves the whole answer, which is as before where the ID was answered.
#[wasm_bindgen(js_name = "decideOnce")]
#[allow(clippy::too_many_arguments)] // numbers only, but for the ID
pub fn decide_once(
    now: f64,
    engine: f64,
    customer: u32,
    entitlement: u32,
    value: f64,
    flags: u32,
    overhead: f64,
    id: &str,
) -> i32 {
    clock::set(now);
    whole(engine, customer, entitlement, Asked { value, flags, overhead }, Whole::DecideOnce(id))
}

/// Decides, moves nothing, and leaves the whole answer.
#[wasm_bindgen(js_name = "explainWith")]
pub fn explain_with(
    now: f64,
    engine: f64,
    customer: u32,
    entitlement: u32,
    value: f64,
    flags: u32,
    overhead: f64,
) -> i32 {
    clock::set(now);
    whole(engine, customer, entitlement, Asked { value, flags, overhead }, Whole::Explain)
}

fn whole(engine: f64, customer: u32, entitlement: u32, asked: Asked, whole: Whole<'_>) -> i32 {
    memory::with_answer(|answer| {
        doors::decide_with(engine, Name::Handle(customer), entitlement, asked, whole, answer)
    })
}

/// Takes the first event of a call.
fn take(host: &mut Host) -> u32 {
    memory::with_answer(|answer| host.next_event(answer))
}

/// Units used.
#[wasm_bindgen]
pub fn value(now: f64, engine: f64, customer: u32, entitlement: u32, flags: u32) -> f64 {
    number(now, engine, customer, entitlement, flags, Host::value)
}

/// The number that the flags say.
#[wasm_bindgen]
pub fn read(now: f64, engine: f64, customer: u32, entitlement: u32, flags: u32) -> f64 {
    number(now, engine, customer, entitlement, flags, Host::read)
}

#[inline(always)]
fn number(
    now: f64,
    engine: f64,
    customer: u32,
    entitlement: u32,
    flags: u32,
    read: impl Fn(&Host, Called<'_>, Called<'_>, u32) -> f64,
) -> f64 {
    clock::set(now);
    doors::read(engine, Name::Handle(customer), entitlement, flags, read)
}

/// Takes the oldest event that waits and leaves its numbers; its kind.
#[wasm_bindgen(js_name = "nextEvent")]
pub fn next_event(engine: f64) -> i32 {
    memory::with_answer(|answer| doors::next_event(engine, answer))
}
