//! Applying changes that another engine recorded. No rule is evaluated: each change touches its customer and nobody else.

use serde_json::Value;

use crate::change::{Change, Effected, Learned, Metered};
use crate::customer::{Customer, CustomerId, Fields, Meter, Override, Profile, Sums, fresh};
use crate::engine::Engine;
use crate::engine::units::converted;
use crate::error::EngineError;
use crate::estimate::Sample;
use crate::policy::{Format, Limit, LoadOptions, load};
use crate::quantity::Unit;
use crate::rules::LimitRules;

impl Engine {
    /// Applies a change that another engine recorded. A change whose number was seen is skipped; answers whether it was
    /// applied. No rule is evaluated, nothing is recorded and no event is sent.
    ///
    /// # Errors
    /// `change_gap` where changes before it are missing, `invalid_change` where it speaks of what isn't there.
    pub fn apply_change<T: AsRef<str>>(&mut self, change: &Change<T>) -> Result<bool, EngineError> {
        if change.seq <= self.outbox.seq {
            return Ok(false);
        }
        let expected = self.outbox.seq.saturating_add(1);
        if change.seq != expected {
            let message = format!("change {} came where {expected} was expected", change.seq);
            return Err(EngineError::new("change_gap", message));
        }
        self.restore_change(change)?;
        self.outbox.seq = change.seq;
        Ok(true)
    }

    /// Applies a change of an engine that this one takes the place of, whose numbers aren't this one's: the caller sees to it
    /// that each is applied once, and in order.
    ///
    /// # Errors
    /// `invalid_change`.
    pub fn restore_change<T: AsRef<str>>(&mut self, change: &Change<T>) -> Result<(), EngineError> {
        self.observe(change.at);
        match &change.effect {
            Effected::PolicySet { version, document } => self.apply_policy(*version, document),
            Effected::CustomerSet { .. } => self.apply_set(change),
            Effected::CustomerReplaced { record, .. } => self.restore_record(record),
            effect => {
                let holder = effect.holder().unwrap_or_default();
                match self.customers.find(holder) {
                    Some(at) => self.apply_to(at, change),
                    // A hold may speak of a cap's holder that is gone.
                    None if matches!(effect, Effected::CapHeld(_) | Effected::CapFreed { .. }) => Ok(()),
                    None => Err(change.astray(&format!("the customer `{holder}`"))),
                }
            }
        }
    }

    fn apply_to<T: AsRef<str>>(&mut self, at: CustomerId, change: &Change<T>) -> Result<(), EngineError> {
        match &change.effect {
            Effected::Metered(metered) => self.apply_metered(at, change, metered),
            Effected::PeriodBegan { entitlement, period_start, .. } => {
                let entitlement = self.names.entitlements.intern(entitlement.as_ref());
                let meter = self.customer_at(at)?.meter_mut(entitlement, *period_start);
                meter.map(|meter| meter.begin(*period_start)).unwrap_or_default();
                Ok(())
            }
            Effected::UnitChanged { entitlement, from, to, .. } => {
                let (from, to) = (Unit::parse(from.as_ref())?, Unit::parse(to.as_ref())?);
                let entitlement = self.names.entitlements.intern(entitlement.as_ref());
                let customer = self.customer_at(at)?;
                if let Some(meter) = customer.meter(entitlement) {
                    let meter = converted(meter, from, to)?;
                    customer.put_meter(meter);
                }
                Ok(())
            }
            Effected::MetersStarted { entitlements, ended, .. } => {
                for name in ended {
                    let entitlement = self.names.entitlements.intern(name.as_ref());
                    self.customer_at(at)?.drop_meter(entitlement);
                }
                for name in entitlements {
                    let entitlement = self.names.entitlements.intern(name.as_ref());
                    self.customer_at(at)?.put_meter(Meter::new(entitlement, change.at));
                }
                Ok(())
            }
            Effected::CustomerRemoved { .. } => {
                self.customers.remove(at);
                self.forget_shares(at);
                Ok(())
            }
            Effected::OverrideSet { entitlement, limit, expires_on, .. } => {
                self.apply_override(at, entitlement.as_ref(), limit, *expires_on)
            }
            Effected::OverrideRemoved { entitlement, .. } => {
                let entitlement = self.names.entitlements.intern(entitlement.as_ref());
                self.customer_at(at)?.rest_mut().overrides.retain(|own| own.entitlement != entitlement);
                Ok(())
            }
            Effected::Notified { told, .. } => {
                self.note_told(at, told);
                Ok(())
            }
            Effected::Learned(learned) => self.apply_learned(at, learned),
            Effected::Decided { id, remembered, .. } => {
                let remembered = self.read_remembered("a change", id.as_ref(), remembered)?;
                self.customer_at(at)?.remember(id.as_ref(), remembered);
                Ok(())
            }
            _ => self.apply_money(at, change),
        }
    }

    pub(super) fn customer_at(&mut self, at: CustomerId) -> Result<&mut Customer, EngineError> {
        let gone = || EngineError::new("invalid_change", "a change speaks of a customer that isn't there");
        self.customers.get_mut(at).ok_or_else(gone)
    }

    fn apply_policy(&mut self, version: u64, document: &Value) -> Result<(), EngineError> {
        let options = LoadOptions { strict: false, validate: false };
        let loaded = load(document.to_string().as_bytes(), Format::Json, &options);
        self.restore_policy(loaded.map_err(EngineError::refused)?.policy, version)
    }

    /// Puts a customer back as its record says, in place of one with its ID: nothing is noted, and nobody else is touched.
    ///
    /// # Errors
    /// As [`Engine::set_customer`].
    pub fn restore_record(&mut self, record: &Value) -> Result<(), EngineError> {
        let customer = self.read_record(record)?;
        if let Some(at) = self.customers.find(&customer.id) {
            self.customers.remove(at);
        }
        self.customers.insert(customer);
        Ok(())
    }

    fn apply_override(
        &mut self,
        at: CustomerId,
        entitlement: &str,
        limit: &Value,
        expires_on: Option<i64>,
    ) -> Result<(), EngineError> {
        let fields = Fields::of("a change's limit", limit)?.into_left();
        let limit = Limit::restored(&fields)
            .map_err(|diagnostics| EngineError::refused_part("a change's limit", diagnostics))?;
        let rules = LimitRules::compile(&limit, &self.rules.policy, &mut self.names).ok().map(Box::new);
        let entitlement = self.names.entitlements.intern(entitlement);
        self.customer_at(at)?.put_override(Override { entitlement, limit, rules, expires_on });
        Ok(())
    }

    fn apply_learned<T: AsRef<str>>(
        &mut self,
        at: CustomerId,
        learned: &Learned<T>,
    ) -> Result<(), EngineError> {
        let entitlement = self.names.entitlements.intern(learned.entitlement.as_ref());
        let Learned { value, overhead, basis, .. } = *learned;
        self.take_sample(at, entitlement, learned.segment.as_ref(), &Sample { value, overhead, basis });
        Ok(())
    }

    fn apply_metered<T: AsRef<str>>(
        &mut self,
        at: CustomerId,
        change: &Change<T>,
        metered: &Metered<T>,
    ) -> Result<(), EngineError> {
        let entitlement = self.names.entitlements.intern(metered.entitlement.as_ref());
        let Some(meter) = self.customer_at(at)?.meter_mut(entitlement, change.at) else { return Ok(()) };
        meter.value = meter.value.checked_add(metered.units)?;
        let sums = meter.sums();
        meter.set_sums(Sums {
            overhead: sums.overhead.checked_add(metered.overhead)?,
            billed: sums.billed.checked_add(metered.overage_price)?,
            granted: sums.granted.checked_add(metered.granted_diff)?,
            spent: metered.spent,
            spent_at: change.at,
        });
        meter.pace = metered.pace;
        Ok(())
    }

    fn apply_set<T: AsRef<str>>(&mut self, change: &Change<T>) -> Result<(), EngineError> {
        let Effected::CustomerSet { holder, plan, kind, label, refs, alts, metadata } = &change.effect else {
            return Ok(());
        };
        let (holder, plan) = (holder.as_ref(), plan.as_ref());
        let plan = (!plan.is_empty()).then(|| self.names.plans.intern(plan));
        let kind = self.intern_type(kind.as_ref())?;
        let at = match self.customers.find(holder) {
            Some(at) => at,
            None => self.customers.insert(fresh(holder, plan, kind, &Profile::default())),
        };
        let alts: Vec<String> = alts.iter().map(|alt| alt.as_ref().to_string()).collect();
        self.customers.set_alts(at, &alts);
        let customer = self.customer_at(at)?;
        customer.plan = plan;
        customer.kind = kind;
        customer.set_label(label.as_ref());
        customer.refs = refs.iter().map(|name| name.as_ref().into()).collect();
        customer.set_metadata(metadata);
        Ok(())
    }
}

impl<T> Change<T> {
    /// The error of a change that speaks of something that isn't there.
    pub(super) fn astray(&self, what: &str) -> EngineError {
        EngineError::new("invalid_change", format!("change {} speaks of {what}, which isn't there", self.seq))
    }
}
