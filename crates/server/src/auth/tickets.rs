//! Tickets: what a token is where a host can't send headers, or mustn't have the token. One minute, one use: a connection, or a policy.

use sqlx::Row as _;

use super::tokens::{self, Token};
use crate::app::App;
use crate::clock;
use crate::db::Scope;
use crate::problem::Problem;
use crate::secret;

/// How long a ticket is good.
pub(crate) const TICKET_MS: i64 = 60_000;

/// What every ticket begins with.
const PREFIX: &str = "limitr_ticket_";

/// Whether a secret has the form of a ticket.
pub(crate) fn is_one(secret: &str) -> bool {
    secret.starts_with(PREFIX)
}

/// Makes a ticket: its secret, and until when it is good.
pub(crate) async fn make(app: &App, token: &Token) -> Result<(String, i64), Problem> {
    let ticket = format!("{PREFIX}{}", secret::hex::<32>());
    let until = clock::now() + TICKET_MS;
    let statement =
        "INSERT INTO tickets (workspace, environment, token, hash, expires_at) VALUES ($1, $2, $3, $4, $5)";
    let insert = token.scope.query(statement).bind(token.id.clone()).bind(secret::hash(&ticket)).bind(until);
    insert.execute(app.database.writer()).await?;
    Ok((ticket, until))
}

/// Uses a ticket up; answers the token that it stands for. One that isn't good is `stale_ticket`, which another one mends.
pub(crate) async fn redeem(app: &App, ticket: &str) -> Result<Token, Problem> {
    let unknown =
        || Problem::new(401, "stale_ticket", "the ticket was used, is too old, or isn't one: get another");
    if ticket.len() > 128 {
        return Err(unknown());
    }
    let statement = "DELETE FROM tickets WHERE hash = $1 RETURNING workspace, environment, token, expires_at";
    let row = sqlx::query(statement).bind(secret::hash(ticket)).fetch_optional(app.database.writer()).await?;
    let row = row.ok_or_else(unknown)?;
    let (environment, until): (String, i64) = (row.try_get(1)?, row.try_get(3)?);
    let scope = Scope::of(row.try_get(0)?, &environment).ok_or_else(unknown)?;
    if until < clock::now() {
        return Err(unknown());
    }
    tokens::again(app, &scope, &row.try_get::<String, _>(2)?).await
}
