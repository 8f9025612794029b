//! What the policy in force says, asked of the engine itself: the ledger has no rule of its own.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;

use limitr_engine::policy::{Format, LoadOptions, load};
use limitr_engine::{Change, Engine, EngineError, EngineOptions, Profile, Shareable};
use limitr_protocol::{Ensured, What};
use serde_json::Value;

/// Most customers that are kept ready. Once there are as many, all are forgotten.
const KEPT_MAX: usize = 256;

/// A customer made ready: an engine that holds it and what it refers to.
#[derive(Clone, Debug)]
struct Kept {
    family: Vec<Arc<Value>>,
    engine: Engine,
}

/// Most documents that a thread keeps compiled. Once there are as many, all are forgotten.
const COMPILED_MAX: usize = 64;

thread_local! {
    static COMPILED: RefCell<Compiled> = RefCell::default();
}

/// Documents that were compiled: one that is published is compiled to be validated, again whenever the operation is run anew, and then to be
/// in force.
#[derive(Debug, Default)]
struct Compiled(BTreeMap<Box<str>, Engine>);

impl Compiled {
    fn of(&mut self, document: &str) -> Result<Engine, EngineError> {
        if let Some(engine) = self.0.get(document) {
            return Ok(engine.clone());
        }
        let loaded = load(document.as_bytes(), Format::Auto, &LoadOptions::default());
        let policy = loaded.map_err(EngineError::refused)?.policy;
        let engine = Engine::new(policy, EngineOptions { seed: 0, now: i64::MIN })?;
        if self.0.len() >= COMPILED_MAX {
            self.0.clear();
        }
        self.0.insert(document.into(), engine.clone());
        Ok(engine)
    }
}

/// A policy version, compiled. A server keeps one and makes it anew when another version is in force.
#[derive(Clone, Debug)]
pub struct Rules {
    version: u64,
    engine: Engine,
    settings: Settings,
    /// Customers that leases were asked for, by their ID: reading a record takes longer than all else of a lease.
    kept: RefCell<BTreeMap<Box<str>, Kept>>,
}

/// What a server is started with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// Whether what a lease leaves unreported is granted anew when it has ended, at the risk of granting it twice.
    pub reclaim: bool,
    /// A defect to be found.
    #[cfg(feature = "planted")]
    pub bug: Option<crate::planted::Bug>,
}

impl Rules {
    /// Before anything is published: nobody can be created, and nothing is limited.
    pub fn none(settings: Settings) -> Rules {
        Rules { version: 0, engine: Engine::blank(0), settings, kept: RefCell::default() }
    }

    /// Compiles a version.
    ///
    /// # Errors
    /// `invalid_policy` with its diagnostics.
    pub fn of(version: u64, document: &str, settings: Settings) -> Result<Rules, EngineError> {
        let engine = COMPILED.with_borrow_mut(|compiled| compiled.of(document))?;
        Ok(Rules { version, engine, settings, kept: RefCell::default() })
    }

    /// Which version.
    pub fn version(&self) -> u64 {
        self.version
    }

    /// What the server was started with.
    pub(crate) fn settings(&self) -> Settings {
        self.settings
    }

    /// An engine at `now` with only these customers.
    pub(crate) fn engine_with(&self, now: i64, records: &[Arc<Value>]) -> Result<Engine, EngineError> {
        let mut engine = self.engine.clone();
        engine.latest(now);
        records.iter().try_for_each(|record| engine.restore_record(record))?;
        Ok(engine)
    }

    /// The record of a new customer, whose references are `family`; `None` where it would have no plan.
    pub(crate) fn create(
        &self,
        now: i64,
        ensured: &Ensured,
        family: &[Arc<Value>],
    ) -> Result<Option<Value>, EngineError> {
        if self.version == 0 {
            return Ok(None);
        }
        let mut engine = self.engine_with(now, family)?;
        let texts = |list: &[Box<str>]| Some(list.iter().map(ToString::to_string).collect());
        let profile = Profile {
            plan: &ensured.plan,
            kind: ensured.kind.as_deref(),
            label: ensured.label.as_deref(),
            refs: texts(&ensured.refs),
            alts: texts(&ensured.alts),
            metadata: Some(ensured.metadata.clone()),
        };
        let created = engine.create_customer(now, &ensured.id, &profile)?;
        Ok(engine.customer_record(&ensured.id).filter(|_| created))
    }

    /// The record after a change that says something of its customer.
    pub(crate) fn apply(&self, record: &Arc<Value>, id: &str, change: &Change) -> Result<Value, EngineError> {
        let mut engine = self.engine_with(change.at, std::slice::from_ref(record))?;
        engine.restore_change(change)?;
        Ok(engine.customer_record(id).unwrap_or(Value::Null))
    }

    /// What is to be shared out; `None` where nothing is: no such thing, or one that needs no lease. `family` is the customer's
    /// record, and those of the customers that it refers to.
    pub(crate) fn shareable(
        &self,
        now: i64,
        family: Vec<Arc<Value>>,
        customer: &str,
        what: &What,
    ) -> Result<Option<Shareable>, EngineError> {
        self.look(now, family, customer, |engine| engine.shareable(now, customer, what))
    }

    /// When the period began in which `at` lies, of a limit's meter; `None` where there is none.
    pub(crate) fn period_start_at(
        &self,
        at: i64,
        family: Vec<Arc<Value>>,
        customer: &str,
        entitlement: &str,
    ) -> Result<Option<i64>, EngineError> {
        self.look(at, family, customer, |engine| engine.period_start_at(at, customer, entitlement))
    }

    /// Looks at a customer in an engine that holds it and what it refers to.
    fn look<T>(
        &self,
        now: i64,
        family: Vec<Arc<Value>>,
        customer: &str,
        look: impl FnOnce(&Engine) -> Option<T>,
    ) -> Result<Option<T>, EngineError> {
        if self.version == 0 {
            return Ok(None);
        }
        let mut kept = self.kept.borrow_mut();
        if let Some(known) = kept.get_mut(customer).filter(|known| same(&known.family, &family)) {
            known.family = family; // so that it is the same at first sight next time
        } else {
            if kept.len() >= KEPT_MAX {
                kept.clear();
            }
            let engine = self.engine_with(now, &family)?;
            kept.insert(customer.into(), Kept { family, engine });
        }
        Ok(kept.get(customer).and_then(|known| look(&known.engine)))
    }
}

/// Whether records are the same. Those of one read are, without a look into them.
fn same(known: &[Arc<Value>], now: &[Arc<Value>]) -> bool {
    let pairs = || known.iter().zip(now);
    known.len() == now.len() && pairs().all(|(known, now)| Arc::ptr_eq(known, now) || known == now)
}
