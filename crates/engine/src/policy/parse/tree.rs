//! The tree that all formats are read into, and the builder that keeps it within its bounds.
//!
//! Numbers stay text, so that nothing is rounded before a field says what it takes. Shared parts (YAML aliases)
//! are shared, not copied.

use std::collections::BTreeMap;
use std::rc::Rc;

use serde_json::{Map, Number, Value};

use super::super::bounds::{DEPTH, PROBLEMS_KEPT};
use super::super::codes;
use super::super::position::Span;
use super::super::report::{Aim, OwnedStep, Place, Problem, quoted};
use crate::quantity::Amount;

/// A value with its place in the source.
#[derive(Debug, Clone)]
pub(in crate::policy) struct Node {
    pub(in crate::policy) span: Span,
    pub(in crate::policy) content: Content,
}

/// What a value is.
#[derive(Debug, Clone)]
pub(in crate::policy) enum Content {
    Null,
    Bool(bool),
    /// As it is written, save that hexadecimal and the like are turned into decimal digits.
    Number(Rc<str>),
    Text(Rc<str>),
    List(Rc<[Node]>),
    /// In the document's order, every key once.
    Map(Rc<[Entry]>),
}

/// A key of a map with its value.
#[derive(Debug, Clone)]
pub(in crate::policy) struct Entry {
    pub(in crate::policy) key: Rc<str>,
    pub(in crate::policy) key_span: Span,
    pub(in crate::policy) value: Node,
}

impl Node {
    pub(in crate::policy) fn null(span: Span) -> Self {
        Self { span, content: Content::Null }
    }

    pub(in crate::policy) fn is_null(&self) -> bool {
        matches!(self.content, Content::Null)
    }

    /// What it is, for a message.
    pub(in crate::policy) fn describe(&self) -> String {
        match &self.content {
            Content::Null => "nothing".to_owned(),
            Content::Bool(value) => format!("`{value}`"),
            Content::Number(text) => format!("the number {}", quoted(text)),
            Content::Text(text) => format!("the text {}", quoted(text)),
            Content::List(_) => "a list".to_owned(),
            Content::Map(_) => "a map".to_owned(),
        }
    }

    /// The value of a key, if this is a map that has it.
    pub(in crate::policy) fn get(&self, key: &str) -> Option<&Entry> {
        match &self.content {
            Content::Map(entries) => entries.iter().find(|entry| &*entry.key == key),
            _ => None,
        }
    }

    /// The tree of a value that wasn't text. Its spans only count nodes, so that problems can be put in order.
    pub(in crate::policy) fn from_value(value: &Value) -> Result<Self, Vec<Problem>> {
        let mut builder = Builder::default();
        let mut count = 0;
        add_value(value, &mut builder, &mut count).map_err(|stop| vec![*stop])?;
        let (root, problems) = builder.finish();
        if problems.is_empty() { Ok(root) } else { Err(problems) }
    }

    /// The value as plain JSON. A number that no double holds exactly becomes a string of its digits.
    pub(in crate::policy) fn to_value(&self) -> Value {
        match &self.content {
            Content::Null => Value::Null,
            Content::Bool(value) => Value::Bool(*value),
            Content::Number(text) => number_value(text),
            Content::Text(text) => Value::String(text.to_string()),
            Content::List(items) => items.iter().map(Node::to_value).collect(),
            Content::Map(entries) => Value::Object(
                entries
                    .iter()
                    .map(|entry| (entry.key.to_string(), entry.value.to_value()))
                    .collect::<Map<_, _>>(),
            ),
        }
    }
}

fn number_value(text: &str) -> Value {
    let digits = text.replace('_', "");
    if let Ok(whole) = digits.parse::<i64>() {
        return whole.into();
    }
    let double = digits.parse::<f64>().ok().and_then(Number::from_f64);
    match (double, Amount::parse(text)) {
        (Some(double), Ok(amount)) if double.as_f64().map(Amount::from_f64) != Some(Ok(amount)) => {
            Value::String(amount.to_string())
        }
        // Past what an amount holds there are only statistics, which are doubles anyway.
        (Some(double), _) => Value::Number(double),
        (None, _) => Value::String(text.to_owned()),
    }
}

fn add_value(value: &Value, builder: &mut Builder, count: &mut usize) -> Result<(), Stop> {
    let mut here = || {
        *count = count.saturating_add(1);
        Span::new(*count, *count)
    };
    let span = here();
    match value {
        Value::Null => builder.value(Node::null(span)),
        Value::Bool(value) => builder.value(Node { span, content: Content::Bool(*value) }),
        Value::Number(number) => {
            builder.value(Node { span, content: Content::Number(number.to_string().into()) })
        }
        Value::String(text) => builder.value(Node { span, content: Content::Text(text.as_str().into()) }),
        Value::Array(items) => {
            builder.open_list(span)?;
            for item in items {
                add_value(item, builder, count)?;
            }
            builder.close(span.end);
        }
        Value::Object(fields) => {
            builder.open_map(span)?;
            for (key, value) in fields {
                *count = count.saturating_add(1);
                builder.key(key.as_str().into(), Span::new(*count, *count));
                add_value(value, builder, count)?;
            }
            builder.close(span.end);
        }
    }
    Ok(())
}

/// A problem that ends the reading.
pub(in crate::policy) type Stop = Box<Problem>;

/// Builds a tree from the outside in, without recursion: open, fill, close.
#[derive(Default)]
pub(in crate::policy) struct Builder {
    open: Vec<Frame>,
    root: Option<Node>,
    problems: Vec<Problem>,
}

struct Frame {
    span: Span,
    filling: Filling,
}

enum Filling {
    List(Vec<Node>),
    Map(Filled),
}

/// A map that isn't closed yet.
#[derive(Default)]
struct Filled {
    entries: Vec<Entry>,
    /// Where each key stands first.
    first: BTreeMap<Rc<str>, Span>,
    /// The key whose value comes next.
    key: Option<Key>,
    /// Entries of maps that are merged into this one; its own win.
    merged: Vec<Entry>,
}

struct Key {
    text: Rc<str>,
    span: Span,
    /// Whether the value's entries are taken, not the value.
    merges: bool,
}

impl Builder {
    /// Whether the next thing is a key.
    pub(in crate::policy) fn wants_key(&self) -> bool {
        matches!(self.open.last(), Some(Frame { filling: Filling::Map(Filled { key: None, .. }), .. }))
    }

    /// How many maps and lists are open.
    pub(in crate::policy) fn depth(&self) -> usize {
        self.open.len()
    }

    pub(in crate::policy) fn open_list(&mut self, span: Span) -> Result<(), Stop> {
        self.push(span, Filling::List(Vec::new()))
    }

    pub(in crate::policy) fn open_map(&mut self, span: Span) -> Result<(), Stop> {
        self.push(span, Filling::Map(Filled::default()))
    }

    fn push(&mut self, span: Span, filling: Filling) -> Result<(), Stop> {
        if self.open.len() >= DEPTH {
            return Err(Box::new(self.too_deep(span)));
        }
        self.open.push(Frame { span, filling });
        Ok(())
    }

    /// The refusal of a document that is nested too deep, at the place where it becomes so.
    pub(in crate::policy) fn too_deep(&self, span: Span) -> Problem {
        Problem::at_span(codes::TOO_LARGE, format!("nested deeper than {DEPTH} levels"), self.path(), span)
            .with_help("put less inside each other")
    }

    pub(in crate::policy) fn key(&mut self, text: Rc<str>, span: Span) {
        self.set_key(Key { text, span, merges: false });
    }

    /// A key (`<<` in YAML) whose value is a map, or a list of maps, to take the entries of.
    pub(in crate::policy) fn merge_key(&mut self, span: Span) {
        self.set_key(Key { text: "<<".into(), span, merges: true });
    }

    fn set_key(&mut self, key: Key) {
        if let Some(Frame { filling: Filling::Map(map), .. }) = self.open.last_mut() {
            map.key = Some(key);
        }
    }

    /// Puts a finished value in place.
    pub(in crate::policy) fn value(&mut self, node: Node) {
        let path = match self.open.last() {
            Some(Frame { filling: Filling::Map(map), .. }) if map.needs_path(&node) => self.path(),
            _ => Vec::new(),
        };
        let crowded = self.problems.len() >= PROBLEMS_KEPT;
        match self.open.last_mut() {
            None => {
                self.root.get_or_insert(node);
            }
            Some(Frame { filling: Filling::List(items), .. }) => items.push(node),
            Some(Frame { filling: Filling::Map(map), .. }) => {
                let problem = map.put(node, path);
                self.problems.extend(problem.filter(|_| !crowded));
            }
        }
    }

    /// Closes the innermost map or list, which ends before the byte `end`, and returns it as it was put in place.
    pub(in crate::policy) fn close(&mut self, end: usize) -> Option<Node> {
        let Frame { span, filling } = self.open.pop()?;
        let content = match filling {
            Filling::List(items) => Content::List(items.into()),
            Filling::Map(map) => Content::Map(map.finish().into()),
        };
        let node = Node { span: Span::new(span.start, end.max(span.end)), content };
        self.value(node.clone());
        Some(node)
    }

    /// Where the builder stands, as keys from the root.
    pub(in crate::policy) fn path(&self) -> Vec<OwnedStep> {
        self.open
            .iter()
            .filter_map(|frame| match &frame.filling {
                Filling::List(items) => Some(OwnedStep::Index(items.len())),
                Filling::Map(map) => map.key.as_ref().map(|key| OwnedStep::Key(key.text.to_string())),
            })
            .collect()
    }

    /// The whole tree, and the keys that stood twice in a map (of which the tree has the first).
    pub(in crate::policy) fn finish(self) -> (Node, Vec<Problem>) {
        (self.root.unwrap_or_else(|| Node::null(Span::default())), self.problems)
    }
}

impl Filled {
    /// Whether putting this value may report a problem, for which the path is wanted.
    fn needs_path(&self, node: &Node) -> bool {
        match &self.key {
            Some(key) if key.merges => !matches!(node.content, Content::Map(_)),
            Some(key) => self.first.contains_key(&key.text),
            None => false,
        }
    }

    fn put(&mut self, node: Node, path: Vec<OwnedStep>) -> Option<Problem> {
        let Key { text, span, merges } = self.key.take()?;
        if merges {
            return self.merge(&node).then(|| {
                Problem::at_span(
                    codes::SYNTAX,
                    "`<<` takes a map or a list of maps".to_owned(),
                    path,
                    node.span,
                )
                .with_help("give it an alias of a map, such as `<<: *base`")
            });
        }
        if let Some(earlier) = self.first.get(&text).copied() {
            return Some(duplicate_key(&text, path, span, earlier));
        }
        self.first.insert(Rc::clone(&text), span);
        self.entries.push(Entry { key: text, key_span: span, value: node });
        None
    }

    /// Takes the entries of a map or of a list of maps. True if it is neither.
    fn merge(&mut self, node: &Node) -> bool {
        match &node.content {
            Content::Map(entries) => {
                self.merged.extend(entries.iter().cloned());
                false
            }
            Content::List(items) => {
                let maps = items.iter().filter(|item| matches!(item.content, Content::Map(_)));
                let count = maps.map(|item| self.merge(item)).count();
                count < items.len()
            }
            _ => true,
        }
    }

    fn finish(mut self) -> Vec<Entry> {
        for entry in self.merged {
            if !self.first.contains_key(&entry.key) {
                self.first.insert(Rc::clone(&entry.key), entry.key_span);
                self.entries.push(entry);
            }
        }
        self.entries
    }
}

/// The report of a key that stands twice in one map.
pub(in crate::policy) fn duplicate_key(
    key: &str,
    path: Vec<OwnedStep>,
    span: Span,
    earlier: Span,
) -> Problem {
    let first = Place { path: path.clone(), aim: Aim::Span(earlier) };
    Problem::at_span(codes::DUPLICATE_KEY, format!("duplicate key {}", quoted(key)), path, span)
        .with_help("remove one of the two, or give them different names")
        .with_related("it stands here first", first)
}
