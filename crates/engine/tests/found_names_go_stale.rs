//! A name that was found before stands for what it stands for now: it goes stale when its customer is removed, comes back,
//! or loses an alternative ID.

#![allow(clippy::unwrap_used)] // in helpers, too

use limitr_engine::{Ask, Call, Called, Engine, EngineError, Found, Profile};

fn engine() -> Engine {
    Engine::example().unwrap()
}

fn create(engine: &mut Engine, id: &str) {
    engine.create_customer(0, id, &Profile::default()).unwrap();
}

fn allow(engine: &mut Engine, id: &str, found: &Found) -> Result<bool, EngineError> {
    engine.allow(0, Called::again(id, found), "chat", &Call::new(Ask::by(1.0)))
}

#[test]
fn with_a_removed_customer() {
    let (mut engine, found) = (engine(), Found::default());
    assert!(allow(&mut engine, "user_1", &found).unwrap());
    engine.remove_customer(0, "user_1").unwrap();
    assert!(!allow(&mut engine, "user_1", &found).unwrap());
    create(&mut engine, "in_its_place");
    assert!(!allow(&mut engine, "user_1", &found).unwrap());
    create(&mut engine, "user_1");
    assert!(allow(&mut engine, "user_1", &found).unwrap());
    let used = |id: &str| engine.value(0, id, "chat").unwrap().to_string();
    assert_eq!((used("user_1"), used("in_its_place")), ("1".into(), "0".into()));
}

#[test]
fn with_an_alternative_id_that_moves() {
    let (mut engine, found) = (engine(), Found::default());
    create(&mut engine, "user_2");
    engine.add_alt_id(0, "user_1", "alias").unwrap();
    assert!(allow(&mut engine, "alias", &found).unwrap());
    engine.remove_alt_id(0, "alias").unwrap();
    assert!(!allow(&mut engine, "alias", &found).unwrap());
    engine.add_alt_id(0, "user_2", "alias").unwrap();
    assert!(allow(&mut engine, "alias", &found).unwrap());
    assert_eq!(engine.value(0, "user_2", "chat").unwrap().to_string(), "1");
}

#[test]
fn but_not_for_being_unknown_before() {
    let (mut engine, found) = (engine(), Found::default());
    assert!(!allow(&mut engine, "later", &found).unwrap());
    create(&mut engine, "later");
    assert!(allow(&mut engine, "later", &found).unwrap());
}
