//! Calls with which a host that keeps changes itself, through an adapter, saves an engine and brings one back.
//!
//! 1. An engine that is opened with `restore` is empty and has no policy. Then come, each from none to all of it: the head of a
//!    snapshot, its customers, and the changes after it, in the order in which they were kept.
//! 2. A snapshot is read while the engine goes on: each customer carries the number of the last change that is in it. Changes of
//!    the snapshot's own instance up to that number are in the customer already, and up to `to` a customer that isn't there may
//!    have been removed meanwhile.
//! 3. `restored` puts the policy in force that the engine was opened with, and from then on it records changes.

use std::collections::BTreeMap;

use limitr_engine::policy::Policy;
use limitr_engine::{Change, Effected, EngineError};
use serde_json::{Value, json};

use super::Host;
use super::args::{Args, wrong};

/// The format of changes and snapshots as JSON.
const FORMAT: u64 = 1;

/// What is known while an engine is brought back.
#[derive(Debug)]
pub(super) struct Restoring {
    /// The policy that it was opened with.
    policy: Policy,
    /// The snapshot's instance, and the last change that may be in it.
    instance: String,
    to: u64,
    /// Up to which change each customer of the snapshot is.
    known: BTreeMap<String, u64>,
}

impl Restoring {
    pub(super) fn new(policy: Policy) -> Restoring {
        Restoring { policy, instance: String::new(), to: 0, known: BTreeMap::new() }
    }
}

/// Answers a call that saves or restores; nothing if `op` is another's.
pub(super) fn call(host: &mut Host, op: &str, args: &Args) -> Result<Option<Value>, EngineError> {
    Ok(Some(match op {
        "restoreHead" => restore_head(host, args)?,
        "restoreCustomers" => restore_customers(host, args)?,
        "restoreChanges" => restore_changes(host, args)?,
        "restored" => {
            let Some(Restoring { policy, .. }) = host.restoring.take() else { return Err(too_late()) };
            host.engine.record_changes(true);
            host.engine.resume(host.now(), policy)?;
            Value::Null
        }
        "takeChanges" => match host.engine.has_changes() {
            false => Value::Null,
            true => host.engine.take_changes().iter().map(Change::to_json).collect(),
        },
        "stopChanges" => {
            host.engine.record_changes(false);
            Value::Null
        }
        "seq" => host.engine.seq().into(),
        "snapshotHead" => json!({
            "format": FORMAT,
            "from": host.engine.seq(),
            "policy": { "version": host.engine.policy_version(), "document": host.engine.policy().to_json() },
            "estimates": host.engine.everybodys_estimates(),
            "now": host.engine.latest(i64::MIN),
        }),
        _ => return Ok(None),
    }))
}

/// `(head)`: format, policy, estimates and time of a snapshot.
fn restore_head(host: &mut Host, args: &Args) -> Result<Value, EngineError> {
    let head = args.get(0).ok_or_else(|| wrong(0, "must be a snapshot"))?;
    let format = head["format"].as_u64().unwrap_or_default();
    if format > FORMAT {
        let message = format!(
            "the store holds format {format}, and this version of limitr knows formats up to {FORMAT}: use the version that wrote it, or a later one"
        );
        return Err(EngineError::new("store_newer", message));
    }
    let restoring = host.restoring.as_mut().ok_or_else(too_late)?;
    restoring.instance = head["instance"].as_str().unwrap_or_default().to_string();
    restoring.to = head["to"].as_u64().or(head["from"].as_u64()).unwrap_or_default();
    host.engine.latest(head["now"].as_i64().unwrap_or(i64::MIN));
    let policy = Effected::PolicySet {
        version: head["policy"]["version"].as_u64().unwrap_or_default(),
        document: head["policy"]["document"].clone(),
    };
    host.engine.restore_change(&Change::<Box<str>> { seq: 0, at: i64::MIN, effect: policy })?;
    host.engine.restore_estimates(&head["estimates"])?;
    Ok(Value::Null)
}

/// `([{seq, record}, …])`.
fn restore_customers(host: &mut Host, args: &Args) -> Result<Value, EngineError> {
    let list =
        args.get(0).and_then(Value::as_array).ok_or_else(|| wrong(0, "must be a list of customers"))?;
    let restoring = host.restoring.as_mut().ok_or_else(too_late)?;
    for customer in list {
        let record = &customer["record"];
        host.engine.restore_record(record)?;
        let id = record["id"].as_str().unwrap_or_default().to_string();
        restoring.known.insert(id, customer["seq"].as_u64().unwrap_or_default());
    }
    Ok(Value::Null)
}

/// `([change with its instance, …])`.
fn restore_changes(host: &mut Host, args: &Args) -> Result<Value, EngineError> {
    let list = args.get(0).and_then(Value::as_array).ok_or_else(|| wrong(0, "must be a list of changes"))?;
    let Host { engine, restoring, .. } = host;
    let restoring = restoring.as_mut().ok_or_else(too_late)?;
    for json in list {
        let mut json = json.clone();
        let instance = json.as_object_mut().and_then(|fields| fields.remove("instance"));
        let of_snapshot = instance.as_ref().and_then(Value::as_str) == Some(&restoring.instance);
        let change = Change::from_json(&json)?;
        let holder = change.effect.holder().unwrap_or_default();
        let known = restoring.known.get(holder).copied();
        if of_snapshot && known.is_some_and(|known| change.seq <= known) {
            if let Effected::Learned(learned) = &change.effect {
                engine.restore_learned(learned); // what everybody knows is as of the snapshot's beginning
            }
            continue;
        }
        let begins =
            matches!(change.effect, Effected::CustomerSet { .. } | Effected::CustomerReplaced { .. });
        let gone = of_snapshot
            && change.seq <= restoring.to
            && !begins
            && !holder.is_empty()
            && engine.customer(holder).is_none();
        if !gone {
            engine.restore_change(&change)?;
        }
    }
    Ok(Value::Null)
}

fn too_late() -> EngineError {
    EngineError::new(
        "invalid_argument",
        "the engine is open: only one that is opened with `restore` is restored",
    )
}
