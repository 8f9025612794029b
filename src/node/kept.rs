//! Doors of engines that have a store or that threads share. What waits for a disk runs on a thread of Node's pool, and its
//! promise gives JSON: `{"value"}` or `{"error"}`.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::Arc;

use limitr_engine::EngineError;
use limitr_store::Query;
use napi::bindgen_prelude::{AsyncTask, Env, Result, Task};
use napi_derive::napi;
use serde_json::{Value, json};

use crate::rooms::{Request, Room, refused};
use crate::{doors, slots, wire};

/// Opens an engine with a store, or finds the one that other threads share; `{"engine", "diagnostics", "format"}`.
#[napi(js_name = "openRoom")]
pub fn open_room(document: String, format: String, options: String) -> AsyncTask<Open> {
    AsyncTask::new(Open(Request { document, format, options }))
}

/// Waits until everything that the engine did by now is on disk.
#[napi]
pub fn flush(engine: f64) -> AsyncTask<Flush> {
    AsyncTask::new(Flush(room_of(engine)))
}

/// The same, and blocks meanwhile.
#[napi(js_name = "flushNow")]
pub fn flush_now(engine: f64) -> String {
    wire::answered(flushed(&room_of(engine)))
}

/// The changes of a customer; `query` is JSON, `{customer, since?, until?, entitlement?, limit}`.
#[napi]
pub fn history(engine: f64, query: String) -> AsyncTask<History> {
    AsyncTask::new(History(room_of(engine), query))
}

/// Keeps what is readable of a damaged store; `{"customers", "changes", "lost": [{"file", "at", "bytes"}]}`.
#[napi(js_name = "repairStore")]
pub fn repair_store(path: String) -> AsyncTask<Repair> {
    AsyncTask::new(Repair(path))
}

/// The number of the engine's last change; -1 if it is gone.
#[napi]
pub fn seq(engine: f64) -> f64 {
    slots::with(engine, |host, _| host.seq()).map_or(-1.0, |seq| seq as f64)
}

type Found = std::result::Result<Arc<Room>, EngineError>;
type Answer = std::result::Result<Value, EngineError>;

fn room_of(engine: f64) -> Found {
    match slots::room(engine) {
        Ok(Some(room)) => Ok(room),
        Ok(None) => Err(EngineError::new("not_supported", "this engine has no store: open it with `store`")),
        Err(gone) => Err(doors::refused(engine, gone)),
    }
}

fn flushed(room: &Found) -> Answer {
    room.clone()?.flush().map(|()| Value::Null)
}

/// Turns a panic into an error: one must not leave a thread of the pool.
fn guarded(work: impl FnOnce() -> Answer) -> String {
    let done = catch_unwind(AssertUnwindSafe(work));
    let defect = || EngineError::new("internal", "the store met a defect; please report what led here");
    wire::answered(done.unwrap_or_else(|_| Err(defect())))
}

/// Work of [`open_room`].
pub struct Open(Request);

impl Task for Open {
    type Output = std::result::Result<Arc<Room>, EngineError>;
    type JsValue = String;

    fn compute(&mut self) -> Result<Self::Output> {
        let opened = catch_unwind(AssertUnwindSafe(|| Room::open(&self.0)));
        let defect = || EngineError::new("internal", "the document could not be opened; please report it");
        Ok(opened.unwrap_or_else(|_| Err(defect())))
    }

    fn resolve(&mut self, _: Env, output: Self::Output) -> Result<String> {
        Ok(wire::answered(output.and_then(|room| {
            let mut about = room.about();
            about["engine"] = slots::join(room).ok_or_else(doors::too_many)?.into();
            Ok(about)
        })))
    }
}

/// Work of [`flush()`].
pub struct Flush(Found);

impl Task for Flush {
    type Output = String;
    type JsValue = String;

    fn compute(&mut self) -> Result<String> {
        Ok(guarded(|| flushed(&self.0)))
    }

    fn resolve(&mut self, _: Env, output: String) -> Result<String> {
        Ok(output)
    }
}

/// Work of [`history`].
pub struct History(Found, String);

impl Task for History {
    type Output = String;
    type JsValue = String;

    fn compute(&mut self) -> Result<String> {
        Ok(guarded(|| {
            let query: Value = serde_json::from_str(&self.1).unwrap_or_default();
            let query = Query {
                customer: query["customer"].as_str().unwrap_or_default().to_string(),
                since: query["since"].as_f64().map(|at| at.ceil() as i64),
                until: query["until"].as_f64().map(|at| at.ceil() as i64),
                entitlement: query["entitlement"].as_str().map(str::to_string),
                limit: query["limit"].as_u64().unwrap_or_default() as usize,
            };
            let found = self.0.clone()?.history(query)?;
            let entries = found.into_iter().map(|recorded| {
                let mut json = recorded.change.to_json();
                json["instance"] = recorded.instance.into();
                json
            });
            Ok(entries.collect())
        }))
    }

    fn resolve(&mut self, _: Env, output: String) -> Result<String> {
        Ok(output)
    }
}

/// Work of [`repair_store`].
pub struct Repair(String);

impl Task for Repair {
    type Output = String;
    type JsValue = String;

    fn compute(&mut self) -> Result<String> {
        Ok(guarded(|| {
            let repaired = limitr_store::repair(&PathBuf::from(&self.0)).map_err(refused)?;
            let lost = repaired.lost.iter();
            let lost: Vec<Value> =
                lost.map(|lost| json!({ "file": lost.file, "at": lost.at, "bytes": lost.bytes })).collect();
            Ok(json!({ "customers": repaired.customers, "changes": repaired.changes, "lost": lost }))
        }))
    }

    fn resolve(&mut self, _: Env, output: String) -> Result<String> {
        Ok(output)
    }
}
