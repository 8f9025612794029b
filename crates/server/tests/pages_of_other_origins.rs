//! What a browser is told about pages of other origins, and what a ticket is good for there.

mod common;

use common::http::Answer;
use common::{Engine, Server, databases, policy};
use serde_json::Value;

const OURS: &str = "https://app.example.com";
const OTHERS: &str = "https://elsewhere.example";

/// Asks as a page does before it asks.
async fn before(server: &Server, path: &str, origin: &str, method: &str) -> Answer {
    let headers = [
        &*format!("origin: {origin}"),
        &*format!("access-control-request-method: {method}"),
        "access-control-request-headers: authorization",
    ];
    server.ask("OPTIONS", path, &headers, "").await
}

fn allowed(answer: &Answer) -> Option<&str> {
    answer.header("access-control-allow-origin")
}

async fn ticket(server: &Server) -> String {
    let made = server.post("/v1/tickets", &server.token, "").await;
    assert_eq!(made.status, 201, "{}", made.body);
    made.json()["ticket"].as_str().unwrap().to_string()
}

/// The routes of the description as paths of things that are there, each with its methods.
async fn paths(server: &Server) -> Vec<(String, Vec<String>)> {
    let document: Value = server.get("/v1/openapi.json", "").await.json();
    let paths = document["paths"].as_object().unwrap().iter();
    let paths = paths.map(|(path, methods)| {
        let path = path.replace("{version}", "1").replace("{id}", "user_1");
        let methods = methods.as_object().unwrap().keys().map(|method| method.to_uppercase());
        (path, methods.collect())
    });
    paths.collect()
}

const OF_PAGES: [&str; 5] = [
    "/v1/tickets",
    "/v1/policies/1/document",
    "/v1/customers/user_1",
    "/v1/customers/user_1/changes",
    "/v1/customers/user_1/usage",
];

#[tokio::test(flavor = "multi_thread")]
async fn are_let_in_only_where_the_operator_says_so_and_only_to_what_engines_need() {
    for database in databases().await {
        let open = Server::start_with(&database, &["--origins", &format!("{OURS},http://localhost:5173")]);
        let closed = open.beside(&database);
        let mut seen = 0;
        for (path, methods) in paths(&open).await {
            for method in methods {
                let told = before(&open, &path, OURS, &method).await;
                let of_pages = OF_PAGES.contains(&&*path);
                seen += u32::from(of_pages);
                assert_eq!(allowed(&told), of_pages.then_some(OURS), "{method} {path}");
                if of_pages {
                    assert_eq!(
                        told.header("access-control-allow-headers"),
                        Some("authorization,content-type")
                    );
                    assert!(told.header("access-control-allow-methods").unwrap().contains(&method));
                }
                for refused in [
                    before(&open, &path, OTHERS, &method).await,
                    before(&open, &path, "null", &method).await,
                    before(&closed, &path, OURS, &method).await,
                ] {
                    assert_eq!(allowed(&refused), None, "{method} {path}");
                }
            }
        }
        assert_eq!(seen, 5);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn read_answers_and_refusals_with_a_token_and_nothing_by_a_cookie() {
    for database in databases().await {
        let server = Server::start_with(&database, &["--origins", OURS]);
        server.publish(&policy(10)).await;
        let token = format!("authorization: Bearer {}", server.token);
        let origin = format!("origin: {OURS}");
        let made = server.ask("POST", "/v1/tickets", &[&token, &origin], "").await;
        assert_eq!((made.status, allowed(&made)), (201, Some(OURS)));
        assert!(made.header("vary").unwrap().contains("origin"));
        let made_up = format!("authorization: Bearer limitr_test_{}", "ab".repeat(32));
        let refused = server.ask("POST", "/v1/tickets", &[&made_up, &origin], "").await;
        assert_eq!((refused.status, allowed(&refused)), (401, Some(OURS)), "a page reads why");
        let elsewhere = server.ask("POST", "/v1/tickets", &[&token, &format!("origin: {OTHERS}")], "").await;
        assert_eq!(allowed(&elsewhere), None);

        let cookie = format!("cookie: {}", server.sign_in_owner().await);
        for path in ["/v1/policies/1/document?environment=test", "/v1/policies?environment=test"] {
            for headers in [[&*cookie, &*origin], [&*token, &*origin]] {
                let answer = server.ask("GET", path, &headers, "").await;
                assert_eq!(answer.header("access-control-allow-credentials"), None, "{path}");
            }
        }
        let asked = before(&server, "/v1/policies/1/document", OURS, "GET").await;
        assert_eq!(asked.header("access-control-allow-credentials"), None);

        let any = Server::start_with(&database, &["--origins", "*"]);
        let told = before(&any, "/v1/tickets", OTHERS, "POST").await;
        assert_eq!(allowed(&told), Some("*"));
        assert_eq!(told.header("access-control-allow-credentials"), None);
        assert_eq!(allowed(&before(&any, "/v1/tokens", OTHERS, "POST").await), None);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_fetches_one_policy_and_opens_nothing_else() {
    for database in databases().await {
        let server = Server::start(&database);
        let document = policy(10);
        server.publish(&document).await;
        Engine::connect(&server).await.ensure("user_1").await;

        let once = ticket(&server).await;
        let fetched = server.get("/v1/policies/1/document", &once).await;
        assert_eq!((fetched.status, &*fetched.body), (200, &*document));
        let again = server.get("/v1/policies/1/document", &once).await;
        assert_eq!((again.status, &*again.code()), (401, "stale_ticket"));
        let mut late =
            Engine::open_at(&server, &format!("/v1/connect?ticket={once}"), None, Some("limitr.v1")).await;
        assert_eq!(late.cut_off().await, "stale_ticket");

        // Good ones, everywhere else: above all, none makes another.
        let good = ticket(&server).await;
        for (path, methods) in paths(&server).await {
            let public = ["/healthz", "/readyz", "/metrics", "/v1/openapi.json", "/v1/docs", "/v1/sign-in"];
            if public.contains(&&*path) || path == "/v1/connect" || path.ends_with("/document") {
                continue;
            }
            for method in methods {
                let headers = [&*format!("authorization: Bearer {good}")];
                let answer = server.ask(&method, &path, &headers, "").await;
                assert_eq!((answer.status, &*answer.code()), (401, "unauthorized"), "{method} {path}");
            }
        }
        let path = format!("/v1/connect?ticket={good}");
        Engine::open_at(&server, &path, None, Some("limitr.v1")).await.hello(None).await;
    }
}
