//! Texts, and true or false.

use serde_json::{Value, json};

use super::super::parse::tree::{Content, Node};
use super::super::report::Report;
use super::{Kind, wrong_type};

impl Kind for bool {
    fn read<'a>(node: &'a Node, report: &mut Report<'a>) -> Option<Self> {
        let meant = match &node.content {
            Content::Bool(value) => return Some(*value),
            Content::Text(text) => match text.to_ascii_lowercase().as_str() {
                "yes" | "on" | "true" => Some("write `true`"),
                "no" | "off" | "false" => Some("write `false`"),
                _ => None,
            },
            _ => None,
        };
        wrong_type("true or false", node, report)
            .help(meant.unwrap_or("write `true` or `false`, without quotes"));
        None
    }

    fn write(&self) -> Value {
        Value::Bool(*self)
    }

    fn label() -> String {
        "true or false".to_owned()
    }

    fn schema() -> Value {
        json!({ "type": "boolean" })
    }
}

impl Kind for String {
    fn read<'a>(node: &'a Node, report: &mut Report<'a>) -> Option<Self> {
        match &node.content {
            Content::Text(text) => Some(text.to_string()),
            Content::Number(_) | Content::Bool(_) => {
                wrong_type("a text", node, report).help("put it in quotes");
                None
            }
            _ => {
                wrong_type("a text", node, report);
                None
            }
        }
    }

    fn write(&self) -> Value {
        Value::String(self.clone())
    }

    fn label() -> String {
        "text".to_owned()
    }

    fn schema() -> Value {
        json!({ "type": "string" })
    }
}
