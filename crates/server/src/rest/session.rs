//! Signing in and out.

use axum::extract::{ConnectInfo, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::IntoResponse;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::extract::{self, Json};
use crate::app::App;
use crate::auth::access::{Member, Signed};
use crate::auth::cookie;
use crate::auth::people::{self, COOKIE, Person, SESSION_MS, SigningIn};
use crate::problem::Problem;

/// What one signs in with.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct SignIn {
    email: String,
    password: String,
    /// Takes the password's place; needed where that is for one time.
    new_password: Option<String>,
    /// Which workspace, for who is in several; the first if not given.
    workspace: Option<i64>,
}

/// Who is signed in.
#[derive(Serialize, ToSchema)]
pub(crate) struct SignedIn {
    person: String,
    workspace: i64,
    /// `owner`, `editor` or `viewer`.
    role: &'static str,
}

impl SignedIn {
    fn of(person: Person) -> SignedIn {
        SignedIn { role: person.role.word(), person: person.id, workspace: person.workspace }
    }
}

fn with_cookie(app: &App, secret: &str, seconds: i64) -> [(header::HeaderName, String); 1] {
    let secure = if app.secure_cookies { "; Secure" } else { "" };
    let value = format!("{COOKIE}={secret}; Path=/; HttpOnly; SameSite=Lax; Max-Age={seconds}{secure}");
    [(header::SET_COOKIE, value)]
}

/// Signs a person in; the session is a cookie.
#[utoipa::path(
    post, path = "/v1/sign-in", tag = "people",
    request_body = SignIn,
    responses((status = 200, body = SignedIn), (status = "4XX", body = Problem))
)]
pub(crate) async fn sign_in(
    State(app): State<App>,
    ConnectInfo(address): ConnectInfo<std::net::SocketAddr>,
    Json(asked): Json<SignIn>,
) -> Result<impl IntoResponse, Problem> {
    // By address, and by whom it is: neither many guesses from one place, nor one from many.
    let keys = [format!("from {}", address.ip()), format!("as {}", people::folded(&asked.email))];
    if !keys.iter().all(|key| app.sign_ins.take(key)) {
        return Err(Problem::too_often("too many tries to sign in: wait a minute"));
    }
    let SignIn { email, password, new_password, workspace } = asked;
    let (secret, person) =
        people::sign_in(&app, SigningIn { email, password, new_password, workspace }).await?;
    tracing::info!(person = person.id, "signed in");
    let cookie = with_cookie(&app, &secret, SESSION_MS / 1_000);
    Ok((cookie, extract::ok(SignedIn::of(person))))
}

/// Ends the session.
#[utoipa::path(
    post, path = "/v1/sign-out", tag = "people",
    responses((status = 204), (status = "4XX", body = Problem)),
    security(("session" = ["viewer"]))
)]
pub(crate) async fn sign_out(
    State(app): State<App>,
    _signed: Signed<Member>,
    headers: HeaderMap,
) -> Result<impl IntoResponse, Problem> {
    people::sign_out(&app, cookie(&headers).unwrap_or_default()).await?;
    Ok((StatusCode::NO_CONTENT, with_cookie(&app, "", 0)))
}

/// Says who is signed in.
#[utoipa::path(
    get, path = "/v1/session", tag = "people",
    responses((status = 200, body = SignedIn), (status = "4XX", body = Problem)),
    security(("session" = ["viewer"]))
)]
pub(crate) async fn show(signed: Signed<Member>) -> impl IntoResponse {
    extract::ok(SignedIn::of(signed.person))
}
