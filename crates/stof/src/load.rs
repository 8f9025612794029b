//! A policy and the source of its functions, together in one graph.
//!
//! The source is Stof that stands inside of the policy (`credits: { tokens: { fn overhead(…) … } }`), or a document of its own
//! with a `policy` at its top. It is parsed first; then the policy's data is laid over it, so that a function finds in `self` what
//! the policy says now.

use serde_json::{Map, Value, json};
use stof::model::{DataRef, Func, Graph, NodeRef, Prototype};
use stof::runtime::Val;

use crate::document::parsed;
use crate::{Problem, app, scan, value};

/// Functions that can be called.
pub(crate) struct Loaded {
    pub(crate) graph: Graph,
    pub(crate) policy: NodeRef,
}

/// Loads them, and lists those that mean something to a policy: `{ path: [kind, name, function], async, parameters }`.
pub(crate) fn load(policy: &Value, functions: &str, libs: &Value) -> Result<(Loaded, Value), Problem> {
    scan::check(functions)?;
    let (mut graph, info, top) = parsed(functions, Some("policy"))?;
    let mut node = top.clone();
    if info.defs.iter().any(|def| def.name == "policy" && def.parent == top) {
        // A document of its own.
        (graph, _, node) = parsed(functions, None)?;
        let policy = object_at(&graph, &node, "policy");
        node = policy.ok_or_else(|| Problem::new("bad_functions", "`policy` in `functions` is no object"))?;
    }
    let empty = Map::new();
    let data: Map<String, Value> = policy
        .as_object()
        .unwrap_or(&empty)
        .iter()
        .filter(|(name, _)| *name != "functions")
        .map(|(k, v)| (k.clone(), v.clone()))
        .collect();
    value::merge(&mut graph, &node, &data);
    app::register(&mut graph, libs);
    let mut found = Vec::new();
    for (kind, names) in
        [("credits", &["overhead"][..]), ("notifications", &["matches", "fire"]), ("capabilities", &["run"])]
    {
        let Some(group) = object_at(&graph, &node, kind) else { continue };
        for (name, value) in value::fields_of(&graph, &group) {
            let Val::Obj(object) = value else { continue };
            for function in names {
                let Some(func) = function_of(&graph, &object, function) else { continue };
                let Some(func) = graph.get_stof_data::<Func>(&func) else { continue };
                let parameters: Vec<String> =
                    func.params.iter().map(|param| param.name.to_string()).collect();
                let is_async = func.attributes.contains_key("async");
                found.push(
                    json!({ "path": [kind, name, function], "async": is_async, "parameters": parameters }),
                );
            }
        }
    }
    Ok((Loaded { graph, policy: node }, Value::Array(found)))
}

/// The object in a field.
pub(crate) fn object_at(graph: &Graph, node: &NodeRef, name: &str) -> Option<NodeRef> {
    value::fields_of(graph, node).into_iter().find_map(|(field, value)| match value {
        Val::Obj(object) if field == name => Some(object),
        _ => None,
    })
}

/// A function of an object, its own or of a type that it is of.
pub(crate) fn function_of(graph: &Graph, object: &NodeRef, name: &str) -> Option<DataRef> {
    let own = |node: &NodeRef| Func::func(graph, node, &name.into());
    own(object).or_else(|| Prototype::prototype_nodes(graph, object, true).iter().find_map(own))
}
