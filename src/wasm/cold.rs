//! Doors that open, close and configure engines, and the one that calls everything else by name. A door that answers with
//! text leaves it in [`memory`](super::memory) and answers its length in bytes.

use wasm_bindgen::prelude::wasm_bindgen;

use super::memory;
use crate::{clock, doors, slots};

/// Opens an engine for a document; JSON `{"value": {"engine", "diagnostics", "format"}}` or `{"error"}`. `seed` is any
/// number, best a random one.
#[wasm_bindgen]
pub fn open(now: f64, document: &str, format: &str, options: &str, seed: f64) -> usize {
    clock::set(now);
    let seed = move || seed.to_bits();
    memory::leave(doors::open(document, format, options, seed))
}

/// Closes an engine; whether it was open.
#[wasm_bindgen]
pub fn close(engine: f64) -> bool {
    slots::close(engine)
}

/// How many engines are open.
#[wasm_bindgen]
pub fn engines() -> usize {
    slots::count()
}

/// Switches on or off that events are built; whether the engine is open.
#[wasm_bindgen]
pub fn listen(engine: f64, on: bool) -> bool {
    doors::listen(engine, on)
}

/// Tells which customer `handle` stands for from now on in calls of this engine.
#[wasm_bindgen(js_name = "customerName")]
pub fn customer_name(engine: f64, handle: u32, name: &str) {
    slots::tell(engine, |names| names.tell_customer(handle, name));
}

/// Tells which entitlement `handle` stands for from now on in calls of this engine.
#[wasm_bindgen(js_name = "entitlementName")]
pub fn entitlement_name(engine: f64, handle: u32, name: &str) {
    slots::tell(engine, |names| names.tell_entitlement(handle, name));
}

/// Calls a method by name with a JSON array of arguments; JSON `{"value"}` or `{"error"}`.
#[wasm_bindgen]
pub fn call(now: f64, engine: f64, op: &str, args: &str) -> usize {
    clock::set(now);
    memory::leave(doors::call(engine, op, args))
}

/// What numbers can't say of the event that `nextEvent` took last, as JSON.
#[wasm_bindgen(js_name = "eventText")]
pub fn event_text(engine: f64) -> usize {
    memory::leave(doors::event_text(engine))
}

/// What the indexes in answers mean, as JSON.
#[wasm_bindgen]
pub fn names(engine: f64) -> usize {
    memory::leave(doors::names(engine))
}

/// The last error of a door that answers with a number, as JSON.
#[wasm_bindgen(js_name = "lastError")]
pub fn last_error() -> usize {
    memory::leave(doors::last_error())
}
