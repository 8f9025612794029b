//! What a call asks for.

use crate::error::EngineError;
use crate::quantity::{Amount, Quantity};
use crate::rules::LimitRules;

/// A value as the caller gave it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Given<'a> {
    /// A number in the credit's unit.
    Number(f64),
    /// A number with or without a unit, such as `500MB`.
    Text(&'a str),
}

/// What a call asks for. It is brought into the credit's unit only once the limit is known.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Ask<'a> {
    /// Move the meter by this much.
    By(Given<'a>),
    /// Move the meter by this much, which stands in the credit's unit.
    Exactly(Amount),
    /// Move the meter to this value.
    To(Given<'a>),
    /// Move it up by the limit's increment.
    Increment,
    /// Move it down by the limit's increment.
    Decrement,
}

impl Ask<'_> {
    /// Move the meter by `value` of the credit's unit.
    pub fn by(value: f64) -> Ask<'static> {
        Ask::By(Given::Number(value))
    }

    /// The movement that is asked for of a meter that stands at `used`.
    #[inline]
    pub(crate) fn amount(&self, rules: &LimitRules, used: Amount) -> Result<Amount, EngineError> {
        Ok(match self {
            Ask::By(given) => given.amount(rules)?,
            Ask::Exactly(amount) => *amount,
            Ask::To(given) => given.amount(rules)?.checked_sub(used)?,
            Ask::Increment => rules.increment,
            Ask::Decrement => rules.increment.checked_neg()?,
        })
    }
}

impl Given<'_> {
    #[inline(always)]
    pub(crate) fn amount(&self, rules: &LimitRules) -> Result<Amount, EngineError> {
        Ok(match self {
            Given::Number(number) => Amount::from_f64(*number)?,
            Given::Text(text) => Quantity::parse(text)?.in_unit(rules.unit)?,
        })
    }
}

/// One call: what it asks for and how.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Call<'a> {
    /// What it asks for.
    pub ask: Ask<'a>,
    /// Your cost of the call in runes, if it is known; else the movement × the credit's `overhead_cost`.
    pub overhead: Option<Amount>,
    /// The overhead is what a function of the policy answered, not what the caller says: it tells no call from another.
    pub overhead_asked: bool,
    /// Record it even past the limit and the governor: it has already happened.
    pub force: bool,
    /// Send events.
    pub events: bool,
    /// Caps of this call alone.
    pub caps: &'a [CallCap<'a>],
}

/// A cap of one call: the most that it may spend in a credit or currency.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CallCap<'a> {
    /// A credit, `rune`, `usd`, or the name of a pair of the exchange.
    pub credit: &'a str,
    /// The most, in that.
    pub value: Given<'a>,
}

impl<'a> Call<'a> {
    /// A plain call that sends events.
    pub fn new(ask: Ask<'a>) -> Call<'a> {
        Call { ask, overhead: None, overhead_asked: false, force: false, events: true, caps: &[] }
    }

    /// The overhead of a movement of `diff`.
    #[inline(always)]
    pub(crate) fn overhead_of(&self, rules: &LimitRules, diff: Amount) -> Result<Amount, EngineError> {
        Ok(match self.overhead {
            Some(overhead) => overhead,
            None if rules.overhead_cost.is_zero() => Amount::ZERO,
            None => diff.mul(rules.overhead_cost)?,
        })
    }
}
