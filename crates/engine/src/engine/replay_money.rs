//! Applying changes of grants, caps and holds.

use serde_json::Value;

use crate::change::{CapCounted, Change, Effected, GrantAdded};
use crate::customer::{Cap, CustomerId, Fields, Grant};
use crate::engine::Engine;
use crate::error::EngineError;
use crate::quantity::Amount;

impl Engine {
    pub(super) fn apply_money(&mut self, change: &Change) -> Result<(), EngineError> {
        match &change.effect {
            Effected::GrantAdded(added) => self.apply_grant(change, added),
            Effected::GrantsEnded { holder, grants } => {
                let at = self.place(holder, change)?;
                if let Some(customer) = self.customers.get_mut(at) {
                    customer.grants.retain(|grant| !grants.contains(&grant.number));
                }
                Ok(())
            }
            Effected::GrantRenewed { holder, grant, period_start, balance } => {
                self.change_grant(change, holder, *grant, *balance, *period_start)
            }
            Effected::GrantDrawn(drawn) => {
                let balance = drawn.before.checked_sub(drawn.taken)?;
                self.change_grant(change, &drawn.holder, drawn.grant, balance, drawn.period_start)
            }
            Effected::CapSet { holder, cap } => self.apply_cap(change, holder, cap),
            Effected::CapCounted(counted) => self.apply_counted(change, counted),
            Effected::CapReset { holder, cap } => {
                self.change_cap(change, holder, cap, |cap| (cap.counted, cap.crossed) = (Amount::ZERO, false))
            }
            Effected::CapRemoved { holder, cap } => {
                let at = self.place(holder, change)?;
                let removed = self.customers.change_caps(at, |caps| {
                    let place = caps.iter().position(|known| known.id == *cap)?;
                    Some(caps.remove(place))
                });
                if let Some(Some(removed)) = removed {
                    self.forget_cap(holder, &removed);
                }
                Ok(())
            }
            Effected::HoldSet { holder, hold } => {
                let at = self.place(holder, change)?;
                let hold = self.read_hold(Fields::of("a change's hold", hold)?)?;
                let number = hold.number;
                self.set_hold(change.at, at, hold);
                self.issued_at_least(at, number);
                Ok(())
            }
            Effected::HoldEnded { holder, hold } => {
                let at = self.place(holder, change)?;
                self.take_hold(at, *hold);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn apply_cap(&mut self, change: &Change, holder: &str, cap: &Value) -> Result<(), EngineError> {
        let at = self.place(holder, change)?;
        let cap = self.read_cap(Fields::of("a change's cap", cap)?, None)?;
        let (number, credit) = (cap.number, cap.terms.credit);
        let before = self.customers.change_caps(at, |caps| {
            match caps.iter_mut().find(|known| known.id == cap.id) {
                Some(known) => return Some(std::mem::replace(known, cap)),
                None => caps.push(cap),
            }
            None
        });
        if let Some(Some(before)) = before
            && before.terms.credit != credit
        {
            self.forget_cap(holder, &before);
        }
        self.issued_at_least(at, number);
        Ok(())
    }

    fn apply_grant(&mut self, change: &Change, added: &GrantAdded) -> Result<(), EngineError> {
        let at = self.place(&added.holder, change)?;
        let grant = Grant {
            number: added.grant,
            credit: self.names.credits.intern(&added.credit),
            plan: self.names.plans.intern(&added.plan),
            topup: self.names.topups.intern(&added.topup),
            included: added.included,
            balance: added.balance,
            start: change.at,
            period_start: added.period_start,
            expires_on: added.expires_on,
        };
        if let Some(customer) = self.customers.get_mut(at) {
            customer.grants.push(grant);
        }
        self.issued_at_least(at, added.grant);
        Ok(())
    }

    fn change_grant(
        &mut self,
        change: &Change,
        holder: &str,
        number: u64,
        balance: Amount,
        period_start: i64,
    ) -> Result<(), EngineError> {
        let at = self.place(holder, change)?;
        let customer = self.customers.get_mut(at);
        match customer.and_then(|customer| customer.grants.iter_mut().find(|grant| grant.number == number)) {
            Some(grant) => {
                (grant.balance, grant.period_start) = (balance, period_start);
                Ok(())
            }
            None => {
                let message = format!(
                    "change {} speaks of grant {number} of `{holder}`, which isn't there",
                    change.seq
                );
                Err(EngineError::new("invalid_change", message))
            }
        }
    }

    fn apply_counted(&mut self, change: &Change, counted: &CapCounted) -> Result<(), EngineError> {
        self.change_cap(change, &counted.holder, &counted.cap, |cap| {
            if counted.renewed {
                (cap.counted, cap.crossed) = (Amount::ZERO, false);
            }
            cap.counted = cap.counted.saturating_add(counted.diff);
            cap.crossed |= counted.crossed;
            cap.period_start = counted.period_start;
        })
    }

    fn change_cap(
        &mut self,
        change: &Change,
        holder: &str,
        cap: &str,
        apply: impl FnOnce(&mut Cap),
    ) -> Result<(), EngineError> {
        let at = self.place(holder, change)?;
        let customer = self.customers.get_mut(at);
        match customer.and_then(|customer| customer.caps.iter_mut().find(|known| *known.id == *cap)) {
            Some(cap) => {
                apply(cap);
                Ok(())
            }
            None => {
                let message = format!(
                    "change {} speaks of the cap `{cap}` of `{holder}`, which isn't there",
                    change.seq
                );
                Err(EngineError::new("invalid_change", message))
            }
        }
    }

    fn issued_at_least(&mut self, at: CustomerId, number: u64) {
        if let Some(customer) = self.customers.get_mut(at) {
            customer.issued = customer.issued.max(number);
        }
    }
}
