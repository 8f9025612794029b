//! What grants covered, what holds keep and what caps count stays true when limits change, caps are replaced and holds end.
#![allow(clippy::arithmetic_side_effects, clippy::indexing_slicing, clippy::unwrap_used)] // a test may panic

mod support;

use limitr_engine::{Given, HoldId, Likeness, Reserve, Settle};
use serde_json::json;
use support::{HOUR, World, amount};

const POLICY: &str = r"
policy:
  credits: { token: { price: 0.5 } }
  plans:
    free:
      default: true
      entitlements:
        chat: { limit: { credit: token, value: 6 } }
        soft: { limit: { credit: token, mode: soft, value: 6 } }
      topups:
        pack: { credit: token, value: 2 }
";

fn reserve(world: &mut World, value: f64) -> HoldId {
    let reserve = Reserve { value: Some(Given::Number(value)), ..Reserve::default() };
    world.engine.reserve(world.now, "ann", "soft", &reserve).unwrap().unwrap()
}

#[test]
fn units_that_a_raised_limit_includes_are_covered_no_more() {
    let mut world = World::with_ann(POLICY);
    world.engine.apply_topup(world.now, "ann", "pack").unwrap();
    assert!(world.allow("chat", 7.0));
    world.override_limit("chat", json!({ "value": 7 }), None);
    assert_eq!(world.remaining("chat"), 1.0, "what the grant still covers");
    assert!(!world.allow("chat", 2.0) && world.allow("chat", 1.0));
    world.assert_replays(POLICY);
    world.assert_loads(POLICY);
}

#[test]
fn another_cap_of_the_same_id_is_not_the_one_that_a_hold_stood_on() {
    let mut world = World::with_ann(POLICY);
    let options = json!({ "cap_id": "c" }).as_object().cloned().unwrap();
    world.engine.add_cap(world.now, "ann", Given::Number(5.0), &options).unwrap();
    let hold = reserve(&mut world, 4.0);
    assert_eq!(world.engine.cap(world.now, "ann", "c").unwrap()["held"], 2.0);
    assert!(world.engine.remove_cap(world.now, "ann", "c").unwrap());
    world.engine.add_cap(world.now, "ann", Given::Number(5.0), &options).unwrap();
    assert_eq!(world.engine.cap(world.now, "ann", "c").unwrap()["held"], 0.0);
    world.assert_replays(POLICY);
    world.assert_loads(POLICY);
    assert!(world.engine.release(world.now, "ann", "soft", hold).unwrap());
}

#[test]
fn a_hold_that_is_over_teaches_nothing_of_what_it_consumed() {
    let mut world = World::with_ann(POLICY);
    let hold = reserve(&mut world, 4.0);
    let part = |value: f64| Settle::new(Given::Number(value));
    assert!(world.engine.consume_hold(world.now, "ann", "soft", hold, &part(3.0)).unwrap());
    world.advance(HOUR);
    assert!(world.engine.settle(world.now, "ann", "soft", Some(hold), &part(2.0)).unwrap());
    let learnt = world.engine.estimate(world.now, "ann", "soft", &Likeness::default()).unwrap().unwrap();
    assert_eq!((learnt.value, world.value("soft")), (2.0, 5.0));
    world.assert_replays(POLICY);
}

#[test]
fn what_remains_and_is_held_ends_where_counting_does() {
    let mut world = World::with_ann(POLICY);
    reserve(&mut world, 1e24);
    assert_eq!(world.remaining("soft"), -1e24);
    let more = Reserve { value: Some(Given::Number(1.0)), ..Reserve::default() };
    let refused = world.engine.reserve(world.now, "ann", "soft", &more).unwrap_err();
    assert_eq!(refused.code(), "amount_out_of_range");
    assert_eq!(world.engine.held(world.now, "ann", "soft"), Some(amount("1e24")));
    world.assert_loads(POLICY);
}
