//! Doors between a host and the engine. No rules: what crosses is defined in `wire`, what a door does in `doors`; each
//! host has its own way in, chosen by the target.

#![cfg_attr(test, allow(dead_code))] // derived doors are exported in real builds only

mod clock;
mod doors;
mod names;
#[cfg(not(target_arch = "wasm32"))]
mod node;
#[cfg(not(target_arch = "wasm32"))]
mod rooms;
mod slots;
#[cfg(target_arch = "wasm32")]
mod wasm;
mod wire;
