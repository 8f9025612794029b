//! Creating, changing and removing customers.

use serde_json::Value;

use super::object;
use crate::change::Effected;
use crate::customer::{Customer, CustomerId, Meter, Profile, check_name, check_profile, fresh};
use crate::decide::{Ask, Call, Given};
use crate::engine::Engine;
use crate::error::EngineError;
use crate::limits::{ALTS_MAX, TYPES_MAX};
use crate::names::NameId;

impl Engine {
    /// Creates a customer, or updates the one with this ID, which keeps its meters; what the profile doesn't give
    /// stays as it is. Answers whether there is such a customer now: where no plan can be found for a new one, nothing
    /// is created.
    ///
    /// # Errors
    /// `unknown_plan`, `id_taken`, `invalid_name`, `too_many`, `too_large`. Nothing changes then.
    ///
    /// # Example
    /// ```
    /// # use limitr_engine::{Engine, Profile};
    /// # let mut engine = Engine::example()?;
    /// assert!(engine.create_customer(0, "user_2", &Profile { plan: "free", ..Profile::default() })?);
    /// # Ok::<(), limitr_engine::EngineError>(())
    /// ```
    pub fn create_customer(
        &mut self,
        now: i64,
        id: &str,
        profile: &Profile<'_>,
    ) -> Result<bool, EngineError> {
        let now = self.observe(now);
        self.outbox.check_room()?;
        check_name("a customer ID", id)?;
        check_profile(id, profile)?;
        let named = self.named_plan(profile.plan)?;
        self.customers.check_alts(id, profile.alts.as_deref().unwrap_or_default())?;
        let kind = self.intern_type(profile.kind.unwrap_or("user"))?;
        let known = self.customers.find(id);
        let at = match known.and_then(|at| self.customers.get(at).map(|customer| (at, customer))) {
            Some((_, customer)) if *customer.id != *id => {
                let message =
                    format!("`{id}` is an alternative ID of `{}`; remove it there first", customer.id);
                return Err(EngineError::new("id_taken", message));
            }
            Some((at, _)) => {
                self.update(at, named, kind, profile);
                at
            }
            None => {
                let refs = profile.refs.as_deref().unwrap_or_default();
                let inherits = self.customers.nearest_of(refs, |other| other.plan.is_some()).is_some();
                let plan = if inherits { named } else { named.or(self.rules.default_plan) };
                if plan.is_none() && !inherits {
                    return Ok(false);
                }
                self.customers.insert(fresh(id, plan, kind, profile))
            }
        };
        self.record_set(now, at);
        self.start_meters(now, at, false);
        self.follow_plan(now, at);
        self.tell_customer("customer-set", at);
        Ok(true)
    }

    /// Creates a customer unless one answers to this ID; whether it did.
    ///
    /// # Errors
    /// As [`Engine::create_customer`].
    pub fn ensure_customer(
        &mut self,
        now: i64,
        id: &str,
        profile: &Profile<'_>,
    ) -> Result<bool, EngineError> {
        if self.customers.find(id).is_some() {
            return Ok(false);
        }
        self.create_customer(now, id, profile)
    }

    /// Removes a customer with all its state; whether there was one. References to it stay and lead nowhere.
    ///
    /// # Errors
    /// `outbox_full`.
    pub fn remove_customer(&mut self, now: i64, id: &str) -> Result<bool, EngineError> {
        let now = self.observe(now);
        self.outbox.check_room()?;
        let Some(at) = self.customers.find(id) else { return Ok(false) };
        let record = self.outbox.listening.then(|| self.record_at(at)).flatten();
        let Some(customer) = self.take_out(at) else { return Ok(false) };
        self.outbox.record(now, || Effected::CustomerRemoved { holder: &*customer.id });
        self.record_on_caps(now, Some(&customer), at);
        for cap in customer.caps() {
            self.forget_cap(now, &customer.id, cap);
        }
        self.tell("customer-removed", |_| object([("customer", record.unwrap_or_default())]));
        Ok(true)
    }

    /// Gives a customer another ID to answer to; whether there is such a customer.
    ///
    /// # Errors
    /// `id_taken`, `invalid_name`, `too_many`.
    pub fn add_alt_id(&mut self, now: i64, id: &str, alt: &str) -> Result<bool, EngineError> {
        let Some(customer) = self.customer(id) else { return Ok(false) };
        let mut alts: Vec<String> = customer.alts().iter().map(ToString::to_string).collect();
        self.customers.check_alts(&customer.id, &[alt.to_string()])?;
        if alts.len() >= ALTS_MAX && !alts.iter().any(|known| known == alt) {
            let message = format!("`{id}` has {ALTS_MAX} alternative IDs already");
            return Err(EngineError::new("too_many", message));
        }
        alts.push(alt.to_string());
        self.set_alts(now, id, &alts)
    }

    /// Frees an alternative ID; whether anybody answered to it.
    ///
    /// # Errors
    /// `outbox_full`.
    pub fn remove_alt_id(&mut self, now: i64, alt: &str) -> Result<bool, EngineError> {
        let Some(customer) = self.customer(alt) else { return Ok(false) };
        if !customer.alts().iter().any(|known| **known == *alt) {
            return Ok(false);
        }
        let id = customer.id.clone();
        let left: Vec<String> =
            customer.alts().iter().filter(|known| ***known != *alt).map(ToString::to_string).collect();
        self.set_alts(now, &id, &left)
    }

    /// Moves a customer to a plan; whether its stored plan changed. An empty name follows references again.
    /// `overwrite_meters` starts the new plan's meters anew, else they are kept.
    ///
    /// # Errors
    /// `unknown_plan`.
    pub fn set_customer_plan(
        &mut self,
        now: i64,
        id: &str,
        plan: &str,
        overwrite_meters: bool,
    ) -> Result<bool, EngineError> {
        let now = self.observe(now);
        self.outbox.check_room()?;
        let named = self.named_plan(plan)?;
        let Some(at) = self.customers.find(id) else { return Ok(false) };
        let Some(customer) = self.customers.get_mut(at) else { return Ok(false) };
        let previous = customer.plan;
        if previous == named {
            return Ok(false);
        }
        customer.plan = named;
        self.record_set(now, at);
        self.start_meters(now, at, overwrite_meters);
        self.follow_plan(now, at);
        self.tell_customer("customer-set", at);
        self.tell("customer-plan-changed", |engine| {
            let name =
                |plan: Option<NameId>| Value::from(plan.map_or("", |plan| engine.names.plans.text(plan)));
            object([
                ("previous_plan", name(previous)),
                ("new_plan", name(named)),
                ("customer", engine.record_at(at).unwrap_or_default()),
            ])
        });
        Ok(true)
    }

    /// Sees to it that a customer is on a plan, in a quantity: moves it there with its meters kept, and sets the meter of the
    /// entitlement that the plan's `subscription` names, by force. Whether anything changed.
    ///
    /// # Errors
    /// `unknown_plan`; `unknown_entitlement` where the plan doesn't limit what its `subscription` names; `invalid_value`. Nothing
    /// changes then.
    pub fn ensure_plan_quantity(
        &mut self,
        now: i64,
        id: &str,
        plan: &str,
        quantity: Given<'_>,
    ) -> Result<bool, EngineError> {
        let now = self.observe(now);
        let named = self.named_plan(plan)?;
        let counted =
            self.rules.policy.plans.get(plan).map(|plan| plan.subscription.clone()).unwrap_or_default();
        let found = named.zip(self.names.entitlements.find(&counted));
        let limit = found.and_then(|(plan, name)| self.rules.plan(plan)?.entitlement(name)?.limit.as_ref());
        let Some(limit) = limit else {
            let message =
                format!("the plan `{plan}` counts its quantity on `{counted}`, which it doesn't limit");
            return Err(EngineError::new("unknown_entitlement", message));
        };
        let amount = quantity.amount(limit)?;
        if amount.is_negative() {
            return Err(EngineError::new(
                "invalid_value",
                format!("a quantity is at least 0, not `{amount}`"),
            ));
        }
        let moved = self.set_customer_plan(now, id, plan, false)?;
        let before = self.value(now, id, &counted);
        let call = Call { force: true, ..Call::new(Ask::To(quantity)) };
        self.allow(now, id, &counted, &call)?;
        Ok(moved || before != self.value(now, id, &counted))
    }

    /// The customer that answers to `id`.
    pub fn customer(&self, id: &str) -> Option<&Customer> {
        self.customers.get(self.customers.find(id)?)
    }

    /// How many customers there are.
    pub fn customer_count(&self) -> usize {
        self.customers.len()
    }

    /// The stored plan that a name stands for; none for an empty one.
    pub(crate) fn named_plan(&self, plan: &str) -> Result<Option<NameId>, EngineError> {
        if plan.is_empty() {
            return Ok(None);
        }
        match self.names.plans.find(plan).filter(|id| self.rules.plan(*id).is_some()) {
            Some(id) => Ok(Some(id)),
            None => {
                let known: Vec<&str> = self.rules.policy.plans.keys().map(String::as_str).take(12).collect();
                let message = format!("there is no plan `{plan}`; the policy has `{}`", known.join("`, `"));
                Err(EngineError::new("unknown_plan", message))
            }
        }
    }

    /// The ID of a customer type.
    pub(crate) fn intern_type(&mut self, kind: &str) -> Result<NameId, EngineError> {
        check_name("a customer type", kind)?;
        if let Some(id) = self.names.types.find(kind) {
            return Ok(id);
        }
        if self.names.types.texts().count() >= TYPES_MAX {
            let message = format!("`{kind}` would be one customer type too many; {TYPES_MAX} is the most");
            return Err(EngineError::new("too_many", message));
        }
        Ok(self.names.types.intern(kind))
    }

    /// Starts the meters of a customer's limited entitlements that it holds itself: all of them, or those that
    /// haven't started.
    pub(crate) fn start_meters(&mut self, now: i64, at: CustomerId, anew: bool) {
        let Some(kind) = self.customers.get(at).map(|customer| customer.kind) else { return };
        let plan = self.effective_plan(at).and_then(|plan| self.rules.plan(plan));
        let held = plan.into_iter().flat_map(|plan| plan.entitlements());
        let starting: Vec<NameId> = held
            .filter(|(_, rules)| rules.limit.is_some() && rules.scope.is_none_or(|scope| scope == kind))
            .map(|(entitlement, _)| entitlement)
            .collect();
        let Some(customer) = self.customers.get_mut(at) else { return };
        let mut ended = Vec::new();
        if anew {
            ended = customer.meters.drain(..).map(|meter| meter.entitlement).collect();
        }
        let mut started = Vec::new();
        for entitlement in starting {
            if customer.meter(entitlement).is_none() {
                customer.put_meter(Meter::new(entitlement, now));
                started.push(entitlement);
            }
        }
        if started.is_empty() && ended.is_empty() {
            return;
        }
        let names = &self.names.entitlements;
        let texts = |ids: &[NameId]| ids.iter().map(|id| names.text(*id)).collect();
        self.outbox.record(now, || Effected::MetersStarted {
            holder: &*customer.id,
            entitlements: texts(&started),
            ended: texts(&ended),
        });
    }

    pub(crate) fn tell_customer(&mut self, kind: &'static str, at: CustomerId) {
        self.tell(kind, |engine| object([("customer", engine.record_at(at).unwrap_or_default())]));
    }

    /// Notes what is said of a customer.
    pub(crate) fn record_set(&mut self, now: i64, at: CustomerId) {
        let Some(customer) = self.customers.get(at) else { return };
        let names = &self.names;
        self.outbox.record(now, || Effected::CustomerSet {
            holder: &*customer.id,
            plan: customer.plan.map_or("", |plan| names.plans.text(plan)),
            kind: names.types.text(customer.kind),
            label: customer.label(),
            refs: customer.refs.iter().map(AsRef::as_ref).collect(),
            alts: customer.alts().iter().map(AsRef::as_ref).collect(),
            metadata: customer.metadata().clone(),
        });
    }

    fn update(&mut self, at: CustomerId, plan: Option<NameId>, kind: NameId, profile: &Profile<'_>) {
        if let Some(alts) = &profile.alts {
            self.customers.set_alts(at, alts);
        }
        let Some(customer) = self.customers.get_mut(at) else { return };
        customer.plan = plan.or(customer.plan);
        if profile.kind.is_some() {
            customer.kind = kind;
        }
        if let Some(label) = profile.label {
            customer.set_label(label);
        }
        if let Some(refs) = &profile.refs {
            customer.refs = refs.iter().map(|name| name.as_str().into()).collect();
        }
        if let Some(metadata) = &profile.metadata {
            customer.set_metadata(metadata);
        }
    }

    fn set_alts(&mut self, now: i64, id: &str, alts: &[String]) -> Result<bool, EngineError> {
        let now = self.observe(now);
        self.outbox.check_room()?;
        let Some(at) = self.customers.find(id) else { return Ok(false) };
        self.customers.set_alts(at, alts);
        self.record_set(now, at);
        self.tell_customer("customer-set", at);
        Ok(true)
    }
}
