//! Records bring back all state, also where the policy has moved on.

mod support;

use limitr_engine::{Engine, EngineOptions, Profile, Reason};
use serde_json::{Value, json};
use support::{HOUR, START, World, policy};

const BEFORE: &str = r"
policy:
  credits: { token: {} }
  plans:
    free: { default: true, entitlements: { chat: { limit: { credit: token, value: 10, resets: true, reset_inc: 1day } } } }
    pro: { entitlements: { chat: { limit: { credit: token, value: 100 } }, code: { limit: { credit: token, value: 5 } } } }
";

/// The same without the plan `pro`.
const AFTER: &str = r"
policy:
  credits: { token: {} }
  plans:
    free: { default: true, entitlements: { chat: { limit: { credit: token, value: 10, resets: true, reset_inc: 1day } } } }
";

fn pro() -> World {
    let mut world = World::new(BEFORE);
    world.create("ann", &Profile { plan: "pro", ..Profile::default() });
    assert!(world.allow("chat", 60.0) && world.allow("code", 2.0));
    world
}

/// What a live engine does with a customer whose plan is removed, one that is started with its record does too.
#[test]
fn a_plan_that_is_gone_is_kept_and_gives_nothing_until_it_is_back() {
    let mut live = pro();
    live.engine.update_policy(live.now, policy(AFTER)).unwrap();
    let mut started = World::new(AFTER);
    let records: Vec<Value> = live.engine.customer_records().values().cloned().collect();
    started.engine.load_customers(started.now, &records, false).unwrap();
    for world in [&mut live, &mut started] {
        let decision = world.decide("chat", 1.0);
        assert_eq!((decision.allowed, decision.reason), (false, Reason::NotInPlan));
        assert_eq!(decision.plan.map(|plan| world.engine.plan_name(plan)), Some("pro"));
        world.engine.update_policy(world.now, policy(BEFORE)).unwrap();
        assert_eq!((world.remaining("chat"), world.value("code")), (40.0, 2.0));
    }
    assert_eq!(live.state(), started.state());
}

#[test]
fn a_replaced_customer_on_a_plan_that_is_gone_replays() {
    let mut world = World::new(AFTER);
    let record = json!({ "id": "ann", "plan": "pro", "meters": { "chat": { "value": 3, "start": START } } });
    world.engine.set_customer(world.now, &record, false).unwrap();
    world.assert_replays(AFTER);
    world.assert_loads(AFTER);
}

/// In a document it is a mistake: nobody was on that plan.
#[test]
fn a_seed_on_a_plan_that_is_not_there_is_refused() {
    let seeded = format!("{AFTER}  customers: {{ ann: {{ plan: pro }} }}\n");
    let refused = Engine::new(policy(&seeded), EngineOptions { seed: 1, now: START }).unwrap_err();
    assert_eq!(refused.code(), "unknown_plan");
}

#[test]
fn a_refused_load_changes_nothing() {
    let mut world = pro();
    world.create("bob", &Profile { alts: Some(vec!["b".into()]), ..Profile::default() });
    let before = world.state();
    let good = |id: &str| json!({ "id": id, "plan": "free", "alt_ids": [format!("{id}-2")] });
    for (bad, code) in [
        (json!({ "id": "new", "meters": { "chat": { "value": "NaN" } } }), "invalid_record"),
        (json!({ "id": "new", "meters": { "chat": { "vlaue": 1 } } }), "invalid_record"),
        (json!({ "id": "new", "alt_ids": ["b"] }), "id_taken"),
        (json!({ "id": "b" }), "id_taken"),
        (json!({ "id": "" }), "invalid_name"),
        (json!({ "id": "new", "plan": "x".repeat(300) }), "invalid_name"),
        (json!({ "id": "new", "grants": [{ "value": 1 }] }), "invalid_record"),
        (
            json!({ "id": "new", "grants": { "grant_1": { "credit": "token", "balance": -1 } } }),
            "invalid_record",
        ),
        (json!({ "id": "new", "caps": { "c": { "value": 1 } } }), "invalid_record"),
        (json!({ "id": "new", "caps": { "c": { "credit": "rune", "value": -1 } } }), "invalid_value"),
        (json!([]), "invalid_record"),
    ] {
        let records = [good("ann"), good("fresh"), good("ann"), bad];
        let refused = world.engine.load_customers(world.now, &records, true).unwrap_err();
        assert_eq!(refused.code(), code);
        assert_eq!(world.state(), before);
        assert!(world.engine.customer("ann-2").is_none());
        assert!(world.engine.customer("b").is_some());
    }
    assert!(world.events().is_empty());
    world.assert_replays(BEFORE);
}

#[test]
fn a_record_of_the_future_waits_for_its_period() {
    let mut world = World::new(AFTER);
    let later = START + 10 * HOUR;
    let meter = json!({ "value": 4, "start": later, "period_start": later });
    world
        .engine
        .set_customer(world.now, &json!({ "id": "ann", "meters": { "chat": meter } }), false)
        .unwrap();
    assert_eq!(world.remaining("chat"), 6.0);
    assert_eq!(world.resets("chat"), Some(later + 24 * HOUR));
    assert!(world.allow("chat", 6.0) && !world.allow("chat", 1.0));
    world.advance(34 * HOUR);
    assert!(world.allow("chat", 10.0));
    world.assert_loads(AFTER);
}

#[test]
fn an_override_in_a_credit_that_is_gone_is_kept_and_waits() {
    let with = |credit: &str| {
        format!(
            "policy: {{ credits: {{ token: {{}}, {credit}: {{}} }}, plans: {{ free: {{ default: true, entitlements: {{ chat: {{ limit: {{ credit: token, value: 10 }} }} }} }} }} }}"
        )
    };
    let (before, after) = (with("page"), with("line"));
    let mut live = World::with_ann(&before);
    live.override_limit("chat", json!({ "credit": "page", "value": 3 }), None);
    live.engine.update_policy(live.now, policy(&after)).unwrap();
    let mut started = World::new(&after);
    let records: Vec<Value> = live.engine.customer_records().values().cloned().collect();
    started.engine.load_customers(started.now, &records, false).unwrap();
    for world in [&mut live, &mut started] {
        assert_eq!(world.remaining("chat"), 10.0);
        world.engine.update_policy(world.now, policy(&before)).unwrap();
        assert_eq!(world.remaining("chat"), 3.0);
    }
    assert_eq!(live.state(), started.state());
}
