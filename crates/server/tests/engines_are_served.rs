//! What an engine that means well gets: on each database, through a real socket.

#![allow(clippy::disallowed_methods, clippy::disallowed_types, reason = "tests measure time")]

mod common;

use std::time::{Duration, Instant};

use common::engine::{record, sent, spend};
use common::{Engine, Server, databases, policy};
use limitr_engine::quantity::Amount;
use limitr_protocol::{DenyReason, Down, Earlier, Held, Resume, Up};

fn amount(units: i64) -> Amount {
    Amount::from_int(units)
}

#[tokio::test(flavor = "multi_thread")]
async fn hello_ensure_changes_lease_return_and_policy() {
    for database in databases().await {
        let server = Server::start(&database);
        let document = policy(100);
        server.publish(&document).await;

        let mut engine = Engine::open(&server, &server.token).await;
        let welcome = engine.hello(None).await;
        let Down::Welcome { session: 1, policy: told, up_to: 0, .. } = welcome else { panic!("{welcome:?}") };
        assert_eq!((told.version, &*told.url), (1, "/v1/policies/1/document"));
        let fetched = server.get(&told.url, &server.token).await;
        assert_eq!((fetched.status, &*fetched.body), (200, &*document));
        engine.say(&Up::Policy { version: 1, ok: true, diagnostics: Vec::new() }).await;

        let known = engine.ensure("user_1").await;
        let record = record(&known);
        assert_eq!(record["plan"], "free");

        let Down::Lease { id: 1, amount: granted, .. } = engine.lease("user_1", "chat", 10).await else {
            panic!("a lease")
        };
        assert_eq!(granted, amount(10));

        let changes = spend(&record, &document, "user_1", "chat", 3);
        let last = changes.last().unwrap().seq;
        assert_eq!(engine.commit(&changes).await, last);
        assert_eq!(engine.commit(&changes).await, last, "what is committed already is acknowledged again");

        engine.say(&Up::Return { lease: 1, amount: amount(10), unused: amount(7) }).await;
        engine.say(&Up::Ping {}).await;
        engine.wait(|frame| matches!(frame, Down::Pong { .. })).await;

        let usage = server.get("/v1/customers/user_1/usage", &server.admin).await.json();
        assert_eq!(usage["usage"][0]["spent"], 3, "{usage}");
        assert_eq!(usage["usage"][0]["reserved"], 3, "what was returned is free: {usage}");
        let shown = server.get("/v1/customers/user_1", &server.admin).await.json();
        assert_eq!(shown["meters"]["chat"]["value"].to_string().trim_matches('"'), "3", "{shown}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn others_that_hold_the_customer_hear_of_changes_and_limits_stay_exact() {
    for database in databases().await {
        let server = Server::start(&database);
        let document = policy(10);
        server.publish(&document).await;
        let (mut ann, mut ben) = (Engine::connect(&server).await, Engine::connect(&server).await);
        let record = record(&ann.ensure("user_1").await);
        ben.say(&Up::Load { ids: vec!["user_1".into(), "nobody".into()] }).await;
        let loaded = ben.wait(|frame| matches!(frame, Down::Customers { .. })).await;
        assert!(
            matches!(&loaded, Down::Customers { missing, .. } if **missing == ["nobody".into()]),
            "{loaded:?}"
        );

        ann.commit(&spend(&record, &document, "user_1", "chat", 2)).await;
        let heard = ben.wait(|frame| matches!(frame, Down::Changes { .. })).await;
        assert!(
            matches!(&heard, Down::Changes { customer, list, .. } if &**customer == "user_1" && !list.is_empty())
        );

        // 8 units are left. However both ask, they never get more than that.
        let mut granted = [0_i128; 2];
        for round in 0..40 {
            let (who, place) = if round % 2 == 0 { (&mut ann, 0) } else { (&mut ben, 1) };
            if let Down::Lease { amount, .. } = who.lease("user_1", "chat", 100).await {
                granted[place] = amount.atoms();
            }
        }
        assert_eq!(granted.iter().sum::<i128>(), amount(10).atoms());
        // What it has already is told again, and that there is no more.
        let denied = ann.wait(|frame| matches!(frame, Down::LeaseDenied { .. })).await;
        assert!(matches!(denied, Down::LeaseDenied { reason: DenyReason::Leased, .. }), "{denied:?}");
        ben.wait(|frame| matches!(frame, Down::Revoke { .. })).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_published_policy_reaches_every_engine_within_a_second() {
    for database in databases().await {
        let server = Server::start(&database);
        server.publish(&policy(100)).await;
        let mut engines = Vec::new();
        for _ in 0..20 {
            engines.push(Engine::connect(&server).await);
        }
        server.publish(&policy(200)).await;
        let since = Instant::now();
        for engine in &mut engines {
            let told = engine.wait(|frame| matches!(frame, Down::Policy(_))).await;
            assert!(matches!(&told, Down::Policy(policy) if policy.version == 2), "{told:?}");
        }
        assert!(since.elapsed() < Duration::from_secs(1), "{:?}", since.elapsed());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pinned_engine_gets_its_version_whatever_is_published_also_from_another_process() {
    for database in databases().await {
        let server = Server::start(&database);
        let (first, second) = (policy(100), policy(7));
        server.publish(&first).await;
        server.publish(&second).await;
        let mut engine = Engine::open(&server, &server.token).await;
        engine.greet(Some(1), None).await;
        let welcome = engine.welcome().await;
        let Down::Welcome { policy: told, .. } = &welcome else { panic!("{welcome:?}") };
        assert_eq!((told.version, &*told.url), (1, "/v1/policies/1/document"));
        assert_eq!(server.get(&told.url, &server.token).await.body, first);

        let mut follower = Engine::connect(&server).await;
        server.publish(&policy(5)).await;
        follower.wait(|frame| matches!(frame, Down::Policy(policy) if policy.version == 3)).await;
        engine.ensure("user_1").await;
        let mut granted = [0_i128; 2];
        for round in 0..30 {
            let (who, place) = if round % 2 == 0 { (&mut engine, 0) } else { (&mut follower, 1) };
            if let Down::Lease { amount, .. } = who.lease("user_1", "chat", 100).await {
                granted[place] = amount.atoms();
            }
        }
        assert_eq!(granted.iter().sum::<i128>(), amount(5).atoms(), "of the limit in force: {granted:?}");
        let told = engine.heard.iter().find(|frame| matches!(frame, Down::Policy(_)));
        assert_eq!(told, None, "it is told of no other version");

        let (token, admin, instance) = (server.token.clone(), server.admin.clone(), engine.instance);
        drop(server); // killed
        let mut server = Server::start(&database);
        (server.token, server.admin) = (token, admin);
        let mut again = Engine::open(&server, &server.token).await;
        again.instance = instance;
        again.greet(Some(1), None).await;
        let welcome = again.welcome().await;
        let Down::Welcome { policy: told, .. } = &welcome else { panic!("{welcome:?}") };
        assert_eq!(server.get(&told.url, &server.token).await.body, first);
        let history = server.get("/v1/policies", &server.admin).await.json();
        assert_eq!((&history["active"], &history["versions"][2]["version"]), (&3.into(), &1.into()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_engine_that_refuses_a_policy_is_served_on_and_the_log_says_why() {
    for database in databases().await {
        let server = Server::start(&database);
        server.publish(&policy(100)).await;
        let mut engine = Engine::connect(&server).await;
        engine.say(&Up::Policy { version: 1, ok: true, diagnostics: Vec::new() }).await;
        server.publish(&policy(200)).await;
        engine.wait(|frame| matches!(frame, Down::Policy(_))).await;
        let problem = serde_json::json!({ "severity": "error", "message": "unknown field `later`" });
        engine.say(&Up::Policy { version: 2, ok: false, diagnostics: vec![problem] }).await;
        let leased = engine.ensure("user_1").await;
        assert_eq!(record(&leased)["plan"], "free");
        let Down::Lease { amount: granted, .. } = engine.lease("user_1", "chat", 10).await else {
            panic!("a lease")
        };
        assert_eq!(granted, amount(10));
        let said =
            |line: &String| line.contains("refused a policy") && line.contains("unknown field `later`");
        for _ in 0..200 {
            if server.log().iter().any(said) {
                break;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        assert!(server.log().iter().any(said), "{:?}", server.log());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instance_resumes_and_a_later_one_hands_in_what_it_left() {
    for database in databases().await {
        let server = Server::start(&database);
        let document = policy(50);
        server.publish(&document).await;
        let mut engine = Engine::connect(&server).await;
        let record = record(&engine.ensure("user_1").await);
        let changes = spend(&record, &document, "user_1", "chat", 6);
        let (first, rest) = changes.split_at(changes.len() / 2);
        let up_to = engine.commit(first).await;

        // Another connection of the same instance: it is told where it was, and the older one is over.
        let mut again = Engine::open(&server, &server.token).await;
        again.instance = engine.instance;
        let held = vec![Held { customer: "user_1".into(), rev: 0 }];
        let welcome = again.hello(Some(Resume { held, earlier: Vec::new() })).await;
        assert!(
            matches!(welcome, Down::Welcome { session: 2, up_to: told, .. } if told == up_to),
            "{welcome:?}"
        );
        assert_eq!(engine.cut_off().await, "session_over");

        // A later instance of the same store hands in the rest, of the instance that it named.
        let mut later = Engine::open(&server, &server.token).await;
        let last = changes.last().unwrap().seq;
        let earlier = vec![Earlier { instance: engine.instance, up_to: last, complete: true }];
        let welcome = later.hello(Some(Resume { held: Vec::new(), earlier })).await;
        assert!(
            matches!(&welcome, Down::Welcome { earlier, .. } if earlier[0].up_to == up_to),
            "{welcome:?}"
        );
        let Up::Changes { from, list, watermark, .. } = sent(rest) else { panic!("changes") };
        later.say(&Up::Changes { from, list, watermark, of: Some(engine.instance) }).await;
        let ack = later.wait(|frame| matches!(frame, Down::Ack { .. })).await;
        assert_eq!(ack, Down::Ack { up_to: last, of: Some(engine.instance) });
        assert_eq!(again.cut_off().await, "session_over");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_acknowledged_survives_a_server_that_is_killed() {
    for database in databases().await {
        let server = Server::start(&database);
        let document = policy(1_000);
        server.publish(&document).await;
        let mut engine = Engine::connect(&server).await;
        let record = record(&engine.ensure("user_1").await);
        let changes = spend(&record, &document, "user_1", "chat", 20);
        let (mut acknowledged, instance) = (0, engine.instance);
        for change in &changes[..changes.len() / 2] {
            acknowledged = engine.commit(std::slice::from_ref(change)).await;
        }
        let (admin, token) = (server.admin.clone(), server.token.clone());
        drop(server); // killed

        let mut server = Server::start(&database);
        (server.admin, server.token) = (admin, token);
        let mut again = Engine::open(&server, &server.token).await;
        again.instance = instance;
        let welcome = again.hello(None).await;
        assert!(matches!(welcome, Down::Welcome { up_to, .. } if up_to == acknowledged), "{welcome:?}");
        assert_eq!(again.commit(&changes[changes.len() / 2..]).await, changes.last().unwrap().seq);
        let usage = server.get("/v1/customers/user_1/usage", &server.admin).await.json();
        assert_eq!(usage["usage"][0]["spent"], 20, "{usage}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn servers_on_one_postgres_wake_each_other() {
    for database in databases().await {
        if !database.place.starts_with("postgres") {
            continue; // a SQLite file has one server
        }
        let server = Server::start(&database);
        let other = server.beside(&database);
        let document = policy(4);
        server.publish(&document).await;
        let (mut here, mut there) = (Engine::connect(&server).await, Engine::connect(&other).await);
        let record = record(&here.ensure("user_1").await);
        there.ensure("user_1").await;
        here.commit(&spend(&record, &document, "user_1", "chat", 1)).await;
        there.wait(|frame| matches!(frame, Down::Changes { .. })).await;

        other.publish(&policy(8)).await;
        here.wait(|frame| matches!(frame, Down::Policy(policy) if policy.version == 2)).await;

        let mut moved = Engine::open(&other, &server.token).await;
        moved.instance = here.instance;
        moved.hello(None).await;
        assert_eq!(here.cut_off().await, "session_over");

        let (id, secret) = server.make_token(&["engine"]).await;
        let mut revoked = Engine::open(&other, &secret).await;
        revoked.hello(None).await;
        let path = format!("/v1/tokens/{id}");
        let bearer = format!("authorization: Bearer {}", server.admin);
        assert_eq!(server.ask("DELETE", &path, &[&bearer], "").await.status, 204);
        assert_eq!(revoked.cut_off().await, "revoked");
    }
}
