//! Applying changes that another engine recorded.

use crate::change::{Change, Effected, Learned, Metered};
use crate::customer::{CustomerId, Meter, Override, Profile, fresh};
use crate::engine::Engine;
use crate::engine::units::converted;
use crate::error::EngineError;
use crate::estimate::Sample;
use crate::quantity::Unit;
use crate::rules::LimitRules;

impl Engine {
    /// Applies a change that an engine with the same policy recorded. A change whose number was seen is skipped;
    /// answers whether it was applied. No rule is evaluated, nothing is recorded and no event is sent.
    ///
    /// # Errors
    /// `change_gap` where changes before it are missing, `invalid_change` where it speaks of what isn't there.
    pub fn apply_change(&mut self, change: &Change) -> Result<bool, EngineError> {
        if change.seq <= self.outbox.seq {
            return Ok(false);
        }
        let expected = self.outbox.seq.saturating_add(1);
        if change.seq != expected {
            let message = format!("change {} came where {expected} was expected", change.seq);
            return Err(EngineError::new("change_gap", message));
        }
        self.observe(change.at);
        self.apply_effect(change)?;
        self.outbox.seq = change.seq;
        Ok(true)
    }

    fn apply_effect(&mut self, change: &Change) -> Result<(), EngineError> {
        match &change.effect {
            Effected::Metered(metered) => self.apply_metered(change, metered),
            Effected::PeriodBegan { holder, entitlement, period_start } => {
                let entitlement = self.names.entitlements.intern(entitlement);
                let at = self.place(holder, change)?;
                if let Some(customer) = self.customers.get_mut(at)
                    && let Some(meter) = customer.meter_mut(entitlement, *period_start)
                {
                    *meter = meter.begun(*period_start);
                }
                Ok(())
            }
            Effected::UnitChanged { .. } => self.apply_unit(change),
            Effected::MetersStarted { holder, entitlements, ended } => {
                let at = self.place(holder, change)?;
                let Some(customer) = self.customers.get_mut(at) else { return Ok(()) };
                for name in ended {
                    customer.drop_meter(self.names.entitlements.intern(name));
                }
                for name in entitlements {
                    customer.put_meter(Meter::new(self.names.entitlements.intern(name), change.at));
                }
                Ok(())
            }
            Effected::CustomerSet { .. } => self.apply_set(&change.effect),
            Effected::CustomerRemoved { id } => {
                let at = self.place(id, change)?;
                self.take_away(at);
                Ok(())
            }
            Effected::CustomerReplaced { record } => {
                if let (at, Some(previous)) = self.replace(record)? {
                    self.forget_missing(at, &previous);
                }
                Ok(())
            }
            Effected::OverrideSet { .. } => self.apply_override(change),
            Effected::OverrideRemoved { holder, entitlement } => {
                let at = self.place(holder, change)?;
                let entitlement = self.names.entitlements.intern(entitlement);
                if let Some(customer) = self.customers.get_mut(at) {
                    customer.overrides.retain(|own| own.entitlement != entitlement);
                }
                Ok(())
            }
            Effected::GrantAdded(_)
            | Effected::GrantsEnded { .. }
            | Effected::GrantRenewed { .. }
            | Effected::GrantDrawn(_)
            | Effected::CapSet { .. }
            | Effected::CapCounted(_)
            | Effected::CapReset { .. }
            | Effected::CapRemoved { .. }
            | Effected::HoldSet { .. }
            | Effected::HoldEnded { .. } => self.apply_money(change),
            Effected::Notified { holder, told } => {
                self.place(holder, change).map(|at| self.note_told(at, told))
            }
            Effected::Learned(learned) => self.apply_learned(change, learned),
            Effected::Decided { customer, id, remembered } => {
                let at = self.place(customer, change)?;
                if let Some(customer) = self.customers.get_mut(at) {
                    customer.remember(id, (**remembered).clone());
                }
                Ok(())
            }
        }
    }

    fn apply_override(&mut self, change: &Change) -> Result<(), EngineError> {
        let Effected::OverrideSet { holder, entitlement, limit, expires_on } = &change.effect else {
            return Ok(());
        };
        let at = self.place(holder, change)?;
        let rules = LimitRules::compile(limit, &self.rules.policy, &mut self.names).ok().map(Box::new);
        let entitlement = self.names.entitlements.intern(entitlement);
        let own = Override { entitlement, limit: (**limit).clone(), rules, expires_on: *expires_on };
        if let Some(customer) = self.customers.get_mut(at) {
            customer.put_override(own);
        }
        Ok(())
    }

    fn apply_learned(&mut self, change: &Change, learned: &Learned) -> Result<(), EngineError> {
        let at = self.place(&learned.customer, change)?;
        let entitlement = self.names.entitlements.intern(&learned.entitlement);
        let Learned { value, overhead, basis, .. } = *learned;
        self.take_sample(at, entitlement, &learned.segment, &Sample { value, overhead, basis });
        Ok(())
    }

    fn apply_metered(&mut self, change: &Change, metered: &Metered) -> Result<(), EngineError> {
        let entitlement = self.names.entitlements.intern(&metered.entitlement);
        let at = self.place(&metered.holder, change)?;
        let Some(customer) = self.customers.get_mut(at) else { return Ok(()) };
        let Some(meter) = customer.meter_mut(entitlement, change.at) else { return Ok(()) };
        meter.value = meter.value.checked_add(metered.units)?;
        meter.overhead = meter.overhead.checked_add(metered.overhead)?;
        meter.billed = meter.billed.checked_add(metered.overage_price)?;
        meter.granted = meter.granted.checked_add(metered.granted_diff)?;
        meter.spent = metered.spent;
        meter.spent_at = change.at;
        meter.pace = metered.pace;
        Ok(())
    }

    fn apply_unit(&mut self, change: &Change) -> Result<(), EngineError> {
        let Effected::UnitChanged { holder, entitlement, from, to } = &change.effect else { return Ok(()) };
        let (from, to) = (Unit::parse(from)?, Unit::parse(to)?);
        let entitlement = self.names.entitlements.intern(entitlement);
        let at = self.place(holder, change)?;
        let Some(customer) = self.customers.get_mut(at) else { return Ok(()) };
        if let Some(meter) = customer.meter(entitlement) {
            let meter = converted(meter, from, to)?;
            customer.put_meter(meter);
        }
        Ok(())
    }

    fn apply_set(&mut self, effect: &Effected) -> Result<(), EngineError> {
        let Effected::CustomerSet { id, plan, kind, label, refs, alts, metadata } = effect else {
            return Ok(());
        };
        let plan = (!plan.is_empty()).then(|| self.names.plans.intern(plan));
        let kind = self.intern_type(kind)?;
        let at = match self.customers.find(id) {
            Some(at) => at,
            None => self.customers.insert(fresh(id, plan, kind, &Profile::default())),
        };
        let alts: Vec<String> = alts.iter().map(ToString::to_string).collect();
        self.customers.set_alts(at, &alts);
        if let Some(customer) = self.customers.get_mut(at) {
            customer.plan = plan;
            customer.kind = kind;
            customer.label.clone_from(label);
            customer.refs.clone_from(refs);
            customer.metadata.clone_from(metadata);
        }
        Ok(())
    }

    pub(super) fn place(&self, id: &str, change: &Change) -> Result<CustomerId, EngineError> {
        self.customers.find(id).ok_or_else(|| {
            let message = format!("change {} speaks of the customer `{id}`, which isn't there", change.seq);
            EngineError::new("invalid_change", message)
        })
    }
}
