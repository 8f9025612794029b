//! Tokens of an environment: listed, made, revoked.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use serde::{Deserialize, Serialize};
use sqlx::Row as _;
use utoipa::ToSchema;

use super::extract::{self, Json, Path};
use crate::app::App;
use crate::auth::access::{Change, In, Read};
use crate::auth::tokens::{self, Power};
use crate::problem::Problem;

/// Most tokens in use in an environment.
const TOKENS_MAX: i64 = 1_000;

/// A token, without its secret.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Token {
    token: String,
    name: String,
    /// `engine`, `read`, `admin`, or `customer:<id>`.
    scopes: Vec<String>,
    created_at: i64,
    created_by: String,
    /// When it was used last, to a minute.
    last_used_at: Option<i64>,
    revoked_at: Option<i64>,
}

/// All tokens, those that were revoked, too.
#[derive(Serialize, ToSchema)]
pub(crate) struct Tokens {
    tokens: Vec<Token>,
}

/// What a token is to be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Wanted {
    /// What people call it.
    name: String,
    /// Any of `engine`, `read`, `admin`, `customer:<id>`.
    scopes: Vec<String>,
}

/// A token as it is made.
#[derive(Serialize, ToSchema)]
pub(crate) struct Made {
    token: String,
    /// Shown this once.
    secret: String,
}

/// Lists the environment's tokens, the latest first.
#[utoipa::path(
    get, path = "/v1/tokens", tag = "tokens",
    params(("environment" = Option<String>, Query, description = "`live` or `test`; needed with a session")),
    responses((status = 200, body = Tokens), (status = "4XX", body = Problem)),
    security(("session" = ["viewer"]), ("token" = ["read", "admin"]))
)]
pub(crate) async fn list(State(app): State<App>, caller: In<Read>) -> Result<impl IntoResponse, Problem> {
    let statement = "SELECT token, name, scopes, created_at, created_by, last_used_at, revoked_at FROM tokens \
                     WHERE workspace = $1 AND environment = $2 ORDER BY created_at DESC, token LIMIT 2000";
    let rows = caller.scope.query(statement).fetch_all(app.database.reader()).await?;
    let tokens = rows.iter().map(|row| {
        Ok(Token {
            token: row.try_get(0)?,
            name: row.try_get(1)?,
            scopes: serde_json::from_str(&row.try_get::<String, _>(2)?).unwrap_or_default(),
            created_at: row.try_get(3)?,
            created_by: row.try_get(4)?,
            last_used_at: row.try_get(5)?,
            revoked_at: row.try_get(6)?,
        })
    });
    Ok(extract::ok(Tokens { tokens: tokens.collect::<Result<_, sqlx::Error>>()? }))
}

/// Makes a token. Its secret is shown this once.
#[utoipa::path(
    post, path = "/v1/tokens", tag = "tokens",
    params(("environment" = Option<String>, Query, description = "`live` or `test`; needed with a session")),
    request_body = Wanted,
    responses((status = 201, body = Made), (status = "4XX", body = Problem)),
    security(("session" = ["editor"]), ("token" = ["admin"]))
)]
pub(crate) async fn create(
    State(app): State<App>,
    caller: In<Change>,
    Json(wanted): Json<Wanted>,
) -> Result<impl IntoResponse, Problem> {
    let invalid = |detail: &str| Problem::new(422, "invalid_argument", detail);
    if wanted.name.is_empty() || wanted.name.len() > 256 {
        return Err(invalid("`name` has 1 to 256 bytes"));
    }
    let powers: Option<Vec<Power>> = wanted.scopes.iter().map(|text| Power::parse(text)).collect();
    let powers = powers.filter(|powers| (1..=4).contains(&powers.len())).ok_or_else(|| {
        invalid("`scopes` has one to four of `engine`, `read`, `admin` and `customer:<id>`")
    })?;
    let statement =
        "SELECT COUNT(*) FROM tokens WHERE workspace = $1 AND environment = $2 AND revoked_at IS NULL";
    let row = caller.scope.query(statement).fetch_one(app.database.reader()).await?;
    if row.try_get::<i64, _>(0)? >= TOKENS_MAX {
        return Err(Problem::new(
            409,
            "too_many",
            "an environment has 1,000 tokens in use at most: revoke some",
        ));
    }
    let made = tokens::make(&app, &caller.scope, &wanted.name, &powers, caller.actor()).await?;
    Ok(extract::created(Made { token: made.id, secret: made.secret }))
}

/// Revokes a token, at once: its sockets are closed.
#[utoipa::path(
    delete, path = "/v1/tokens/{token}", tag = "tokens",
    params(
        ("token" = String, Path),
        ("environment" = Option<String>, Query, description = "`live` or `test`; needed with a session"),
    ),
    responses((status = 204), (status = "4XX", body = Problem)),
    security(("session" = ["editor"]), ("token" = ["admin"]))
)]
pub(crate) async fn revoke(
    State(app): State<App>,
    caller: In<Change>,
    Path(token): Path<String>,
) -> Result<impl IntoResponse, Problem> {
    tokens::revoke(&app, &caller.scope, &token, caller.actor()).await?;
    Ok(StatusCode::NO_CONTENT)
}
