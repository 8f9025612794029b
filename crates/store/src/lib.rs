//! What an engine keeps on disk, so that it can be opened again as it was.
//!
//! A store is a folder. In it are the **journal** (every change, in segments), the **state** (what all changes up to a position
//! add up to), and for each folded segment an **index** (whose changes stand where), through which the **history** of a customer
//! is read. The modules say each file's layout; every file is frames with a checksum.
//!
//! * A batch of changes is one frame, and one sync: what is acknowledged is on disk.
//! * In the background, segments are folded into a new state, customer by customer; the engine is never asked, and its memory
//!   isn't needed twice.
//! * What is damaged is refused, and named; [`repair`] keeps what is readable.
//!
//! An engine under Limitr Cloud keeps no state there, since the server has it, but an **outbox**: what it did and the server
//! doesn't have yet ([`OutboxOpening`]).

mod catalog;
mod disk;
mod error;
mod fold;
mod format;
mod frame;
mod history;
mod index;
mod journal;
mod keeper;
mod kind;
mod lock;
mod outbox;
mod outbox_files;
mod recover;
mod repair;
mod retention;
mod state;
mod store;
#[cfg(test)]
mod tests;

pub use disk::{Disk, DiskFile, Folder};
pub use error::StoreError;
pub use history::{Query, Recorded};
pub use keeper::{Source, Waker};
pub use outbox::{Beginner, LeftOutbox, OutboxOpening, OutboxSettings, Shelf};
pub use recover::Recovered;
pub use repair::{Lost, Repaired, repair};
pub use retention::Retention;
pub use store::{Opening, Settings, Store, StoreReader};
