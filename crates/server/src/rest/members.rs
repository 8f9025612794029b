//! Who is in a workspace, and what they may.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use limitr_ledger::audit::Deed;
use serde::{Deserialize, Serialize};
use serde_json::json;
use sqlx::Row as _;
use utoipa::ToSchema;

use super::extract::{self, Json, Path};
use crate::app::App;
use crate::auth::access::{Member, Owner, Signed};
use crate::auth::password;
use crate::auth::people::{self, Role};
use crate::clock;
use crate::db::{Also, Scope};
use crate::problem::Problem;
use crate::secret;

/// Most members of a workspace.
const MEMBERS_MAX: i64 = 1_000;

/// A member.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Membership {
    person: String,
    email: String,
    role: String,
    /// Who is new gets this password, for one time. Shown this once.
    #[serde(skip_serializing_if = "Option::is_none")]
    one_time_password: Option<String>,
}

/// All members.
#[derive(Serialize, ToSchema)]
pub(crate) struct Members {
    members: Vec<Membership>,
}

/// Who is to be a member.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Invited {
    email: String,
    /// `owner`, `editor` or `viewer`.
    role: String,
}

/// What a member may.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Allowed {
    /// `owner`, `editor` or `viewer`.
    role: String,
}

fn role(text: &str) -> Result<Role, Problem> {
    Role::parse(text)
        .ok_or_else(|| Problem::new(422, "invalid_argument", "`role` is `owner`, `editor` or `viewer`"))
}

/// Lists the workspace's members.
#[utoipa::path(
    get, path = "/v1/members", tag = "people",
    responses((status = 200, body = Members), (status = "4XX", body = Problem)),
    security(("session" = ["viewer"]))
)]
pub(crate) async fn list(
    State(app): State<App>,
    signed: Signed<Member>,
) -> Result<impl IntoResponse, Problem> {
    let statement = "SELECT m.person, p.email, m.role FROM members m JOIN people p ON p.person = m.person \
                     WHERE m.workspace = $1 ORDER BY p.email LIMIT 1000";
    let query = sqlx::query(statement).bind(signed.person.workspace);
    let rows = query.fetch_all(app.database.reader()).await?;
    let members = rows.iter().map(|row| {
        Ok(Membership {
            person: row.try_get(0)?,
            email: row.try_get(1)?,
            role: row.try_get(2)?,
            one_time_password: None,
        })
    });
    Ok(extract::ok(Members { members: members.collect::<Result<_, sqlx::Error>>()? }))
}

/// Adds a member. Who is new to this server gets a password for one time.
#[utoipa::path(
    post, path = "/v1/members", tag = "people",
    request_body = Invited,
    responses((status = 201, body = Membership), (status = "4XX", body = Problem)),
    security(("session" = ["owner"]))
)]
pub(crate) async fn add(
    State(app): State<App>,
    signed: Signed<Owner>,
    Json(invited): Json<Invited>,
) -> Result<impl IntoResponse, Problem> {
    let (email, role) = (people::folded(&invited.email), role(&invited.role)?);
    if email.len() > 256 || !email.contains('@') {
        return Err(Problem::new(422, "invalid_argument", "`email` isn't an e-mail address"));
    }
    let workspace = signed.person.workspace;
    let count = sqlx::query("SELECT COUNT(*) FROM members WHERE workspace = $1").bind(workspace);
    if count.fetch_one(app.database.reader()).await?.try_get::<i64, _>(0)? >= MEMBERS_MAX {
        return Err(Problem::new(409, "too_many", "a workspace has 1,000 members at most"));
    }
    let known = sqlx::query("SELECT person FROM people WHERE email = $1").bind(email.clone());
    let known = known.fetch_optional(app.database.reader()).await?;
    let mut also = Vec::new();
    let (person, one_time_password) = match known {
        Some(row) => (row.try_get::<String, _>(0)?, None),
        None => {
            let (person, password) = (format!("per_{}", secret::hex::<8>()), secret::hex::<12>());
            let hashed = password::hash(password.clone()).await?;
            let insert = "INSERT INTO people (person, email, password, one_time, created_at) VALUES ($1, $2, $3, 1, $4)";
            also.push(Also::new(insert).text(&person).text(&email).text(hashed).int(clock::now()));
            (person, Some(password))
        }
    };
    let insert = "INSERT INTO members (workspace, person, role, created_at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING";
    let insert = Also::new(insert).int(workspace).text(&person).text(role.word()).int(clock::now());
    also.push(insert.or("id_taken", "this person is a member already"));
    let detail = json!({ "role": role.word() });
    let deed = Deed { actor: &signed.person.id, action: "member.add", subject: &person, detail };
    app.database.act(&Scope::of_workspace(workspace), &also, &deed, &[]).await?;
    Ok(extract::created(Membership { person, email, role: role.word().to_string(), one_time_password }))
}

/// A workspace keeps an owner: the last one is neither made less nor removed.
const UPDATE: &str = "UPDATE members SET role = $3 WHERE workspace = $1 AND person = $2 AND (role <> 'owner' \
                      OR (SELECT COUNT(*) FROM members o WHERE o.workspace = $1 AND o.role = 'owner') > 1)";
const DELETE: &str = "DELETE FROM members WHERE workspace = $1 AND person = $2 AND (role <> 'owner' \
                      OR (SELECT COUNT(*) FROM members o WHERE o.workspace = $1 AND o.role = 'owner') > 1)";

async fn change(
    app: &App,
    signed: &Signed<Owner>,
    person: &str,
    change: Also,
    action: &str,
    detail: serde_json::Value,
) -> Result<(), Problem> {
    let workspace = signed.person.workspace;
    let known = sqlx::query("SELECT 1 FROM members WHERE workspace = $1 AND person = $2");
    let known = known.bind(workspace).bind(person.to_string()).fetch_optional(app.database.reader()).await?;
    if known.is_none() {
        return Err(Problem::not_found("unknown_member", "there is no such member in this workspace"));
    }
    let change = change.or("last_owner", "this is the last owner: make another one first");
    let also = [
        change,
        Also::new("DELETE FROM sessions WHERE workspace = $1 AND person = $2").int(workspace).text(person),
    ];
    let deed = Deed { actor: &signed.person.id, action, subject: person, detail };
    app.database.act(&Scope::of_workspace(workspace), &also, &deed, &[]).await?;
    Ok(())
}

/// Changes what a member may. Their sessions end.
#[utoipa::path(
    patch, path = "/v1/members/{person}", tag = "people",
    params(("person" = String, Path)),
    request_body = Allowed,
    responses((status = 204), (status = "4XX", body = Problem)),
    security(("session" = ["owner"]))
)]
pub(crate) async fn allow(
    State(app): State<App>,
    signed: Signed<Owner>,
    Path(person): Path<String>,
    Json(allowed): Json<Allowed>,
) -> Result<impl IntoResponse, Problem> {
    let role = role(&allowed.role)?;
    let statement = match role {
        Role::Owner => "UPDATE members SET role = $3 WHERE workspace = $1 AND person = $2",
        _ => UPDATE,
    };
    let update = Also::new(statement).int(signed.person.workspace).text(&person).text(role.word());
    let detail = json!({ "role": role.word() });
    change(&app, &signed, &person, update, "member.allow", detail).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Removes a member. Their sessions end.
#[utoipa::path(
    delete, path = "/v1/members/{person}", tag = "people",
    params(("person" = String, Path)),
    responses((status = 204), (status = "4XX", body = Problem)),
    security(("session" = ["owner"]))
)]
pub(crate) async fn remove(
    State(app): State<App>,
    signed: Signed<Owner>,
    Path(person): Path<String>,
) -> Result<impl IntoResponse, Problem> {
    let delete = Also::new(DELETE).int(signed.person.workspace).text(&person);
    change(&app, &signed, &person, delete, "member.remove", json!({})).await?;
    Ok(StatusCode::NO_CONTENT)
}
