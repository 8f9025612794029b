//! What is read of a meter or a limit: a number each, or an object as JSON.

use limitr_engine::quantity::Amount;
use limitr_engine::{Called, EngineError};
use serde_json::{Value, json};

use super::Host;
use super::args::Args;

/// Bits of the `flags` that reading doors take, below what is read.
const PERCENT: u32 = 1;
const WITHOUT_GRANTS: u32 = 2;
const WHAT_BITS: u32 = 2;

impl Host {
    /// Units used; `NaN` for none.
    #[inline]
    pub(crate) fn value(&self, customer: Called<'_>, entitlement: Called<'_>, flags: u32) -> f64 {
        let now = self.now();
        if flags & PERCENT != 0 {
            return self.engine.value_percent(now, customer, entitlement).unwrap_or(f64::NAN);
        }
        let granted = match flags & WITHOUT_GRANTS != 0 {
            true => self.engine.granted(now, customer, entitlement).unwrap_or_default(),
            false => Amount::ZERO,
        };
        let value = self.engine.value(now, customer, entitlement);
        value.map_or(f64::NAN, |value| value.saturating_sub(granted).to_f64())
    }

    /// Any other number, which one `flags` say as js/reads.js numbers them; `NaN` for none.
    pub(crate) fn read(&self, customer: Called<'_>, entitlement: Called<'_>, flags: u32) -> f64 {
        let (now, engine) = (self.now(), &self.engine);
        let (percent, grants) = (flags & PERCENT != 0, flags & WITHOUT_GRANTS == 0);
        let units = |amount: Option<Amount>| amount.map(Amount::to_f64);
        let (who, what) = (customer.name(), entitlement.name());
        let number = match flags >> WHAT_BITS {
            0 if percent => engine.remaining_percent(now, customer, entitlement, grants),
            0 => units(engine.remaining(now, customer, entitlement, grants)),
            1 => units(engine.limit(now, who, what, grants)),
            2 => units(engine.allowance(now, who, what)),
            3 => units(engine.cost(now, who, what)),
            4 => units(engine.held(now, who, what)),
            5 => engine.resets(now, who, what).map(|ms| ms as f64),
            6 => engine.rate(now, who, what),
            7 => engine.acceleration(now, who, what),
            8 => engine.projected_exhaustion(now, who, what).map(|ms| ms as f64),
            _ => None,
        };
        number.filter(|number| number.is_finite()).unwrap_or(f64::NAN)
    }
}

/// Answers a call that reads an object; nothing if `op` is another's.
pub(super) fn call(host: &Host, op: &str, args: &Args) -> Result<Option<Value>, EngineError> {
    let (now, engine) = (host.now(), &host.engine);
    Ok(Some(match op {
        "meterObject" => json!(engine.meter_json(now, args.text(0)?, args.text(1)?)),
        "limitObject" => json!(engine.limit_json(now, args.text(0)?, args.text(1)?)),
        _ => return Ok(None),
    }))
}
