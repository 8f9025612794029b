//! The OpenAPI document, and a page that shows it: plain HTML, written here from that very document, without a script.

use std::fmt::Write as _;
use std::sync::LazyLock;

use axum::http::header;
use axum::response::IntoResponse;
use serde_json::Value;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{InfoBuilder, OpenApi};

/// The document as it is served.
static DOCUMENT: LazyLock<String> = LazyLock::new(|| {
    let mut document = super::description();
    document.info = InfoBuilder::new()
        .title("Limitr Cloud")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(ABOUT))
        .build();
    add_security(&mut document);
    serde_json::to_string_pretty(&document).unwrap_or_default()
});

static PAGE: LazyLock<String> = LazyLock::new(|| page(&serde_json::from_str(&DOCUMENT).unwrap_or_default()));

const ABOUT: &str = "The control plane of Limitr. Programs send a token, `Authorization: Bearer limitr_…`, which belongs to one \
environment; people sign in and name the environment. The lists beside `token` are scopes, any of which will do; those beside `session` the \
least role. A refusal is a problem document (RFC 9457) with a stable `code`.";

fn add_security(document: &mut OpenApi) {
    let components = document.components.get_or_insert_default();
    let token = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some("A token")).build();
    components.add_security_scheme("token", SecurityScheme::Http(token));
    let ticket =
        HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some("A ticket, once")).build();
    components.add_security_scheme("ticket", SecurityScheme::Http(ticket));
    let session = ApiKey::Cookie(ApiKeyValue::new(crate::auth::people::COOKIE));
    components.add_security_scheme("session", SecurityScheme::ApiKey(session));
}

/// The OpenAPI document of this server.
#[utoipa::path(get, path = "/v1/openapi.json", tag = "operation", responses((status = 200, body = Value)))]
pub(crate) async fn openapi() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/json")], DOCUMENT.as_str())
}

/// The same, to be read.
#[utoipa::path(get, path = "/v1/docs", tag = "operation", responses((status = 200, body = String)))]
pub(crate) async fn docs() -> impl IntoResponse {
    let policy = "default-src 'none'; style-src 'unsafe-inline'";
    let headers =
        [(header::CONTENT_TYPE, "text/html; charset=utf-8"), (header::CONTENT_SECURITY_POLICY, policy)];
    (headers, PAGE.as_str())
}

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1a1a1a;background:#fff}\
code,pre{font:14px/1.4 ui-monospace,monospace;background:#f4f4f2;border-radius:3px;padding:.1em .3em}pre{padding:.8em;overflow:auto}\
section{border-top:1px solid #ddd;padding:.8rem 0}h3{margin:.2rem 0;font-size:1rem}.m{display:inline-block;min-width:4em;font-weight:600}\
table{border-collapse:collapse;margin:.4rem 0}td{padding:.15rem .8rem .15rem 0;vertical-align:top}small{color:#666}\
@media(prefers-color-scheme:dark){body{color:#e6e6e6;background:#161616}code,pre{background:#262626}section{border-color:#333}small{color:#999}}";

fn escaped(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;");
    // Backquotes are code; an odd one is itself.
    let parts: Vec<&str> = text.split('`').collect();
    let code = parts.len() % 2 == 1;
    let parts = parts.iter().enumerate().map(|(place, part)| match (code, place % 2) {
        (true, 1) => format!("<code>{part}</code>"),
        _ => (*part).to_string(),
    });
    parts.collect::<Vec<_>>().join(if code { "" } else { "`" })
}

fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value.get(field).and_then(Value::as_str).unwrap_or_default()
}

fn page(document: &Value) -> String {
    let mut html = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         <title>Limitr Cloud</title><style>{STYLE}</style><h1>Limitr Cloud</h1><p>{}</p><p>\
         <small>This page is written from <a href=\"/v1/openapi.json\">/v1/openapi.json</a>.</small></p>",
        escaped(ABOUT)
    );
    let mut tags: Vec<(&str, String)> = Vec::new();
    let paths = document.get("paths").and_then(Value::as_object);
    for (path, methods) in paths.into_iter().flatten() {
        for (method, operation) in methods.as_object().into_iter().flatten() {
            let tag = operation.pointer("/tags/0").and_then(Value::as_str).unwrap_or("other");
            let section = section(document, method, path, operation);
            match tags.iter_mut().find(|(name, _)| *name == tag) {
                Some((_, sections)) => sections.push_str(&section),
                None => tags.push((tag, section)),
            }
        }
    }
    for (tag, sections) in tags {
        let _ = write!(html, "<h2>{}</h2>{sections}", escaped(tag));
    }
    html
}

fn section(document: &Value, method: &str, path: &str, operation: &Value) -> String {
    let said = [text(operation, "summary"), text(operation, "description")].join(" ");
    let mut html = format!(
        "<section><h3><span class=\"m\">{}</span><code>{}</code></h3><p>{}</p>",
        method.to_uppercase(),
        escaped(path),
        escaped(said.trim())
    );
    let security = operation.get("security").and_then(Value::as_array);
    let ways =
        security.into_iter().flatten().filter_map(Value::as_object).flatten().map(|(scheme, scopes)| {
            let scopes = scopes.as_array().into_iter().flatten().filter_map(Value::as_str);
            format!("{scheme}: {}", scopes.collect::<Vec<_>>().join(", "))
        });
    let ways: Vec<String> = ways.collect();
    let ways = if ways.is_empty() { "anybody".to_string() } else { ways.join(" · ") };
    let _ = write!(html, "<p><small>{}</small></p><table>", escaped(&ways));
    for parameter in operation.get("parameters").and_then(Value::as_array).into_iter().flatten() {
        let (name, place) = (text(parameter, "name"), text(parameter, "in"));
        let about = escaped(text(parameter, "description"));
        let _ =
            write!(html, "<tr><td><code>{}</code><td><small>{place}</small><td>{about}</tr>", escaped(name));
    }
    html.push_str("</table>");
    let content = operation.pointer("/requestBody/content").and_then(Value::as_object);
    for (kind, body) in content.into_iter().flatten() {
        let _ = write!(html, "<p>Body, <code>{}</code></p>{}", escaped(kind), fields(document, body));
    }
    for (status, response) in operation.get("responses").and_then(Value::as_object).into_iter().flatten() {
        if status == "4XX" {
            continue;
        }
        let about = escaped(text(response, "description"));
        let _ = write!(html, "<p>Answers <code>{}</code> {about}</p>", escaped(status));
        for body in
            response.get("content").and_then(Value::as_object).into_iter().flatten().map(|(_, body)| body)
        {
            html.push_str(&fields(document, body));
        }
    }
    html.push_str("</section>");
    html
}

/// The fields of what a body refers to.
fn fields(document: &Value, body: &Value) -> String {
    let Some(name) =
        body.pointer("/schema/$ref").and_then(Value::as_str).and_then(|all| all.rsplit('/').next())
    else {
        return String::new();
    };
    let schema = document.pointer(&format!("/components/schemas/{name}"));
    let own = schema.and_then(|schema| schema.get("properties"));
    let parts = schema.and_then(|schema| schema.get("allOf")).and_then(Value::as_array);
    let parts = parts.into_iter().flatten().filter_map(|part| part.get("properties"));
    let rows = own.into_iter().chain(parts).filter_map(Value::as_object).flatten().map(|(field, about)| {
        let kind = about.get("type").map(|kind| kind.to_string().replace('"', "")).unwrap_or_default();
        let described = escaped(text(about, "description"));
        format!(
            "<tr><td><code>{}</code><td><small>{}</small><td>{described}</tr>",
            escaped(field),
            escaped(&kind)
        )
    });
    format!("<table>{}</table>", rows.collect::<String>())
}
