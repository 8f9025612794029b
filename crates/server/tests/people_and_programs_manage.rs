//! REST by example: policies, customers, tokens, the audit log, signing in.

mod common;

use common::engine::{record, spend};
use common::{Engine, Server, databases, policy};
use limitr_protocol::Down;
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_is_written_validated_published_and_rolled_back() {
    for database in databases().await {
        let server = Server::start(&database);
        let admin = &server.admin;
        let bad = "policy: { plans: { p: { default: 7 } } }";
        let verdict = server.post("/v1/policies/validate", admin, bad).await.json();
        assert_eq!(verdict["valid"], false);
        assert_eq!(verdict["diagnostics"][0]["code"], "wrong_type", "{verdict}");
        assert_eq!(verdict["diagnostics"][0]["path"], "policy.plans.p.default");
        assert_eq!(server.post("/v1/policies/validate", admin, &policy(1)).await.json()["valid"], true);

        let draft = server.post("/v1/policies?message=the%20first", admin, bad).await.json();
        assert_eq!((&draft["version"], &draft["valid"]), (&json!(1), &json!(false)));
        let refused = server.post("/v1/policies/1/publish", admin, "").await;
        assert_eq!((refused.status, &*refused.code()), (422, "invalid_policy"));
        assert!(refused.json()["diagnostics"][0]["line"].is_number(), "{}", refused.body);

        assert_eq!(server.publish(&policy(10)).await, 2);
        let again = server.post("/v1/policies/2/publish", admin, "").await;
        assert_eq!((again.status, &*again.code()), (409, "not_a_draft"));
        let draft = server.post("/v1/policies", admin, &policy(20)).await.json()["version"].clone();
        let said = json!({ "message": "more room" }).to_string();
        assert_eq!(server.post(&format!("/v1/policies/{draft}/publish"), admin, &said).await.status, 200);
        let difference = server.get("/v1/policies/2/diff?to=3", admin).await.json();
        let text = difference["diff"].as_str().unwrap();
        assert!(text.contains("-        chat: { limit: { credit: message, value: 10 } }"), "{text}");
        assert!(text.contains("+        chat: { limit: { credit: message, value: 20 } }"), "{text}");
        let back = server.post("/v1/policies/2/roll-back", admin, "").await.json();
        assert_eq!(back["version"], 4);
        let listed = server.get("/v1/policies", admin).await.json();
        assert_eq!(listed["active"], 4);
        let stages: Vec<&str> =
            listed["versions"].as_array().unwrap().iter().map(|one| one["stage"].as_str().unwrap()).collect();
        assert_eq!(stages, ["published", "superseded", "superseded", "draft"]);
        assert_eq!(listed["versions"][1]["message"], "more room");
        assert_eq!(server.get("/v1/policies/4", admin).await.json()["copyOf"], 2);
        let first = server.get("/v1/policies?limit=1", admin).await.json();
        let next = server.get(&format!("/v1/policies?limit=1&before={}", first["next"]), admin).await.json();
        assert_eq!(next["versions"][0]["version"], 3);
        assert_eq!(server.get("/v1/policies/99", admin).await.code(), "unknown_policy");
        assert_eq!(server.get("/v1/policies/nine", admin).await.status, 422);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn customers_are_created_found_and_put_on_other_plans() {
    for database in databases().await {
        let server = Server::start(&database);
        let admin = &server.admin;
        let wanted =
            json!({ "id": "acme", "plan": "free", "label": "Acme, Inc.", "type": "org" }).to_string();
        let early = server.post("/v1/customers", admin, &wanted).await;
        assert_eq!((early.status, &*early.code()), (422, "no_plan"), "no policy yet: {}", early.body);
        let document = policy(100);
        server.publish(&document).await;
        assert_eq!(server.post("/v1/customers", admin, &wanted).await.status, 201);
        assert_eq!(server.post("/v1/customers", admin, &wanted).await.status, 200, "it is there already");
        let member = json!({ "id": "user_1", "refs": ["acme"] }).to_string();
        assert_eq!(server.post("/v1/customers", admin, &member).await.status, 201);
        let nowhere = json!({ "id": "user_2", "plan": "gold" }).to_string();
        assert_eq!(server.post("/v1/customers", admin, &nowhere).await.code(), "unknown_plan");

        let found = server.get("/v1/customers?search=acme%2C", admin).await.json();
        assert_eq!(
            found["customers"],
            json!([{ "id": "acme", "label": "Acme, Inc.", "plan": "free", "rev": 0 }])
        );
        let first = server.get("/v1/customers?limit=1", admin).await.json();
        assert_eq!(first["next"], "acme");
        let second = server.get("/v1/customers?limit=1&after=acme", admin).await.json();
        assert_eq!(second["customers"][0]["id"], "user_1");

        // An engine that holds it hears of the plan, and its usage stays.
        let mut engine = Engine::connect(&server).await;
        let known = engine.ensure("acme").await;
        engine.commit(&spend(&record(&known), &document, "acme", "chat", 4)).await;
        let plan = json!({ "plan": "pro" }).to_string();
        let bearer = format!("authorization: Bearer {admin}");
        let set = server.ask("PUT", "/v1/customers/acme/plan", &[&bearer], &plan).await;
        assert_eq!((set.status, set.json()), (200, json!({ "changed": true })));
        engine.wait(|frame| matches!(frame, Down::Changes { .. })).await;
        let shown = server.get("/v1/customers/acme", admin).await.json();
        assert_eq!(shown["plan"], "pro");
        let usage = server.get("/v1/customers/acme/usage", admin).await.json();
        assert_eq!(
            (&usage["usage"][0]["what"], &usage["usage"][0]["spent"]),
            (&json!({ "limit": "chat" }), &json!(4))
        );
        let log = server.get("/v1/customers/acme/changes", admin).await.json();
        let authors: Vec<&Value> =
            log["changes"].as_array().unwrap().iter().map(|one| &one["author"]).collect();
        assert!(authors.contains(&&json!("0")), "the server's own change is in the log: {log}");
        assert_eq!(server.get("/v1/customers/nobody/usage", admin).await.code(), "unknown_customer");
        assert_eq!(server.get("/v1/customers/nobody/changes", admin).await.code(), "unknown_customer");
        let set = server.ask("PUT", "/v1/customers/nobody/plan", &[&bearer], &plan).await;
        assert_eq!(set.code(), "unknown_customer");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_audit_log_shows_a_change_of_itself() {
    for database in databases().await {
        let server = Server::start(&database);
        server.publish(&policy(10)).await;
        let (id, _) = server.make_token(&["read"]).await;
        let log = server.get("/v1/audit", &server.admin).await.json();
        let deeds: Vec<(&str, &str)> = log["entries"]
            .as_array()
            .unwrap()
            .iter()
            .map(|entry| (entry["action"].as_str().unwrap(), entry["subject"].as_str().unwrap()))
            .collect();
        assert_eq!(deeds, [("policy.draft", "1"), ("policy.publish", "1"), ("token.create", &*id)]);
        let page = server.get("/v1/audit?after=1&limit=1", &server.admin).await.json();
        assert_eq!((&page["entries"][0]["number"], &page["next"]), (&json!(2), &json!(2)));
        let verified = server.get("/v1/audit/verify", &server.admin).await.json();
        assert_eq!((&verified["intact"], &verified["entries"]), (&json!(true), &json!(3)));

        // Somebody with the database at hand changes an entry.
        sqlx::any::install_default_drivers();
        let place = match database.place.starts_with("postgres") {
            true => database.place.clone(),
            false => format!("sqlite:{}", database.place),
        };
        use sqlx::Connection;
        let mut connection = sqlx::AnyConnection::connect(&place).await.unwrap();
        let change = "UPDATE audit SET actor = 'nobody' WHERE environment = 'test' AND number = 2";
        sqlx::query(change).execute(&mut connection).await.unwrap();
        let verified = server.get("/v1/audit/verify", &server.admin).await.json();
        assert_eq!(verified["intact"], false);
        assert_eq!(verified["broken"]["number"], 2, "{verified}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn passwords_are_for_one_time_and_guesses_are_slowed() {
    for database in databases().await {
        let server = Server::start(&database);
        let sign_in = |password: String, new: Value| {
            let body = json!({ "email": server.email, "password": password, "newPassword": new }).to_string();
            let server = &server;
            async move { server.ask("POST", "/v1/sign-in", &[], &body).await }
        };
        let without = sign_in(server.password.clone(), Value::Null).await;
        assert_eq!((without.status, &*without.code()), (403, "new_password_required"));
        assert_eq!(sign_in(server.password.clone(), json!("short")).await.code(), "invalid_password");
        let signed = sign_in(server.password.clone(), json!("long enough to be one")).await;
        assert_eq!(signed.status, 200);
        let cookie = signed.header("set-cookie").unwrap();
        assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax"), "{cookie}");
        assert_eq!(sign_in(server.password.clone(), Value::Null).await.status, 401, "it was for one time");
        assert_eq!(sign_in("long enough to be one".to_string(), Value::Null).await.status, 200);
        let mut codes = Vec::new();
        for _ in 0..12 {
            codes.push(sign_in("a guess".to_string(), Value::Null).await.status);
        }
        assert_eq!(codes.last(), Some(&429), "{codes:?}");
        let owner = format!("cookie: {}", signed.cookie());
        let members = server.ask("GET", "/v1/members", &[&owner], "").await.json();
        let person = members["members"][0]["person"].as_str().unwrap().to_string();
        let removed = server.ask("DELETE", &format!("/v1/members/{person}"), &[&owner], "").await;
        assert_eq!((removed.status, &*removed.code()), (409, "last_owner"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_served_is_described_and_nothing_of_it_is_a_secret() {
    for database in databases().await {
        let server = Server::start(&database);
        server.publish(&policy(10)).await;
        let (id, secret) = server.make_token(&["engine", "customer:user_1"]).await;
        let ticket =
            server.post("/v1/tickets", &secret, "").await.json()["ticket"].as_str().unwrap().to_string();
        let path = format!("/v1/connect?ticket={ticket}");
        let mut engine = Engine::open_at(&server, &path, None, Some("limitr.v1")).await;
        engine.hello(None).await;
        engine.ensure("user_1").await;
        let cookie = server.sign_in_owner().await;
        server.ask("GET", &format!("/v1/tokens?secret={secret}"), &[&format!("cookie: {cookie}")], "").await;
        let listed = server.get("/v1/tokens", &server.admin).await;
        assert!(listed.json()["tokens"].as_array().unwrap().iter().any(|token| token["token"] == json!(id)));

        let page = server.get("/v1/docs", "").await;
        assert!(page.body.contains("/v1/policies/{version}/roll-back"));
        assert!(
            !page.body.contains("http://") && !page.body.contains("<script"),
            "it needs nothing from elsewhere"
        );
        assert_eq!(server.get("/healthz", "").await.body, "ok");
        assert_eq!(server.get("/readyz", "").await.body, "ok");
        let metrics = server.get("/metrics", "").await;
        assert!(metrics.body.contains("limitr_frames_total"), "{}", metrics.body);
        assert_eq!(server.get("/v1/nothing", "").await.code(), "unknown_route");
        assert_eq!(server.ask("PUT", "/v1/policies", &[], "").await.code(), "wrong_method");

        let session = cookie.split('=').nth(1).unwrap();
        let log = server.log().join("\n");
        assert!(log.contains("/v1/tickets"), "requests are logged: {log}");
        for hidden in
            [&*secret, &*ticket, session, &*server.token, &*server.admin, &*server.password, "user_1"]
        {
            for (place, text) in [("the log", &log), ("the metrics", &metrics.body)] {
                assert!(!text.contains(hidden), "{place} has {hidden}");
            }
            assert!(hidden == "user_1" || !listed.body.contains(hidden), "the list has {hidden}");
        }
    }
}
