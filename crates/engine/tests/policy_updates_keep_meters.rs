//! A new policy counts from the next call on; what was used stays used, whatever it is counted in.
#![allow(clippy::arithmetic_side_effects, clippy::unwrap_used)] // a test may panic

mod support;

use limitr_engine::{Given, Profile, Reason, Reserve};
use serde_json::json;
use support::{DAY, HOUR, START, World, amount, policy};

const MB: &str = r"
policy:
  credits: { data: { stof_units: MB }, token: {} }
  plans:
    free:
      default: true
      entitlements:
        storage: { limit: { credit: data, value: 1000 } }
        traffic: { limit: { credit: data, value: 1000, governor_enabled: true, governor_capacity: 100, governor_refill_rate: 0.001 } }
        shared: { scope: org, limit: { credit: data, value: 1000 } }
        chat: { limit: { credit: token, value: 10, resets: true, reset_inc: 1day } }
";

const GB: &str = r"
policy:
  credits: { data: { stof_units: GB }, token: {} }
  plans:
    free:
      default: true
      entitlements:
        storage: { limit: { credit: data, value: 1 } }
        traffic: { limit: { credit: data, value: 1, governor_enabled: true, governor_capacity: 0.1, governor_refill_rate: 0.000001 } }
        shared: { scope: org, limit: { credit: data, value: 1 } }
        chat: { limit: { credit: token, value: 10, resets: true, reset_inc: 1day } }
";

const CHANGED: &str = r"
policy:
  credits: { token: {} }
  plans: { free: { default: true, entitlements: { chat: { limit: { credit: token, mode: soft, value: 4, resets: true, reset_inc: 1hr } }, flag: {} } } }
";

fn update(world: &mut World, text: &str) {
    world.engine.update_policy(world.now, policy(text)).unwrap();
    world.events();
}

#[test]
fn a_meter_is_brought_into_its_credits_new_unit() {
    let mut world = World::new(MB);
    world.create("org", &Profile { kind: Some("org"), ..Profile::default() });
    world.create("ann", &Profile { plan: "free", refs: Some(vec!["org".into()]), ..Profile::default() });
    for entitlement in ["storage", "shared"] {
        assert!(world.allow(entitlement, 400.0));
        world.advance(100_000);
        assert!(world.allow(entitlement, 100.0));
    }
    assert!(world.allow("traffic", 75.0) && world.allow("chat", 3.0));
    let rate = world.engine.rate(world.now, "ann", "storage").unwrap();
    update(&mut world, GB);
    for entitlement in ["storage", "shared"] {
        assert_eq!((world.value(entitlement), world.remaining(entitlement)), (0.5, 0.5), "{entitlement}");
    }
    assert_eq!(world.engine.allowance(world.now, "ann", "traffic"), Some(amount("0.025")));
    assert_eq!(world.engine.rate(world.now, "ann", "storage"), Some(rate / 1_000.0));
    assert_eq!(world.value("chat"), 3.0, "another credit stays");
    assert!(!world.allow("storage", 0.6) && world.allow("storage", 0.5));
    world.assert_replays(GB);
    update(&mut world, MB);
    assert_eq!(world.value("storage"), 1_000.0);
}

#[test]
fn grants_caps_and_holds_are_brought_into_it_too() {
    let with_topup = |text: &str, value: &str| {
        text.replace(
            "      entitlements:",
            &format!("      topups: {{ pack: {{ credit: data, value: {value} }} }}\n      entitlements:"),
        )
    };
    let (mb, gb) = (with_topup(MB, "500"), with_topup(GB, "0.5"));
    let mut world = World::with_ann(&mb);
    assert!(world.engine.apply_topup(world.now, "ann", "pack").unwrap());
    let options = json!({ "cap_id": "c", "credit": "data" }).as_object().cloned().unwrap();
    world.engine.add_cap(world.now, "ann", Given::Number(1_500.0), &options).unwrap();
    assert!(world.allow("storage", 1_200.0));
    let reserve = Reserve { value: Some(Given::Number(250.0)), ..Reserve::default() };
    assert!(world.engine.reserve(world.now, "ann", "storage", &reserve).unwrap().is_some());
    update(&mut world, &gb);
    assert_eq!(world.engine.remaining_credit(world.now, "ann", "data"), Some(amount("0.3")));
    assert_eq!(world.engine.held(world.now, "ann", "storage"), Some(amount("0.25")));
    assert_eq!(world.engine.granted(world.now, "ann", "storage"), Some(amount("0.2")));
    let cap = world.engine.cap(world.now, "ann", "c").unwrap();
    assert_eq!((&cap["value"], &cap["meter_value"], &cap["held"]), (&json!(1.5), &json!(1.2), &json!(0.25)));
    assert!(!world.allow("storage", 0.06), "the cap has room for 0.05");
    assert!(world.allow("storage", 0.05));
    world.assert_replays(&gb);
}

/// What counts in a credit that is gone stays, counts nothing, and comes back with it.
#[test]
fn caps_and_grants_of_a_credit_that_is_gone_wait_for_it() {
    let with_topup = MB.replace(
        "      entitlements:",
        "      topups: { pack: { credit: data, value: 500 } }\n      entitlements:",
    );
    let mut world = World::with_ann(&with_topup);
    assert!(world.engine.apply_topup(world.now, "ann", "pack").unwrap());
    let options = json!({ "cap_id": "c", "credit": "data" }).as_object().cloned().unwrap();
    world.engine.add_cap(world.now, "ann", Given::Number(700.0), &options).unwrap();
    assert!(world.allow("storage", 600.0));
    update(&mut world, CHANGED);
    assert!(world.allow("chat", 3.0));
    world.assert_loads(CHANGED);
    update(&mut world, &with_topup);
    assert_eq!(world.engine.cap(world.now, "ann", "c").unwrap()["meter_value"], 600.0);
    assert_eq!(world.engine.remaining_credit(world.now, "ann", "data"), Some(amount("500")));
    assert!(!world.allow("storage", 101.0) && world.allow("storage", 100.0));
    world.assert_replays(&with_topup);
}

#[test]
fn a_limit_of_ones_own_means_what_it_meant() {
    let mut world = World::with_ann(MB);
    world.override_limit("storage", json!({ "value": 2500 }), None);
    world.override_limit("traffic", json!({ "governor_capacity": 500, "value": "3GB" }), Some(START + HOUR));
    assert!(world.allow("storage", 2_000.0) && world.allow("traffic", 500.0));
    update(&mut world, GB);
    assert_eq!((world.value("storage"), world.remaining("storage")), (2.0, 0.5));
    assert_eq!((world.value("traffic"), world.remaining("traffic")), (0.5, 2.5));
    world.advance(1_000);
    assert_eq!(world.engine.allowance(world.now, "ann", "traffic"), Some(amount("0.001")));
    world.assert_loads(GB);
    world.assert_replays(GB);
}

#[test]
fn what_the_new_unit_cannot_count_refuses_the_update() {
    let text = |unit: &str| {
        format!(
            "policy: {{ credits: {{ data: {{ stof_units: {unit} }} }}, plans: {{ free: {{ default: true, entitlements: {{ all: {{ limit: {{ credit: data, mode: observe }} }} }} }} }} }}"
        )
    };
    let mut world = World::with_ann(&text("GB"));
    assert!(world.allow("all", 1e20));
    let before = world.state();
    world.events();
    let refused = world.engine.update_policy(world.now, policy(&text("bytes"))).unwrap_err();
    assert_eq!(refused.code(), "amount_out_of_range");
    assert_eq!((world.state(), world.engine.policy_version()), (before, 1));
    assert!(world.events().is_empty());
}

#[test]
fn another_mode_value_and_period_count_from_the_next_call_on() {
    let mut world = World::with_ann(MB);
    assert!(world.allow("chat", 10.0));
    world.advance(30 * 60_000);
    update(&mut world, CHANGED);
    assert_eq!((world.value("chat"), world.remaining("chat")), (10.0, -6.0));
    let decision = world.decide("chat", 1.0);
    assert_eq!(
        (decision.reason, decision.overage, decision.policy_version),
        (Reason::Overage, Some(amount("1")), 2)
    );
    assert_eq!(world.resets("chat"), Some(START + HOUR), "counted from the meter's start");
    world.advance(DAY);
    assert_eq!(world.value("chat"), 0.0);
    world.assert_loads(CHANGED);
}

#[test]
fn an_entitlement_that_comes_back_finds_its_meter() {
    let mut world = World::with_ann(MB);
    assert!(world.allow("storage", 600.0));
    update(&mut world, CHANGED);
    assert_eq!(world.decide("storage", 1.0).reason, Reason::UnknownEntitlement);
    assert_eq!(world.engine.value(world.now, "ann", "storage"), None);
    update(&mut world, MB);
    assert_eq!(world.value("storage"), 600.0);
}

#[test]
fn an_override_of_a_credit_that_is_gone_rests_until_it_is_back() {
    let mut world = World::with_ann(CHANGED);
    world.override_limit("chat", json!({ "value": 50 }), None);
    let other = CHANGED.replace("token", "word");
    update(&mut world, &other);
    assert_eq!(world.remaining("chat"), 4.0);
    update(&mut world, CHANGED);
    assert_eq!(world.remaining("chat"), 50.0);
}
