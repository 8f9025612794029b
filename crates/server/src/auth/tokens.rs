//! Tokens: 256 random bits, shown once, stored as their SHA-256. A revoked one is refused at once, and its sockets end.

use limitr_ledger::audit::Deed;
use serde_json::json;
use sqlx::Row as _;
use sqlx::any::AnyRow;

use crate::app::App;
use crate::clock;
use crate::connect::news::News;
use crate::db::{Also, Scope};
use crate::problem::Problem;
use crate::secret;

/// How often it is written down that a token is used.
const USED_EVERY_MS: i64 = 60_000;

/// What a token may do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Power {
    /// Connect an engine.
    Engine,
    /// Read everything of its environment.
    Read,
    /// Read and change everything of its environment.
    Admin,
    /// Read one customer: publishable.
    Customer(String),
}

impl Power {
    /// Reads `engine`, `read`, `admin` or `customer:<id>`.
    pub(crate) fn parse(text: &str) -> Option<Power> {
        match text {
            "engine" => Some(Power::Engine),
            "read" => Some(Power::Read),
            "admin" => Some(Power::Admin),
            _ => text
                .strip_prefix("customer:")
                .filter(|id| !id.is_empty() && id.len() <= 256)
                .map(|id| Power::Customer(id.into())),
        }
    }

    pub(crate) fn text(&self) -> String {
        match self {
            Power::Engine => "engine".to_string(),
            Power::Read => "read".to_string(),
            Power::Admin => "admin".to_string(),
            Power::Customer(id) => format!("customer:{id}"),
        }
    }
}

/// A token that is in use.
#[derive(Clone, Debug)]
pub(crate) struct Token {
    pub(crate) scope: Scope,
    pub(crate) id: String,
    pub(crate) powers: Vec<Power>,
}

impl Token {
    pub(crate) fn is_engine(&self) -> bool {
        self.powers.contains(&Power::Engine)
    }
}

/// Finds the token of a secret, and notes that it is used.
pub(crate) async fn find(app: &App, secret: &str) -> Result<Token, Problem> {
    if !secret.starts_with("limitr_") || secret.len() > 128 {
        return Err(unknown());
    }
    let statement =
        "SELECT workspace, environment, token, scopes, revoked_at, last_used_at FROM tokens WHERE hash = $1";
    let row = sqlx::query(statement).bind(secret::hash(secret)).fetch_optional(app.database.reader()).await?;
    let token = read(row)?;
    Ok(token_used(app, token).await)
}

/// Finds a token that somebody was let in by before.
pub(crate) async fn again(app: &App, scope: &Scope, id: &str) -> Result<Token, Problem> {
    let statement = "SELECT workspace, environment, token, scopes, revoked_at, last_used_at FROM tokens \
                     WHERE workspace = $1 AND environment = $2 AND token = $3";
    let row = scope.query(statement).bind(id).fetch_optional(app.database.reader()).await?;
    Ok(read(row)?.0)
}

fn unknown() -> Problem {
    Problem::unauthorized("there is no such token: check it, or make another")
}

fn read(row: Option<AnyRow>) -> Result<(Token, Option<i64>), Problem> {
    let row = row.ok_or_else(unknown)?;
    let revoked: Option<i64> = row.try_get(4)?;
    if revoked.is_some() {
        return Err(Problem::new(401, "revoked", "the token was revoked: use another"));
    }
    let environment: String = row.try_get(1)?;
    let scope = Scope::of(row.try_get(0)?, &environment).ok_or_else(unknown)?;
    let scopes: Vec<String> = serde_json::from_str(&row.try_get::<String, _>(3)?).unwrap_or_default();
    let powers = scopes.iter().filter_map(|text| Power::parse(text)).collect();
    Ok((Token { scope, id: row.try_get(2)?, powers }, row.try_get(5)?))
}

async fn token_used(app: &App, (token, last): (Token, Option<i64>)) -> Token {
    let now = clock::now();
    if last.is_none_or(|last| last + USED_EVERY_MS < now) {
        let statement =
            "UPDATE tokens SET last_used_at = $3 WHERE workspace = $1 AND environment = $2 AND token = $4";
        let update = token.scope.query(statement).bind(now).bind(token.id.clone());
        if let Err(error) = update.execute(app.database.writer()).await {
            tracing::warn!(%error, "when a token was used wasn't written");
        }
    }
    token
}

/// A token as it was made: the only time that its secret is there.
#[derive(Clone, Debug)]
pub(crate) struct Made {
    pub(crate) id: String,
    pub(crate) secret: String,
}

/// Draws a token, and says how it is stored.
pub(crate) fn draw(scope: &Scope, name: &str, powers: &[Power], by: &str) -> (Made, Also) {
    let made = Made {
        id: format!("tok_{}", secret::hex::<8>()),
        secret: format!("limitr_{}_{}", scope.environment, secret::hex::<32>()),
    };
    let scopes: Vec<String> = powers.iter().map(Power::text).collect();
    let insert = Also::new(
        "INSERT INTO tokens (workspace, environment, token, name, scopes, hash, created_at, created_by) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
    );
    let insert =
        insert.scope(scope).text(&made.id).text(name).text(json!(scopes)).text(secret::hash(&made.secret));
    (made, insert.int(clock::now()).text(by))
}

/// Makes a token.
pub(crate) async fn make(
    app: &App,
    scope: &Scope,
    name: &str,
    powers: &[Power],
    by: &str,
) -> Result<Made, Problem> {
    let (made, insert) = draw(scope, name, powers, by);
    let scopes: Vec<String> = powers.iter().map(Power::text).collect();
    let detail = json!({ "name": name, "scopes": scopes });
    let deed = Deed { actor: by, action: "token.create", subject: &made.id, detail };
    app.database.act(scope, &[insert], &deed, &[]).await?;
    Ok(made)
}

/// Revokes a token. Its sockets end, here at once and at other servers as they hear of it.
pub(crate) async fn revoke(app: &App, scope: &Scope, id: &str, by: &str) -> Result<(), Problem> {
    let update = Also::new(
        "UPDATE tokens SET revoked_at = $4 \
         WHERE workspace = $1 AND environment = $2 AND token = $3 AND revoked_at IS NULL",
    );
    let update =
        update.scope(scope).text(id).int(clock::now()).or("unknown_token", "there is no such token in use");
    let deed = Deed { actor: by, action: "token.revoke", subject: id, detail: json!({}) };
    let news = [News::Revoked(id.to_string())];
    app.database.act(scope, &[update], &deed, &news).await?;
    app.hub.deliver(scope, &news);
    Ok(())
}

/// Ends the sockets of tokens that were revoked while nobody told this server.
pub(crate) async fn end_revoked(app: &App) -> Result<(), sqlx::Error> {
    for (scope, tokens) in app.hub.tokens() {
        for id in tokens {
            let statement = "SELECT 1 FROM tokens WHERE workspace = $1 AND environment = $2 AND token = $3 AND revoked_at IS NULL";
            let query = scope.query(statement).bind(id.clone());
            if query.fetch_optional(app.database.reader()).await?.is_none() {
                app.hub.deliver(&scope, &[News::Revoked(id)]);
            }
        }
    }
    Ok(())
}
