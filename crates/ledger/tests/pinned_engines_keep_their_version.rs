//! An engine that is pinned to a version runs that one, and the limits of the policy in force are shared out all the same.

mod support;

use limitr_engine::quantity::Amount;
use limitr_engine::{Change, Effected};
use limitr_ledger::Wake;
use limitr_ledger::policies::draft;
use limitr_ledger::rows::{Key, run};
use limitr_protocol::{DenyReason, Down, InstanceId, Resume, Sent, Up, What};
use support::*;

/// As the first policy, but for the limit of `chat`.
fn chat_of(limit: &str) -> String {
    POLICY.replace("value: 100", limit)
}

fn welcomed(frames: &[Down]) -> &str {
    match frames {
        [Down::Welcome { policy, .. }] => &policy.url,
        other => panic!("{other:?}"),
    }
}

fn policies(frames: &[(u64, Down)]) -> Vec<(u64, u64)> {
    let told = frames.iter().filter_map(|(to, frame)| match frame {
        Down::Policy(policy) => Some((*to, policy.version)),
        _ => None,
    });
    told.collect()
}

#[test]
fn it_is_welcomed_to_its_version_and_hears_of_no_other() {
    let mut world = World::new();
    world.publish(&chat_of("value: 7")).unwrap();
    assert_eq!(welcomed(&world.pin(1, 1).unwrap()), "/v1/policies/1/document", "superseded");
    assert_eq!(welcomed(&world.pin(2, 2).unwrap()), "/v1/policies/2/document", "in force");
    assert_eq!(welcomed(&world.hello(3, 3, Resume::default())), "/v1/policies/2/document");
    world.publish(&chat_of("value: 9")).unwrap();
    assert_eq!(policies(&world.wake(&Wake::Policy).frames), [(3, 3), (99, 3)], "the others");
    assert_eq!(welcomed(&world.pin(4, 2).unwrap()), "/v1/policies/2/document", "superseded meanwhile");
}

#[test]
fn a_version_that_was_never_published_ends_the_connection_and_leaves_nothing() {
    let mut world = World::new();
    let now = world.now;
    let written = run(&mut world.database, |rows| draft(rows, now, "ann", POLICY, "mine")).unwrap();
    for (version, why) in [(written, "draft"), (9, "none of that number")] {
        let refusal = world.pin(1, version).unwrap_err();
        assert_eq!((refusal.code, refusal.fatal), ("unknown_policy", true));
        assert!(refusal.message.contains(&format!("version {version}")), "{refusal}");
        assert!(refusal.message.contains(why), "{refusal}");
    }
    assert!(!world.desk.sessions().contains_key(&1));
    assert!(!world.database.rows().contains_key(&Key::Instance(InstanceId(1))));
    run(&mut world.database, |rows| limitr_ledger::policies::publish(rows, now, "ann", written)).unwrap();
    assert_eq!(welcomed(&world.pin(1, written).unwrap()), "/v1/policies/2/document");
}

#[test]
fn what_is_leased_to_it_is_of_the_limit_in_force() {
    let mut world = World::new();
    world.publish(&chat_of("value: 7")).unwrap();
    world.pin(1, 1).unwrap();
    world.hello(2, 2, Resume::default());
    let mut granted = [Amount::ZERO; 2];
    for round in 0..40 {
        let connection = 1 + round % 2;
        for frame in world.say(connection, ask(100)).unwrap() {
            if let Down::Lease { amount, .. } = frame {
                granted[connection as usize - 1] = amount;
            }
        }
    }
    assert!(granted.iter().all(|amount| amount.is_positive()), "both have some: {granted:?}");
    assert_eq!(granted[0].checked_add(granted[1]).unwrap(), units(7), "not 100, not a unit more than 7");
    assert_eq!(world.meter(&key()).reserved, units(7));

    // What the policy in force doesn't share out isn't leased to anybody.
    world.publish(&chat_of("mode: soft, value: 100")).unwrap();
    let denied = world.say(1, ask(200)).unwrap();
    let not_limited = DenyReason::NotLimited;
    assert_eq!(denied, [Down::LeaseDenied { customer: "ann".into(), what: chat(), reason: not_limited }]);
}

#[test]
fn what_its_version_counts_is_committed_also_where_the_policy_in_force_has_it_no_more() {
    let mut world = World::new();
    world.publish("policy: { credits: { coin: {} }, plans: { basic: { default: true } } }").unwrap();
    world.pin(1, 1).unwrap();
    let set = Effected::CustomerSet {
        holder: "ann".into(),
        plan: "free".into(),
        kind: "user".into(),
        label: "Ann".into(),
        refs: Vec::new(),
        alts: Vec::new(),
        metadata: serde_json::Value::Null,
    };
    let set = Sent(Change { seq: 2, at: START, effect: set });
    let answered = world.say(1, changes(vec![metered(1, 3, START), set])).unwrap();
    assert_eq!(answered, [Down::Ack { up_to: 2, of: None }]);
    assert_eq!(world.meter(&key()).spent, units(3));
    let lease = Up::Lease { customer: "ann".into(), what: What::Limit("chat".into()), want: units(5) };
    assert!(matches!(world.say(1, lease).unwrap()[..], [Down::LeaseDenied { .. }]));
}
