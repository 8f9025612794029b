//! Workspaces and their environments.

use axum::extract::State;
use axum::response::IntoResponse;
use limitr_ledger::audit::Deed;
use serde::{Deserialize, Serialize};
use serde_json::json;
use sqlx::Row as _;
use utoipa::ToSchema;

use super::extract::{self, Json};
use crate::app::App;
use crate::auth::access::{Member, Owner, Signed};
use crate::clock;
use crate::db::{Also, ENVIRONMENTS, Scope};
use crate::problem::Problem;

/// Most workspaces of one person.
const WORKSPACES_MAX: i64 = 100;

/// A workspace that one is a member of.
#[derive(Serialize, ToSchema)]
pub(crate) struct Workspace {
    workspace: i64,
    name: String,
    role: String,
}

/// All of them.
#[derive(Serialize, ToSchema)]
pub(crate) struct Workspaces {
    workspaces: Vec<Workspace>,
}

/// What a workspace is to be called.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Named {
    name: String,
}

/// An environment.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Environment {
    /// `live` or `test`.
    environment: &'static str,
    /// The policy in force; 0: none yet.
    policy_version: u64,
    customers: i64,
    /// Engines that aren't known to be gone.
    instances: i64,
}

/// Both of them.
#[derive(Serialize, ToSchema)]
pub(crate) struct Environments {
    environments: Vec<Environment>,
}

fn check_name(name: &str) -> Result<(), Problem> {
    match (1..=256).contains(&name.len()) {
        true => Ok(()),
        false => Err(Problem::new(422, "invalid_argument", "`name` has 1 to 256 bytes")),
    }
}

/// Lists the workspaces that one is a member of.
#[utoipa::path(
    get, path = "/v1/workspaces", tag = "workspaces",
    responses((status = 200, body = Workspaces), (status = "4XX", body = Problem)),
    security(("session" = ["viewer"]))
)]
pub(crate) async fn list(
    State(app): State<App>,
    signed: Signed<Member>,
) -> Result<impl IntoResponse, Problem> {
    let statement = "SELECT m.workspace, w.name, m.role FROM members m JOIN workspaces w ON w.workspace = m.workspace \
                     WHERE m.person = $1 ORDER BY m.workspace";
    let rows = sqlx::query(statement).bind(signed.person.id).fetch_all(app.database.reader()).await?;
    let workspaces = rows.iter().map(|row| {
        Ok(Workspace { workspace: row.try_get(0)?, name: row.try_get(1)?, role: row.try_get(2)? })
    });
    Ok(extract::ok(Workspaces { workspaces: workspaces.collect::<Result<_, sqlx::Error>>()? }))
}

/// Makes another workspace, whose owner one is. Sign in to it with its number.
#[utoipa::path(
    post, path = "/v1/workspaces", tag = "workspaces",
    request_body = Named,
    responses((status = 201, body = Workspace), (status = "4XX", body = Problem)),
    security(("session" = ["owner"]))
)]
pub(crate) async fn create(
    State(app): State<App>,
    signed: Signed<Owner>,
    Json(Named { name }): Json<Named>,
) -> Result<impl IntoResponse, Problem> {
    check_name(&name)?;
    let person = &signed.person.id;
    let count = sqlx::query("SELECT COUNT(*) FROM members WHERE person = $1").bind(person.clone());
    if count.fetch_one(app.database.reader()).await?.try_get::<i64, _>(0)? >= WORKSPACES_MAX {
        return Err(Problem::new(409, "too_many", "one has 100 workspaces at most"));
    }
    let row = sqlx::query("SELECT COALESCE(MAX(workspace), 0) + 1 FROM workspaces");
    let workspace: i64 = row.fetch_one(app.database.reader()).await?.try_get(0)?;
    let also = [
        Also::new(
            "INSERT INTO workspaces (workspace, name, created_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
        )
        .int(workspace)
        .text(&name)
        .int(clock::now())
        .or("try_again", "another workspace was made at the same time: try again"),
        Also::new("INSERT INTO members (workspace, person, role, created_at) VALUES ($1, $2, 'owner', $3)")
            .int(workspace)
            .text(person)
            .int(clock::now()),
    ];
    let subject = workspace.to_string();
    let detail = json!({ "name": name });
    let deed = Deed { actor: person, action: "workspace.create", subject: &subject, detail };
    app.database.act(&Scope::of_workspace(workspace), &also, &deed, &[]).await?;
    Ok(extract::created(Workspace { workspace, name, role: "owner".to_string() }))
}

/// Gives the workspace another name.
#[utoipa::path(
    patch, path = "/v1/workspace", tag = "workspaces",
    request_body = Named,
    responses((status = 200, body = Workspace), (status = "4XX", body = Problem)),
    security(("session" = ["owner"]))
)]
pub(crate) async fn rename(
    State(app): State<App>,
    signed: Signed<Owner>,
    Json(Named { name }): Json<Named>,
) -> Result<impl IntoResponse, Problem> {
    check_name(&name)?;
    let workspace = signed.person.workspace;
    let update = Also::new("UPDATE workspaces SET name = $2 WHERE workspace = $1").int(workspace).text(&name);
    let subject = workspace.to_string();
    let detail = json!({ "name": name });
    let deed = Deed { actor: &signed.person.id, action: "workspace.rename", subject: &subject, detail };
    app.database.act(&Scope::of_workspace(workspace), &[update], &deed, &[]).await?;
    Ok(extract::ok(Workspace { workspace, name, role: "owner".to_string() }))
}

/// Lists the workspace's environments, and what is in them.
#[utoipa::path(
    get, path = "/v1/environments", tag = "workspaces",
    responses((status = 200, body = Environments), (status = "4XX", body = Problem)),
    security(("session" = ["viewer"]))
)]
pub(crate) async fn environments(
    State(app): State<App>,
    signed: Signed<Member>,
) -> Result<impl IntoResponse, Problem> {
    let mut environments = Vec::new();
    for environment in ENVIRONMENTS {
        let scope = Scope { workspace: signed.person.workspace, environment };
        let statement = "SELECT \
            (SELECT MAX(active) FROM heads WHERE workspace = $1 AND environment = $2), \
            (SELECT COUNT(*) FROM customers WHERE workspace = $1 AND environment = $2 AND removed = 0 AND record <> ''), \
            (SELECT COUNT(*) FROM instances WHERE workspace = $1 AND environment = $2 AND ended = 0)";
        let row = scope.query(statement).fetch_one(app.database.reader()).await?;
        environments.push(Environment {
            environment,
            policy_version: row.try_get::<Option<i64>, _>(0)?.unwrap_or(0).unsigned_abs(),
            customers: row.try_get(1)?,
            instances: row.try_get(2)?,
        });
    }
    Ok(extract::ok(Environments { environments }))
}
