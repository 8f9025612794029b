//! What crosses between a host language and the engine, defined once for every host.
//!
//! Three ways in. Hot doors pass two names and numbers and answer with a number. `decide` and events fill a buffer of
//! numbers ([`answer`]). Everything else is one door, [`call`]: a method's name and its arguments as JSON, a result or an
//! error as JSON.

mod answer;
mod args;
#[cfg(not(target_arch = "wasm32"))]
mod audience;
pub(crate) mod cloud;
mod cloud_outbox;
mod customers;
mod decisions;
mod holds;
mod money;
mod policies;
mod reads;
mod restore;
mod telling;

use limitr_engine::policy::{self, Format, LoadOptions, Policy};
use limitr_engine::quantity::{Amount, Duration};
use limitr_engine::{
    Ask, BatchDecision, BatchItem, Call, Called, Decision, Engine, EngineError, EngineOptions, Event, Given,
    Reason,
};
use serde::Deserialize;
use serde_json::{Value, json};

pub(crate) use answer::ANSWER_LEN;
use args::Args;

use crate::clock;

/// Bits of the `flags` that deciding doors take.
pub(crate) mod flags {
    /// Send events.
    pub(crate) const EVENTS: u32 = 1;
    /// Record even what would be denied.
    pub(crate) const FORCE: u32 = 2;
    /// The overhead is given.
    pub(crate) const OVERHEAD: u32 = 4;
    /// The value is where the meter is to stand, not by how much it moves.
    pub(crate) const TO: u32 = 8;
}

/// What an engine is opened with, as JSON.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct OpenOptions {
    validate: Option<bool>,
    strict: bool,
    clock: Option<f64>,
    /// What was kept elsewhere is brought back before anything is decided.
    restore: bool,
    /// The folder of its store.
    pub(crate) store: Option<String>,
    /// How long the store keeps history, in milliseconds.
    pub(crate) retention_ms: Option<f64>,
    /// How many bytes of it at the most.
    pub(crate) retention_bytes: Option<f64>,
    /// The name under which all threads of the process find it.
    pub(crate) shared: Option<String>,
    /// The server that it is connected to.
    pub(crate) cloud: Option<cloud::CloudOptions>,
}

impl OpenOptions {
    /// Reads them from JSON.
    pub(crate) fn parse(options: &str) -> Result<OpenOptions, EngineError> {
        serde_json::from_str(options).map_err(|error| {
            EngineError::new("invalid_argument", format!("the options can't be read: {error}"))
        })
    }
}

/// Calls that may lack units that a server has.
const DECIDING: [&str; 7] = ["allow", "check", "decide", "explain", "allowAll", "decideAll", "reserve"];

/// Where the time comes from.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Clock {
    /// The host's clock.
    Host,
    /// A fixed time in milliseconds since the epoch, moved by `advance`.
    Virtual(i64),
}

/// An open engine with its clock.
pub(crate) struct Host {
    engine: Engine,
    clock: Clock,
    /// How far the engine's time is ahead of the clock, in milliseconds: under Cloud it is the server's.
    offset: i64,
    /// Every call is denied, since the server can't be reached.
    refuses: bool,
    load: LoadOptions,
    /// The event that was taken last, for what a number can't say of it.
    taken: Option<Event>,
    /// While what was kept elsewhere is brought back.
    restoring: Option<restore::Restoring>,
    /// Its side of Limitr Cloud.
    cloud: Option<Box<cloud::Cloud>>,
    /// Who works with it, in a room.
    #[cfg(not(target_arch = "wasm32"))]
    audience: Option<Box<audience::Audience>>,
}

/// What an engine starts from.
pub(crate) struct Start {
    pub(crate) policy: Policy,
    pub(crate) clock: Clock,
    load: LoadOptions,
    /// What the document's reader has to say, as JSON.
    pub(crate) about: Value,
}

/// Reads a document.
pub(crate) fn start(document: &[u8], format: &str, options: &OpenOptions) -> Result<Start, EngineError> {
    let clock = match options.clock {
        Some(ms) => Clock::Virtual(whole_ms(ms)?),
        None => Clock::Host,
    };
    let load = LoadOptions { strict: options.strict, validate: options.validate.unwrap_or(true) };
    let loaded = policy::load(document, format_of(format)?, &load).map_err(EngineError::refused)?;
    let about = json!({ "diagnostics": loaded.warnings, "format": loaded.format.word() });
    Ok(Start { policy: loaded.policy, clock, load, about })
}

impl Start {
    /// A host of a new engine; `seed` is a random number.
    pub(crate) fn host(self, seed: u64) -> Result<Host, EngineError> {
        let engine = Engine::new(self.policy.clone(), EngineOptions { seed, now: self.clock.now() })?;
        Ok(self.with(engine))
    }

    /// A host of an engine that has the policy.
    pub(crate) fn with(self, engine: Engine) -> Host {
        Host { load: self.load, ..Host::around(engine, self.clock) }
    }
}

/// Opens an engine; `seed` is a random number.
pub(crate) fn open(
    document: &[u8],
    format: &str,
    options: &str,
    seed: u64,
) -> Result<(Host, Value), EngineError> {
    let options = OpenOptions::parse(options)?;
    if let Some(cloud) = &options.cloud {
        return Ok((cloud.host(seed, None)?, json!({})));
    }
    let start = start(document, format, &options)?;
    let about = start.about.clone();
    if !options.restore {
        return Ok((start.host(seed)?, about));
    }
    let restoring = restore::Restoring::new(start.policy.clone());
    let host = start.with(Engine::blank(seed));
    Ok((Host { restoring: Some(restoring), ..host }, about))
}

/// Calls a method by its public name with its arguments as a JSON array; the answer as JSON text,
/// `{"value": …}` or `{"error": …}`.
pub(crate) fn call(host: &mut Host, op: &str, args: &str) -> String {
    let result = Args::parse(args).and_then(|args| dispatch(host, op, &args));
    let dry = DECIDING.contains(&op) && host.is_dry();
    let told = host.tells_others();
    if !told && !dry {
        return answered(result);
    }
    let mut answer = answer_json(result);
    answer["told"] = told.into();
    answer["dry"] = dry.into();
    answer.to_string()
}

/// A result as JSON text.
pub(crate) fn answered(result: Result<Value, EngineError>) -> String {
    answer_json(result).to_string()
}

fn answer_json(result: Result<Value, EngineError>) -> Value {
    match result {
        Ok(value) => json!({ "value": value }),
        Err(error) => json!({ "error": error_json(&error) }),
    }
}

/// An error as the facade throws it.
pub(crate) fn error_json(error: &EngineError) -> Value {
    let mut json = json!({ "code": error.code(), "message": error.message() });
    if !error.diagnostics().is_empty() {
        json["diagnostics"] = json!(error.diagnostics());
    }
    json
}

fn dispatch(host: &mut Host, op: &str, args: &Args) -> Result<Value, EngineError> {
    let answer = customers::call(host, op, args)?;
    let answer = if answer.is_none() { decisions::call(host, op, args)? } else { answer };
    let answer = if answer.is_none() { reads::call(host, op, args)? } else { answer };
    let answer = if answer.is_none() { money::call(host, op, args)? } else { answer };
    let answer = if answer.is_none() { policies::call(host, op, args)? } else { answer };
    let answer = if answer.is_none() { restore::call(host, op, args)? } else { answer };
    let answer = if answer.is_none() { cloud::call(host, op, args)? } else { answer };
    match (answer, op) {
        (Some(answer), _) => Ok(answer),
        (None, "now") => Ok(host.engine.latest(host.now()).into()),
        (None, "advance") => host.advance(args),
        (None, _) => Err(EngineError::new("invalid_argument", format!("there is no method `{op}`"))),
    }
}

impl Host {
    fn around(engine: Engine, clock: Clock) -> Host {
        Host {
            engine,
            clock,
            offset: 0,
            refuses: false,
            load: LoadOptions::default(),
            taken: None,
            restoring: None,
            cloud: None,
            #[cfg(not(target_arch = "wasm32"))]
            audience: None,
        }
    }

    /// The time in milliseconds since the epoch.
    #[inline]
    pub(crate) fn now(&self) -> i64 {
        self.clock.now().wrapping_add(self.offset)
    }

    /// Whether a call is denied whatever its limit says.
    #[inline(always)]
    fn refuses_call(&self, call: &Call<'_>) -> bool {
        self.refuses && !call.force
    }

    /// Meters a call if it may run.
    #[inline(always)]
    pub(crate) fn allow(
        &mut self,
        customer: Called<'_>,
        entitlement: Called<'_>,
        call: &Call<'_>,
    ) -> Result<bool, EngineError> {
        if self.refuses_call(call) {
            return Ok(false);
        }
        self.engine.allow(self.now(), customer, entitlement, call)
    }

    /// Meters several calls if all may run.
    pub(crate) fn allow_all(
        &mut self,
        customer: Called<'_>,
        items: &[BatchItem<'_>],
        events: bool,
    ) -> Result<bool, EngineError> {
        if self.refuses {
            return Ok(false);
        }
        self.engine.allow_all(self.now(), customer, items, events)
    }

    /// [`Host::allow_all`] with the whole answers.
    fn decide_all(
        &mut self,
        customer: Called<'_>,
        items: &[BatchItem<'_>],
        events: bool,
    ) -> Result<BatchDecision, EngineError> {
        let Some(first) = items.first().filter(|_| self.refuses) else {
            return self.engine.decide_all(self.now(), customer, items, events);
        };
        let mut decisions = vec![None; items.len()];
        decisions[0] = Some(self.explain(customer, first.entitlement, &first.call(events))?);
        Ok(BatchDecision { allowed: false, decisions })
    }

    /// Whether a call may run.
    #[inline]
    pub(crate) fn check(
        &self,
        customer: Called<'_>,
        entitlement: Called<'_>,
        call: &Call<'_>,
    ) -> Result<bool, EngineError> {
        if self.refuses_call(call) {
            return Ok(false);
        }
        self.engine.check(self.now(), customer, entitlement, call)
    }

    /// Meters a call if it may run, with the whole answer.
    pub(crate) fn decide(
        &mut self,
        customer: Called<'_>,
        entitlement: Called<'_>,
        call: &Call<'_>,
    ) -> Result<Decision, EngineError> {
        if self.refuses_call(call) {
            return self.explain(customer, entitlement, call);
        }
        self.engine.decide(self.now(), customer, entitlement, call)
    }

    /// [`Host::decide`], written into `answer`; whether the call may run.
    #[inline(always)]
    pub(crate) fn decide_into(
        &mut self,
        customer: Called<'_>,
        entitlement: Called<'_>,
        call: &Call<'_>,
        answer: &mut [f64; ANSWER_LEN],
    ) -> Result<bool, EngineError> {
        let names = answer::names_count(&self.engine);
        let fill = |decision: Decision| {
            answer::fill_decision(&decision, names, answer);
            decision.allowed
        };
        if self.refuses_call(call) {
            return self.explain(customer, entitlement, call).map(fill);
        }
        self.engine.decide_for(self.now(), customer, entitlement, call, fill)
    }

    /// [`Host::decide`] under an ID, which is answered as before where it was.
    pub(crate) fn decide_once(
        &mut self,
        customer: Called<'_>,
        entitlement: Called<'_>,
        call: &Call<'_>,
        id: &str,
    ) -> Result<Decision, EngineError> {
        if self.refuses_call(call) {
            return self.explain_once(customer, entitlement, call, id);
        }
        self.engine.decide_once(self.now(), customer.name(), entitlement.name(), call, id)
    }

    /// What [`Host::decide_once`] would answer.
    fn explain_once(
        &self,
        customer: Called<'_>,
        entitlement: Called<'_>,
        call: &Call<'_>,
        id: &str,
    ) -> Result<Decision, EngineError> {
        match self.engine.recalled(self.now(), customer.name(), entitlement.name(), call, id)? {
            Some(decision) => Ok(decision),
            None => self.explain(customer, entitlement, call),
        }
    }

    /// What [`Host::decide`] would answer.
    pub(crate) fn explain(
        &self,
        customer: Called<'_>,
        entitlement: Called<'_>,
        call: &Call<'_>,
    ) -> Result<Decision, EngineError> {
        let decision = self.engine.explain(self.now(), customer, entitlement, call)?;
        match self.refuses_call(call) && decision.allowed {
            true => Ok(Decision { allowed: false, reason: Reason::Offline, ..decision }),
            false => Ok(decision),
        }
    }

    /// The number of the engine's last change.
    #[cfg(not(target_arch = "wasm32"))]
    pub(crate) fn seq(&self) -> u64 {
        self.engine.seq()
    }

    /// Writes a decision into `answer`.
    pub(crate) fn fill(&self, decision: &Decision, answer: &mut [f64; ANSWER_LEN]) {
        answer::fill_decision(decision, answer::names_count(&self.engine), answer);
    }

    /// What the indexes in answers mean, as JSON.
    pub(crate) fn names(&self) -> String {
        let names = self.engine.names();
        json!({
            "version": self.engine.policy_version(),
            "count": answer::names_count(&self.engine),
            "entitlements": names.entitlements.texts().collect::<Vec<_>>(),
            "plans": names.plans.texts().collect::<Vec<_>>(),
            "credits": names.credits.texts().collect::<Vec<_>>(),
        })
        .to_string()
    }

    fn advance(&mut self, args: &Args) -> Result<Value, EngineError> {
        let by = args.duration(0)?;
        let Clock::Virtual(now) = self.clock else {
            let message =
                "only a virtual clock can be moved: open the policy with `clock`, a time in milliseconds";
            return Err(EngineError::new("not_supported", message));
        };
        if by < 0 {
            return Err(EngineError::new(
                "invalid_value",
                "time only moves forward: `advance` takes 0 or more",
            ));
        }
        let now = now.checked_add(by).filter(|now| *now <= Duration::LIMIT.as_millis());
        let Some(now) = now else {
            return Err(EngineError::new("invalid_value", "the clock can't be moved that far"));
        };
        self.clock = Clock::Virtual(now);
        Ok(now.into())
    }
}

impl Clock {
    #[inline]
    pub(crate) fn now(self) -> i64 {
        match self {
            Clock::Host => clock::now_ms(),
            Clock::Virtual(ms) => ms,
        }
    }
}

/// A call whose overhead isn't given, from flags.
#[inline(always)]
pub(crate) fn plain_call(ask: Ask<'_>, flags: u32) -> Call<'_> {
    let (force, events) = (flags & flags::FORCE != 0, flags & flags::EVENTS != 0);
    Call { force, events, ..Call::new(ask) }
}

/// A call from what crosses: a value, flags, and the overhead where they say that it is given.
#[inline(always)]
pub(crate) fn call_of(value: Given<'_>, flags: u32, overhead: f64) -> Result<Call<'_>, EngineError> {
    let ask = match flags & flags::TO {
        0 => Ask::By(value),
        _ => Ask::To(value),
    };
    let overhead = match flags & flags::OVERHEAD {
        0 => None,
        _ => Some(Amount::from_f64(overhead)?),
    };
    Ok(Call { overhead, ..plain_call(ask, flags) })
}

fn format_of(format: &str) -> Result<Format, EngineError> {
    format.parse().map_err(|error: policy::UnknownFormat| EngineError::new(error.code(), error.to_string()))
}

/// Milliseconds since the epoch from a host's number.
fn whole_ms(ms: f64) -> Result<i64, EngineError> {
    if ms.fract() == 0.0 && ms.abs() <= Duration::LIMIT.as_millis() as f64 {
        return Ok(ms as i64);
    }
    let message = format!("`{ms}` is no time: use whole milliseconds since the epoch");
    Err(EngineError::new("invalid_value", message))
}
