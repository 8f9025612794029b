//! What a value may be, and what becomes of very large, very small and negative ones.

mod support;

use limitr_engine::{Ask, Call, Given};
use support::{World, amount};

const POLICY: &str = r"
policy:
  credits: { token: { overhead_cost: 0.5 }, mb: { stof_units: MB } }
  plans:
    free:
      default: true
      entitlements:
        hard: { limit: { credit: token, value: 10, increment: 4 } }
        soft: { limit: { credit: token, mode: soft, value: 10 } }
        watched: { limit: { credit: token, mode: observe, minimum: 2 } }
        trailing: { limit: { credit: token, value: 10, hard_trailing: true } }
        nothing: { limit: { credit: token, value: 0 } }
        nothing_trailing: { limit: { credit: token, hard_trailing: true } }
        storage: { limit: { credit: mb, value: 1GiB } }
        flag: {}
";

#[test]
fn less_than_the_smallest_is_nothing() {
    let mut world = World::with_ann(POLICY);
    for value in [0.0, -0.0, 1e-13, -1e-13, 4e-13] {
        assert!(world.allow("hard", value));
    }
    assert!(world.events().is_empty());
    assert!(world.allow("hard", 6e-13), "rounds to the smallest");
    assert_eq!(world.value("hard"), 1e-12);
    assert!(!world.allow("hard", 10.0));
}

#[test]
fn no_sum_passes_what_can_be_counted() {
    let mut world = World::with_ann(POLICY);
    assert!(!world.allow("hard", 1e24), "denied, no error");
    assert!(world.allow("soft", 1e24));
    assert!(world.allow("watched", 1e24));
    let before = world.state();
    for entitlement in ["soft", "watched"] {
        let call = Call::new(Ask::by(1.0));
        let refused = world.engine.allow(world.now, "ann", entitlement, &call).unwrap_err();
        assert_eq!(refused.code(), "amount_out_of_range");
        assert_eq!(world.engine.check(world.now, "ann", entitlement, &call), Err(refused));
    }
    for value in [f64::NAN, f64::INFINITY, -f64::INFINITY, 1.1e24, -1.1e24] {
        let call = Call::new(Ask::by(value));
        let refused = world.engine.allow(world.now, "ann", "hard", &call).unwrap_err();
        assert_eq!(refused.code(), "invalid_value");
        assert!(world.allow("flag", value), "a flag reads no value");
        assert!(!world.allow("unheard_of", value));
    }
    assert_eq!(world.state(), before);
    assert!(world.allow("soft", -1e24));
    assert_eq!(world.value("soft"), 0.0);
}

#[test]
fn a_decrease_stops_at_the_floor_and_counts_only_what_moved() {
    let mut world = World::with_ann(POLICY);
    assert!(world.allow("watched", 1.0));
    assert!(world.run("watched", &Call::new(Ask::Decrement)), "below its minimum already: it stays");
    assert_eq!(world.value("watched"), 1.0);
    assert!(world.allow("watched", 4.0));
    assert!(world.allow("watched", -100.0));
    assert_eq!(world.value("watched"), 2.0);
    let last = world.events().pop().unwrap();
    assert_eq!((&last["meter"]["diff"], &last["meter"]["overhead_diff"]), (&(-3.0).into(), &(-1.5).into()));
    assert_eq!(last["meter"]["overhead"], 1.0);
}

#[test]
fn overhead_alone_counts_and_may_be_negative() {
    let mut world = World::with_ann(POLICY);
    for (overhead, sum) in [("2.5", 2.5), ("-3", -0.5)] {
        let call = Call { overhead: Some(amount(overhead)), ..Call::new(Ask::by(0.0)) };
        assert!(world.run("hard", &call));
        let event = world.events().pop().unwrap();
        assert_eq!((&event["type"], &event["meter"]["diff"]), (&"meter-changed".into(), &0.0.into()));
        assert_eq!(event["meter"]["overhead"], sum);
    }
    // At a full trailing limit it is denied with the call, and counts nothing.
    assert!(world.allow("trailing", 10.0));
    let before = world.state();
    let call = Call { overhead: Some(amount("1")), ..Call::new(Ask::by(0.0)) };
    assert!(!world.run("trailing", &call));
    assert_eq!(world.state(), before);
    world.assert_replays(POLICY);
}

#[test]
fn a_limit_of_nothing_denies_all_but_nothing() {
    let mut world = World::with_ann(POLICY);
    assert!(world.allow("nothing", 0.0));
    assert!(!world.allow("nothing", 1e-12));
    assert!(!world.allow("nothing_trailing", 0.0), "at its limit from the start");
    assert!(world.allow("nothing_trailing", -1.0));
    assert_eq!(world.decide("nothing_trailing", 1.0).retry_after_ms, None);
    assert_eq!(world.engine.value_percent(world.now, "ann", "nothing"), None);
    assert_eq!(world.engine.remaining_percent(world.now, "ann", "nothing", true), None);
}

#[test]
fn set_moves_by_the_difference_in_any_unit() {
    let mut world = World::with_ann(POLICY);
    let set = |text| Call::new(Ask::To(Given::Text(text)));
    assert!(world.run("storage", &set("1GB")));
    assert_eq!(world.value("storage"), 1_000.0);
    assert!(!world.run("storage", &set("2GB")));
    assert!(world.run("storage", &set("512KiB")));
    assert_eq!(world.value("storage"), 0.524288);
    assert!(world.run("storage", &set("-1GB")));
    assert_eq!(world.value("storage"), 0.0);
    assert!(world.run("flag", &set("1GB")));
    assert!(world.run("flag", &Call::new(Ask::Increment)));
    assert!(world.run("flag", &Call::new(Ask::Decrement)));
    assert_eq!(world.engine.value(world.now, "ann", "flag"), None);
}

#[test]
fn silent_calls_move_and_say_nothing() {
    let mut world = World::with_ann(POLICY);
    for (ask, moved) in [(Ask::Increment, true), (Ask::Increment, true), (Ask::Increment, false)] {
        assert_eq!(world.run("hard", &Call { events: false, ..Call::new(ask) }), moved);
    }
    assert!(world.events().is_empty());
    assert_eq!(world.value("hard"), 8.0);
}
