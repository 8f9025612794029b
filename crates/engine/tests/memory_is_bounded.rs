//! What callers and records can make an engine keep has a bound and a clear error.

mod support;

use limitr_engine::limits::{EVENTS_MAX, NAMES_MAX};
use limitr_engine::{Ask, Call, Given};
use serde_json::{Map, Value, json};
use support::{World, policy};

const POLICY: &str = r"
policy:
  credits: { token: {} }
  plans: { free: { default: true, entitlements: { chat: { limit: { credit: token, value: 10 } }, flag: {} } } }
";

fn record(id: usize) -> Value {
    let meters: Map<String, Value> =
        (0..1_000).map(|meter| (format!("entitlement {id} {meter}"), json!({ "value": 1 }))).collect();
    json!({ "id": id.to_string(), "meters": meters })
}

#[test]
fn names_in_records_end_somewhere() {
    let mut world = World::new(POLICY);
    let code = (0..=NAMES_MAX / 1_000)
        .find_map(|id| world.engine.set_customer(world.now, &record(id), false).err())
        .map(|error| error.code());
    assert_eq!(code, Some("too_many"));
    let names = world.engine.names();
    assert!(names.entitlements.texts().count() <= NAMES_MAX);
    // What is known by name goes on.
    world.engine.set_customer(world.now, &record(0), false).unwrap();
    assert!(world.engine.create_customer(world.now, "ann", &limitr_engine::Profile::default()).unwrap());
    assert!(world.allow("chat", 1.0));
    assert_eq!(world.engine.update_policy(world.now, policy(POLICY)), Ok(2));
}

#[test]
fn unknown_entitlements_and_customers_leave_nothing() {
    let mut world = World::with_ann(POLICY);
    let before: usize = world.engine.names().entitlements.texts().count();
    for at in 0..100 {
        let name = format!("name {at}");
        assert!(!world.allow(&name, 1.0));
        assert!(!world.together(&[(&name, 1.0)]));
        let call = Call::new(Ask::by(1.0));
        assert!(!world.engine.allow(world.now, &name, "chat", &call).unwrap());
        assert!(!world.engine.decide_once(world.now, "ann", &name, &call, "id").unwrap().allowed);
    }
    assert_eq!(world.engine.names().entitlements.texts().count(), before);
    assert_eq!(world.engine.customer_count(), 1);
}

/// A feature flag reads no value, so any text passes: a remembered call doesn't keep it.
#[test]
fn a_remembered_call_keeps_no_long_text() {
    let mut world = World::with_ann(POLICY);
    let long = "x".repeat(1 << 20);
    let call = Call::new(Ask::By(Given::Text(&long)));
    assert!(world.engine.decide_once(world.now, "ann", "flag", &call, "id").unwrap().allowed);
    assert!(world.state().to_string().len() < 10_000);
    assert!(world.engine.decide_once(world.now, "ann", "flag", &call, "id").unwrap().allowed);
    let other = format!("{}y", "x".repeat((1 << 20) - 1));
    let call = Call::new(Ask::By(Given::Text(&other)));
    let refused = world.engine.decide_once(world.now, "ann", "flag", &call, "id").unwrap_err();
    assert_eq!(refused.code(), "idempotency_conflict");
}

#[test]
fn a_load_that_tells_more_than_can_wait_is_refused() {
    let mut world = World::new(POLICY);
    let records: Vec<Value> = (0..=EVENTS_MAX).map(|id| json!({ "id": id.to_string() })).collect();
    let refused = world.engine.load_customers(world.now, &records, true).unwrap_err();
    assert_eq!(refused.code(), "outbox_full");
    assert_eq!(world.engine.customer_count(), 0);
    assert_eq!(world.engine.load_customers(world.now, &records, false), Ok(EVENTS_MAX + 1));
}
