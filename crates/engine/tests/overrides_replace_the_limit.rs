//! A customer's own limit replaces its plan's, field by field, until it ends.

mod support;

use limitr_engine::{Ask, Call, Engine, EngineOptions, Profile};
use serde_json::json;
use support::{DAY, HOUR, START, World, amount, policy};

const POLICY: &str = r"
policy:
  credits: { token: {}, mb: { stof_units: MB }, gb: { stof_units: GB } }
  plans:
    free:
      default: true
      entitlements:
        daily: { limit: { credit: token, value: 10, resets: true, reset_inc: 1day } }
        plain: { limit: { credit: token, value: 10, increment: 3 } }
        burst: { limit: { credit: token, value: 100, governor_enabled: true, governor_capacity: 5, governor_refill_rate: 0.001 } }
        storage: { limit: { credit: mb, value: 100 } }
        flag: {}
    pro: { entitlements: { plain: { limit: { credit: token, value: 50 } } } }
";

#[test]
fn a_second_builds_on_the_first_while_it_lives() {
    let mut world = World::with_ann(POLICY);
    world.override_limit("plain", json!({ "value": 20, "increment": 5 }), Some(START + HOUR));
    world.override_limit("plain", json!({ "mode": "soft" }), Some(START + HOUR));
    let limit = world.engine.limit_json(world.now, "ann", "plain").unwrap();
    assert_eq!(
        (&limit["value"], &limit["increment"], &limit["mode"]),
        (&json!(20), &json!(5), &json!("soft"))
    );
    world.advance(HOUR);
    assert_eq!(world.engine.limit(world.now, "ann", "plain", false), Some(amount("10")), "it has ended");
    // One that has ended is built on no more.
    world.override_limit("plain", json!({ "value": 7 }), None);
    let limit = world.engine.limit_json(world.now, "ann", "plain").unwrap();
    assert_eq!((&limit["increment"], &limit["mode"]), (&json!(3), &json!("hard")));
    world.assert_loads(POLICY);
    world.assert_replays(POLICY);
}

#[test]
fn it_survives_a_plan_change() {
    let mut world = World::with_ann(POLICY);
    world.override_limit("plain", json!({ "value": 20 }), None);
    assert_eq!(world.engine.set_customer_plan(world.now, "ann", "pro", true), Ok(true));
    assert_eq!(world.remaining("plain"), 20.0);
    assert_eq!(world.engine.remove_override(world.now, "ann", "plain"), Ok(true));
    assert_eq!(world.remaining("plain"), 50.0);
}

#[test]
fn ending_within_a_period_keeps_what_was_used() {
    let mut world = World::with_ann(POLICY);
    world.override_limit("daily", json!({ "value": 30 }), Some(START + HOUR));
    assert!(world.allow("daily", 25.0));
    world.advance(HOUR);
    assert_eq!(world.remaining("daily"), -15.0);
    assert!(!world.allow("daily", 1.0));
    assert!(world.allow("daily", 0.0));
    world.advance(DAY - HOUR);
    assert_eq!(world.remaining("daily"), 10.0);
}

#[test]
fn another_kind_of_reset_counts_at_once_and_ends_with_it() {
    let mut world = World::with_ann(POLICY);
    world.override_limit("daily", json!({ "reset_inc": "1hr" }), Some(START + 5 * HOUR));
    assert!(world.allow("daily", 10.0));
    world.advance(HOUR);
    assert!(world.allow("daily", 10.0), "an hour later it is another period");
    assert_eq!(world.told(), ["meter-changed", "meter-reset", "meter-changed"]);
    world.advance(4 * HOUR);
    assert_eq!(world.resets("daily"), Some(START + DAY));
    assert_eq!(world.value("daily"), 10.0, "what the last hour used counts in the day");
    // A calendar in place of the increment, then none at all.
    world.override_limit("daily", json!({ "reset_sch": "monthly:1" }), None);
    assert_eq!(world.resets("daily"), Some(1_706_745_600_000));
    world.override_limit("daily", json!({ "resets": false }), None);
    assert_eq!(world.resets("daily"), None);
    assert_eq!(world.value("daily"), 10.0);
    world.assert_replays(POLICY);
}

#[test]
fn a_governor_comes_and_goes_with_it() {
    let mut world = World::with_ann(POLICY);
    assert!(world.allow("burst", 5.0));
    assert!(!world.allow("burst", 1.0));
    world.override_limit("burst", json!({ "governor_capacity": 8 }), None);
    assert!(!world.allow("burst", 4.0), "three tokens more, five are spent");
    assert!(world.allow("burst", 3.0));
    world.override_limit("burst", json!({ "governor_enabled": false }), None);
    assert!(world.allow("burst", 50.0));
}

#[test]
fn a_flag_may_get_a_limit() {
    let mut world = World::with_ann(POLICY);
    world.override_limit("flag", json!({ "credit": "token", "value": 2 }), None);
    assert!(world.allow("flag", 2.0));
    assert!(!world.allow("flag", 1.0));
}

#[test]
fn a_refused_one_changes_nothing() {
    let mut world = World::with_ann(POLICY);
    world.override_limit("plain", json!({ "value": 20 }), None);
    let before = world.state();
    for (fields, code) in [
        (json!({ "credit": "ghost" }), "unknown_credit"),
        (json!({ "value": "5GB" }), "unit_mismatch"),
        (json!({ "value": -1 }), "bad_quantity"),
        (json!({ "reset_inc": "1day", "reset_sch": "monthly:1", "resets": true }), "two_reset_kinds"),
        (json!({ "valeu": 1 }), "unknown_field"),
    ] {
        let fields = fields.as_object().unwrap();
        let refused = world.engine.create_override(world.now, "ann", "plain", fields, None).unwrap_err();
        assert_eq!(refused.code(), code);
    }
    let none = json!({});
    let none = none.as_object().unwrap();
    let refused = world.engine.create_override(world.now, "ann", "unheard_of", none, None).unwrap_err();
    assert_eq!(refused.code(), "unknown_entitlement");
    assert_eq!(world.engine.create_override(world.now, "nobody", "plain", none, None), Ok(false));
    assert_eq!(world.state(), before);
    assert!(world.events().is_empty());
}

/// What is asked about is judged at the time of the asking, also where no call has come since.
#[test]
fn its_credit_ends_with_it() {
    let mut engine = Engine::new(policy(POLICY), EngineOptions { seed: 1, now: START }).unwrap();
    engine.create_customer(START, "ann", &Profile::default()).unwrap();
    let fields = json!({ "credit": "gb", "value": 1 });
    let fields = fields.as_object().unwrap();
    engine.create_override(START, "ann", "storage", fields, Some(START + HOUR)).unwrap();
    assert_eq!(engine.credit_of(START, "ann", "storage"), Some("gb"));
    assert_eq!(engine.credit_of(START + HOUR, "ann", "storage"), Some("mb"));
    assert!(engine.allow(START + HOUR, "ann", "storage", &Call::new(Ask::by(100.0))).unwrap());
}

#[test]
fn a_second_one_ends_with_the_first_it_builds_on() {
    let mut world = World::with_ann(POLICY);
    world.override_limit("plain", json!({ "value": 20 }), Some(world.now + HOUR));
    world.override_limit("plain", json!({ "increment": 2 }), None);
    assert_eq!(world.engine.limit(world.now, "ann", "plain", false), Some(amount("20")));
    assert_eq!(world.engine.limit(world.now + HOUR, "ann", "plain", false), Some(amount("10")));
}

#[test]
fn a_holder_inherits_from_its_members_plan() {
    let text = r"
policy:
  credits: { seat: {} }
  plans:
    org: {}
    member: { entitlements: { seats: { scope: org, limit: { credit: seat, value: 3 } } } }
";
    let mut engine = Engine::new(policy(text), EngineOptions { seed: 1, now: START }).unwrap();
    let org = Profile { plan: "org", kind: Some("org"), ..Profile::default() };
    engine.create_customer(START, "org", &org).unwrap();
    let refs = Some(vec!["org".to_string()]);
    engine.create_customer(START, "ann", &Profile { plan: "member", refs, ..Profile::default() }).unwrap();
    let fields = json!({ "value": 5 });
    engine.create_override(START, "org", "seats", fields.as_object().unwrap(), None).unwrap();
    assert_eq!(engine.limit(START, "ann", "seats", false), Some(amount("5")));
}

#[test]
fn without_a_limit_to_inherit_it_needs_a_credit() {
    let mut world = World::with_ann(POLICY);
    let fields = json!({ "value": 5 });
    let fields = fields.as_object().unwrap();
    let refused = world.engine.create_override(world.now, "ann", "flag", fields, None).unwrap_err();
    assert_eq!(refused.code(), "missing_field");
}
