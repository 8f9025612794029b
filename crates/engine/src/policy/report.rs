//! Problems as they are found, and their way to [`Diagnostic`]s.
//!
//! 1. Whoever finds a problem names a path, never a position: the trail it is on.
//! 2. When all is read and checked, each path is followed through the parse tree to its place in the source. A
//!    path that ends early (a field that isn't there) points at the deepest part that is.
//! 3. The problems are put in the order of the source and cut to what is shown, errors before warnings.

use std::collections::{BTreeMap, BTreeSet};

use super::bounds::{DIAGNOSTICS_SHOWN, PROBLEMS_HELPED, PROBLEMS_KEPT, QUOTED_CHARS};
use super::codes;
use super::diagnostic::{Diagnostic, Related, Severity};
use super::parse::tree::{Content, Entry, Node};
use super::position::{Positions, Span};
use crate::order::sort_by_key;

/// One step of a path into the document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step<'a> {
    Key(&'a str),
    Index(usize),
}

/// A step that outlives the document.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum OwnedStep {
    Key(String),
    Index(usize),
}

impl Step<'_> {
    fn keep(self) -> OwnedStep {
        match self {
            Step::Key(key) => OwnedStep::Key(key.to_owned()),
            Step::Index(index) => OwnedStep::Index(index),
        }
    }
}

/// What of a place is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Aim {
    Key,
    Value,
    Span(Span),
}

/// A place in the document.
#[derive(Debug, Clone)]
pub(super) struct Place {
    pub(super) path: Vec<OwnedStep>,
    pub(super) aim: Aim,
}

/// A problem as it is found.
#[derive(Debug, Clone)]
pub(super) struct Problem {
    pub(super) code: &'static str,
    pub(super) severity: Severity,
    message: String,
    help: Option<String>,
    place: Place,
    related: Vec<(String, Place)>,
}

impl Problem {
    fn new(code: &'static str, severity: Severity, message: String, place: Place) -> Self {
        Self { code, severity, message, help: None, place, related: Vec::new() }
    }

    /// An error at a known place of the source.
    pub(super) fn at_span(code: &'static str, message: String, path: Vec<OwnedStep>, span: Span) -> Self {
        Self::new(code, Severity::Error, message, Place { path, aim: Aim::Span(span) })
    }

    pub(super) fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    pub(super) fn with_related(mut self, message: impl Into<String>, place: Place) -> Self {
        self.related.push((message.into(), place));
        self
    }

    /// Says what to do about it.
    pub(super) fn help(&mut self, help: impl Into<String>) -> &mut Self {
        self.help = Some(help.into());
        self
    }

    /// Moves it to a field of where it was reported.
    pub(super) fn field(&mut self, field: &str) -> &mut Self {
        self.place.path.push(OwnedStep::Key(field.to_owned()));
        self
    }

    /// Points at the key, not at its value.
    pub(super) fn at_key(&mut self) -> &mut Self {
        self.place.aim = Aim::Key;
        self
    }

    /// Adds another place that has to do with it.
    pub(super) fn related(&mut self, message: impl Into<String>, place: Place) -> &mut Self {
        self.related.push((message.into(), place));
        self
    }
}

/// The problems found so far, and where in the document the finder stands.
pub(super) struct Report<'a> {
    trail: Vec<Step<'a>>,
    /// Where in the document the parse tree begins: a part of a document can be read by itself.
    base: Vec<OwnedStep>,
    problems: Vec<Problem>,
    kept: Tally,
    left_out: Tally,
    /// What takes a problem that is one too many to keep.
    spare: Problem,
    /// Where reading found errors, once it is done.
    refused: BTreeSet<Vec<OwnedStep>>,
    strict: bool,
}

#[derive(Debug, Clone, Copy, Default)]
struct Tally {
    errors: usize,
    warnings: usize,
}

impl Tally {
    fn of(&mut self, severity: Severity) -> &mut usize {
        match severity {
            Severity::Error => &mut self.errors,
            Severity::Warning => &mut self.warnings,
        }
    }

    fn count(&mut self, severity: Severity) {
        let counter = self.of(severity);
        *counter = counter.saturating_add(1);
    }
}

impl<'a> Report<'a> {
    /// An empty report that starts at a path. `strict` makes unknown fields errors.
    pub(super) fn new(start: Vec<Step<'a>>, strict: bool) -> Self {
        let nowhere = Place { path: Vec::new(), aim: Aim::Value };
        let spare = Problem::new(codes::MORE_PROBLEMS, Severity::Warning, String::new(), nowhere);
        let base = start.iter().map(|step| step.keep()).collect();
        let (kept, left_out) = (Tally::default(), Tally::default());
        let refused = BTreeSet::new();
        Self { trail: start, base, problems: Vec::new(), kept, left_out, spare, refused, strict }
    }

    /// The same problems, found by somebody who now walks something else than the document, from `start`.
    pub(super) fn restart<'b>(self, start: Vec<Step<'b>>) -> Report<'b> {
        let Self { base, problems, kept, left_out, spare, strict, .. } = self;
        let errors = problems.iter().filter(|problem| problem.severity == Severity::Error);
        let refused = errors.map(|problem| problem.place.path.clone()).collect();
        Report { trail: start, base, problems, kept, left_out, spare, refused, strict }
    }

    pub(super) fn strict(&self) -> bool {
        self.strict
    }

    /// Goes one step into the document for the time of `work`.
    pub(super) fn within<T>(&mut self, step: Step<'a>, work: impl FnOnce(&mut Self) -> T) -> T {
        self.trail.push(step);
        let result = work(self);
        self.trail.pop();
        result
    }

    /// Where the finder stands.
    pub(super) fn here(&self) -> Place {
        Place { path: self.trail.iter().map(|step| step.keep()).collect(), aim: Aim::Value }
    }

    pub(super) fn error(&mut self, code: &'static str, message: impl Into<String>) -> &mut Problem {
        self.add(code, Severity::Error, message.into())
    }

    pub(super) fn warn(&mut self, code: &'static str, message: impl Into<String>) -> &mut Problem {
        self.add(code, Severity::Warning, message.into())
    }

    fn add(&mut self, code: &'static str, severity: Severity, message: String) -> &mut Problem {
        self.keep(Problem::new(code, severity, message, self.here()))
    }

    fn keep(&mut self, problem: Problem) -> &mut Problem {
        let severity = problem.severity;
        if *self.kept.of(severity) >= PROBLEMS_KEPT {
            self.left_out.count(severity);
            self.spare = problem;
            return &mut self.spare;
        }
        self.kept.count(severity);
        self.problems.push(problem);
        self.problems.last_mut().unwrap_or(&mut self.spare)
    }

    /// Adds problems that were found elsewhere.
    pub(super) fn take(&mut self, problems: Vec<Problem>) {
        for problem in problems {
            self.keep(problem);
        }
    }

    /// Whether so many problems are kept that searching for a helpful word doesn't pay any more.
    pub(super) fn is_crowded(&self) -> bool {
        self.problems.len() >= PROBLEMS_HELPED
    }

    /// Whether reading refused the field of that name, or something in it, so that what follows from it isn't
    /// worth saying.
    pub(super) fn refused(&self, field: &str) -> bool {
        let mut path = self.here().path;
        path.push(OwnedStep::Key(field.to_owned()));
        self.refused.range(path.clone()..).next().is_some_and(|found| found.starts_with(&path))
    }

    /// Whether there is any error.
    pub(super) fn has_errors(&self) -> bool {
        self.problems.iter().any(|problem| problem.severity == Severity::Error) || self.left_out.errors > 0
    }

    /// The problems as they are shown: in the order of the source, with positions if there is a source.
    pub(super) fn finish(self, root: Option<&Node>, source: Option<&str>) -> Vec<Diagnostic> {
        let Self { base, problems, mut left_out, .. } = self;
        let mut tree = Tree { base, root, indexes: BTreeMap::new() };
        let mut placed: Vec<(usize, Problem)> =
            problems.into_iter().map(|problem| (tree.find(&problem.place).start, problem)).collect();
        // Errors first, so that no warning crowds one out; then back into the order of the source.
        sort_by_key(&mut placed, |(at, problem)| (problem.severity == Severity::Warning, *at));
        for (_, problem) in placed.drain(placed.len().min(DIAGNOSTICS_SHOWN)..) {
            left_out.count(problem.severity);
        }
        sort_by_key(&mut placed, |(at, _)| *at);
        let positions = source.map(Positions::new);
        let mut shown: Vec<Diagnostic> = placed
            .into_iter()
            .map(|(at, problem)| show(problem, at, &mut tree, positions.as_ref()))
            .collect();
        shown.extend(more_problems(left_out));
        shown
    }
}

fn more_problems(left_out: Tally) -> Option<Diagnostic> {
    let Tally { errors, warnings } = left_out;
    let severity = if errors > 0 { Severity::Error } else { Severity::Warning };
    let count = errors.saturating_add(warnings);
    (count > 0).then(|| Diagnostic {
        code: codes::MORE_PROBLEMS,
        severity,
        message: format!("{count} more problems are not shown ({errors} errors, {warnings} warnings)"),
        path: String::new(),
        line: None,
        column: None,
        help: Some("fix those above first".to_owned()),
        related: Vec::new(),
    })
}

fn show(problem: Problem, at: usize, tree: &mut Tree<'_>, positions: Option<&Positions<'_>>) -> Diagnostic {
    let place = positions.map(|positions| positions.locate(at));
    let related = problem.related.into_iter().map(|(message, there)| {
        let place = positions.map(|positions| positions.locate(tree.find(&there).start));
        Related {
            message,
            path: path_text(&there.path),
            line: place.map(|(line, _)| line),
            column: place.map(|(_, column)| column),
        }
    });
    Diagnostic {
        code: problem.code,
        severity: problem.severity,
        message: problem.message,
        path: path_text(&problem.place.path),
        line: place.map(|(line, _)| line),
        column: place.map(|(_, column)| column),
        help: problem.help,
        related: related.collect(),
    }
}

/// A parse tree, and where in the document it begins.
struct Tree<'n> {
    base: Vec<OwnedStep>,
    root: Option<&'n Node>,
    /// The keys of the maps that were searched, by where each map is in memory.
    indexes: BTreeMap<usize, BTreeMap<&'n str, &'n Entry>>,
}

impl Tree<'_> {
    /// Follows a path through the tree as far as it goes.
    fn find(&mut self, place: &Place) -> Span {
        if let Aim::Span(span) = place.aim {
            return span;
        }
        let (Some(mut node), Some(path)) = (self.root, place.path.strip_prefix(self.base.as_slice())) else {
            return Span::default();
        };
        let mut key_span = node.span;
        for step in path {
            let next = match (step, &node.content) {
                (OwnedStep::Key(key), Content::Map(entries)) => {
                    let index = self
                        .indexes
                        .entry(entries.as_ptr().addr())
                        .or_insert_with(|| entries.iter().map(|entry| (&*entry.key, entry)).collect());
                    index.get(key.as_str()).map(|entry| (entry.key_span, &entry.value))
                }
                (OwnedStep::Index(index), Content::List(items)) => {
                    items.get(*index).map(|item| (item.span, item))
                }
                // A value written short, such as a bare number for a price.
                (_, Content::Bool(_) | Content::Number(_) | Content::Text(_)) => return node.span,
                _ => None,
            };
            let Some((span, value)) = next else { return key_span };
            (key_span, node) = (span, value);
        }
        if place.aim == Aim::Key { key_span } else { node.span }
    }
}

/// A path as it is shown. A key that isn't a plain word is put in brackets and quotes: `policy.plans["a.b"]`.
pub(super) fn path_text(path: &[OwnedStep]) -> String {
    let mut text = String::new();
    for step in path {
        match step {
            OwnedStep::Index(index) => text.push_str(&format!("[{index}]")),
            OwnedStep::Key(key) if is_plain(key) => {
                if !text.is_empty() {
                    text.push('.');
                }
                text.push_str(key);
            }
            OwnedStep::Key(key) => text.push_str(&format!("[\"{}\"]", clip(key).escape_debug())),
        }
    }
    text
}

fn is_plain(key: &str) -> bool {
    !key.is_empty()
        && key.len() <= super::bounds::NAME_BYTES
        && key.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '$' | '@' | ':' | '/' | '+'))
}

/// The user's own text in backticks: on one line, without control characters, and not too long.
pub(super) fn quoted(text: &str) -> String {
    let shown: String =
        clip(text).chars().map(|c| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c }).collect();
    let more = if shown.len() < text.len() && clip(text).len() < text.len() { "…" } else { "" };
    format!("`{shown}{more}`")
}

fn clip(text: &str) -> &str {
    match text.char_indices().nth(QUOTED_CHARS) {
        Some((end, _)) => text.get(..end).unwrap_or(text),
        None => text,
    }
}

/// How many names a misspelt word is compared with.
const CANDIDATES: usize = 1_000;

/// The candidate that a misspelt word most likely stands for, if one is near.
pub(super) fn nearest<'w>(word: &str, candidates: impl Iterator<Item = &'w str>) -> Option<&'w str> {
    if word.len() > super::bounds::NAME_BYTES {
        return None;
    }
    let lower = word.to_lowercase();
    let allowed = word.chars().count().div_ceil(3).min(3);
    candidates
        .take(CANDIDATES)
        .map(|candidate| (strsim::osa_distance(&lower, &candidate.to_lowercase()), candidate))
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}
