//! Calls that read or change the policy.

use limitr_engine::policy::{self, LoadOptions, Policy};
use limitr_engine::{Engine, EngineError};
use serde_json::{Value, json};

use super::args::{Args, wrong};
use super::{Host, format_of};

/// Answers a call about the policy; nothing if `op` is another's.
pub(super) fn call(host: &mut Host, op: &str, args: &Args) -> Result<Option<Value>, EngineError> {
    Ok(Some(match op {
        "valid" => is_valid(&host.engine).into(),
        "version" => host.engine.policy_version().into(),
        "policy" => rendered(&host.engine, args)?,
        "updatePolicy" => {
            let (policy, warnings) = document(host, args)?;
            let version = host.engine.update_policy(host.now(), policy)?;
            json!({ "version": version, "diagnostics": warnings })
        }
        "difference" => {
            let (other, _) = document(host, args)?;
            json!(host.engine.policy().difference(&other))
        }
        "setPlan" => set_plan(host, args)?,
        "setNotifications" => {
            let notifications = args.get(0).ok_or_else(|| wrong(0, "must be an object"))?;
            host.engine.set_notifications(host.now(), notifications)?.into()
        }
        "deletePlan" => host.engine.delete_plan(host.now(), args.text(0)?)?.into(),
        _ => return read(host, op, args),
    }))
}

fn read(host: &Host, op: &str, args: &Args) -> Result<Option<Value>, EngineError> {
    let engine = &host.engine;
    let policy = engine.policy();
    let named = || Ok::<_, EngineError>(engine.plan_of(args.text(0)?));
    Ok(Some(match op {
        "plan" => {
            let name = named()?.or(if args.flag(1, true)? { engine.default_plan() } else { None });
            plan_json(policy, name)
        }
        "defaultPlan" => plan_json(policy, engine.default_plan()),
        "planPeriod" => {
            let plan = named()?.and_then(|name| policy.plans.get(name));
            json!(plan.map(|plan| plan.period.word()))
        }
        "planTrialPeriod" => {
            let plan = named()?.and_then(|name| policy.plans.get(name));
            json!(plan.and_then(|plan| plan.trial_period).map(|trial| trial.as_millis()))
        }
        "credit" => credit_json(policy, args.text(0)?),
        "creditFor" => match engine.credit_of(host.now(), args.text(0)?, args.text(1)?) {
            Some(credit) => credit_json(policy, credit),
            None => Value::Null,
        },
        "entitlement" => {
            let name = args.text(1)?;
            let plan = named()?.and_then(|plan| policy.plans.get(plan));
            plan.and_then(|plan| plan.entitlements.get(name))
                .map_or(Value::Null, |entitlement| with_name(name, entitlement.to_json()))
        }
        _ => return Ok(None),
    }))
}

/// Whether the policy passes validation: one that was opened without it may not.
fn is_valid(engine: &Engine) -> bool {
    let document = engine.policy().to_json().to_string();
    let options = LoadOptions { strict: false, validate: true };
    policy::load(document.as_bytes(), policy::Format::Json, &options).is_ok()
}

/// The document as text in a format; as an object without one.
fn rendered(engine: &Engine, args: &Args) -> Result<Value, EngineError> {
    let policy = engine.policy();
    match args.text_or(0)? {
        None => Ok(policy.to_json()),
        Some(format) => policy
            .render(format_of(format)?)
            .map(Value::from)
            .map_err(|error| EngineError::new(error.code(), error.to_string())),
    }
}

/// `(text, format)`: another policy document, read under the engine's strictness.
fn document(host: &Host, args: &Args) -> Result<(Policy, Value), EngineError> {
    let format = format_of(args.text_or(1)?.unwrap_or("auto"))?;
    let loaded = policy::load(args.text(0)?.as_bytes(), format, &host.load).map_err(EngineError::refused)?;
    Ok((loaded.policy, json!(loaded.warnings)))
}

/// `(name, definition)`.
fn set_plan(host: &mut Host, args: &Args) -> Result<Value, EngineError> {
    let name = args.text(0)?;
    let definition = args.get(1).ok_or_else(|| wrong(1, "must be a plan's definition"))?;
    let plan = policy::load_plan(name, definition, host.engine.policy())
        .map_err(|diagnostics| EngineError::refused_part("the plan", diagnostics))?;
    host.engine.set_plan(host.now(), name, plan)?;
    Ok(true.into())
}

fn plan_json(policy: &Policy, name: Option<&str>) -> Value {
    let found = name.and_then(|name| Some((name, policy.plans.get(name)?)));
    found.map_or(Value::Null, |(name, plan)| with_name(name, plan.to_json()))
}

fn credit_json(policy: &Policy, name: &str) -> Value {
    policy.credits.get(name).map_or(Value::Null, |credit| with_name(name, credit.to_json()))
}

/// A definition with its own name, which the document has as its key.
fn with_name(name: &str, mut definition: Value) -> Value {
    if let Value::Object(fields) = &mut definition {
        fields.insert("name".to_string(), name.into());
    }
    definition
}
