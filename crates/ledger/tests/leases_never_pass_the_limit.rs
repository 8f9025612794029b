//! Whatever instances ask, spend, return and leave behind: leases and spending stay within the limit.

mod support;

use limitr_ledger::leases::{self, LEASE_MS, RECLAIM_AFTER_MS};
use limitr_ledger::rows::run;
use limitr_ledger::{Settings, Wake};
use limitr_protocol::{DenyReason, Down, InstanceId, Resume, Up};
use proptest::prelude::*;
use support::*;

fn amount(frames: &[Down]) -> i64 {
    match frames {
        [Down::Lease { amount, .. }, ..] => amount.to_f64() as i64,
        _ => 0,
    }
}

#[test]
fn asking_twice_is_asking_once() {
    let mut world = World::new();
    world.hello(1, 1, Resume::default());
    let first = world.say(1, ask(20)).unwrap();
    assert_eq!(amount(&first), 20);
    assert_eq!(world.say(1, ask(20)).unwrap(), first);
    assert_eq!(world.meter(&key()).reserved, units(20));
}

#[test]
fn near_the_limit_single_units_are_leased_and_others_are_asked_to_return() {
    let mut world = World::new();
    world.hello(1, 1, Resume::default());
    world.hello(2, 2, Resume::default());
    let mut want = 0;
    while world.lease(1).reserved() < units(98) {
        want += 25;
        world.say(1, ask(want)).unwrap();
    }
    let outcome = world.outcome(2, ask(10)).unwrap();
    assert!(matches!(&outcome.frames[..], [(2, Down::Lease { amount, .. })] if *amount == units(1)));
    while world.meter(&key()).reserved < units(100) {
        world.say(2, ask(10)).unwrap();
    }
    let outcome = world.outcome(2, ask(10)).unwrap();
    let denied =
        matches!(outcome.frames.last(), Some((2, Down::LeaseDenied { reason: DenyReason::Leased, .. })));
    assert!(denied, "{outcome:?}");
    assert_eq!(outcome.wakes, [Wake::Revoke { instance: InstanceId(1), lease: 1 }]);
    assert_eq!(world.wake(&outcome.wakes[0]).frames, [(1, Down::Revoke { lease: 1 })]);
    let amount = world.lease(1).reserved();
    world.say(1, Up::Return { lease: 1, amount, unused: amount }).unwrap();
    world.say(1, Up::Return { lease: 1, amount, unused: amount }).unwrap();
    assert!(world.meter(&key()).reserved < units(5), "a return that comes twice counts once");
}

#[test]
fn what_a_dead_instance_did_not_report_stays_spent_until_it_is_back() {
    let mut world = World::new();
    world.hello(1, 1, Resume::default());
    world.say(1, ask(20)).unwrap();
    world.say(1, changes(vec![metered(1, 5, START)])).unwrap();
    world.desk.closed(1);
    assert_eq!(world.meter(&key()).reserved, units(20));
    // It comes back with two changes in its store, of 4 and of 2 units.
    world.hello(2, 2, earlier(1, 3, true));
    assert_eq!(world.meter(&key()).reserved, units(20), "not before its changes are in");
    let list = vec![metered(2, 4, START), metered(3, 2, START)];
    world.say(2, Up::Changes { from: 2, list, watermark: START, of: Some(InstanceId(1)) }).unwrap();
    assert_eq!((world.meter(&key()).reserved, world.meter(&key()).spent), (units(11), units(11)));
}

#[test]
fn one_that_may_have_answered_more_than_its_store_has_keeps_what_it_leased() {
    let mut world = World::new();
    world.hello(1, 1, Resume::default());
    world.say(1, ask(20)).unwrap();
    world.hello(2, 2, earlier(1, 0, false));
    assert_eq!(world.meter(&key()).reserved, units(20));
    assert!(!world.lease(1).open, "nobody is asked to return it");
}

#[test]
fn an_instance_in_between_that_never_got_to_it_is_passed_by() {
    let mut world = World::new();
    world.hello(1, 1, Resume::default());
    world.say(1, ask(20)).unwrap();
    world.hello(2, 2, earlier(1, 1, true));
    let mut both = earlier(1, 1, true);
    both.earlier.extend(earlier(2, 0, true).earlier);
    assert_eq!(world.try_hello(3, 4, earlier(1, 1, true)).unwrap_err().code, "not_yours");
    world.hello(4, 3, both);
    let list = vec![metered(1, 4, START)];
    world.say(4, Up::Changes { from: 1, list, watermark: START, of: Some(InstanceId(1)) }).unwrap();
    assert_eq!(world.meter(&key()).reserved, units(4));
}

#[test]
fn under_reclaim_it_is_free_when_the_lease_has_ended() {
    for reclaim in [true, false] {
        let mut world = World::with(Settings { reclaim, ..Settings::default() });
        world.hello(1, 1, Resume::default());
        world.say(1, ask(20)).unwrap();
        world.say(1, changes(vec![metered(1, 5, START)])).unwrap();
        let now = START + LEASE_MS + RECLAIM_AFTER_MS;
        for (at, left) in [(now, 20), (now + 1, if reclaim { 5 } else { 20 })] {
            run(&mut world.database, |rows| leases::take_back(rows, at)).unwrap();
            assert_eq!(world.meter(&key()).reserved, units(left));
        }
    }
}

#[test]
fn what_is_not_limited_is_not_leased() {
    let mut world = World::new();
    world.hello(1, 1, Resume::default());
    let mut reason = |customer: &str, what| {
        let ask = Up::Lease { customer: customer.into(), what, want: units(1) };
        match &world.say(1, ask).unwrap()[..] {
            [Down::LeaseDenied { reason, .. }] => *reason,
            other => panic!("{other:?}"),
        }
    };
    use limitr_protocol::What;
    assert_eq!(reason("ann", What::Limit("mail".into())), DenyReason::NotLimited);
    assert_eq!(reason("ann", What::Limit("fly".into())), DenyReason::NotLimited);
    assert_eq!(reason("ann", What::Cap("cap_1".into())), DenyReason::NotLimited);
    assert_eq!(reason("ann", What::Grant(7)), DenyReason::NotLimited);
    assert_eq!(reason("ben", chat()), DenyReason::UnknownCustomer);
}

#[test]
fn a_period_is_closed_when_nobody_has_anything_unsent() {
    let mut world = World::new();
    let end = START + 86_400_000;
    for instance in [1, 2] {
        world.hello(instance, instance.into(), Resume::default());
    }
    world.say(1, ask(20)).unwrap();
    world.now = end + 1_000;
    let closed = |world: &mut World, said: &[u64]| {
        for connection in said {
            let silence = Up::Changes { from: 1, list: Vec::new(), watermark: end + 500, of: None };
            world.say(*connection, silence).unwrap();
        }
        let now = world.now;
        run(&mut world.database, |rows| leases::close_period(rows, now, &key())).unwrap()
    };
    assert!(!closed(&mut world, &[1, 99]), "2 may still have something");
    assert!(closed(&mut world, &[2]));
    world.say(2, changes(vec![metered(1, 3, START)])).unwrap();
    let meter = world.meter(&key());
    assert_eq!(
        (meter.spent, meter.late),
        (units(3), units(3)),
        "what comes later all the same has its place"
    );
}

#[derive(Clone, Debug)]
enum Step {
    Ask { who: usize, want: i64 },
    Spend { who: usize, count: i64 },
    Return { who: usize },
    Die { who: usize, complete: bool },
}

fn steps() -> impl Strategy<Value = Step> {
    let who = || 0_usize..3;
    prop_oneof![
        4 => (who(), 1_i64..60).prop_map(|(who, want)| Step::Ask { who, want }),
        4 => (who(), -3_i64..9).prop_map(|(who, count)| Step::Spend { who, count }),
        1 => who().prop_map(|who| Step::Return { who }),
        1 => (who(), any::<bool>()).prop_map(|(who, complete)| Step::Die { who, complete }),
    ]
}

/// An engine as the rules want it: it spends up to its ceiling.
struct Honest {
    instance: u128,
    connection: u64,
    seq: u64,
    spent: i64,
    lease: Option<(u64, i64)>,
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn honest_engines_never_pass_the_limit_together(steps in prop::collection::vec(steps(), 1..60)) {
        let mut world = World::new();
        let mut next = 0_u64;
        let mut open = |world: &mut World, resume| {
            next += 1;
            world.hello(next, next.into(), resume);
            Honest { instance: next.into(), connection: next, seq: 0, spent: 0, lease: None }
        };
        let mut engines: Vec<Honest> = (0..3).map(|_| open(&mut world, Resume::default())).collect();
        let mut spent = 0;
        for step in steps {
            match step {
                Step::Ask { who, want } => {
                    let engine = &mut engines[who];
                    for frame in world.say(engine.connection, ask(engine.spent + want)).unwrap() {
                        if let Down::Lease { id, amount, .. } = frame {
                            engine.lease = Some((id, amount.to_f64() as i64));
                        }
                    }
                }
                Step::Spend { who, count } => {
                    let engine = &mut engines[who];
                    let ceiling = engine.lease.map_or(engine.spent, |lease| lease.1);
                    if count > 0 && engine.spent + count > ceiling { continue }
                    engine.seq += 1;
                    engine.spent += count;
                    spent += count;
                    world.say(engine.connection, changes(vec![metered(engine.seq, count, START)])).unwrap();
                }
                Step::Return { who } => {
                    let engine = &mut engines[who];
                    let Some((lease, amount)) = engine.lease.take() else { continue };
                    let unused = units((amount - engine.spent).clamp(0, amount.max(0)));
                    let amount = units(amount.max(0));
                    world.say(engine.connection, Up::Return { lease, amount, unused }).unwrap();
                }
                Step::Die { who, complete } => {
                    let Honest { instance, seq, .. } = engines[who];
                    engines[who] = open(&mut world, earlier(instance, seq, complete));
                }
            }
            let meter = world.meter(&key());
            prop_assert_eq!(meter.spent, units(spent));
            prop_assert!(meter.spent <= meter.reserved && meter.reserved <= units(100), "{:?}", meter);
        }
    }
}
