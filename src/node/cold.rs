//! Doors that open, close and configure engines, and the one that calls everything else by name.

use napi_derive::napi;

use crate::{doors, slots};

/// Opens an engine for a document; JSON `{"value": {"engine", "diagnostics", "format"}}` or `{"error"}`.
#[napi]
pub fn open(document: String, format: String, options: String) -> String {
    doors::open(&document, &format, &options, || ahash::RandomState::new().hash_one(0_u8))
}

/// Closes an engine; whether it was open.
#[napi]
pub fn close(engine: f64) -> bool {
    slots::close(engine)
}

/// Switches on or off that events are built; whether the engine is open.
#[napi]
pub fn listen(engine: f64, on: bool) -> bool {
    doors::listen(engine, on)
}

/// Tells which customer `handle` stands for from now on in calls of this engine.
#[napi(js_name = "customerName")]
pub fn customer_name(engine: f64, handle: u32, name: String) {
    slots::tell(engine, |names| names.tell_customer(handle, &name));
}

/// Tells which entitlement `handle` stands for from now on in calls of this engine.
#[napi(js_name = "entitlementName")]
pub fn entitlement_name(engine: f64, handle: u32, name: String) {
    slots::tell(engine, |names| names.tell_entitlement(handle, &name));
}

/// Calls a method by name with a JSON array of arguments; JSON `{"value"}` or `{"error"}`.
#[napi]
pub fn call(engine: f64, op: String, args: String) -> String {
    doors::call(engine, &op, &args)
}

/// What numbers can't say of the event that `nextEvent` took last, as JSON.
#[napi(js_name = "eventText")]
pub fn event_text(engine: f64) -> String {
    doors::event_text(engine)
}

/// What the indexes in answers mean, as JSON.
#[napi]
pub fn names(engine: f64) -> String {
    doors::names(engine)
}

/// The last error of a door that answers with a number, as JSON.
#[napi(js_name = "lastError")]
pub fn last_error() -> String {
    doors::last_error()
}
