//! What a route asks of whoever calls it. A handler names a [`Right`] among its arguments and isn't run without it; its `security` in the OpenAPI
//! document says the same, and a test tries every route with everything else.
//!
//! A token belongs to one environment. A session belongs to a workspace and names the environment: `?environment=live` or `test`.

use std::marker::PhantomData;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;

use super::people::{self, Person, Role};
use super::tickets;
use super::tokens::{self, Power, Token};
use super::{bearer, cookie};
use crate::app::App;
use crate::db::{ENVIRONMENTS, Scope};
use crate::problem::Problem;

/// Who calls.
#[derive(Clone, Debug)]
pub(crate) enum Who {
    Token(Token),
    Person(Person),
}

/// What a route asks for.
pub(crate) trait Right: Send + Sync + 'static {
    /// The least role of a person; `None`: people have no business here.
    const ROLE: Option<Role>;
    /// Which tokens may: any of these.
    const POWERS: &'static [&'static str];
    /// Whether a ticket stands for its token here. Not where more tickets are made: it would never end.
    const TICKETS: bool = false;
}

macro_rules! rights {
    ($($(#[$about:meta])* $name:ident: $role:expr, $powers:expr;)*) => {$(
        $(#[$about])*
        #[derive(Clone, Copy, Debug)]
        pub(crate) struct $name;
        impl Right for $name {
            const ROLE: Option<Role> = $role;
            const POWERS: &'static [&'static str] = $powers;
        }
    )*};
}

rights! {
    /// Read an environment.
    Read: Some(Role::Viewer), &["read", "admin"];
    /// Change an environment.
    Change: Some(Role::Editor), &["admin"];
    /// Be an engine.
    Engine: None, &["engine"];
    /// Read one customer, which the handler checks.
    OneCustomer: Some(Role::Viewer), &["read", "admin", "customer"];
}

/// Fetch a policy: an engine that was let in by a ticket has nothing else to show.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Policy;

impl Right for Policy {
    const ROLE: Option<Role> = Some(Role::Viewer);
    const POWERS: &'static [&'static str] = &["engine", "read", "admin"];
    const TICKETS: bool = true;
}

/// Somebody with a right in an environment.
#[derive(Debug)]
pub(crate) struct In<R> {
    pub(crate) scope: Scope,
    pub(crate) who: Who,
    right: PhantomData<R>,
}

impl<R> In<R> {
    /// Who it is, for the audit log.
    pub(crate) fn actor(&self) -> &str {
        match &self.who {
            Who::Token(token) => &token.id,
            Who::Person(person) => &person.id,
        }
    }
}

async fn who<R: Right>(parts: &Parts, app: &App) -> Result<Who, Problem> {
    match (bearer(&parts.headers), cookie(&parts.headers)) {
        (Some(secret), _) if R::TICKETS && tickets::is_one(secret) => {
            Ok(Who::Token(tickets::redeem(app, secret).await?))
        }
        (Some(secret), _) => Ok(Who::Token(tokens::find(app, secret).await?)),
        (None, Some(session)) => Ok(Who::Person(people::find(app, session).await?)),
        (None, None) => Err(Problem::unauthorized("send `Authorization: Bearer` with a token, or sign in")),
    }
}

/// The environment that the address names.
fn named(parts: &Parts) -> Result<Option<&'static str>, Problem> {
    let query = parts.uri.query().unwrap_or_default();
    let Some(name) = query.split('&').find_map(|pair| pair.strip_prefix("environment=")) else {
        return Ok(None);
    };
    let found = ENVIRONMENTS.into_iter().find(|environment| *environment == name);
    found
        .map(Some)
        .ok_or_else(|| Problem::new(404, "unknown_environment", "`environment` is `live` or `test`"))
}

impl<R: Right> FromRequestParts<App> for In<R> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<In<R>, Problem> {
        let who = who::<R>(parts, app).await?;
        let named = named(parts)?;
        let scope = match &who {
            Who::Token(token) => {
                let may = token.powers.iter().any(|power| match power {
                    Power::Customer(_) => R::POWERS.contains(&"customer"),
                    power => R::POWERS.contains(&&*power.text()),
                });
                if !may {
                    let needed = R::POWERS.join("` or `");
                    return Err(Problem::forbidden(format!("a token of scope `{needed}` is needed")));
                }
                if named.is_some_and(|name| name != token.scope.environment) {
                    let own = token.scope.environment;
                    return Err(Problem::forbidden(format!("the token is of the environment `{own}`")));
                }
                token.scope.clone()
            }
            Who::Person(person) => {
                check_role(person, R::ROLE)?;
                let missing = "say which environment: `?environment=live` or `?environment=test`";
                let name = named.ok_or_else(|| Problem::new(400, "environment_required", missing))?;
                Scope { workspace: person.workspace, environment: name }
            }
        };
        Ok(In { scope, who, right: PhantomData })
    }
}

fn check_role(person: &Person, least: Option<Role>) -> Result<(), Problem> {
    match least {
        Some(role) if role <= person.role => Ok(()),
        Some(role) => Err(Problem::forbidden(format!("the role `{}` is needed", role.word()))),
        None => Err(Problem::forbidden("a token of scope `engine` is needed")),
    }
}

/// Somebody who is signed in, in a workspace, with a role at least.
#[derive(Debug)]
pub(crate) struct Signed<R> {
    pub(crate) person: Person,
    right: PhantomData<R>,
}

rights! {
    /// See a workspace.
    Member: Some(Role::Viewer), &[];
    /// Rule a workspace.
    Owner: Some(Role::Owner), &[];
}

impl<R: Right> FromRequestParts<App> for Signed<R> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Signed<R>, Problem> {
        match who::<R>(parts, app).await? {
            Who::Token(_) => Err(Problem::forbidden("this is for people: sign in")),
            Who::Person(person) => {
                check_role(&person, R::ROLE)?;
                Ok(Signed { person, right: PhantomData })
            }
        }
    }
}
