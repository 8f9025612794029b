//! Customers: who they are, what they follow, and how much they have used.
//!
//! A customer is found by its ID or by an alternative ID: both lie in one map. Customers refer to each other; a
//! search along references is breadth-first, tolerates cycles and references to nobody, and is bounded.

mod book;
mod cap;
mod fields;
mod grant;
mod hold;
mod index;
mod meter;
mod packed;
mod places;
mod profile;
mod record;
mod record_money;
mod rest;

pub(crate) use book::Customers;
pub use cap::{Cap, CapHold, CapTerms};
pub(crate) use fields::Fields;
pub use grant::Grant;
pub(crate) use grant::Standing;
pub(crate) use hold::held;
pub use hold::{HeldCap, Hold, HoldId};
pub(crate) use meter::Sums;
pub use meter::{Meter, Pace};
pub use packed::packed_id;
pub use profile::Profile;
pub(crate) use profile::{check_name, check_profile, fresh};
pub(crate) use record::write_meter;
pub(crate) use rest::Rest;

use serde::{Deserialize, Serialize};
use smallvec::SmallVec;
use smol_str::SmolStr;

use crate::names::NameId;
use crate::policy::Limit;
use crate::rules::LimitRules;

/// A customer's place in the engine. Places of removed customers are used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CustomerId(pub(crate) u32);

/// One customer with all its state. What a plain decision reads lies side by side: a million of them stay small, and each is
/// one place in memory to wait for.
#[derive(Clone, Debug)]
pub struct Customer {
    /// The ID that it was created with.
    pub id: SmolStr,
    /// The stored plan; `None` follows the nearest reference that has one.
    pub plan: Option<NameId>,
    /// The customer's type, such as `user`.
    pub kind: NameId,
    /// The customers that it belongs to, by ID, nearest first. They needn't exist.
    pub refs: Box<[Box<str>]>,
    /// Usage, sorted by entitlement.
    pub meters: SmallVec<[Meter; 1]>,
    /// What most customers have none of.
    pub(crate) rest: Option<Box<Rest>>,
}

/// A limit that one customer has in place of its plan's.
#[derive(Clone, Debug)]
pub struct Override {
    /// What it limits.
    pub entitlement: NameId,
    /// The limit as a document would say it.
    pub limit: Limit,
    /// The limit ready for deciding; `None` while the policy lacks its credit, and the plan's limit counts.
    pub rules: Option<Box<LimitRules>>,
    /// When it ends by itself, in milliseconds since the epoch.
    pub expires_on: Option<i64>,
}

impl Override {
    /// Whether it counts at `now`.
    pub fn is_live(&self, now: i64) -> bool {
        self.expires_on.is_none_or(|end| now < end)
    }
}

/// That a notification was sent for a mark that was crossed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Told {
    /// The notification.
    pub notification: Box<str>,
    /// What crossed it: an entitlement, or a cap.
    pub about: Box<str>,
    /// The period that it was sent in.
    pub period_start: i64,
}

impl Customer {
    /// A customer of whom nothing else is known.
    pub(crate) fn new(id: SmolStr, plan: Option<NameId>, kind: NameId) -> Customer {
        Customer { id, plan, kind, refs: Box::default(), meters: SmallVec::new(), rest: None }
    }

    /// Where the meter of `entitlement` lies among the meters, or would.
    #[inline(always)]
    pub(crate) fn meter_at(&self, entitlement: NameId) -> Result<usize, usize> {
        match self.meters.first() {
            Some(first) if first.entitlement == entitlement => Ok(0),
            _ => self.meters.binary_search_by_key(&entitlement, |meter| meter.entitlement),
        }
    }

    /// The meter of `entitlement`, if it has started.
    #[inline]
    pub fn meter(&self, entitlement: NameId) -> Option<&Meter> {
        self.meters.get(self.meter_at(entitlement).ok()?)
    }

    /// The meter of `entitlement`, started at `now` if it hasn't been.
    #[inline]
    pub fn meter_mut(&mut self, entitlement: NameId, now: i64) -> Option<&mut Meter> {
        let at = match self.meter_at(entitlement) {
            Ok(at) => at,
            Err(at) => {
                self.meters.insert(at, Meter::new(entitlement, now));
                at
            }
        };
        self.meters.get_mut(at)
    }

    /// Puts `meter` in place of the one of its entitlement.
    pub fn put_meter(&mut self, meter: Meter) {
        match self.meter_at(meter.entitlement) {
            Ok(at) => {
                if let Some(place) = self.meters.get_mut(at) {
                    *place = meter;
                }
            }
            Err(at) => self.meters.insert(at, meter),
        }
    }

    /// Forgets the meter of `entitlement`.
    pub fn drop_meter(&mut self, entitlement: NameId) {
        self.meters.retain(|meter| meter.entitlement != entitlement);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // a test may panic
mod tests {
    use super::{Customer, Meter};
    use crate::{Engine, Profile};

    #[test]
    #[cfg(target_pointer_width = "64")]
    fn a_customer_with_one_meter_is_small() {
        assert_eq!(size_of::<Meter>(), 80);
        assert_eq!(size_of::<Option<Customer>>(), 144);
    }

    #[test]
    fn a_restored_policy_leaves_customers_as_small_as_they_were() {
        let mut engine = Engine::example().unwrap();
        assert!(engine.create_customer(0, "plain", &Profile::default()).unwrap());
        let policy = engine.policy().clone();
        engine.restore_policy(policy, 1).unwrap();
        assert!(engine.customer("plain").unwrap().rest.is_none());
    }
}
