//! `limitr-instrument <module.wasm> <out.wasm>`: writes a module that can't run forever, whatever host it runs in.
//!
//! 1. Memory may grow to 64 MiB and no further.
//! 2. Where a loop turns and where a function begins, 1 is taken off the exported global `fuel`; at 0 the module traps.
//! 3. Each call counts the values it may put on the stack; past a bound it traps, before the host's own stack would end.
//! 4. Of the module's exports only memory, functions and fuel remain: the host can't reach its other globals.

use std::env::args_os;
use std::fs::{read, write};
use std::process::ExitCode;

use wasm_instrument::inject_stack_limiter;
use wasm_instrument::parity_wasm::elements::{
    BlockType, Error, ExportEntry, GlobalEntry, GlobalType, ImportEntry, InitExpr, Instruction, Internal,
    MemoryType, Module, ValueType,
};
use wasm_instrument::parity_wasm::{deserialize_buffer, serialize};

/// Pages of 64 KiB that memory may have.
const MEMORY_PAGES: u32 = 1024;
/// Values on the stack, of all calls that are running.
const STACK_VALUES: u32 = 32 * 1024;
/// What the module may import: functions of the app, by name.
const APP: (&str, &str) = ("limitr", "call_app");
/// What the global is called that counts down.
const FUEL: &str = "fuel";

fn main() -> ExitCode {
    let mut args = args_os().skip(1);
    let (Some(from), Some(to), None) = (args.next(), args.next(), args.next()) else {
        return fail("usage: limitr-instrument <module.wasm> <out.wasm>");
    };
    let bounded = read(&from).map_err(|error| error.to_string()).and_then(|module| bound(&module));
    match bounded.and_then(|module| write(&to, module).map_err(|error| error.to_string())) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => fail(&message),
    }
}

fn bound(bytes: &[u8]) -> Result<Vec<u8>, String> {
    let mut module: Module = deserialize_buffer(bytes).map_err(|error: Error| error.to_string())?;
    if let Some(import) = foreign(&module) {
        return Err(format!(
            "the module imports `{}` of `{}`: a sandbox gives nothing",
            import.field(),
            import.module()
        ));
    }
    bound_memory(&mut module)?;
    count_fuel(&mut module)?;
    let mut module = inject_stack_limiter(module, STACK_VALUES).map_err(str::to_owned)?;
    hide_globals(&mut module);
    serialize(module).map_err(|error| error.to_string())
}

/// An import other than the one that functions of the app are asked through.
fn foreign(module: &Module) -> Option<&ImportEntry> {
    let mut imports = module.import_section().into_iter().flat_map(|section| section.entries());
    imports.find(|import| (import.module(), import.field()) != APP)
}

fn bound_memory(module: &mut Module) -> Result<(), String> {
    let memory = module.memory_section_mut().and_then(|section| section.entries_mut().first_mut());
    let memory = memory.ok_or("the module has no memory of its own")?;
    *memory = MemoryType::new(memory.limits().initial(), Some(MEMORY_PAGES));
    Ok(())
}

/// Puts a global of its own into the module, and takes 1 off it where each loop turns and where each function that calls others
/// begins. Between two of those places no instruction runs twice, so that fuel bounds time. `wasm-instrument` has a meter of
/// single instructions: with it a call took five times as long.
fn count_fuel(module: &mut Module) -> Result<(), String> {
    let fuel = u32::try_from(module.globals_space()).map_err(|error| error.to_string())?;
    let entry = GlobalEntry::new(
        GlobalType::new(ValueType::I32, true),
        InitExpr::new(vec![Instruction::I32Const(0), Instruction::End]),
    );
    module.global_section_mut().ok_or("the module has no globals")?.entries_mut().push(entry);
    let export = ExportEntry::new(FUEL.to_owned(), Internal::Global(fuel));
    module.export_section_mut().ok_or("the module exports nothing")?.entries_mut().push(export);
    for body in module.code_section_mut().ok_or("the module has no code")?.bodies_mut() {
        let old = std::mem::take(body.code_mut().elements_mut());
        let calls = |one: &Instruction| matches!(one, Instruction::Call(_) | Instruction::CallIndirect(..));
        let mut new = Vec::with_capacity(old.len());
        if old.iter().any(calls) {
            new.extend(tick(fuel));
        }
        for instruction in old {
            let turns = matches!(instruction, Instruction::Loop(_));
            new.push(instruction);
            if turns {
                new.extend(tick(fuel));
            }
        }
        *body.code_mut().elements_mut() = new;
    }
    Ok(())
}

fn tick(fuel: u32) -> [Instruction; 9] {
    [
        Instruction::GetGlobal(fuel),
        Instruction::I32Eqz,
        Instruction::If(BlockType::NoResult),
        Instruction::Unreachable,
        Instruction::End,
        Instruction::GetGlobal(fuel),
        Instruction::I32Const(1),
        Instruction::I32Sub,
        Instruction::SetGlobal(fuel),
    ]
}

fn hide_globals(module: &mut Module) {
    if let Some(exports) = module.export_section_mut() {
        exports
            .entries_mut()
            .retain(|entry| entry.field() == FUEL || !matches!(entry.internal(), Internal::Global(_)));
    }
}

fn fail(message: &str) -> ExitCode {
    eprintln!("{message}");
    ExitCode::FAILURE
}
