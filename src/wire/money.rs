//! Calls about grants, caps, holds and the exchange.

use limitr_engine::quantity::Amount;
use limitr_engine::{Engine, EngineError, Estimate, Given, HoldId, Likeness, ModelledUse, Settle};
use serde_json::{Map, Value, json};

use super::Host;
use super::args::{Args, given, wrong};
use super::holds::{Act, reserved, ttl};

/// Answers a call about money; nothing if `op` is another's.
pub(super) fn call(host: &mut Host, op: &str, args: &Args) -> Result<Option<Value>, EngineError> {
    let now = host.now();
    let engine = &mut host.engine;
    let amount = |amount: Option<Amount>| amount.map_or(Value::Null, |amount| json!(amount.to_f64()));
    Ok(Some(match op {
        "applyCustomerTopup" => engine.apply_topup(now, args.text(0)?, args.text(1)?)?.into(),
        "ensureCustomerIncludedTopups" => engine.ensure_included_topups(now, args.text(0)?)?.into(),
        "ensureCustomerPlanQuantity" => {
            engine.ensure_plan_quantity(now, args.text(0)?, args.text(1)?, args.given(2)?)?.into()
        }
        "remainingCredit" => amount(engine.remaining_credit(now, args.text(0)?, args.text(1)?)),
        "addCustomerCap" => {
            let options = args.object(2)?.cloned().unwrap_or_else(Map::new);
            engine.add_cap(now, args.text(0)?, args.given(1)?, &options)?.into()
        }
        "customerCap" => engine.cap(now, args.text(0)?, args.text(1)?).unwrap_or_default(),
        "resetCustomerCap" => engine.reset_cap(now, args.text(0)?, args.text(1)?)?.into(),
        "removeCustomerCap" => engine.remove_cap(now, args.text(0)?, args.text(1)?)?.into(),
        "creditExchange" => {
            let value = runes(args, 2)?.unwrap_or(Amount::ONE);
            amount(engine.credit_exchange(args.text(0)?, args.text(1)?, value)?)
        }
        "setExchange" => {
            let value = runes(args, 1)?.ok_or_else(|| wrong(1, "must be a number"))?;
            engine.set_exchange(now, args.text(0)?, value, args.text(2)?)?;
            Value::Null
        }
        "reserve" => {
            let options = args.object(2)?.cloned().unwrap_or_else(Map::new);
            let (customer, entitlement, wanted) = (args.text(0)?, args.text(1)?, reserved(&options)?);
            let hold = host.reserve(customer.into(), entitlement.into(), &wanted)?;
            hold.map(|hold| hold.to_string()).into()
        }
        "ttl" => ttl(args.get(0).unwrap_or(&Value::Null))?.as_millis().into(),
        "settle" | "consumeHold" | "extendHold" => {
            let act = match op {
                "settle" => Act::Settle,
                "consumeHold" => Act::Consume,
                _ => Act::Extend,
            };
            let hold = args.text_or(2)?.map(HoldId::from);
            host.with_hold(act, args.text(0)?.into(), args.text(1)?.into(), hold, &part(args)?)?.into()
        }
        "estimate" => {
            let likeness = likeness(args.object(2)?)?;
            estimate_json(engine.estimate(now, args.text(0)?, args.text(1)?, &likeness)?)
        }
        "observe" => {
            let options = args.object(3)?;
            let overhead = options.and_then(|options| options.get("overhead")).filter(|o| !o.is_null());
            let overhead = overhead.map(|overhead| number(overhead, 3)).transpose()?;
            let (customer, entitlement, value) = (args.text(0)?, args.text(1)?, args.given(2)?);
            engine.learn_call(now, customer, entitlement, value, overhead, &likeness(options)?)?.into()
        }
        "customerMarginSnapshot" => match engine.customer_margin(now, args.text(0)?)? {
            Some(snapshot) => snapshot.to_json()?,
            None => Value::Null,
        },
        "marginSnapshot" => plan_margin(engine, args)?,
        "startMarginMeasurement" => engine.start_measurement(now, args.text(0)?)?.into(),
        "captureMarginMeasurement" => match engine.capture_measurement(now, args.text(0)?, args.text(1)?)? {
            Some(margin) => Value::from(margin.json()?),
            None => Value::Null,
        },
        _ => return Ok(None),
    }))
}

fn estimate_json(estimate: Option<Estimate>) -> Value {
    let Some(Estimate { value, overhead, samples, own }) = estimate else { return Value::Null };
    let scope = if own { "customer" } else { "policy" };
    json!({ "value": value, "overhead": overhead, "samples": samples, "source": "local", "scope": scope })
}

/// `(plan, [[entitlement, { meter, limit, overhead }], …])`.
fn plan_margin(engine: &Engine, args: &Args) -> Result<Value, EngineError> {
    let plan = args.text(0)?;
    let list = args.get(1).and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let mut uses = Vec::with_capacity(list.len());
    for item in list {
        let entitlement =
            item.get(0).and_then(Value::as_str).ok_or_else(|| wrong(1, "must name entitlements"))?;
        let field = |name: &str| item.get(1).and_then(|used| used.get(name)).filter(|value| !value.is_null());
        let units = |name: &str| match field(name) {
            None => Ok(None),
            Some(value) => engine.plan_quantity(plan, entitlement, given(value, 1)?),
        };
        uses.push(ModelledUse {
            entitlement,
            meter: units("meter")?.unwrap_or_default(),
            limit: units("limit")?,
            overhead: field("overhead").map(|overhead| number(overhead, 1)).transpose()?,
        });
    }
    match engine.plan_margin(plan, &uses)? {
        Some(snapshot) => snapshot.to_json(),
        None => Ok(Value::Null),
    }
}

/// What tells a call apart for estimates, from its options.
pub(super) fn likeness(options: Option<&Map<String, Value>>) -> Result<Likeness<'_>, EngineError> {
    let option = |name: &str| options?.get(name).filter(|value| !value.is_null());
    let number = |name: &str| {
        let value = option(name)?;
        Some(
            value
                .as_f64()
                .ok_or_else(|| EngineError::new("invalid_argument", format!("`{name}` must be a number"))),
        )
    };
    let standard = Likeness::default();
    Ok(Likeness {
        basis: number("basis").transpose()?,
        segment: option("segment").and_then(Value::as_str),
        quantile: number("quantile").transpose()?.unwrap_or(standard.quantile),
        context: option("context").and_then(Value::as_object),
    })
}

/// `(customer, entitlement, hold, value, events, overhead, { basis, segment })`.
fn part(args: &Args) -> Result<Settle<'_>, EngineError> {
    let likeness = likeness(args.object(6)?)?;
    Ok(Settle { value: args.given(3)?, overhead: runes(args, 5)?, events: args.flag(4, true)?, likeness })
}

/// An amount given as a number or as text of its digits.
fn runes(args: &Args, at: usize) -> Result<Option<Amount>, EngineError> {
    args.get(at).map(|value| number(value, at)).transpose()
}

pub(super) fn number(value: &Value, at: usize) -> Result<Amount, EngineError> {
    match given(value, at)? {
        Given::Number(number) => Ok(Amount::from_f64(number)?),
        Given::Text(text) => Ok(Amount::parse(text)?),
    }
}
