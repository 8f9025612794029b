//! A policy may give a credit another unit, such as GB for MB. What was counted and what customers were given in the old
//! one is brought into the new one: 500 MB used are then 0.5 GB used, not 500.
//!
//! 1. A credit's unit changes if both policies give it one, and they differ within a dimension.
//! 2. A meter counts the credit of its holder's own limit, else of the limit in the holder's plan, else of the first
//!    plan that limits the entitlement.
//! 3. Numbers without a unit in customers' own limits were meant in the old one: it is written to them.
//! 4. Everything is computed before anything is written; a meter past what the new unit can count refuses the update.

use super::units_money::MoneyConversion;
use crate::change::Effected;
use crate::customer::{Customer, CustomerId, Meter, Override, Pace, Sums};
use crate::engine::Engine;
use crate::error::EngineError;
use crate::names::NameId;
use crate::policy::{Limit, Policy};
use crate::quantity::{Amount, Quantity, Unit};
use crate::rules::LimitRules;

/// A credit whose unit changes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Changed {
    pub(super) credit: NameId,
    pub(super) from: Unit,
    pub(super) to: Unit,
}

/// What an update of the policy changes about a customer.
#[derive(Debug)]
pub(super) struct Conversion {
    at: CustomerId,
    meters: Vec<(Meter, Changed)>,
    overrides: Vec<(NameId, Limit, Option<i64>)>,
    money: MoneyConversion,
}

impl Engine {
    /// What has to be brought into other units where `next` comes into force.
    ///
    /// # Errors
    /// `amount_out_of_range`.
    pub(super) fn conversions(&self, now: i64, next: &Policy) -> Result<Vec<Conversion>, EngineError> {
        let changed: Vec<Changed> = self
            .rules
            .policy
            .credits
            .iter()
            .filter_map(|(name, credit)| {
                let (from, to) = (credit.stof_units?, next.credits.get(name)?.stof_units?);
                let differs = from != to && from.dimension() == to.dimension();
                let credit = self.names.credits.find(name)?;
                differs.then_some(Changed { credit, from, to })
            })
            .collect();
        let mut conversions = Vec::new();
        if changed.is_empty() {
            return Ok(conversions);
        }
        for customer in self.customers.iter() {
            let Some(at) = self.customers.find(&customer.id) else { continue };
            let counted = |entitlement| self.counted_in(now, at, customer, entitlement);
            let money = self.money_conversion(customer, &changed, counted)?;
            let mut conversion = Conversion { at, meters: Vec::new(), overrides: Vec::new(), money };
            for meter in &customer.meters {
                let credit = self.counted_in(now, at, customer, meter.entitlement);
                if let Some(change) = changed.iter().find(|change| Some(change.credit) == credit) {
                    conversion.meters.push((converted(meter, change.from, change.to)?, *change));
                }
            }
            for own in customer.overrides() {
                let credit = self.names.credits.find(&own.limit.credit);
                if let Some(change) = changed.iter().find(|change| Some(change.credit) == credit) {
                    conversion.overrides.push((
                        own.entitlement,
                        spelt_out(&own.limit, *change)?,
                        own.expires_on,
                    ));
                }
            }
            conversions.push(conversion);
        }
        Ok(conversions)
    }

    /// Writes what [`Engine::conversions`] found.
    pub(super) fn convert(&mut self, now: i64, conversions: Vec<Conversion>) {
        for Conversion { at, meters, overrides, money } in conversions {
            if !money.is_empty() {
                self.convert_money(now, at, money);
            }
            for (entitlement, limit, expires_on) in overrides {
                let rules =
                    LimitRules::compile(&limit, &self.rules.policy, &mut self.names).ok().map(Box::new);
                self.put_override(now, at, Override { entitlement, limit, rules, expires_on });
            }
            let Some(customer) = self.customers.get_mut(at) else { continue };
            for (meter, Changed { from, to, .. }) in meters {
                let entitlement = meter.entitlement;
                customer.put_meter(meter);
                let names = &self.names.entitlements;
                self.outbox.record(now, || Effected::UnitChanged {
                    holder: &*customer.id,
                    entitlement: names.text(entitlement),
                    from: from.name(),
                    to: to.name(),
                });
            }
        }
    }

    /// The credit that a customer's meter counts.
    fn counted_in(
        &self,
        now: i64,
        at: CustomerId,
        customer: &Customer,
        entitlement: NameId,
    ) -> Option<NameId> {
        let own = customer.override_of(entitlement).filter(|own| own.is_live(now));
        if let Some(rules) = own.and_then(|own| own.rules.as_deref()) {
            return Some(rules.credit);
        }
        let plan = self.effective_plan(at).and_then(|plan| self.rules.plan(plan));
        let limit = plan.and_then(|plan| plan.entitlement(entitlement)?.limit.as_ref());
        let anywhere = || {
            let mut plans = self.rules.policy.plans.keys().filter_map(|name| self.names.plans.find(name));
            plans.find_map(|plan| self.rules.plan(plan)?.entitlement(entitlement)?.limit.as_ref())
        };
        limit.or_else(anywhere).map(|rules| rules.credit)
    }
}

/// A meter that counted `from`, counting `to`.
///
/// # Errors
/// `amount_out_of_range`.
pub(super) fn converted(meter: &Meter, from: Unit, to: Unit) -> Result<Meter, EngineError> {
    let one = |from, to| in_other(Amount::ONE, from, to).map(Amount::to_f64);
    // The larger of the two ratios is the exact one.
    let ratio = if one(from, to)? >= 1.0 { one(from, to)? } else { 1.0 / one(to, from)? };
    let pace =
        Pace { rate: meter.pace.rate * ratio, acceleration: meter.pace.acceleration * ratio, ..meter.pace };
    let (value, sums) = (in_other(meter.value, from, to)?, meter.sums());
    let (granted, spent) = (in_other(sums.granted, from, to)?, in_other(sums.spent, from, to)?);
    let meter = Meter { value, pace, ..meter.clone() };
    Ok(meter.with_sums(Sums { granted, spent, ..sums }))
}

pub(super) fn in_other(amount: Amount, from: Unit, to: Unit) -> Result<Amount, EngineError> {
    Quantity::new(amount, Some(from)).in_unit(Some(to)).map_err(|_| {
        let message =
            format!("`{amount}{from}` that were used can't be counted in `{to}`: 10^24 is the most");
        EngineError::new("amount_out_of_range", message)
    })
}

/// A limit whose numbers without a unit were meant in the credit's old one.
fn spelt_out(limit: &Limit, change: Changed) -> Result<Limit, EngineError> {
    let spell = |quantity: &Quantity| -> Result<Quantity, EngineError> {
        Ok(match quantity.unit() {
            Some(_) => quantity.clone(),
            None => Quantity::new(quantity.in_unit(None)?, Some(change.from)),
        })
    };
    let spell_some = |quantity: &Option<Quantity>| quantity.as_ref().map(spell).transpose();
    let refill = limit.governor_refill_rate.map(|rate| in_other(rate, change.from, change.to));
    Ok(Limit {
        value: spell(&limit.value)?,
        increment: spell(&limit.increment)?,
        minimum: spell_some(&limit.minimum)?,
        governor_capacity: spell_some(&limit.governor_capacity)?,
        governor_refill_rate: refill.transpose()?,
        ..limit.clone()
    })
}
