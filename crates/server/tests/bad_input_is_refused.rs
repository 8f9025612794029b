//! What an engine that means ill gets: an error that says what it is, the end of its own connection, and nothing changed for others.

mod common;

use common::engine::{self, record, sent, spend};
use common::{Database, Engine, Server, databases, policy};
use futures_util::SinkExt;
use limitr_engine::quantity::Amount;
use limitr_protocol::{Down, Earlier, Ensured, InstanceId, Resume, Up, What};
use serde_json::json;
use tokio_tungstenite::tungstenite::Message;

async fn started(database: &Database) -> Server {
    let server = Server::start(database);
    server.publish(&policy(10)).await;
    server
}

/// Whether another engine is served as if nothing was.
async fn serves(server: &Server) {
    let mut engine = Engine::connect(server).await;
    engine.ensure("somebody").await;
    engine.say(&Up::Ping {}).await;
    engine.wait(|frame| matches!(frame, Down::Pong { .. })).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn frames_that_are_no_messages() {
    for database in databases().await {
        let server = started(&database).await;
        let nested = format!("{}{}{}", r#"{"type":"ping","a":"#, "[".repeat(5_000), "]".repeat(5_000));
        let cases = [
            ("not json", "invalid_frame"),
            ("[]", "invalid_frame"),
            (r#"{"type":"sing"}"#, "unknown_type"),
            (r#"{"type":"welcome"}"#, "unknown_type"),
            (r#"{"type":"ping","extra":1}"#, "invalid_field"),
            (r#"{"type":"load","ids":[7]}"#, "invalid_field"),
            (r#"{"type":"load","ids":[""]}"#, "invalid_field"),
            (r#"{"type":"return","lease":18446744073709551615,"amount":"1","unused":"0"}"#, "invalid_field"),
            (&nested, "frame_too_deep"),
        ];
        for (text, code) in cases {
            let mut engine = Engine::connect(&server).await;
            engine.say_text(text).await;
            assert_eq!(engine.cut_off().await, code, "{}", &text[..text.len().min(60)]);
        }
        let mut engine = Engine::connect(&server).await;
        engine.socket.send(Message::Binary(vec![1, 2, 3].into())).await.unwrap();
        assert_eq!(engine.cut_off().await, "invalid_frame");
        serves(&server).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn frames_past_a_mebibyte() {
    for database in databases().await {
        let server = started(&database).await;
        let mut engine = Engine::connect(&server).await;
        let large = format!(r#"{{"type":"load","ids":["{}"]}}"#, "x".repeat(1_048_577));
        let _ = engine.socket.send(Message::Text(large.into())).await; // it may be cut off while it sends
        let code = engine.cut_off().await;
        assert!(code == "frame_too_large" || code.is_empty(), "{code}");
        serves(&server).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn frames_in_the_wrong_order() {
    for database in databases().await {
        let server = started(&database).await;
        for early in [Up::Ping {}, Up::Load { ids: vec!["user_1".into()] }, sent(&[])] {
            let mut engine = Engine::open(&server, &server.token).await;
            engine.say(&early).await;
            assert_eq!(engine.cut_off().await, "hello_first");
        }
        let mut engine = Engine::connect(&server).await;
        let (instance, version) = (engine.instance, "0.1.0".to_string());
        engine
            .say(&Up::Hello { instance, engine: version, policy_version: None, pinned: None, resume: None })
            .await;
        assert_eq!(engine.cut_off().await, "invalid_hello");
        serves(&server).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_that_are_forged() {
    for database in databases().await {
        let server = started(&database).await;
        let mut honest = Engine::connect(&server).await;
        let record = record(&honest.ensure("user_1").await);
        let changes = spend(&record, &policy(10), "user_1", "chat", 4);
        let committed = honest.commit(&changes[..2]).await;

        // In another's name.
        let mut forger = Engine::connect(&server).await;
        let Up::Changes { from, list, watermark, .. } = sent(&changes[2..]) else { panic!("changes") };
        forger.say(&Up::Changes { from, list: list.clone(), watermark, of: Some(honest.instance) }).await;
        assert_eq!(forger.cut_off().await, "not_yours");

        // In the server's.
        let mut forger = Engine::connect(&server).await;
        forger.say(&Up::Changes { from, list, watermark, of: Some(InstanceId(0)) }).await;
        assert_eq!(forger.cut_off().await, "not_yours");
        let mut forger = Engine::open(&server, &server.token).await;
        let (instance, version) = (InstanceId(0), "0.1.0".to_string());
        forger
            .say(&Up::Hello { instance, engine: version, policy_version: None, pinned: None, resume: None })
            .await;
        assert_eq!(forger.cut_off().await, "invalid_hello");

        // With a gap, and of a customer that nobody has.
        let mut forger = Engine::connect(&server).await;
        forger.say(&sent(&changes[3..])).await;
        assert_eq!(forger.cut_off().await, "change_gap");
        let mut forger = Engine::connect(&server).await;
        let mut strangers = changes[..1].to_vec();
        let text = strangers[0].to_json().to_string().replace("user_1", "nobody");
        strangers[0] = limitr_engine::Change::from_json(&serde_json::from_str(&text).unwrap()).unwrap();
        forger.say(&sent(&strangers)).await;
        assert_eq!(forger.cut_off().await, "unknown_customer");

        assert_eq!(honest.commit(&changes).await, changes.last().unwrap().seq);
        assert!(committed < changes.last().unwrap().seq);
        let log = server.get("/v1/customers/user_1/changes?limit=500", &server.admin).await.json();
        assert_eq!(log["changes"].as_array().unwrap().len(), changes.len(), "each once: {log}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn instances_of_another_environment() {
    for database in databases().await {
        let server = started(&database).await;
        let cookie = server.sign_in_owner().await;
        let wanted = json!({ "name": "live engine", "scopes": ["engine"] }).to_string();
        let cookie = format!("cookie: {cookie}");
        let made = server.ask("POST", "/v1/tokens?environment=live", &[&cookie], &wanted).await;
        let live = made.json()["secret"].as_str().unwrap().to_string();
        assert!(live.starts_with("limitr_live_"));

        let mut test = Engine::connect(&server).await;
        test.ensure("user_1").await;
        let mut forger = Engine::open(&server, &live).await;
        let (instance, version) = (test.instance, "0.1.0".to_string());
        forger
            .say(&Up::Hello {
                instance,
                engine: version.clone(),
                policy_version: None,
                pinned: None,
                resume: None,
            })
            .await;
        assert_eq!(forger.cut_off().await, "not_yours");

        let mut forger = Engine::open(&server, &live).await;
        let earlier = vec![Earlier { instance: test.instance, up_to: 0, complete: true }];
        let resume = Some(Resume { held: Vec::new(), earlier });
        let instance = engine::instance();
        forger
            .say(&Up::Hello { instance, engine: version, policy_version: None, pinned: None, resume })
            .await;
        assert_eq!(forger.cut_off().await, "not_yours");

        // Nor does the live environment know the test environment's customers.
        let mut other = Engine::open(&server, &live).await;
        other.hello(None).await;
        other.say(&Up::Load { ids: vec!["user_1".into()] }).await;
        let loaded = other.wait(|frame| matches!(frame, Down::Customers { .. })).await;
        assert!(matches!(&loaded, Down::Customers { list, .. } if list.is_empty()), "{loaded:?}");
        test.say(&Up::Ping {}).await;
        test.wait(|frame| matches!(frame, Down::Pong { .. })).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn versions_to_be_pinned_to_that_were_never_published_here() {
    for database in databases().await {
        let server = started(&database).await;
        let draft = server.post("/v1/policies", &server.admin, &policy(5)).await;
        assert_eq!(draft.json()["version"], 2, "{}", draft.body);
        let cookie = format!("cookie: {}", server.sign_in_owner().await);
        let wanted = json!({ "name": "live engine", "scopes": ["engine"] }).to_string();
        let made = server.ask("POST", "/v1/tokens?environment=live", &[&cookie], &wanted).await;
        let live = made.json()["secret"].as_str().unwrap().to_string();
        let draft = (&server.token, 2, "draft");
        for (token, version, why) in
            [draft, (&server.token, 3, "none of that number"), (&live, 1, "none of that number")]
        {
            let mut engine = Engine::open(&server, token).await;
            engine.greet(Some(version), None).await;
            let error = engine.hear().await;
            let Some(Down::Error { code, message, .. }) = error else { panic!("no `welcome`: {error:?}") };
            assert_eq!(code, "unknown_policy");
            assert!(message.contains(&format!("version {version} ")) && message.contains(why), "{message}");
            assert_eq!(engine.hear().await, None, "it is cut off");
        }
        for pinned in ["0", "-1", "9007199254740992", "\"1\"", "{}"] {
            let mut engine = Engine::open(&server, &server.token).await;
            let instance = engine.instance;
            let hello =
                format!(r#"{{"type":"hello","instance":"{instance}","engine":"0","pinned":{pinned}}}"#);
            engine.say_text(&hello).await;
            assert_eq!(engine.cut_off().await, "invalid_field");
        }
        serves(&server).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tickets_that_were_used_or_arent_any() {
    for database in databases().await {
        let server = started(&database).await;
        let made = server.post("/v1/tickets", &server.token, "").await;
        assert_eq!(made.status, 201, "{}", made.body);
        let ticket = made.json()["ticket"].as_str().unwrap().to_string();
        let path = format!("/v1/connect?ticket={ticket}");
        let mut engine = Engine::open_at(&server, &path, None, Some("limitr.v1")).await;
        engine.hello(None).await;
        for path in [&*path, "/v1/connect?ticket=limitr_ticket_00", "/v1/connect?ticket="] {
            let mut replayed = Engine::open_at(&server, path, None, Some("limitr.v1")).await;
            assert_eq!(replayed.cut_off().await, "stale_ticket", "{path}");
        }
        let mut nobody = Engine::open_at(&server, "/v1/connect", None, Some("limitr.v1")).await;
        assert_eq!(nobody.cut_off().await, "unauthorized");
        // A ticket of a token that was revoked since.
        let (id, secret) = server.make_token(&["engine"]).await;
        let made = server.post("/v1/tickets", &secret, "").await;
        let ticket = made.json()["ticket"].as_str().unwrap().to_string();
        let bearer = format!("authorization: Bearer {}", server.admin);
        assert_eq!(server.ask("DELETE", &format!("/v1/tokens/{id}"), &[&bearer], "").await.status, 204);
        let path = format!("/v1/connect?ticket={ticket}");
        let mut late = Engine::open_at(&server, &path, None, Some("limitr.v1")).await;
        assert_eq!(late.cut_off().await, "revoked");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_that_let_nobody_in() {
    for database in databases().await {
        let server = started(&database).await;
        let (_, read) = server.make_token(&["read"]).await;
        let (_, customer) = server.make_token(&["customer:user_1"]).await;
        let garbage = format!("limitr_test_{}", "0".repeat(64));
        for token in ["", "x", "limitr_test_", &garbage, &read, &customer, &server.admin] {
            let mut engine = Engine::open(&server, token).await;
            assert_eq!(engine.cut_off().await, "unauthorized", "{token}");
        }
        for protocol in [None, Some("limitr.v2")] {
            let request = Engine::open_at(&server, "/v1/connect", Some(&server.token), protocol);
            // A client that asked for a protocol and gets none hangs up by itself.
            if protocol.is_none() {
                assert_eq!(request.await.cut_off().await, "version_unsupported");
            }
        }
        let (id, secret) = server.make_token(&["engine"]).await;
        let mut engine = Engine::open(&server, &secret).await;
        engine.hello(None).await;
        let bearer = format!("authorization: Bearer {}", server.admin);
        assert_eq!(server.ask("DELETE", &format!("/v1/tokens/{id}"), &[&bearer], "").await.status, 204);
        assert_eq!(engine.cut_off().await, "revoked", "an open socket ends");
        let mut engine = Engine::open(&server, &secret).await;
        assert_eq!(engine.cut_off().await, "revoked", "and no other opens");
    }
}

/// Names that would hurt whoever puts them into a statement, a path or a page.
const TRICKS: [&str; 12] = [
    "' OR '1'='1",
    "'; DROP TABLE customers; --",
    "\" OR \"\"=\"",
    "$1",
    "%_%",
    "../../etc/passwd",
    "..%2f..%2f",
    "a/b/../c",
    "<script>alert(1)</script>",
    "line\nbreak\r\nX-Header: 1",
    "nul\u{0}byte",
    "\u{202e}desrever",
];

#[tokio::test(flavor = "multi_thread")]
async fn names_that_are_tricks() {
    for database in databases().await {
        let server = started(&database).await;
        let mut engine = Engine::connect(&server).await;
        engine.ensure("user_1").await;
        for trick in TRICKS {
            // As a customer it is a name like any other.
            let known = engine.ensure(trick).await;
            assert_eq!(record(&known)["id"], trick);
            engine.say(&Up::Load { ids: vec![trick.into()] }).await;
            let loaded = engine.wait(|frame| matches!(frame, Down::Customers { .. })).await;
            assert!(
                matches!(&loaded, Down::Customers { list, .. } if list.len() == 1),
                "{trick:?}: {loaded:?}"
            );
            let changes_nothing = Up::Lease {
                customer: trick.into(),
                what: What::Limit(trick.into()),
                want: Amount::from_int(1),
            };
            engine.say(&changes_nothing).await;
            engine.wait(|frame| matches!(frame, Down::LeaseDenied { .. })).await;

            // In addresses it names what it names, or nothing.
            let coded: String = trick.bytes().map(|byte| format!("%{byte:02x}")).collect();
            let shown = server.get(&format!("/v1/customers/{coded}"), &server.admin).await;
            match trick.contains('\0') {
                true => assert_eq!(shown.status, 422, "{}", shown.body),
                false => assert_eq!(shown.json()["id"], trick, "{}", shown.body),
            }
            for path in ["/v1/policies/", "/v1/tokens/", "/v1/customers/nobody"] {
                let answer = server.get(&format!("{path}{coded}"), &server.admin).await;
                assert!((400..500).contains(&answer.status), "{path}{trick:?}: {}", answer.body);
            }
            let found = server.get(&format!("/v1/customers?search={coded}"), &server.admin).await;
            if !trick.contains('\0') {
                let found = found.json();
                let ids: Vec<_> =
                    found["customers"].as_array().unwrap().iter().map(|one| &one["id"]).collect();
                assert!(ids.contains(&&json!(trick)), "{trick:?}: {found}");
                assert!(!ids.contains(&&json!("user_1")), "{trick:?}: {found}");
            }
        }
        let page = server.get("/v1/customers?limit=500", &server.admin).await.json();
        assert_eq!(page["customers"].as_array().unwrap().len(), TRICKS.len() + 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_past_their_bounds() {
    for database in databases().await {
        let server = started(&database).await;
        let large = "x".repeat(2 * 1_048_576 + 1);
        assert_eq!(server.post("/v1/policies", &server.admin, &large).await.code(), "body_too_large");
        let deep = "[".repeat(100_000);
        assert_eq!(server.post("/v1/tokens", &server.admin, &deep).await.status, 422);
        let many = json!({ "name": "x", "scopes": ["read", "read", "read", "read", "read"] }).to_string();
        assert_eq!(server.post("/v1/tokens", &server.admin, &many).await.status, 422);
        let header = format!("x-long: {}", "y".repeat(300_000));
        assert_eq!(server.ask("GET", "/healthz", &[&header], "").await.status, 431);
        let named =
            Ensured { id: "user_2".into(), label: Some("l".repeat(5_000).into()), ..Ensured::default() };
        let mut engine = Engine::connect(&server).await;
        engine.say(&Up::Ensure { customer: named }).await;
        assert_eq!(engine.cut_off().await, "invalid_field");
        serves(&server).await;
    }
}
