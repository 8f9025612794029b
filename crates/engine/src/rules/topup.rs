//! A topup made ready: what it grants and how that starts anew.

use super::{Renewal, renewal};
use crate::error::EngineError;
use crate::limits::RENEWALS_MAX;
use crate::names::NameId;
use crate::policy::{Policy, ResetMode, Topup};
use crate::quantity::{Amount, Duration};
use crate::rules::NameTables;

/// What a topup grants.
#[derive(Clone, Debug)]
pub(crate) struct TopupRules {
    /// The credit of the balance.
    pub(crate) credit: NameId,
    /// How much, in the credit's unit.
    pub(crate) value: Amount,
    /// When it starts anew.
    pub(crate) renewal: Renewal,
    /// What that does to the balance.
    mode: ResetMode,
    /// The fraction that a rollover carries, once for each period.
    carried: Amount,
    least: Option<Amount>,
    most: Option<Amount>,
    max_balance: Option<Amount>,
    /// Most periods that are added at once.
    catchup: Option<u32>,
    /// How long after the granting it ends, in milliseconds.
    pub(crate) expires_after: Option<i64>,
    /// Whether it comes with the plan.
    pub(crate) included: bool,
    /// The customer types that it comes with the plan for; none: all.
    pub(crate) scopes: Vec<NameId>,
}

impl TopupRules {
    /// Compiles `topup` against the credits of `policy`.
    ///
    /// # Errors
    /// `unknown_credit`, or `unit_mismatch` where a quantity has another dimension than the credit.
    pub(crate) fn compile(
        topup: &Topup,
        policy: &Policy,
        names: &mut NameTables,
    ) -> Result<TopupRules, EngineError> {
        let Some(credit) = policy.credits.get(&topup.credit) else {
            let message = format!("the topup names the credit `{}`, which isn't in the policy", topup.credit);
            return Err(EngineError::new("unknown_credit", message));
        };
        let unit = credit.stof_units;
        let some = |quantity: &Option<crate::quantity::Quantity>| {
            quantity.as_ref().map(|quantity| quantity.in_unit(unit)).transpose()
        };
        Ok(TopupRules {
            credit: names.credits.intern(&topup.credit),
            value: topup.value.in_unit(unit)?,
            renewal: renewal(topup.resets, topup.reset_inc, topup.reset_sch.as_ref()),
            mode: topup.reset_mode,
            carried: topup.rollover_pct,
            least: some(&topup.rollover_min)?,
            most: some(&topup.rollover_max)?,
            max_balance: some(&topup.max_balance)?,
            catchup: topup.reset_catchup_cap,
            expires_after: topup.expires_after.map(Duration::as_millis),
            included: topup.included,
            scopes: topup.included_scopes.iter().map(|scope| names.types.intern(scope)).collect(),
        })
    }

    /// Whether its grants start anew.
    pub(crate) fn renews(&self) -> bool {
        !matches!(self.renewal, Renewal::Never)
    }

    /// Whether it matters when a grant's periods are caught up on: only so many are at once.
    pub(crate) fn bounds_catching_up(&self) -> bool {
        self.catchup.is_some() && self.mode != ResetMode::Hard
    }

    /// What a new grant holds.
    pub(crate) fn first_balance(&self) -> Amount {
        self.at_most(self.value)
    }

    /// The balance at `now` of a grant that was made at `start` and held `balance` in the period begun at
    /// `period_start`; and when the present period began.
    pub(crate) fn renewed(&self, balance: Amount, start: i64, period_start: i64, now: i64) -> (Amount, i64) {
        let present = self.renewal.period(start, now).start;
        if present <= period_start {
            return (balance, period_start);
        }
        let balance = match self.mode {
            ResetMode::Hard => self.first_balance(),
            ResetMode::Add | ResetMode::Rollover => {
                let most = self.catchup.unwrap_or(RENEWALS_MAX).min(RENEWALS_MAX);
                self.after(balance, self.renewal.begun_since(start, period_start, now, most))
            }
        };
        (balance, present)
    }

    /// The balance after so many periods, which ends early where another one changes nothing.
    fn after(&self, balance: Amount, periods: u32) -> Amount {
        let mut balance = balance;
        for _ in 0..periods {
            let next = self.at_most(self.carried_from(balance).saturating_add(self.value));
            if next == balance {
                break;
            }
            balance = next;
        }
        balance
    }

    fn carried_from(&self, balance: Amount) -> Amount {
        if self.mode != ResetMode::Rollover {
            return balance;
        }
        // A fraction of what can be counted can be counted.
        let part = balance.mul(self.carried).unwrap_or(balance);
        let raised = self.least.map_or(part, |least| part.max(least));
        self.most.map_or(raised, |most| raised.min(most))
    }

    fn at_most(&self, balance: Amount) -> Amount {
        let most = self.max_balance.unwrap_or(Amount::LIMIT).min(Amount::LIMIT);
        balance.min(most)
    }
}
