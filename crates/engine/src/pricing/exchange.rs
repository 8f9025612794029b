//! What names are worth in runes, and in one another.
//!
//! 1. `rune` is worth 1, and `usd` too unless a pair says otherwise.
//! 2. An explicit pair beats a credit's own price. It is followed, pair by pair, until `rune` or a credit with a flat price; the
//!    rate is the exact product of all on the way.
//! 3. A credit without a pair is worth its flat price. One with tiers, without a price, or priced at 0 doesn't convert.
//! 4. A conversion is one exact ratio, rounded once, half-even at 10⁻¹².

use std::cmp::Ordering;
use std::collections::BTreeMap;

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
pub(crate) enum Worthless<'p> {
    /// The pairs lead back to themselves, at this name.
    Cycle(&'p str),
    /// The pairs lead to this name, which is worth nothing.
    Nowhere(&'p str),
    /// The rate has more digits than can be kept exactly.
    TooLong,
}

impl Rates {
    /// The rates of `policy`, whose names are added to `names`.
    pub(crate) fn compile(policy: &Policy, names: &mut NameTables) -> Rates {
        Rates::from(&Worths::of(policy), policy, names)
    }

    /// The same from what `worths` found.
    pub(crate) fn from(worths: &Worths<'_>, policy: &Policy, names: &mut NameTables) -> Rates {
        let mut rates = Rates {
            worth: Vec::new(),
            rune: names.credits.intern("rune"),
            strategy: policy.exchange.grant_strategy,
        };
        for name in ["rune"].into_iter().chain(converting(policy)) {
            let at = names.credits.intern(name).index();
            if rates.worth.len() <= at {
                rates.worth.resize(at.saturating_add(1), None);
            }
            if let Some(place) = rates.worth.get_mut(at) {
                *place = Some(Worth {
                    runes: worths.get(name).ok(),
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

    /// Whether it is worth something.
    pub(crate) fn converts(&self, name: NameId) -> bool {
        self.runes(name).is_some()
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

/// What each name of a policy is worth in runes, or why it is worth nothing.
pub(crate) struct Worths<'p> {
    known: BTreeMap<&'p str, Result<Ratio, Worthless<'p>>>,
}

impl<'p> Worths<'p> {
    /// Follows every chain of `policy`, each name once however many chains lead through it.
    pub(crate) fn of(policy: &'p Policy) -> Worths<'p> {
        let mut worths = Worths { known: BTreeMap::from([("rune", Ok(Ratio::ONE))]) };
        for name in converting(policy) {
            worths.follow(name, policy);
        }
        worths
    }

    /// What one of `name` is worth. A name that the policy doesn't have is worth nothing.
    pub(crate) fn get(&self, name: &'p str) -> Result<Ratio, Worthless<'p>> {
        self.known.get(name).copied().unwrap_or(Err(Worthless::Nowhere(name)))
    }

    /// The names that have no rate.
    pub(crate) fn without_rate(&self) -> impl Iterator<Item = &'p str> {
        self.known.iter().filter(|(_, worth)| worth.is_err()).map(|(name, _)| *name)
    }

    /// 1. Walks from `name` to one that is known, or to the end of its chain. A name met twice on the way is a cycle.
    /// 2. Walks back: each name is worth its step times what comes after it.
    fn follow(&mut self, name: &'p str, policy: &'p Policy) {
        let mut way: Vec<(&'p str, Option<Ratio>)> = Vec::new();
        let mut here = name;
        let mut worth = loop {
            if let Some(known) = self.known.get(here) {
                break *known;
            }
            let (step, next) = match policy.exchange.pairs.get(here) {
                Some(pair) => (Some(pair.value), pair.currency.as_str()),
                None if here == "usd" => (Some(Amount::ONE), "rune"),
                None => (flat_price(here, policy), "rune"),
            };
            // Until the way back says better, a name on the way leads to itself.
            self.known.insert(here, Err(Worthless::Cycle(here)));
            way.push((here, step.and_then(Ratio::of)));
            here = next;
        };
        for (name, step) in way.into_iter().rev() {
            worth = match step {
                None => Err(Worthless::Nowhere(name)),
                Some(step) => worth.and_then(|rest| step.times(rest).ok_or(Worthless::TooLong)),
            };
            self.known.insert(name, worth);
        }
    }
}

/// Every name of `policy` that may convert, but for `rune`.
fn converting(policy: &Policy) -> impl Iterator<Item = &str> {
    let said = policy.credits.keys().chain(policy.exchange.pairs.keys()).map(String::as_str);
    ["usd"].into_iter().chain(said)
}

fn flat_price(credit: &str, policy: &Policy) -> Option<Amount> {
    let credit = policy.credits.get(credit).filter(|credit| credit.pricing_model == PricingModel::Flat)?;
    credit.price.as_ref().map(|price| price.amount)
}
