//! The control plane of Limitr Cloud: what [`limitr_ledger`] knows, in a database, behind a WebSocket for engines and REST for everything else.
//!
//! ```text
//! connect/   engines: upgrade.rs lets in, socket.rs serves one, hub.rs knows all, news.rs and listen.rs wake other servers
//! db/        one operation as one transaction, on SQLite and PostgreSQL
//! auth/      tokens, tickets, people, and what each may
//! rest/      routes with their OpenAPI description
//! ```
//!
//! No rule of limits is here: an operation is `limitr_ledger`'s, this reads and writes its rows.

mod app;
mod auth;
mod clock;
mod config;
mod connect;
mod db;
mod first;
mod jobs;
mod metrics;
mod print;
mod problem;
mod rest;
mod run;
mod secret;
mod serve;

pub use config::Config;
pub use print::{help, problem};
pub use run::run;
