//! Policy versions: written, validated, compared, published, rolled back.

use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use limitr_engine::policy::{Format, LoadOptions, load};
use limitr_ledger::rows::Rows;
use limitr_ledger::{Wake, policies};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sqlx::Row as _;
use utoipa::ToSchema;

use super::extract::{self, Json, Path, Query, Text};
use crate::app::App;
use crate::auth::access::{self, Change, In, Read};
use crate::clock;
use crate::connect::news::News;
use crate::db::{Locks, Scope, word};
use crate::problem::Problem;

/// Longest message of a version, in bytes.
const MESSAGE_BYTES_MAX: usize = 1_000;
/// How long comparing two documents may take; past that the difference is a coarser one.
const COMPARED: std::time::Duration = std::time::Duration::from_millis(500);
/// Most versions in one answer.
const LISTED_MAX: i64 = 200;

/// A version without its document.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Version {
    /// Its number.
    version: u64,
    /// `draft`, `published` or `superseded`.
    stage: String,
    /// SHA-256 of the document.
    hash: String,
    /// What was said about it.
    message: String,
    /// When it was written, in milliseconds since the epoch.
    created_at: i64,
    /// When it was published.
    published_at: Option<i64>,
    /// The version whose document this is, if it was rolled back to.
    copy_of: Option<u64>,
}

/// The history of policies.
#[derive(Serialize, ToSchema)]
pub(crate) struct Versions {
    /// The version in force; 0: none yet.
    active: u64,
    /// The latest first.
    versions: Vec<Version>,
    /// What to pass as `before` for those that are older; none: these were all.
    next: Option<u64>,
}

/// The number of a version.
#[derive(Serialize, ToSchema)]
pub(crate) struct Numbered {
    /// The version.
    version: u64,
    /// Whether it may be published as it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    valid: Option<bool>,
    /// Its problems.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<Object>)]
    diagnostics: Vec<Value>,
}

/// What the engine's own loader says of a document.
#[derive(Serialize, ToSchema)]
pub(crate) struct Verdict {
    /// Whether it may be published.
    valid: bool,
    /// Its problems and warnings, each with its place.
    #[schema(value_type = Vec<Object>)]
    diagnostics: Vec<Value>,
}

/// Where to begin.
#[derive(Deserialize)]
pub(crate) struct Page {
    before: Option<i64>,
    limit: Option<i64>,
}

/// What is said about a version.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Message {
    /// Why, in a sentence.
    #[serde(default)]
    message: String,
}

/// Asks about a version.
#[derive(Deserialize)]
pub(crate) struct Said {
    #[serde(default)]
    message: String,
}

fn check_message(message: &str) -> Result<(), Problem> {
    match message.len() <= MESSAGE_BYTES_MAX && !message.contains('\0') {
        true => Ok(()),
        false => Err(Problem::new(422, "invalid_argument", "a message has 1,000 bytes at most, and no NUL")),
    }
}

fn judge(document: &str) -> Verdict {
    let (valid, found) = match load(document.as_bytes(), Format::Auto, &LoadOptions::default()) {
        Ok(loaded) => (true, loaded.warnings),
        Err(found) => (false, found),
    };
    let diagnostics = found.iter().filter_map(|found| serde_json::to_value(found).ok()).collect();
    Verdict { valid, diagnostics }
}

/// Lists versions, the latest first.
#[utoipa::path(
    get, path = "/v1/policies", tag = "policies",
    params(
        ("environment" = Option<String>, Query, description = "`live` or `test`; needed with a session"),
        ("before" = Option<i64>, Query, description = "Only versions before this one"),
        ("limit" = Option<i64>, Query, description = "At most so many, 200 at most"),
    ),
    responses((status = 200, body = Versions), (status = "4XX", body = Problem)),
    security(("session" = ["viewer"]), ("token" = ["read", "admin"]))
)]
pub(crate) async fn list(
    State(app): State<App>,
    caller: In<Read>,
    Query(page): Query<Page>,
) -> Result<impl IntoResponse, Problem> {
    let limit = page.limit.unwrap_or(50).clamp(1, LISTED_MAX);
    let statement = "SELECT version, stage, hash, message, created_at, published_at, copy_of FROM policies \
                     WHERE workspace = $1 AND environment = $2 AND version < $3 ORDER BY version DESC LIMIT $4";
    let query = caller.scope.query(statement).bind(page.before.unwrap_or(i64::MAX)).bind(limit);
    let rows = query.fetch_all(app.database.reader()).await?;
    let versions = rows.iter().map(|row| {
        Ok(Version {
            version: row.try_get::<i64, _>(0)?.unsigned_abs(),
            stage: row.try_get(1)?,
            hash: row.try_get(2)?,
            message: row.try_get(3)?,
            created_at: row.try_get(4)?,
            published_at: row.try_get(5)?,
            copy_of: row.try_get::<Option<i64>, _>(6)?.map(i64::unsigned_abs),
        })
    });
    let versions: Vec<Version> = versions.collect::<Result<_, sqlx::Error>>()?;
    let next =
        versions.last().map(|last| last.version).filter(|last| *last > 1 && versions.len() as i64 == limit);
    let active = active(&app, &caller.scope).await?;
    Ok(extract::ok(Versions { active, versions, next }))
}

async fn active(app: &App, scope: &Scope) -> Result<u64, Problem> {
    let statement = "SELECT active FROM heads WHERE workspace = $1 AND environment = $2";
    let row = scope.query(statement).fetch_optional(app.database.reader()).await?;
    Ok(row.map(|row| row.try_get::<i64, _>(0)).transpose()?.unwrap_or(0).unsigned_abs())
}

/// Writes a draft. The body is the document itself: YAML, JSON or TOML.
#[utoipa::path(
    post, path = "/v1/policies", tag = "policies",
    params(
        ("environment" = Option<String>, Query, description = "`live` or `test`; needed with a session"),
        ("message" = Option<String>, Query, description = "What this version is for"),
    ),
    request_body(content = String, content_type = "text/plain"),
    responses((status = 201, body = Numbered), (status = "4XX", body = Problem)),
    security(("session" = ["editor"]), ("token" = ["admin"]))
)]
pub(crate) async fn draft(
    State(app): State<App>,
    caller: In<Change>,
    Query(said): Query<Said>,
    Text(document): Text,
) -> Result<impl IntoResponse, Problem> {
    check_message(&said.message)?;
    let draft = |rows: &mut Rows| {
        policies::draft(rows, clock::now(), caller.actor(), &document, &said.message)
            .map(|version| (version, Vec::new()))
    };
    let (version, _) = app.database.run(&caller.scope, Locks::All, draft).await?;
    let Verdict { valid, diagnostics } = judge(&document);
    Ok(extract::created(Numbered { version, valid: Some(valid), diagnostics }))
}

/// Says what the engine's own loader thinks of a document, which is the body. Nothing is kept.
#[utoipa::path(
    post, path = "/v1/policies/validate", tag = "policies",
    params(("environment" = Option<String>, Query, description = "`live` or `test`; needed with a session")),
    request_body(content = String, content_type = "text/plain"),
    responses((status = 200, body = Verdict), (status = "4XX", body = Problem)),
    security(("session" = ["viewer"]), ("token" = ["read", "admin"]))
)]
pub(crate) async fn validate(_caller: In<Read>, Text(document): Text) -> Result<impl IntoResponse, Problem> {
    Ok(extract::ok(judge(&document)))
}

/// A version with its document.
#[derive(Serialize, ToSchema)]
pub(crate) struct Whole {
    #[serde(flatten)]
    version: Version,
    /// The document, as it was written.
    document: String,
}

async fn read(app: &App, scope: &Scope, version: u64) -> Result<Whole, Problem> {
    let read = |rows: &mut Rows| Ok((rows.policy(&version)?, Vec::new()));
    let (row, _) = app.database.run(scope, Locks::Snapshot, read).await?;
    let unknown = || Problem::not_found("unknown_policy", format!("there is no policy version {version}"));
    let row = row.ok_or_else(unknown)?;
    let (stage, document) = (word(row.stage).to_string(), row.document);
    let (hash, message, created_at) = (row.hash, row.message, row.created_at);
    let (published_at, copy_of) = (row.published_at, row.copy_of);
    Ok(Whole {
        version: Version { version, stage, hash, message, created_at, published_at, copy_of },
        document,
    })
}

/// Shows a version with its document.
#[utoipa::path(
    get, path = "/v1/policies/{version}", tag = "policies",
    params(
        ("version" = u64, Path),
        ("environment" = Option<String>, Query, description = "`live` or `test`; needed with a session"),
    ),
    responses((status = 200, body = Whole), (status = "4XX", body = Problem)),
    security(("session" = ["viewer"]), ("token" = ["read", "admin"]))
)]
pub(crate) async fn show(
    State(app): State<App>,
    caller: In<Read>,
    Path(version): Path<u64>,
) -> Result<impl IntoResponse, Problem> {
    Ok(extract::ok(read(&app, &caller.scope, version).await?))
}

/// The document of a version as it was written: what engines fetch.
#[utoipa::path(
    get, path = "/v1/policies/{version}/document", tag = "engines",
    params(
        ("version" = u64, Path),
        ("environment" = Option<String>, Query, description = "`live` or `test`; needed with a session"),
    ),
    responses((status = 200, body = String, content_type = "text/plain"), (status = "4XX", body = Problem)),
    security(("session" = ["viewer"]), ("token" = ["engine", "read", "admin"]), ("ticket" = []))
)]
pub(crate) async fn document(
    State(app): State<App>,
    caller: In<access::Policy>,
    Path(version): Path<u64>,
) -> Result<impl IntoResponse, Problem> {
    let whole = read(&app, &caller.scope, version).await?;
    let etag = format!("\"{}\"", whole.version.hash);
    let headers = [(header::CONTENT_TYPE, "text/plain; charset=utf-8".to_string()), (header::ETAG, etag)];
    Ok((headers, whole.document))
}

/// Which version to compare with.
#[derive(Deserialize)]
pub(crate) struct To {
    to: u64,
}

/// How two versions differ.
#[derive(Serialize, ToSchema)]
pub(crate) struct Difference {
    from: u64,
    to: u64,
    /// In the unified form; empty: the documents are the same.
    diff: String,
}

/// Compares the documents of two versions, line by line.
#[utoipa::path(
    get, path = "/v1/policies/{version}/diff", tag = "policies",
    params(
        ("version" = u64, Path, description = "The older one"),
        ("to" = u64, Query, description = "The newer one"),
        ("environment" = Option<String>, Query, description = "`live` or `test`; needed with a session"),
    ),
    responses((status = 200, body = Difference), (status = "4XX", body = Problem)),
    security(("session" = ["viewer"]), ("token" = ["read", "admin"]))
)]
pub(crate) async fn diff(
    State(app): State<App>,
    caller: In<Read>,
    Path(from): Path<u64>,
    Query(To { to }): Query<To>,
) -> Result<impl IntoResponse, Problem> {
    let (old, new) = (read(&app, &caller.scope, from).await?, read(&app, &caller.scope, to).await?);
    let compared = similar::TextDiff::configure().timeout(COMPARED).diff_lines(&old.document, &new.document);
    let (before, after) = (format!("version {from}"), format!("version {to}"));
    let diff = compared.unified_diff().context_radius(3).header(&before, &after).to_string();
    let diff = if old.document == new.document { String::new() } else { diff };
    Ok(extract::ok(Difference { from, to, diff }))
}

/// Puts a draft in force. Engines hear of it at once.
#[utoipa::path(
    post, path = "/v1/policies/{version}/publish", tag = "policies",
    params(
        ("version" = u64, Path),
        ("environment" = Option<String>, Query, description = "`live` or `test`; needed with a session"),
    ),
    request_body(content = Option<Message>, description = "Why; a message takes the place of the draft's"),
    responses((status = 200, body = Numbered), (status = "4XX", body = Problem)),
    security(("session" = ["editor"]), ("token" = ["admin"]))
)]
pub(crate) async fn publish(
    State(app): State<App>,
    caller: In<Change>,
    Path(version): Path<u64>,
    Json(said): Json<Message>,
) -> Result<impl IntoResponse, Problem> {
    check_message(&said.message)?;
    let publish = |rows: &mut Rows| {
        policies::publish_saying(rows, clock::now(), caller.actor(), version, &said.message)?;
        Ok((version, vec![News::Wake(Wake::Policy)]))
    };
    put_in_force(&app, &caller.scope, publish).await
}

/// Publishes the document of an older version as a new one.
#[utoipa::path(
    post, path = "/v1/policies/{version}/roll-back", tag = "policies",
    params(
        ("version" = u64, Path, description = "The version to go back to"),
        ("environment" = Option<String>, Query, description = "`live` or `test`; needed with a session"),
    ),
    responses((status = 200, body = Numbered, description = "The new version's number"), (status = "4XX", body = Problem)),
    security(("session" = ["editor"]), ("token" = ["admin"]))
)]
pub(crate) async fn roll_back(
    State(app): State<App>,
    caller: In<Change>,
    Path(to): Path<u64>,
) -> Result<impl IntoResponse, Problem> {
    let roll_back = |rows: &mut Rows| {
        let version = policies::roll_back(rows, clock::now(), caller.actor(), to)?;
        Ok((version, vec![News::Wake(Wake::Policy)]))
    };
    put_in_force(&app, &caller.scope, roll_back).await
}

async fn put_in_force(
    app: &App,
    scope: &Scope,
    operation: impl FnMut(&mut Rows) -> Result<(u64, Vec<News>), limitr_ledger::rows::Stop>,
) -> Result<axum::Json<Numbered>, Problem> {
    let (version, news) = app.database.run(scope, Locks::All, operation).await?;
    app.hub.deliver(scope, &news);
    Ok(axum::Json(Numbered { version, valid: None, diagnostics: Vec::new() }))
}
