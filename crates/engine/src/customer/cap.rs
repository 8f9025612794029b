//! A cap: a ceiling on spend, or on your cost, across entitlements.
//!
//! 1. It counts what calls are worth in its credit, in periods of its own, which are computed and never scheduled.
//! 2. Holds that would move it stand on it with what they are worth to it, whoever reserved them.

use crate::names::NameId;
use crate::quantity::{Amount, Duration, Schedule};
use crate::rules::{Period, Renewal, renewal};

/// A ceiling across entitlements.
#[derive(Clone, Debug)]
pub struct Cap {
    /// Its ID among the holder's caps.
    pub id: Box<str>,
    /// Its number among what the customer was ever given: caps are asked in this order.
    pub number: u64,
    /// What it says.
    pub terms: CapTerms,
    /// When it started: periods of `reset_inc` are counted from here. Milliseconds since the epoch.
    pub start: i64,
    /// When the period began that `counted` belongs to.
    pub period_start: i64,
    /// What it has counted in the period, in its credit's unit.
    pub counted: Amount,
    /// Whether it was told this period that the value is reached.
    pub crossed: bool,
    /// Holds that would move it.
    pub holds: Vec<CapHold>,
    /// When it starts anew.
    pub(crate) renewal: Renewal,
}

/// What a cap says.
#[derive(Clone, Debug)]
pub struct CapTerms {
    /// The most that it counts in a period, in its credit's unit.
    pub value: Amount,
    /// What it counts in: a credit, `rune` or a currency.
    pub credit: NameId,
    /// Whether it counts all that converts into its credit; else only calls in that very credit.
    pub exchangeable: bool,
    /// Count only what grants didn't cover.
    pub ignore_grants: bool,
    /// Count only what passes the limit.
    pub overage_only: bool,
    /// Count, and never deny.
    pub observe_only: bool,
    /// Count your cost instead of the customer's spend.
    pub overhead_cost: bool,
    /// Whether decreases lower it.
    pub follow_decrements: bool,
    /// Judge it before the call, so that one call may cross.
    pub hard_trailing: bool,
    /// Whether it also binds every customer whose references lead to the holder.
    pub shared: bool,
    /// The types of customer that it is shared with; none: all.
    pub shared_with: Vec<NameId>,
    /// The entitlements that it counts; none: all.
    pub scope: Vec<NameId>,
    /// Whether it starts anew each period.
    pub resets: bool,
    /// How long a period is.
    pub reset_inc: Option<Duration>,
    /// When periods begin by the calendar.
    pub reset_sch: Option<Schedule>,
    /// When it ends by itself, in milliseconds since the epoch.
    pub expires_on: Option<i64>,
    /// Whether it sends events.
    pub send_events: bool,
}

/// What a hold is worth to a cap.
#[derive(Clone, Debug, PartialEq)]
pub struct CapHold {
    /// The customer that holds the meter, and with it the hold.
    pub holder: Box<str>,
    /// The hold's number there.
    pub number: u64,
    /// What it would move, in the cap's credit.
    pub worth: Amount,
    /// When the hold ends by itself.
    pub expires_on: i64,
}

/// A cap at a moment, whether or not a call has begun the period yet.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CapView {
    /// The period that the moment lies in.
    pub(crate) period: Period,
    /// Whether the cap's own record is of an earlier period.
    pub(crate) over: bool,
    /// What it has counted in the period.
    pub(crate) counted: Amount,
    /// Whether it was told this period that the value is reached.
    pub(crate) crossed: bool,
}

impl CapTerms {
    /// What a cap of `value` in `credit` says that says no more.
    pub fn plain(value: Amount, credit: NameId, exchangeable: bool) -> CapTerms {
        CapTerms {
            value,
            credit,
            exchangeable,
            ignore_grants: false,
            overage_only: false,
            observe_only: false,
            overhead_cost: false,
            follow_decrements: false,
            hard_trailing: false,
            shared: false,
            shared_with: Vec::new(),
            scope: Vec::new(),
            resets: false,
            reset_inc: None,
            reset_sch: None,
            expires_on: None,
            send_events: true,
        }
    }

    /// Whether it counts calls of `entitlement`.
    #[inline]
    pub(crate) fn covers(&self, entitlement: NameId) -> bool {
        self.scope.is_empty() || self.scope.contains(&entitlement)
    }

    /// Whether it still stands at `now`.
    #[inline]
    pub(crate) fn is_live(&self, now: i64) -> bool {
        self.expires_on.is_none_or(|end| now < end)
    }

    /// Whether it binds customers of type `kind` that aren't its holder.
    #[inline]
    pub(crate) fn is_shared_with(&self, kind: NameId) -> bool {
        self.shared && (self.shared_with.is_empty() || self.shared_with.contains(&kind))
    }
}

impl Cap {
    /// A cap that starts at `now` with nothing counted.
    pub fn new(id: Box<str>, number: u64, terms: CapTerms, now: i64) -> Cap {
        let renewal = renewal(terms.resets, terms.reset_inc, terms.reset_sch.as_ref());
        Cap {
            id,
            number,
            terms,
            start: now,
            period_start: now,
            counted: Amount::ZERO,
            crossed: false,
            holds: Vec::new(),
            renewal,
        }
    }

    /// Puts `terms` in place of what it says; what it has counted stays.
    pub(crate) fn say_anew(&mut self, terms: CapTerms) {
        self.renewal = renewal(terms.resets, terms.reset_inc, terms.reset_sch.as_ref());
        self.crossed = self.crossed && self.counted >= terms.value;
        self.terms = terms;
    }

    /// The cap at `now`.
    #[inline]
    pub(crate) fn view(&self, now: i64) -> CapView {
        let period = self.renewal.period(self.start, now);
        let over = period.start > self.period_start;
        let counted = if over { Amount::ZERO } else { self.counted };
        CapView { period, over, counted, crossed: self.crossed && !over }
    }

    /// Puts what a hold is worth in place of what it was; holds lie by holder and number.
    pub(crate) fn put_hold(&mut self, entry: CapHold) {
        let key = |hold: &CapHold| (hold.holder.clone(), hold.number);
        match self.holds.binary_search_by(|known| key(known).cmp(&key(&entry))) {
            Ok(place) => self.holds.get_mut(place).map(|known| *known = entry).unwrap_or_default(),
            Err(place) => self.holds.insert(place, entry),
        }
    }

    /// What live holds would move it by.
    #[inline]
    pub(crate) fn held(&self, now: i64) -> Amount {
        let live = self.holds.iter().filter(|hold| now < hold.expires_on);
        live.fold(Amount::ZERO, |sum, hold| sum.saturating_add(hold.worth))
    }
}
