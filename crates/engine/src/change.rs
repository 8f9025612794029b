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

use crate::customer::{Pace, Told};
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
    /// A customer got a grant.
    GrantAdded(Box<GrantAdded>),
    /// Grants of a customer ended: they are spent or over, or left with its plan.
    GrantsEnded {
        /// The customer.
        holder: Box<str>,
        /// Their numbers.
        grants: Vec<u64>,
    },
    /// A grant caught up on its periods.
    GrantRenewed {
        /// The customer that it belongs to.
        holder: Box<str>,
        /// Its number.
        grant: u64,
        /// When its present period began.
        period_start: i64,
        /// What it holds then, in its credit's unit.
        balance: Amount,
    },
    /// A grant covered usage past a limit.
    GrantDrawn(Box<GrantDrawn>),
    /// A customer got a cap, or one with this ID was replaced.
    CapSet {
        /// The customer that holds it.
        holder: Box<str>,
        /// The whole cap, as its record says it.
        cap: Value,
    },
    /// A cap counted a call.
    CapCounted(Box<CapCounted>),
    /// A cap was reset by hand: it has counted nothing.
    CapReset {
        /// The customer that holds it.
        holder: Box<str>,
        /// Its ID.
        cap: Box<str>,
    },
    /// A cap was removed.
    CapRemoved {
        /// The customer that held it.
        holder: Box<str>,
        /// Its ID.
        cap: Box<str>,
    },
    /// Room was reserved on a meter, or a hold of this number was replaced.
    HoldSet {
        /// The customer that holds the meter.
        holder: Box<str>,
        /// The whole hold, as its record says it.
        hold: Value,
    },
    /// A hold ended: it was settled or released.
    HoldEnded {
        /// The customer that holds the meter.
        holder: Box<str>,
        /// Its number.
        hold: u64,
    },
    /// A notification was sent, once for its period.
    Notified {
        /// The customer that holds the meter or the cap.
        holder: Box<str>,
        /// What was sent.
        told: Told,
    },
    /// What a call used was learnt, for estimates.
    Learned(Box<Learned>),
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
    /// Units newly past the limit that grants didn't cover.
    pub overage: Amount,
    /// Units newly past the limit that grants covered.
    pub granted: Amount,
    /// How many more of the units that stand past the limit are covered by grants; below 0 where a decrease took some away.
    pub granted_diff: Amount,
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

/// A new grant.
#[derive(Clone, Debug, PartialEq)]
pub struct GrantAdded {
    /// The customer that it belongs to.
    pub holder: Box<str>,
    /// Its number among what the customer was ever given.
    pub grant: u64,
    /// The credit of its balance.
    pub credit: Box<str>,
    /// The plan whose topup it came from.
    pub plan: Box<str>,
    /// That topup.
    pub topup: Box<str>,
    /// Whether it came with the plan; else it was bought.
    pub included: bool,
    /// What it holds, in the credit's unit.
    pub balance: Amount,
    /// When the period began that this belongs to.
    pub period_start: i64,
    /// When it ends, as its topup says.
    pub expires_on: Option<i64>,
}

/// What a grant lost, and what that covered.
#[derive(Clone, Debug, PartialEq)]
pub struct GrantDrawn {
    /// The customer that it belongs to.
    pub holder: Box<str>,
    /// Its number.
    pub grant: u64,
    /// What was metered.
    pub entitlement: Box<str>,
    /// When the grant's period began that this belongs to.
    pub period_start: i64,
    /// What it held before, what its renewals brought included.
    pub before: Amount,
    /// What it lost, in its own credit.
    pub taken: Amount,
    /// What that covered, in the limit's credit.
    pub covered: Amount,
}

/// What a cap counted of a call.
#[derive(Clone, Debug, PartialEq)]
pub struct CapCounted {
    /// The customer that holds the cap.
    pub holder: Box<str>,
    /// Its ID.
    pub cap: Box<str>,
    /// The customer that called.
    pub caller: Box<str>,
    /// What was metered.
    pub entitlement: Box<str>,
    /// When the cap's period began that this belongs to.
    pub period_start: i64,
    /// Whether that period begins with this call.
    pub renewed: bool,
    /// What moved, in the cap's credit.
    pub diff: Amount,
    /// Whether its value was reached for the first time in the period.
    pub crossed: bool,
}

/// A sample that estimates are made from.
#[derive(Clone, Debug, PartialEq)]
pub struct Learned {
    /// The customer that called.
    pub customer: Box<str>,
    /// What it called.
    pub entitlement: Box<str>,
    /// Which calls it is estimated with; empty: those without a segment.
    pub segment: Box<str>,
    /// What it used, in the credit's unit.
    pub value: f64,
    /// What it cost you, in runes.
    pub overhead: f64,
    /// What its size goes by.
    pub basis: Option<f64>,
}
