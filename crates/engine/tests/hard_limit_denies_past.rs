//! A hard limit denies what passes it whole; trailing, forced and soft calls pass and say what passed.

mod support;

use limitr_engine::{Ask, Call, Reason};
use support::{HOUR, World, amount};

const POLICY: &str = r"
policy:
  credits: { token: {} }
  plans:
    free:
      default: true
      entitlements:
        hard: { limit: { credit: token, value: 10, resets: true, reset_inc: 1hr } }
        trailing: { limit: { credit: token, value: 10, hard_trailing: true, resets: true, reset_inc: 1hr } }
        soft: { limit: { credit: token, mode: soft, value: 10 } }
        watched: { limit: { credit: token, mode: observe, value: 10 } }
";

#[test]
fn a_denial_says_when_to_come_back() {
    let mut world = World::with_ann(POLICY);
    assert!(world.allow("hard", 10.0));
    world.advance(HOUR - 1);
    let decision = world.decide("hard", 10.0);
    assert_eq!((decision.reason, decision.retry_after_ms), (Reason::OverLimit, Some(1)));
    assert_eq!(world.decide("hard", 10.1).retry_after_ms, None, "no period has room for it");
    world.advance(1);
    assert!(world.allow("hard", 10.0));
}

#[test]
fn a_denied_event_says_what_did_not_fit() {
    let mut world = World::with_ann(POLICY);
    assert!(world.allow("hard", 8.0));
    world.events();
    assert!(!world.allow("hard", 5.0));
    let event = world.events().pop().unwrap();
    assert_eq!((&event["type"], &event["invalid_value"]), (&"meter-limit".into(), &13.0.into()));
    assert_eq!((&event["overage"], &event["remaining"]), (&3.0.into(), &2.0.into()));
}

#[test]
fn trailing_lets_one_call_cross_and_counts_what_passed() {
    let mut world = World::with_ann(POLICY);
    assert!(world.allow("trailing", 9.0));
    let decision = world.decide("trailing", 4.0);
    assert_eq!((decision.reason, decision.overage), (Reason::Overage, Some(amount("3"))));
    let decision = world.decide("trailing", 0.0);
    assert_eq!((decision.reason, decision.retry_after_ms), (Reason::OverLimit, Some(HOUR)));
    assert_eq!(world.told(), ["meter-changed", "meter-overage", "meter-limit"]);
}

#[test]
fn force_records_and_is_named_only_where_it_was_needed() {
    let mut world = World::with_ann(POLICY);
    let forced = |world: &mut World, entitlement, value| {
        let call = Call { force: true, ..Call::new(Ask::by(value)) };
        let decision = world.engine.decide(world.now, "ann", entitlement, &call).unwrap();
        (decision.allowed, decision.reason, decision.overage.unwrap().to_f64())
    };
    assert_eq!(forced(&mut world, "hard", 10.0), (true, Reason::Ok, 0.0));
    assert_eq!(forced(&mut world, "hard", 2.5), (true, Reason::Forced, 2.5));
    assert_eq!(forced(&mut world, "hard", 0.0), (true, Reason::Ok, 0.0));
    assert_eq!(forced(&mut world, "hard", -1.0), (true, Reason::Ok, 0.0));
    assert_eq!(forced(&mut world, "trailing", 12.0), (true, Reason::Overage, 2.0));
    assert_eq!(forced(&mut world, "trailing", 0.0), (true, Reason::Forced, 0.0));
    assert_eq!(forced(&mut world, "soft", 12.0), (true, Reason::Overage, 2.0));
    assert_eq!(forced(&mut world, "watched", 12.0), (true, Reason::Ok, 0.0));
    let call = Call { force: true, ..Call::new(Ask::by(1.0)) };
    assert!(!world.run("unheard_of", &call), "what is missing can't be forced");
    world.assert_replays(POLICY);
}

#[test]
fn only_what_is_newly_past_a_soft_limit_is_overage() {
    let mut world = World::with_ann(POLICY);
    let mut overages = Vec::new();
    for value in [8.0, 5.0, -4.0, 3.0, 2.0] {
        overages.push(world.decide("soft", value).overage.unwrap().to_f64());
    }
    assert_eq!(overages, [0.0, 3.0, 0.0, 2.0, 2.0]);
    assert_eq!((world.value("soft"), world.remaining("soft")), (14.0, -4.0));
    assert_eq!(world.engine.allowance(world.now, "ann", "soft"), Some(amount("0")));
    assert_eq!(world.engine.value_percent(world.now, "ann", "soft"), Some(140.0));
    assert_eq!(world.engine.remaining_percent(world.now, "ann", "soft", true), Some(0.0));
}

#[test]
fn observing_has_nothing_left_or_past() {
    let mut world = World::with_ann(POLICY);
    let decision = world.decide("watched", 50.0);
    assert_eq!(
        (decision.reason, decision.overage, decision.remaining),
        (Reason::Ok, Some(amount("0")), None)
    );
    assert_eq!(world.engine.remaining(world.now, "ann", "watched", true), None);
    assert_eq!(world.engine.remaining_percent(world.now, "ann", "watched", true), None);
    assert_eq!(world.engine.projected_exhaustion(world.now, "ann", "watched"), None);
    assert_eq!(world.engine.value_percent(world.now, "ann", "watched"), Some(500.0));
}
