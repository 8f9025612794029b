//! Text to tree: one tree, three readers.

mod json;
mod number;
mod toml;
pub(super) mod tree;
mod yaml;

use std::str;

use super::Format;
use super::bounds::DOCUMENT_BYTES;
use super::codes;
use super::position::Span;
use super::report::{OwnedStep, Problem, quoted};
use tree::{Content, Node, Stop};

/// A text that was read.
pub(super) struct Document<'s> {
    /// The text, without a byte order mark.
    pub(super) text: &'s str,
    /// The format that it is in.
    pub(super) format: Format,
    /// The tree, or what kept it from being read.
    pub(super) root: Result<(Node, Vec<Problem>), Stop>,
}

/// Reads a document. In the format `auto` it is tried as JSON, YAML and TOML: the first whose tree is `wanted`
/// counts; if none is, the format that it looks like.
pub(super) fn read(source: &[u8], format: Format, wanted: fn(&Node) -> bool) -> Document<'_> {
    let text = match decode(source) {
        Ok(text) => text,
        Err(stop) => return Document { text: "", format, root: Err(stop) },
    };
    let parse = |format| Document { text, format, root: parse(text, format) };
    if format != Format::Auto {
        return parse(format);
    }
    let looks = looks_like(text);
    // An object of JSON is never TOML, and what looks like JSON is best told about as JSON.
    [Format::Json, Format::Yaml, Format::Toml]
        .into_iter()
        .map(parse)
        .find(|document| matches!(&document.root, Ok((root, _)) if wanted(root)))
        .unwrap_or_else(|| parse(looks))
}

fn parse(text: &str, format: Format) -> Result<(Node, Vec<Problem>), Stop> {
    match format {
        Format::Json => json::read(text),
        Format::Toml => toml::read(text),
        Format::Auto | Format::Yaml => yaml::read(text),
    }
}

/// Whether a tree is that of a policy document.
pub(super) fn has_policy(root: &Node) -> bool {
    root.get("policy").is_some()
}

fn decode(source: &[u8]) -> Result<&str, Stop> {
    if source.len() > DOCUMENT_BYTES {
        let message = format!("the document has {} bytes", source.len());
        let help = format!("keep it within {DOCUMENT_BYTES} bytes");
        let problem = Problem::at_span(codes::TOO_LARGE, message, Vec::new(), Span::default());
        return Err(Box::new(problem.with_help(help)));
    }
    match str::from_utf8(source) {
        Ok(text) => Ok(text.strip_prefix('\u{feff}').unwrap_or(text)),
        Err(error) => {
            let message = format!("the text isn't UTF-8: byte {} can't be read", error.valid_up_to());
            let problem = Problem::at_span(codes::SYNTAX, message, Vec::new(), Span::default());
            Err(Box::new(problem.with_help("save the document as UTF-8")))
        }
    }
}

/// The format that a text looks like, by its first line that says something.
fn looks_like(text: &str) -> Format {
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let line = lines.next().unwrap_or_default();
    if line.starts_with('{') {
        return Format::Json;
    }
    let key = line.split_once('=').map_or("", |(key, _)| key.trim());
    let is_key = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '"' | '\'');
    let is_header = line.starts_with('[') && line.ends_with(']') && !line.contains(',');
    if is_header || (!key.is_empty() && key.chars().all(is_key)) { Format::Toml } else { Format::Yaml }
}

/// The value of the root key `policy`, or why there is none.
pub(super) fn policy_of(root: &Node) -> Result<&Node, Stop> {
    let policy = vec![OwnedStep::Key("policy".to_owned())];
    let problem = match &root.content {
        Content::Map(entries) => match root.get("policy") {
            Some(entry) => return Ok(&entry.value),
            None => {
                let near = super::report::nearest("policy", entries.iter().map(|entry| &*entry.key));
                let help = near.map_or_else(
                    || "put everything under a key `policy`".to_owned(),
                    |near| format!("rename {} to `policy`", quoted(near)),
                );
                Problem::at_span(
                    codes::MISSING_POLICY,
                    "there is no root key `policy`".to_owned(),
                    policy,
                    root.span,
                )
                .with_help(help)
            }
        },
        _ => {
            let message = format!("a document is a map with the key `policy`, not {}", root.describe());
            Problem::at_span(codes::MISSING_POLICY, message, policy, root.span)
                .with_help("put everything under a key `policy`")
        }
    };
    Err(Box::new(problem))
}
