//! A decision with an ID: asked again within 24 hours it answers as before and meters once.

mod support;

use limitr_engine::limits::DECISION_IDS_MAX;
use limitr_engine::{Ask, Call, Decision, EngineError, Given};
use support::{DAY, World, amount};

const POLICY: &str = r"
policy:
  credits: { token: {} }
  plans: { free: { default: true, entitlements: { chat: { limit: { credit: token, value: 100000 } }, few: { limit: { credit: token, value: 3, resets: true, reset_inc: 1hr } }, flag: {} } } }
";

fn once(world: &mut World, entitlement: &str, value: f64, id: &str) -> Result<Decision, EngineError> {
    world.engine.decide_once(world.now, "ann", entitlement, &Call::new(Ask::by(value)), id)
}

#[test]
fn the_same_call_answers_as_before() {
    let mut world = World::with_ann(POLICY);
    let first = once(&mut world, "few", 3.0, "x").unwrap();
    world.events();
    world.advance(DAY - 1);
    assert_eq!(once(&mut world, "few", 3.0, "x").unwrap(), first, "also once the period is another");
    assert!(world.events().is_empty());
    assert_eq!(world.value("few"), 0.0);
    world.advance(1);
    assert!(once(&mut world, "few", 2.0, "x").unwrap().allowed, "a day later the ID is free");
    assert_eq!(world.value("few"), 2.0);
    world.assert_loads(POLICY);
    world.assert_replays(POLICY);
}

#[test]
fn other_arguments_conflict() {
    let mut world = World::with_ann(POLICY);
    once(&mut world, "few", 1.0, "x").unwrap();
    let before = world.state();
    let forced = Call { force: true, ..Call::new(Ask::by(1.0)) };
    let costly = Call { overhead: Some(amount("1")), ..Call::new(Ask::by(1.0)) };
    let spelt = Call::new(Ask::By(Given::Text("2")));
    for call in [Call::new(Ask::by(2.0)), forced, costly, spelt, Call::new(Ask::Increment)] {
        let refused = world.engine.decide_once(world.now, "ann", "few", &call, "x").unwrap_err();
        assert_eq!(refused.code(), "idempotency_conflict");
        let refused = world.engine.recalled(world.now, "ann", "few", &call, "x").unwrap_err();
        assert_eq!(refused.code(), "idempotency_conflict");
    }
    assert_eq!(once(&mut world, "chat", 1.0, "x").unwrap_err().code(), "idempotency_conflict");
    assert_eq!(world.state(), before);
}

#[test]
fn denials_and_errors_are_not_remembered() {
    let mut world = World::with_ann(POLICY);
    assert!(!once(&mut world, "few", 4.0, "x").unwrap().allowed);
    assert!(!once(&mut world, "unheard_of", 1.0, "x").unwrap().allowed);
    assert_eq!(once(&mut world, "few", 1e300, "x").unwrap_err().code(), "invalid_value");
    assert!(once(&mut world, "few", 2.0, "x").unwrap().allowed);
    assert!(once(&mut world, "flag", 0.0, "y").unwrap().allowed);
    for id in ["", &"x".repeat(257)] {
        assert_eq!(once(&mut world, "few", 1.0, id).unwrap_err().code(), "invalid_name");
    }
}

#[test]
fn too_many_are_refused_and_old_ones_let_go() {
    let mut world = World::with_ann(POLICY);
    for id in 0..DECISION_IDS_MAX {
        once(&mut world, "chat", 1.0, &id.to_string()).unwrap();
    }
    assert_eq!(once(&mut world, "chat", 1.0, "more").unwrap_err().code(), "too_many");
    assert_eq!(world.value("chat"), DECISION_IDS_MAX as f64);
    assert!(once(&mut world, "chat", 1.0, "0").unwrap().allowed, "a remembered one still answers");
    world.advance(DAY);
    assert!(once(&mut world, "chat", 1.0, "more").unwrap().allowed);
    assert_eq!(world.engine.customer("ann").unwrap().remembered(world.now).count(), 1);
}

/// Old answers are let go of many at a time, since those that stay move up.
#[test]
fn old_ones_count_for_nothing_while_they_are_kept() {
    let mut world = World::with_ann(POLICY);
    let half = DECISION_IDS_MAX / 2;
    for id in 0..half {
        once(&mut world, "chat", 1.0, &format!("old {id}")).unwrap();
    }
    world.advance(DAY / 2);
    for id in 0..half {
        once(&mut world, "chat", 1.0, &format!("young {id}")).unwrap();
    }
    assert_eq!(once(&mut world, "chat", 1.0, "more").unwrap_err().code(), "too_many");
    world.advance(DAY / 2);
    for id in 0..half {
        once(&mut world, "chat", 1.0, &format!("new {id}")).unwrap();
    }
    assert_eq!(once(&mut world, "chat", 1.0, "more").unwrap_err().code(), "too_many");
    let now = world.now;
    let answers = |world: &World| world.engine.customer("ann").unwrap().remembered(now).count();
    assert_eq!(answers(&world), DECISION_IDS_MAX);
    let record = world.engine.customer_record("ann").unwrap();
    assert_eq!(record["decisions"].as_object().unwrap().len(), DECISION_IDS_MAX);
    world.engine.set_customer(now, &record, false).unwrap();
    assert_eq!(answers(&world), DECISION_IDS_MAX, "a record says those that count, and can be read");
    let value = world.value("chat");
    once(&mut world, "chat", 1.0, "young 7").unwrap();
    assert_eq!(world.value("chat"), value);
    world.advance(DAY / 2);
    once(&mut world, "chat", 1.0, "young 7").unwrap();
    assert_eq!(world.value("chat"), value + 1.0, "an old one is decided anew");
}

#[test]
fn an_id_is_the_customers_own() {
    let mut world = World::with_ann(POLICY);
    world.create("bob", &limitr_engine::Profile::default());
    once(&mut world, "few", 1.0, "x").unwrap();
    let call = Call::new(Ask::by(2.0));
    assert!(world.engine.decide_once(world.now, "bob", "few", &call, "x").unwrap().allowed);
}
