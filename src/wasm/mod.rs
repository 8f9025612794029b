//! The doors of the wasm module, in the order of Node's. Numbers in, numbers out: names are handles ([`names`](crate::names)), texts
//! and longer answers are left in memory for the facade to read ([`memory`]), the time is an argument ([`clock`](crate::clock)).
//!
//! A panic traps, and then the memory can't be trusted: the facade refuses every engine in it from then on. What the
//! panic said is kept for it ([`panic`]).

#[allow(unreachable_pub)] // an exported door must be `pub`, though only JavaScript reaches it
mod cold;
#[allow(unreachable_pub)] // as above
mod hot;
#[allow(unreachable_pub)] // as above
mod memory;
#[allow(unreachable_pub)] // as above
mod panic;
