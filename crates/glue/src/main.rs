//! `limitr-glue <limitr.wasm> <folder>`: writes wasm-bindgen's glue and the module it loads into a folder. It is the
//! library that wasm-bindgen's own command line stands on, at the version of Cargo.lock, so that nothing is to be installed.

use std::env::args_os;
use std::process::ExitCode;

use wasm_bindgen_cli_support::Bindgen;

fn main() -> ExitCode {
    let mut args = args_os().skip(1);
    let (Some(module), Some(folder), None) = (args.next(), args.next(), args.next()) else {
        return fail("usage: limitr-glue <limitr.wasm> <folder>");
    };
    let mut bindgen = Bindgen::new();
    bindgen.input_path(module).out_name("limitr").typescript(false).omit_default_module_path(true);
    match bindgen.web(true).and_then(|bindgen| bindgen.generate(folder)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&format!("{error:#}")),
    }
}

#[allow(clippy::print_stderr)] // a command line tool speaks there
fn fail(message: &str) -> ExitCode {
    eprintln!("{message}");
    ExitCode::FAILURE
}
