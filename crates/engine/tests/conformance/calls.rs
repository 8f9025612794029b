//! A vector's calls as calls of the engine.

use std::collections::BTreeMap;

use limitr_engine::quantity::{Amount, Duration};
use limitr_engine::{Ask, BatchItem, Call, Engine, EngineError, Given, Profile};
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
        let plain = Call { ask: Ask::By(value), overhead, force, events: events(3) };
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
            "decide" if args.get(3).is_none_or(Value::is_null) => engine
                .decide(now, customer, entitlement, &Call::new(Ask::By(value)))
                .map(|decision| engine.decision_json(&decision)),
            "explain" if args.get(3).is_none_or(Value::is_null) => engine
                .explain(now, customer, entitlement, &Call::new(Ask::By(value)))
                .map(|decision| engine.decision_json(&decision)),
            "allowAll" => {
                let list = args[1].as_array().unwrap();
                let items: Vec<BatchItem<'_>> = list
                    .iter()
                    .map(|item| BatchItem {
                        entitlement: item["entitlement"].as_str().unwrap(),
                        value: given(item.get("value")),
                    })
                    .collect();
                engine.decide_all(now, customer, &items, true).map(|answer| answer.allowed.into())
            }
            _ => return None,
        };
        Some(answer)
    }

    fn read(&self, name: &str, args: &[Value]) -> Option<Result<Value, EngineError>> {
        let (now, customer, entitlement) = (self.now, text(args, 0), text(args, 1));
        let percent = args.get(2) == Some(&Value::Bool(true));
        let amount = |amount: Option<Amount>| amount.map_or(Value::Null, |amount| json!(amount.to_f64()));
        let engine = &self.engine;
        Some(Ok(match name {
            "value" if percent => json!(engine.value_percent(now, customer, entitlement)),
            "value" => amount(engine.value(now, customer, entitlement)),
            "remaining" if percent => json!(engine.remaining_percent(now, customer, entitlement)),
            "remaining" => amount(engine.remaining(now, customer, entitlement)),
            "limit" => amount(engine.limit(now, customer, entitlement)),
            "allowance" => amount(engine.allowance(now, customer, entitlement)),
            "cost" => amount(engine.cost(now, customer, entitlement)),
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
            _ => return Err(EngineError::new("waiting", format!("`{name}` with {args:?} comes later"))),
        })
    }
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
