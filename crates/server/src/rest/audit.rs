//! The audit log: read, and verified.

use axum::extract::State;
use axum::response::IntoResponse;
use limitr_ledger::audit::{self, Entry};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sqlx::Row as _;
use utoipa::ToSchema;

use super::extract::{self, Query};
use crate::app::App;
use crate::auth::access::{In, Member, Read, Signed};
use crate::db::{Scope, entry_of};
use crate::problem::Problem;

/// Most entries in one answer.
const LISTED_MAX: i64 = 1_000;

/// Entries in their order, as they are hashed.
#[derive(Serialize, ToSchema)]
pub(crate) struct Entries {
    #[schema(value_type = Vec<Object>)]
    entries: Vec<Entry>,
    /// What to pass as `after` for those that follow; none: these were all.
    next: Option<u64>,
}

/// Whether a log is what was written.
#[derive(Serialize, ToSchema)]
pub(crate) struct Verified {
    intact: bool,
    /// How many entries there are.
    entries: u64,
    /// The hash of the last one: whoever keeps a copy can tell later whether anything before was changed.
    head: String,
    /// The first entry that is wrong, and what is wrong with it.
    #[schema(value_type = Option<Object>)]
    broken: Option<Value>,
}

/// Where to begin.
#[derive(Deserialize)]
pub(crate) struct Page {
    after: Option<i64>,
    limit: Option<i64>,
}

async fn entries(app: &App, scope: &Scope, after: i64, limit: i64) -> Result<Entries, Problem> {
    let statement = "SELECT number, at, actor, action, subject, detail, previous, hash FROM audit \
                     WHERE workspace = $1 AND environment = $2 AND number > $3 ORDER BY number LIMIT $4";
    let rows = scope.query(statement).bind(after).bind(limit).fetch_all(app.database.reader()).await?;
    let entries: Vec<Entry> = rows.iter().map(entry_of).collect::<Result<_, _>>()?;
    let next = entries.last().map(|last| last.number).filter(|_| entries.len() as i64 == limit);
    Ok(Entries { entries, next })
}

async fn verified(app: &App, scope: &Scope) -> Result<Verified, Problem> {
    let statement = "SELECT audit, audit_hash FROM heads WHERE workspace = $1 AND environment = $2";
    let row = scope.query(statement).fetch_optional(app.database.reader()).await?;
    let (count, head) = match row {
        Some(row) => (row.try_get::<i64, _>(0)?.unsigned_abs(), row.try_get::<String, _>(1)?),
        None => (0, String::new()),
    };
    let mut all = Vec::new();
    let mut after = 0;
    while let Some(next) = {
        let page = entries(app, scope, after, LISTED_MAX).await?;
        all.extend(page.entries.into_iter().filter(|entry| entry.number <= count));
        page.next
    } {
        after = i64::try_from(next).unwrap_or(i64::MAX);
    }
    let broken = audit::verify(&all, &head).err();
    let broken =
        broken.map(|broken| serde_json::json!({ "number": broken.number, "problem": broken.problem }));
    Ok(Verified { intact: broken.is_none(), entries: count, head, broken })
}

/// Lists what was done in the environment, from the first entry on.
#[utoipa::path(
    get, path = "/v1/audit", tag = "audit",
    params(
        ("environment" = Option<String>, Query, description = "`live` or `test`; needed with a session"),
        ("after" = Option<i64>, Query, description = "Only entries after this one"),
        ("limit" = Option<i64>, Query, description = "At most so many, 1,000 at most"),
    ),
    responses((status = 200, body = Entries), (status = "4XX", body = Problem)),
    security(("session" = ["viewer"]), ("token" = ["read", "admin"]))
)]
pub(crate) async fn list(
    State(app): State<App>,
    caller: In<Read>,
    Query(page): Query<Page>,
) -> Result<impl IntoResponse, Problem> {
    let limit = page.limit.unwrap_or(100).clamp(1, LISTED_MAX);
    Ok(extract::ok(entries(&app, &caller.scope, page.after.unwrap_or(0), limit).await?))
}

/// Verifies the environment's log: each entry's hash covers the one before.
#[utoipa::path(
    get, path = "/v1/audit/verify", tag = "audit",
    params(("environment" = Option<String>, Query, description = "`live` or `test`; needed with a session")),
    responses((status = 200, body = Verified), (status = "4XX", body = Problem)),
    security(("session" = ["viewer"]), ("token" = ["read", "admin"]))
)]
pub(crate) async fn verify(State(app): State<App>, caller: In<Read>) -> Result<impl IntoResponse, Problem> {
    Ok(extract::ok(verified(&app, &caller.scope).await?))
}

/// Lists what was done to the workspace itself: members, names.
#[utoipa::path(
    get, path = "/v1/workspace/audit", tag = "audit",
    params(
        ("after" = Option<i64>, Query, description = "Only entries after this one"),
        ("limit" = Option<i64>, Query, description = "At most so many, 1,000 at most"),
    ),
    responses((status = 200, body = Entries), (status = "4XX", body = Problem)),
    security(("session" = ["viewer"]))
)]
pub(crate) async fn list_of_workspace(
    State(app): State<App>,
    signed: Signed<Member>,
    Query(page): Query<Page>,
) -> Result<impl IntoResponse, Problem> {
    let limit = page.limit.unwrap_or(100).clamp(1, LISTED_MAX);
    let scope = Scope::of_workspace(signed.person.workspace);
    Ok(extract::ok(entries(&app, &scope, page.after.unwrap_or(0), limit).await?))
}

/// Verifies the workspace's own log.
#[utoipa::path(
    get, path = "/v1/workspace/audit/verify", tag = "audit",
    responses((status = 200, body = Verified), (status = "4XX", body = Problem)),
    security(("session" = ["viewer"]))
)]
pub(crate) async fn verify_of_workspace(
    State(app): State<App>,
    signed: Signed<Member>,
) -> Result<impl IntoResponse, Problem> {
    Ok(extract::ok(verified(&app, &Scope::of_workspace(signed.person.workspace)).await?))
}
