//! What happens to a store in a test: calls of an engine, and what becomes of its changes, its process and its disk.

use limitr_engine::policy::{Format, LoadOptions, Policy, load};
use limitr_engine::quantity::Amount;
use limitr_engine::{Ask, Call, Engine, Given, Likeness, Profile, Reserve, Settle};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::faulty::Fault;
use super::sequence::{self, CUSTOMERS, Step};

/// IDs that aren't plain words.
pub(super) const NAMES: [&str; 5] = ["LMTR\u{10}\0\0\0", "\u{0}", "zoë 🦀", "journal-5", "\u{202e}עברית"];

/// A call of an engine.
#[derive(Clone, Debug)]
pub(super) enum Doing {
    Step(Step),
    /// Another policy comes into force.
    Policy(u8),
    /// A customer of an unusual name is set and used.
    Named {
        name: usize,
        value: f64,
        metadata: u8,
    },
    /// A call is reserved, and what it used is learnt.
    Learn {
        customer: usize,
        value: f64,
        basis: Option<f64>,
        segment: u8,
    },
}

/// One step of a test.
#[derive(Clone, Debug)]
pub(super) enum Act {
    Do(Doing),
    /// What waits is written.
    Append,
    Fold,
    /// The segment is closed, and with it the batch that waits is not written.
    Rotate,
    /// Closed in good order, and opened.
    Close,
    Kill,
    Cut,
    Fault(Fault),
}

fn doing() -> impl Strategy<Value = Doing> {
    let value = || prop_oneof![(0..9_u8).prop_map(f64::from), -3.0..30.0_f64];
    prop_oneof![
        24 => sequence::step().prop_map(Doing::Step),
        2 => (0..4_u8).prop_map(Doing::Policy),
        3 => (0..NAMES.len(), value(), 0..3_u8)
            .prop_map(|(name, value, metadata)| Doing::Named { name, value, metadata }),
        2 => (0..CUSTOMERS.len(), value(), prop::option::of(0.1..9.0_f64), 0..3_u8)
            .prop_map(|(customer, value, basis, segment)| Doing::Learn { customer, value, basis, segment }),
    ]
}

/// Calls alone.
pub(super) fn doings(most: usize) -> impl Strategy<Value = Vec<Doing>> {
    prop::collection::vec(doing(), 1..most)
}

/// Steps, with faults of the disk or without.
pub(super) fn acts(faults: bool) -> impl Strategy<Value = Vec<Act>> {
    let fault = prop_oneof![
        4 => (1..40_u64).prop_map(Fault::Once),
        1 => (1..40_u64).prop_map(Fault::Forever),
        1 => (0..3_000_usize).prop_map(Fault::Room),
    ];
    let act = prop_oneof![
        30 => doing().prop_map(Act::Do),
        12 => Just(Act::Append),
        3 => Just(Act::Fold),
        1 => Just(Act::Rotate),
        1 => Just(Act::Close),
        1 => Just(Act::Kill),
        2 => Just(Act::Cut),
        (if faults { 3 } else { 1 }) => fault.prop_map(move |fault| if faults { Act::Fault(fault) } else { Act::Fold }),
    ];
    prop::collection::vec(act, 1..90)
}

/// A policy of the sequence's, or like it: with other units, with notifications, without a plan.
pub(super) fn policy(number: u8) -> Policy {
    let mut document = sequence::bare().policy().to_json();
    let inner = &mut document["policy"];
    match number {
        0 => {}
        1 => inner["credits"]["mb"]["stof_units"] = json!("KB"),
        2 => {
            inner["notifications"] = json!({
                "half": { "when": { "event": "meter-changed", "crosses": "50%" } },
                "refused": { "when": { "event": "meter-limit" } },
            });
        }
        _ => {
            inner["plans"].as_object_mut().unwrap().remove("pro");
        }
    }
    let options = LoadOptions { validate: true, ..LoadOptions::default() };
    load(document.to_string().as_bytes(), Format::Json, &options).unwrap().policy
}

/// A policy that is read quickly: everybody may use `soft`.
pub(super) fn small_policy() -> Policy {
    let text = "policy: { credits: { token: { price: 0.1 } }, plans: { free: { default: true, entitlements: { soft: { limit: { credit: token, mode: soft, value: 3 } } } } } }";
    load(text.as_bytes(), Format::Yaml, &LoadOptions::default()).unwrap().policy
}

impl Doing {
    /// Milliseconds that pass before it.
    pub(super) fn wait(&self) -> i64 {
        if let Doing::Step(step) = self { step.wait() } else { 0 }
    }

    /// Does it; errors are answers too.
    pub(super) fn run(&self, engine: &mut Engine, now: i64) {
        match self {
            Doing::Step(step) => step.run(engine, now),
            Doing::Policy(number) => {
                let _answer = engine.update_policy(now, policy(*number));
            }
            Doing::Named { name, value, metadata } => {
                let id = NAMES[*name];
                let refs = (*metadata == 2).then(|| vec!["org".to_string()]);
                let metadata = (*metadata > 0).then(|| json!({ id: [value, "\u{0}", { "a": Value::Null }] }));
                let profile = Profile { label: Some(id), metadata, refs, ..Profile::default() };
                let _answer = engine.create_customer(now, id, &profile);
                let overhead = Some(Amount::from_int(1));
                let call = Call { overhead, ..Call::new(Ask::By(Given::Number(*value))) };
                let _answer = engine.allow(now, id, "storage", &call);
            }
            Doing::Learn { customer, value, basis, segment } => {
                let customer = CUSTOMERS[*customer];
                let segment = ["", "de", "fr ☕"][usize::from(*segment)];
                let segment = (!segment.is_empty()).then_some(segment);
                let likeness = || Likeness { basis: *basis, segment, ..Likeness::default() };
                let reserve = Reserve { likeness: likeness(), ..Reserve::default() };
                let _answer = engine.reserve(now, customer, "soft", &reserve);
                let value = Given::Number(*value);
                let part = Settle { likeness: likeness(), ..Settle::new(value) };
                let _answer = engine.settle(now, customer, "soft", None, &part);
            }
        }
        while engine.next_event().is_some() {}
    }
}
