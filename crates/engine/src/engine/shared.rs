//! An engine that shares limits, caps and grants with others, under Limitr Cloud: what others did is merged into what it knows.

use crate::change::{CapCounted, Change, Effected, GrantDrawn, Metered};
use crate::customer::{Customer, CustomerId, Sums};
use crate::engine::Engine;
use crate::error::EngineError;
use crate::names::NameId;
use crate::policy::{Mode, Policy};
use crate::quantity::Amount;
use crate::spend::What;

impl Engine {
    /// Puts the server's `policy` in force under the server's number. What the document seeds is the server's to create.
    ///
    /// # Errors
    /// As [`Engine::update_policy`].
    pub fn take_policy(&mut self, now: i64, policy: Policy, version: u64) -> Result<(), EngineError> {
        self.put_in_force(now, policy, version)
    }

    /// Merges what another engine did, as sums: a change of the present period adds up, of a later one begins it, of an earlier one does
    /// nothing, and neither does one that speaks of what isn't here. How fast a meter moves, and its governor, stay this engine's own. The
    /// time isn't moved past `now`, nothing is recorded, and no event is sent.
    ///
    /// # Errors
    /// `invalid_change`, `amount_out_of_range`. Nothing changes then.
    pub fn merge_change(&mut self, now: i64, change: &Change) -> Result<(), EngineError> {
        let at = change.at.min(self.observe(now));
        let holder = change.effect.holder().and_then(|holder| self.customers.find(holder));
        match (holder, &change.effect) {
            (None, Effected::CustomerSet { .. }) => self.restore_at(at, change),
            (None, _) => Ok(()),
            (Some(holder), Effected::Metered(metered)) => self.merge_metered(holder, metered),
            (Some(holder), Effected::PeriodBegan { entitlement, period_start, .. }) => {
                self.merge_period(holder, entitlement, *period_start);
                Ok(())
            }
            (Some(holder), Effected::CapCounted(counted)) => self.merge_counted(holder, counted),
            (Some(holder), Effected::GrantDrawn(drawn)) => self.merge_drawn(holder, drawn),
            (Some(holder), Effected::GrantRenewed { grant, .. }) => {
                let known = self.customers.get(holder).is_some_and(|holder| holder.has_grant(*grant));
                if known { self.restore_at(at, change) } else { Ok(()) }
            }
            _ => self.restore_at(at, change),
        }
    }

    /// Whether a customer's limit, cap or grant is shared out among engines: a limit in mode hard, a cap that denies, any grant.
    pub fn is_shared(&self, now: i64, customer: &str, what: &What) -> bool {
        match what {
            What::Limit(entitlement) => {
                self.rules_for(now, customer, entitlement).is_some_and(|rules| rules.mode == Mode::Hard)
            }
            What::Cap(id) => {
                let holder = self.customers.find(customer).and_then(|at| self.customers.get(at));
                holder.and_then(|holder| holder.cap(id)).is_some_and(|(_, cap)| !cap.terms.observe_only)
            }
            What::Grant(_) => true,
        }
    }

    fn restore_at(&mut self, at: i64, change: &Change) -> Result<(), EngineError> {
        self.restore_change(&Change { at, ..change.clone() })
    }

    /// Begins a meter's period if it is a later one; whether the meter stands in it then.
    fn merge_period(&mut self, holder: CustomerId, entitlement: &str, period_start: i64) -> Option<NameId> {
        let entitlement = self.names.entitlements.intern(entitlement);
        let holder = self.customers.get_mut(holder)?;
        let begun = holder.meter(entitlement).map(|meter| meter.period_start);
        if begun.is_none_or(|begun| begun < period_start) {
            holder.meter_mut(entitlement, period_start)?.begin(period_start);
        }
        begun.is_none_or(|begun| begun <= period_start).then_some(entitlement)
    }

    fn merge_metered(&mut self, at: CustomerId, metered: &Metered) -> Result<(), EngineError> {
        let Some(entitlement) = self.merge_period(at, &metered.entitlement, metered.period_start) else {
            return Ok(());
        };
        let Some(meter) = self.customers.get_mut(at).and_then(|c| c.meter_mut(entitlement, 0)) else {
            return Ok(());
        };
        let sums = meter.sums();
        let value = meter.value.checked_add(metered.units)?;
        let merged = Sums {
            overhead: sums.overhead.checked_add(metered.overhead)?,
            billed: sums.billed.checked_add(metered.overage_price)?.max(Amount::ZERO),
            granted: sums.granted.checked_add(metered.granted_diff)?.max(Amount::ZERO),
            ..sums
        };
        meter.value = value;
        meter.set_sums(merged);
        Ok(())
    }

    fn merge_counted(&mut self, at: CustomerId, counted: &CapCounted) -> Result<(), EngineError> {
        let Some(holder) = self.customers.get_mut(at) else { return Ok(()) };
        let cap = holder.rest.as_mut().and_then(|rest| {
            rest.caps.iter_mut().find(|cap| cap.id == counted.cap && cap.period_start <= counted.period_start)
        });
        let Some(cap) = cap else { return Ok(()) };
        let begins = cap.period_start < counted.period_start;
        let before = if begins { Amount::ZERO } else { cap.counted };
        cap.counted = before.checked_add(counted.diff)?;
        cap.crossed = counted.crossed || (cap.crossed && !begins);
        cap.period_start = counted.period_start;
        Ok(())
    }

    fn merge_drawn(&mut self, at: CustomerId, drawn: &GrantDrawn) -> Result<(), EngineError> {
        let Some(holder) = self.customers.get_mut(at) else { return Ok(()) };
        let grant = holder
            .rest
            .as_mut()
            .and_then(|rest| rest.grants.iter_mut().find(|grant| grant.number == drawn.grant));
        let Some(grant) = grant else { return Ok(()) };
        grant.balance = grant.balance.checked_sub(drawn.taken)?;
        grant.period_start = grant.period_start.max(drawn.period_start);
        Ok(())
    }
}

impl Customer {
    fn has_grant(&self, number: u64) -> bool {
        self.grants().iter().any(|grant| grant.number == number)
    }
}
