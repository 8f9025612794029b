//! What only people can put right says so; everything else is tried again.

mod support;

use limitr_protocol::{Down, Ensured, Up};
use limitr_sync::{Effect, Failure, Options, Status};
use support::*;

fn error(code: &str) -> Down {
    Down::Error { code: code.into(), message: "no".into(), customer: None }
}

#[test]
fn tokens_and_versions_that_are_refused_end_it() {
    for (code, failure) in [
        ("unauthorized", Failure::Unauthorized),
        ("revoked", Failure::Revoked),
        ("version_unsupported", Failure::VersionUnsupported),
    ] {
        let mut driver = Driver::new(Options::new(ME, 1));
        driver.sync.connected(0);
        driver.effects();
        let effects = driver.hears(error(code));
        assert_eq!(failure.code(), code);
        assert_eq!(effects, [Effect::Disconnect, Effect::Status(Status::Failed(failure))]);
        assert_eq!(driver.wait(100_000), [], "it isn't tried again");
    }
}

#[test]
fn a_customer_that_is_refused_concerns_nothing_else() {
    let mut driver = Driver::online(Options::new(ME, 1));
    let bob = Ensured { id: "bob".into(), plan: "gold".into(), ..Ensured::default() };
    driver.sync.ensure(bob.clone());
    assert_eq!(driver.effects(), [Effect::Send(Up::Ensure { customer: bob })]);
    let (code, message) = ("unknown_plan".to_string(), "there is no plan `gold`".to_string());
    let customer: Box<str> = "bob".into();
    let frame =
        Down::Error { code: code.clone(), message: message.clone(), customer: Some(customer.clone()) };
    assert_eq!(driver.hears(frame), [Effect::CustomerRefused { customer, code, message }]);
    assert_eq!(*driver.sync.status(), Status::Online);
    driver.sync.disconnected(driver.now);
    driver.effects();
    let said = driver.reconnect(0);
    assert!(!said.iter().any(|effect| matches!(effect, Effect::Send(Up::Ensure { .. }))), "{said:?}");
}

#[test]
fn a_server_in_trouble_is_tried_again() {
    for code in ["storage_failed", "session_over", "overloaded", "stale_ticket"] {
        let mut driver = Driver::online(Options::new(ME, 1));
        assert_eq!(driver.hears(error(code))[0], Effect::Disconnect);
        assert_eq!(*driver.sync.status(), Status::Offline);
        driver.reconnect(0);
        assert_eq!(*driver.sync.status(), Status::Online);
    }
}

#[test]
fn a_server_that_is_never_reached_is_a_connect_timeout_and_tried_on() {
    let mut driver = Driver::new(Options::new(ME, 1));
    driver.effects();
    driver.sync.disconnected(0);
    let mut seen = Vec::new();
    while driver.now < 6_000 {
        driver.now = driver.sync.next_tick(driver.now).unwrap();
        driver.sync.tick(driver.now);
        for effect in driver.effects() {
            if effect == Effect::Connect {
                driver.sync.disconnected(driver.now);
            }
            seen.push((driver.now, effect));
        }
    }
    let failed = Effect::Status(Status::Failed(Failure::ConnectTimeout));
    assert_eq!(seen.iter().filter(|(_, effect)| *effect == failed).count(), 1);
    assert!(seen.contains(&(5_000, failed)));
    assert_eq!(seen.last().map(|(_, effect)| effect), Some(&Effect::Connect), "{seen:?}");
}

#[test]
fn a_policy_that_the_engine_refuses_is_reported_and_the_one_before_stays() {
    let mut driver = Driver::online(Options::new(ME, 1));
    assert_eq!(driver.hears(Down::Policy(policy(2))), [Effect::FetchPolicy(policy(2))]);
    let warning = serde_json::json!({ "severity": "warning", "message": "an unused credit" });
    let unknown = serde_json::json!({ "severity": "error", "message": "unknown credit `tt`" });
    let diagnostics = vec![warning, unknown];
    driver.sync.policy_done(2, Err(diagnostics.clone()));
    let said = Effect::Send(Up::Policy { version: 2, ok: false, diagnostics });
    let problem = "unknown credit `tt`".to_string();
    let failure = Failure::PolicyInvalid { version: 2, runs: Some(1), problem };
    let failed = Effect::Status(Status::Failed(failure));
    assert_eq!(driver.effects(), [failed, said]);
    let again = driver.hears(Down::Policy(policy(2)));
    assert_eq!(again, [Effect::FetchPolicy(policy(2))], "it may be had by then");
    driver.sync.policy_done(2, Err(Vec::new()));
    driver.hears(Down::Policy(policy(3)));
    driver.sync.policy_done(3, Ok(()));
    assert_eq!(*driver.sync.status(), Status::Online, "the next one mends it");
}

#[test]
fn policies_are_fetched_one_at_a_time_the_newest_last() {
    let mut driver = Driver::online(Options::new(ME, 1));
    assert_eq!(driver.hears(Down::Policy(policy(2))), [Effect::FetchPolicy(policy(2))]);
    assert_eq!(driver.hears(Down::Policy(policy(3))), []);
    assert_eq!(driver.hears(Down::Policy(policy(4))), []);
    driver.sync.policy_done(2, Ok(()));
    let effects = driver.effects();
    assert_eq!(effects.last(), Some(&Effect::FetchPolicy(policy(4))));
    assert_eq!(driver.hears(Down::Policy(policy(1))), [], "an old one is nothing new");
}

#[test]
fn a_silent_connection_is_tried_and_then_given_up() {
    let mut driver = Driver::online(Options::new(ME, 1));
    let effects = driver.wait(15_000);
    assert!(effects.contains(&Effect::Send(Up::Ping {})), "{effects:?}");
    assert!(driver.wait(15_000).contains(&Effect::Disconnect));
    assert_eq!(*driver.sync.status(), Status::Offline);
}
