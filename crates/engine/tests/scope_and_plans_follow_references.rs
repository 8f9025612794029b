//! The plan is the caller's; the meter and the override are those of whoever holds the scope, as references stand now.
#![allow(clippy::arithmetic_side_effects, clippy::unwrap_used)] // a test may panic

mod support;

use limitr_engine::{Ask, Call, Engine, Profile, Reason};
use serde_json::json;
use support::World;

const POLICY: &str = r"
policy:
  credits: { seat: {} }
  plans:
    free: { default: true, entitlements: { own: { limit: { credit: seat, value: 3 } }, seats: { scope: org, limit: { credit: seat, value: 5 } } } }
    pro: { entitlements: { own: { limit: { credit: seat, value: 30 } }, seats: { scope: org, limit: { credit: seat, value: 50 } }, sso: { scope: org } } }
";

fn refs(names: &[&str]) -> Option<Vec<String>> {
    Some(names.iter().map(|name| name.to_string()).collect())
}

fn used(engine: &Engine, now: i64, id: &str) -> f64 {
    engine.value(now, id, "seats").unwrap().to_f64()
}

fn world() -> World {
    let mut world = World::new(POLICY);
    for org in ["acme", "bolt"] {
        world.create(org, &Profile { kind: Some("org"), ..Profile::default() });
    }
    world.create("ann", &Profile { refs: refs(&["acme"]), ..Profile::default() });
    world
}

#[test]
fn another_org_holds_another_meter() {
    let mut world = world();
    assert!(world.allow("seats", 4.0));
    world.create("ann", &Profile { refs: refs(&["bolt", "acme"]), ..Profile::default() });
    assert!(world.allow("seats", 5.0));
    let (engine, now) = (&world.engine, world.now);
    assert_eq!((used(engine, now, "acme"), used(engine, now, "bolt")), (4.0, 5.0));
    // The org is gone: the next one on the way holds the meter; then nobody.
    world.engine.remove_customer(now, "bolt").unwrap();
    assert!(world.allow("seats", 1.0));
    assert_eq!(used(&world.engine, now, "acme"), 5.0);
    world.engine.remove_customer(now, "acme").unwrap();
    assert_eq!(world.decide("seats", 0.0).reason, Reason::NoScopeHolder);
    world.assert_replays(POLICY);
}

#[test]
fn the_callers_plan_says_how_much_and_the_holders_override_beats_it() {
    let mut world = world();
    world.create("bob", &Profile { plan: "pro", refs: refs(&["acme"]), ..Profile::default() });
    let (engine, now) = (&mut world.engine, world.now);
    assert!(engine.allow(now, "bob", "seats", &Call::new(Ask::by(40.0))).unwrap());
    assert_eq!(engine.remaining(now, "bob", "seats", true).unwrap().to_f64(), 10.0);
    assert_eq!(engine.remaining(now, "ann", "seats", true).unwrap().to_f64(), -35.0);
    let fields = json!({ "value": 45 });
    let fields = fields.as_object().unwrap();
    engine.create_override(now, "acme", "seats", fields, None).unwrap();
    // One on the caller is no use where the org holds the meter.
    engine.create_override(now, "bob", "seats", fields, None).unwrap();
    for id in ["ann", "bob", "acme"] {
        assert_eq!(engine.remaining(now, id, "seats", true).unwrap().to_f64(), 5.0, "{id}");
    }
    world.assert_loads(POLICY);
}

#[test]
fn a_plan_change_of_the_org_keeps_its_members_meters() {
    let mut world = world();
    assert!(world.allow("own", 3.0) && world.allow("seats", 2.0));
    assert_eq!(world.engine.set_customer_plan(world.now, "acme", "pro", true), Ok(true));
    assert_eq!((world.value("own"), world.remaining("own")), (3.0, 27.0));
    assert_eq!(world.value("seats"), 0.0, "the org's own meters start anew");
    assert!(world.engine.set_customer_plan(world.now, "ann", "pro", true).unwrap());
    assert_eq!(world.value("own"), 0.0);
    // The empty name follows again.
    assert_eq!(world.engine.set_customer_plan(world.now, "ann", "", false), Ok(true));
    assert_eq!(world.engine.set_customer_plan(world.now, "acme", "free", false), Ok(true));
    assert_eq!(world.remaining("own"), 3.0);
    world.assert_replays(POLICY);
}

#[test]
fn a_scoped_feature_needs_its_holder() {
    let mut world = World::new(POLICY);
    world.create("ann", &Profile { plan: "pro", ..Profile::default() });
    assert_eq!(world.decide("sso", 0.0).reason, Reason::NoScopeHolder);
    world.create("acme", &Profile { kind: Some("org"), ..Profile::default() });
    world.create("ann", &Profile { refs: refs(&["acme"]), ..Profile::default() });
    assert_eq!(world.decide("sso", 0.0).reason, Reason::Feature);
}

/// A search is bounded, ends in cycles, and takes the first reference first on each level.
#[test]
fn long_chains_wide_fans_and_cycles_end() {
    let mut world = World::new(POLICY);
    for at in 0..100 {
        let next = (at + 1) % 100;
        let names: Vec<String> = (0..64).map(|step| format!("c{}", (next + step) % 100)).collect();
        world.create(&format!("c{at}"), &Profile { plan: "free", refs: Some(names), ..Profile::default() });
    }
    world.create("ann", &Profile { plan: "free", refs: refs(&["c0"]), ..Profile::default() });
    assert_eq!(world.decide("seats", 1.0).reason, Reason::NoScopeHolder);
    let last = Profile { refs: refs(&["c0", "acme"]), ..Profile::default() };
    world.create("acme", &Profile { plan: "free", kind: Some("org"), ..Profile::default() });
    world.create("c63", &last);
    assert!(world.allow("seats", 1.0), "found past the sixteen that lie on the stack");
}
