//! The engine's side of Limitr Cloud: a state machine. Frames and time in, frames and effects out; sockets, stores and the engine itself are
//! its driver's.
//!
//! 1. What the engine commits waits in the [`Outbox`] until the server has committed it, too. With a store only what is durable there is
//!    sent. After a reconnect, sending goes on behind what the server says it has.
//! 2. A hard limit, cap or grant is spent from a lease ([`Leases`]): a ceiling on what this engine may have spent of it in the period. More is
//!    asked for before it runs dry, by the rate at which it is spent; what is idle goes back.
//! 3. A call that finds its lease dry may wait: [`Sync::await_units`] asks, and an effect says when to decide anew, after `lease_timeout` at the
//!    latest. Without a server, the offline rule decides.
//! 4. Time is the server's: an offset measured at connect, which never makes it run backwards.
//!
//! ```
//! use limitr_sync::{Effect, Options, Sync};
//! use limitr_protocol::{InstanceId, Up};
//! let mut sync = Sync::new(Options::new(InstanceId(7), 1), 0);
//! assert_eq!(sync.effect(), Some(Effect::Connect));
//! sync.connected(5);
//! assert!(matches!(sync.effect(), Some(Effect::Send(Up::Hello { .. }))));
//! ```

mod effect;
mod frames;
mod hosted;
mod lease;
pub mod limits;
mod link;
mod options;
mod outbox;
mod sync;

pub use effect::{Effect, Failure, Status};
pub use hosted::{Fetched, Hosted, HostedAs, Io, IoAs, Outgoing};
pub use lease::Leases;
pub use limitr_engine::Spend;
pub use options::{EarlierOutbox, Offline, Options, Store};
pub use outbox::Outbox;
pub use sync::Sync;
