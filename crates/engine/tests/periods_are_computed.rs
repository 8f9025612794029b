//! Periods follow from the meter's start and the time alone, whenever anybody looks.

mod support;

use limitr_engine::{Ask, Call};
use support::{DAY, HOUR, START, World};

const POLICY: &str = r"
policy:
  credits: { token: {} }
  plans:
    free:
      default: true
      entitlements:
        hourly: { limit: { credit: token, value: 10, resets: true, reset_inc: 1hr } }
        monthly: { limit: { credit: token, value: 10, resets: true, reset_sch: 'monthly:1' } }
        forever: { limit: { credit: token, value: 10 } }
";

#[test]
fn the_clock_never_runs_backwards() {
    let mut world = World::with_ann(POLICY);
    assert!(world.allow("hourly", 10.0));
    world.advance(HOUR);
    assert!(world.allow("hourly", 4.0));
    let engine = &mut world.engine;
    // An earlier `now` counts as the latest one seen: reads and calls see the same period as before.
    assert_eq!(engine.value(START, "ann", "hourly").unwrap().to_f64(), 4.0);
    assert_eq!(engine.resets(START, "ann", "hourly"), Some(START + 2 * HOUR));
    assert!(engine.allow(START, "ann", "hourly", &Call::new(Ask::by(6.0))).unwrap());
    assert_eq!(engine.value(START + HOUR, "ann", "hourly").unwrap().to_f64(), 10.0);
    world.assert_replays(POLICY);
}

#[test]
fn the_farthest_times_are_no_trouble() {
    let mut world = World::with_ann(POLICY);
    for now in [START, 253_402_300_799_999, 9_000_000_000_000_000, i64::MAX - 1, i64::MAX] {
        world.now = now;
        for entitlement in ["hourly", "monthly", "forever"] {
            let allowed = world.allow(entitlement, 0.25);
            assert!(allowed, "{entitlement} at {now}");
            assert!(world.remaining(entitlement) <= 9.75);
            assert!(world.resets(entitlement).is_none_or(|at| at >= now));
        }
    }
    world.assert_replays(POLICY);
}

#[test]
fn a_read_begins_nothing() {
    let mut world = World::with_ann(POLICY);
    assert!(world.allow("hourly", 10.0));
    world.events();
    world.advance(100 * DAY);
    let before = world.state();
    assert_eq!(world.value("hourly"), 0.0);
    assert_eq!(world.remaining("hourly"), 10.0);
    assert_eq!(world.engine.rate(world.now, "ann", "hourly"), Some(0.0));
    assert!(world.engine.check(world.now, "ann", "hourly", &Call::new(Ask::by(10.0))).unwrap());
    assert_eq!(world.state(), before);
    assert!(world.events().is_empty());
}

#[test]
fn a_removed_customer_starts_over() {
    let mut world = World::with_ann(POLICY);
    assert!(world.allow("hourly", 10.0));
    assert_eq!(world.engine.remove_customer(world.now, "ann"), Ok(true));
    assert_eq!(world.engine.value(world.now, "ann", "hourly"), None);
    world.advance(90 * 60_000);
    world.create("ann", &limitr_engine::Profile::default());
    assert_eq!(world.value("hourly"), 0.0);
    assert_eq!(world.resets("hourly"), Some(START + 90 * 60_000 + HOUR));
    world.assert_replays(POLICY);
}

#[test]
fn exhaustion_is_projected_within_the_period() {
    let mut world = World::with_ann(POLICY);
    let projected = |world: &World| world.engine.projected_exhaustion(world.now, "ann", "hourly");
    assert_eq!(projected(&world), None, "it stands still");
    assert!(world.allow("hourly", 1.0));
    world.advance(60_000);
    assert!(world.allow("hourly", 1.0));
    assert_eq!(projected(&world), Some(world.now + 8 * 60_000));
    world.override_limit("hourly", serde_json::json!({ "value": 62 }), None);
    assert_eq!(projected(&world), None, "the period ends at that moment or before");
    assert!(world.run("hourly", &Call::new(Ask::To(limitr_engine::Given::Number(62.0)))));
    assert_eq!(projected(&world), Some(world.now));
}
