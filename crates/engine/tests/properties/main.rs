//! What must hold after any sequence of calls, on random sequences.
#![allow(clippy::arithmetic_side_effects, clippy::indexing_slicing, clippy::unwrap_used)] // a test may panic

mod billing;
mod money;
mod sequence;

use limitr_engine::quantity::Amount;
use limitr_engine::{Ask, Effected, Engine, Event, MeterEventKind};
use proptest::prelude::*;
use serde_json::Value;

use sequence::{Step, engine, steps};

/// All state that an engine would save.
fn state(engine: &Engine) -> Value {
    Value::from(engine.customer_records())
}

/// Where two states differ first; nothing if they don't.
fn differs(left: &Value, right: &Value, path: &str) -> Option<String> {
    match (left, right) {
        _ if left == right => None,
        (Value::Object(a), Value::Object(b)) => {
            let keys = a.keys().chain(b.keys());
            let null = Value::Null;
            keys.into_iter().find_map(|key| {
                let pair = (a.get(key).unwrap_or(&null), b.get(key).unwrap_or(&null));
                differs(pair.0, pair.1, &format!("{path}.{key}"))
            })
        }
        _ => Some(format!("{path}: {left} against {right}")),
    }
}

/// The events that wait.
fn events(engine: &mut Engine) -> Vec<Event> {
    std::iter::from_fn(|| engine.next_event()).collect()
}

/// An engine that has noted all that `steps` did, and when they ended.
fn recorded(steps: &[Step]) -> (Engine, i64) {
    let mut engine = sequence::bare();
    engine.record_changes(true);
    sequence::people(&mut engine);
    let mut now = sequence::START;
    for step in steps {
        now += step.wait();
        step.run(&mut engine, now);
    }
    (engine, now)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    /// `check` and `explain` answer what `allow` and `decide` then do, and change nothing.
    #[test]
    fn check_is_allow(steps in steps()) {
        let mut engine = engine();
        let mut now = sequence::START;
        for step in &steps {
            now += step.wait();
            engine.latest(now);
            if let Some((customer, entitlement, call)) = step.call() {
                let before = state(&engine);
                let checked = engine.check(now, customer, entitlement, &call);
                let explained = engine.explain(now, customer, entitlement, &call);
                prop_assert_eq!(differs(&state(&engine), &before, ""), None);
                let mut twin = engine.clone();
                prop_assert_eq!(twin.decide(now, customer, entitlement, &call), explained);
                prop_assert_eq!(engine.allow(now, customer, entitlement, &call), checked);
                prop_assert_eq!(differs(&state(&twin), &state(&engine), ""), None);
            } else {
                step.run(&mut engine, now);
            }
        }
    }

    /// Whether or not somebody listens or changes are kept, `allow` tells, records and writes what `decide` does, and `allow_all` what
    /// `decide_all` does: the ones take their short ways, the others go by the steps wherever there is something to tell.
    #[test]
    fn allow_tells_and_records_what_decide_does(steps in steps(), listening: bool, recording: bool) {
        let mut engine = engine();
        engine.listen(listening);
        engine.record_changes(recording);
        let mut now = sequence::START;
        for step in &steps {
            now += step.wait();
            let mut twin = engine.clone();
            if let Some((customer, entitlement, call)) = step.call() {
                let decided = twin.decide(now, customer, entitlement, &call).map(|decision| decision.allowed);
                prop_assert_eq!(engine.allow(now, customer, entitlement, &call), decided);
            } else if let Some((customer, items)) = step.batch() {
                let decided = twin.decide_all(now, customer, &items, true).map(|answer| answer.allowed);
                prop_assert_eq!(engine.allow_all(now, customer, &items, true), decided);
            } else {
                step.run(&mut engine, now);
                continue;
            }
            prop_assert_eq!(differs(&state(&engine), &state(&twin), ""), None);
            prop_assert_eq!(engine.take_changes(), twin.take_changes());
            prop_assert_eq!(events(&mut engine), events(&mut twin));
        }
    }

    /// A denied or refused call leaves the state as it was, but for a period that it began.
    #[test]
    fn denial_changes_nothing(steps in steps()) {
        let mut engine = engine();
        let mut now = sequence::START;
        for step in &steps {
            now += step.wait();
            if let Some((customer, entitlement, call)) = step.call() {
                // A call of nothing begins the period and moves nothing.
                let _begun = engine.allow(now, customer, entitlement, &limitr_engine::Call::new(Ask::by(0.0)));
                let before = state(&engine);
                if !matches!(engine.allow(now, customer, entitlement, &call), Ok(true)) {
                    prop_assert_eq!(differs(&state(&engine), &before, ""), None);
                }
            } else {
                step.run(&mut engine, now);
            }
        }
    }

    /// A meter is the sum of what its events moved since its period began; overage is what passed the limit.
    #[test]
    fn a_meter_is_the_sum_of_its_events(steps in steps()) {
        let mut engine = engine();
        engine.listen(true);
        let mut now = sequence::START;
        for step in &steps {
            now += step.wait();
            step.run(&mut engine, now);
            while let Some(event) = engine.next_event() {
                let Event::Meter(event) = event else { continue };
                match event.kind {
                    MeterEventKind::Changed | MeterEventKind::Overage => {
                        prop_assert_eq!(event.old.checked_add(event.diff).unwrap(), event.value);
                        let past = |value: Amount| value.max(event.limit).checked_sub(event.limit).unwrap();
                        let newly = past(event.value).checked_sub(past(event.old)).unwrap().max(Amount::ZERO);
                        if event.kind == MeterEventKind::Overage {
                            let granted = event.granted.unwrap_or_default();
                            prop_assert_eq!(event.overage.map(|over| over.checked_add(granted).unwrap()), Some(newly));
                        }
                    }
                    MeterEventKind::Reset => prop_assert_eq!(event.value, Amount::ZERO),
                    MeterEventKind::Limit | MeterEventKind::Governed => {}
                }
            }
        }
    }

    /// Replaying the changes over an engine that has seen none rebuilds its state; a change applied twice counts once.
    #[test]
    fn changes_replay_to_the_same_state(steps in steps()) {
        let (mut original, now) = recorded(&steps);
        let changes = original.take_changes();
        let mut copy = sequence::bare();
        for change in &changes {
            prop_assert_eq!(&limitr_engine::Change::from_json(&change.to_json()), &Ok(change.clone()));
            prop_assert_eq!(copy.apply_change(change), Ok(true));
            prop_assert_eq!(copy.apply_change(change), Ok(false));
        }
        original.latest(now);
        copy.latest(now);
        prop_assert_eq!(differs(&state(&copy), &state(&original), ""), None);
        prop_assert_eq!(copy.everybodys_estimates(), original.everybodys_estimates());
        sums_stand(&changes, &original)?;
    }

    /// The changes of one customer rebuild that customer, whatever became of the others, also where its bytes were saved on
    /// the way.
    #[test]
    fn each_customer_is_rebuilt_alone(steps in steps(), saved in 0_usize..200) {
        let (mut original, now) = recorded(&steps);
        original.latest(now);
        let changes = original.take_changes();
        let holders: std::collections::BTreeSet<&str> =
            changes.iter().filter_map(|change| change.effect.holder()).collect();
        for id in holders {
            let mut alone = sequence::bare();
            let own = changes.iter().filter(|change| change.effect.holder() == Some(id));
            for (at, change) in own.enumerate() {
                alone.restore_change(change).unwrap();
                let mut bytes = Vec::new();
                if at % 200 == saved && alone.pack_customer(id, &mut bytes) {
                    alone.drop_customer(id);
                    alone.unpack_customer(&bytes).unwrap();
                }
            }
            alone.latest(now);
            let (kept, rebuilt) = (original.customer_record(id), alone.customer_record(id));
            let owned = |record: Option<Value>| record.filter(|record| record["id"] == *id).unwrap_or_default();
            prop_assert_eq!(differs(&owned(rebuilt), &owned(kept), id), None);
        }
    }

    /// An engine whose customers are reloaded now and then goes on as one whose aren't.
    #[test]
    fn reloading_changes_no_answer(steps in steps()) {
        let (mut engine, mut reloaded) = (engine(), engine());
        let mut now = sequence::START;
        for (at, step) in steps.iter().enumerate() {
            now += step.wait();
            engine.latest(now);
            reloaded.latest(now);
            if at % 8 == 7 {
                let records: Vec<Value> = reloaded.customer_records().values().cloned().collect();
                reloaded.load_customers(now, &records, false).unwrap();
            }
            if let Some((customer, entitlement, call)) = step.call() {
                let answer = engine.decide(now, customer, entitlement, &call);
                prop_assert_eq!(reloaded.decide(now, customer, entitlement, &call), answer);
            } else {
                step.run(&mut engine, now);
                step.run(&mut reloaded, now);
            }
        }
        prop_assert_eq!(differs(&state(&reloaded), &state(&engine), ""), None);
    }

    /// Records bring back all state.
    #[test]
    fn records_round_trip(steps in steps()) {
        let mut original = engine();
        let mut now = sequence::START;
        for step in &steps {
            now += step.wait();
            step.run(&mut original, now);
        }
        let records: Vec<Value> = original.customer_records().values().cloned().collect();
        let mut copy = sequence::bare();
        copy.load_customers(now, &records, false).unwrap();
        original.latest(now);
        prop_assert_eq!(differs(&state(&copy), &state(&original), ""), None);
    }
}

/// Each meter is the sum of its changes since its period began, and so is what it was billed, which is never below 0.
fn sums_stand(changes: &[limitr_engine::Change], engine: &Engine) -> Result<(), TestCaseError> {
    let mut sums = std::collections::BTreeMap::<(String, String), (Amount, Amount)>::new();
    for change in changes {
        match &change.effect {
            Effected::Metered(metered) => {
                let key = (metered.holder.to_string(), metered.entitlement.to_string());
                let (sum, billed) = sums.entry(key).or_default();
                *sum = sum.checked_add(metered.units).unwrap();
                *billed = billed.checked_add(metered.overage_price).unwrap();
                prop_assert!(!billed.is_negative());
                prop_assert!(metered.overage_price >= metered.price || metered.granted.is_positive());
            }
            Effected::PeriodBegan { holder, entitlement, .. } => {
                sums.remove(&(holder.to_string(), entitlement.to_string()));
            }
            Effected::MetersStarted { holder, entitlements, ended } => {
                for entitlement in entitlements.iter().chain(ended) {
                    sums.remove(&(holder.to_string(), entitlement.to_string()));
                }
            }
            Effected::CustomerReplaced { record, .. } => {
                let id = record["id"].as_str().unwrap();
                sums.retain(|(holder, _), _| holder != id);
                for (entitlement, meter) in record["meters"].as_object().unwrap() {
                    let [value, billed] = ["value", "billed"].map(|field| {
                        let text = meter[field].as_str().map(str::to_string);
                        Amount::parse(&text.unwrap_or_else(|| meter[field].to_string())).unwrap()
                    });
                    sums.insert((id.to_string(), entitlement.clone()), (value, billed));
                }
            }
            Effected::CustomerRemoved { holder: id } => sums.retain(|(holder, _), _| **holder != **id),
            _ => {}
        }
    }
    for ((holder, entitlement), (sum, billed)) in sums {
        let record = engine.customer_record(&holder).unwrap_or_default();
        for (field, sum) in [("value", sum), ("billed", billed)] {
            let kept = match &record["meters"][&entitlement][field] {
                Value::Null => Amount::ZERO.to_json(),
                kept => kept.clone(),
            };
            prop_assert_eq!(kept, sum.to_json(), "{} of {} of {}", field, entitlement, holder);
        }
    }
    Ok(())
}

/// The steps are varied enough to mean something: most sequences deny, allow and renew.
#[test]
fn sequences_reach_every_kind_of_event() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;
    let mut runner = TestRunner::deterministic();
    let mut kinds = std::collections::BTreeSet::new();
    for _ in 0..300 {
        let steps: Vec<Step> = steps().new_tree(&mut runner).unwrap().current();
        let mut engine = engine();
        engine.listen(true);
        let mut now = sequence::START;
        for step in &steps {
            now += step.wait();
            step.run(&mut engine, now);
            while let Some(event) = engine.next_event() {
                kinds.insert(engine.event_json(&event)["type"].as_str().unwrap().to_string());
            }
        }
    }
    let expected = [
        "cap-limit",
        "cap-threshold-crossed",
        "customer-cap-added",
        "customer-cap-removed",
        "customer-cap-reset",
        "customer-plan-changed",
        "customer-removed",
        "customer-set",
        "customer-topup-granted",
        "meter-changed",
        "meter-governed",
        "meter-limit",
        "meter-overage",
        "meter-reset",
    ];
    assert_eq!(kinds.into_iter().collect::<Vec<_>>(), expected);
}
