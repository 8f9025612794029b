//! What names are worth in runes, and in one another.
//!
//! 1. `rune` is worth 1, and `usd` too unless a pair says otherwise.
//! 2. An explicit pair beats a credit's own price. It is followed, pair by pair, until `rune` or a credit with a flat price; the
//!    rate is the exact product of all on the way.
//! 3. A credit without a pair is worth its flat price. One with tiers, without a price, or priced at 0 doesn't convert.
//! 4. A conversion is one exact ratio, rounded once, half-even at 10⁻¹².

use std::cmp::Ordering;
use std::collections::BTreeSet;

use crate::error::EngineError;
use crate::names::NameId;
use crate::policy::{GrantStrategy, Policy, PricingModel};
use crate::quantity::{Amount, Ratio};
use crate::rules::NameTables;

/// The rates of one policy version, by the numbers of credit names.
#[derive(Clone, Debug)]
pub(crate) struct Rates {
    worth: Vec<Option<Worth>>,
    rune: NameId,
    /// Which of a customer's grants is drawn first.
    pub(crate) strategy: GrantStrategy,
}

/// What one of a name is worth.
#[derive(Clone, Copy, Debug)]
struct Worth {
    /// In runes; `None`: it doesn't convert.
    runes: Option<Ratio>,
    /// Whether a pair says so.
    explicit: bool,
    /// Whether it is no credit: `rune`, `usd` or the name of a pair.
    currency: bool,
}

/// Why a name has no rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Worthless {
    /// The pairs lead back to themselves.
    Cycle,
    /// The pairs lead to a name that is worth nothing.
    Nowhere,
    /// The rate has more digits than can be kept exactly.
    TooLong,
}

impl Rates {
    /// The rates of `policy`, whose names are added to `names`.
    pub(crate) fn compile(policy: &Policy, names: &mut NameTables) -> Rates {
        let mut rates = Rates {
            worth: Vec::new(),
            rune: names.credits.intern("rune"),
            strategy: policy.exchange.grant_strategy,
        };
        let built_in = ["rune", "usd"].into_iter();
        let said = policy.credits.keys().chain(policy.exchange.pairs.keys()).map(String::as_str);
        for name in built_in.chain(said) {
            let at = names.credits.intern(name).index();
            if rates.worth.len() <= at {
                rates.worth.resize(at.saturating_add(1), None);
            }
            if let Some(place) = rates.worth.get_mut(at) {
                *place = Some(Worth {
                    runes: rate(name, policy).ok(),
                    explicit: name != "rune" && policy.exchange.pairs.contains_key(name),
                    currency: !policy.credits.contains_key(name),
                });
            }
        }
        rates
    }

    /// The number of `rune`.
    #[inline]
    pub(crate) fn rune(&self) -> NameId {
        self.rune
    }

    /// Whether an explicit pair says what it is worth.
    #[inline]
    pub(crate) fn is_explicit(&self, name: NameId) -> bool {
        self.worth(name).is_some_and(|worth| worth.explicit)
    }

    /// Whether it is `rune`, `usd` or the name of a pair, and no credit.
    #[inline]
    pub(crate) fn is_currency(&self, name: NameId) -> bool {
        self.worth(name).is_some_and(|worth| worth.currency)
    }

    /// An amount of `from` in `to`, rounded half-even at 10⁻¹². `None` where one of them doesn't convert.
    ///
    /// # Errors
    /// `amount_out_of_range`.
    #[inline]
    pub(crate) fn convert(
        &self,
        amount: Amount,
        from: NameId,
        to: NameId,
    ) -> Result<Option<Amount>, EngineError> {
        if from == to {
            return Ok(Some(amount));
        }
        let (Some(from), Some(to)) = (self.runes(from), self.runes(to)) else { return Ok(None) };
        match from.times(to.inverse()) {
            Some(ratio) => Ok(Some(ratio.apply(amount)?)),
            None => {
                let message = "the rate between the two has more digits than can be kept: round the pairs";
                Err(EngineError::new("amount_out_of_range", message))
            }
        }
    }

    /// Which of two is worth more runes. What doesn't convert is worth least.
    pub(crate) fn compare(&self, a: NameId, b: NameId) -> Ordering {
        self.runes(a).cmp(&self.runes(b))
    }

    fn runes(&self, name: NameId) -> Option<Ratio> {
        self.worth(name)?.runes
    }

    #[inline]
    fn worth(&self, name: NameId) -> Option<&Worth> {
        self.worth.get(name.index())?.as_ref()
    }
}

/// What one of `name` is worth in runes.
pub(crate) fn rate(name: &str, policy: &Policy) -> Result<Ratio, Worthless> {
    let mut seen = BTreeSet::new();
    let mut here = name;
    let mut rate = Ratio::ONE;
    while here != "rune" {
        if !seen.insert(here) {
            return Err(Worthless::Cycle);
        }
        let (step, next) = match policy.exchange.pairs.get(here) {
            Some(pair) => (pair.value, pair.currency.as_str()),
            None if here == "usd" => return Ok(rate),
            None => (flat_price(here, policy).ok_or(Worthless::Nowhere)?, "rune"),
        };
        let step = Ratio::of(step).ok_or(Worthless::Nowhere)?;
        rate = rate.times(step).ok_or(Worthless::TooLong)?;
        here = next;
    }
    Ok(rate)
}

fn flat_price(credit: &str, policy: &Policy) -> Option<Amount> {
    let credit = policy.credits.get(credit).filter(|credit| credit.pricing_model == PricingModel::Flat)?;
    credit.price.as_ref().map(|price| price.amount)
}
