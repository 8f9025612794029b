//! TOML into the tree, from the spanned tables of the `toml` crate.
//!
//! Its parser recurses, and dotted keys let a short line nest without end; so the text is first looked over for
//! its depth. What is left is at most a few times the depth that a document may have.

use toml::Spanned;
use toml::de::{DeTable, DeValue, Error};

use super::super::bounds::DEPTH;
use super::super::codes;
use super::super::position::Span;
use super::super::report::{OwnedStep, Problem};
use super::number::decimal;
use super::tree::{Builder, Content, Node, Stop, duplicate_key};
use crate::order::sort_by_key;

/// Reads a whole text. The problems beside the tree don't keep it from being read on.
pub(super) fn read(text: &str) -> Result<(Node, Vec<Problem>), Stop> {
    if let Some(at) = too_deep(text) {
        return Err(Box::new(Builder::default().too_deep(Span::new(at, at))));
    }
    let (table, errors) = DeTable::parse_recoverable(text);
    let (duplicates, syntax): (Vec<Error>, Vec<Error>) =
        errors.into_iter().partition(|error| error.message() == "duplicate key");
    if let Some(error) = syntax.first() {
        return Err(Box::new(syntax_problem(error)));
    }
    let mut builder = Builder::default();
    add_table(table.get_ref(), Span::new(0, text.len()), &mut builder)?;
    let (root, mut problems) = builder.finish();
    problems.extend(duplicates.iter().take(DUPLICATES).map(|error| duplicate_problem(error, text, &root)));
    Ok((root, problems))
}

/// How many duplicate keys are told. Finding where one stands first takes a walk through the document.
const DUPLICATES: usize = 200;

fn add_table(table: &DeTable<'_>, span: Span, builder: &mut Builder) -> Result<(), Stop> {
    builder.open_map(span)?;
    // The parser keeps keys by the alphabet; a document has its own order.
    let mut entries: Vec<_> = table.iter().collect();
    sort_by_key(&mut entries, |(key, value)| (key.span().start, value.span().start));
    for (key, value) in entries {
        builder.key(key.get_ref().as_ref().into(), span_of(key));
        add_value(value, builder)?;
    }
    builder.close(span.end);
    Ok(())
}

fn add_value(value: &Spanned<DeValue<'_>>, builder: &mut Builder) -> Result<(), Stop> {
    let span = span_of(value);
    let content = match value.get_ref() {
        DeValue::Table(table) => return add_table(table, span, builder),
        DeValue::Array(items) => {
            builder.open_list(span)?;
            for item in items.iter() {
                add_value(item, builder)?;
            }
            builder.close(span.end);
            return Ok(());
        }
        DeValue::String(text) => Content::Text(text.as_ref().into()),
        DeValue::Boolean(value) => Content::Bool(*value),
        DeValue::Datetime(moment) => Content::Text(moment.to_string().into()),
        DeValue::Float(number) => Content::Number(number.as_str().into()),
        DeValue::Integer(number) if number.radix() == 10 => Content::Number(number.as_str().into()),
        DeValue::Integer(number) => {
            let digits = decimal(number.as_str(), number.radix());
            Content::Number(digits.unwrap_or_else(|| number.to_string()).into())
        }
    };
    builder.value(Node { span, content });
    Ok(())
}

fn span_of<T>(spanned: &Spanned<T>) -> Span {
    let range = spanned.span();
    Span::new(range.start, range.end)
}

fn error_span(error: &Error) -> Span {
    error.span().map_or_else(Span::default, |range| Span::new(range.start, range.end))
}

fn syntax_problem(error: &Error) -> Problem {
    let message = error.message().replace('\n', " ");
    Problem::at_span(codes::SYNTAX, message, Vec::new(), error_span(error))
        .with_help("check the quotes, brackets and `=` here and on the line before")
}

/// The parser says where a key stands again, not where it stands first. For a header that is an equal line before;
/// for a key the nearest of its name before, since no other table can come between the two.
fn duplicate_problem(error: &Error, text: &str, root: &Node) -> Problem {
    let span = error_span(error);
    let key = text.get(span.start..span.end).unwrap_or_default().trim_matches(['"', '\'']);
    let header = equal_line_before(text, span);
    let mut search = Search { key, path: Vec::new(), nearest: None };
    // A table that is given again is kept at its last header.
    search.run(root, if header.is_some() { span.end } else { span.start });
    match (search.nearest, header) {
        (Some((_, path)), Some(first)) | (Some((first, path)), None) => duplicate_key(key, path, span, first),
        (None, first) => {
            let path = vec![OwnedStep::Key(key.to_owned())];
            duplicate_key(key, path, span, first.unwrap_or(span))
        }
    }
}

/// The place of a span on the first line that is equal to its own header line.
fn equal_line_before(text: &str, span: Span) -> Option<Span> {
    let before = text.get(..span.start)?;
    let start = before.rfind('\n').map_or(0, |end| end.saturating_add(1));
    let line = text.get(start..)?.lines().next().filter(|line| line.trim_start().starts_with('['))?;
    let mut at: usize = 0;
    for other in before.get(..start)?.split_inclusive('\n') {
        if other.trim_end_matches(['\n', '\r']) == line {
            let shift = start.saturating_sub(at);
            return Some(Span::new(span.start.saturating_sub(shift), span.end.saturating_sub(shift)));
        }
        at = at.saturating_add(other.len());
    }
    None
}

/// Looks for the last key of a name that starts before a byte.
struct Search<'k> {
    key: &'k str,
    path: Vec<OwnedStep>,
    nearest: Option<(Span, Vec<OwnedStep>)>,
}

impl Search<'_> {
    fn run(&mut self, node: &Node, before: usize) {
        match &node.content {
            Content::List(items) => {
                for (index, item) in items.iter().enumerate() {
                    self.path.push(OwnedStep::Index(index));
                    self.run(item, before);
                    self.path.pop();
                }
            }
            Content::Map(entries) => {
                for entry in entries.iter() {
                    self.path.push(OwnedStep::Key(entry.key.to_string()));
                    let nearest = self.nearest.as_ref().map_or(0, |(span, _)| span.start);
                    let at = entry.key_span.start;
                    if *entry.key == *self.key && at < before && at >= nearest {
                        self.nearest = Some((entry.key_span, self.path.clone()));
                    }
                    self.run(&entry.value, before);
                    self.path.pop();
                }
            }
            _ => {}
        }
    }
}

/// Where the text nests deeper than any document may, if it does: brackets and the dots of keys count, texts and
/// comments don't. A header counts by itself, so that a body may be as deep again; the [`Builder`] is exact.
fn too_deep(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut outer: Vec<usize> = Vec::new();
    let (mut depth, mut dots, mut at) = (0_usize, 0_usize, 0_usize);
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' | b'\'' => {
                at = skip_text(bytes, at);
                continue;
            }
            b'#' => {
                while bytes.get(at).is_some_and(|byte| *byte != b'\n') {
                    at = at.saturating_add(1);
                }
                continue;
            }
            b'.' => dots = dots.saturating_add(1),
            b'\n' | b',' => dots = 0,
            b'{' | b'[' => {
                outer.push(depth);
                depth = depth.saturating_add(dots).saturating_add(1);
                dots = 0;
            }
            b'}' | b']' => {
                depth = outer.pop().unwrap_or(0);
                dots = 0;
            }
            _ => {}
        }
        if depth.saturating_add(dots) > DEPTH.saturating_add(1) {
            return Some(at);
        }
        at = at.saturating_add(1);
    }
    None
}

/// The byte after the text (`"…"`, `'…'` or three of either) that starts at `at`.
fn skip_text(bytes: &[u8], at: usize) -> usize {
    let quote = bytes.get(at).copied().unwrap_or_default();
    let rest = bytes.get(at..).unwrap_or_default();
    let width = if rest.starts_with(&[quote; 3]) { 3 } else { 1 };
    let escapes = quote == b'"';
    let mut next = at.saturating_add(width);
    while let Some(byte) = bytes.get(next) {
        let here = bytes.get(next..).unwrap_or_default();
        if *byte == b'\\' && escapes {
            next = next.saturating_add(2);
        } else if here.iter().take(width).filter(|byte| **byte == quote).count() == width {
            return next.saturating_add(width);
        } else if width == 1 && *byte == b'\n' {
            return next;
        } else {
            next = next.saturating_add(1);
        }
    }
    bytes.len()
}
