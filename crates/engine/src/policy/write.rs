//! From a policy to a document, and what changed between two.

use std::fmt;

use serde::Serialize;
use serde_json::{Value, json};

use super::kind::Kind;
use super::load::Format;
use super::model::{Credit, Entitlement, Limit, Plan, Policy, Topup};
use super::report::{OwnedStep, path_text, quoted};
use super::yaml_text;
use crate::quantity::Amount;

/// Why a policy can't be written in a format.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RenderError {
    path: String,
}

impl RenderError {
    /// The stable code: `not_supported`.
    pub fn code(&self) -> &'static str {
        "not_supported"
    }
}

impl fmt::Display for RenderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TOML has no null, which stands at {}: use `json` or `yaml`", quoted(&self.path))
    }
}

impl std::error::Error for RenderError {}

/// One place where two policies differ.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Difference {
    /// Where, as keys from the root: `policy.plans.pro.price`.
    pub path: String,
    /// What stood there; none if nothing did, which for a field means its default.
    pub before: Option<Value>,
    /// What stands there now.
    pub after: Option<Value>,
}

impl Policy {
    /// The document `{ "policy": … }` that says what this policy says and no default. A number that no double
    /// holds exactly is a string of its digits.
    pub fn to_json(&self) -> Value {
        json!({ "policy": self.write() })
    }

    /// The text of a document in a format (`auto`: JSON). Loading it gives an equal policy.
    ///
    /// Errors: [`RenderError`] for TOML if a further field of a credit or a customer's record holds a null.
    ///
    /// ```
    /// use limitr_engine::policy::{Format, LoadOptions, load};
    ///
    /// let text = "policy:\n  credits:\n    token:\n      price: 0.5\n";
    /// let policy = load(text.as_bytes(), Format::Yaml, &LoadOptions::default()).unwrap().policy;
    /// assert_eq!(policy.render(Format::Yaml).unwrap(), text);
    /// ```
    pub fn render(&self, format: Format) -> Result<String, RenderError> {
        let document = self.to_json();
        match format {
            Format::Auto | Format::Json => Ok(format!("{document:#}\n")),
            Format::Yaml => Ok(yaml_text::write(&document)),
            Format::Toml => {
                let mut path = Vec::new();
                if has_null(&document, &mut path) {
                    return Err(RenderError { path: path_text(&path) });
                }
                toml_text(document).map_err(|_| RenderError { path: String::new() })
            }
        }
    }

    /// Where `other` differs from this policy, in the order of the documents. What was added or removed whole is
    /// one difference.
    pub fn difference(&self, other: &Policy) -> Vec<Difference> {
        let mut found = Vec::new();
        let mut path = vec![OwnedStep::Key("policy".to_owned())];
        compare(&self.write(), &other.write(), &mut path, &mut found);
        found
    }
}

/// Parts of a document, as they stand there.
macro_rules! parts_to_json {
    ($($part:ident),*) => { $(
        impl $part {
            /// The JSON that stands for it in a document: what differs from the defaults.
            pub fn to_json(&self) -> Value {
                self.write()
            }
        }
    )* };
}

parts_to_json!(Credit, Entitlement, Limit, Plan, Topup);

/// The TOML text of a document. The library writes a double as the standard library does, which of two shortest forms
/// equally near takes another one than JSON: such a number is handed to it as a marked text, whose quotes and marks are
/// then taken away.
fn toml_text(mut document: Value) -> Result<String, toml::ser::Error> {
    let spelled = document.to_string();
    let mark = ('\u{e000}'..='\u{f8ff}').find(|mark| !spelled.contains(*mark)).unwrap_or('\u{e000}');
    if !mark_doubles(&mut document, mark) {
        return toml::to_string(&document);
    }
    let text = toml::to_string(&document)?;
    Ok(text.replace(&format!("\"{mark}"), "").replace(&format!("{mark}\""), ""))
}

/// Puts a marked text in place of each double that the TOML library would write otherwise; whether there was one.
fn mark_doubles(value: &mut Value, mark: char) -> bool {
    let text = match value {
        Value::Array(list) => return list.iter_mut().fold(false, |any, item| mark_doubles(item, mark) | any),
        Value::Object(map) => {
            return map.values_mut().fold(false, |any, item| mark_doubles(item, mark) | any);
        }
        Value::Number(number) if number.is_f64() => number.to_string(),
        _ => return false,
    };
    let reads_back =
        value.as_f64().is_some_and(|double| Amount::parse(&double.to_string()) == Amount::parse(&text));
    if !reads_back {
        *value = Value::String(format!("{mark}{text}{mark}"));
    }
    !reads_back
}

/// Finds a null; `path` is then where it stands.
fn has_null(value: &Value, path: &mut Vec<OwnedStep>) -> bool {
    let mut inside = |step: OwnedStep, value: &Value| {
        path.push(step);
        let found = has_null(value, path);
        if !found {
            path.pop();
        }
        found
    };
    match value {
        Value::Null => true,
        Value::Array(items) => {
            items.iter().enumerate().any(|(index, item)| inside(OwnedStep::Index(index), item))
        }
        Value::Object(fields) => fields.iter().any(|(key, value)| inside(OwnedStep::Key(key.clone()), value)),
        _ => false,
    }
}

fn compare(before: &Value, after: &Value, path: &mut Vec<OwnedStep>, found: &mut Vec<Difference>) {
    let (Value::Object(old), Value::Object(new)) = (before, after) else {
        if before != after {
            found.push(difference(path, Some(before), Some(after)));
        }
        return;
    };
    for key in old.keys().chain(new.keys().filter(|key| !old.contains_key(*key))) {
        path.push(OwnedStep::Key(key.clone()));
        match (old.get(key), new.get(key)) {
            (Some(before), Some(after)) => compare(before, after, path, found),
            (before, after) => found.push(difference(path, before, after)),
        }
        path.pop();
    }
}

fn difference(path: &[OwnedStep], before: Option<&Value>, after: Option<&Value>) -> Difference {
    Difference { path: path_text(path), before: before.cloned(), after: after.cloned() }
}
