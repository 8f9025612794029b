//! Engines that are connected to Limitr Cloud: the door that opens one, and the thread that carries what it says.

mod connect;
mod line;
mod outbox;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use limitr_engine::EngineError;
use napi::Status;
use napi::bindgen_prelude::{AsyncTask, Env, Function, Task};
use napi::threadsafe_function::ThreadsafeFunctionCallMode;
use napi_derive::napi;
use serde_json::json;

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
pub fn open_cloud(
    options: String,
    roots: String,
    tell: Function<'_, (), ()>,
) -> napi::Result<AsyncTask<OpenCloud>> {
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
    Ok(AsyncTask::new(OpenCloud { options, roots, tell: Some(tell) }))
}

/// Work of [`open_cloud`], on a thread of Node's pool: reading an outbox takes as long as the disk does.
pub struct OpenCloud {
    options: String,
    roots: String,
    tell: Option<Box<dyn Fn() + Send>>,
}

impl Task for OpenCloud {
    type Output = Result<Arc<Room>, EngineError>;
    type JsValue = String;

    fn compute(&mut self) -> napi::Result<Self::Output> {
        let Some(tell) = self.tell.take() else {
            return Err(napi::Error::from_status(Status::GenericFailure));
        };
        let opened = catch_unwind(AssertUnwindSafe(|| opened(&self.options, &self.roots, tell)));
        let defect = || EngineError::new("internal", "the engine could not be opened; please report it");
        Ok(opened.unwrap_or_else(|_| Err(defect())))
    }

    fn resolve(&mut self, _: Env, output: Self::Output) -> napi::Result<String> {
        Ok(wire::answered(output.and_then(|room| {
            let engine = slots::join(room).ok_or_else(doors::too_many)?;
            Ok(json!({ "engine": engine }))
        })))
    }
}

fn opened(options: &str, roots: &str, tell: Box<dyn Fn() + Send>) -> Result<Arc<Room>, EngineError> {
    let options = wire::cloud::CloudOptions::parse(options)?;
    let invalid = |problem| EngineError::new("invalid_value", problem);
    let address = Address::new(&options.url, &options.token, roots).map_err(invalid)?;
    let seed = ahash::RandomState::new().hash_one(0_u8);
    let bell = Arc::new(Bell::default());
    let (mut host, outbox) = match &options.store {
        None => (options.host(seed, None)?, None),
        Some(folder) => {
            let outbox = outbox::open(Path::new(folder), &options.token)?;
            let earlier = outbox::earlier(&outbox)?;
            (options.host(seed, Some(earlier))?, Some(outbox))
        }
    };
    host.ring_with(Arc::clone(&bell));
    let host = Arc::new(Mutex::new(host));
    let (store, begin) = match outbox {
        None => (None, None),
        Some(outbox) => {
            let (store, begin) = outbox::start(outbox, &options, &host)?;
            (Some(store), Some(begin))
        }
    };
    let line = Line::start(Arc::clone(&host), bell, address, begin, tell);
    let failed =
        |problem| EngineError::new("not_supported", format!("no thread for the connection: {problem}"));
    let connected = Connected { host: Arc::clone(&host), line: line.map_err(failed)? };
    Ok(Room::connected(host, connected, store))
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
