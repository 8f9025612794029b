//! What a period is billed, on random calls at every pricing model.
//!
//! While limit, price and period stay the same, the period's overage prices sum to total(billable now): in every
//! model, since a call's price is total(after) − total(before), and what is given back never passes what stands. In
//! the volume and stairstep models too a decrease restores what stood at that quantity, though the sum may rise where the
//! meter falls: leaving a cheaper volume band makes all units dearer. Where limit or price change within a period,
//! only this holds: the sum is what the meter says it was billed, and never below 0.

use limitr_engine::policy::{Format, LoadOptions, load};
use limitr_engine::quantity::Amount;
use limitr_engine::{Ask, BatchItem, Call, Engine, EngineOptions, Event, Given, MeterEventKind, Profile};
use proptest::prelude::*;

use crate::sequence::START;

const POLICY: &str = r"
policy:
  credits:
    flat: { price: 0.25 }
    tiered: { pricing_model: tiered, tiers: &tiers [{ up_to: 2.5, price: 3 }, { up_to: 10, price: 0.5 }, { price: 0.125 }] }
    volume: { pricing_model: volume, tiers: *tiers }
    stairstep: { pricing_model: stairstep, tiers: *tiers }
  plans:
    free:
      default: true
      entitlements:
        flat: { limit: { credit: flat, mode: soft, value: 3, resets: true, reset_inc: 1hr } }
        tiered: { limit: { credit: tiered, mode: soft, value: 3, resets: true, reset_inc: 1hr } }
        volume: { limit: { credit: volume, mode: soft, resets: true, reset_inc: 1hr } }
        stairstep: { limit: { credit: stairstep, mode: soft, resets: true, reset_inc: 1hr } }
        hard: { limit: { credit: volume, value: 3, resets: true, reset_inc: 1hr } }
        trailing: { limit: { credit: tiered, value: 3, hard_trailing: true } }
        watched: { limit: { credit: flat, mode: observe, value: 3 } }
";
const ENTITLEMENTS: [&str; 7] = ["flat", "tiered", "volume", "stairstep", "hard", "trailing", "watched"];
const TIERS: [(f64, f64); 3] = [(2.5, 3.0), (10.0, 0.5), (f64::INFINITY, 0.125)];

/// A call: whose entitlement, how, how much, with force, and after how long.
type Step = (usize, u8, f64, bool, i64);

fn steps() -> impl Strategy<Value = Vec<Step>> {
    // Quarters are exact in doubles, and so is all that is computed with them here.
    let value = prop_oneof![4 => -24..48_i32, 1 => Just(10), 1 => Just(-10)].prop_map(|n| f64::from(n) / 4.0);
    let wait = prop_oneof![9 => Just(0_i64), 1 => 0..4_000_000_i64];
    let step = (0..ENTITLEMENTS.len(), 0..5_u8, value, prop::bool::weighted(0.2), wait);
    prop::collection::vec(step, 1..80)
}

fn engine() -> Engine {
    let options = LoadOptions { validate: true, ..LoadOptions::default() };
    let policy = load(POLICY.as_bytes(), Format::Yaml, &options).unwrap().policy;
    let mut engine = Engine::new(policy, EngineOptions { seed: 7, now: START }).unwrap();
    assert!(engine.create_customer(START, "ann", &Profile::default()).unwrap());
    engine.listen(true);
    engine
}

/// The rule of each model in its own words.
fn total(model: &str, units: f64) -> f64 {
    let band = TIERS.iter().find(|(end, _)| units <= *end).unwrap();
    match model {
        _ if units <= 0.0 => 0.0,
        "flat" => units * 0.25,
        "volume" => units * band.1,
        "stairstep" => band.1,
        _ => {
            let starts = [0.0, 2.5, 10.0];
            TIERS
                .iter()
                .zip(starts)
                .map(|((end, price), start)| (units.min(*end) - start).max(0.0) * price)
                .sum()
        }
    }
}

/// What an entitlement must have been billed at a meter.
fn expected(entitlement: &str, used: f64) -> f64 {
    match entitlement {
        "volume" | "stairstep" => total(entitlement, used),
        "hard" => total("volume", used - 3.0),
        "watched" => 0.0,
        _ => total(entitlement, used - 3.0),
    }
}

fn run(engine: &mut Engine, now: i64, (at, how, value, force, _): Step) {
    let entitlement = ENTITLEMENTS[at];
    let ask = match how {
        0 => Ask::Increment,
        1 => Ask::Decrement,
        2 => Ask::To(Given::Number(value.abs())),
        _ => Ask::by(value),
    };
    if how == 4 {
        let item = |at: usize| BatchItem::new(ENTITLEMENTS[at], Given::Number(value));
        let items = [item(at), item((at + 1) % ENTITLEMENTS.len())];
        engine.decide_all(now, "ann", &items, true).unwrap();
        return;
    }
    let call = Call { force, ..Call::new(ask) };
    let before = engine.explain(now, "ann", entitlement, &call).unwrap();
    let after = engine.decide(now, "ann", entitlement, &call).unwrap();
    assert_eq!(before, after);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn overage_prices_sum_to_what_stands(steps in steps()) {
        let mut engine = engine();
        let mut now = START;
        let mut sums = [Amount::ZERO; ENTITLEMENTS.len()];
        for step in steps {
            now += step.4;
            run(&mut engine, now, step);
            while let Some(event) = engine.next_event() {
                let Event::Meter(event) = event else { continue };
                let name = engine.entitlement_name(event.entitlement);
                let sum = &mut sums[ENTITLEMENTS.iter().position(|known| *known == name).unwrap()];
                if event.kind == MeterEventKind::Reset {
                    *sum = Amount::ZERO;
                }
                *sum = sum.checked_add(event.overage_price.unwrap_or_default()).unwrap();
                prop_assert_eq!(event.price_diff, event.overage_price, "{:?}", event);
            }
            let record = engine.customer_record("ann").unwrap();
            for (entitlement, sum) in ENTITLEMENTS.iter().zip(sums) {
                let meter = &record["meters"][entitlement];
                prop_assert_eq!(meter["billed"].as_f64(), Some(sum.to_f64()));
                prop_assert!(!sum.is_negative());
                let stands = expected(entitlement, meter["value"].as_f64().unwrap());
                prop_assert_eq!(sum.to_f64(), stands, "{} of {}", entitlement, &meter);
            }
        }
    }
}
