//! A customer that was there before a limit was published has it all the same: its periods begin at one time for all engines.

mod support;

use limitr_engine::{Change, Effected};
use limitr_ledger::meters::MeterKey;
use limitr_protocol::{Down, Resume, Sent, Up, What};
use support::*;

const LATER: i64 = START + 5_000;

fn extra() -> What {
    What::Limit("extra".into())
}

fn extra_since(period_start: i64) -> MeterKey {
    MeterKey { customer: "ann".into(), what: extra(), period_start }
}

/// A server whose policy got `extra`, a limit of 3, after `ann` was created; two engines hold her.
fn world() -> World {
    let mut world = World::new();
    let added = format!("{POLICY}        extra: {{ limit: {{ credit: message, value: 3 }} }}\n");
    world.publish(&added).unwrap();
    world.now = LATER;
    for connection in [1, 2] {
        world.hello(connection, connection.into(), Resume::default());
        world.say(connection, Up::Load { ids: vec!["ann".into()] }).unwrap();
    }
    world
}

fn ask_extra(want: i64) -> Up {
    Up::Lease { customer: "ann".into(), what: extra(), want: units(want) }
}

/// A use of `extra`, in a period that its engine began by itself.
fn forced(seq: u64, count: i64, period_start: i64) -> Sent {
    let Sent(Change { at, effect: Effected::Metered(mut metered), .. }) = metered(seq, count, period_start)
    else {
        unreachable!()
    };
    metered.entitlement = "extra".into();
    Sent(Change { seq, at, effect: Effected::Metered(metered) })
}

fn starts(frames: &[Down]) -> usize {
    let started = |sent: &Sent| matches!(sent.0.effect, Effected::MetersStarted { .. });
    let lists = frames.iter().filter_map(|frame| match frame {
        Down::Changes { list, .. } => Some(list),
        _ => None,
    });
    lists.flatten().filter(|sent| started(sent)).count()
}

#[test]
fn its_meter_starts_with_the_first_lease_once_and_all_of_it_can_be_leased() {
    let mut world = world();
    let outcome = world.outcome(1, ask_extra(9)).unwrap();
    let frames: Vec<Down> = outcome.frames.iter().map(|(_, frame)| frame.clone()).collect();
    assert_eq!(starts(&frames), 1, "{frames:?}");
    let Some(Down::Lease { period_start, .. }) = frames.get(1) else { panic!("then the lease: {frames:?}") };
    assert_eq!(*period_start, LATER);
    let told: Vec<(u64, Down)> = outcome.wakes.iter().flat_map(|wake| world.wake(wake).frames).collect();
    let heard_by = |connection: u64| {
        let frames = told.iter().filter(|(to, _)| *to == connection).map(|(_, frame)| frame.clone());
        starts(&frames.collect::<Vec<_>>())
    };
    assert_eq!(
        (heard_by(1), heard_by(2)),
        (0, 1),
        "the other engine hears it, the first isn't told again: {told:?}"
    );

    world.now += 7_000;
    for _ in 0..4 {
        for connection in [1, 2] {
            let frames = world.say(connection, ask_extra(9)).unwrap();
            assert_eq!(starts(&frames), 0, "{frames:?}");
        }
    }
    assert_eq!(world.meter(&extra_since(LATER)).reserved, units(3), "not a unit more, not a unit less");
}

#[test]
fn one_that_was_used_by_force_before_anybody_heard_of_it_starts_there() {
    let mut world = world();
    world.say(1, changes(vec![forced(1, 1, LATER + 10)])).unwrap();
    world.say(2, changes(vec![forced(1, 1, LATER + 20)])).unwrap();
    world.now += 1_000;
    for connection in [1, 2] {
        world.say(connection, ask_extra(9)).unwrap();
    }
    let meter = world.meter(&extra_since(LATER + 10));
    assert_eq!((meter.spent, meter.reserved), (units(2), units(3)), "what both used counts, and one is left");
    assert_eq!(world.meter(&extra_since(LATER + 20)).spent, units(0));
}
