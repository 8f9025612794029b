//! What the Cloud server knows, and every rule by which it changes. Pure: no I/O, no clock; `now` is an argument.
//!
//! The ledger is the truth: a meter is the sum of its changes in the period, each committed exactly once, and leases share out what is left of
//! a hard limit, cap or grant. It stands in rows ([`rows`]); an operation reads a few of them and says what to write and to send. A server is a
//! loop around that ([`rows::run`], [`Desk`]) with a database and sockets.
//!
//! ```
//! use limitr_ledger::memory::Memory;
//! use limitr_ledger::{policies, rows::run};
//! let mut database = Memory::default();
//! let document = "policy: { credits: { token: {} }, plans: { free: { default: true } } }";
//! let version = run(&mut database, |rows| policies::draft(rows, 0, "ann", document, "the first"))?;
//! run(&mut database, |rows| policies::publish(rows, 0, "ann", version))?;
//! assert_eq!(run(&mut database, |rows| policies::in_force(rows))?.version, 1);
//! # Ok::<(), limitr_ledger::Refusal>(())
//! ```

pub mod audit;
pub mod commit;
pub mod customers;
mod desk;
pub mod instances;
pub mod leases;
pub mod memory;
pub mod meters;
#[cfg(feature = "planted")]
pub mod planted;
pub mod policies;
mod refusal;
pub mod rows;
mod terms;

pub use desk::{Desk, HELD_MAX, Outcome, Session, Wake};
pub use refusal::Refusal;
pub use terms::{Rules, Settings};
