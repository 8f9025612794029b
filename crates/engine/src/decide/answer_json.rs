//! A decision as JSON, in the shape that every host shows, and back.

use serde_json::Value;

use super::{BoundBy, Decision, Reason, Remembered};
use crate::customer::Fields;
use crate::engine::{Engine, object};
use crate::error::EngineError;
use crate::policy::Mode;
use crate::quantity::Amount;
use crate::shares::Source;

const REASONS: [Reason; 13] = [
    Reason::Ok,
    Reason::Feature,
    Reason::OverLimit,
    Reason::Overage,
    Reason::CoveredByGrant,
    Reason::Capped,
    Reason::Governed,
    Reason::UnknownCustomer,
    Reason::UnknownEntitlement,
    Reason::NoScopeHolder,
    Reason::NotInPlan,
    Reason::Forced,
    Reason::Lease,
];

impl Engine {
    /// The decision as JSON: every field is there, what doesn't apply is null. Amounts are the nearest doubles.
    pub fn decision_json(&self, decision: &Decision) -> Value {
        self.write_decision(decision, |amount| Value::from(amount.to_f64()))
    }

    fn write_decision(&self, decision: &Decision, amount: impl Fn(Amount) -> Value) -> Value {
        let amount = |given: Option<Amount>| given.map_or(Value::Null, &amount);
        let name = |text: Option<&str>| text.map_or(Value::Null, Value::from);
        Value::from(object([
            ("allowed", Value::from(decision.allowed)),
            ("reason", Value::from(decision.reason.as_str())),
            ("entitlement", name(decision.entitlement.map(|id| self.entitlement_name(id)))),
            ("plan", name(decision.plan.map(|id| self.plan_name(id)))),
            ("limit", amount(decision.limit)),
            ("used", amount(decision.used)),
            ("held", amount(decision.held)),
            ("remaining", amount(decision.remaining)),
            ("requested", amount(decision.requested)),
            ("resetsAt", Value::from(decision.resets_at)),
            ("retryAfterMs", Value::from(decision.retry_after_ms)),
            ("overage", amount(decision.overage)),
            ("overagePrice", amount(decision.overage_price)),
            ("price", amount(decision.price)),
            ("cost", amount(decision.cost)),
            ("granted", amount(decision.granted)),
            ("mode", name(decision.mode.map(Mode::word))),
            ("boundBy", name(decision.bound_by.map(BoundBy::as_str))),
            ("policyVersion", Value::from(decision.policy_version)),
            ("source", Value::from(decision.source.as_str())),
            ("exact", Value::from(decision.exact)),
            ("atRisk", amount(decision.at_risk)),
        ]))
    }

    pub(crate) fn write_remembered(&self, known: &Remembered) -> Value {
        Value::from(object([
            ("at", Value::from(known.at)),
            ("asked", Value::from(known.asked.as_ref())),
            ("decision", self.write_decision(&known.decision, Amount::to_json)),
        ]))
    }

    pub(crate) fn read_remembered(
        &mut self,
        path: &str,
        id: &str,
        value: &Value,
    ) -> Result<Remembered, EngineError> {
        let mut fields = Fields::of(&format!("{path}: `decisions.{id}`"), value)?;
        let at = fields.time("at")?.unwrap_or_default();
        let asked = fields.text("asked")?.unwrap_or_default().into();
        let answer = fields.take("decision").unwrap_or_default();
        fields.done()?;
        let decision = self.read_decision(&format!("{path}: `decisions.{id}.decision`"), &answer)?;
        Ok(Remembered { at, asked, decision })
    }

    fn read_decision(&mut self, path: &str, value: &Value) -> Result<Decision, EngineError> {
        let mut fields = Fields::of(path, value)?;
        let reason = fields.text("reason")?.unwrap_or_default();
        let Some(reason) = REASONS.into_iter().find(|known| known.as_str() == reason) else {
            return Err(fields.wrong("reason", "is no reason of a decision"));
        };
        let entitlement = match fields.text("entitlement")? {
            Some(name) => Some(self.named_entitlement(&name)?),
            None => None,
        };
        let plan = match fields.text("plan")? {
            Some(name) => Some(self.named_plan_of_record(&name)?),
            None => None,
        };
        let mode = fields.text("mode")?;
        let bound_by = fields.text("boundBy")?;
        let source = fields.text("source")?;
        let decision = Decision {
            allowed: fields.take("allowed") == Some(Value::Bool(true)),
            reason,
            entitlement,
            plan,
            limit: fields.amount_or_none("limit")?,
            used: fields.amount_or_none("used")?,
            held: fields.amount_or_none("held")?,
            remaining: fields.amount_or_none("remaining")?,
            requested: fields.amount_or_none("requested")?,
            resets_at: fields.time("resetsAt")?,
            retry_after_ms: fields.time("retryAfterMs")?,
            overage: fields.amount_or_none("overage")?,
            granted: fields.amount_or_none("granted")?,
            overage_price: fields.amount_or_none("overagePrice")?,
            price: fields.amount_or_none("price")?,
            cost: fields.amount_or_none("cost")?,
            mode: [Mode::Hard, Mode::Soft, Mode::Observe]
                .into_iter()
                .find(|known| Some(known.word()) == mode.as_deref()),
            bound_by: [BoundBy::Limit, BoundBy::Governor, BoundBy::Cap]
                .into_iter()
                .find(|known| Some(known.as_str()) == bound_by.as_deref()),
            policy_version: fields
                .time("policyVersion")?
                .and_then(|v| u64::try_from(v).ok())
                .unwrap_or_default(),
            source: [Source::Lease, Source::Server, Source::Offline]
                .into_iter()
                .find(|known| Some(known.as_str()) == source.as_deref())
                .unwrap_or_default(),
            exact: fields.take("exact") != Some(Value::Bool(false)),
            at_risk: fields.amount_or_none("atRisk")?,
        };
        Ok(decision)
    }
}
