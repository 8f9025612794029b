//! Changes: what a commit did, as small ordered records. Stores and servers consume them; replaying them over an
//! empty engine with the same policy rebuilds its state exactly.
//!
//! 1. Every change has a sequence number, counted by the engine from 1 without gaps.
//! 2. A change carries effects, never calls: replaying evaluates no rule.
//! 3. Applying a change twice is applying it once: an engine skips numbers that it has seen.
//! 4. A meter equals the sum of its `Metered` units since its period began, brought into its credit's unit; what it is
//!    billed for the period is the sum of their overage prices.
//! 5. A correction is a change of its own, never an edit. No change overwrites a whole record, but
//!    [`Effected::CustomerReplaced`], the barrier that `set_customer` leaves.

use serde_json::Value;

use crate::customer::Pace;
use crate::decide::Remembered;
use crate::policy::Limit;
use crate::quantity::Amount;

/// One change.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// Its place in the engine's order, from 1.
    pub seq: u64,
    /// When it was committed, in milliseconds since the epoch.
    pub at: i64,
    /// What it did.
    pub effect: Effected,
}

/// What a change did. Names are spelled out: they mean the same in every engine.
#[derive(Clone, Debug, PartialEq)]
pub enum Effected {
    /// A meter moved.
    Metered(Box<Metered>),
    /// A meter began a new period with nothing used.
    PeriodBegan {
        /// The customer that holds the meter.
        holder: Box<str>,
        /// What is metered.
        entitlement: Box<str>,
        /// When the period began.
        period_start: i64,
    },
    /// A meter's credit got another unit: what it has counted stands in that one from now on.
    UnitChanged {
        /// The customer that holds the meter.
        holder: Box<str>,
        /// What is metered.
        entitlement: Box<str>,
        /// The unit so far, such as `MB`.
        from: Box<str>,
        /// The unit from now on.
        to: Box<str>,
    },
    /// Meters started at the change's time, with nothing used; ones that counted already start anew.
    MetersStarted {
        /// The customer that holds them.
        holder: Box<str>,
        /// What they meter.
        entitlements: Vec<Box<str>>,
        /// Meters of the customer that ended.
        ended: Vec<Box<str>>,
    },
    /// A customer was created, or what is said of it was set.
    CustomerSet {
        /// Its ID.
        id: Box<str>,
        /// The stored plan; empty follows references.
        plan: Box<str>,
        /// Its type.
        kind: Box<str>,
        /// What people call it.
        label: Box<str>,
        /// The customers that it belongs to.
        refs: Vec<Box<str>>,
        /// Other IDs that it answers to.
        alts: Vec<Box<str>>,
        /// What the app keeps with it.
        metadata: Value,
    },
    /// A customer was removed with all its state.
    CustomerRemoved {
        /// Its ID.
        id: Box<str>,
    },
    /// A customer was replaced by a record: the barrier that everything before it stops at.
    CustomerReplaced {
        /// The record.
        record: Value,
    },
    /// A customer got a limit of its own.
    OverrideSet {
        /// The customer.
        holder: Box<str>,
        /// What it limits.
        entitlement: Box<str>,
        /// The whole limit.
        limit: Box<Limit>,
        /// When it ends by itself.
        expires_on: Option<i64>,
    },
    /// A customer's own limit ended.
    OverrideRemoved {
        /// The customer.
        holder: Box<str>,
        /// What it limited.
        entitlement: Box<str>,
    },
    /// An answer is remembered under an ID.
    Decided {
        /// The customer that called.
        customer: Box<str>,
        /// The decision's ID.
        id: Box<str>,
        /// The answer and what it was asked.
        remembered: Box<Remembered>,
    },
}

/// A meter's movement: everything that invoices and analytics sum up.
#[derive(Clone, Debug, PartialEq)]
pub struct Metered {
    /// The customer that holds the meter.
    pub holder: Box<str>,
    /// The customer that called.
    pub caller: Box<str>,
    /// What is metered.
    pub entitlement: Box<str>,
    /// What the meter counts.
    pub credit: Box<str>,
    /// The caller's effective plan.
    pub plan: Box<str>,
    /// The version of the policy that decided.
    pub policy_version: u64,
    /// When the period began that this belongs to.
    pub period_start: i64,
    /// What moved, in the credit's unit.
    pub units: Amount,
    /// Units newly past the limit.
    pub overage: Amount,
    /// Your cost of the call, in runes.
    pub overhead: Amount,
    /// The list worth of the call's billable units, in runes; 0 where the credit has no price.
    pub price: Amount,
    /// What to bill for it, in runes; below 0 it is given back.
    pub overage_price: Amount,
    /// Tokens missing from the governor's bucket afterwards.
    pub spent: Amount,
    /// How fast the meter moves afterwards.
    pub pace: Pace,
}
