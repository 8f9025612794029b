//! A Stof document to a policy.
//!
//! 1. The text is looked over ([`scan`]), and types that it may name without defining them are declared ([`prelude`]).
//! 2. It is parsed and its `#[init]` functions are run; what one of them throws refuses the document.
//! 3. What stands under `policy` is walked: values with their units, and the place of each field in the text.
//! 4. What the policy's functions need of the text is kept as `functions`, so that data and functions part ways here: the engine
//!    has the data, and the source of the functions travels with it as a field of the policy.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use stof::model::{DataRef, Func, Graph, NodeRef, Prototype};
use stof::parser::context::ParseContext;
use stof::parser::doc::document as parse_document;
use stof::parser::info::{DefKind, DefSpan, ParseInfo};
use stof::runtime::{Error, Runtime, Val};

use crate::source::{Places, place_of};
use crate::{Answer, Problem, prelude, scan, value};

pub(crate) fn read(text: &str) -> Answer {
    scan::check(text)?;
    let (mut graph, info, _) = parsed(text, None)?;
    let root = graph.ensure_main_root();
    let policy = value::fields_of(&graph, &root).into_iter().find(|(name, _)| name == "policy");
    let mut places = PlaceMap::new(text, &info);
    let Some((_, policy)) = policy else {
        let fields = value::fields_of(&graph, &root).into_iter().map(|(name, _)| (name, Value::Null));
        return Ok(json!({ "document": Value::Object(fields.collect()), "places": {} }));
    };
    places.note("policy", &root, "policy");
    places.walk(&graph, &policy, "policy");
    let mut document = json!({ "policy": value::to_json(&graph, &policy, 0)? });
    if let (Val::Obj(node), Some(fields)) = (&policy, document["policy"].as_object_mut())
        && let Some(functions) = functions_text(text, &graph, &info, &root, node)
    {
        fields.insert("functions".to_owned(), Value::String(functions));
    }
    Ok(json!({ "document": document, "places": places.found }))
}

/// Parses a text into a graph of its own and runs its `#[init]` functions. With `within`, the text stands inside of an object of
/// that name.
pub(crate) fn parsed(text: &str, within: Option<&str>) -> Result<(Graph, ParseInfo, NodeRef), Problem> {
    let mut graph = Graph::default();
    prelude::declare(&mut graph, text);
    let root = graph.ensure_main_root();
    let top = within.map_or_else(|| root.clone(), |name| graph.insert_child(name, &root, true));
    let (result, info, inits) = {
        let mut context = ParseContext::new(&mut graph, prelude::profile());
        context.info = Some(Box::default());
        context.push_self_node(top.clone());
        let result = parse_document(text, &mut context);
        context.warnings.clear();
        let info = context.info.take().map(|info| *info).unwrap_or_default();
        // Taken here: the parser would run them and keep what they throw to itself.
        (result, info, std::mem::take(&mut context.init_funcs))
    };
    result.map_err(|error| problem_of(text, &error))?;
    for init in inits {
        if let Err(error) = Runtime::call_func(&mut graph, &init, Vec::new()) {
            let place = info.defs.iter().find(|def| def.data.as_ref() == Some(&init));
            let place = place.map(|def| place_of(text, def.start.line as usize, def.start.col as usize));
            let message = format!("an `#[init]` function failed: {}", error_text(&error));
            return Err(Problem::new("syntax", message).at(place));
        }
    }
    Ok((graph, info, top))
}

/// What an error of the runtime says.
pub(crate) fn error_text(error: &Error) -> String {
    match error {
        Error::Thrown(Val::Str(message)) => message.to_string(),
        Error::Located(inner, _) => error_text(inner),
        other => other.message(),
    }
}

fn problem_of(text: &str, error: &Error) -> Problem {
    match error {
        Error::ParseError(error) => {
            let place = error.location().map(|(line, column)| place_of(text, line, column));
            let code = if error.describe().starts_with("nested too deeply") { "too_large" } else { "syntax" };
            Problem::new(code, error.describe()).at(place)
        }
        other => Problem::new("syntax", error_text(other)),
    }
}

/// The place of each field of the policy: of its name and of its value, by its path as diagnostics write it.
struct PlaceMap<'a> {
    places: Places<'a>,
    /// Of each object: its fields, by name, and its first field under no name.
    fields: BTreeMap<&'a str, BTreeMap<&'a str, DefSpan>>,
    found: Map<String, Value>,
}

impl<'a> PlaceMap<'a> {
    fn new(text: &'a str, info: &'a ParseInfo) -> Self {
        let mut fields: BTreeMap<&str, BTreeMap<&str, DefSpan>> = BTreeMap::new();
        for def in info.defs.iter().filter(|def| def.kind == DefKind::Field) {
            let Some(span) = def.span else { continue };
            let of_object = fields.entry(def.parent.as_ref()).or_default();
            of_object.entry("").or_insert(span);
            of_object.insert(&def.name, span);
        }
        Self { places: Places::new(text), fields, found: Map::new() }
    }

    fn span(&self, parent: &NodeRef, name: &str) -> Option<DefSpan> {
        self.fields.get(parent.as_ref())?.get(name).copied()
    }

    fn note(&mut self, path: &str, parent: &NodeRef, name: &str) {
        let Some(span) = self.span(parent, name) else { return };
        let ((line, column), (value_line, value_column)) =
            (self.places.of(span.name_start), self.places.of(span.value_start));
        self.found.insert(path.to_owned(), json!([line, column, value_line, value_column]));
    }

    fn walk(&mut self, graph: &Graph, value: &Val, path: &str) {
        if path.len() > 2_000 {
            return; // what lies so deep is refused
        }
        match value {
            Val::Obj(node) => {
                for (name, value) in value::fields_of(graph, node) {
                    let path = format!("{path}.{name}");
                    self.note(&path, node, &name);
                    self.walk(graph, &value, &path);
                }
            }
            Val::List(items) => {
                for (index, item) in items.iter().enumerate() {
                    let item = item.read().clone();
                    let path = format!("{path}[{index}]");
                    if let Val::Obj(node) = &item
                        && let Some(span) = self.span(node, "")
                    {
                        let (line, column) = self.places.of(span.name_start);
                        self.found.insert(path.clone(), json!([line, column, line, column]));
                    }
                    self.walk(graph, &item, &path);
                }
            }
            _ => {}
        }
    }
}

/// What a document's functions need of its text; none if the policy has no functions. Data is left out where every object that
/// has functions stands in the text; else the whole document is kept.
fn functions_text(
    text: &str,
    graph: &Graph,
    info: &ParseInfo,
    root: &NodeRef,
    policy: &NodeRef,
) -> Option<String> {
    if !has_functions(graph, policy, 0) {
        return None;
    }
    let def = info.defs.iter().rev().find(|def| def.name == "policy" && &def.parent == root);
    let short = def.and_then(|def| def.span).and_then(|span| {
        let mut out = text.get(..span.outer_start)?.to_owned();
        out.push_str("\npolicy: {\n");
        without_data(text, graph, info, policy, 0, &mut out)?;
        out.push_str("}\n");
        out.push_str(text.get(span.outer_end..)?);
        Some(out)
    });
    Some(short.unwrap_or_else(|| text.to_owned()))
}

/// Writes the functions of an object, and the objects in it that have some. None where one of those isn't in the text.
fn without_data(
    text: &str,
    graph: &Graph,
    info: &ParseInfo,
    node: &NodeRef,
    depth: usize,
    out: &mut String,
) -> Option<()> {
    let defs = |kind: DefKind| info.defs.iter().filter(move |def| def.kind == kind && &def.parent == node);
    for def in defs(DefKind::Func).filter(|def| def.data.as_ref().is_some_and(|func| !is_init(graph, func))) {
        let span = def.span?;
        out.push_str(text.get(span.outer_start..span.outer_end)?.trim_end_matches([',', ';']));
        out.push('\n');
    }
    for (name, value) in value::fields_of(graph, node) {
        let Val::Obj(child) = value else { continue };
        if !has_functions(graph, &child, depth + 1) {
            continue;
        }
        let def = defs(DefKind::Field).find(|def| def.name == name && def.obj.as_ref() == Some(&child))?;
        let span = def.span?;
        out.push_str(text.get(span.outer_start..span.name_end)?);
        out.push_str(": {\n");
        without_data(text, graph, info, &child, depth + 1, out)?;
        out.push_str("}\n");
    }
    Some(())
}

fn is_init(graph: &Graph, func: &DataRef) -> bool {
    graph.get_stof_data::<Func>(func).is_some_and(|func| func.attributes.contains_key("init"))
}

/// Whether an object, a type that it is of, or an object in it has functions other than `#[init]` ones.
fn has_functions(graph: &Graph, node: &NodeRef, depth: usize) -> bool {
    if depth > 64 {
        return false;
    }
    let own =
        |node: &NodeRef| Func::functions(graph, node, &None, false).iter().any(|func| !is_init(graph, func));
    own(node)
        || Prototype::prototype_nodes(graph, node, true).iter().any(own)
        || value::fields_of(graph, node)
            .iter()
            .any(|(_, value)| matches!(value, Val::Obj(child) if has_functions(graph, child, depth + 1)))
}
