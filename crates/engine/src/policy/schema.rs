//! The JSON Schema of a policy document and the field tables of the manual, from the definitions of the model.

use serde_json::{Map, Value, json};

use super::kind::{Kind, Objects};
use super::model::Policy;
use super::object::{Definition, Field, Known};

/// The JSON Schema (draft 2020-12) of a policy document, for editors: in YAML, JSON and TOML alike.
///
/// It says what each field takes; what fields must be to each other is for [`load`](super::load) to say.
pub fn json_schema() -> Value {
    let definitions: Map<String, Value> =
        objects().into_iter().map(|(word, definition)| (word.to_owned(), schema_of(&definition))).collect();
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Limitr policy",
        "description": "What customers may use, how much of it, and what it costs.",
        "type": "object",
        "properties": {
            "$schema": { "type": "string", "description": "Where editors find this schema." },
            "policy": { "$ref": "#/$defs/policy" },
        },
        "required": ["policy"],
        "$defs": definitions,
    })
}

fn objects() -> Objects {
    let mut found = Objects::new();
    Policy::objects(&mut found);
    found
}

fn schema_of(definition: &Definition) -> Value {
    let mut properties = Map::new();
    let mut required = Vec::new();
    for (field, known) in definition.fields.iter().zip(definition.known) {
        properties.insert(field.name.to_owned(), field_schema(field, known));
        for alias in known.aliases {
            let about = format!("The same as `{}`.", field.name);
            properties.insert((*alias).to_owned(), with(field.schema.clone(), "description", about.into()));
        }
        if known.required {
            required.push(Value::from(field.name));
        }
    }
    let others = definition.rest.as_ref().map_or(Value::Bool(false), |rest| rest.schema.clone());
    // Null counts as nothing given: `export:` in YAML is an entitlement without a limit.
    let mut object =
        json!({ "type": ["object", "null"], "properties": properties, "additionalProperties": others });
    if !required.is_empty() {
        object = with(object, "required", Value::Array(required));
    }
    let short = definition.short.and_then(|short| definition.fields.iter().find(|field| field.name == short));
    let schema = match short {
        Some(short) => json!({ "anyOf": [short.schema, object] }),
        None => object,
    };
    with(schema, "description", definition.about.trim().into())
}

fn field_schema(field: &Field, known: &Known) -> Value {
    let meanings = field.schema.get("description").and_then(Value::as_str);
    let about =
        meanings.map_or_else(|| field.about.clone(), |meanings| format!("{} {meanings}", field.about));
    let mut schema = with(field.schema.clone(), "description", about.into());
    if !known.required && !field.default.is_null() {
        schema = with(schema, "default", field.default.clone());
    }
    match serde_json::from_str::<Value>(field.example) {
        Ok(example) => with(schema, "examples", json!([example])),
        Err(_) => schema,
    }
}

/// What a field means; for a choice, with what its words mean.
fn meaning(field: &Field) -> String {
    match field.schema.get("description").and_then(Value::as_str) {
        Some(words) => format!("{} {words}", field.about),
        None => field.about.clone(),
    }
}

fn with(mut schema: Value, keyword: &str, value: Value) -> Value {
    if let Value::Object(keywords) = &mut schema {
        keywords.insert(keyword.to_owned(), value);
    }
    schema
}

/// The field tables of the manual, in Markdown: a section for each object.
pub fn field_reference() -> String {
    objects().values().map(section).collect::<Vec<_>>().join("\n")
}

fn section(definition: &Definition) -> String {
    let mut text = format!("### {}\n\n{}\n", definition.word, definition.about.trim());
    text.push_str("\n| field | type | default | meaning | example |\n|---|---|---|---|---|\n");
    for (field, known) in definition.fields.iter().zip(definition.known) {
        let default = match &field.default {
            _ if known.required => "required".to_owned(),
            Value::Null => "none".to_owned(),
            default => format!("`{default}`"),
        };
        let aliases: String = known.aliases.iter().map(|alias| format!(" (or `{alias}`)")).collect();
        let name = format!("`{}`{aliases}", field.name);
        let example = format!("`{}`", field.example);
        text.push_str(&row(&[&name, &field.label, &default, &meaning(field), &example]));
    }
    if let Some(rest) = &definition.rest {
        text.push_str(&row(&["any other", &rest.label, "", rest.about, ""]));
    }
    text
}

fn row(cells: &[&str]) -> String {
    let cells: Vec<String> = cells.iter().map(|cell| cell.replace('|', "\\|")).collect();
    format!("| {} |\n", cells.join(" | "))
}
