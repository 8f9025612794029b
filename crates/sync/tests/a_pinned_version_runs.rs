//! An engine that is pinned to a version runs that one or none.

mod support;

use limitr_protocol::{Down, Up};
use limitr_sync::{Effect, Failure, Options, Status};
use support::*;

fn pinned() -> Options {
    Options { pinned: Some(1), ..Options::new(ME, 1) }
}

fn greeted(effects: &[Effect]) -> Option<u64> {
    let hello = effects.iter().find_map(|effect| match effect {
        Effect::Send(Up::Hello { pinned, .. }) => Some(*pinned),
        _ => None,
    });
    hello.expect("a hello")
}

fn error(code: &str) -> Down {
    Down::Error { code: code.into(), message: "no".into(), customer: None }
}

/// The effects of hearing a frame in place of `welcome`.
fn answered(options: Options, frame: Down) -> (Driver, Vec<Effect>) {
    let mut driver = Driver::new(options);
    driver.sync.connected(0);
    driver.effects();
    let effects = driver.hears(frame);
    (driver, effects)
}

#[test]
fn each_connection_says_so_and_other_versions_are_nothing_to_it() {
    let mut driver = Driver::new(pinned());
    let effects = driver.connect(0);
    assert_eq!(greeted(&effects), Some(1));
    assert!(effects.contains(&Effect::FetchPolicy(policy(1))), "{effects:?}");
    assert_eq!(driver.hears(Down::Policy(policy(2))), [], "while it is fetched");
    driver.sync.policy_done(1, Ok(()));
    driver.effects();
    assert_eq!(driver.hears(Down::Policy(policy(3))), []);
    driver.sync.disconnected(0);
    let effects = driver.reconnect(0);
    assert_eq!(greeted(&effects), Some(1));
    assert!(!effects.iter().any(|effect| matches!(effect, Effect::FetchPolicy(_))), "it has it: {effects:?}");
    assert_eq!(*driver.sync.status(), Status::Online);

    let mut follower = Driver::new(Options::new(ME, 1));
    assert_eq!(greeted(&follower.connect(0)), None);
}

#[test]
fn a_server_that_has_no_such_version_ends_it() {
    let (mut driver, effects) = answered(pinned(), error("unknown_policy"));
    let failure = Failure::UnknownPolicy { message: "no".into() };
    assert_eq!(failure.code(), "unknown_policy");
    assert_eq!(effects, [Effect::Disconnect, Effect::Status(Status::Failed(failure))]);
    assert_eq!(driver.wait(100_000), [], "it isn't tried again");
}

#[test]
fn a_server_that_knows_of_no_pinned_versions_ends_it_whatever_it_answers() {
    for older in [welcome(0, 0, 2), error("invalid_field")] {
        let (mut driver, effects) = answered(pinned(), older);
        let failed = Effect::Status(Status::Failed(Failure::VersionUnsupported));
        assert_eq!(effects, [Effect::Disconnect, failed], "not a document is fetched");
        assert_eq!(driver.wait(100_000), []);
    }
    let mut driver = Driver::online(Options::new(ME, 1));
    driver.hears(error("invalid_field"));
    assert!(matches!(driver.sync.status(), Status::Failed(Failure::Refused { .. })), "of another frame");
}
