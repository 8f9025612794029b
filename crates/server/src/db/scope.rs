//! Whose rows: nothing is read or written without saying it.

use sqlx::Any;
use sqlx::any::AnyArguments;
use sqlx::query::Query;

/// A workspace, and one of its environments.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Scope {
    pub(crate) workspace: i64,
    /// `live`, `test`, or `workspace` for the audit log of what concerns both.
    pub(crate) environment: &'static str,
}

/// The environments that every workspace has.
pub(crate) const ENVIRONMENTS: [&str; 2] = ["live", "test"];

/// The condition that every statement on rows of an environment carries.
const SCOPED: &str = "workspace = $1 AND environment = $2";

impl Scope {
    /// An environment by its name; `None`: there is no such environment.
    pub(crate) fn of(workspace: i64, environment: &str) -> Option<Scope> {
        let environment = ENVIRONMENTS.into_iter().find(|name| *name == environment)?;
        Some(Scope { workspace, environment })
    }

    /// What concerns all of a workspace.
    pub(crate) fn of_workspace(workspace: i64) -> Scope {
        Scope { workspace, environment: "workspace" }
    }

    /// A statement on this scope's rows only: `$1` and `$2` are the scope, the rest begins with `$3`.
    ///
    /// # Panics
    /// Where a statement doesn't name the scope: a mistake of ours that must not pass a test.
    pub(crate) fn query<'q>(&self, statement: &'q str) -> Query<'q, Any, AnyArguments<'q>> {
        assert!(statement.contains(SCOPED) || statement.contains("VALUES ($1, $2"), "unscoped: {statement}");
        sqlx::query(statement).bind(self.workspace).bind(self.environment)
    }
}
