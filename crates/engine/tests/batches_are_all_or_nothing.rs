//! Several calls as one step: judged in sequence, metered together or not at all.

mod support;

use limitr_engine::{BatchItem, Given};
use support::{DAY, HOUR, World};

const POLICY: &str = r"
policy:
  credits: { token: { overhead_cost: 0.5 }, mb: { stof_units: MB } }
  plans:
    free:
      default: true
      entitlements:
        a: { limit: { credit: token, value: 10, resets: true, reset_inc: 1hr } }
        b: { limit: { credit: token, value: 3, resets: true, reset_inc: 1day } }
        burst: { limit: { credit: token, value: 50, governor_enabled: true, governor_capacity: 6, governor_refill_rate: 0.001 } }
        storage: { limit: { credit: mb, value: 100 } }
        flag: {}
";

#[test]
fn a_denied_item_takes_all_back_but_its_own_new_period() {
    let mut world = World::with_ann(POLICY);
    assert!(world.together(&[("a", 9.0), ("b", 3.0)]));
    world.events();
    world.advance(DAY);
    let mut expected = world.engine.customer_record("ann").unwrap();
    assert!(!world.together(&[("a", 5.0), ("flag", 0.0), ("b", 4.0), ("a", 1.0)]));
    assert_eq!(world.told(), ["meter-reset", "meter-limit"], "only the failing item's");
    // `a` is as it was, in its old period; `b` has begun its new one.
    expected["meters"]["b"] = world.engine.meter_json(world.now, "ann", "b").unwrap();
    assert_eq!(world.engine.customer_record("ann").unwrap(), expected);
    assert_eq!(world.value("b"), 0.0);
    assert!(world.allow("a", 1.0));
    assert_eq!(world.told(), ["meter-reset", "meter-changed"], "its reset is told when a call begins it");
    world.assert_replays(POLICY);
}

#[test]
fn the_same_meter_twice_over_a_new_period() {
    let mut world = World::with_ann(POLICY);
    assert!(world.allow("a", 10.0));
    world.advance(HOUR);
    let before = world.state();
    world.events();
    assert!(!world.together(&[("a", 6.0), ("a", 6.0)]));
    assert_eq!(world.told(), ["meter-limit"]);
    assert_eq!(world.state(), before);
    assert!(world.together(&[("a", 6.0), ("a", -2.0), ("a", 6.0)]));
    assert_eq!(world.told(), ["meter-reset", "meter-changed", "meter-changed", "meter-changed"]);
    assert_eq!(world.value("a"), 10.0);
    world.assert_replays(POLICY);
}

#[test]
fn a_refused_item_changes_nothing_and_sends_nothing() {
    let mut world = World::with_ann(POLICY);
    assert!(world.allow("a", 1.0));
    world.advance(HOUR);
    world.events();
    let before = world.state();
    let items = [("a", Given::Number(1.0)), ("burst", Given::Number(6.0)), ("storage", Given::Text("5days"))];
    let items = items.map(|(entitlement, value)| BatchItem::new(entitlement, value));
    let refused = world.engine.decide_all(world.now, "ann", &items, true).unwrap_err();
    assert_eq!(refused.code(), "unit_mismatch");
    assert_eq!(world.state(), before);
    assert!(world.events().is_empty());
    assert!(world.together(&[("burst", 6.0)]), "the tokens are there again");
    world.assert_replays(POLICY);
}

#[test]
fn a_meter_that_had_not_started_has_not_started_after_a_denial() {
    let mut world = World::new(POLICY);
    let now = world.now;
    world.engine.set_customer(now, &serde_json::json!({ "id": "ann" }), false).unwrap();
    let before = world.state();
    assert!(!world.together(&[("a", 6.0), ("a", 6.0)]));
    assert_eq!(world.state(), before);
    world.assert_replays(POLICY);
}

#[test]
fn answers_stop_at_the_failing_item() {
    let mut world = World::with_ann(POLICY);
    let items = ["a", "unheard_of", "b"].map(|entitlement| BatchItem::new(entitlement, Given::Number(1.0)));
    let answer = world.engine.decide_all(world.now, "ann", &items, true).unwrap();
    assert!(!answer.allowed);
    let allowed: Vec<_> = answer.decisions.iter().map(|one| one.as_ref().map(|one| one.allowed)).collect();
    assert_eq!(allowed, [Some(true), Some(false), None]);
    assert_eq!(world.value("a"), 0.0);
    assert!(
        world.engine.decide_all(world.now, "nobody", &[], true).unwrap().allowed,
        "nothing asked is allowed"
    );
}
