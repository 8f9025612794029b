//! Every route of the OpenAPI document with every credential that isn't one for it. The document says who may; a route that lets in anybody else fails,
//! and so does one that refuses who may.

mod common;

use common::{Engine, Server, databases, policy};
use serde_json::{Value, json};

/// Somebody with a credential.
struct Caller {
    about: &'static str,
    /// Its header; none: no credential.
    header: Option<String>,
    /// `token` or `session`, and the scope or role that it stands for; none: it is good for nothing.
    good_for: Option<(&'static str, &'static str)>,
    /// What it names as its environment.
    environment: Option<&'static str>,
}

/// A route.
struct Route {
    method: String,
    path: String,
    security: Vec<(String, Vec<String>)>,
    body: Option<String>,
}

/// A limit that stands only in the first workspace's policy.
const MARKED: u32 = 471_147;

const ROLES: [&str; 3] = ["viewer", "editor", "owner"];

impl Route {
    /// Whether the document lets such a caller in.
    fn lets_in(&self, caller: &Caller) -> bool {
        let Some((scheme, own)) = caller.good_for else { return false };
        self.security.iter().any(|(way, scopes)| {
            way == scheme
                && scopes.iter().any(|needed| match scheme {
                    "token" => needed == own,
                    _ => {
                        let rank = |role: &str| ROLES.iter().position(|known| *known == role);
                        rank(own) >= rank(needed)
                    }
                })
        })
    }
}

/// The routes of the document that not everybody may use, with names of things that are there.
fn routes(document: &Value) -> Vec<Route> {
    let mut routes = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let security = operation.get("security").and_then(Value::as_array).cloned().unwrap_or_default();
            let security =
                security.iter().flat_map(|way| way.as_object().unwrap().clone()).map(|(way, scopes)| {
                    let scopes =
                        scopes.as_array().unwrap().iter().map(|scope| scope.as_str().unwrap().to_string());
                    (way, scopes.collect())
                });
            let security: Vec<(String, Vec<String>)> = security.collect();
            if security.is_empty() || path == "/v1/connect" {
                continue; // connections are tried below
            }
            let body = operation.get("requestBody").map(|_| body_of(method, path));
            routes.push(Route { method: method.to_uppercase(), path: path.clone(), security, body });
        }
    }
    routes
}

fn body_of(method: &str, path: &str) -> String {
    match (method, path) {
        (_, "/v1/policies" | "/v1/policies/validate") => policy(10),
        (_, "/v1/tokens") => json!({ "name": "another", "scopes": ["read"] }).to_string(),
        (_, "/v1/customers") => json!({ "id": "user_9" }).to_string(),
        (_, "/v1/customers/{id}/plan") => json!({ "plan": "pro" }).to_string(),
        (_, "/v1/members") => json!({ "email": "late@example.com", "role": "viewer" }).to_string(),
        ("patch", "/v1/members/{person}") => json!({ "role": "viewer" }).to_string(),
        (_, "/v1/workspaces" | "/v1/workspace") => json!({ "name": "named" }).to_string(),
        (_, "/v1/policies/{version}/publish") => json!({ "message": "why" }).to_string(),
        _ => panic!("the test has no body for {method} {path}: add one"),
    }
}

/// Signs in; answers the cookie header.
async fn signed_in(server: &Server, email: &str, password: &str, workspace: Option<i64>) -> String {
    let body = json!({ "email": email, "password": password, "workspace": workspace }).to_string();
    let answer = server.ask("POST", "/v1/sign-in", &[], &body).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    format!("cookie: {}", answer.cookie())
}

/// Adds a member who has chosen a password; answers the person and the cookie header.
async fn member(server: &Server, owner: &str, email: &str, role: &str) -> (String, String) {
    let body = json!({ "email": email, "role": role }).to_string();
    let added = server.ask("POST", "/v1/members", &[owner], &body).await;
    assert_eq!(added.status, 201, "{}", added.body);
    let added = added.json();
    let chosen =
        json!({ "email": email, "password": added["oneTimePassword"], "newPassword": "chosen by oneself" });
    let answer = server.ask("POST", "/v1/sign-in", &[], &chosen.to_string()).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    (added["person"].as_str().unwrap().to_string(), format!("cookie: {}", answer.cookie()))
}

struct World {
    server: Server,
    callers: Vec<Caller>,
    /// A member and a token of the first workspace, whom nobody needs.
    person: String,
    token: String,
}

fn bearer(secret: &str) -> Option<String> {
    Some(format!("authorization: Bearer {secret}"))
}

async fn world(database: &common::Database) -> World {
    let server = Server::start(database);
    server.publish(&policy(MARKED)).await;
    let mut engine = Engine::connect(&server).await;
    for id in ["user_1", "user_2"] {
        engine.ensure(id).await;
    }
    let owner = format!("cookie: {}", server.sign_in_owner().await);
    let (person, _) = member(&server, &owner, "spare@example.com", "viewer").await;
    let (_, viewer) = member(&server, &owner, "viewer@example.com", "viewer").await;
    let (_, editor) = member(&server, &owner, "editor@example.com", "editor").await;

    // Another workspace, whose owner is nobody in the first, with a token of everything.
    let made =
        server.ask("POST", "/v1/workspaces", &[&owner], &json!({ "name": "other" }).to_string()).await.json();
    let other = made["workspace"].as_i64();
    let owner_there = signed_in(&server, &server.email, "an owner's own password", other).await;
    let (_, stranger) = member(&server, &owner_there, "stranger@example.com", "owner").await;
    let wanted = json!({ "name": "foreign", "scopes": ["engine", "read", "admin"] }).to_string();
    let foreign = server.ask("POST", "/v1/tokens?environment=test", &[&stranger], &wanted).await.json();
    let live = server.ask("POST", "/v1/tokens?environment=live", &[&owner], &wanted).await.json();

    let (_, read) = server.make_token(&["read"]).await;
    let (_, customer) = server.make_token(&["customer:user_1"]).await;
    let (_, other_customer) = server.make_token(&["customer:user_2"]).await;
    let (token, _) = server.make_token(&["read"]).await;
    let (revoked_id, revoked) = server.make_token(&["engine", "read", "admin"]).await;
    let admin = bearer(&server.admin).unwrap();
    assert_eq!(server.ask("DELETE", &format!("/v1/tokens/{revoked_id}"), &[&admin], "").await.status, 204);

    let caller = |about, header, good_for, environment| Caller { about, header, good_for, environment };
    let secret = |made: &Value| bearer(made["secret"].as_str().unwrap());
    let garbage = format!("limitr_test_{}", "ab".repeat(32));
    let callers = vec![
        caller("nobody", None, None, Some("test")),
        caller("a made-up token", bearer(&garbage), None, None),
        caller("a token that is none", bearer("' OR 1=1 --"), None, None),
        caller(
            "another scheme",
            Some("authorization: Basic b3duZXI6b3duZXI=".to_string()),
            None,
            Some("test"),
        ),
        caller(
            "a made-up session",
            Some(format!("cookie: limitr_session={}", "ab".repeat(32))),
            None,
            Some("test"),
        ),
        caller("a revoked token", bearer(&revoked), None, None),
        caller("a test token that asks for live", bearer(&server.admin), None, Some("live")),
        caller("a live token that asks for test", secret(&live), None, Some("test")),
        caller("an engine", bearer(&server.token), Some(("token", "engine")), None),
        caller("a reader", bearer(&read), Some(("token", "read")), None),
        caller("an administrator", bearer(&server.admin), Some(("token", "admin")), None),
        caller("the customer itself", bearer(&customer), Some(("token", "customer")), None),
        caller("another customer", bearer(&other_customer), None, None),
        caller("a viewer", Some(viewer), Some(("session", "viewer")), Some("test")),
        caller("an editor", Some(editor), Some(("session", "editor")), Some("test")),
        caller("an owner", Some(owner), Some(("session", "owner")), Some("test")),
        caller("an administrator of another workspace", secret(&foreign), Some(("elsewhere", "")), None),
        caller("an owner of another workspace", Some(stranger), Some(("elsewhere", "")), Some("test")),
    ];
    World { server, callers, person, token }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_route_with_every_credential() {
    for database in databases().await {
        let World { server, callers, person, token } = world(&database).await;
        let document = server.get("/v1/openapi.json", "").await.json();
        assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
        let routes = routes(&document);
        assert!(routes.len() >= 25, "{} routes", routes.len());
        let mut tried = 0;
        let mut wrong = Vec::new();
        // Those who may nothing come first, so that what they try is still there.
        let (strangers, known): (Vec<_>, Vec<_>) =
            callers.iter().partition(|caller| caller.good_for.is_none());
        for caller in strangers.into_iter().chain(known) {
            for route in &routes {
                let ends_session = route.path == "/v1/sign-out";
                if ends_session && caller.good_for.is_some() {
                    continue; // it is the last that a session does: tried below
                }
                let path = route.path.replace("{version}", "1").replace("{id}", "user_1");
                let path = path.replace("{person}", &person).replace("{token}", &token);
                let query = caller.environment.map(|name| format!("?environment={name}")).unwrap_or_default();
                let headers: Vec<&str> = caller.header.iter().map(String::as_str).collect();
                let body = route.body.as_deref().unwrap_or_default();
                let answer = server.ask(&route.method, &format!("{path}{query}"), &headers, body).await;
                tried += 1;
                let refused = matches!(answer.status, 401 | 403);
                let right = match caller.good_for {
                    // Another workspace's has its own of everything, and finds nothing of this one's.
                    Some(("elsewhere", _)) => {
                        let names =
                            ["{id}", "{person}", "{token}"].iter().any(|name| route.path.contains(name));
                        let told = ["471147", "user_1", &*person, &*token]
                            .iter()
                            .any(|name| answer.body.contains(name));
                        // A refusal says again what was asked for; nothing else may.
                        matches!(answer.status, 401 | 403 | 404) || (!names && !told)
                    }
                    _ => refused != route.lets_in(caller),
                };
                if !right {
                    wrong.push(format!(
                        "{}: {} {path}{query}: {} {}",
                        caller.about, route.method, answer.status, answer.body
                    ));
                }
                if refused {
                    assert_eq!(answer.header("content-type"), Some("application/problem+json"));
                    assert!(!answer.code().is_empty());
                }
            }
        }
        assert!(wrong.is_empty(), "{} of {tried}:\n{}", wrong.len(), wrong.join("\n"));
        assert!(tried > 400, "{tried}");

        // What another workspace did touched nothing here.
        let policies = server.get("/v1/policies", &server.admin).await.json();
        assert!(policies["active"].as_u64().unwrap() >= 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_are_for_engines_only() {
    for database in databases().await {
        let World { server, callers, .. } = world(&database).await;
        for caller in callers {
            let Some(secret) =
                caller.header.as_deref().and_then(|header| header.strip_prefix("authorization: Bearer "))
            else {
                continue;
            };
            let mut engine = Engine::open(&server, secret).await;
            let may = caller.good_for == Some(("token", "engine"))
                || caller.about.contains("live") && secret.contains("live")
                || caller.about.starts_with("an administrator of another");
            match may {
                true => drop(engine.hello(None).await),
                false => {
                    let code = engine.cut_off().await;
                    assert!(code == "unauthorized" || code == "revoked", "{}: {code}", caller.about);
                }
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_ends_with_sign_out_and_with_its_role() {
    for database in databases().await {
        let server = Server::start(&database);
        let owner = format!("cookie: {}", server.sign_in_owner().await);
        let (person, viewer) = member(&server, &owner, "viewer@example.com", "viewer").await;
        assert_eq!(server.ask("GET", "/v1/session", &[&viewer], "").await.json()["role"], "viewer");
        let role = json!({ "role": "editor" }).to_string();
        let path = format!("/v1/members/{person}");
        assert_eq!(server.ask("PATCH", &path, &[&owner], &role).await.status, 204);
        assert_eq!(server.ask("GET", "/v1/session", &[&viewer], "").await.status, 401);
        let editor = signed_in(&server, "viewer@example.com", "chosen by oneself", None).await;
        assert_eq!(server.ask("GET", "/v1/session", &[&editor], "").await.json()["role"], "editor");
        assert_eq!(server.ask("POST", "/v1/sign-out", &[&editor], "").await.status, 204);
        assert_eq!(server.ask("GET", "/v1/session", &[&editor], "").await.status, 401);
        assert_eq!(server.ask("DELETE", &path, &[&owner], "").await.status, 204);
        let body = json!({ "email": "viewer@example.com", "password": "chosen by oneself" }).to_string();
        assert_eq!(server.ask("POST", "/v1/sign-in", &[], &body).await.status, 401);
    }
}
