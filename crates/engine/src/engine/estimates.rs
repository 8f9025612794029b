//! Learning what calls use, and estimating the next one.

use serde_json::{Map, Value};

use super::object;
use crate::change::{Effected, Learned};
use crate::customer::{CustomerId, Fields, check_name};
use crate::decide::{Ask, Call, Given, Resolved, Subject};
use crate::engine::Engine;
use crate::error::EngineError;
use crate::estimate::{Estimates, Moments, Sample, Samples};
use crate::limits::{ESTIMATE_SEGMENTS_MAX, ESTIMATE_SEGMENTS_OF_CUSTOMER_MAX};
use crate::names::NameId;
use crate::policy::Entitlement;
use crate::quantity::Amount;

/// What tells calls apart that are estimated.
#[derive(Clone, Copy, Debug)]
pub struct Likeness<'a> {
    /// What the size of a call goes by, such as its prompt's tokens. More than 0.
    pub basis: Option<f64>,
    /// Which calls are estimated together, such as those of one model.
    pub segment: Option<&'a str>,
    /// How many of such calls stay within the estimate, as a fraction.
    pub quantile: f64,
    /// The call's context: where basis or segment aren't given, its fields that the entitlement names are taken.
    pub context: Option<&'a Map<String, Value>>,
}

/// What a call is estimated to use.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// How much, in the credit's unit.
    pub value: f64,
    /// Your cost of it, in runes.
    pub overhead: f64,
    /// How many calls it was learnt from.
    pub samples: u64,
    /// Whether they are the customer's own; else everybody's.
    pub own: bool,
}

/// The same with the entitlement's fields looked up.
#[derive(Clone, Debug, Default)]
pub(crate) struct Like {
    pub(crate) basis: Option<f64>,
    pub(crate) segment: Box<str>,
}

impl Default for Likeness<'_> {
    fn default() -> Self {
        Likeness { basis: None, segment: None, quantile: 0.9, context: None }
    }
}

impl Engine {
    /// What such a call of the customer is estimated to use: from its own calls once there are as many as the policy's
    /// `estimate_min_samples`, else from everybody's. `None` while nothing was learnt with this kind of basis.
    ///
    /// # Errors
    /// `invalid_value` for a basis that isn't more than 0 or a quantile that is no number.
    pub fn estimate(
        &self,
        now: i64,
        customer: &str,
        entitlement: &str,
        likeness: &Likeness<'_>,
    ) -> Result<Option<Estimate>, EngineError> {
        let now = self.observe(now);
        let like = self.like(entitlement, likeness)?;
        match self.resolve(now, customer, entitlement) {
            Resolved::Metered { subject, .. } => Ok(self.estimated(&subject, &like, likeness.quantile)),
            _ => Ok(None),
        }
    }

    /// Learns what a call used, without a hold; whether there are such a customer and such a limit.
    ///
    /// # Errors
    /// Those of a quantity; `invalid_value` for a basis that isn't more than 0; `too_many` past 1,000 segments of an
    /// entitlement, 64 of one customer. Nothing changes then.
    pub fn learn_call(
        &mut self,
        now: i64,
        customer: &str,
        entitlement: &str,
        value: Given<'_>,
        overhead: Option<Amount>,
        likeness: &Likeness<'_>,
    ) -> Result<bool, EngineError> {
        let now = self.observe(now);
        self.outbox.check_room()?;
        let like = self.like(entitlement, likeness)?;
        let Resolved::Metered { subject, rules } = self.resolve(now, customer, entitlement) else {
            return Ok(false);
        };
        let value = value.amount(rules)?;
        let overhead = Call { overhead, ..Call::new(Ask::Exactly(value)) }.overhead_of(rules, value)?;
        self.check_segment(&subject, &like)?;
        self.learn(now, &subject, value, overhead, &like);
        Ok(true)
    }

    /// Learns a sample that [`Engine::check_segment`] has room for.
    pub(crate) fn learn(
        &mut self,
        now: i64,
        subject: &Subject,
        value: Amount,
        overhead: Amount,
        like: &Like,
    ) {
        let sample = Sample { value: value.to_f64(), overhead: overhead.to_f64(), basis: like.basis };
        self.take_sample(subject.caller, subject.entitlement, &like.segment, &sample);
        let Some(caller) = self.customers.get(subject.caller) else { return };
        let entitlement = self.names.entitlements.text(subject.entitlement);
        self.outbox.record(now, || {
            Effected::Learned(Learned {
                holder: &*caller.id,
                entitlement,
                segment: &like.segment,
                value: sample.value,
                overhead: sample.overhead,
                basis: sample.basis,
            })
        });
    }

    /// What was learnt of everybody's calls, as JSON; a customer's own is in its record.
    pub fn everybodys_estimates(&self) -> Value {
        self.write_estimates(&self.estimates)
    }

    /// Puts what was learnt of everybody's calls in place of what is known.
    ///
    /// # Errors
    /// `invalid_record`.
    pub fn restore_estimates(&mut self, estimates: &Value) -> Result<(), EngineError> {
        let written = Value::from(object([("estimates", estimates.clone())]));
        let mut fields = Fields::of("what everybody's calls taught", &written)?;
        self.estimates = self.read_estimates(&mut fields, ESTIMATE_SEGMENTS_MAX)?;
        Ok(())
    }

    /// Learns what a change says of everybody's calls, and nothing else.
    pub fn restore_learned<T: AsRef<str>>(&mut self, learned: &Learned<T>) {
        let entitlement = self.names.entitlements.intern(learned.entitlement.as_ref());
        let Learned { value, overhead, basis, .. } = *learned;
        let samples = self.estimates.entry((entitlement, learned.segment.as_ref().into()));
        samples.or_default().learn(&Sample { value, overhead, basis });
    }

    pub(crate) fn take_sample(
        &mut self,
        at: CustomerId,
        entitlement: NameId,
        segment: &str,
        sample: &Sample,
    ) {
        let key = || (entitlement, segment.into());
        self.estimates.entry(key()).or_default().learn(sample);
        if let Some(customer) = self.customers.get_mut(at) {
            customer.rest_mut().estimates.entry(key()).or_default().learn(sample);
        }
    }

    pub(crate) fn estimated(&self, subject: &Subject, like: &Like, quantile: f64) -> Option<Estimate> {
        let key = (subject.entitlement, like.segment.clone());
        let enough = u64::from(self.rules.policy.estimate_min_samples);
        let own = self.customers.get(subject.caller).and_then(|caller| caller.estimates()?.get(&key));
        let own = own.filter(|samples| samples.count >= enough);
        let (samples, is_own) = match own {
            Some(samples) => (samples, true),
            None => (self.estimates.get(&key)?, false),
        };
        let (value, overhead) = samples.estimate(quantile, like.basis)?;
        Some(Estimate { value, overhead, samples: samples.count, own: is_own })
    }

    /// Refuses a segment that there is no room to learn.
    pub(crate) fn check_segment(&self, subject: &Subject, like: &Like) -> Result<(), EngineError> {
        let own = self.customers.get(subject.caller).and_then(|caller| caller.estimates());
        for (known, most, whose) in [
            (Some(&self.estimates), ESTIMATE_SEGMENTS_MAX, "an entitlement"),
            (own, ESTIMATE_SEGMENTS_OF_CUSTOMER_MAX, "one customer's calls of an entitlement"),
        ] {
            let Some(known) = known else { continue };
            let key = (subject.entitlement, like.segment.clone());
            let segments = known.range((subject.entitlement, "".into())..);
            let of_it = segments.take_while(|((entitlement, _), _)| *entitlement == subject.entitlement);
            if !known.contains_key(&key) && of_it.count() >= most {
                let message =
                    format!("`{}` would be one segment too many: {whose} has {most} at most", like.segment);
                return Err(EngineError::new("too_many", message));
            }
        }
        Ok(())
    }

    /// Basis and segment of a call: as given, else as its context says under the names that the entitlement has for them.
    pub(crate) fn like(&self, entitlement: &str, given: &Likeness<'_>) -> Result<Like, EngineError> {
        let mut plans = self.rules.policy.plans.values();
        let defaults: Option<&Entitlement> = plans.find_map(|plan| plan.entitlements.get(entitlement));
        let field = |name: Option<&String>| given.context?.get(name?).filter(|value| !value.is_null());
        let basis_field = field(defaults.and_then(|defaults| defaults.estimate_basis.as_ref()));
        let segment_field = field(defaults.and_then(|defaults| defaults.estimate_segment.as_ref()));
        let basis = match (given.basis, basis_field) {
            (Some(basis), _) => Some(basis),
            (None, Some(value)) => Some(value.as_f64().unwrap_or(f64::NAN)),
            (None, None) => None,
        };
        if basis.is_some_and(|basis| !(basis > 0.0 && basis.is_finite())) {
            return Err(EngineError::new(
                "invalid_value",
                "the basis of an estimate must be a number above 0",
            ));
        }
        if given.quantile.is_nan() {
            return Err(EngineError::new("invalid_value", "the quantile of an estimate must be a number"));
        }
        let segment = match (given.segment, segment_field) {
            (Some(segment), _) => segment.into(),
            (None, Some(Value::String(segment))) => segment.as_str().into(),
            (None, Some(value)) => value.to_string().into_boxed_str(),
            (None, None) => Box::default(),
        };
        if !segment.is_empty() {
            check_name("a segment", &segment)?;
        }
        Ok(Like { basis, segment })
    }

    /// What was learnt, as a record says it.
    pub(crate) fn write_estimates(&self, estimates: &Estimates) -> Value {
        let mut written: Map<String, Value> = Map::new();
        for ((entitlement, segment), samples) in estimates {
            let name = self.entitlement_name(*entitlement);
            let place = written.entry(name).or_insert_with(|| Value::from(Map::new()));
            if let Value::Object(segments) = place {
                segments.insert(segment.to_string(), write_samples(samples));
            }
        }
        Value::from(written)
    }

    pub(crate) fn read_estimates(
        &mut self,
        fields: &mut Fields,
        segments_max: usize,
    ) -> Result<Estimates, EngineError> {
        let mut estimates = Estimates::new();
        for (name, segments) in fields.map("estimates", crate::limits::METERS_MAX)? {
            let entitlement = self.named_entitlement(&name)?;
            let mut segments = Fields::of(&format!("`estimates.{name}`"), &segments)?;
            for (segment, samples) in segments.rest(segments_max)? {
                let mut fields = Fields::of(&format!("`estimates.{name}.{segment}`"), &samples)?;
                let samples = Samples {
                    count: fields.count("samples")?,
                    per_basis: fields.flag("per_basis")?.unwrap_or(false),
                    value: Moments { mean: fields.number("mean")?, variance: fields.number("variance")? },
                    overhead: Moments {
                        mean: fields.number("overhead_mean")?,
                        variance: fields.number("overhead_variance")?,
                    },
                };
                fields.done()?;
                estimates.insert((entitlement, segment.into()), samples);
            }
        }
        Ok(estimates)
    }
}

fn write_samples(samples: &Samples) -> Value {
    Value::from(object([
        ("samples", Value::from(samples.count)),
        ("per_basis", Value::from(samples.per_basis)),
        ("mean", Value::from(samples.value.mean)),
        ("variance", Value::from(samples.value.variance)),
        ("overhead_mean", Value::from(samples.overhead.mean)),
        ("overhead_variance", Value::from(samples.overhead.variance)),
    ]))
}
