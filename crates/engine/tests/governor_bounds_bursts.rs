//! The governor: who takes tokens, who doesn't, and when to come back.

mod support;

use limitr_engine::{Ask, Call, Reason};
use serde_json::json;
use support::{DAY, HOUR, World, amount};

const POLICY: &str = r"
policy:
  credits: { token: {}, mb: { stof_units: MB } }
  plans:
    free:
      default: true
      entitlements:
        burst: { limit: &burst { credit: token, value: 20, resets: true, reset_inc: 1hr, governor_enabled: true, governor_capacity: 10, governor_refill_rate: 0.000001 } }
        quick: { limit: { credit: token, value: 20, governor_enabled: true, governor_capacity: 10, governor_refill_rate: 0.003 } }
        trailing: { limit: { credit: token, value: 4, hard_trailing: true, resets: true, reset_inc: 1hr, governor_enabled: true, governor_capacity: 10, governor_refill_rate: 0.000000001 } }
        units: { limit: { credit: mb, value: 1GB, governor_enabled: true, governor_capacity: 5000KB, governor_refill_rate: 0.001 } }
        soft: { limit: { credit: token, mode: soft, value: 20, governor_enabled: true, governor_capacity: 1, governor_refill_rate: 0.001 } }
";

#[test]
fn a_denial_takes_no_tokens() {
    let mut world = World::with_ann(POLICY);
    assert!(world.allow("quick", 10.0));
    world.advance(2_000);
    assert!(!world.allow("quick", 7.0), "six tokens came back");
    assert!(world.allow("quick", 6.0));
    world.advance(DAY);
    assert!(!world.allow("quick", 5.0), "the limit has room for four");
    assert!(world.allow("quick", 4.0));
    world.assert_replays(POLICY);
}

#[test]
fn force_empties_the_bucket_and_no_further() {
    let mut world = World::with_ann(POLICY);
    let call = Call { force: true, ..Call::new(Ask::by(15.0)) };
    let decision = world.engine.decide(world.now, "ann", "quick", &call).unwrap();
    assert_eq!((decision.reason, decision.overage), (Reason::Forced, Some(amount("0"))));
    world.advance(1_000);
    assert!(world.allow("quick", 3.0), "it stopped at 0, so a second gave three");
    assert!(!world.allow("quick", 0.001));
    // What would have been allowed anyway isn't forced.
    world.advance(1_000);
    let call = Call { force: true, ..Call::new(Ask::by(1.0)) };
    assert_eq!(world.engine.decide(world.now, "ann", "quick", &call).unwrap().reason, Reason::Ok);
}

#[test]
fn a_new_period_starts_with_a_full_bucket() {
    let mut world = World::with_ann(POLICY);
    assert!(world.allow("burst", 10.0));
    let decision = world.decide("burst", 10.0);
    assert_eq!(decision.reason, Reason::Governed);
    assert_eq!(decision.retry_after_ms, Some(HOUR), "sooner than ten million seconds of refilling");
    world.advance(HOUR);
    assert!(world.allow("burst", 10.0));
}

#[test]
fn what_never_fits_has_no_time_to_come_back() {
    let mut world = World::with_ann(POLICY);
    assert_eq!(world.decide("burst", 10.5).retry_after_ms, None);
    assert_eq!(world.decide("quick", 11.0).retry_after_ms, None);
}

/// A trailing limit lets a call cross, so its next period admits more than the limit.
#[test]
fn a_trailing_limit_admits_a_crossing_call_in_its_next_period() {
    let mut world = World::with_ann(POLICY);
    assert!(world.allow("trailing", 3.0));
    let decision = world.decide("trailing", 9.0);
    assert_eq!(
        (decision.reason, decision.retry_after_ms),
        (Reason::Governed, Some(HOUR)),
        "sooner than the tokens"
    );
    world.advance(HOUR);
    assert!(world.allow("trailing", 9.0));
}

#[test]
fn its_capacity_stands_in_the_credits_unit() {
    let mut world = World::with_ann(POLICY);
    assert!(world.allow("units", 5.0));
    assert!(!world.allow("units", 0.001));
    assert_eq!(world.engine.allowance(world.now, "ann", "units"), Some(amount("0")));
}

#[test]
fn a_soft_limit_has_none() {
    let mut world = World::with_ann(POLICY);
    assert!(world.allow("soft", 15.0));
    let told = world.events();
    assert!(told[0].get("governor").is_none());
}

#[test]
fn nothing_asked_needs_no_token() {
    let mut world = World::with_ann(POLICY);
    assert!(world.allow("quick", 10.0));
    assert!(world.allow("quick", 0.0));
    let overhead = Some(amount("0.5"));
    assert!(world.run("quick", &Call { overhead, ..Call::new(Ask::by(0.0)) }));
    assert_eq!(world.events()[1]["meter"]["diff"], json!(0.0));
}
