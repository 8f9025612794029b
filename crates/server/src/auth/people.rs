//! People: they sign in with a password and have a session, which belongs to one workspace.

use sqlx::Row as _;

use super::password;
use crate::app::App;
use crate::clock;
use crate::problem::Problem;
use crate::secret;

/// The cookie of a session.
pub(crate) const COOKIE: &str = "limitr_session";
/// How long a session lasts.
pub(crate) const SESSION_MS: i64 = 14 * 24 * 3_600_000;

/// What a person may do in a workspace. Each may do what those before it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Role {
    Viewer,
    Editor,
    Owner,
}

impl Role {
    pub(crate) fn parse(text: &str) -> Option<Role> {
        match text {
            "viewer" => Some(Role::Viewer),
            "editor" => Some(Role::Editor),
            "owner" => Some(Role::Owner),
            _ => None,
        }
    }

    pub(crate) fn word(self) -> &'static str {
        match self {
            Role::Viewer => "viewer",
            Role::Editor => "editor",
            Role::Owner => "owner",
        }
    }
}

/// Somebody who is signed in.
#[derive(Clone, Debug)]
pub(crate) struct Person {
    pub(crate) workspace: i64,
    pub(crate) id: String,
    pub(crate) role: Role,
}

/// What somebody signs in with.
#[derive(Debug)]
pub(crate) struct SigningIn {
    pub(crate) email: String,
    pub(crate) password: String,
    pub(crate) new_password: Option<String>,
    pub(crate) workspace: Option<i64>,
}

/// How an e-mail address is compared.
pub(crate) fn folded(email: &str) -> String {
    email.trim().to_lowercase()
}

/// Checks a password that somebody chooses.
pub(crate) fn check_password(password: &str) -> Result<(), Problem> {
    let (least, most) = (password::LENGTH_MIN, password::LENGTH_MAX);
    match (least..=most).contains(&password.len()) {
        true => Ok(()),
        false => {
            Err(Problem::new(422, "invalid_password", format!("a password has {least} to {most} bytes")))
        }
    }
}

/// Signs somebody in; answers the session's secret. A one-time password is used up: another must come with it.
pub(crate) async fn sign_in(app: &App, asked: SigningIn) -> Result<(String, Person), Problem> {
    let email = folded(&asked.email);
    let wrong = || Problem::unauthorized("the e-mail address or the password is wrong");
    if asked.password.len() > password::LENGTH_MAX || email.len() > 256 {
        return Err(wrong());
    }
    let statement = "SELECT person, password, one_time FROM people WHERE email = $1";
    let row = sqlx::query(statement).bind(email).fetch_optional(app.database.reader()).await?;
    let stored = row.as_ref().map(|row| row.try_get::<String, _>(1)).transpose()?;
    if !password::is(asked.password, stored.clone()).await? {
        return Err(wrong());
    }
    let row = row.ok_or_else(wrong)?;
    let (id, one_time): (String, i64) = (row.try_get(0)?, row.try_get(2)?);
    let person = membership(app, &id, asked.workspace).await?.ok_or_else(wrong)?;
    match (one_time != 0, asked.new_password) {
        (false, None) => {}
        (true, None) => {
            let detail = "this password is for one time: send `newPassword` with it";
            return Err(Problem::new(403, "new_password_required", detail));
        }
        (_, Some(new)) => {
            check_password(&new)?;
            let new = password::hash(new).await?;
            // Only if it is still the same: of two that use a one-time password at once, one is let in.
            let statement =
                "UPDATE people SET password = $1, one_time = 0 WHERE person = $2 AND password = $3";
            let update = sqlx::query(statement).bind(new).bind(id.clone()).bind(stored.unwrap_or_default());
            if update.execute(app.database.writer()).await?.rows_affected() == 0 {
                return Err(wrong());
            }
            end_sessions(app, &id).await?;
        }
    }
    let secret = secret::hex::<32>();
    let statement = "INSERT INTO sessions (hash, workspace, person, expires_at) VALUES ($1, $2, $3, $4)";
    let insert = sqlx::query(statement).bind(secret::hash(&secret)).bind(person.workspace).bind(id);
    insert.bind(clock::now() + SESSION_MS).execute(app.database.writer()).await?;
    Ok((secret, person))
}

async fn membership(app: &App, person: &str, workspace: Option<i64>) -> Result<Option<Person>, Problem> {
    let statement = "SELECT workspace, role FROM members WHERE person = $1 ORDER BY workspace";
    let rows = sqlx::query(statement).bind(person.to_string()).fetch_all(app.database.reader()).await?;
    for row in rows {
        let (own, role): (i64, String) = (row.try_get(0)?, row.try_get(1)?);
        if let (true, Some(role)) = (workspace.is_none_or(|wanted| wanted == own), Role::parse(&role)) {
            return Ok(Some(Person { workspace: own, id: person.to_string(), role }));
        }
    }
    Ok(None)
}

/// The person of a session.
pub(crate) async fn find(app: &App, secret: &str) -> Result<Person, Problem> {
    let over = || Problem::unauthorized("you aren't signed in, or the session is over: sign in");
    if secret.len() > 128 {
        return Err(over());
    }
    let statement = "SELECT s.workspace, s.person, m.role, s.expires_at FROM sessions s \
                     JOIN members m ON m.workspace = s.workspace AND m.person = s.person WHERE s.hash = $1";
    let row = sqlx::query(statement).bind(secret::hash(secret)).fetch_optional(app.database.reader()).await?;
    let row = row.ok_or_else(over)?;
    let (role, until): (String, i64) = (row.try_get(2)?, row.try_get(3)?);
    match Role::parse(&role).filter(|_| clock::now() < until) {
        Some(role) => Ok(Person { workspace: row.try_get(0)?, id: row.try_get(1)?, role }),
        None => Err(over()),
    }
}

/// Ends one session.
pub(crate) async fn sign_out(app: &App, secret: &str) -> Result<(), Problem> {
    let delete = sqlx::query("DELETE FROM sessions WHERE hash = $1").bind(secret::hash(secret));
    delete.execute(app.database.writer()).await?;
    Ok(())
}

/// Ends all sessions of a person.
pub(crate) async fn end_sessions(app: &App, person: &str) -> Result<(), Problem> {
    let delete = sqlx::query("DELETE FROM sessions WHERE person = $1").bind(person.to_string());
    delete.execute(app.database.writer()).await?;
    Ok(())
}
