//! What must hold of grants, caps and holds, on many short random sequences.

use std::collections::BTreeMap;

use limitr_engine::quantity::Amount;
use limitr_engine::{Change, Effected, Engine, GrantDrawn, Metered};
use proptest::prelude::*;

use crate::sequence::{self, START, Step, steps};

/// Runes for one unit of each credit that converts.
const RATES: [(&str, i128); 4] = [
    ("token", 70_000_000_000),
    ("gold", 3_000_000_000_000),
    ("dime", 100_000_000_000),
    ("gem", 2_100_000_000_000),
];

fn rate(credit: &str) -> i128 {
    RATES.iter().find(|(name, _)| *name == credit).unwrap().1
}

/// Units: what grants cover and what is overage make the excess. Runes: what leaves a grant is what it covered, to half of
/// the last digit of the dearer of the two, which is within 10⁻¹² where neither is worth more than 2 runes.
fn conserved(metered: &Metered, draws: &[(GrantDrawn, String)]) -> Result<(), TestCaseError> {
    let covered = draws.iter().fold(Amount::ZERO, |sum, (draw, _)| sum.checked_add(draw.covered).unwrap());
    prop_assert_eq!(covered, metered.granted);
    for (draw, credit) in draws {
        prop_assert!(draw.taken.is_positive() || draw.covered.is_positive());
        prop_assert!(draw.taken <= draw.before);
        if *credit == *metered.credit {
            prop_assert_eq!(draw.taken, draw.covered);
            continue;
        }
        let (from, to) = (rate(credit), rate(&metered.credit));
        let off = draw.taken.atoms() * from - draw.covered.atoms() * to;
        prop_assert!(2 * off.abs() <= from.max(to), "{:?}", draw);
    }
    Ok(())
}

/// What the changes of one step say about each other.
fn told(
    changes: &[Change],
    engine: &Engine,
    credits: &mut BTreeMap<(String, u64), String>,
) -> Result<(), TestCaseError> {
    let mut metered: Option<(&Metered, Vec<(GrantDrawn, String)>)> = None;
    for change in changes {
        match &change.effect {
            Effected::GrantAdded(added) => {
                credits.insert((added.holder.to_string(), added.grant), added.credit.to_string());
            }
            Effected::CustomerReplaced { record, .. } => {
                for (id, grant) in record["grants"].as_object().unwrap() {
                    let number = id.strip_prefix("grant_").unwrap().parse().unwrap();
                    let holder = record["id"].as_str().unwrap().to_string();
                    credits.insert((holder, number), grant["credit"].as_str().unwrap().to_string());
                }
            }
            Effected::Metered(moved) => {
                if let Some((before, draws)) = metered.replace((moved, Vec::new())) {
                    conserved(before, &draws)?;
                }
            }
            Effected::GrantDrawn(draw) => {
                let credit = credits[&(draw.holder.to_string(), draw.grant)].clone();
                let (moved, draws) = metered.as_mut().unwrap();
                prop_assert_eq!(&moved.holder, &draw.holder);
                draws.push((draw.clone(), credit));
            }
            Effected::CapCounted(counted) => {
                let cap = engine.customer(&counted.holder).map(|holder| holder.caps());
                prop_assert!(cap.is_some());
            }
            _ => {}
        }
    }
    match metered {
        Some((moved, draws)) => conserved(moved, &draws),
        None => Ok(()),
    }
}

/// `held` is the sum of live holds, and so is what each cap says of the holds that would move it.
fn holds_stand(engine: &Engine, now: i64) -> Result<(), TestCaseError> {
    let mut on_caps = BTreeMap::<(String, String), Amount>::new();
    for id in sequence::CUSTOMERS {
        let Some(customer) = engine.customer(id) else { continue };
        let live = || customer.holds().iter().filter(|hold| now < hold.expires_on);
        for held in live().flat_map(|hold| &hold.caps) {
            let sum = on_caps.entry((held.holder.to_string(), held.cap.to_string())).or_default();
            *sum = sum.checked_add(held.worth).unwrap();
        }
        for entitlement in ["hard", "soft", "images", "steps", "storage", "extra"] {
            let mine = live().filter(|hold| engine.entitlement_name(hold.entitlement) == entitlement);
            let sum = mine.fold(Amount::ZERO, |sum, hold| sum.checked_add(hold.units).unwrap());
            let held = engine.held(now, id, entitlement);
            prop_assert!(held.is_none() || held == Some(sum), "{} {}: {:?}", id, entitlement, held);
        }
    }
    for id in sequence::CUSTOMERS {
        for cap in engine.customer(id).into_iter().flat_map(|customer| customer.caps()) {
            let live = cap.holds.iter().filter(|hold| now < hold.expires_on);
            let held = live.fold(Amount::ZERO, |sum, hold| sum.checked_add(hold.worth).unwrap());
            let sum = on_caps.get(&(id.to_string(), cap.id.to_string())).copied().unwrap_or_default();
            prop_assert_eq!(held, sum, "{} of {}", &cap.id, id);
            prop_assert!(!cap.counted.is_negative());
        }
    }
    Ok(())
}

/// Grants never hold less than nothing, nor more than what can be counted.
fn grants_stand(engine: &Engine) -> Result<(), TestCaseError> {
    for id in sequence::CUSTOMERS {
        for grant in engine.customer(id).into_iter().flat_map(|customer| customer.grants()) {
            prop_assert!(!grant.balance.is_negative() && grant.balance <= Amount::LIMIT);
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 10_000, ..ProptestConfig::default() })]

    /// Units and runes are conserved, and holds stand where they should, after every step.
    #[test]
    fn units_and_runes_are_conserved(steps in prop::collection::vec(sequence::step(), 1..25)) {
        let mut engine = sequence::bare();
        engine.record_changes(true);
        sequence::people(&mut engine);
        let mut credits = BTreeMap::new();
        told(&engine.take_changes(), &engine, &mut credits)?;
        let mut now = START;
        for step in &steps {
            now += step.wait();
            step.run(&mut engine, now);
            told(&engine.take_changes(), &engine, &mut credits)?;
            holds_stand(&engine, now)?;
            grants_stand(&engine)?;
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    /// What a call's answer says remains is what the read then says; what may run at once does, and a little more doesn't.
    #[test]
    fn reads_agree_with_answers(steps in steps()) {
        let mut engine = sequence::engine();
        let mut now = START;
        for step in &steps {
            now += step.wait();
            let Some((customer, entitlement, call)) = step.call() else {
                step.run(&mut engine, now);
                continue;
            };
            let answer = engine.decide(now, customer, entitlement, &call);
            if let Ok(answer) = answer && answer.limit.is_some() {
                prop_assert_eq!(answer.remaining, engine.remaining(now, customer, entitlement, true));
                prop_assert_eq!(answer.held, engine.held(now, customer, entitlement));
                prop_assert_eq!(answer.used, engine.value(now, customer, entitlement));
            }
            let Some(allowance) = engine.allowance(now, customer, entitlement) else { continue };
            let runs = limitr_engine::Call::new(limitr_engine::Ask::Exactly(allowance));
            if allowance.is_positive() {
                // A meter that is at the end of what can be counted refuses anything.
                let runs = engine.check(now, customer, entitlement, &runs);
                prop_assert!(runs.as_ref().map_or_else(|e| e.code() == "amount_out_of_range", |runs| *runs), "{}: {:?}", allowance, runs);
            }
        }
    }

    /// Once every hold is released or over, nothing is held anywhere.
    #[test]
    fn nothing_is_held_in_the_end(steps in steps()) {
        let mut engine = sequence::engine();
        let mut now = START;
        for step in &steps {
            now += step.wait();
            step.run(&mut engine, now);
        }
        for step in &steps {
            if let Step::Settle { customer, entitlement, hold, value, .. } = *step {
                Step::Settle { customer, entitlement, hold, value, how: 0 }.run(&mut engine, now);
            }
        }
        holds_stand(&engine, now)?;
        now += 7_200_000;
        for id in sequence::CUSTOMERS {
            for cap in engine.customer(id).into_iter().flat_map(|customer| customer.caps()) {
                let cap = engine.cap(now, id, &cap.id);
                prop_assert!(cap.is_none_or(|cap| cap["held"] == 0.0));
            }
            prop_assert!(engine.held(now, id, "soft").is_none_or(Amount::is_zero));
        }
    }
}
