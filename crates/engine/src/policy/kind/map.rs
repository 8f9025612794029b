//! What holds other values: lists, things by name, records, further fields.

use indexmap::IndexMap;
use serde_json::{Map, Value, json};

use super::super::bounds::NAME_BYTES;
use super::super::codes;
use super::super::parse::tree::{Content, Entry, Node};
use super::super::report::{Report, Step, quoted};
use super::{Kind, Objects, Rest, wrong_type};

impl<T: Kind> Kind for Option<T> {
    fn read<'a>(node: &'a Node, report: &mut Report<'a>) -> Option<Self> {
        if node.is_null() { Some(None) } else { T::read(node, report).map(Some) }
    }

    fn write(&self) -> Value {
        self.as_ref().map_or(Value::Null, T::write)
    }

    fn label() -> String {
        T::label()
    }

    fn schema() -> Value {
        T::schema()
    }

    fn objects(found: &mut Objects) {
        T::objects(found);
    }
}

impl<T: Kind> Kind for Vec<T> {
    fn read<'a>(node: &'a Node, report: &mut Report<'a>) -> Option<Self> {
        let Content::List(items) = &node.content else {
            wrong_type("a list", node, report).help("put it in `[` and `]`");
            return None;
        };
        let read = |(index, item)| report.within(Step::Index(index), |report| T::read(item, report));
        Some(items.iter().enumerate().filter_map(read).collect())
    }

    fn write(&self) -> Value {
        self.iter().map(T::write).collect()
    }

    fn label() -> String {
        format!("list of {}", T::label())
    }

    fn schema() -> Value {
        json!({ "type": "array", "items": T::schema() })
    }

    fn objects(found: &mut Objects) {
        T::objects(found);
    }
}

/// Things by name.
impl<T: Kind> Kind for IndexMap<String, T> {
    fn read<'a>(node: &'a Node, report: &mut Report<'a>) -> Option<Self> {
        let Content::Map(entries) = &node.content else {
            wrong_type("a map of names", node, report);
            return None;
        };
        let mut map = IndexMap::with_capacity(entries.len());
        for entry in entries.iter() {
            report.within(Step::Key(&entry.key), |report| {
                check_name(&entry.key, report);
                if let Some(value) = T::read(&entry.value, report) {
                    map.insert(entry.key.to_string(), value);
                }
            });
        }
        Some(map)
    }

    fn write(&self) -> Value {
        Value::Object(self.iter().map(|(name, value)| (name.clone(), value.write())).collect())
    }

    fn label() -> String {
        format!("{} by name", T::label())
    }

    fn schema() -> Value {
        json!({ "type": ["object", "null"], "propertyNames": { "minLength": 1 }, "additionalProperties": T::schema() })
    }

    fn objects(found: &mut Objects) {
        T::objects(found);
    }
}

/// Reports a name that can't be one.
pub(in crate::policy) fn check_name(name: &str, report: &mut Report<'_>) {
    if name.is_empty() {
        report.error(codes::INVALID_NAME, "a name is empty").at_key().help("give it a name");
    } else if name.len() > NAME_BYTES {
        let message = format!("the name {} has {} bytes", quoted(name), name.len());
        report.error(codes::INVALID_NAME, message).at_key().help(format!("use at most {NAME_BYTES} bytes"));
    }
}

/// Records by ID, as they are given.
impl Kind for Map<String, Value> {
    fn read<'a>(node: &'a Node, report: &mut Report<'a>) -> Option<Self> {
        let Content::Map(entries) = &node.content else {
            wrong_type("a map of IDs", node, report);
            return None;
        };
        for entry in entries.iter() {
            report.within(Step::Key(&entry.key), |report| {
                check_name(&entry.key, report);
                if !matches!(entry.value.content, Content::Map(_)) {
                    wrong_type("a map", &entry.value, report);
                }
            });
        }
        Some(entries.iter().map(|entry| (entry.key.to_string(), entry.value.to_value())).collect())
    }

    fn write(&self) -> Value {
        Value::Object(self.clone())
    }

    fn label() -> String {
        "records by ID".to_owned()
    }

    fn schema() -> Value {
        json!({ "type": "object", "additionalProperties": { "type": "object" } })
    }
}

/// Further fields, kept as they are.
impl Rest for Map<String, Value> {
    fn take<'a>(&mut self, entry: &'a Entry, _report: &mut Report<'a>) {
        self.insert(entry.key.to_string(), entry.value.to_value());
    }

    fn give(&self, out: &mut Map<String, Value>) {
        out.extend(self.clone());
    }

    fn label() -> String {
        "any".to_owned()
    }

    fn schema() -> Value {
        Value::Bool(true)
    }
}

/// Further fields that are all of one kind.
impl<T: Kind> Rest for IndexMap<String, T> {
    fn take<'a>(&mut self, entry: &'a Entry, report: &mut Report<'a>) {
        check_name(&entry.key, report);
        if let Some(value) = T::read(&entry.value, report) {
            self.insert(entry.key.to_string(), value);
        }
    }

    fn give(&self, out: &mut Map<String, Value>) {
        out.extend(self.iter().map(|(name, value)| (name.clone(), value.write())));
    }

    fn label() -> String {
        T::label()
    }

    fn schema() -> Value {
        T::schema()
    }

    fn objects(found: &mut Objects) {
        T::objects(found);
    }
}
