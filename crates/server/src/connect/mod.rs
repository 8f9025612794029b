//! Engines: their sockets, the desks of their environments, and how servers wake each other.

pub(crate) mod hub;
mod listen;
mod mailbox;
pub(crate) mod news;
mod socket;
pub(crate) mod upgrade;

pub(crate) use hub::Hub;
pub(crate) use listen::listen;
