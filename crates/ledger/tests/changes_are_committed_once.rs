//! `(instance, seq)` is a change's identity: committed once, in order, whoever says it how often.

mod support;

use limitr_engine::{Change, Effected};
use limitr_protocol::{Down, Held, InstanceId, Resume, Sent, Up};
use serde_json::json;
use support::*;

#[test]
fn a_change_that_comes_again_counts_once() {
    let mut world = World::new();
    world.hello(1, 1, Resume::default());
    let acks = world.say(1, changes(vec![metered(1, 5, START), metered(2, 7, START)])).unwrap();
    assert_eq!(acks, [Down::Ack { up_to: 2, of: None }]);
    let acks = world.say(1, changes(vec![metered(2, 7, START), metered(3, 1, START)])).unwrap();
    assert_eq!(acks, [Down::Ack { up_to: 3, of: None }]);
    assert_eq!(world.meter(&key()).spent, units(13));
}

#[test]
fn a_gap_is_refused_and_changes_nothing() {
    let mut world = World::new();
    world.hello(1, 1, Resume::default());
    let refusal = world.say(1, changes(vec![metered(2, 5, START)])).unwrap_err();
    assert_eq!((refusal.code, refusal.fatal), ("change_gap", true));
    assert_eq!(world.meter(&key()).spent, units(0));
}

#[test]
fn changes_of_another_instance_are_refused_unless_it_was_taken_over() {
    let mut world = World::new();
    world.hello(1, 1, Resume::default());
    world.hello(2, 2, Resume::default());
    let of = |instance, seq| Up::Changes {
        from: seq,
        list: vec![metered(seq, 5, START)],
        watermark: START,
        of: Some(InstanceId(instance)),
    };
    assert_eq!(world.say(2, of(1, 1)).unwrap_err().code, "not_yours");
    world.hello(3, 3, earlier(1, 1, true));
    assert_eq!(world.say(1, changes(vec![metered(1, 5, START)])).unwrap_err().code, "session_over");
    assert_eq!(world.say(2, of(1, 1)).unwrap_err().code, "not_yours");
    assert_eq!(world.say(3, of(1, 1)).unwrap(), [Down::Ack { up_to: 1, of: Some(InstanceId(1)) }]);
    assert_eq!(world.say(3, of(1, 2)).unwrap_err().code, "not_yours", "more than was named");
    assert_eq!(world.try_hello(4, 1, Resume::default()).unwrap_err().code, "instance_ended");
    assert_eq!(
        world.try_hello(5, 0, Resume::default()).unwrap_err().code,
        "invalid_hello",
        "the server's own"
    );
}

#[test]
fn a_later_connection_ends_the_one_before_at_every_server() {
    let mut world = World::new();
    world.hello(1, 1, Resume::default());
    let outcome = world.outcome(2, Up::Ping {}).unwrap_err();
    assert_eq!(outcome.code, "hello_first");
    world.hello(2, 1, Resume::default());
    let refusal = world.say(1, ask(5)).unwrap_err();
    assert_eq!((refusal.code, refusal.fatal), ("session_over", true));
    assert!(world.say(2, ask(5)).is_ok());
}

#[test]
fn late_changes_land_in_the_period_that_they_name() {
    let mut world = World::new();
    world.hello(1, 1, Resume::default());
    let next = START + 86_400_000;
    world.say(1, changes(vec![metered(1, 5, next), metered(2, 7, START)])).unwrap();
    assert_eq!(world.meter(&key()).spent, units(7));
    assert_eq!(world.meter(&limitr_ledger::meters::MeterKey { period_start: next, ..key() }).spent, units(5));
}

#[test]
fn records_are_never_replaced_and_strangers_never_created() {
    let mut world = World::new();
    world.hello(1, 1, Resume::default());
    let sent = |effect| changes(vec![Sent(Change { seq: 1, at: START, effect })]);
    let replaced = Effected::CustomerReplaced { holder: "ann".into(), record: json!({ "id": "ann" }) };
    assert_eq!(world.say(1, sent(replaced)).unwrap_err().code, "change_refused");
    let stranger = Effected::CustomerRemoved { holder: "' or 1=1 --".into() };
    assert_eq!(world.say(1, sent(stranger)).unwrap_err().code, "unknown_customer");
    let policy = Effected::PolicySet { version: 2, document: json!({}) };
    assert!(world.say(1, sent(policy)).is_ok(), "an echo of what was pushed");
}

#[test]
fn others_hear_of_it_in_order_and_the_author_does_not() {
    let mut world = World::new();
    world.hello(1, 1, Resume::default());
    world.hello(2, 2, Resume::default());
    for connection in [1, 2] {
        world.say(connection, Up::Load { ids: vec!["ann".into()] }).unwrap();
    }
    let outcome = world.outcome(1, changes(vec![metered(1, 5, START)])).unwrap();
    world.desk.closed(99);
    let told = world.wake(&outcome.wakes[0]).frames;
    let heard = |rev, list| Down::Changes { customer: "ann".into(), rev, list };
    assert_eq!(told, [(1, heard(1, vec![])), (2, heard(1, vec![metered(1, 5, START)]))]);
    assert_eq!(world.wake(&outcome.wakes[0]).frames, [], "a wake-up that comes twice tells nothing");
    // One that comes back hears what it missed.
    world.say(1, changes(vec![metered(2, 3, START)])).unwrap();
    let held = vec![Held { customer: "ann".into(), rev: 1 }];
    world.hello(3, 2, Resume { held, ..Resume::default() });
    let told = world.wake(&limitr_ledger::Wake::Customer("ann".into())).frames;
    assert!(told.contains(&(3, heard(2, vec![metered(2, 3, START)]))), "{told:?}");
}

#[test]
fn a_loaded_record_carries_what_is_counted() {
    let mut world = World::new();
    world.hello(1, 1, Resume::default());
    world.say(1, changes(vec![metered(1, 5, START)])).unwrap();
    let frames = world.say(1, Up::Load { ids: vec!["ann".into(), "ben".into()] }).unwrap();
    let [Down::Customers { list, missing }] = &frames[..] else { panic!("{frames:?}") };
    assert_eq!(list[0].record["meters"]["chat"]["value"], json!(5));
    assert_eq!((list[0].rev, list[0].up_to), (1, 1));
    assert_eq!(missing[..], ["ben".into()]);
}
