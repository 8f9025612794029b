//! What the policy in force says, asked of the engine itself: the ledger has no rule of its own.

use std::sync::Arc;

use limitr_engine::policy::{Format, LoadOptions, load};
use limitr_engine::quantity::Amount;
use limitr_engine::{Change, Engine, EngineError, EngineOptions, Profile};
use limitr_protocol::{Ensured, What};
use serde_json::{Value, json};

/// What is shared out of a limit, cap or grant at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// How much there is in the period.
    pub limit: Amount,
    /// When the period began, in milliseconds since the epoch.
    pub period_start: i64,
    /// When it ends; `None`: never.
    pub period_end: Option<i64>,
}

/// A policy version, compiled. A server keeps one and makes it anew when another version is in force.
#[derive(Clone, Debug)]
pub struct Rules {
    version: u64,
    engine: Engine,
    settings: Settings,
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
        Rules { version: 0, engine: Engine::blank(0), settings }
    }

    /// Compiles a version.
    ///
    /// # Errors
    /// `invalid_policy` with its diagnostics.
    pub fn of(version: u64, document: &str, settings: Settings) -> Result<Rules, EngineError> {
        let loaded = load(document.as_bytes(), Format::Auto, &LoadOptions::default());
        let policy = loaded.map_err(EngineError::refused)?.policy;
        let engine = Engine::new(policy, EngineOptions { seed: 0, now: i64::MIN })?;
        Ok(Rules { version, engine, settings })
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
    pub(crate) fn terms(
        &self,
        now: i64,
        family: &[Arc<Value>],
        customer: &str,
        what: &What,
    ) -> Result<Option<Terms>, EngineError> {
        if self.version == 0 {
            return Ok(None);
        }
        let engine = self.engine_with(now, family)?;
        let time = |json: &Value, field: &str| json.get(field).and_then(Value::as_i64);
        let amount = |json: &Value| serde_json::from_value::<Amount>(json.clone()).ok();
        Ok(match what {
            What::Limit(entitlement) => {
                let limit = engine.limit_json(now, customer, entitlement);
                let meter = engine.meter_json(now, customer, entitlement);
                limit.zip(meter).filter(|(limit, _)| limit["mode"] == json!("hard")).and_then(
                    |(limit, meter)| {
                        let period_end = engine.resets(now, customer, entitlement);
                        let period_start = time(&meter, "period_start")?;
                        Some(Terms { limit: amount(&limit["value"])?, period_start, period_end })
                    },
                )
            }
            What::Cap(id) => {
                let live =
                    engine.customer(customer).and_then(|known| known.caps().iter().find(|cap| cap.id == *id));
                let view = engine.cap(now, customer, id);
                live.filter(|cap| !cap.terms.observe_only).zip(view).and_then(|(cap, view)| {
                    let period_end = time(&view, "resets_at");
                    Some(Terms {
                        limit: cap.terms.value,
                        period_start: time(&view, "period_start")?,
                        period_end,
                    })
                })
            }
            What::Grant(number) => {
                let known = engine.customer(customer);
                let grant =
                    known.and_then(|known| known.grants().iter().find(|grant| grant.number == *number));
                grant.filter(|grant| grant.expires_on.is_none_or(|end| now < end)).map(|grant| Terms {
                    limit: grant.balance,
                    period_start: grant.period_start,
                    period_end: grant.expires_on,
                })
            }
        })
    }
}
