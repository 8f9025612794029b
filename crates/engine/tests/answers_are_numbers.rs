//! What leaves the engine as an answer is a number, the nearest double; only records spell out what a double can't carry.

mod support;

use limitr_engine::{Ask, Call, Given};
use support::World;

const POLICY: &str = r"
policy:
  credits: { token: {} }
  plans: { free: { default: true, entitlements: { chat: { limit: { credit: token, value: 1e12 } } } } }
";

/// Twenty-one digits: no double has them.
const LONG: &str = "123456789.123456789012";

#[test]
fn a_decision_shows_numbers() {
    let mut world = World::with_ann(POLICY);
    let call = Call::new(Ask::By(Given::Text(LONG)));
    let decision = world.engine.decide(world.now, "ann", "chat", &call).unwrap();
    let json = world.engine.decision_json(&decision);
    for field in ["limit", "used", "held", "remaining", "requested", "overage", "cost", "granted"] {
        assert!(json[field].is_number(), "{field}: {}", json[field]);
    }
    assert_eq!(json["used"], LONG.parse::<f64>().unwrap());
}

#[test]
fn an_event_shows_numbers() {
    let mut world = World::with_ann(POLICY);
    world.run("chat", &Call::new(Ask::By(Given::Text(LONG))));
    let events = world.events();
    for field in ["old", "value", "limit", "diff", "overhead", "overhead_diff"] {
        assert!(events[0]["meter"][field].is_number(), "{field}: {}", events[0]);
    }
    assert!(events[0]["remaining"].is_number());
}

#[test]
fn a_record_keeps_every_digit() {
    let mut world = World::with_ann(POLICY);
    let call = Call::new(Ask::By(Given::Text(LONG)));
    world.engine.decide_once(world.now, "ann", "chat", &call, "first").unwrap();
    let record = world.engine.customer_record("ann").unwrap();
    assert_eq!(record["meters"]["chat"]["value"], LONG);
    assert_eq!(record["decisions"]["first"]["decision"]["used"], LONG);
    world.assert_loads(POLICY);
    world.assert_replays(POLICY);
}
