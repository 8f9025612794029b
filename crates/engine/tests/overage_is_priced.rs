//! Units past the limit are priced from where the customer is, and what is billed sums to what stands.

mod support;

use limitr_engine::{Call, Decision, Effected};
use serde_json::{Value, json};
use support::{DAY, World, amount, policy};

const POLICY: &str = r"
policy:
  credits:
    image: { price: 0.5 }
    gb: { stof_units: GB, pricing_model: tiered, tiers: [{ up_to: 500MB, price: 2 }, { up_to: 1.5, price: 1 }, { price: 0.1 }] }
    call: { pricing_model: volume, tiers: [{ up_to: 10, price: 1 }, { price: 0.1 }] }
    plain: {}
  plans:
    free:
      default: true
      entitlements:
        images: { limit: { credit: image, mode: soft, value: 10, resets: true, reset_inc: 1day } }
        hard: { limit: { credit: image, value: 10 } }
        trailing: { limit: { credit: image, value: 10, hard_trailing: true } }
        watched: { limit: { credit: image, mode: observe, value: 1 } }
        storage: { limit: { credit: gb, mode: soft, value: 1GB } }
        calls: { limit: { credit: call, mode: soft } }
        plain: { limit: { credit: plain, mode: soft } }
        flag: {}
";

/// `price` and `overagePrice` as text; null: `-`.
fn prices(decision: &Decision) -> [String; 2] {
    [decision.price, decision.overage_price]
        .map(|price| price.map_or("-".to_string(), |price| price.to_string()))
}

fn billed(world: &World, entitlement: &str) -> Value {
    let state = world.state();
    state.pointer(&format!("/ann/meters/{entitlement}/billed")).cloned().unwrap_or_default()
}

#[test]
fn an_answer_has_prices_where_the_credit_has_one() {
    let mut world = World::with_ann(POLICY);
    assert_eq!(prices(&world.decide("images", 10.0)), ["0", "0"], "nothing is billable");
    assert_eq!(prices(&world.decide("images", 3.0)), ["1.5", "1.5"]);
    assert_eq!(prices(&world.decide("images", 0.0)), ["0", "0"]);
    assert_eq!(prices(&world.decide("images", -1.0)), ["-0.5", "-0.5"]);
    assert_eq!(prices(&world.decide("watched", 3.0)), ["0", "0"], "observing bills nothing");
    assert_eq!(prices(&world.decide("watched", -3.0)), ["0", "0"]);
    assert_eq!(prices(&world.decide("hard", 11.0)), ["-", "-"], "denied");
    assert_eq!(prices(&world.decide("plain", 5.0)), ["-", "-"], "without a price");
    assert_eq!(prices(&world.decide("flag", 0.0)), ["-", "-"]);
    assert_eq!(billed(&world, "images"), json!(1));
    world.assert_replays(POLICY);
    world.assert_loads(POLICY);
}

#[test]
fn events_carry_prices_where_they_change_the_bill() {
    let mut world = World::with_ann(POLICY);
    let mut told = |entitlement: &str, value: f64| {
        assert!(world.allow(entitlement, value));
        let event = world.events().pop().unwrap();
        let kind = event["type"].as_str().unwrap().to_string();
        (kind, event["meter"]["price_diff"].clone(), event["overage_price"].clone())
    };
    let changed = |price: Value| ("meter-changed".to_string(), price.clone(), price);
    let overage = |price: Value| ("meter-overage".to_string(), price.clone(), price);
    assert_eq!(told("images", 10.0), changed(Value::Null));
    assert_eq!(told("images", 1.0), overage(json!(0.5)));
    assert_eq!(told("images", -4.0), changed(json!(-0.5)));
    assert_eq!(told("images", -4.0), changed(Value::Null));
    assert_eq!(told("plain", 4.0), overage(Value::Null));
    assert_eq!(told("calls", 11.0), overage(json!(1.1)));
    // Back into the dearer band: the bill rises although the meter falls.
    assert_eq!(told("calls", -1.0), changed(json!(8.9)));
}

#[test]
fn forced_and_crossing_calls_are_billed_for_what_passes_the_limit() {
    let mut world = World::with_ann(POLICY);
    assert!(world.allow("hard", 8.0) && world.force("hard", 5.0));
    assert_eq!(billed(&world, "hard"), json!(1.5));
    assert!(world.allow("trailing", 14.0));
    assert_eq!(billed(&world, "trailing"), json!(2));
}

#[test]
fn bands_are_in_the_unit_of_the_credit() {
    let mut world = World::with_ann(POLICY);
    assert!(world.allow("storage", 3.0));
    assert_eq!(billed(&world, "storage"), json!(2.05)); // 0.5 × 2 + 1 × 1 + 0.5 × 0.1
}

#[test]
fn a_new_period_is_billed_from_nothing() {
    let mut world = World::with_ann(POLICY);
    assert!(world.allow("images", 20.0));
    assert_eq!(billed(&world, "images"), json!(5));
    world.advance(DAY);
    assert_eq!(prices(&world.decide("images", -5.0)), ["0", "0"], "the last period's bill stands");
    assert_eq!(billed(&world, "images"), json!(0));
    assert!(world.allow("images", 12.0));
    assert_eq!(billed(&world, "images"), json!(1));
    world.assert_replays(POLICY);
}

/// Lowered limits and new prices make units billable that nobody was billed for.
#[test]
fn no_more_is_given_back_than_was_billed() {
    let mut world = World::with_ann(POLICY);
    assert!(world.allow("images", 12.0));
    world.override_limit("images", json!({ "value": 2 }), None);
    assert_eq!(prices(&world.decide("images", -4.0)), ["-2", "-1"]);
    assert_eq!(prices(&world.decide("images", -4.0)), ["-2", "0"]);
    assert_eq!(billed(&world, "images"), json!(0));

    assert!(world.allow("plain", 4.0));
    let priced = POLICY.replace("plain: {}", "plain: { price: 3 }");
    world.engine.update_policy(world.now, policy(&priced)).unwrap();
    assert_eq!(prices(&world.decide("plain", -1.0)), ["-3", "0"]);
    assert_eq!(prices(&world.decide("plain", 2.0)), ["6", "6"]);
    assert_eq!(prices(&world.decide("plain", -5.0)), ["-15", "-6"]);
}

#[test]
fn a_price_past_what_can_be_counted_changes_nothing() {
    let dear = POLICY.replace("price: 0.5", "price: 1e20");
    let mut world = World::with_ann(&dear);
    assert!(world.allow("images", 20.0));
    let before = world.state();
    world.events();
    let call = Call::new(limitr_engine::Ask::by(10_000.0));
    for forced in [false, true] {
        let call = Call { force: forced, ..call };
        let refused = world.engine.allow(world.now, "ann", "images", &call).unwrap_err();
        assert_eq!(refused.code(), "amount_out_of_range");
        assert_eq!(world.engine.check(world.now, "ann", "images", &call), Err(refused));
    }
    assert_eq!((world.state(), world.events().len()), (before, 0));
}

#[test]
fn a_batch_that_fails_bills_nothing() {
    let mut world = World::with_ann(POLICY);
    assert!(world.allow("images", 11.0));
    world.events();
    assert!(!world.together(&[("images", 5.0), ("calls", 2.0), ("hard", 11.0)]));
    assert_eq!((billed(&world, "images"), billed(&world, "calls")), (json!(0.5), json!(0)));
    assert!(world.together(&[("images", 5.0), ("images", 1.0)]));
    assert_eq!(billed(&world, "images"), json!(3.5));
    world.assert_replays(POLICY);
}

#[test]
fn a_remembered_answer_keeps_its_prices() {
    let mut world = World::with_ann(POLICY);
    let call = Call::new(limitr_engine::Ask::by(11.0));
    let first = world.engine.decide_once(world.now, "ann", "images", &call, "r1").unwrap();
    assert_eq!(prices(&first), ["0.5", "0.5"]);
    world.assert_loads(POLICY);
    assert_eq!(world.engine.decide_once(world.now, "ann", "images", &call, "r1"), Ok(first));
    assert_eq!(billed(&world, "images"), json!(0.5));
}

#[test]
fn a_record_bills_nothing_below_0() {
    let mut world = World::with_ann(POLICY);
    let record = json!({ "id": "ann", "meters": { "images": { "value": 12, "billed": -1 } } });
    let refused = world.engine.set_customer(world.now, &record, false).unwrap_err();
    assert_eq!(refused.code(), "invalid_record");
}

#[test]
fn changes_carry_the_list_price_and_what_is_billed() {
    let mut world = World::with_ann(POLICY);
    assert!(world.allow("images", 12.0));
    world.override_limit("images", json!({ "value": 2 }), None);
    assert!(world.allow("images", -4.0));
    let changes = world.engine.take_changes();
    let metered: Vec<_> = changes
        .iter()
        .filter_map(|change| match &change.effect {
            Effected::Metered(metered) => Some((metered.price, metered.overage_price)),
            _ => None,
        })
        .collect();
    assert_eq!(metered, [(amount("1"), amount("1")), (amount("-2"), amount("-1"))]);
}
