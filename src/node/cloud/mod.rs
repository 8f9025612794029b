//! Engines that are connected to Limitr Cloud: the door that opens one, and the thread that carries what it says.

mod connect;
mod line;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use limitr_engine::EngineError;
use napi::Status;
use napi::bindgen_prelude::Function;
use napi::threadsafe_function::ThreadsafeFunctionCallMode;
use napi_derive::napi;
use serde_json::{Value, json};

use super::clock::now_ms;
use crate::rooms::Room;
use crate::wire::{self, Host};
use crate::{doors, slots};
use connect::Address;
pub(crate) use line::Bell;
use line::Line;

/// How long an engine that ends without `close` may take to hand in what it did.
const PARTING: Duration = Duration::from_secs(1);

/// Opens an engine without a policy and begins to connect it; JSON `{"value": {"engine"}}` or `{"error"}`. `roots` are the certificates
/// to trust, in PEM; `tell` is called when `cloudNews` has something.
#[napi(js_name = "openCloud")]
pub fn open_cloud(options: String, roots: String, tell: Function<'_, (), ()>) -> napi::Result<String> {
    // Weak: an open engine keeps no process alive.
    let tell = tell.build_threadsafe_function::<()>().weak::<true>().build()?;
    let over = AtomicBool::new(false);
    let tell = Box::new(move || {
        // A function whose environment ends is never called again.
        if !over.load(Ordering::Relaxed)
            && tell.call((), ThreadsafeFunctionCallMode::NonBlocking) != Status::Ok
        {
            over.store(true, Ordering::Relaxed);
        }
    });
    Ok(wire::answered(opened(&options, &roots, tell)))
}

fn opened(options: &str, roots: &str, tell: Box<dyn Fn() + Send>) -> Result<Value, EngineError> {
    let options = wire::cloud::CloudOptions::parse(options)?;
    let invalid = |problem| EngineError::new("invalid_value", problem);
    let address = Address::new(&options.url, &options.token, roots).map_err(invalid)?;
    let seed = ahash::RandomState::new().hash_one(0_u8);
    let bell = Arc::new(Bell::default());
    let mut host = options.host(now_ms, seed)?;
    host.ring_with(Arc::clone(&bell));
    let host = Arc::new(Mutex::new(host));
    let line = Line::start(Arc::clone(&host), bell, address, now_ms, tell);
    let failed =
        |problem| EngineError::new("not_supported", format!("no thread for the connection: {problem}"));
    let connected = Connected { host: Arc::clone(&host), line: line.map_err(failed)? };
    let engine = slots::join(Room::connected(host, connected)).ok_or_else(doors::too_many)?;
    Ok(json!({ "engine": engine }))
}

/// The connection of a room's engine. Dropped, it hands in what the engine did, and is over.
pub(crate) struct Connected {
    host: Arc<Mutex<Host>>,
    line: Line,
}

impl Drop for Connected {
    fn drop(&mut self) {
        self.host.lock().unwrap_or_else(PoisonError::into_inner).cloud_close();
        self.line.wait(PARTING);
    }
}
