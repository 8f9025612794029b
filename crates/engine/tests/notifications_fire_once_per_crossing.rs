//! A notification is sent by the call that crosses its mark, once a period, and by nothing else.
#![allow(clippy::arithmetic_side_effects, clippy::indexing_slicing, clippy::unwrap_used)] // a test may panic

mod support;

use limitr_engine::{Ask, Call, Given};
use serde_json::{Map, Value, json};
use support::{DAY, World};

const POLICY: &str = r"
policy:
  credits: { token: { price: 0.5 }, mb: { stof_units: MB } }
  notifications:
    half: { when: { event: meter-changed, crosses: '50%' } }
    ninety: { when: { event: meter-changed, entitlement: chat, crosses: '90%' } }
    gig: { when: { event: meter-changed, credit: mb, crosses: 1GB } }
    low: { when: { event: meter-changed, entitlement: code, of: remaining, crosses: 2 } }
    budget: { when: { event: meter-changed, of: cap, crosses: '80%' } }
    refused: { when: { event: meter-limit, customer: ann } }
    granted: { when: { event: customer-topup-granted } }
    others: { when: { event: meter-changed, customer: bob } }
  plans:
    free:
      default: true
      entitlements:
        chat: { limit: { credit: token, mode: soft, value: 10, resets: true, reset_inc: 1day } }
        code: { limit: { credit: token, value: 4 } }
        disk: { limit: { credit: mb, value: 4GB } }
      topups:
        pack: { credit: token, value: 3 }
";

fn world() -> World {
    World::with_ann(POLICY)
}

/// The names of the notifications that were sent.
fn sent(world: &mut World) -> Vec<String> {
    let told = world.told();
    let own = ["half", "ninety", "gig", "low", "budget", "refused", "granted", "others"];
    told.into_iter().filter(|name| own.contains(&name.as_str())).collect()
}

#[test]
fn a_mark_is_told_once_a_period_whatever_the_meter_does() {
    let mut world = world();
    assert!(world.allow("chat", 4.0));
    assert_eq!(sent(&mut world), [""; 0]);
    assert!(world.allow("chat", 1.0));
    assert_eq!(sent(&mut world), ["half"], "reaching it is crossing it");
    assert!(world.allow("chat", -3.0) && world.allow("chat", 4.0));
    assert_eq!(sent(&mut world), [""; 0], "it doesn't re-arm");
    assert!(world.allow("chat", 9.0));
    assert_eq!(sent(&mut world), ["ninety"], "past the limit too");
    world.advance(DAY);
    assert!(world.allow("chat", 10.0));
    assert_eq!(sent(&mut world), ["half", "ninety"], "one call, both marks, a new period");
    world.assert_replays(POLICY);
    world.assert_loads(POLICY);
}

#[test]
fn it_carries_what_its_cause_does_and_comes_after_it() {
    let mut world = world();
    world.allow("chat", 12.0);
    let events = world.events();
    let types: Vec<&str> = events.iter().map(|event| event["type"].as_str().unwrap()).collect();
    assert_eq!(types, ["meter-overage", "half", "ninety"]);
    for (field, value) in [
        ("cause", json!("meter-overage")),
        ("customer", json!({ "id": "ann" })),
        ("caller", json!("ann")),
        ("entitlement", json!("chat")),
        ("overage", json!(2.0)),
        ("meter", events[0]["meter"].clone()),
    ] {
        assert_eq!(events[1][field], value, "{field}");
    }
}

#[test]
fn quantities_count_in_the_meters_unit() {
    let mut world = world();
    world.allow("disk", 999.0);
    assert_eq!(sent(&mut world), [""; 0]);
    world.allow("disk", 1.0);
    assert_eq!(sent(&mut world), ["gig"]);
    world.allow("code", 4.0);
    assert_eq!(sent(&mut world), ["half", "low"]);
}

#[test]
fn what_remains_falls_to_it_grants_counted() {
    let mut world = world();
    world.engine.apply_topup(world.now, "ann", "pack").unwrap();
    assert_eq!(sent(&mut world), ["granted"]);
    world.allow("code", 4.0);
    assert_eq!(sent(&mut world), ["half"], "3 remain");
    world.allow("code", 1.0);
    assert_eq!(sent(&mut world), ["low"]);
    world.engine.apply_topup(world.now, "ann", "pack").unwrap();
    world.allow("code", 4.0);
    assert_eq!(sent(&mut world), ["granted"], "once: the limit doesn't renew");
}

#[test]
fn a_cap_crosses_its_own_mark() {
    let mut world = world();
    let monthly = json!({ "cap_id": "c", "resets": true, "reset_inc": "1day" });
    world.engine.add_cap(world.now, "ann", Given::Number(5.0), monthly.as_object().unwrap()).unwrap();
    world.engine.add_cap(world.now, "ann", Given::Number(100.0), &Map::new()).unwrap();
    world.events();
    world.allow("chat", 7.0);
    assert_eq!(sent(&mut world), ["half"]);
    world.allow("chat", 1.0);
    let events = world.events();
    let budget = events.iter().find(|event| event["type"] == "budget").unwrap();
    assert_eq!((&budget["cap"]["id"], &budget["cap"]["meter_value"]), (&json!("c"), &json!(4.0)));
    world.allow("chat", 1.0);
    assert_eq!(sent(&mut world), ["ninety"]);
    world.advance(DAY);
    world.allow("chat", 8.0);
    assert_eq!(sent(&mut world), ["half", "budget"]);
    world.assert_replays(POLICY);
}

#[test]
fn nothing_is_sent_where_nothing_happened_or_nobody_listens() {
    let mut world = world();
    let silent = Call { events: false, ..Call::new(Ask::by(9.0)) };
    assert!(world.run("chat", &silent));
    assert_eq!(sent(&mut world), [""; 0]);
    assert!(!world.allow("code", 5.0));
    assert_eq!(sent(&mut world), ["refused"]);
    assert!(!world.together(&[("chat", 1.0), ("disk", 2_000.0), ("code", 5.0)]));
    assert_eq!(sent(&mut world), ["refused"], "what is put back is not told");
    world.allow("disk", 2_000.0);
    assert_eq!(sent(&mut world), ["half", "gig"], "nor was it counted as told");
    world.engine.listen(false);
    world.allow("code", 4.0);
    world.engine.listen(true);
    assert_eq!(world.events(), Vec::<Value>::new());
}

#[test]
fn they_are_replaced_whole_or_not_at_all() {
    let mut world = world();
    let now = world.now;
    let bad = json!({ "n": { "when": { "event": "meter-moved" } } });
    let refused = world.engine.set_notifications(now, &bad).unwrap_err();
    assert_eq!(refused.code(), "invalid_policy");
    assert_eq!(refused.diagnostics()[0].path, "policy.notifications.n.when.event");
    world.allow("chat", 5.0);
    assert_eq!(sent(&mut world), ["half"]);
    let other = json!({ "two": { "when": { "event": "meter-changed", "crosses": 7 } } });
    assert_eq!(world.engine.set_notifications(now, &other), Ok(2));
    world.allow("chat", 4.0);
    assert_eq!(world.told(), ["policy-updated", "meter-changed", "two"]);
}
