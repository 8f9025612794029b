//! An alternative ID stands for its customer everywhere: in calls, in references, and where IDs are given and freed.

mod support;

use limitr_engine::{Ask, Call, Profile};
use support::World;

const POLICY: &str = r"
policy:
  credits: { seat: {} }
  plans:
    free:
      default: true
      entitlements: { chat: { limit: { credit: seat, value: 3 } }, seats: { scope: org, limit: { credit: seat, value: 2 } } }
    pro: { entitlements: { chat: { limit: { credit: seat, value: 30 } }, seats: { scope: org, limit: { credit: seat, value: 20 } } } }
";

fn world() -> World {
    let mut world = World::new(POLICY);
    let alts = Some(vec!["acme.example".to_string()]);
    world.create("acme", &Profile { plan: "pro", kind: Some("org"), alts, ..Profile::default() });
    world
}

#[test]
fn a_reference_may_be_an_alternative_id() {
    let mut world = world();
    let refs = Some(vec!["acme.example".to_string()]);
    world.create("ann", &Profile { refs, ..Profile::default() });
    assert_eq!(world.remaining("chat"), 30.0);
    assert!(world.allow("seats", 1.0));
    let events = world.events();
    assert_eq!((&events[0]["customer"]["id"], &events[0]["caller"]), (&"acme".into(), &"ann".into()));
    // Once the ID is freed, the reference leads nowhere.
    assert_eq!(world.engine.remove_alt_id(world.now, "acme.example"), Ok(true));
    assert_eq!(world.remaining("chat"), 3.0);
    assert!(!world.allow("seats", 1.0));
    world.assert_replays(POLICY);
}

#[test]
fn ids_are_given_and_freed_by_any_id() {
    let mut world = world();
    let engine = &mut world.engine;
    assert_eq!(engine.add_alt_id(world.now, "acme.example", "acme-2"), Ok(true));
    assert_eq!(engine.add_alt_id(world.now, "acme", "acme-2"), Ok(true), "its own: no harm");
    assert_eq!(engine.add_alt_id(world.now, "acme.example", "acme-2"), Ok(true), "by any ID");
    for own in ["acme", "acme.example"] {
        let refused = engine.add_alt_id(world.now, own, "acme").unwrap_err();
        assert_eq!(refused.code(), "id_taken", "the ID itself is no alternative");
    }
    assert_eq!(engine.customer("acme").unwrap().alts().len(), 2);
    assert_eq!(engine.remove_alt_id(world.now, "acme"), Ok(false), "the ID itself can't be freed");
    assert_eq!(engine.remove_alt_id(world.now, "acme-2"), Ok(true));
    assert!(engine.customer("acme-2").is_none());
}

#[test]
fn a_taken_id_changes_nothing() {
    let mut world = world();
    world.create("ann", &Profile::default());
    let before = world.state();
    let engine = &mut world.engine;
    let alts = |names: &[&str]| Some(names.iter().map(|name| name.to_string()).collect::<Vec<_>>());
    for taken in [&["acme"][..], &["free-id", "acme.example"], &["ann"]] {
        let profile = Profile { plan: "pro", alts: alts(taken), ..Profile::default() };
        for id in ["ann", "new"] {
            if taken == ["ann"] && id == "new" {
                continue;
            }
            assert_eq!(engine.create_customer(world.now, id, &profile).unwrap_err().code(), "id_taken");
        }
    }
    let refused = engine.create_customer(world.now, "acme.example", &Profile::default()).unwrap_err();
    assert_eq!(refused.code(), "id_taken");
    assert_eq!(world.state(), before);
    assert!(world.events().is_empty());
}

#[test]
fn one_search_sees_a_customer_once() {
    let mut world = world();
    let refs = |names: &[&str]| Some(names.iter().map(|name| name.to_string()).collect::<Vec<_>>());
    world.create(
        "ann",
        &Profile { refs: refs(&["ann", "acme", "acme.example", "ghost"]), ..Profile::default() },
    );
    let call = Call::new(Ask::by(1.0));
    assert!(world.engine.allow(world.now, "ann", "seats", &call).unwrap());
    assert_eq!(world.engine.value(world.now, "acme.example", "seats").unwrap().to_f64(), 1.0);
}
