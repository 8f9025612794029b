//! A dry lease makes the awaited call ask, and the call goes on in time whatever the server does.

mod support;

use limitr_engine::quantity::Amount;
use limitr_protocol::{DenyReason, Down, Up};
use limitr_sync::{Effect, Options};
use support::*;

#[test]
fn it_goes_on_as_soon_as_the_units_are_there() {
    let mut driver = Driver::online(Options::new(ME, 1));
    let call = driver.sync.await_units(0, vec![spend(3)]).unwrap();
    assert_eq!(driver.effects(), [ask(3)]);
    assert_eq!(driver.hears(lease(1, 1, 60_000)), [ask(3)], "some came: the rest is asked for");
    assert_eq!(driver.hears(lease(1, 3, 60_000)), [Effect::Decide(call)]);
    assert_eq!(driver.sync.left("ann", &chat()), units(3));
    driver.sync.spent(0, &[spend(3)]);
    assert_eq!(driver.sync.left("ann", &chat()), units(0));
    driver.sync.spent(0, &[spend(-2)]);
    assert_eq!(driver.sync.left("ann", &chat()), units(2), "what is given back may be spent again");
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
fn a_lease_that_got_lost_behind_the_answer_to_another_question_is_asked_for_anew() {
    let mut driver = Driver::online(Options::new(ME, 1));
    driver.sync.await_units(0, vec![spend(3)]).unwrap();
    driver.effects();
    // The server answers with what there is, and that there is no more. In between the rest is asked for.
    assert_eq!(driver.hears(lease(1, 1, 60_000)), [ask(3)]);
    driver.hears(denied(DenyReason::Leased));
    driver.sync.disconnected(driver.now);
    driver.effects();
    let said = driver.reconnect(0);
    assert!(said.contains(&ask(3)), "what was answered to that is unknown: {said:?}");
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
    assert_eq!(driver.sync.left("ann", &chat()), units(0));
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
fn what_holds_reserve_stays_leased_until_they_end() {
    let mut driver = Driver::online(Options::new(ME, 1));
    driver.hears(lease(1, 20, 60_000));
    driver.sync.spent(0, &[spend(5)]);
    driver.sync.held("ann", &chat(), units(4), 20_000);
    driver.effects();
    assert_eq!(driver.wait(11_000), [Effect::Send(Up::Ping {})][..0], "it isn't idle");
    let back = Effect::Send(Up::Return { lease: 1, amount: units(20), unused: units(11) });
    assert_eq!(driver.hears(Down::Revoke { lease: 1 }), [back, ask(10)], "returned, and leased anew");
    driver.hears(lease(2, 9, 60_000));
    let back = Effect::Send(Up::Return { lease: 2, amount: units(9), unused: units(4) });
    assert!(driver.wait(10_000).contains(&back), "the hold is over");
    driver.hears(lease(3, 9, 60_000));
    driver.sync.held("ann", &chat(), units(4), 60_000);
    driver.hears(Down::Revoke { lease: 3 });
    let again = Effect::Send(Up::Return { lease: 3, amount: units(9), unused: units(0) });
    assert_eq!(driver.hears(Down::Revoke { lease: 3 })[0], again, "5 are spent, 4 are held still");
}
