//! Values of the runtime to JSON and back.

use serde_json::{Map, Number, Value};
use stof::imbl::Vector;
use stof::model::{Field, Graph, NodeRef};
use stof::runtime::{Num, Units, Val, ValRef, Variable};

use crate::Problem;

/// How deep what a document says may lie, objects that refer back to themselves among it.
const DEPTH: usize = 64;

/// The fields of an object, in the order of the source, and what they hold.
pub(crate) fn fields_of(graph: &Graph, node: &NodeRef) -> Vec<(String, Val)> {
    let Some(node) = node.node(graph) else { return Vec::new() };
    let mut fields: Vec<(String, Val)> = Vec::new();
    for (name, data) in &node.data {
        if let Some(field) = graph.get_stof_data::<Field>(data) {
            fields.push((name.to_string(), field.value.get()));
        }
    }
    for child in node.children.iter().filter_map(|child| child.node(graph)) {
        if child.is_field() && !node.data.contains_key(child.name.as_ref()) {
            fields.push((child.name.to_string(), Val::Obj(child.id.clone())));
        }
    }
    fields
}

/// The JSON of a value. A number with a unit becomes text with the unit after it; objects are visited by `visit`, which can
/// note where they were found.
pub(crate) fn to_json(graph: &Graph, value: &Val, depth: usize) -> Result<Value, Problem> {
    if depth > DEPTH {
        return Err(Problem::new(
            "too_large",
            format!("nested deeper than {DEPTH} levels, or an object that is in itself"),
        ));
    }
    let list = |items: &mut dyn Iterator<Item = Val>| -> Result<Value, Problem> {
        items.map(|item| to_json(graph, &item, depth + 1)).collect::<Result<Vec<_>, _>>().map(Value::Array)
    };
    Ok(match value {
        Val::Bool(value) => Value::Bool(*value),
        Val::Str(text) => Value::String(text.to_string()),
        Val::Prompt(text) => Value::String(text.to_string()),
        Val::Ver(..) => Value::String(value.to_string()),
        Val::Num(number) => number_json(number)?,
        Val::List(items) | Val::Tup(items) => list(&mut items.iter().map(|item| item.read().clone()))?,
        Val::Set(items) => list(&mut items.iter().map(|item| item.read().clone()))?,
        Val::Map(entries) => {
            let mut map = Map::new();
            for (key, value) in entries {
                map.insert(key.read().to_string(), to_json(graph, &value.read(), depth + 1)?);
            }
            Value::Object(map)
        }
        Val::Obj(node) => {
            let mut map = Map::new();
            for (name, value) in fields_of(graph, node) {
                map.insert(name, to_json(graph, &value, depth + 1)?);
            }
            Value::Object(map)
        }
        Val::Void | Val::Null | Val::Promise(..) | Val::Blob(_) | Val::Fn(_) | Val::Data(_) => Value::Null,
    })
}

fn number_json(number: &Num) -> Result<Value, Problem> {
    match number {
        Num::Int(value) => Ok(Value::from(*value)),
        Num::Units(value, Units::None | Units::Undefined) | Num::Float(value) => plain_number(*value),
        Num::Units(value, units) if value.is_finite() => {
            Ok(Value::String(format!("{value}{}", units.to_string())))
        }
        Num::Units(value, _) => plain_number(*value),
    }
}

fn plain_number(value: f64) -> Result<Value, Problem> {
    const WHOLE: f64 = 9_007_199_254_740_992.0;
    if value.fract() == 0.0 && value.abs() <= WHOLE {
        return Ok(Value::from(value as i64));
    }
    let number = Number::from_f64(value).map(Value::Number);
    number.ok_or_else(|| Problem::new("failed", format!("`{value}` is no quantity")))
}

/// A value of the runtime, its objects made under `parent`.
pub(crate) fn from_json(graph: &mut Graph, parent: &NodeRef, value: &Value) -> Val {
    match value {
        Value::Null => Val::Null,
        Value::Bool(value) => Val::Bool(*value),
        Value::String(text) => Val::Str(text.as_str().into()),
        Value::Number(number) => Val::Num(match number.as_i64() {
            Some(whole) => Num::Int(whole),
            None => Num::Float(number.as_f64().unwrap_or_default()),
        }),
        Value::Array(items) => {
            let items: Vector<_> =
                items.iter().map(|item| ValRef::new(from_json(graph, parent, item))).collect();
            Val::List(items)
        }
        Value::Object(fields) => {
            let name = format!("json {}", parent.node(graph).map_or(0, |node| node.children.len()));
            let node = graph.insert_child(name, parent, false);
            merge(graph, &node, fields);
            Val::Obj(node)
        }
    }
}

/// Gives an object the fields of a map: those that it has are replaced, objects in it are gone into.
pub(crate) fn merge(graph: &mut Graph, node: &NodeRef, fields: &Map<String, Value>) {
    for (name, value) in fields {
        let value = match value {
            Value::Object(inner) => match Field::child_obj(graph, node, name) {
                Some((child, _)) => {
                    merge(graph, &child, inner);
                    continue;
                }
                None => {
                    let child = graph.insert_child(name.as_str(), node, true);
                    merge(graph, &child, inner);
                    Val::Obj(child)
                }
            },
            other => from_json(graph, node, other),
        };
        graph.insert_stof_data(node, name.as_str(), Box::new(Field::new(Variable::val(value), None)), None);
    }
}
