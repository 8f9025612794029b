//! A hold: room reserved for a call whose size isn't known yet.

use std::fmt;

use smol_str::SmolStr;

use crate::names::NameId;
use crate::quantity::Amount;

const PREFIX: &str = "hold_";

/// What names a hold: `hold_` and its number among what its customer was ever given.
///
/// ```
/// use limitr_engine::{Engine, Given, HoldId, Reserve, Settle};
///
/// let mut engine = Engine::example()?;
/// let reserve = Reserve { value: Some(Given::Number(30.0)), ..Reserve::default() };
/// let hold = engine.reserve(0, "user_1", "chat", &reserve)?;
/// assert_eq!(hold, Some(HoldId::from("hold_1")));
/// assert!(engine.settle(0, "user_1", "chat", hold, &Settle::new(Given::Number(12.0)))?);
/// # Ok::<(), limitr_engine::EngineError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct HoldId(u64);

impl HoldId {
    /// An ID that no hold has: their numbers stay below 2⁵³.
    pub const NOBODYS: HoldId = HoldId(u64::MAX);

    /// That of the hold with this number.
    #[inline]
    pub fn numbered(number: u64) -> HoldId {
        HoldId(number)
    }

    /// The hold's number.
    #[inline]
    pub fn number(self) -> u64 {
        self.0
    }
}

/// Text that is no hold's ID becomes [`HoldId::NOBODYS`].
impl From<&str> for HoldId {
    fn from(id: &str) -> HoldId {
        let number = id.strip_prefix(PREFIX).and_then(|number| number.parse().ok());
        number.map_or(HoldId::NOBODYS, HoldId)
    }
}

impl fmt::Display for HoldId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{PREFIX}{}", self.0)
    }
}

/// Room reserved on a meter, kept by the meter's holder.
#[derive(Clone, Debug, PartialEq)]
pub struct Hold {
    /// Its number among what the customer was ever given.
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
