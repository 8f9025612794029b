//! Functions of the app, for functions of the policy: `App.sendEmail(…)` asks the host through the module's one import.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use stof::arcstr::ArcStr;
use stof::model::{Graph, LibFunc};
use stof::runtime::instruction::{Instruction, Instructions};
use stof::runtime::proc::ProcEnv;
use stof::runtime::{Error, Val, Variable};

use crate::{taken_input, value};

#[link(wasm_import_module = "limitr")]
unsafe extern "C" {
    /// Asks the app; the answer lies in the input, and this says how long it is.
    fn call_app(request: *const u8, length: usize) -> usize;
}

/// Makes the app's functions known, by namespace: `{ "App": ["sendEmail"] }`.
pub(crate) fn register(graph: &mut Graph, libs: &Value) {
    for (library, names) in libs.as_object().into_iter().flatten() {
        for name in names.as_array().into_iter().flatten().filter_map(Value::as_str) {
            graph.insert_libfunc(function(library, name));
        }
    }
}

fn function(library: &str, name: &str) -> LibFunc {
    let path = [library.to_owned(), name.to_owned()];
    LibFunc {
        library: ArcStr::from(library),
        name: name.to_owned(),
        is_async: false,
        docs: String::new(),
        params: stof::params![],
        unbounded_args: true,
        return_type: None,
        args_to_symbol_table: false,
        func: Arc::new(move |_, count, _, _| {
            let mut instructions = Instructions::default();
            instructions.push(Arc::new(AskApp { path: path.clone(), count }));
            Ok(instructions)
        }),
    }
}

/// Takes its arguments off the stack, asks the app, and leaves the answer there.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct AskApp {
    path: [String; 2],
    count: usize,
}

#[typetag::serde(name = "LimitrAskApp")]
impl Instruction for AskApp {
    fn exec(&self, env: &mut ProcEnv, graph: &mut Graph) -> Result<Option<Instructions>, Error> {
        let mut args = Vec::with_capacity(self.count);
        for _ in 0..self.count {
            let arg = env.stack.pop().map_or(Val::Null, |arg| arg.get());
            args.push(
                value::to_json(graph, &arg, 0).map_err(|problem| Error::Custom(problem.message.into()))?,
            );
        }
        args.reverse();
        let answer = asked(&json!({ "path": self.path, "args": args }))?;
        let root = graph.ensure_main_root();
        env.stack.push(Variable::val(value::from_json(graph, &root, &answer)));
        Ok(None)
    }
}

fn asked(request: &Value) -> Result<Value, Error> {
    let text = request.to_string();
    // SAFETY: the host reads `length` bytes from there before this returns, and keeps nothing of it.
    let length = unsafe { call_app(text.as_ptr(), text.len()) };
    let answer: Value =
        serde_json::from_slice(taken_input().get(..length).unwrap_or_default()).unwrap_or_default();
    match answer.get("error").and_then(Value::as_str) {
        Some(message) => Err(Error::Custom(message.into())),
        None => Ok(answer.get("value").cloned().unwrap_or_default()),
    }
}
