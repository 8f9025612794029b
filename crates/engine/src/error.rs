//! What goes wrong. A denial is never an error: only misuse, a broken document or a bound is.

use std::fmt;

use crate::policy::Diagnostic;
use crate::quantity::QuantityError;

/// A refused call. Nothing was changed.
#[derive(Clone, Debug, PartialEq)]
pub struct EngineError(Box<Refusal>); // boxed: results stay small on the hot path

#[derive(Clone, Debug, PartialEq)]
struct Refusal {
    code: &'static str,
    message: String,
    diagnostics: Vec<Diagnostic>,
}

impl EngineError {
    /// An error with one of the documented codes.
    #[cold]
    pub fn new(code: &'static str, message: impl Into<String>) -> EngineError {
        EngineError(Box::new(Refusal { code, message: message.into(), diagnostics: Vec::new() }))
    }

    /// A policy that was refused. The code is `invalid_policy` and the message that of the first error among `diagnostics`.
    pub fn refused(diagnostics: Vec<Diagnostic>) -> EngineError {
        let message = match diagnostics.iter().find(|diagnostic| diagnostic.is_error()) {
            Some(problem) => format!("the policy was refused: {problem}"),
            None => "the policy was refused".to_string(),
        };
        EngineError(Box::new(Refusal { code: "invalid_policy", message, diagnostics }))
    }

    /// A refused override or plan: the code is that of the first error among `diagnostics`.
    pub fn refused_part(what: &str, diagnostics: Vec<Diagnostic>) -> EngineError {
        let first = diagnostics.iter().find(|d| d.is_error());
        let code = first.map_or("invalid_policy", |d| d.code);
        let message = match first {
            Some(d) => format!("{what} was refused: {d}"),
            None => format!("{what} was refused"),
        };
        EngineError(Box::new(Refusal { code, message, diagnostics }))
    }

    /// The documented code, such as `unknown_plan`.
    pub fn code(&self) -> &'static str {
        self.0.code
    }

    /// What is wrong and what to do about it.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The problems of a refused document, with their places in it.
    pub fn diagnostics(&self) -> &[Diagnostic] {
        &self.0.diagnostics
    }
}

impl fmt::Display for EngineError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl std::error::Error for EngineError {}

impl From<QuantityError> for EngineError {
    #[cold]
    fn from(error: QuantityError) -> EngineError {
        EngineError::new(error.code(), error.to_string())
    }
}
