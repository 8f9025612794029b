//! Holds as they cross: what is reserved, as JSON or as numbers, and what is done with a hold as numbers. Numbers stand where
//! answers do.

use limitr_engine::quantity::{Amount, Duration};
use limitr_engine::{Called, EngineError, Given, HoldId, Likeness, Reserve, Settle};
use serde_json::{Map, Value};

use super::args::given;
use super::money::{likeness, number};
use super::{ANSWER_LEN, Host};

/// What is done with a hold.
#[derive(Clone, Copy, Debug)]
pub(super) enum Act {
    Settle,
    Consume,
    Extend,
    Release,
}

impl Act {
    /// By its number in js/holds.js.
    fn numbered(number: f64) -> Act {
        match number as u32 {
            0 => Act::Settle,
            1 => Act::Consume,
            2 => Act::Extend,
            _ => Act::Release,
        }
    }
}

impl Host {
    /// Reserves room, if calls may run.
    pub(crate) fn reserve(
        &mut self,
        customer: Called<'_>,
        entitlement: Called<'_>,
        reserve: &Reserve<'_>,
    ) -> Result<Option<HoldId>, EngineError> {
        match self.refuses {
            true => Ok(None),
            false => self.engine.reserve(self.now(), customer, entitlement, reserve),
        }
    }

    /// [`Host::reserve`] of a value, a `ttl` in milliseconds, overhead and basis; `NaN` stands for what isn't given.
    pub(crate) fn reserve_numbers(
        &mut self,
        customer: Called<'_>,
        entitlement: Called<'_>,
        numbers: &[f64; ANSWER_LEN],
    ) -> Result<Option<HoldId>, EngineError> {
        let [value, ttl, overhead, basis, ..] = *numbers;
        let reserve = Reserve {
            value: known(value).map(Given::Number),
            overhead: runes(overhead)?,
            ttl: known(ttl).map(|ttl| Duration::from_millis(ttl as i64)),
            likeness: Likeness { basis: known(basis), ..Likeness::default() },
        };
        self.reserve(customer, entitlement, &reserve)
    }

    /// Does something with a hold; whether it could be done.
    pub(super) fn with_hold(
        &mut self,
        act: Act,
        customer: Called<'_>,
        entitlement: Called<'_>,
        hold: Option<HoldId>,
        part: &Settle<'_>,
    ) -> Result<bool, EngineError> {
        let (now, engine) = (self.now(), &mut self.engine);
        let named = hold.unwrap_or(HoldId::NOBODYS);
        match act {
            Act::Settle => engine.settle(now, customer, entitlement, hold, part),
            Act::Consume => engine.consume_hold(now, customer, entitlement, named, part),
            Act::Extend => engine.extend_hold(now, customer, entitlement, named, part.value, part.overhead),
            Act::Release => engine.release(now, customer, entitlement, named),
        }
    }

    /// [`Host::with_hold`] of what is done, the hold's number, a value, overhead, whether events are sent, and basis; `NaN` stands
    /// for a hold, overhead or basis that isn't given.
    pub(crate) fn with_hold_numbers(
        &mut self,
        customer: Called<'_>,
        entitlement: Called<'_>,
        numbers: &[f64; ANSWER_LEN],
    ) -> Result<bool, EngineError> {
        let [act, hold, value, overhead, events, basis, ..] = *numbers;
        let hold = known(hold).map(|number| HoldId::numbered(number as u64));
        let part = Settle {
            value: Given::Number(value),
            overhead: runes(overhead)?,
            events: events != 0.0,
            likeness: Likeness { basis: known(basis), ..Likeness::default() },
        };
        self.with_hold(Act::numbered(act), customer, entitlement, hold, &part)
    }
}

fn known(number: f64) -> Option<f64> {
    (!number.is_nan()).then_some(number)
}

fn runes(number: f64) -> Result<Option<Amount>, EngineError> {
    Ok(known(number).map(Amount::from_f64).transpose()?)
}

/// What is reserved, from its options.
pub(super) fn reserved(options: &Map<String, Value>) -> Result<Reserve<'_>, EngineError> {
    let option = |name: &str| options.get(name).filter(|value| !value.is_null());
    Ok(Reserve {
        value: option("value").map(|value| given(value, 2)).transpose()?,
        overhead: option("overhead").map(|overhead| number(overhead, 2)).transpose()?,
        ttl: option("ttl").map(ttl).transpose()?,
        likeness: likeness(Some(options))?,
    })
}

/// How long a hold stands: text, or a number of milliseconds.
pub(super) fn ttl(given: &Value) -> Result<Duration, EngineError> {
    let text = given.as_str().map_or_else(|| given.to_string(), str::to_string);
    Duration::parse(&text).map_err(|error| EngineError::new("bad_duration", format!("`ttl`: {error}")))
}
