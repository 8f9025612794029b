//! Applying changes of grants, caps and holds.

use serde_json::Value;

use crate::change::{CapCounted, CapHeld, Change, Effected, GrantAdded};
use crate::customer::{Cap, CapHold, CustomerId, Fields, Grant};
use crate::engine::Engine;
use crate::error::EngineError;
use crate::quantity::Amount;

impl Engine {
    pub(super) fn apply_money<T: AsRef<str>>(
        &mut self,
        at: CustomerId,
        change: &Change<T>,
    ) -> Result<(), EngineError> {
        match &change.effect {
            Effected::GrantAdded(added) => self.apply_grant(at, change, added),
            Effected::GrantsEnded { grants, .. } => {
                self.customer_at(at)?.rest_mut().grants.retain(|grant| !grants.contains(&grant.number));
                Ok(())
            }
            Effected::GrantRenewed { grant, period_start, balance, .. } => {
                self.change_grant(at, change, *grant, *balance, *period_start)
            }
            Effected::GrantDrawn(drawn) => {
                let balance = drawn.before.checked_sub(drawn.taken)?;
                self.change_grant(at, change, drawn.grant, balance, drawn.period_start)
            }
            Effected::CapSet { cap, .. } => self.apply_cap(at, cap),
            Effected::CapCounted(counted) => self.apply_counted(at, change, counted),
            Effected::CapReset { cap, .. } => self.change_cap(at, change, cap.as_ref(), |cap| {
                (cap.counted, cap.crossed) = (Amount::ZERO, false);
            }),
            Effected::CapRemoved { cap, .. } => {
                self.customers.change_caps(at, |caps| caps.retain(|known| *known.id != *cap.as_ref()));
                Ok(())
            }
            Effected::CapHeld(held) => {
                self.apply_held(at, change.at, held);
                Ok(())
            }
            Effected::CapFreed { cap, customer, hold, .. } => {
                let (cap, customer) = (cap.as_ref(), customer.as_ref());
                let cap = self.customer_at(at)?.rest_mut().caps.iter_mut().find(|known| *known.id == *cap);
                let is_it = |known: &CapHold| *known.holder == *customer && known.number == *hold;
                cap.map(|cap| cap.holds.retain(|known| !is_it(known))).unwrap_or_default();
                Ok(())
            }
            Effected::HoldSet { hold, .. } => {
                let hold = self.read_hold(Fields::of("a change's hold", hold)?)?;
                let customer = self.customer_at(at)?;
                customer.issued_at_least(hold.number);
                match customer.holds().binary_search_by_key(&hold.number, |known| known.number) {
                    Ok(place) => customer
                        .rest_mut()
                        .holds
                        .get_mut(place)
                        .map(|known| *known = hold)
                        .unwrap_or_default(),
                    Err(place) => customer.rest_mut().holds.insert(place, hold),
                }
                Ok(())
            }
            Effected::HoldEnded { hold, .. } => {
                self.customer_at(at)?.rest_mut().holds.retain(|known| known.number != *hold);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn apply_cap(&mut self, at: CustomerId, cap: &Value) -> Result<(), EngineError> {
        let cap = self.read_cap(Fields::of("a change's cap", cap)?, None)?;
        let number = cap.number;
        self.customers.change_caps(at, |caps| match caps.iter_mut().find(|known| known.id == cap.id) {
            Some(known) => *known = cap,
            None => caps.push(cap),
        });
        let customer = self.customer_at(at)?;
        customer.issued_at_least(number);
        Ok(())
    }

    fn apply_held<T: AsRef<str>>(&mut self, at: CustomerId, now: i64, held: &CapHeld<T>) {
        let entry = CapHold {
            holder: held.customer.as_ref().into(),
            number: held.hold,
            worth: held.worth,
            expires_on: held.expires_on,
        };
        let cap = self.customers.get_mut(at).and_then(|customer| {
            customer.rest.as_mut()?.caps.iter_mut().find(|cap| *cap.id == *held.cap.as_ref())
        });
        if let Some(cap) = cap {
            cap.holds.retain(|known| now < known.expires_on);
            cap.put_hold(entry);
        }
    }

    fn apply_grant<T: AsRef<str>>(
        &mut self,
        at: CustomerId,
        change: &Change<T>,
        added: &GrantAdded<T>,
    ) -> Result<(), EngineError> {
        let grant = Grant {
            number: added.grant,
            credit: self.names.credits.intern(added.credit.as_ref()),
            plan: self.names.plans.intern(added.plan.as_ref()),
            topup: self.names.topups.intern(added.topup.as_ref()),
            included: added.included,
            balance: added.balance,
            start: change.at,
            period_start: added.period_start,
            expires_on: added.expires_on,
        };
        let customer = self.customer_at(at)?;
        customer.issued_at_least(grant.number);
        customer.rest_mut().grants.push(grant);
        Ok(())
    }

    fn change_grant<T>(
        &mut self,
        at: CustomerId,
        change: &Change<T>,
        number: u64,
        balance: Amount,
        period_start: i64,
    ) -> Result<(), EngineError> {
        let customer = self.customer_at(at)?;
        match customer.rest_mut().grants.iter_mut().find(|grant| grant.number == number) {
            Some(grant) => {
                (grant.balance, grant.period_start) = (balance, period_start);
                Ok(())
            }
            None => Err(change.astray(&format!("grant {number} of `{}`", customer.id))),
        }
    }

    fn apply_counted<T: AsRef<str>>(
        &mut self,
        at: CustomerId,
        change: &Change<T>,
        counted: &CapCounted<T>,
    ) -> Result<(), EngineError> {
        self.change_cap(at, change, counted.cap.as_ref(), |cap| {
            if counted.renewed {
                (cap.counted, cap.crossed) = (Amount::ZERO, false);
            }
            cap.counted = cap.counted.saturating_add(counted.diff);
            cap.crossed |= counted.crossed;
            cap.period_start = counted.period_start;
        })
    }

    fn change_cap<T>(
        &mut self,
        at: CustomerId,
        change: &Change<T>,
        cap: &str,
        apply: impl FnOnce(&mut Cap),
    ) -> Result<(), EngineError> {
        let customer = self.customer_at(at)?;
        match customer.rest_mut().caps.iter_mut().find(|known| *known.id == *cap) {
            Some(cap) => {
                apply(cap);
                Ok(())
            }
            None => Err(change.astray(&format!("the cap `{cap}` of `{}`", customer.id))),
        }
    }
}
