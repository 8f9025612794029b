//! What can run this instant: what remains, as far as the governor and every cap let it.
//!
//! What a call is worth to caps needn't grow evenly with its size, so the largest that they let run is searched by halving,
//! in steps of 10⁻⁹. In the volume model, where a larger call may be worth less, it is one that they let run.

use super::caps::Spend;
use super::limit::{self, Cover};
use super::reads::Reading;
use super::{Ask, Call, Money, bill};
use crate::engine::Engine;
use crate::error::EngineError;
use crate::quantity::Amount;

/// How finely the largest call is searched, in 10⁻¹²: the next one would round into the same worth.
const STEP: i128 = 1_000;

fn steps(count: i128) -> Amount {
    Amount::from_atoms(count.saturating_mul(STEP))
}

impl Engine {
    /// What can run this instant: what remains, bounded by the governor's tokens and by caps; not below 0. `None` in
    /// observe mode.
    pub fn allowance(&self, now: i64, customer: &str, entitlement: &str) -> Option<Amount> {
        let now = self.observe(now);
        let reading = self.read(now, customer, entitlement)?;
        let remaining = self.remaining_of(now, &reading, true)?.max(Amount::ZERO);
        let most = match reading.rules.governor {
            Some(governor) => remaining.min(governor.tokens(reading.view.spent)),
            None => remaining,
        };
        if !self.has_caps(&reading.subject, &Call::new(Ask::by(0.0))) || self.caps_admit(now, &reading, most)
        {
            return Some(most);
        }
        let (mut runs, mut stops) = (0_i128, most.atoms().checked_div(STEP).unwrap_or(0).saturating_add(1));
        while stops.saturating_sub(runs) > 1 {
            let middle = runs.saturating_add(stops.saturating_sub(runs) / 2);
            match self.caps_admit(now, &reading, steps(middle)) {
                true => runs = middle,
                false => stops = middle,
            }
        }
        Some(steps(runs))
    }

    /// Whether every cap has room for a call of so many units.
    fn caps_admit(&self, now: i64, reading: &Reading<'_>, units: Amount) -> bool {
        self.asked(now, reading, units).is_ok_and(|admitted| admitted)
    }

    fn asked(&self, now: i64, reading: &Reading<'_>, units: Amount) -> Result<bool, EngineError> {
        let Reading { subject, rules, view, .. } = reading;
        let call = Call::new(Ask::by(0.0));
        let mut money = Money::default();
        let past = limit::past(rules, view, units)?;
        let cover: Cover = self.cover(now, subject, rules, view, (units, past, false), &mut money);
        let effect = limit::moved(rules, view, units, past, cover, &call)?;
        let bill = bill::of(rules, self.meter(subject), view, &effect)?;
        let spend = Spend::of(rules, view, &effect, bill.as_ref());
        Ok(self.ask_caps(now, subject, &spend, &call, &mut money.caps)?.is_none())
    }
}
