//! Stof documents and the functions that a policy carries, for a sandbox of their own: this crate is one wasm module, which
//! imports a single function and can reach nothing else.
//!
//! 1. The host writes a request (JSON) where [`alloc`] says and calls [`run`]; the answer, JSON too, lies at [`output`].
//! 2. `document` reads a Stof document into the policy as JSON, with the place of each field and the functions' source.
//! 3. `load` takes a policy and such source, and keeps both. `call` then calls one of the functions it listed.
//! 4. What a function may ask of the app goes through the import `call_app`, by a name that the app registered.
//!
//! The build puts fuel, stack and memory bounds into the module (`instrument`): a trap ends the instance, not the host.

mod app;
mod call;
mod document;
mod load;
mod prelude;
mod random;
mod scan;
mod source;
mod value;

use std::cell::RefCell;

use serde_json::{Value, json};

use load::Loaded;

/// What a request comes to: a value, or why there is none.
type Answer = Result<Value, Problem>;

/// Why a request failed.
#[derive(Debug)]
struct Problem {
    /// `syntax`, `too_large`, `bad_functions` or `failed`.
    code: &'static str,
    message: String,
    /// Line and column, both from 1, the column in UTF-16 code units.
    place: Option<(usize, usize)>,
}

impl Problem {
    fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: source::plain(&message.into()), place: None }
    }

    fn at(mut self, place: Option<(usize, usize)>) -> Self {
        self.place = place;
        self
    }
}

#[derive(Default)]
struct Sandbox {
    input: Vec<u8>,
    output: Vec<u8>,
    loaded: Option<Loaded>,
}

thread_local! {
    static SANDBOX: RefCell<Sandbox> = RefCell::default();
}

/// Room for a request, or for what the app answers: where to write it.
#[unsafe(no_mangle)]
pub extern "C" fn alloc(length: usize) -> *mut u8 {
    SANDBOX.with(|sandbox| {
        let mut sandbox = sandbox.borrow_mut();
        sandbox.input = vec![0; length];
        sandbox.input.as_mut_ptr()
    })
}

/// Does what the request in the input says, at a time in milliseconds; answers how long the output is.
#[unsafe(no_mangle)]
pub extern "C" fn run(now: f64) -> usize {
    web_time::set_now(now as u64);
    let (input, loaded) = SANDBOX.with(|sandbox| {
        let mut sandbox = sandbox.borrow_mut();
        (std::mem::take(&mut sandbox.input), sandbox.loaded.take())
    });
    let (loaded, answer) = answer(&input, loaded);
    let answer = match answer {
        Ok(value) => json!({ "value": value }),
        Err(Problem { code, message, place }) => {
            let (line, column) = place.unzip();
            json!({ "error": { "code": code, "message": message, "line": line, "column": column } })
        }
    };
    SANDBOX.with(|sandbox| {
        let mut sandbox = sandbox.borrow_mut();
        sandbox.loaded = loaded;
        sandbox.output = answer.to_string().into_bytes();
        sandbox.output.len()
    })
}

/// Where the last answer lies.
#[unsafe(no_mangle)]
pub extern "C" fn output() -> *const u8 {
    SANDBOX.with(|sandbox| sandbox.borrow().output.as_ptr())
}

/// What the app wrote to where [`alloc`] said.
fn taken_input() -> Vec<u8> {
    SANDBOX.with(|sandbox| std::mem::take(&mut sandbox.borrow_mut().input))
}

fn answer(input: &[u8], mut loaded: Option<Loaded>) -> (Option<Loaded>, Answer) {
    let request: Value = match serde_json::from_slice(input) {
        Ok(request) => request,
        Err(error) => return (loaded, Err(Problem::new("failed", error.to_string()))),
    };
    let text = |field: &str| request.get(field).and_then(Value::as_str).unwrap_or_default();
    match text("op") {
        "document" => (loaded, document::read(text("text"))),
        "load" => match load::load(&request["policy"], text("functions"), &request["libs"]) {
            Ok((new, functions)) => (Some(new), Ok(functions)),
            Err(problem) => (None, Err(problem)),
        },
        "call" => {
            let answer = match &mut loaded {
                Some(loaded) => call::call(loaded, &request["path"], &request["args"]),
                None => Err(Problem::new("failed", "no functions are loaded")),
            };
            (loaded, answer)
        }
        other => (loaded, Err(Problem::new("failed", format!("unknown request `{other}`")))),
    }
}
