//! A vector's calls as calls of the engine.

use std::collections::BTreeMap;

use limitr_engine::quantity::{Amount, Duration};
use limitr_engine::{
    Ask, BatchItem, Call, CallCap, Engine, EngineError, Given, HoldId, Likeness, ModelledUse, Profile,
    Reserve, Settle,
};
use serde_json::{Map, Value, json};

const OVERRIDE_FIELDS: [&str; 8] =
    ["value", "expires_on", "credit", "mode", "increment", "resets", "reset_inc", "reset_sch"];

/// A scenario that is running.
pub(crate) struct Scenario {
    pub(crate) engine: Engine,
    pub(crate) now: i64,
    pub(crate) saved: BTreeMap<String, Value>,
}

impl Scenario {
    pub(crate) fn advance(&mut self, by: &Value) -> Result<(), String> {
        let text = by.as_str().map_or_else(|| by.to_string(), str::to_string);
        self.now += Duration::parse(&text).map_err(|error| error.to_string())?.as_millis();
        Ok(())
    }

    /// The events of the last call, with the data that came with it.
    pub(crate) fn take_events(&mut self, args: &[Value]) -> Vec<Value> {
        let data = args.get(3).filter(|data| data.is_object());
        let mut events = Vec::new();
        while let Some(event) = self.engine.next_event() {
            let mut json = self.engine.event_json(&event);
            if let Some(data) = data {
                json["event_data"] = data.clone();
            }
            events.push(json);
        }
        events
    }

    pub(crate) fn call(&mut self, name: &str, args: &[Value]) -> Result<Value, EngineError> {
        let args: Vec<Value> = args
            .iter()
            .map(|arg| arg.as_str().and_then(|text| self.saved.get(text)).unwrap_or(arg).clone())
            .collect();
        if let Some(answer) = self.decision(name, &args).or_else(|| self.read(name, &args)) {
            return answer;
        }
        self.customers(name, &args)
    }

    fn decision(&mut self, name: &str, args: &[Value]) -> Option<Result<Value, EngineError>> {
        let (now, customer, entitlement) = (self.now, text(args, 0), text(args, 1));
        let events = |at: usize| args.get(at) != Some(&Value::Bool(false));
        let value = given(args.get(2));
        let overhead = args.get(4).and_then(Value::as_f64).map(|number| Amount::from_f64(number).unwrap());
        let force = args.get(5) == Some(&Value::Bool(true));
        let plain = Call { overhead, force, events: events(3), ..Call::new(Ask::By(value)) };
        let caps = call_caps(args.get(3));
        let whole = Call { caps: &caps, ..Call::new(Ask::By(value)) };
        let step = |ask| Call { events: events(2), ..Call::new(ask) };
        let engine = &mut self.engine;
        let answer = match name {
            "allow" => engine.allow(now, customer, entitlement, &plain).map(Value::from),
            "check" => engine.check(now, customer, entitlement, &plain).map(Value::from),
            "increment" => engine.allow(now, customer, entitlement, &step(Ask::Increment)).map(Value::from),
            "decrement" => engine.allow(now, customer, entitlement, &step(Ask::Decrement)).map(Value::from),
            "set" => {
                let call = Call { ask: Ask::To(value), ..plain };
                engine.allow(now, customer, entitlement, &call).map(Value::from)
            }
            "decide" => engine
                .decide(now, customer, entitlement, &whole)
                .map(|decision| engine.decision_json(&decision)),
            "explain" => engine
                .explain(now, customer, entitlement, &whole)
                .map(|decision| engine.decision_json(&decision)),
            "reserve" | "settle" | "release" => return Some(held(engine, now, name, args)),
            "allowAll" => {
                let list = args[1].as_array().unwrap();
                let items: Vec<BatchItem<'_>> = list
                    .iter()
                    .map(|item| {
                        BatchItem::new(item["entitlement"].as_str().unwrap(), given(item.get("value")))
                    })
                    .collect();
                engine.decide_all(now, customer, &items, true).map(|answer| answer.allowed.into())
            }
            _ => return None,
        };
        Some(answer)
    }

    fn read(&mut self, name: &str, args: &[Value]) -> Option<Result<Value, EngineError>> {
        let (now, customer, entitlement) = (self.now, text(args, 0), text(args, 1));
        let percent = args.get(2) == Some(&Value::Bool(true));
        let flag = |at: usize| args.get(at) != Some(&Value::Bool(false));
        let amount = |amount: Option<Amount>| amount.map_or(Value::Null, |amount| json!(amount.to_f64()));
        let engine = &mut self.engine;
        Some(Ok(match name {
            "value" if percent => json!(engine.value_percent(now, customer, entitlement)),
            "value" => amount(engine.value(now, customer, entitlement)),
            "remaining" if percent => json!(engine.remaining_percent(now, customer, entitlement, flag(3))),
            "remaining" => amount(engine.remaining(now, customer, entitlement, flag(3))),
            "limit" => amount(engine.limit(now, customer, entitlement, flag(2))),
            "allowance" => amount(engine.allowance(now, customer, entitlement)),
            "cost" => amount(engine.cost(now, customer, entitlement)),
            "held" => amount(engine.held(now, customer, entitlement)),
            "remainingCredit" => amount(engine.remaining_credit(now, customer, entitlement)),
            "customerCap" => engine.cap(now, customer, entitlement).unwrap_or_default(),
            "creditExchange" => {
                let to = args.get(1).and_then(Value::as_str).unwrap_or("rune");
                let value = args.get(2).and_then(Value::as_f64).unwrap_or(1.0);
                let exchanged = engine.credit_exchange(customer, to, Amount::from_f64(value).unwrap());
                return Some(exchanged.map(amount));
            }
            "resets" => json!(engine.resets(now, customer, entitlement)),
            _ => return None,
        }))
    }

    fn customers(&mut self, name: &str, args: &[Value]) -> Result<Value, EngineError> {
        let (now, id) = (self.now, text(args, 0));
        let engine = &mut self.engine;
        Ok(match name {
            "createCustomer" => {
                engine.create_customer(now, id, &profile(args))?;
                engine.customer_record(id).unwrap_or_default()
            }
            "ensureCustomer" => engine.ensure_customer(now, id, &profile(args))?.into(),
            "customer" => engine.customer_record(id).unwrap_or_default(),
            "setCustomer" => {
                engine.set_customer(now, &args[0], true)?;
                Value::Null
            }
            "setCustomerPlan" => {
                let overwrite = args.get(2) != Some(&Value::Bool(false));
                engine.set_customer_plan(now, id, text(args, 1), overwrite)?.into()
            }
            "removeCustomer" => engine.remove_customer(now, id)?.into(),
            "addAltID" => engine.add_alt_id(now, id, text(args, 1))?.into(),
            "removeAltID" => engine.remove_alt_id(now, id)?.into(),
            "createCustomerOverride" => {
                let mut fields = args.get(2).and_then(Value::as_object).cloned().unwrap_or_else(Map::new);
                if fields.is_empty() {
                    let named = OVERRIDE_FIELDS.iter().zip(args.iter().skip(2));
                    fields = named
                        .filter(|(_, v)| !v.is_null())
                        .map(|(k, v)| (k.to_string(), v.clone()))
                        .collect();
                }
                let expires_on = fields.remove("expires_on").and_then(|end| end.as_i64());
                engine.create_override(now, id, text(args, 1), &fields, expires_on)?.into()
            }
            "removeCustomerOverride" => engine.remove_override(now, id, text(args, 1))?.into(),
            _ => return self.money(name, args),
        })
    }

    fn money(&mut self, name: &str, args: &[Value]) -> Result<Value, EngineError> {
        let (now, id) = (self.now, text(args, 0));
        let engine = &mut self.engine;
        Ok(match name {
            "applyCustomerTopup" => engine.apply_topup(now, id, text(args, 1))?.into(),
            "ensureCustomerIncludedTopups" => engine.ensure_included_topups(now, id)?.into(),
            "estimate" => {
                let options = args.get(2).and_then(Value::as_object);
                let estimate = engine.estimate(now, id, text(args, 1), &likeness(options))?;
                estimate.map_or(Value::Null, |estimate| {
                    let scope = if estimate.own { "customer" } else { "policy" };
                    json!({ "value": estimate.value, "overhead": estimate.overhead,
                            "samples": estimate.samples, "source": "local", "scope": scope })
                })
            }
            "observe" => {
                let options = args.get(3).and_then(Value::as_object);
                let overhead = options.and_then(|options| options.get("overhead")?.as_f64());
                let overhead = overhead.map(|overhead| Amount::from_f64(overhead).unwrap());
                let value = given(args.get(2));
                engine.learn_call(now, id, text(args, 1), value, overhead, &likeness(options))?.into()
            }
            "customerMarginSnapshot" => match engine.customer_margin(now, id)? {
                Some(snapshot) => snapshot.to_json()?,
                None => Value::Null,
            },
            "marginSnapshot" => {
                let mut uses = Vec::new();
                for (entitlement, used) in args[1].as_object().unwrap() {
                    let units = |value: Option<&Value>| match value {
                        None => Ok(None),
                        value => engine.plan_quantity(id, entitlement, given(value)),
                    };
                    let overhead = used.get("overhead").and_then(Value::as_f64);
                    uses.push(ModelledUse {
                        entitlement,
                        meter: units(used.get("meter").or(Some(used)))?.unwrap_or_default(),
                        limit: units(used.get("limit"))?,
                        overhead: overhead.map(|overhead| Amount::from_f64(overhead).unwrap()),
                    });
                }
                match engine.plan_margin(id, &uses)? {
                    Some(snapshot) => snapshot.to_json()?,
                    None => Value::Null,
                }
            }
            "addCustomerCap" => {
                let options = args.get(2).and_then(Value::as_object).cloned().unwrap_or_else(Map::new);
                engine.add_cap(now, id, given(args.get(1)), &options)?.into()
            }
            "resetCustomerCap" => engine.reset_cap(now, id, text(args, 1))?.into(),
            "removeCustomerCap" => engine.remove_cap(now, id, text(args, 1))?.into(),
            "setExchange" => {
                let value = Amount::from_f64(args[1].as_f64().unwrap())?;
                engine.set_exchange(now, id, value, text(args, 2))?;
                Value::Null
            }
            _ => return Err(EngineError::new("waiting", format!("`{name}` with {args:?} comes later"))),
        })
    }
}

fn held(engine: &mut Engine, now: i64, name: &str, args: &[Value]) -> Result<Value, EngineError> {
    let (customer, entitlement) = (text(args, 0), text(args, 1));
    let hold = args.get(2).and_then(Value::as_str).map(HoldId::from);
    Ok(match name {
        "reserve" => {
            let options = args.get(2).and_then(Value::as_object).cloned().unwrap_or_else(Map::new);
            let ttl =
                options.get("ttl").map(|ttl| ttl.as_str().map_or_else(|| ttl.to_string(), str::to_string));
            let reserve = Reserve {
                value: options.get("value").map(|value| given(Some(value))),
                overhead: options
                    .get("overhead")
                    .and_then(Value::as_f64)
                    .map(|o| Amount::from_f64(o).unwrap()),
                ttl: ttl.map(|ttl| Duration::parse(&ttl).unwrap()),
                likeness: likeness(Some(&options)),
            };
            engine.reserve(now, customer, entitlement, &reserve)?.map(|hold| hold.to_string()).into()
        }
        "settle" => {
            let settle = Settle {
                value: given(args.get(3)),
                overhead: args.get(5).and_then(Value::as_f64).map(|o| Amount::from_f64(o).unwrap()),
                events: args.get(4) != Some(&Value::Bool(false)),
                likeness: Likeness::default(),
            };
            engine.settle(now, customer, entitlement, hold, &settle)?.into()
        }
        _ => engine.release(now, customer, entitlement, hold.unwrap_or("".into()))?.into(),
    })
}

fn likeness(options: Option<&Map<String, Value>>) -> Likeness<'_> {
    let number = |name: &str| options?.get(name)?.as_f64();
    Likeness {
        basis: number("basis"),
        segment: options.and_then(|options| options.get("segment")?.as_str()),
        quantile: number("quantile").unwrap_or(0.9),
        context: None,
    }
}

fn call_caps(options: Option<&Value>) -> Vec<CallCap<'_>> {
    let caps = options.and_then(|options| options.get("cap")?.as_object());
    let caps = caps.into_iter().flatten();
    caps.map(|(credit, value)| CallCap { credit, value: given(Some(value)) }).collect()
}

fn text(args: &[Value], at: usize) -> &str {
    args.get(at).and_then(Value::as_str).unwrap_or_default()
}

fn given(value: Option<&Value>) -> Given<'_> {
    match value {
        Some(Value::String(text)) => Given::Text(text),
        Some(Value::Number(number)) => Given::Number(number.as_f64().unwrap()),
        _ => Given::Number(0.0),
    }
}

fn profile(args: &[Value]) -> Profile<'_> {
    let names = |at: usize| {
        let list = args.get(at)?.as_array()?;
        Some(list.iter().map(|name| name.as_str().unwrap().to_string()).collect())
    };
    Profile {
        plan: text(args, 1),
        kind: args.get(2).and_then(Value::as_str),
        label: args.get(3).and_then(Value::as_str),
        refs: names(4),
        alts: names(5),
        metadata: args.get(6).filter(|metadata| !metadata.is_null()).cloned(),
    }
}
