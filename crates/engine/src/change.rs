//! Changes: what a commit did, as small ordered records. Stores and servers consume them; replaying them over an
//! empty engine with the same policy rebuilds its state exactly.
//!
//! 1. Every change has a sequence number, counted by the engine from 1 without gaps.
//! 2. A change carries effects, never calls: replaying evaluates no rule.
//! 3. Applying a change twice is applying it once: an engine skips numbers that it has seen.
//! 4. A change touches the state of one customer, its [`holder`](Effected::holder), or of none: what a call does to several
//!    is several changes. So the changes of one customer rebuild that customer, whatever became of the others.
//! 5. A meter equals the sum of its `Metered` units since its period began, brought into its credit's unit; what it is
//!    billed for the period is the sum of their overage prices.
//! 6. A correction is a change of its own, never an edit. No change overwrites a whole record, but
//!    [`Effected::CustomerReplaced`], the barrier that `set_customer` leaves.
//!
//! They have two written forms, [`codec`] says which: JSON for people, adapters and servers, bytes for the journal.

pub(crate) mod codec;
mod flat;
pub(crate) mod metered_bytes;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::customer::{Pace, Told};
use crate::decide::Reason;
use crate::quantity::Amount;

/// One change.
#[derive(Clone, Debug, PartialEq)]
pub struct Change<T = Box<str>> {
    /// Its place in the engine's order, from 1.
    pub seq: u64,
    /// When it was committed, in milliseconds since the epoch.
    pub at: i64,
    /// What it did.
    pub effect: Effected<T>,
}

/// What a change did. Names are spelled out: they mean the same in every engine. `T` is how they are held: borrowed while a
/// change is written or looked at, owned once it is kept.
///
/// The journal knows a variant by its place and a field by its order: new ones go to the end of the list, and a variant that
/// was ever written never changes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Effected<T = Box<str>> {
    /// A meter moved.
    Metered(Metered<T>),
    /// A meter began a new period with nothing used.
    PeriodBegan {
        /// The customer that holds the meter.
        holder: T,
        /// What is metered.
        entitlement: T,
        /// When the period began.
        period_start: i64,
    },
    /// A meter's credit got another unit: what it has counted stands in that one from now on.
    UnitChanged {
        /// The customer that holds the meter.
        holder: T,
        /// What is metered.
        entitlement: T,
        /// The unit so far, such as `MB`.
        from: T,
        /// The unit from now on.
        to: T,
    },
    /// Meters started at the change's time, with nothing used; ones that counted already start anew.
    MetersStarted {
        /// The customer that holds them.
        holder: T,
        /// What they meter.
        entitlements: Vec<T>,
        /// Meters of the customer that ended.
        ended: Vec<T>,
    },
    /// A customer was created, or what is said of it was set.
    CustomerSet {
        /// Its ID.
        holder: T,
        /// The stored plan; empty follows references.
        plan: T,
        /// Its type.
        kind: T,
        /// What people call it.
        label: T,
        /// The customers that it belongs to.
        refs: Vec<T>,
        /// Other IDs that it answers to.
        alts: Vec<T>,
        /// What the app keeps with it.
        #[serde(with = "codec::json_text")]
        metadata: Value,
    },
    /// A customer was removed with all its state.
    CustomerRemoved {
        /// Its ID.
        holder: T,
    },
    /// A customer was replaced by a record: the barrier that everything before it stops at.
    CustomerReplaced {
        /// Its ID.
        holder: T,
        /// The record.
        #[serde(with = "codec::json_text")]
        record: Value,
    },
    /// A customer got a limit of its own.
    OverrideSet {
        /// The customer.
        holder: T,
        /// What it limits.
        entitlement: T,
        /// The whole limit, as a document says it.
        #[serde(with = "codec::json_text")]
        limit: Value,
        /// When it ends by itself.
        expires_on: Option<i64>,
    },
    /// A customer's own limit ended.
    OverrideRemoved {
        /// The customer.
        holder: T,
        /// What it limited.
        entitlement: T,
    },
    /// A customer got a grant.
    GrantAdded(GrantAdded<T>),
    /// Grants of a customer ended: they are spent or over, or left with its plan.
    GrantsEnded {
        /// The customer.
        holder: T,
        /// Their numbers.
        grants: Vec<u64>,
    },
    /// A grant caught up on its periods.
    GrantRenewed {
        /// The customer that it belongs to.
        holder: T,
        /// Its number.
        grant: u64,
        /// When its present period began.
        period_start: i64,
        /// What it holds then, in its credit's unit.
        balance: Amount,
    },
    /// A grant covered usage past a limit.
    GrantDrawn(GrantDrawn<T>),
    /// A customer got a cap, or one with this ID was replaced.
    CapSet {
        /// The customer that holds it.
        holder: T,
        /// The whole cap, as its record says it.
        #[serde(with = "codec::json_text")]
        cap: Value,
    },
    /// A cap counted a call.
    CapCounted(CapCounted<T>),
    /// A cap was reset by hand: it has counted nothing.
    CapReset {
        /// The customer that holds it.
        holder: T,
        /// Its ID.
        cap: T,
    },
    /// A cap was removed.
    CapRemoved {
        /// The customer that held it.
        holder: T,
        /// Its ID.
        cap: T,
    },
    /// A hold stands on a cap that it would move, or is worth something else to it.
    CapHeld(CapHeld<T>),
    /// A hold stands on a cap no longer.
    CapFreed {
        /// The customer that holds the cap.
        holder: T,
        /// The cap's ID.
        cap: T,
        /// The customer that holds the meter, and with it the hold.
        customer: T,
        /// The hold's number there.
        hold: u64,
    },
    /// Room was reserved on a meter, or a hold of this number was replaced.
    HoldSet {
        /// The customer that holds the meter.
        holder: T,
        /// The whole hold, as its record says it.
        #[serde(with = "codec::json_text")]
        hold: Value,
    },
    /// A hold ended: it was settled or released, or its time was over.
    HoldEnded {
        /// The customer that holds the meter.
        holder: T,
        /// Its number.
        hold: u64,
    },
    /// A notification was sent, once for its period.
    Notified {
        /// The customer that holds the meter or the cap.
        holder: T,
        /// What was sent.
        told: Told,
    },
    /// What a call used was learnt, for the estimates of the customer and of everybody.
    Learned(Learned<T>),
    /// An answer is remembered under an ID.
    Decided {
        /// The customer that called.
        holder: T,
        /// The decision's ID.
        id: T,
        /// The answer and what it was asked, as a record says it.
        #[serde(with = "codec::json_text")]
        remembered: Value,
    },
    /// Another policy is in force.
    PolicySet {
        /// Its version.
        version: u64,
        /// The whole document.
        #[serde(with = "codec::json_text")]
        document: Value,
    },
}

/// A meter's movement: everything that invoices and analytics sum up.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Metered<T = Box<str>> {
    /// The customer that holds the meter.
    pub holder: T,
    /// The customer that called.
    pub caller: T,
    /// What is metered.
    pub entitlement: T,
    /// What the meter counts.
    pub credit: T,
    /// The caller's effective plan.
    pub plan: T,
    /// The version of the policy that decided.
    pub policy_version: u64,
    /// Why the call could run.
    pub reason: Reason,
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
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GrantAdded<T = Box<str>> {
    /// The customer that it belongs to.
    pub holder: T,
    /// Its number among what the customer was ever given.
    pub grant: u64,
    /// The credit of its balance.
    pub credit: T,
    /// The plan whose topup it came from.
    pub plan: T,
    /// That topup.
    pub topup: T,
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
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GrantDrawn<T = Box<str>> {
    /// The customer that it belongs to.
    pub holder: T,
    /// Its number.
    pub grant: u64,
    /// What was metered.
    pub entitlement: T,
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
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CapCounted<T = Box<str>> {
    /// The customer that holds the cap.
    pub holder: T,
    /// Its ID.
    pub cap: T,
    /// The customer that called.
    pub caller: T,
    /// What was metered.
    pub entitlement: T,
    /// When the cap's period began that this belongs to.
    pub period_start: i64,
    /// Whether that period begins with this call.
    pub renewed: bool,
    /// What moved, in the cap's credit.
    pub diff: Amount,
    /// Whether its value was reached for the first time in the period.
    pub crossed: bool,
}

/// What a hold is worth to a cap that it would move.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CapHeld<T = Box<str>> {
    /// The customer that holds the cap.
    pub holder: T,
    /// The cap's ID.
    pub cap: T,
    /// The customer that holds the meter, and with it the hold.
    pub customer: T,
    /// The hold's number there.
    pub hold: u64,
    /// What it would move, in the cap's credit.
    pub worth: Amount,
    /// When the hold ends by itself.
    pub expires_on: i64,
}

/// A sample that estimates are made from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Learned<T = Box<str>> {
    /// The customer that called.
    pub holder: T,
    /// What it called.
    pub entitlement: T,
    /// Which calls it is estimated with; empty: those without a segment.
    pub segment: T,
    /// What it used, in the credit's unit.
    pub value: f64,
    /// What it cost you, in runes.
    pub overhead: f64,
    /// What its size goes by.
    pub basis: Option<f64>,
}

impl<T: AsRef<str>> Effected<T> {
    /// The customer whose state it touches, by its ID; `None` for what touches none.
    pub fn holder(&self) -> Option<&str> {
        Some(match self {
            Effected::Metered(Metered { holder, .. })
            | Effected::PeriodBegan { holder, .. }
            | Effected::UnitChanged { holder, .. }
            | Effected::MetersStarted { holder, .. }
            | Effected::CustomerSet { holder, .. }
            | Effected::CustomerRemoved { holder }
            | Effected::CustomerReplaced { holder, .. }
            | Effected::OverrideSet { holder, .. }
            | Effected::OverrideRemoved { holder, .. }
            | Effected::GrantAdded(GrantAdded { holder, .. })
            | Effected::GrantsEnded { holder, .. }
            | Effected::GrantRenewed { holder, .. }
            | Effected::GrantDrawn(GrantDrawn { holder, .. })
            | Effected::CapSet { holder, .. }
            | Effected::CapCounted(CapCounted { holder, .. })
            | Effected::CapReset { holder, .. }
            | Effected::CapRemoved { holder, .. }
            | Effected::CapHeld(CapHeld { holder, .. })
            | Effected::CapFreed { holder, .. }
            | Effected::HoldSet { holder, .. }
            | Effected::HoldEnded { holder, .. }
            | Effected::Notified { holder, .. }
            | Effected::Learned(Learned { holder, .. })
            | Effected::Decided { holder, .. } => holder.as_ref(),
            Effected::PolicySet { .. } => return None,
        })
    }

    /// What was metered or counted, where it is about one entitlement.
    pub fn entitlement(&self) -> Option<&str> {
        Some(match self {
            Effected::Metered(Metered { entitlement, .. })
            | Effected::PeriodBegan { entitlement, .. }
            | Effected::UnitChanged { entitlement, .. }
            | Effected::OverrideSet { entitlement, .. }
            | Effected::OverrideRemoved { entitlement, .. }
            | Effected::GrantDrawn(GrantDrawn { entitlement, .. })
            | Effected::CapCounted(CapCounted { entitlement, .. })
            | Effected::Learned(Learned { entitlement, .. }) => entitlement.as_ref(),
            _ => return None,
        })
    }
}
