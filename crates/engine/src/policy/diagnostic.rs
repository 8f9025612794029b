//! One problem of a document, as every host shows it.

use std::fmt::{self, Write};

use serde::Serialize;

/// How bad a problem is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The document is refused.
    Error,
    /// The document loads, but probably doesn't say what was meant.
    Warning,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Error => "error",
            Self::Warning => "warning",
        })
    }
}

/// Another place that has to do with a problem, such as where a duplicate key stands first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Related {
    /// What stands there.
    pub message: String,
    /// Where in the document, as keys from the root.
    pub path: String,
    /// The line, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// The column in UTF-16 code units, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<u32>,
}

/// One problem of a document: the same shape in Rust, TypeScript, CLI and HTTP.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Diagnostic {
    /// What kind of problem, for programs. One of [`CODES`](super::CODES).
    pub code: &'static str,
    /// Whether the document is refused for it.
    pub severity: Severity,
    /// What is wrong, for people: lower case, no full stop.
    pub message: String,
    /// Where in the document, as keys from the root: `policy.plans.pro.entitlements.chat.limit.credit`. Empty
    /// where the text could not be read that far.
    pub path: String,
    /// The line, from 1. None if the document wasn't text.
    pub line: Option<u32>,
    /// The column in UTF-16 code units, from 1. None if the document wasn't text.
    pub column: Option<u32>,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    /// Other places that have to do with it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub related: Vec<Related>,
}

impl Diagnostic {
    /// Whether the document is refused for it.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

/// One line: `error[unknown_mode] 7:15 policy.plans.pro…: unknown mode `strict` (did you mean …)`.
impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}[{}]", self.severity, self.code)?;
        if let (Some(line), Some(column)) = (self.line, self.column) {
            write!(f, " {line}:{column}")?;
        }
        if !self.path.is_empty() {
            write!(f, " {}", self.path)?;
        }
        write!(f, ": {}", self.message)?;
        match &self.help {
            Some(help) => write!(f, " ({help})"),
            None => Ok(()),
        }
    }
}

/// Shows diagnostics for a terminal, each with its line of the source and a caret. `name` is what the document is
/// called, such as `policy.yaml`.
///
/// ```text
/// error[unknown_mode] policy.yaml:7:15
///   unknown mode `strict`
///    7 |         mode: strict
///      |               ^
///   at policy.plans.pro.entitlements.chat.limit.mode
///   help: use `hard`, `soft` or `observe`
/// ```
pub fn render(diagnostics: &[Diagnostic], name: &str, source: &str) -> String {
    let lines = super::position::split_lines(source);
    let mut text = String::new();
    for diagnostic in diagnostics {
        // Writing to a String can't fail.
        let _ = render_one(&mut text, diagnostic, name, &lines);
    }
    text
}

fn render_one(out: &mut String, problem: &Diagnostic, name: &str, lines: &[&str]) -> fmt::Result {
    write!(out, "{}[{}] {name}", problem.severity, problem.code)?;
    if let (Some(line), Some(column)) = (problem.line, problem.column) {
        write!(out, ":{line}:{column}")?;
    }
    writeln!(out, "\n  {}", problem.message)?;
    if let (Some(line), Some(column)) = (problem.line, problem.column) {
        render_line(out, lines, line, column)?;
    }
    if !problem.path.is_empty() {
        writeln!(out, "  at {}", problem.path)?;
    }
    if let Some(help) = &problem.help {
        writeln!(out, "  help: {help}")?;
    }
    for related in &problem.related {
        match related.line {
            Some(line) => writeln!(out, "  line {line}: {}", related.message)?,
            None => writeln!(out, "  {}: {}", related.path, related.message)?,
        }
    }
    writeln!(out)
}

/// How much of a long line is shown on either side of the caret, in characters.
const AROUND_CARET: usize = 60;

fn render_line(out: &mut String, lines: &[&str], line: u32, column: u32) -> fmt::Result {
    let index = usize::try_from(line).unwrap_or(usize::MAX).saturating_sub(1);
    let Some(text) = lines.get(index) else { return Ok(()) };
    let mut units: usize = 0;
    let target = usize::try_from(column).unwrap_or(usize::MAX).saturating_sub(1);
    let before = text
        .chars()
        .take_while(|c| {
            let here = units < target;
            units = units.saturating_add(c.len_utf16());
            here
        })
        .count();
    let skipped = before.saturating_sub(AROUND_CARET);
    let shown: String = text
        .chars()
        .skip(skipped)
        .take(AROUND_CARET.saturating_mul(2))
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    let more = if skipped > 0 { "…" } else { "" };
    let number = line.to_string();
    let pad = " ".repeat(number.len());
    let caret = " ".repeat(before.saturating_sub(skipped).saturating_add(more.chars().count()));
    writeln!(out, "  {number} | {more}{}", shown.trim_end())?;
    writeln!(out, "  {pad} | {caret}^")
}
