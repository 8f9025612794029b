//! The first start on an empty database: a workspace, its owner, and tokens to begin with.

use limitr_ledger::audit::Deed;
use serde_json::json;

use crate::auth::password;
use crate::auth::tokens::{self, Power};
use crate::clock;
use crate::db::{Also, Database, Failed, Scope};
use crate::problem::Problem;
use crate::secret;

/// The owner's e-mail address, until there is another.
const OWNER: &str = "owner@limitr.local";

/// What is shown once.
#[derive(Debug)]
pub(crate) struct First {
    pub(crate) email: &'static str,
    pub(crate) password: String,
    /// Of scope `engine`, environment `test`.
    pub(crate) token: String,
    /// Of scope `admin`, environment `test`.
    pub(crate) admin_token: String,
}

/// Sets an empty database up; `None`: it isn't empty.
pub(crate) async fn set_up(database: &Database) -> Result<Option<First>, Problem> {
    let there = sqlx::query("SELECT 1 FROM workspaces").fetch_optional(database.reader()).await?;
    if there.is_some() {
        return Ok(None);
    }
    let password = secret::hex::<12>();
    let hashed = password::hash(password.clone()).await?;
    let (person, now) = (format!("per_{}", secret::hex::<8>()), clock::now());
    let scope = Scope { workspace: 1, environment: "test" };
    let (engine, store_engine) = tokens::draw(&scope, "first engine", &[Power::Engine], "first-start");
    let (admin, store_admin) = tokens::draw(&scope, "first admin", &[Power::Admin], "first-start");
    let also = [
        // Two servers that start at once: the second finds the workspace there, and sets nothing up.
        Also::new("INSERT INTO workspaces (workspace, name, created_at) VALUES (1, 'My workspace', $1) ON CONFLICT DO NOTHING")
            .int(now)
            .or("set_up", "another server sets the database up"),
        Also::new("INSERT INTO people (person, email, password, one_time, created_at) VALUES ($1, $2, $3, 1, $4)")
            .text(&person)
            .text(OWNER)
            .text(hashed)
            .int(now),
        Also::new("INSERT INTO members (workspace, person, role, created_at) VALUES (1, $1, 'owner', $2)")
            .text(&person)
            .int(now),
        store_engine,
        store_admin,
    ];
    let detail = json!({ "tokens": [engine.id, admin.id] });
    let deed = Deed { actor: "first-start", action: "workspace.create", subject: "1", detail };
    match database.act(&Scope::of_workspace(1), &also, &deed, &[]).await {
        Ok(()) => Ok(Some(First { email: OWNER, password, token: engine.secret, admin_token: admin.secret })),
        Err(Failed::Refused(refusal)) if refusal.code == "set_up" => Ok(None),
        Err(failed) => Err(failed.into()),
    }
}
