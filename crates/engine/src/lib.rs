//! Every rule of Limitr. Pure: no I/O, no clock, no randomness, no threads; `now` is an argument and what happened
//! comes back as data.
//!
//! Load a policy with [`policy::load`], start an [`Engine`] with it, ask [`Engine::allow`] before each piece of work.
//! The same policy, state, time and call give the same answer to the last digit in every host.

mod called;
mod change;
mod customer;
mod decide;
mod engine;
mod error;
mod estimate;
mod event;
mod names;
mod order;
mod pricing;
mod rules;
mod shares;
mod spend;

pub mod limits;
pub mod policy;
pub mod quantity;

pub use called::{Called, Found};
pub use change::codec::Changes;
pub use change::{CapCounted, CapHeld, Change, Effected, GrantAdded, GrantDrawn, Learned, Metered};
pub use customer::{
    Cap, CapHold, CapTerms, Customer, CustomerId, Grant, HeldCap, Hold, HoldId, Meter, Override, Pace,
    Profile, Told, packed_id,
};
pub use decide::{
    Ask, Asked, BatchDecision, BatchItem, BoundBy, Call, CallCap, Decision, Given, Reason, Remembered, Taken,
};
pub use engine::{
    Engine, EngineOptions, Estimate, Likeness, Margin, MarginSnapshot, ModelledUse, Page, Reserve, Settle,
    Shareable,
};
pub use error::EngineError;
pub use estimate::{Moments, Samples};
pub use event::{Event, MeterEvent, MeterEventKind};
pub use names::{NameId, Names};
pub use rules::NameTables;
pub use shares::Source;
pub use spend::{Spend, What};
