//! The exchange: what amounts are worth in other names, and live rates.

use super::object;
use crate::customer::check_name;
use crate::engine::Engine;
use crate::error::EngineError;
use crate::limits::PAIRS_MAX;
use crate::policy::Pair;
use crate::pricing::{Rates, Worthless, Worths};
use crate::quantity::Amount;
use crate::rules::NameTables;
use serde_json::Value;

impl Engine {
    /// An amount of `from` in `to`, each a credit, `rune`, `usd` or the name of a pair, rounded half-even at 10⁻¹². `None`
    /// where one of them isn't there or reaches no runes.
    ///
    /// # Errors
    /// `amount_out_of_range`.
    ///
    /// # Example
    /// ```
    /// # use limitr_engine::{Engine, quantity::Amount};
    /// # let engine = Engine::example()?;
    /// assert_eq!(engine.credit_exchange("usd", "rune", Amount::from_int(2))?, Some(Amount::from_int(2)));
    /// # Ok::<(), limitr_engine::EngineError>(())
    /// ```
    pub fn credit_exchange(
        &self,
        from: &str,
        to: &str,
        value: Amount,
    ) -> Result<Option<Amount>, EngineError> {
        let ids = self.names.credits.find(from).zip(self.names.credits.find(to));
        let Some((from, to)) = ids else { return Ok(None) };
        // Through runes even where both are the same: a name that reaches none converts into nothing.
        if self.rules.rates.convert(Amount::ZERO, from, self.rules.rates.rune())?.is_none() {
            return Ok(None);
        }
        self.rules.rates.convert(value, from, to)
    }

    /// Says what one `name` is worth from now on, as the next version of the policy: a live rate. Event `policy-updated`.
    ///
    /// # Errors
    /// `invalid_value` unless the value is more than 0, `exchange_cycle`, `exchange_unreachable`, `amount_out_of_range` for a
    /// rate with too many digits, be it of a name that leads through this one, `invalid_name`, `too_many`. Nothing changes
    /// then.
    pub fn set_exchange(
        &mut self,
        now: i64,
        name: &str,
        value: Amount,
        currency: &str,
    ) -> Result<(), EngineError> {
        let now = self.observe(now);
        self.outbox.check_room()?;
        check_name("a currency", name)?;
        if !value.is_positive() || value > Amount::LIMIT {
            let message = format!("one `{name}` must be worth more than 0, not `{value}`");
            return Err(EngineError::new("invalid_value", message));
        }
        if name == "rune" {
            let message = "`rune` is what everything is counted in: it has no rate of its own";
            return Err(EngineError::new("exchange_cycle", message));
        }
        let pairs = &mut self.rules.policy.exchange.pairs;
        if pairs.len() >= PAIRS_MAX && !pairs.contains_key(name) {
            let message = format!("the exchange has {PAIRS_MAX} pairs, which is the most");
            return Err(EngineError::new("too_many", message));
        }
        let before = pairs.insert(name.to_string(), Pair { value, currency: currency.to_string() });
        let worths = Worths::of(&self.rules.policy);
        match refused_rate(name, currency, &worths, &self.rules.rates, &self.names) {
            None => {
                self.rules.rates = Rates::from(&worths, &self.rules.policy, &mut self.names);
            }
            Some(error) => {
                let pairs = &mut self.rules.policy.exchange.pairs;
                match before {
                    Some(before) => pairs.insert(name.to_string(), before),
                    None => pairs.shift_remove(name),
                };
                return Err(error);
            }
        }
        let previous = self.rules.version;
        self.rules.version = previous.saturating_add(1);
        self.record_policy(now);
        self.tell("policy-updated", |engine| {
            object([("version", Value::from(engine.rules.version)), ("previous", Value::from(previous))])
        });
        Ok(())
    }
}

/// Why a rate of `name` can't be: it reaches no runes, or a name that led through it would convert no more.
fn refused_rate(
    name: &str,
    currency: &str,
    worths: &Worths<'_>,
    before: &Rates,
    names: &NameTables,
) -> Option<EngineError> {
    if let Err(problem) = worths.get(name) {
        return Some(worthless(name, currency, problem));
    }
    let lost =
        worths.without_rate().find(|lost| names.credits.find(lost).is_some_and(|id| before.converts(id)))?;
    let message = format!(
        "with this, the rate of `{lost}`, which leads through `{name}`, has more digits than can be kept exactly: round the pairs"
    );
    Some(EngineError::new("amount_out_of_range", message))
}

fn worthless(name: &str, currency: &str, problem: Worthless<'_>) -> EngineError {
    match problem {
        Worthless::Cycle(_) => {
            let message =
                format!("`{name}` in `{currency}` leads back to `{name}`: no pair on the way is worth runes");
            EngineError::new("exchange_cycle", message)
        }
        Worthless::Nowhere(_) => {
            let message = format!(
                "`{currency}` reaches no runes: name `rune`, `usd`, a credit with a flat price, or a pair that does"
            );
            EngineError::new("exchange_unreachable", message)
        }
        Worthless::TooLong => {
            let message =
                format!("the rate of `{name}` has more digits than can be kept exactly: round the pairs");
            EngineError::new("amount_out_of_range", message)
        }
    }
}
