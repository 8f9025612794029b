//! Customers: a record that says what they are, and meters that say what they used.
//!
//! A record is rebuilt by the engine's own replay from the changes that *say* something (a plan, a cap, a grant); what *counts* is summed
//! in meters and only put into the record when somebody asks for it. A customer's **revision** counts its committed changes, which are its
//! log: an instance that holds the customer is told what it has missed from there, so a wake-up that gets lost loses nothing.

use std::sync::Arc;

use limitr_engine::quantity::Amount;
use limitr_engine::{Change, Engine, EngineError};
use limitr_protocol::{Down, Ensured, InstanceId, Known, Sent, What};
use serde_json::{Map, Value, json};

use crate::commit::{self, Logged};
use crate::instances::speaking;
use crate::meters::{Meter, minus};
use crate::refusal::Refusal;
use crate::rows::{Key, Query, Rows, Stop};
use crate::terms::Rules;

/// Most customers that one search along references reads.
const FAMILY_MAX: usize = 64;
/// Most changes that one frame tells an instance of.
const TOLD_MAX: u64 = 500;
/// After how many bytes of them a frame has enough, so that it stays within what a frame may be.
const TOLD_BYTES: usize = 524_288;

/// A customer's row.
#[derive(Clone, Debug, PartialEq)]
pub struct Customer {
    /// Its record, without what meters count.
    pub record: Arc<Value>,
    /// How many changes of it are committed.
    pub rev: u64,
    /// Whether it was removed. The row stays: what comes late still has its place.
    pub removed: bool,
}

/// The record of a customer and of all that it refers to, itself first; none where there is no such customer.
pub(crate) fn family(rows: &Rows, id: &str) -> Result<Vec<Arc<Value>>, Stop> {
    let mut ids: Vec<Box<str>> = vec![id.into()];
    let mut family = Vec::new();
    let mut next = 0;
    while let Some(id) = ids.get(next).cloned() {
        next += 1;
        let Some(row) = rows.customer(&id)?.filter(|row| !row.removed) else {
            match next {
                1 => return Ok(family),
                _ => continue,
            }
        };
        let refs = row.record.get("refs").and_then(Value::as_array);
        for other in refs.into_iter().flatten().filter_map(Value::as_str) {
            if ids.len() < FAMILY_MAX && !ids.iter().any(|known| **known == *other) {
                ids.push(other.into());
            }
        }
        family.push(row.record);
    }
    Ok(family)
}

/// Creates a customer unless there is one; whether it did. Without a plan that it could have it isn't created.
///
/// # Errors
/// What the engine refuses, such as `unknown_plan`.
pub fn ensure(rows: &mut Rows, rules: &Rules, now: i64, ensured: &Ensured) -> Result<bool, Stop> {
    let known = rows.customer(&ensured.id)?;
    if known.as_ref().is_some_and(|row| !row.removed) {
        return Ok(false);
    }
    let mut relatives = Vec::new();
    for id in &ensured.refs {
        relatives.extend(family(rows, id)?);
    }
    let record = rules.create(now, ensured, &relatives).map_err(|error| refused(&error))?;
    let Some(record) = record else { return Ok(false) };
    let rev = known.map_or(0, |row| row.rev);
    rows.put_customer(&ensured.id, Customer { record: Arc::new(record), rev, removed: false });
    Ok(true)
}

/// Does to a customer what an administrator may: `act` is any call of an engine that holds the customer and what it refers to. What comes
/// of it is committed like an instance's changes, by the server itself.
///
/// # Errors
/// `unknown_customer`, and what the engine refuses.
pub fn act<T>(
    rows: &mut Rows,
    rules: &Rules,
    now: i64,
    id: &str,
    act: impl FnOnce(&mut Engine) -> Result<T, EngineError>,
) -> Result<T, Stop> {
    let family = family(rows, id)?;
    if family.is_empty() {
        return Err(Refusal::new("unknown_customer", format!("there is no customer `{id}`")).into());
    }
    let mut engine = rules.engine_with(now, &family).map_err(|error| refused(&error))?;
    engine.record_changes(true);
    let answer = act(&mut engine).map_err(|error| refused(&error))?;
    for change in engine.take_changes() {
        commit::land(rows, rules, commit::SERVER, change)?;
    }
    Ok(answer)
}

/// Starts the meter of a limit that a customer hasn't used yet, such as one that a later policy added, at `at`: all engines count in the periods
/// that begin there. It is the server's own change; whether there was need for it.
pub(crate) fn start_meter(
    rows: &mut Rows,
    rules: &Rules,
    at: i64,
    id: &str,
    entitlement: &str,
) -> Result<bool, Stop> {
    let started =
        |row: &Customer| row.record.get("meters").is_some_and(|meters| meters.get(entitlement).is_some());
    match rows.customer(&id.into())?.filter(|row| !row.removed && !started(row)) {
        Some(_) if rules.version() > 0 => {
            act(rows, rules, at, id, |engine| engine.start_meter(at, id, entitlement))
        }
        _ => Ok(false),
    }
}

fn refused(error: &EngineError) -> Refusal {
    Refusal::new(error.code(), error.message())
}

/// Customers that an instance holds from now on, each with the revision that it was sent.
pub type Held = Vec<(Box<str>, u64)>;

/// Answers `load`: each customer as it stands, its revision, and the names of those that aren't there.
pub(crate) fn load(
    rows: &Rows,
    me: InstanceId,
    session: u64,
    ids: &[Box<str>],
) -> Result<(Down, Held), Stop> {
    let up_to = speaking(rows, me, session)?.up_to;
    let (mut list, mut missing, mut held) = (Vec::new(), Vec::new(), Vec::new());
    for id in ids {
        match rows.customer(id)?.filter(|row| !row.removed) {
            Some(row) => {
                held.push((id.clone(), row.rev));
                list.push(Known { rev: row.rev, record: counted(rows, id, &row.record)?, up_to });
            }
            None => missing.push(id.clone()),
        }
    }
    Ok((Down::Customers { list, missing }, held))
}

/// A record with what its meters count in their latest period.
///
/// # Errors
/// As [`Rows`].
pub fn counted(rows: &Rows, id: &str, record: &Value) -> Result<Value, Stop> {
    let mut record = record.clone();
    let keys = rows.ask(&Query::Meters(id.into()))?;
    rows.want(keys.iter().cloned())?;
    for key in keys {
        let Key::Meter(key) = key else { continue };
        let Some(meter) = rows.meter(&key)? else { continue };
        let (list, name) = match &key.what {
            What::Limit(entitlement) => ("meters", entitlement.to_string()),
            What::Cap(cap) => ("caps", cap.to_string()),
            What::Grant(number) => ("grants", format!("grant_{number}")),
        };
        let entry = record.get_mut(list).and_then(|list| list.get_mut(&name)).and_then(Value::as_object_mut);
        if let Some(entry) = entry {
            put_counts(entry, &key.what, &meter, key.period_start);
        }
    }
    Ok(record)
}

fn put_counts(entry: &mut Map<String, Value>, what: &What, meter: &Meter, period_start: i64) {
    let mut put = |field: &str, value: Value| drop(entry.insert(field.to_string(), value));
    match what {
        What::Limit(_) => {
            put("value", json!(meter.sums.units));
            put("granted", json!(meter.sums.granted.max(Amount::ZERO)));
            put("overhead", json!(meter.sums.overhead));
            put("billed", json!(meter.sums.billed));
        }
        What::Cap(_) => put("meter_value", json!(meter.sums.units)),
        What::Grant(_) => {
            let given = entry.get("balance").and_then(|given| serde_json::from_value(given.clone()).ok());
            // Forced calls may have drawn more than there was.
            let left = minus(given.unwrap_or_default(), meter.spent).max(Amount::ZERO);
            entry.insert("balance".to_string(), json!(left));
        }
    }
    entry.insert("period_start".to_string(), Value::from(period_start));
}

/// How many bytes a change has as it is sent.
fn length(change: &Change) -> usize {
    struct Counter(usize);
    impl std::io::Write for Counter {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0 += bytes.len();
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let mut counter = Counter(0);
    // Nothing is wrong with it that reading it wouldn't have found.
    serde_json::to_writer(&mut counter, change).ok();
    counter.0
}

/// What an instance that has seen a customer up to a revision is to be told next; `None`: it has seen all.
pub(crate) fn follow(
    rows: &Rows,
    me: InstanceId,
    customer: &str,
    seen: u64,
) -> Result<Option<(Down, u64)>, Stop> {
    let id: Box<str> = customer.into();
    let rev = rows.customer(&id)?.map_or(0, |row| row.rev).min(seen.saturating_add(TOLD_MAX));
    if rev <= seen {
        return Ok(None);
    }
    rows.want((seen + 1..=rev).map(|rev| Key::Change((id.clone(), rev))))?;
    let (mut list, mut bytes, mut last) = (Vec::new(), 0, seen);
    for place in seen + 1..=rev {
        if bytes > TOLD_BYTES {
            break;
        }
        last = place;
        let Some(Logged { author, change, .. }) = rows.change(&(id.clone(), place))? else { continue };
        if author != me && commit::concerns_others(&change.effect) {
            bytes += length(&change);
            list.push(Sent((*change).clone()));
        }
    }
    Ok(Some((Down::Changes { customer: id, rev: last, list }, last)))
}
