//! Grants, caps and holds where the policy gives a credit another unit: what they hold, count and reserve is brought into
//! it, as meters are.

use super::units::{Changed, in_other};
use crate::change::Effected;
use crate::customer::{Cap, Customer, CustomerId, Grant, HeldCap, Hold};
use crate::engine::Engine;
use crate::error::EngineError;
use crate::names::NameId;
use crate::quantity::Amount;

/// What an update of the policy changes about a customer's money.
#[derive(Debug, Default)]
pub(super) struct MoneyConversion {
    grants: Vec<Grant>,
    caps: Vec<Cap>,
    holds: Vec<Hold>,
}

impl MoneyConversion {
    pub(super) fn is_empty(&self) -> bool {
        self.grants.is_empty() && self.caps.is_empty() && self.holds.is_empty()
    }
}

impl Engine {
    /// What of a customer's money has to be brought into other units. `counted` is the credit that an entitlement's meter
    /// counts.
    ///
    /// # Errors
    /// `amount_out_of_range`.
    pub(super) fn money_conversion(
        &self,
        customer: &Customer,
        changed: &[Changed],
        counted: impl Fn(NameId) -> Option<NameId>,
    ) -> Result<MoneyConversion, EngineError> {
        let of = |credit: Option<NameId>| changed.iter().find(|change| Some(change.credit) == credit);
        let mut conversion = MoneyConversion::default();
        for grant in customer.grants() {
            if let Some(change) = of(Some(grant.credit)) {
                let balance = change.bring(grant.balance)?;
                conversion.grants.push(Grant { balance, ..*grant });
            }
        }
        for cap in customer.caps() {
            if let Some(change) = of(Some(cap.terms.credit)) {
                let mut cap = cap.clone();
                cap.terms.value = change.bring(cap.terms.value)?;
                cap.counted = change.bring(cap.counted)?;
                for hold in &mut cap.holds {
                    hold.worth = change.bring(hold.worth)?;
                }
                conversion.caps.push(cap);
            }
        }
        for hold in customer.holds() {
            let own = of(counted(hold.entitlement));
            let on_caps: Vec<Option<&Changed>> =
                hold.caps.iter().map(|held| of(self.cap_credit_of(held))).collect();
            if own.is_none() && on_caps.iter().all(Option::is_none) {
                continue;
            }
            let mut hold = hold.clone();
            if let Some(change) = own {
                hold.units = change.bring(hold.units)?;
                hold.consumed = change.bring(hold.consumed)?;
            }
            for (held, change) in hold.caps.iter_mut().zip(on_caps) {
                if let Some(change) = change {
                    held.worth = change.bring(held.worth)?;
                }
            }
            conversion.holds.push(hold);
        }
        Ok(conversion)
    }

    /// Writes what [`Engine::money_conversion`] found.
    pub(super) fn convert_money(&mut self, now: i64, at: CustomerId, conversion: MoneyConversion) {
        let MoneyConversion { grants, caps, holds } = conversion;
        for converted in grants {
            let Some(customer) = self.customers.get_mut(at) else { return };
            let known = customer.rest_mut().grants.iter_mut().find(|grant| grant.number == converted.number);
            known.map(|grant| *grant = converted).unwrap_or_default();
            self.outbox.record(now, || Effected::GrantRenewed {
                holder: &*customer.id,
                grant: converted.number,
                period_start: converted.period_start,
                balance: converted.balance,
            });
        }
        for converted in caps {
            let id = converted.id.clone();
            self.customers.change_caps(at, |caps| {
                let known = caps.iter_mut().find(|cap| cap.id == converted.id);
                known.map(|cap| *cap = converted).unwrap_or_default();
            });
            self.record_cap(now, at, &id);
        }
        for converted in holds {
            let number = converted.number;
            self.set_hold(now, at, converted);
            self.record_hold(now, at, number, &[]);
        }
    }

    fn cap_credit_of(&self, held: &HeldCap) -> Option<NameId> {
        let owner = self.customers.get(self.customers.find(&held.holder)?)?;
        owner.cap(&held.cap).map(|(_, cap)| cap.terms.credit)
    }
}

impl Changed {
    fn bring(&self, amount: Amount) -> Result<Amount, EngineError> {
        in_other(amount, self.from, self.to)
    }
}
