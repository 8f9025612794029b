//! What the server refuses.

use std::fmt;

use serde_json::Value;

/// A refused operation. Nothing was changed.
#[derive(Clone, Debug, PartialEq)]
pub struct Refusal {
    /// A stable code.
    pub code: &'static str,
    /// What is wrong and what to do.
    pub message: String,
    /// Whether the connection that it came by is to be closed.
    pub fatal: bool,
    /// The problems of a refused policy, as `Limitr.new` says them.
    pub diagnostics: Vec<Value>,
}

impl Refusal {
    /// A refusal that leaves the connection open.
    pub(crate) fn new(code: &'static str, message: impl Into<String>) -> Refusal {
        Refusal { code, message: message.into(), fatal: false, diagnostics: Vec::new() }
    }

    /// A refusal that closes the connection.
    pub(crate) fn fatal(code: &'static str, message: impl Into<String>) -> Refusal {
        Refusal { fatal: true, ..Refusal::new(code, message) }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.message)
    }
}

impl std::error::Error for Refusal {}
