//! The kinds of value that a field can hold: how each is read, written and described.

mod choice;
mod map;
mod measure;
mod word;

use indexmap::IndexMap;
use serde_json::{Map, Value, json};

use super::codes;
use super::object::Definition;
use super::parse::tree::{Content, Entry, Node};
use super::report::{Problem, Report};
use crate::quantity::{Amount, Quantity};

pub(super) use choice::{Choice, choice_label, choice_schema, read_choice};
pub(super) use map::check_name;
pub(super) use measure::bad_quantity;

/// The objects that a document is made of, by what they are called.
pub(super) type Objects = IndexMap<&'static str, Definition>;

/// A kind of value.
pub(super) trait Kind: Sized {
    /// Reads it. `None` once a problem is reported.
    fn read<'a>(node: &'a Node, report: &mut Report<'a>) -> Option<Self>;

    /// The JSON that reads back as it.
    fn write(&self) -> Value;

    /// What the manual calls it.
    fn label() -> String;

    /// Its JSON Schema.
    fn schema() -> Value;

    /// Adds the objects that it is made of.
    fn objects(_found: &mut Objects) {}
}

/// What takes the fields that an object doesn't list.
pub(super) trait Rest {
    fn take<'a>(&mut self, entry: &'a Entry, report: &mut Report<'a>);
    fn give(&self, out: &mut Map<String, Value>);
    fn label() -> String;
    fn schema() -> Value;
    fn objects(_found: &mut Objects) {}
}

/// Reports a value of another type than its field takes.
pub(super) fn wrong_type<'r>(expected: &str, node: &Node, report: &'r mut Report<'_>) -> &'r mut Problem {
    let message = format!("expected {expected}, found {}", node.describe());
    report.error(codes::WRONG_TYPE, message)
}

/// A mark that something crosses.
#[derive(Debug, Clone, PartialEq)]
pub enum Mark {
    /// A share of the limit or cap, in percent.
    Percent(Amount),
    /// A quantity, in the credit's unit unless it names one.
    Quantity(Quantity),
}

impl Kind for Mark {
    fn read<'a>(node: &'a Node, report: &mut Report<'a>) -> Option<Self> {
        let share = match &node.content {
            Content::Text(text) => text.strip_suffix('%'),
            _ => None,
        };
        match share {
            None => Quantity::read(node, report).map(Mark::Quantity),
            Some(share) => match Amount::parse(share.trim_end()) {
                Ok(percent) => Some(Mark::Percent(percent)),
                Err(error) => {
                    bad_quantity(&error, report);
                    None
                }
            },
        }
    }

    fn write(&self) -> Value {
        match self {
            Mark::Percent(percent) => Value::String(format!("{percent}%")),
            Mark::Quantity(quantity) => quantity.write(),
        }
    }

    fn label() -> String {
        "quantity, or a share such as `90%`".to_owned()
    }

    fn schema() -> Value {
        json!({ "anyOf": [{ "type": "string", "pattern": "^[0-9_.]+ ?%$" }, Quantity::schema()] })
    }
}
