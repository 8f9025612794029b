//! What crosses between a host language and the engine, defined once for every host.
//!
//! Three ways in. Hot doors pass two names and numbers and answer with a number. `decide` and events fill a buffer of
//! numbers ([`answer`]). Everything else is one door, [`call`]: a method's name and its arguments as JSON, a result or an
//! error as JSON.

mod answer;
mod args;
mod customers;
mod decisions;
mod money;
mod policies;

use limitr_engine::policy::{self, Format, LoadOptions};
use limitr_engine::quantity::{Amount, Duration};
use limitr_engine::{Ask, Call, Called, Decision, Engine, EngineError, EngineOptions, Event};
use serde::Deserialize;
use serde_json::{Value, json};

pub(crate) use answer::{ANSWER_LEN, fill_decision, fill_event};
use args::Args;

/// Bits of the `flags` that doors take.
pub(crate) mod flags {
    /// Send events.
    pub(crate) const EVENTS: u32 = 1;
    /// Record even what would be denied.
    pub(crate) const FORCE: u32 = 2;
    /// The overhead is given.
    pub(crate) const OVERHEAD: u32 = 4;
    /// Answer in percent (reads).
    pub(crate) const PERCENT: u32 = 1;
    /// Leave grants out (reads).
    pub(crate) const WITHOUT_GRANTS: u32 = 2;
}

/// Added to the kind of an event when more wait.
const MORE_EVENTS: u32 = 16;

/// What an engine is opened with, as JSON.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct OpenOptions {
    validate: Option<bool>,
    strict: bool,
    clock: Option<f64>,
}

/// Where the time comes from.
#[derive(Clone, Copy, Debug)]
enum Clock {
    /// The host's clock.
    Host(fn() -> i64),
    /// A fixed time in milliseconds since the epoch, moved by `advance`.
    Virtual(i64),
}

/// An open engine with its clock.
pub(crate) struct Host {
    engine: Engine,
    clock: Clock,
    load: LoadOptions,
    /// The event that was taken last, for what a number can't say of it.
    taken: Option<Event>,
}

/// Opens an engine. `clock` reads the host's time in milliseconds, `seed` is a random number.
pub(crate) fn open(
    document: &[u8],
    format: &str,
    options: &str,
    clock: fn() -> i64,
    seed: u64,
) -> Result<(Host, Value), EngineError> {
    let options: OpenOptions = serde_json::from_str(options).map_err(|error| {
        EngineError::new("invalid_argument", format!("the options can't be read: {error}"))
    })?;
    let clock = match options.clock {
        Some(ms) => Clock::Virtual(whole_ms(ms)?),
        None => Clock::Host(clock),
    };
    let load = LoadOptions { strict: options.strict, validate: options.validate.unwrap_or(true) };
    let loaded = policy::load(document, format_of(format)?, &load).map_err(EngineError::refused)?;
    let host = Host {
        engine: Engine::new(loaded.policy, EngineOptions { seed, now: clock.now() })?,
        clock,
        load,
        taken: None,
    };
    Ok((host, json!({ "diagnostics": loaded.warnings, "format": loaded.format.word() })))
}

/// Calls a method by its public name with its arguments as a JSON array; the answer as JSON text,
/// `{"value": …}` or `{"error": …}`.
pub(crate) fn call(host: &mut Host, op: &str, args: &str) -> String {
    answered(Args::parse(args).and_then(|args| dispatch(host, op, &args)))
}

/// A result as JSON text.
pub(crate) fn answered(result: Result<Value, EngineError>) -> String {
    match result {
        Ok(value) => json!({ "value": value }).to_string(),
        Err(error) => json!({ "error": error_json(&error) }).to_string(),
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
    let answer = if answer.is_none() { money::call(host, op, args)? } else { answer };
    let answer = if answer.is_none() { policies::call(host, op, args)? } else { answer };
    match (answer, op) {
        (Some(answer), _) => Ok(answer),
        (None, "now") => Ok(host.engine.latest(host.now()).into()),
        (None, "advance") => host.advance(args),
        (None, _) => Err(EngineError::new("invalid_argument", format!("there is no method `{op}`"))),
    }
}

impl Host {
    /// The time in milliseconds since the epoch.
    #[inline]
    pub(crate) fn now(&self) -> i64 {
        self.clock.now()
    }

    /// Whether events are built from now on.
    pub(crate) fn listen(&mut self, on: bool) {
        self.engine.listen(on);
    }

    /// Whether events wait.
    #[inline]
    pub(crate) fn has_events(&self) -> bool {
        self.engine.has_events()
    }

    /// Meters a call if it may run.
    #[inline]
    pub(crate) fn allow(
        &mut self,
        customer: Called<'_>,
        entitlement: Called<'_>,
        call: &Call<'_>,
    ) -> Result<bool, EngineError> {
        self.engine.allow(self.now(), customer, entitlement, call)
    }

    /// Whether a call may run.
    #[inline]
    pub(crate) fn check(
        &self,
        customer: Called<'_>,
        entitlement: Called<'_>,
        call: &Call<'_>,
    ) -> Result<bool, EngineError> {
        self.engine.check(self.now(), customer, entitlement, call)
    }

    /// Meters a call if it may run, with the whole answer.
    pub(crate) fn decide(
        &mut self,
        customer: Called<'_>,
        entitlement: Called<'_>,
        call: &Call<'_>,
    ) -> Result<Decision, EngineError> {
        self.engine.decide(self.now(), customer, entitlement, call)
    }

    /// What [`Host::decide`] would answer.
    pub(crate) fn explain(
        &self,
        customer: Called<'_>,
        entitlement: Called<'_>,
        call: &Call<'_>,
    ) -> Result<Decision, EngineError> {
        self.engine.explain(self.now(), customer, entitlement, call)
    }

    /// Units used, `NaN` for none.
    #[inline]
    pub(crate) fn value(&self, customer: Called<'_>, entitlement: Called<'_>, flags: u32) -> f64 {
        let now = self.now();
        if flags & flags::PERCENT != 0 {
            return self.engine.value_percent(now, customer, entitlement).unwrap_or(f64::NAN);
        }
        let granted = match flags & flags::WITHOUT_GRANTS != 0 {
            true => self.engine.granted(now, customer, entitlement).unwrap_or_default(),
            false => Amount::ZERO,
        };
        let value = self.engine.value(now, customer, entitlement);
        value.map_or(f64::NAN, |value| value.saturating_sub(granted).to_f64())
    }

    /// Units left, `NaN` for none.
    #[inline]
    pub(crate) fn remaining(&self, customer: Called<'_>, entitlement: Called<'_>, flags: u32) -> f64 {
        let now = self.now();
        let grants = flags & flags::WITHOUT_GRANTS == 0;
        let remaining = match flags & flags::PERCENT != 0 {
            true => self.engine.remaining_percent(now, customer, entitlement, grants),
            false => self.engine.remaining(now, customer, entitlement, grants).map(Amount::to_f64),
        };
        remaining.unwrap_or(f64::NAN)
    }

    /// Takes the oldest event that waits and fills `answer` with its numbers; its kind, 0 for none.
    pub(crate) fn next_event(&mut self, answer: &mut [f64; ANSWER_LEN]) -> u32 {
        self.taken = self.engine.next_event();
        let Some(event) = &self.taken else { return 0 };
        // A caller without other IDs was called by its own: the facade knows it without asking.
        let known = match event {
            Event::Meter(event) if event.caller.is_none() => {
                self.engine.customer(&event.holder).is_some_and(|customer| customer.alts.is_empty())
            }
            _ => false,
        };
        fill_event(event, known, answer) | if self.engine.has_events() { MORE_EVENTS } else { 0 }
    }

    /// What numbers can't say of the event that was taken last, as JSON.
    pub(crate) fn event_text(&self) -> String {
        match &self.taken {
            None => "null".to_string(),
            Some(event @ (Event::Record(..) | Event::Named(..))) => self.engine.event_json(event).to_string(),
            Some(Event::Meter(event)) => {
                let caller = event.caller.as_ref().unwrap_or(&event.holder);
                json!({ "holder": event.holder, "caller": caller }).to_string()
            }
        }
    }

    /// What the indexes in answers mean, as JSON.
    pub(crate) fn names(&self) -> String {
        let names = self.engine.names();
        json!({
            "version": self.engine.policy_version(),
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
    fn now(self) -> i64 {
        match self {
            Clock::Host(read) => read(),
            Clock::Virtual(ms) => ms,
        }
    }
}

/// A call from what crosses: flags, and the overhead where they say that it is given.
#[inline(always)]
pub(crate) fn call_of(ask: Ask<'_>, flags: u32, overhead: f64) -> Result<Call<'_>, EngineError> {
    let overhead = match flags & flags::OVERHEAD {
        0 => None,
        _ => Some(Amount::from_f64(overhead)?),
    };
    let (force, events) = (flags & flags::FORCE != 0, flags & flags::EVENTS != 0);
    Ok(Call { overhead, force, events, ..Call::new(ask) })
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
