//! Node's doors. Hot ones are written on raw Node-API, since a derived one costs more than the decision itself;
//! everything else is derived.

#[allow(unreachable_pub)] // a derived door must be `pub`, though only Node reaches it
mod cloud;
#[allow(unreachable_pub)] // as above
mod cold;
#[allow(unreachable_pub)] // as above
mod hot;
#[allow(unreachable_pub)] // as above
mod kept;
mod raw;

pub(crate) use cloud::{Bell, Connected};
