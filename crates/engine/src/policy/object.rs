//! Reading and writing objects, by what [`object!`](super::define) defined.

use serde_json::{Map, Value};

use super::codes;
use super::kind::{Kind, Objects, Rest, wrong_type};
use super::parse::tree::{Content, Entry, Node};
use super::report::{Report, Step, nearest, quoted};

/// A document object.
pub(super) trait Object: Default + PartialEq + Sized {
    /// What it is called in messages, in the schema and in the manual.
    const WORD: &'static str;
    /// The field that the whole object may be written as.
    const SHORT: Option<&'static str>;
    /// Its fields, for reading.
    const KNOWN: &'static [Known];

    /// All there is to say about it, for the schema and the manual.
    fn definition() -> Definition;

    /// Reads the value of a field in place. False if there is no such field.
    fn read_field<'a>(&mut self, name: &str, node: &'a Node, report: &mut Report<'a>) -> bool;

    /// Takes a field that isn't listed. The report stands at it.
    fn read_rest<'a>(&mut self, entry: &'a Entry, report: &mut Report<'a>) {
        unknown_field::<Self>(&entry.key, report);
    }

    /// Writes the fields that differ from their defaults.
    fn write_fields(&self, out: &mut Map<String, Value>);
}

/// What the reader knows about a field.
pub(super) struct Known {
    pub(super) name: &'static str,
    pub(super) aliases: &'static [&'static str],
    pub(super) required: bool,
}

/// An object, for the schema and the manual.
pub(super) struct Definition {
    pub(super) word: &'static str,
    pub(super) about: String,
    pub(super) short: Option<&'static str>,
    /// As many as `fields`, in the same order.
    pub(super) known: &'static [Known],
    pub(super) fields: Vec<Field>,
    pub(super) rest: Option<RestOf>,
}

/// A field, for the schema and the manual.
pub(super) struct Field {
    pub(super) name: &'static str,
    pub(super) about: String,
    /// In JSON.
    pub(super) example: &'static str,
    pub(super) default: Value,
    pub(super) label: String,
    pub(super) schema: Value,
    pub(super) objects: fn(&mut Objects),
}

impl Field {
    pub(super) fn new<T: Kind>(
        name: &'static str,
        about: String,
        example: &'static str,
        default: &T,
    ) -> Self {
        let (default, label, schema) = (default.write(), T::label(), T::schema());
        Self { name, about: about.trim().to_owned(), example, default, label, schema, objects: T::objects }
    }
}

/// The fields that aren't listed, for the schema and the manual.
pub(super) struct RestOf {
    pub(super) about: &'static str,
    pub(super) label: String,
    pub(super) schema: Value,
    pub(super) objects: fn(&mut Objects),
}

impl RestOf {
    pub(super) fn new<T: Rest>(about: &'static str) -> Self {
        Self { about, label: T::label(), schema: T::schema(), objects: T::objects }
    }
}

impl<T: Object> Kind for T {
    /// Always an object: what can't be read is reported and keeps its default.
    fn read<'a>(node: &'a Node, report: &mut Report<'a>) -> Option<Self> {
        let mut object = T::default();
        match (&node.content, T::SHORT) {
            (Content::Map(_) | Content::Null, _) => {
                read_over(&mut object, node, report);
                require::<T>(node, report);
            }
            (Content::Number(_) | Content::Text(_), Some(short)) => {
                object.read_field(short, node, report);
            }
            (_, Some(_)) => {
                wrong_type("a number or a map", node, report);
            }
            _ => {
                wrong_type("a map", node, report);
            }
        }
        Some(object)
    }

    fn write(&self) -> Value {
        let mut out = Map::new();
        self.write_fields(&mut out);
        match T::SHORT.filter(|_| out.len() == 1).and_then(|short| out.get(short)) {
            Some(value) => value.clone(),
            None => Value::Object(out),
        }
    }

    fn label() -> String {
        format!("[{0}](#{0})", T::WORD)
    }

    fn schema() -> Value {
        serde_json::json!({ "$ref": format!("#/$defs/{}", T::WORD) })
    }

    fn objects(found: &mut Objects) {
        if found.contains_key(T::WORD) {
            return;
        }
        let definition = T::definition();
        let visits: Vec<_> = definition
            .fields
            .iter()
            .map(|f| f.objects)
            .chain(definition.rest.iter().map(|r| r.objects))
            .collect();
        found.insert(T::WORD, definition);
        for visit in visits {
            visit(found);
        }
    }
}

/// Reads what a map gives over what an object has. A field that is null counts as not given.
pub(super) fn read_over<'a, T: Object>(object: &mut T, node: &'a Node, report: &mut Report<'a>) {
    let Content::Map(entries) = &node.content else { return };
    for entry in entries.iter() {
        report.within(Step::Key(&entry.key), |report| {
            let known =
                T::KNOWN.iter().find(|field| field.name == &*entry.key || is_alias(field, &entry.key));
            match known {
                None => object.read_rest(entry, report),
                Some(_) if entry.value.is_null() => {}
                Some(field) if field.name != &*entry.key && node.get(field.name).is_some() => {
                    let message = format!("{} says the same as `{}`", quoted(&entry.key), field.name);
                    report.error(codes::DUPLICATE_KEY, message).at_key().help("remove one of the two");
                }
                Some(_) => {
                    object.read_field(&entry.key, &entry.value, report);
                }
            }
        });
    }
}

fn is_alias(field: &Known, key: &str) -> bool {
    field.aliases.contains(&key)
}

/// Reports the fields that must be given and aren't.
fn require<T: Object>(node: &Node, report: &mut Report<'_>) {
    for field in T::KNOWN.iter().filter(|field| field.required) {
        if node.get(field.name).is_none_or(|entry| entry.value.is_null()) {
            let message = format!("a {} needs `{}`", T::WORD, field.name);
            report
                .error(codes::MISSING_FIELD, message)
                .field(field.name)
                .help(format!("add `{}`", field.name));
        }
    }
}

/// Reports a field that isn't known: as an error if the report is strict.
pub(super) fn unknown_field<T: Object>(key: &str, report: &mut Report<'_>) {
    let help = if report.is_crowded() { String::new() } else { known_fields::<T>(key) };
    let message = format!("{} is not a field of a {}", quoted(key), T::WORD);
    let problem = if report.strict() {
        report.error(codes::UNKNOWN_FIELD, message)
    } else {
        report.warn(codes::UNKNOWN_FIELD, message)
    };
    problem.at_key().help(help);
}

fn known_fields<T: Object>(key: &str) -> String {
    let names =
        || T::KNOWN.iter().flat_map(|field| [field.name].into_iter().chain(field.aliases.iter().copied()));
    match nearest(key, names()) {
        Some(name) => format!("did you mean `{name}`?"),
        None => {
            let names: Vec<String> = names().map(|name| format!("`{name}`")).collect();
            format!("it has {}", names.join(", "))
        }
    }
}
