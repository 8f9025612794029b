//! A grant: a balance of a credit that covers usage past a limit.
//!
//! 1. It comes from a topup of a plan and follows that topup's current definition: when it renews, to what, when it ends.
//! 2. It is computed, never scheduled: [`Grant::standing`] says what it holds at a moment, whether or not the
//!    periods since have been written.
//! 3. Where the definition is gone, or counts another credit, a bought grant stays as it is until the end that it was
//!    granted with; an included one leaves with its plan.

use crate::names::NameId;
use crate::quantity::Amount;
use crate::rules::TopupRules;

/// A balance of a credit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Grant {
    /// Its number among what the customer was ever given; the ID is `grant_` and this.
    pub number: u64,
    /// The credit of the balance.
    pub credit: NameId,
    /// The plan whose topup it came from.
    pub plan: NameId,
    /// That topup.
    pub topup: NameId,
    /// Whether it came with the plan; else it was bought.
    pub included: bool,
    /// What is left, in the credit's unit.
    pub balance: Amount,
    /// When it was granted: periods of `reset_inc` are counted from here. Milliseconds since the epoch.
    pub start: i64,
    /// When the period began that `balance` belongs to.
    pub period_start: i64,
    /// When it ends, as its topup said at the granting.
    pub expires_on: Option<i64>,
}

/// What a grant holds at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Standing {
    /// What is left, in the credit's unit.
    pub(crate) balance: Amount,
    /// When the period began that it belongs to.
    pub(crate) period_start: i64,
    /// When the grant ends; the end of time if it doesn't.
    pub(crate) expires_on: i64,
}

impl Grant {
    /// What it holds at `now` where its topup is `rules`; `None` once it is over.
    pub(crate) fn standing(&self, rules: Option<&TopupRules>, now: i64) -> Option<Standing> {
        let Some(rules) = rules.filter(|rules| rules.credit == self.credit) else {
            let expires_on = self.expires_on.unwrap_or(i64::MAX);
            let over = self.included || now >= expires_on;
            let (balance, period_start) = (self.balance, self.period_start);
            return (!over).then_some(Standing { balance, period_start, expires_on });
        };
        let expires_on = rules.expires_after.map_or(i64::MAX, |after| self.start.saturating_add(after));
        if now >= expires_on {
            return None;
        }
        let (balance, period_start) = rules.renewed(self.balance, self.start, self.period_start, now);
        Some(Standing { balance, period_start, expires_on })
    }
}
