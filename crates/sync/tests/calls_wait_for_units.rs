//! A dry lease makes the awaited call ask, and the call goes on in time whatever the server does.

mod support;

use limitr_engine::quantity::Amount;
use limitr_protocol::{DenyReason, Down, Up};
use limitr_sync::{Effect, Offline, Options, Source, Spendable};
use support::*;

#[test]
fn it_goes_on_as_soon_as_the_units_are_there() {
    let mut driver = Driver::online(Options::new(ME, 1));
    let Spendable::Dry(dry) = driver.sync.may_spend(0, &[spend(3)]) else { panic!("nothing is leased yet") };
    let call = driver.sync.await_units(0, dry).unwrap();
    assert_eq!(driver.effects(), [ask(3)]);
    assert_eq!(driver.hears(lease(1, 1, 60_000)), [ask(3)], "some came: the rest is asked for");
    assert_eq!(driver.hears(lease(1, 3, 60_000)), [Effect::Decide(call)]);
    assert_eq!(driver.sync.may_spend(0, &[spend(3)]), Spendable::Yes(Source::Lease));
    driver.sync.spent(0, &[spend(3)]);
    assert!(matches!(driver.sync.may_spend(0, &[spend(1)]), Spendable::Dry(_)));
    assert_eq!(
        driver.sync.may_spend(0, &[spend(-2)]),
        Spendable::Yes(Source::Local),
        "giving back costs nothing"
    );
}

#[test]
fn it_goes_on_when_there_is_nothing_or_time_is_up_or_the_line_is_cut() {
    let mut driver = Driver::online(Options::new(ME, 1));
    let wait = |driver: &mut Driver| {
        let call = driver.sync.await_units(driver.now, vec![spend(3)]).unwrap();
        driver.effects();
        call
    };
    let call = wait(&mut driver);
    assert_eq!(driver.hears(denied(DenyReason::Exhausted)), [Effect::Decide(call)]);
    let call = wait(&mut driver);
    assert_eq!(driver.sync.next_tick(driver.now), Some(driver.now + 250));
    assert_eq!(driver.wait(249), []);
    assert!(driver.wait(1).contains(&Effect::Decide(call)));
    let call = wait(&mut driver);
    driver.sync.disconnected(driver.now);
    assert!(driver.effects().contains(&Effect::Decide(call)));
    assert_eq!(driver.sync.await_units(driver.now, vec![spend(3)]), None, "there is nobody to ask");
}

#[test]
fn what_others_are_asked_to_return_is_asked_for_again() {
    let mut driver = Driver::online(Options::new(ME, 1));
    let call = driver.sync.await_units(0, vec![spend(3)]).unwrap();
    driver.effects();
    assert_eq!(driver.hears(denied(DenyReason::Leased)), []);
    assert_eq!(driver.wait(50), [ask(3)]);
    assert_eq!(driver.hears(lease(1, 3, 60_000)), [Effect::Decide(call)]);
}

#[test]
fn more_is_asked_for_before_a_lease_is_dry_by_the_rate_of_spending() {
    let mut driver = Driver::online(Options::new(ME, 1));
    driver.hears(lease(1, 20, 60_000));
    let mut asked = None;
    for _ in 0..20 {
        driver.now += 100;
        driver.sync.spent(driver.now, &[spend(1)]);
        let wants = driver.effects().into_iter().find_map(|effect| match effect {
            Effect::Send(Up::Lease { want, .. }) => Some(want),
            _ => None,
        });
        asked = asked.or(wants.map(|want| (want, driver.sync.left("ann", &chat()))));
    }
    let (want, left) = asked.expect("it was asked for more");
    assert!(left > Amount::ZERO, "while there was still some");
    assert!(want > units(20), "{want}");
}

#[test]
fn an_idle_lease_goes_back_and_stays_back_whatever_is_still_on_its_way() {
    let mut driver = Driver::online(Options::new(ME, 1));
    driver.hears(lease(1, 20, 60_000));
    driver.sync.spent(0, &[spend(5)]);
    driver.effects();
    let returned = driver.wait(11_000);
    assert!(returned.contains(&Effect::Send(Up::Return { lease: 1, amount: units(20), unused: units(15) })));
    driver.hears(lease(1, 40, 90_000));
    assert!(matches!(driver.sync.may_spend(driver.now, &[spend(1)]), Spendable::Dry(_)));
    driver.hears(lease(2, 6, 90_000));
    assert_eq!(
        driver.sync.left("ann", &chat()),
        units(1),
        "a ceiling counts all that was spent in the period"
    );
}

#[test]
fn a_revoked_lease_goes_back_at_once_and_again_if_the_return_got_lost() {
    let mut driver = Driver::online(Options::new(ME, 1));
    driver.hears(lease(1, 20, 60_000));
    driver.sync.spent(0, &[spend(5)]);
    driver.effects();
    let back = Effect::Send(Up::Return { lease: 1, amount: units(20), unused: units(15) });
    assert_eq!(driver.hears(Down::Revoke { lease: 1 }), [back]);
    let again = Effect::Send(Up::Return { lease: 1, amount: units(5), unused: units(0) });
    assert_eq!(driver.hears(Down::Revoke { lease: 1 }), [again]);
    assert_eq!(driver.hears(Down::Revoke { lease: 9 }), []);
}

#[test]
fn a_lease_ends_at_its_time_and_with_its_period() {
    let mut driver = Driver::online(Options::new(ME, 1));
    driver.hears(lease(1, 20, 60_000));
    assert_eq!(driver.sync.may_spend(59_999, &[spend(1)]), Spendable::Yes(Source::Lease));
    assert!(matches!(driver.sync.may_spend(60_000, &[spend(1)]), Spendable::Dry(_)));
    let next = limitr_sync::Spend { period_start: 5, ..spend(1) };
    let mut driver = Driver::online(Options::new(ME, 1));
    driver.hears(lease(1, 20, 60_000));
    assert!(matches!(driver.sync.may_spend(0, &[next]), Spendable::Dry(_)));
}

#[test]
fn without_a_server_the_offline_rule_decides() {
    let cut = |offline| {
        let mut driver = Driver::online(Options { offline, ..Options::new(ME, 1) });
        driver.hears(lease(1, 2, 60_000));
        driver.sync.disconnected(0);
        driver.effects();
        driver
    };
    for offline in [Offline::Deny, Offline::Allow, Offline::UpTo(units(5))] {
        let mut driver = cut(offline);
        assert_eq!(driver.sync.may_spend(0, &[spend(2)]), Spendable::Yes(Source::Lease), "leases still hold");
    }
    let mut driver = cut(Offline::Deny);
    assert!(matches!(driver.sync.may_spend(0, &[spend(3)]), Spendable::Dry(_)));
    let mut driver = cut(Offline::Allow);
    assert_eq!(driver.sync.may_spend(0, &[spend(3)]), Spendable::Yes(Source::Offline));
    let mut driver = cut(Offline::UpTo(units(5)));
    assert_eq!(driver.sync.may_spend(0, &[spend(4)]), Spendable::Yes(Source::Offline));
    driver.sync.spent(0, &[spend(4)]);
    assert!(matches!(driver.sync.may_spend(0, &[spend(2)]), Spendable::Dry(_)), "4 of 5 are gone");
}

#[test]
fn a_full_outbox_is_offline() {
    let mut driver = Driver::online(Options { outbox_max: 2, ..Options::new(ME, 1) });
    driver.hears(lease(1, 20, 60_000));
    driver.sync.committed(0, vec![change(1), change(2)]);
    assert!(!driver.sync.has_room());
    assert!(matches!(driver.sync.may_spend(0, &[spend(1)]), Spendable::Dry(_)));
    driver.hears(Down::Ack { up_to: 1, of: None });
    assert_eq!(driver.sync.may_spend(0, &[spend(1)]), Spendable::Yes(Source::Lease));
}
