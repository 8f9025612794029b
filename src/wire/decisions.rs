//! Calls that decide, where their arguments or answers are more than numbers.

use limitr_engine::quantity::Amount;
use limitr_engine::{Ask, Asked, BatchItem, Call, CallCap, EngineError};
use serde_json::{Value, json};

use super::args::{Args, given, wrong};
use super::holds::reserved;
use super::{Host, call_of, flags};

/// Answers a call that decides; nothing if `op` is another's.
pub(super) fn call(host: &mut Host, op: &str, args: &Args) -> Result<Option<Value>, EngineError> {
    Ok(Some(match op {
        "allow" | "check" => plain(host, op, args)?,
        "decide" | "explain" => whole(host, op, args)?,
        "allowAll" | "decideAll" => batch(host, op, args)?,
        "asked" => asked(host, args)?,
        _ => return Ok(None),
    }))
}

/// `(customer, entitlement, value, flags, overhead)`.
fn plain(host: &mut Host, op: &str, args: &Args) -> Result<Value, EngineError> {
    let (customer, entitlement, value) = (args.text(0)?, args.text(1)?, args.given(2)?);
    let call = call_of(value, args.whole(3, flags::EVENTS)?, overhead(args.get(4), 4)?)?;
    let allowed = match op {
        "check" => host.check(customer.into(), entitlement.into(), &call)?,
        _ => host.allow(customer.into(), entitlement.into(), &call)?,
    };
    Ok(allowed.into())
}

/// `(customer, entitlement, value, {flags, overhead, asked, id, caps})`; `asked`: a function of the policy answered the overhead.
fn whole(host: &mut Host, op: &str, args: &Args) -> Result<Value, EngineError> {
    let (customer, entitlement) = (args.text(0)?, args.text(1)?);
    let options = args.object(3)?;
    let option = |name: &str| options.and_then(|options| options.get(name)).filter(|value| !value.is_null());
    let flags = option("flags").and_then(Value::as_u64).map_or(flags::EVENTS, |flags| flags as u32);
    let caps = caps_of_call(option("caps"))?;
    let call = call_of(args.given(2)?, flags, overhead(option("overhead"), 3)?)?;
    let overhead_asked = option("asked").and_then(Value::as_bool).unwrap_or(false);
    let call = Call { caps: &caps, overhead_asked, ..call };
    let decision = match (option("id"), op) {
        (None, "decide") => host.decide(customer.into(), entitlement.into(), &call)?,
        (None, _) => host.explain(customer.into(), entitlement.into(), &call)?,
        (Some(Value::String(id)), "decide") => {
            host.decide_once(customer.into(), entitlement.into(), &call, id)?
        }
        (Some(Value::String(id)), _) => host.explain_once(customer.into(), entitlement.into(), &call, id)?,
        (Some(_), _) => return Err(EngineError::new("invalid_argument", "`id` must be text")),
    };
    let mut json = host.engine.decision_json(&decision);
    json["entitlement"] = entitlement.into();
    Ok(json)
}

/// Caps of one call: a list of `[credit, value]`.
fn caps_of_call(caps: Option<&Value>) -> Result<Vec<CallCap<'_>>, EngineError> {
    let list = caps.and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    list.iter()
        .map(|cap| match (cap.get(0).and_then(Value::as_str), cap.get(1)) {
            (Some(credit), Some(value)) => Ok(CallCap { credit, value: given(value, 3)? }),
            _ => Err(wrong(3, "has caps that aren't `[credit, value]`")),
        })
        .collect()
}

/// `(customer, [{entitlement, value, overhead}, …], flags)`.
fn batch(host: &mut Host, op: &str, args: &Args) -> Result<Value, EngineError> {
    let customer = args.text(0)?;
    let list = args.get(1).and_then(Value::as_array).ok_or_else(|| wrong(1, "must be a list of items"))?;
    let mut items = Vec::with_capacity(list.len());
    for item in list {
        let entitlement = item.get("entitlement").and_then(Value::as_str);
        let entitlement =
            entitlement.ok_or_else(|| wrong(1, "must be a list of `{ entitlement, value }`"))?;
        let value = item.get("value").filter(|value| !value.is_null());
        let value = value.map_or(Ok(limitr_engine::Given::Number(0.0)), |value| given(value, 1))?;
        let runes = item.get("overhead").filter(|runes| !runes.is_null());
        let runes = runes.map(|runes| overhead(Some(runes), 1)).transpose()?;
        let overhead = runes.map(Amount::from_f64).transpose()?;
        items.push(BatchItem { entitlement: entitlement.into(), value, overhead });
    }
    let events = args.whole(2, flags::EVENTS)? & flags::EVENTS != 0;
    if op == "allowAll" {
        return host.allow_all(customer.into(), &items, events).map(Value::from);
    }
    let answer = host.decide_all(customer.into(), &items, events)?;
    let decisions = items.iter().zip(&answer.decisions).map(|(item, decision)| match decision {
        None => Value::Null,
        Some(decision) => {
            let mut json = host.engine.decision_json(decision);
            json["entitlement"] = item.entitlement.name().into();
            json
        }
    });
    let decisions: Vec<Value> = decisions.collect();
    Ok(json!({ "allowed": answer.allowed, "decisions": decisions }))
}

/// `(customer, [[entitlement, way, value or what to reserve], …])`: what such calls would ask for, and the policy's version.
/// Null for one that asks for nothing, or will be refused.
fn asked(host: &Host, args: &Args) -> Result<Value, EngineError> {
    let customer = args.text(0)?;
    let list = args.get(1).and_then(Value::as_array).ok_or_else(|| wrong(1, "must be a list of calls"))?;
    let all: Vec<Value> = list
        .iter()
        .map(|one| match asked_by(host, customer, one) {
            Ok(Some(Asked { credit, units, overhead })) => {
                json!({ "credit": credit, "units": units.to_f64(), "overhead": overhead.to_f64() })
            }
            _ => Value::Null,
        })
        .collect();
    Ok(json!({ "version": host.engine.policy_version(), "asked": all }))
}

fn asked_by<'a>(host: &'a Host, customer: &str, one: &Value) -> Result<Option<Asked<'a>>, EngineError> {
    let (now, engine) = (host.now(), &host.engine);
    let (Some(entitlement), Some(way), Some(value)) =
        (one.get(0).and_then(Value::as_str), one.get(1).and_then(Value::as_str), one.get(2))
    else {
        return Ok(None);
    };
    if let ("reserve", Value::Object(options)) = (way, value) {
        return engine.asked_by_reserve(now, customer, entitlement, &reserved(options)?);
    }
    let ask = match way {
        "increment" => Ask::Increment,
        "decrement" => Ask::Decrement,
        "to" => Ask::To(given(value, 1)?),
        _ => Ask::By(given(value, 1)?),
    };
    engine.asked_by_call(now, customer, entitlement, &ask)
}

fn overhead(value: Option<&Value>, at: usize) -> Result<f64, EngineError> {
    match value {
        None => Ok(0.0),
        Some(value) => value.as_f64().ok_or_else(|| wrong(at, "must be a number of runes")),
    }
}
