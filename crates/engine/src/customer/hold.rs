//! A hold: room reserved for a call whose size isn't known yet.

use smol_str::SmolStr;

use crate::names::NameId;
use crate::quantity::Amount;

/// Room reserved on a meter, kept by the meter's holder.
#[derive(Clone, Debug, PartialEq)]
pub struct Hold {
    /// Its number among what the customer was ever given; the ID is `hold_` and this.
    pub number: u64,
    /// What is reserved.
    pub entitlement: NameId,
    /// The ID of the customer that reserved it.
    pub caller: SmolStr,
    /// How much, in the credit's unit.
    pub units: Amount,
    /// What was recorded from it so far by a stream that consumes it.
    pub consumed: Amount,
    /// Your cost of the call in runes, as far as it was given.
    pub overhead: Option<Amount>,
    /// How long it stands when nothing is heard of it, in milliseconds.
    pub ttl: i64,
    /// When it ends by itself, in milliseconds since the epoch.
    pub expires_on: i64,
    /// What the size of the call goes by, for the estimate that it will teach.
    pub basis: Option<f64>,
    /// Which calls it is estimated with.
    pub segment: Option<Box<str>>,
    /// The caps that it would move.
    pub caps: Vec<HeldCap>,
}

/// A cap that a hold would move.
#[derive(Clone, Debug, PartialEq)]
pub struct HeldCap {
    /// The customer that holds the cap.
    pub holder: Box<str>,
    /// The cap's ID there.
    pub cap: Box<str>,
    /// What the hold is worth to it, frozen at the reservation.
    pub worth: Amount,
}

/// Units that live holds reserve of `entitlement` at `now`.
#[inline]
pub(crate) fn held(holds: &[Hold], entitlement: NameId, now: i64) -> Amount {
    let live = holds.iter().filter(|hold| hold.entitlement == entitlement && now < hold.expires_on);
    live.fold(Amount::ZERO, |sum, hold| sum.saturating_add(hold.units))
}
