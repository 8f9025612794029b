//! Doors that open, close and configure engines, and the one that calls everything else by name.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};

use limitr_engine::EngineError;
use napi::bindgen_prelude::{Either, Uint8Array};
use napi_derive::napi;
use serde_json::Value;

use super::clock::now_ms;
use crate::wire::Host;
use crate::{slots, wire};

thread_local! {
    static LAST_ERROR: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Keeps an error for `lastError`.
#[cold]
pub(super) fn keep_error(error: &EngineError) {
    LAST_ERROR.set(wire::error_json(error).to_string());
}

/// The error of a handle that leads nowhere.
pub(super) fn closed() -> EngineError {
    EngineError::new("closed", "this Limitr was closed; open another one with `Limitr.new`")
}

/// The error of a defect: the engine it happened in is closed, since its state can't be trusted.
#[cold]
pub(super) fn defect(engine: f64) -> EngineError {
    slots::close(engine);
    EngineError::new("internal", "the engine met a defect and was closed; please report what led here")
}

/// Works with an open engine; nothing if the handle is closed or the work met a defect, which closes it.
fn guarded<T>(engine: f64, work: impl FnOnce(&mut Host) -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(|| slots::with(engine, work))).unwrap_or_else(|_| {
        keep_error(&defect(engine));
        None
    })
}

/// Opens an engine for a document; JSON `{"value": {"engine", "diagnostics", "format"}}` or `{"error"}`.
#[napi]
pub fn open(document: Either<String, Uint8Array>, format: String, options: String) -> String {
    let bytes: &[u8] = match &document {
        Either::A(text) => text.as_bytes(),
        Either::B(bytes) => bytes,
    };
    let opened = catch_unwind(|| {
        let seed = ahash::RandomState::new().hash_one(0_u8);
        wire::open(bytes, &format, &options, now_ms, seed)
    });
    wire::answered(match opened {
        Ok(opened) => opened.and_then(|(host, mut about)| {
            let engine = slots::open(host).ok_or_else(|| {
                let message = format!("this thread has {} engines open; close some", slots::ENGINES_MAX);
                EngineError::new("too_many", message)
            })?;
            about["engine"] = Value::from(engine);
            Ok(about)
        }),
        Err(_) => Err(EngineError::new("internal", "the document could not be opened; please report it")),
    })
}

/// Closes an engine; whether it was open.
#[napi]
pub fn close(engine: f64) -> bool {
    slots::close(engine)
}

/// Switches on or off that events are built; whether the engine is open.
#[napi]
pub fn listen(engine: f64, on: bool) -> bool {
    guarded(engine, |host| host.listen(on)).is_some()
}

/// Calls a method by name with a JSON array of arguments; JSON `{"value"}` or `{"error"}`.
#[napi]
pub fn call(engine: f64, op: String, args: String) -> String {
    match catch_unwind(AssertUnwindSafe(|| slots::with(engine, |host| wire::call(host, &op, &args)))) {
        Ok(Some(answer)) => answer,
        Ok(None) => wire::answered(Err(closed())),
        Err(_) => wire::answered(Err(defect(engine))),
    }
}

/// What numbers can't say of the event that `nextEvent` took last, as JSON.
#[napi(js_name = "eventText")]
pub fn event_text(engine: f64) -> String {
    guarded(engine, |host| host.event_text()).unwrap_or_else(|| "null".to_string())
}

/// What the indexes in answers mean, as JSON.
#[napi]
pub fn names(engine: f64) -> String {
    guarded(engine, |host| host.names()).unwrap_or_else(|| "null".to_string())
}

/// The last error of a door that answers with a number, as JSON.
#[napi(js_name = "lastError")]
pub fn last_error() -> String {
    LAST_ERROR.with_borrow(Clone::clone)
}
