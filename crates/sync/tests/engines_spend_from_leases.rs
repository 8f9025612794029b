//! An engine and its side of Cloud as a driver sees them: calls spend from leases, and what they spent goes up.

use limitr_engine::quantity::Amount;
use limitr_engine::{Ask, Call, Change, Effected, Engine, Reason, Source};
use limitr_protocol::{Bounds, Down, InstanceId, Known, PolicyRef, Sent, Up, What, read_up, write};
use limitr_sync::{Failure, Fetched, Hosted, Io, Offline, Options, Status, Store};

const DOCUMENT: &str = "policy: { credits: { message: {} }, plans: { free: { default: true, entitlements: { chat: { limit: { credit: message, \
                        value: 100 } } } } } }";

struct Driver {
    hosted: Hosted,
    now: i64,
}

impl Driver {
    /// One that is welcomed, runs policy 7 and holds `user_1`.
    fn online(options: Options) -> Driver {
        let mut driver = Driver { hosted: Hosted::open(0, options), now: 0 };
        driver.hosted.load(0, "user_1");
        driver.connect();
        assert!(driver.io().iter().any(|io| matches!(io, Io::FetchPolicy(policy) if policy.version == 7)));
        driver.hosted.policy_fetched(0, 7, Fetched::Document(DOCUMENT));
        let record = Engine::example().unwrap().customer_record("user_1").unwrap();
        let known = Known { record, rev: 1, up_to: 0 };
        driver.hears(&Down::Customers { list: vec![known], missing: vec!["nobody".into()] });
        let io = driver.io();
        assert!(
            io.contains(&Io::CustomerLoaded("user_1".into()))
                && io.contains(&Io::NoCustomer("nobody".into()))
        );
        driver
    }

    fn connect(&mut self) {
        self.hosted.connected(self.now);
        let policy = PolicyRef { version: 7, hash: String::new(), url: String::new() };
        let limits = Bounds { changes: 2_000, customers: 10_000 };
        let now = self.now;
        self.hears(&Down::Welcome { session: 1, now, policy, limits, up_to: 0, earlier: Vec::new() });
    }

    fn hears(&mut self, frame: &Down) {
        self.hosted.text(self.now, &write(frame).unwrap());
    }

    fn leased(&mut self, id: u64, amount: i64, until: i64) {
        let (customer, what, amount) =
            ("user_1".into(), What::Limit("chat".into()), Amount::from_int(amount));
        self.hears(&Down::Lease { id, customer, what, period_start: 0, amount, until });
    }

    fn io(&mut self) -> Vec<Io> {
        std::iter::from_fn(|| self.hosted.next()).collect()
    }

    fn said(&mut self) -> Vec<Up> {
        let io = self.io().into_iter();
        io.filter_map(|io| if let Io::Send(text) = io { Some(read_up(&text).unwrap()) } else { None })
            .collect()
    }

    fn call(&mut self, units: f64) -> (bool, Reason, Source) {
        let at = self.hosted.server_time(self.now);
        let engine = self.hosted.engine_mut().unwrap();
        let decision = engine.decide(at, "user_1", "chat", &Call::new(Ask::by(units))).unwrap();
        (decision.allowed, decision.reason, decision.source)
    }
}

fn me() -> Options {
    Options::new(InstanceId(7), 1)
}

#[test]
fn a_call_waits_for_a_lease_and_goes_on() {
    let mut driver = Driver::online(me());
    assert_eq!(driver.call(3.0), (false, Reason::Lease, Source::Lease));
    let dry = driver.hosted.dry();
    let number = driver.hosted.await_units(0, dry).unwrap();
    let asks = driver.said();
    assert!(matches!(&asks[..], [Up::Lease { want, .. }] if *want == Amount::from_int(3)), "{asks:?}");
    driver.leased(1, 3, 60_000);
    assert_eq!(driver.io(), [Io::Decide(number)]);
    assert_eq!(driver.call(3.0), (true, Reason::Ok, Source::Lease));
    assert_eq!(driver.call(1.0).1, Reason::Lease);
    assert_eq!(driver.hosted.engine().unwrap().policy_version(), 7, "the server's number");
}

fn units_of(change: &Change) -> Amount {
    let Effected::Metered(metered) = &change.effect else { panic!("{change:?}") };
    metered.units
}

#[test]
fn calls_are_passed_on_in_batches_and_more_is_asked_for_in_time() {
    let mut driver = Driver::online(me());
    driver.leased(1, 40, 60_000);
    for batch in 0..7 {
        for _ in 0..5 {
            driver.now += 20;
            assert!(driver.call(1.0).0);
        }
        driver.hosted.after_call(driver.now);
        let said = driver.said();
        let sent =
            said.iter().find_map(|up| if let Up::Changes { list, .. } = up { Some(list) } else { None });
        // Plain calls of one meter are one change, of all that they spent.
        let units: Vec<_> = sent.into_iter().flatten().map(|Sent(change)| units_of(change)).collect();
        assert_eq!(units, [Amount::from_int(5)], "batch {batch}: {said:?}");
        if said.iter().any(|up| matches!(up, Up::Lease { .. })) {
            return;
        }
    }
    panic!("it wasn't asked for more");
}

#[test]
fn what_was_spent_is_said_before_anything_is_returned() {
    let mut driver = Driver::online(me());
    driver.leased(1, 10, 60_000);
    assert!(driver.call(4.0).0);
    driver.hears(&Down::Revoke { lease: 1 });
    let said = driver.said();
    assert!(matches!(&said[0], Up::Changes { .. }), "{said:?}");
    assert_eq!(said[1], Up::Return { lease: 1, amount: Amount::from_int(10), unused: Amount::from_int(6) });
    assert_eq!(driver.call(1.0).1, Reason::Lease, "and it isn't spent after");
    driver.leased(2, 10, 60_000);
    assert!(driver.call(1.0).0);
    driver.hosted.close(driver.now);
    let said = driver.said();
    assert!(
        matches!(said.last(), Some(Up::Return { unused, .. }) if *unused == Amount::from_int(5)),
        "{said:?}"
    );
}

#[test]
fn a_lease_ends_at_its_time() {
    let mut driver = Driver::online(me());
    driver.leased(1, 10, 60_000);
    driver.now = 59_999;
    assert!(driver.call(1.0).0);
    driver.now = 60_000;
    assert_eq!(driver.call(1.0).1, Reason::Lease);
}

#[test]
fn without_a_server_the_offline_rule_decides() {
    let cut = |offline| {
        let mut driver = Driver::online(Options { offline, ..me() });
        driver.leased(1, 2, 60_000);
        driver.hosted.disconnected(0);
        assert_eq!(driver.call(2.0), (true, Reason::Ok, Source::Lease), "leases still hold");
        driver
    };
    assert_eq!(cut(Offline::Deny).call(1.0).1, Reason::Lease);
    assert_eq!(cut(Offline::Allow).call(50.0), (true, Reason::Ok, Source::Offline));
    let mut driver = cut(Offline::UpTo(Amount::from_int(5)));
    assert_eq!(driver.call(4.0), (true, Reason::Ok, Source::Offline));
    assert_eq!(driver.call(2.0).1, Reason::Lease, "4 of 5 are gone");
    driver.now = driver.hosted.next_tick(0).unwrap();
    driver.hosted.tick(driver.now);
    driver.connect();
    assert_eq!(driver.call(1.0).1, Reason::Lease, "there is a server to ask");
}

#[test]
fn a_full_outbox_denies_until_the_server_has_taken_it() {
    let mut driver = Driver::online(Options { outbox_max: 3, ..me() });
    driver.leased(1, 20, 60_000);
    for _ in 0..2 {
        assert!(driver.call(1.0).0);
        driver.hosted.after_call(0);
    }
    assert_eq!(driver.call(1.0).1, Reason::Lease);
    assert_eq!(driver.hosted.dry(), [], "no lease would help");
    driver.hears(&Down::Ack { up_to: 2, of: None });
    assert!(driver.call(1.0).0);
}

#[test]
fn with_a_store_changes_are_kept_before_they_are_sent() {
    let mut driver = Driver::online(Options { store: Store::Durable, ..me() });
    driver.leased(1, 20, 60_000);
    driver.io();
    assert!(driver.call(1.0).0);
    driver.hosted.after_call(0);
    let io = driver.io();
    assert!(matches!(&io[..], [Io::Keep { taken, .. }] if (taken.first, taken.count) == (2, 1)), "{io:?}");
    driver.hosted.durable(0, 2);
    assert!(matches!(&driver.said()[..], [Up::Changes { list, .. }] if list.len() == 2));
}

#[test]
fn a_frame_that_is_none_ends_the_connection_with_its_code() {
    let mut driver = Driver::online(me());
    driver.hosted.text(0, "{\"type\":\"sing\"}");
    let io = driver.io();
    assert_eq!(io[0], Io::Disconnect);
    let Some(Io::Status(Status::Failed(failure))) = io.last() else { panic!("{io:?}") };
    assert_eq!((failure.code(), failure.is_final()), ("unknown_type", false));
    driver.now = driver.hosted.next_tick(0).unwrap();
    driver.hosted.tick(driver.now);
    assert_eq!(driver.io(), [Io::Connect]);
}

#[test]
fn a_policy_that_is_refused_is_reported_and_the_one_before_stays() {
    let mut driver = Driver::online(me());
    let policy = PolicyRef { version: 8, hash: String::new(), url: String::new() };
    driver.hears(&Down::Policy(policy));
    driver.io();
    driver.hosted.policy_fetched(0, 8, Fetched::Document("policy: { plans: 3 }"));
    let Status::Failed(Failure::PolicyInvalid { version: 8, runs: Some(7), problem }) =
        driver.hosted.status()
    else {
        panic!("{:?}", driver.hosted.status())
    };
    assert!(problem.contains("expected a map"), "{problem}");
    let said = driver.said();
    assert!(
        matches!(&said[..], [Up::Policy { version: 8, ok: false, diagnostics }] if !diagnostics.is_empty())
    );
    assert_eq!(driver.hosted.engine().unwrap().policy_version(), 7);
}
