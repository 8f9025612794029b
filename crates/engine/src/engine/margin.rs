//! What customers bring in and what they cost.
//!
//! 1. Of a customer: each limited entitlement of its plan whose meter it holds itself. Revenue is what the units past the
//!    limit in the current period are worth (those that grants paid among them), cost the overhead that was recorded, call by
//!    call and never priced anew. The plan's price counts as it is said.
//! 2. Of a plan: one period with so much of each entitlement, before any customer exists.

use serde_json::{Map, Value};

use super::object;
use crate::decide::{Given, View};
use crate::engine::Engine;
use crate::error::EngineError;
use crate::limits::CAPS_MAX;
use crate::policy::Mode;
use crate::quantity::Amount;
use crate::rules::LimitRules;

/// What the caps of a measurement are called after its ID.
const REVENUE: &str = ".revenue";
const COST: &str = ".cost";

/// Revenue and cost, in runes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Margin {
    /// What comes in.
    pub revenue: Amount,
    /// What it costs you.
    pub cost: Amount,
}

/// A margin, and that of each entitlement in it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MarginSnapshot {
    /// All of it, the plan's price too.
    pub total: Margin,
    /// By entitlement.
    pub entitlements: Vec<(Box<str>, Margin)>,
}

/// How much of an entitlement a period is modelled with.
#[derive(Clone, Debug, PartialEq)]
pub struct ModelledUse<'a> {
    /// The entitlement.
    pub entitlement: &'a str,
    /// Units used, in the credit's unit.
    pub meter: Amount,
    /// What is included, in place of the plan's limit.
    pub limit: Option<Amount>,
    /// Your cost, in place of units × the credit's `overhead_cost`.
    pub overhead: Option<Amount>,
}

impl Margin {
    /// Revenue less cost.
    ///
    /// # Errors
    /// `amount_out_of_range`.
    pub fn margin(&self) -> Result<Amount, EngineError> {
        Ok(self.revenue.checked_sub(self.cost)?)
    }

    /// As `{ revenue, cost, margin }`, amounts as the nearest doubles.
    ///
    /// # Errors
    /// `amount_out_of_range`.
    pub fn json(&self) -> Result<Map<String, Value>, EngineError> {
        Ok(object([
            ("revenue", Value::from(self.revenue.to_f64())),
            ("cost", Value::from(self.cost.to_f64())),
            ("margin", Value::from(self.margin()?.to_f64())),
        ]))
    }
}

impl MarginSnapshot {
    /// As `{ revenue, cost, margin, entitlements }`, amounts as the nearest doubles.
    ///
    /// # Errors
    /// `amount_out_of_range`.
    pub fn to_json(&self) -> Result<Value, EngineError> {
        let mut json = self.total.json()?;
        let mut entitlements = Map::new();
        for (name, margin) in &self.entitlements {
            entitlements.insert(name.to_string(), Value::from(margin.json()?));
        }
        json.insert("entitlements".to_string(), Value::from(entitlements));
        Ok(Value::from(json))
    }

    fn add(&mut self, name: &str, margin: Margin) -> Result<(), EngineError> {
        self.total.revenue = self.total.revenue.checked_add(margin.revenue)?;
        self.total.cost = self.total.cost.checked_add(margin.cost)?;
        self.entitlements.push((name.into(), margin));
        Ok(())
    }
}

impl Engine {
    /// What a customer brings in and costs in the current periods of its meters; `None` if there is no such customer.
    ///
    /// # Errors
    /// `amount_out_of_range`.
    pub fn customer_margin(&self, now: i64, customer: &str) -> Result<Option<MarginSnapshot>, EngineError> {
        let now = self.observe(now);
        let Some(at) = self.customers.find(customer) else { return Ok(None) };
        let (Some(holder), Some(plan)) = (self.customers.get(at), self.effective_plan(at)) else {
            return Ok(Some(MarginSnapshot::default()));
        };
        let mut snapshot = self.with_plan_price(self.names.plans.text(plan));
        for (name, entitlement) in self.rules.plan(plan).into_iter().flat_map(|rules| rules.entitlements()) {
            if entitlement.scope.is_some_and(|scope| scope != holder.kind) {
                continue;
            }
            let Some(rules) = self.limit_of(now, at, name, entitlement) else { continue };
            let view = View::of(holder.meter(name), rules, now, Amount::ZERO);
            let revenue = worth(rules, view.used, rules.value)?;
            snapshot.add(self.names.entitlements.text(name), Margin { revenue, cost: view.overhead })?;
        }
        Ok(Some(snapshot))
    }

    /// What one period of a plan would bring in and cost with so much of its entitlements; `None` if there is no such plan.
    /// What the plan lacks, or doesn't limit, brings in nothing and costs what is said.
    ///
    /// # Errors
    /// `amount_out_of_range`.
    pub fn plan_margin(
        &self,
        plan: &str,
        uses: &[ModelledUse<'_>],
    ) -> Result<Option<MarginSnapshot>, EngineError> {
        let id = self.names.plans.find(plan);
        let Some(rules) = id.and_then(|id| self.rules.plan(id)) else { return Ok(None) };
        let mut snapshot = self.with_plan_price(plan);
        for used in uses {
            let name = self.names.entitlements.find(used.entitlement);
            let limit = name.and_then(|name| rules.entitlement(name)?.limit.as_ref());
            let margin = match limit {
                None => Margin { revenue: Amount::ZERO, cost: used.overhead.unwrap_or_default() },
                Some(limit) => Margin {
                    revenue: worth(limit, used.meter, used.limit.unwrap_or(limit.value))?,
                    cost: match used.overhead {
                        Some(overhead) => overhead,
                        None => used.meter.mul(limit.overhead_cost)?,
                    },
                },
            };
            snapshot.add(used.entitlement, margin)?;
        }
        Ok(Some(snapshot))
    }

    /// Begins to measure what a customer's calls bring in and cost, with two silent caps that only observe; the
    /// measurement's ID, `None` if there is no such customer.
    ///
    /// # Errors
    /// `too_many` where the customer has no room for two more caps.
    pub fn start_measurement(&mut self, now: i64, customer: &str) -> Result<Option<String>, EngineError> {
        let Some(at) = self.customers.find(customer) else { return Ok(None) };
        let holder = self.customers.get_mut(at);
        if holder.as_ref().is_some_and(|holder| holder.caps().len().saturating_add(2) > CAPS_MAX) {
            let message = format!("`{customer}` has no room for two more caps; {CAPS_MAX} is the most");
            return Err(EngineError::new("too_many", message));
        }
        let id = format!("measurement_{}", holder.map_or(0, |holder| holder.issue()));
        let zero = Given::Number(0.0);
        for (part, counts) in [(REVENUE, "overage_only"), (COST, "overhead_cost")] {
            let options = object([
                ("cap_id", Value::from(format!("{id}{part}"))),
                ("observe_only", Value::from(true)),
                ("follow_decrements", Value::from(true)),
                ("send_events", Value::from(false)),
                (counts, Value::from(true)),
            ]);
            self.add_cap(now, customer, zero, &options)?;
        }
        Ok(Some(id))
    }

    /// Ends a measurement and answers what it counted; `None` if there is none of that ID.
    ///
    /// # Errors
    /// `outbox_full`.
    pub fn capture_measurement(
        &mut self,
        now: i64,
        customer: &str,
        id: &str,
    ) -> Result<Option<Margin>, EngineError> {
        let counted = |engine: &Engine, part: &str| {
            let (_, cap) = engine.customer(customer)?.cap(&format!("{id}{part}"))?;
            Some(cap.counted)
        };
        let Some((revenue, cost)) = counted(self, REVENUE).zip(counted(self, COST)) else { return Ok(None) };
        for part in [REVENUE, COST] {
            self.remove_cap(now, customer, &format!("{id}{part}"))?;
        }
        Ok(Some(Margin { revenue, cost }))
    }

    /// A quantity of an entitlement that a plan limits, in its credit's unit.
    ///
    /// # Errors
    /// Those of a quantity.
    pub fn plan_quantity(
        &self,
        plan: &str,
        entitlement: &str,
        given: Given<'_>,
    ) -> Result<Option<Amount>, EngineError> {
        let ids = self.names.plans.find(plan).zip(self.names.entitlements.find(entitlement));
        let limit = ids.and_then(|(plan, name)| self.rules.plan(plan)?.entitlement(name)?.limit.as_ref());
        limit.map(|limit| given.amount(limit)).transpose()
    }

    fn with_plan_price(&self, plan: &str) -> MarginSnapshot {
        let price = self.rules.policy.plans.get(plan).and_then(|plan| plan.price.as_ref());
        let revenue = price.map_or(Amount::ZERO, |price| price.amount);
        MarginSnapshot { total: Margin { revenue, cost: Amount::ZERO }, entitlements: Vec::new() }
    }
}

/// What the units past a limit are worth, in runes.
fn worth(rules: &LimitRules, used: Amount, limit: Amount) -> Result<Amount, EngineError> {
    match rules.price.as_deref() {
        Some(price) if rules.mode != Mode::Observe => price.total(used.saturating_sub(limit)),
        _ => Ok(Amount::ZERO),
    }
}
