//! A small world for tests of behaviour: an engine, the time, and calls without ceremony.

#![allow(dead_code)] // each test file uses what it needs
#![allow(clippy::arithmetic_side_effects, clippy::indexing_slicing, clippy::unwrap_used)] // a test may panic

use limitr_engine::policy::{Format, LoadOptions, Policy, load};
use limitr_engine::quantity::Amount;
use limitr_engine::{Ask, BatchItem, Call, Decision, Engine, EngineOptions, Given, Profile};
use serde_json::{Value, json};

/// Monday, 15 January 2024, 10:30 UTC.
pub(crate) const START: i64 = 1_705_314_600_000;
pub(crate) const HOUR: i64 = 3_600_000;
pub(crate) const DAY: i64 = 86_400_000;

/// The policy of a document in YAML.
pub(crate) fn policy(text: &str) -> Policy {
    let options = LoadOptions { validate: true, ..LoadOptions::default() };
    load(text.as_bytes(), Format::Yaml, &options).unwrap().policy
}

/// An amount.
pub(crate) fn amount(text: &str) -> Amount {
    Amount::parse(text).unwrap()
}

/// An engine and the time.
pub(crate) struct World {
    pub(crate) engine: Engine,
    pub(crate) now: i64,
}

impl World {
    /// An engine for the document, which listens and records; without customers.
    pub(crate) fn new(text: &str) -> World {
        let mut engine = Engine::new(policy(text), EngineOptions { seed: 7, now: START }).unwrap();
        engine.listen(true);
        engine.record_changes(true);
        World { engine, now: START }
    }

    /// The same, with the customer `ann`.
    pub(crate) fn with_ann(text: &str) -> World {
        let mut world = World::new(text);
        world.create("ann", &Profile::default());
        world
    }

    pub(crate) fn create(&mut self, id: &str, profile: &Profile<'_>) {
        assert!(self.engine.create_customer(self.now, id, profile).unwrap());
        self.events();
    }

    pub(crate) fn advance(&mut self, ms: i64) {
        self.now += ms;
    }

    pub(crate) fn allow(&mut self, entitlement: &str, value: f64) -> bool {
        self.run(entitlement, &Call::new(Ask::by(value)))
    }

    /// Any call of `ann`; `check` must have said the same, and `explain` what `decide` would.
    pub(crate) fn run(&mut self, entitlement: &str, call: &Call<'_>) -> bool {
        let checked = self.engine.check(self.now, "ann", entitlement, call).unwrap();
        let explained = self.engine.explain(self.now, "ann", entitlement, call).unwrap();
        let mut twin = self.engine.clone();
        assert_eq!(twin.decide(self.now, "ann", entitlement, call).unwrap(), explained);
        assert_eq!(self.engine.allow(self.now, "ann", entitlement, call).unwrap(), checked);
        checked
    }

    pub(crate) fn force(&mut self, entitlement: &str, value: f64) -> bool {
        self.run(entitlement, &Call { force: true, ..Call::new(Ask::by(value)) })
    }

    pub(crate) fn decide(&mut self, entitlement: &str, value: f64) -> Decision {
        self.engine.decide(self.now, "ann", entitlement, &Call::new(Ask::by(value))).unwrap()
    }

    /// Whether all of ann's items are allowed.
    pub(crate) fn together(&mut self, items: &[(&str, f64)]) -> bool {
        let items: Vec<BatchItem<'_>> = items
            .iter()
            .map(|(entitlement, value)| BatchItem::new(*entitlement, Given::Number(*value)))
            .collect();
        self.engine.decide_all(self.now, "ann", &items, true).unwrap().allowed
    }

    /// Gives ann a limit of her own.
    pub(crate) fn override_limit(&mut self, entitlement: &str, fields: Value, expires_on: Option<i64>) {
        let fields = fields.as_object().unwrap();
        assert!(self.engine.create_override(self.now, "ann", entitlement, fields, expires_on).unwrap());
        self.events();
    }

    pub(crate) fn value(&self, entitlement: &str) -> f64 {
        self.engine.value(self.now, "ann", entitlement).unwrap().to_f64()
    }

    pub(crate) fn remaining(&self, entitlement: &str) -> f64 {
        self.engine.remaining(self.now, "ann", entitlement, true).unwrap().to_f64()
    }

    pub(crate) fn resets(&self, entitlement: &str) -> Option<i64> {
        self.engine.resets(self.now, "ann", entitlement)
    }

    /// The events that wait, as JSON.
    pub(crate) fn events(&mut self) -> Vec<Value> {
        let mut events = Vec::new();
        while let Some(event) = self.engine.next_event() {
            events.push(self.engine.event_json(&event));
        }
        events
    }

    /// The types of the events that wait.
    pub(crate) fn told(&mut self) -> Vec<String> {
        self.events().iter().map(|event| event["type"].as_str().unwrap().to_string()).collect()
    }

    /// All state that would be saved.
    pub(crate) fn state(&self) -> Value {
        json!(self.engine.customer_records())
    }

    /// That what was recorded, replayed over an engine with the policy `text`, gives the same state.
    pub(crate) fn assert_replays(&mut self, text: &str) {
        let mut copy = Engine::new(policy(text), EngineOptions { seed: 9, now: START }).unwrap();
        for change in self.engine.take_changes() {
            assert_eq!(copy.apply_change(&change), Ok(true));
        }
        assert_eq!(json!(copy.customer_records()), self.state());
    }

    /// That the records, loaded into an engine with the policy `text`, give the same state.
    pub(crate) fn assert_loads(&self, text: &str) {
        let mut copy = Engine::new(policy(text), EngineOptions { seed: 9, now: START }).unwrap();
        let records: Vec<Value> = self.engine.customer_records().values().cloned().collect();
        copy.load_customers(self.now, &records, false).unwrap();
        assert_eq!(json!(copy.customer_records()), self.state());
    }
}
