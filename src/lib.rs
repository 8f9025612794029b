//! Doors between a host and the engine. No rules: what crosses is defined in `wire`, each host has its own doors.

#![cfg_attr(test, allow(dead_code))] // derived doors are exported in real builds only

#[cfg(not(target_arch = "wasm32"))]
mod node;
mod slots;
mod wire;
