//! Calls one function of those that are loaded, with JSON in and JSON out.

use std::sync::Arc;

use serde_json::Value;
use stof::imbl::Vector;
use stof::model::Func;
use stof::runtime::instruction::{Instruction, Instructions};
use stof::runtime::instructions::call::FuncCall;
use stof::runtime::instructions::{AWAIT, Base};
use stof::runtime::proc::Process;
use stof::runtime::{Runtime, Val};

use crate::document::error_text;
use crate::load::{Loaded, function_of, object_at};
use crate::{Answer, Problem, value};

/// Calls the function at a path, with as many of the arguments as it takes. An `async` one is waited for.
pub(crate) fn call(loaded: &mut Loaded, path: &Value, args: &Value) -> Answer {
    let Loaded { graph, policy } = loaded;
    let names: Vec<&str> =
        path.as_array().map(|path| path.iter().filter_map(Value::as_str).collect()).unwrap_or_default();
    let missing = || Problem::new("failed", format!("there is no function `{}`", names.join(".")));
    let (function, objects) = names.split_last().ok_or_else(missing)?;
    let object = objects
        .iter()
        .try_fold(policy.clone(), |node, name| object_at(graph, &node, name))
        .ok_or_else(missing)?;
    let func = function_of(graph, &object, function).ok_or_else(missing)?;
    let takes = graph.get_stof_data::<Func>(&func).map_or(0, |func| func.params.len());

    let scratch = graph.insert_root("limitr call");
    let given = args.as_array().map(Vec::as_slice).unwrap_or_default();
    let mut arguments: Vector<Arc<dyn Instruction>> = Vector::new();
    for arg in given.iter().take(takes) {
        arguments.push_back(Arc::new(Base::Literal(value::from_json(graph, &scratch, arg))));
    }
    let call: Arc<dyn Instruction> = Arc::new(FuncCall {
        as_ref: false,
        cnull: false,
        stack: false,
        func: Some(func),
        search: None,
        args: arguments,
        oself: Some(Arc::new(Base::Literal(Val::Obj(object)))),
    });
    let result = waited(loaded, vec![call, AWAIT.clone()]);
    let graph = &mut loaded.graph;
    let answer = result.and_then(|result| value::to_json(graph, &result, 0));
    graph.remove_node(&scratch, true);
    graph.clear_node_deadpool();
    graph.clear_data_deadpool();
    answer
}

/// Runs instructions, and everything that they start, to the end.
fn waited(loaded: &mut Loaded, instructions: Vec<Arc<dyn Instruction>>) -> Result<Val, Problem> {
    let graph = &mut loaded.graph;
    let mut runtime = Runtime::default();
    let process = Process::from(Instructions::new(instructions.into_iter().collect()));
    let id = process.env.pid.clone();
    runtime.push_running_proc(process, graph);
    runtime.run_to_complete(graph);
    if let Some(process) = runtime.done.remove(&id) {
        return Ok(process.result.map_or(Val::Void, |result| result.get()));
    }
    let error = runtime.errored.remove(&id).and_then(|process| process.error);
    Err(Problem::new(
        "failed",
        error.map_or_else(|| "the function was not run".to_owned(), |error| error_text(&error)),
    ))
}
