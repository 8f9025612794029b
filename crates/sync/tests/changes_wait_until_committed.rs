//! The outbox keeps what the server hasn't committed, and sends what may be sent.

mod support;

use limitr_protocol::{Down, Earlier, Held, InstanceId, Known, Up, UpTo};
use limitr_sync::{EarlierOutbox, Effect, Options, Status, Store};
use support::*;

#[test]
fn after_a_reconnect_it_goes_on_behind_what_the_server_has() {
    let mut driver = Driver::online(Options::new(ME, 1));
    driver.sync.committed(0, vec![change(1), change(2), change(3)]);
    assert_eq!(sent(&driver.effects()), [vec![1, 2, 3]]);
    driver.hears(Down::Ack { up_to: 1, of: None });
    assert_eq!(driver.sync.outbox().len(), 2);
    driver.sync.disconnected(driver.now);
    driver.sync.committed(driver.now, vec![change(4)]);
    assert_eq!(sent(&driver.effects()), [[0; 0]; 0], "cut off, it only keeps them");
    assert_eq!(sent(&driver.reconnect(2)), [vec![3, 4]]);
    driver.hears(Down::Ack { up_to: 4, of: None });
    assert!(driver.sync.outbox().is_empty());
}

#[test]
fn with_a_store_only_what_is_durable_is_sent() {
    let mut driver = Driver::online(Options { store: Store::Durable, ..Options::new(ME, 1) });
    driver.sync.committed(0, vec![change(1), change(2), change(3)]);
    assert_eq!(sent(&driver.effects()), [[0; 0]; 0]);
    driver.sync.durable(0, 2);
    assert_eq!(sent(&driver.effects()), [vec![1, 2]]);
}

#[test]
fn with_a_store_what_is_synced_meanwhile_goes_in_the_next_frame() {
    let mut driver = Driver::online(Options { store: Store::Durable, ..Options::new(ME, 1) });
    for seq in 1..=4 {
        driver.sync.committed(0, vec![change(seq)]);
        driver.sync.durable(0, seq);
    }
    assert_eq!(sent(&driver.effects()), [vec![1]], "the others wait for its acknowledgement");
    assert_eq!(sent(&driver.hears(Down::Ack { up_to: 1, of: None })), [vec![2, 3, 4]]);
    driver.sync.committed(0, (5..=300).map(change).collect());
    driver.sync.durable(0, 300);
    let frames: Vec<usize> = sent(&driver.effects()).iter().map(Vec::len).collect();
    assert_eq!(frames, [256], "a full one doesn't wait");
    driver.sync.disconnected(driver.now);
    assert_eq!(sent(&driver.reconnect(4))[0].len(), 256);
}

#[test]
fn without_its_store_a_relaxed_engine_sends_everything() {
    let mut driver = Driver::online(Options { store: Store::Durable, ..Options::new(ME, 1) });
    driver.sync.committed(0, vec![change(1), change(2)]);
    driver.sync.store_lost(0);
    assert_eq!(sent(&driver.effects()), [vec![1, 2]]);
    driver.sync.committed(0, vec![change(3)]);
    assert_eq!(sent(&driver.effects()), [vec![3]]);
}

#[test]
fn what_an_earlier_instance_left_is_handed_in_under_its_name() {
    let before = InstanceId(3);
    let left =
        EarlierOutbox { instance: before, changes: vec![change(5), change(6)], up_to: 6, complete: true };
    let mut driver = Driver::new(Options { earlier: vec![left], ..Options::new(ME, 1) });
    driver.sync.connected(0);
    let hello = driver.effects();
    let Some(Effect::Send(Up::Hello { resume: Some(resume), .. })) = hello.last() else {
        panic!("{hello:?}")
    };
    assert_eq!(resume.earlier, [Earlier { instance: before, up_to: 6, complete: true }]);
    let Down::Welcome { session, now, policy, limits, up_to, .. } = welcome(0, 0, 1) else { panic!() };
    let earlier = vec![UpTo { instance: before, up_to: 5 }];
    let effects = driver.hears(Down::Welcome { session, now, policy, limits, up_to, earlier });
    let of = effects.iter().find_map(|effect| match effect {
        Effect::Send(Up::Changes { of, from, .. }) => Some((*of, *from)),
        _ => None,
    });
    assert_eq!(of, Some((Some(before), 6)), "5 is committed");
    let effects = driver.hears(Down::Ack { up_to: 6, of: Some(before) });
    assert!(effects.contains(&Effect::Committed { instance: before, up_to: 6 }));
}

#[test]
fn a_reconnect_says_which_customers_are_held() {
    let mut driver = Driver::online(Options::new(ME, 1));
    driver.sync.load("ann");
    assert_eq!(driver.effects(), [Effect::Send(Up::Load { ids: vec!["ann".into()] })]);
    driver.sync.disconnected(0);
    driver.effects();
    let again = driver.reconnect(0);
    assert!(again.contains(&Effect::Send(Up::Load { ids: vec!["ann".into()] })), "it wasn't answered");
    driver.sync.committed(driver.now, vec![change(1), change(2)]);
    driver.effects();
    let known = Known { rev: 4, record: serde_json::json!({ "id": "ann" }), up_to: 1 };
    let effects = driver.hears(Down::Customers { list: vec![known.clone()], missing: vec!["ben".into()] });
    let replay = vec![change(2)];
    assert_eq!(effects, [Effect::Customer { known, replay }, Effect::NoCustomer("ben".into())]);
    let merge = |rev, seq: u64| Down::Changes {
        customer: "ann".into(),
        rev,
        list: vec![limitr_protocol::Sent(change(seq))],
    };
    assert_eq!(driver.hears(merge(4, 9)), [], "it is in the record");
    assert_eq!(driver.hears(merge(5, 10)).len(), 1);
    driver.sync.disconnected(driver.now);
    driver.effects();
    driver.now = driver.sync.next_tick(driver.now).unwrap();
    driver.sync.tick(driver.now);
    driver.sync.connected(driver.now);
    let hello = driver.effects();
    let held = vec![Held { customer: "ann".into(), rev: 5 }];
    let says = |effect: &Effect| matches!(effect, Effect::Send(Up::Hello { resume: Some(resume), .. }) if resume.held == held);
    assert!(hello.iter().any(says), "{hello:?}");
}

#[test]
fn closing_sends_and_returns_everything_first() {
    let mut driver = Driver::online(Options::new(ME, 1));
    driver.hears(lease(1, 10, 60_000));
    driver.sync.committed(0, vec![change(1)]);
    driver.sync.spent(0, &[spend(4)]);
    driver.effects();
    driver.sync.close(0);
    let returns = Up::Return { lease: 1, amount: units(10), unused: units(6) };
    assert_eq!(driver.effects(), [Effect::Send(returns)]);
    let effects = driver.hears(Down::Ack { up_to: 1, of: None });
    assert_eq!(effects.last(), Some(&Effect::Closed));
    assert_eq!(*driver.sync.status(), Status::Closed);
}
