//! Calls that create, change, remove and read customers.

use limitr_engine::{EngineError, Profile};
use serde_json::{Map, Value, json};

use super::Host;
use super::args::{Args, wrong};

/// The fields of an override by place, after customer and entitlement.
const OVERRIDE_FIELDS: [&str; 8] =
    ["value", "expires_on", "credit", "mode", "increment", "resets", "reset_inc", "reset_sch"];

/// Answers a call about customers; nothing if `op` is another's.
pub(super) fn call(host: &mut Host, op: &str, args: &Args) -> Result<Option<Value>, EngineError> {
    let now = host.now();
    let engine = &mut host.engine;
    Ok(Some(match op {
        "createCustomer" => {
            let id = args.text(0)?;
            match engine.create_customer(now, id, &profile(args)?)? {
                true => engine.customer_record(id).unwrap_or_default(),
                false => Value::Null,
            }
        }
        "ensureCustomer" => engine.ensure_customer(now, args.text(0)?, &profile(args)?)?.into(),
        "setCustomer" => {
            engine.set_customer(now, args.get(0).ok_or_else(|| wrong(0, "must be a record"))?, true)?;
            true.into()
        }
        "ensureSetCustomer" => ensure_set(host, args)?,
        "loadCustomers" => engine.load_customers(now, &records(args)?, args.flag(1, false)?)?.into(),
        "customer" => engine.customer_record(args.text(0)?).unwrap_or_default(),
        "customerPage" => {
            let page = engine.customer_page(args.whole(0, 0)?, args.whole(1, u32::MAX)? as usize);
            json!({ "records": page.records, "next": page.next, "seq": engine.seq() })
        }
        "customerMetadata" => engine.customer(args.text(0)?).map_or(Value::Null, |c| c.metadata().clone()),
        "customerRefs" => engine.customer(args.text(0)?).map_or(Value::Null, |c| json!(c.refs)),
        "removeCustomer" => engine.remove_customer(now, args.text(0)?)?.into(),
        "addAltID" => engine.add_alt_id(now, args.text(0)?, args.text(1)?)?.into(),
        "removeAltID" => engine.remove_alt_id(now, args.text(0)?)?.into(),
        "setCustomerPlan" => {
            engine.set_customer_plan(now, args.text(0)?, args.text(1)?, args.flag(2, true)?)?.into()
        }
        "createCustomerOverride" => {
            let (fields, expires_on) = override_fields(args)?;
            engine.create_override(now, args.text(0)?, args.text(1)?, &fields, expires_on)?.into()
        }
        "removeCustomerOverride" => engine.remove_override(now, args.text(0)?, args.text(1)?)?.into(),
        _ => return Ok(None),
    }))
}

/// `(id, plan, type, label, refs, alts, metadata)`.
fn profile(args: &Args) -> Result<Profile<'_>, EngineError> {
    Ok(Profile {
        plan: args.text_or(1)?.unwrap_or_default(),
        kind: args.text_or(2)?,
        label: args.text_or(3)?,
        refs: args.names(4)?,
        alts: args.names(5)?,
        metadata: args.get(6).cloned(),
    })
}

fn ensure_set(host: &mut Host, args: &Args) -> Result<Value, EngineError> {
    let record = args.get(0).ok_or_else(|| wrong(0, "must be a record"))?;
    let id = record.get("id").and_then(Value::as_str);
    if id.is_some_and(|id| host.engine.customer(id).is_some()) {
        return Ok(false.into());
    }
    host.engine.set_customer(host.now(), record, true)?;
    Ok(true.into())
}

/// A list of records, or an object of records by ID.
fn records(args: &Args) -> Result<Vec<Value>, EngineError> {
    match args.get(0) {
        Some(Value::Array(list)) => Ok(list.clone()),
        Some(Value::Object(map)) => {
            let named = map.iter().map(|(id, record)| {
                let mut record = record.clone();
                if let Value::Object(fields) = &mut record {
                    fields.entry("id").or_insert_with(|| Value::from(id.as_str()));
                }
                record
            });
            Ok(named.collect())
        }
        _ => Err(wrong(0, "must be a list of records, or an object of records by ID")),
    }
}

/// Fields by place, or all in one object.
fn override_fields(args: &Args) -> Result<(Map<String, Value>, Option<i64>), EngineError> {
    let mut fields = Map::new();
    if let Some(Value::Object(given)) = args.get(2) {
        fields.extend(given.iter().filter(|(_, v)| !v.is_null()).map(|(k, v)| (k.clone(), v.clone())));
    } else {
        for (at, name) in OVERRIDE_FIELDS.iter().enumerate() {
            if let Some(value) = args.get(at + 2) {
                fields.insert((*name).to_string(), value.clone());
            }
        }
    }
    let expires_on = match fields.remove("expires_on") {
        None => None,
        Some(value) => {
            let ms = value.as_f64().ok_or_else(|| {
                EngineError::new(
                    "invalid_argument",
                    "`expires_on` must be a time in milliseconds since the epoch",
                )
            })?;
            Some(super::whole_ms(ms)?)
        }
    };
    Ok((fields, expires_on))
}
