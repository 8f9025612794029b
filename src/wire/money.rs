//! Calls about grants, caps, holds and the exchange.

use limitr_engine::quantity::{Amount, Duration};
use limitr_engine::{EngineError, Given, Reserve, Settle};
use serde_json::{Map, Value, json};

use super::Host;
use super::args::{Args, given, wrong};

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
            engine.reserve(now, args.text(0)?, args.text(1)?, &reserved(&options)?)?.into()
        }
        "settle" => engine.settle(now, args.text(0)?, args.text(1)?, args.text_or(2)?, &part(args)?)?.into(),
        "consumeHold" => {
            engine.consume_hold(now, args.text(0)?, args.text(1)?, args.text(2)?, &part(args)?)?.into()
        }
        "extendHold" => {
            engine.extend_hold(now, args.text(0)?, args.text(1)?, args.text(2)?, args.given(3)?)?.into()
        }
        "release" => engine.release(now, args.text(0)?, args.text(1)?, args.text(2)?)?.into(),
        "held" => amount(engine.held(now, args.text(0)?, args.text(1)?)),
        _ => return Ok(None),
    }))
}

/// `(customer, entitlement, hold, value, events, overhead)`.
fn part(args: &Args) -> Result<Settle<'_>, EngineError> {
    Ok(Settle { value: args.given(3)?, overhead: runes(args, 5)?, events: args.flag(4, true)? })
}

fn reserved(options: &Map<String, Value>) -> Result<Reserve<'_>, EngineError> {
    let option = |name: &str| options.get(name).filter(|value| !value.is_null());
    let ttl = option("ttl").map(|ttl| ttl.as_str().map_or_else(|| ttl.to_string(), str::to_string));
    let ttl = ttl.map(|ttl| Duration::parse(&ttl)).transpose();
    let overhead = option("overhead").map(|overhead| number(overhead, 2)).transpose()?;
    Ok(Reserve {
        value: option("value").map(|value| given(value, 2)).transpose()?,
        overhead,
        ttl: ttl.map_err(|error| EngineError::new("bad_duration", format!("`ttl`: {error}")))?,
    })
}

/// An amount given as a number or as text of its digits.
fn runes(args: &Args, at: usize) -> Result<Option<Amount>, EngineError> {
    args.get(at).map(|value| number(value, at)).transpose()
}

fn number(value: &Value, at: usize) -> Result<Amount, EngineError> {
    match given(value, at)? {
        Given::Number(number) => Ok(Amount::from_f64(number)?),
        Given::Text(text) => Ok(Amount::parse(text)?),
    }
}
