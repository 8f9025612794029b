//! What a call would move its meter by, for who works out what it costs before it is made.

use super::{Ask, Resolved, View};
use crate::engine::Engine;
use crate::error::EngineError;
use crate::quantity::Amount;

/// What a call asks for, in the words of its credit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Asked<'a> {
    /// The credit that it is metered in.
    pub credit: &'a str,
    /// By how much it asks to move the meter, in the credit's unit.
    pub units: Amount,
    /// What that costs by the credit's `overhead_cost`, in runes.
    pub overhead: Amount,
}

impl Engine {
    /// What a call would ask for now; `None` where it is denied for want of a meter, or needs none.
    ///
    /// # Errors
    /// As [`Engine::check`] for a value that is no quantity of the credit.
    ///
    /// # Example
    /// ```
    /// # use limitr_engine::{Ask, Engine};
    /// # let engine = Engine::example()?;
    /// let asked = engine.asked_by_call(0, "user_1", "chat", &Ask::by(10.0))?;
    /// assert_eq!(asked.map(|asked| asked.units.to_f64()), Some(10.0));
    /// # Ok::<(), limitr_engine::EngineError>(())
    /// ```
    pub fn asked_by_call(
        &self,
        now: i64,
        customer: &str,
        entitlement: &str,
        ask: &Ask<'_>,
    ) -> Result<Option<Asked<'_>>, EngineError> {
        let now = self.observe(now);
        let Resolved::Metered { subject, rules } = self.resolve(now, customer, entitlement) else {
            return Ok(None);
        };
        let used = View::of(self.meter(&subject), rules, now, Amount::ZERO).used;
        let units = ask.amount(rules, used)?;
        let overhead = units.mul(rules.overhead_cost)?;
        Ok(Some(Asked { credit: self.names.credits.text(rules.credit), units, overhead }))
    }
}
