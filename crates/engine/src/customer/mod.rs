//! Customers: who they are, what they follow, and how much they have used.
//!
//! A customer is found by its ID or by an alternative ID: both lie in one map. Customers refer to each other; a
//! search along references is breadth-first, tolerates cycles and references to nobody, and is bounded.

mod book;
mod cap;
mod fields;
mod grant;
mod hold;
mod meter;
mod packed;
mod record;
mod record_money;

pub(crate) use book::Customers;
pub use book::Profile;
pub(crate) use book::{check_name, check_profile, fresh};
pub use cap::{Cap, CapHold, CapTerms};
pub(crate) use fields::Fields;
pub use grant::Grant;
pub(crate) use grant::Standing;
pub(crate) use hold::held;
pub use hold::{HeldCap, Hold};
pub use meter::{Meter, Pace};
pub use packed::packed_id;
pub(crate) use record::write_meter;
pub(crate) use record_money::{hold_id, hold_number};

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::decide::Remembered;
use crate::estimate::Estimates;
use crate::names::NameId;
use crate::policy::Limit;
use crate::rules::LimitRules;

/// A customer's place in the engine. Places of removed customers are used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CustomerId(pub(crate) u32);

/// One customer with all its state.
#[derive(Clone, Debug)]
pub struct Customer {
    /// The ID that it was created with.
    pub id: Box<str>,
    /// The stored plan; `None` follows the nearest reference that has one.
    pub plan: Option<NameId>,
    /// The customer's type, such as `user`.
    pub kind: NameId,
    /// What people call it.
    pub label: Box<str>,
    /// Other IDs that it answers to.
    pub alts: Vec<Box<str>>,
    /// The customers that it belongs to, by ID, nearest first. They needn't exist.
    pub refs: Vec<Box<str>>,
    /// Usage, sorted by entitlement.
    pub meters: Vec<Meter>,
    /// Limits of its own, sorted by entitlement.
    pub overrides: Vec<Override>,
    /// Balances of credits, oldest first.
    pub grants: Vec<Grant>,
    /// Ceilings, in the order in which they were added.
    pub caps: Vec<Cap>,
    /// Room reserved on its meters, oldest first.
    pub holds: Vec<Hold>,
    /// Notifications that were sent once and are not to be sent again in the same period.
    pub notified: Vec<Told>,
    /// What was learnt of its calls.
    pub(crate) estimates: Estimates,
    /// The last number that a grant, cap or hold of this customer was given.
    pub issued: u64,
    /// Whatever the app wants to keep with it.
    pub metadata: Value,
    /// Answers given under an ID, oldest first.
    pub remembered: IndexMap<Box<str>, Remembered>,
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
    /// Notes that a notification is sent; false if it was in this period. Past `most`, the oldest is forgotten.
    pub(crate) fn tell_once(&mut self, told: Told, most: usize) -> bool {
        let same = |known: &Told| known.notification == told.notification && known.about == told.about;
        if let Some(known) = self.notified.iter_mut().find(|known| same(known)) {
            let fresh = known.period_start != told.period_start;
            known.period_start = told.period_start;
            return fresh;
        }
        if self.notified.len() >= most {
            self.notified.remove(0);
        }
        self.notified.push(told);
        true
    }

    /// The number of something that it is given now.
    pub(crate) fn issue(&mut self) -> u64 {
        self.issued = self.issued.saturating_add(1);
        self.issued
    }

    /// Whether any of its caps binds others.
    pub(crate) fn shares_caps(&self) -> bool {
        self.caps.iter().any(|cap| cap.terms.shared)
    }

    /// The cap with this ID, and its place.
    pub(crate) fn cap(&self, id: &str) -> Option<(usize, &Cap)> {
        self.caps.iter().enumerate().find(|(_, cap)| *cap.id == *id)
    }

    /// The meter of `entitlement`, if it has started.
    #[inline]
    pub fn meter(&self, entitlement: NameId) -> Option<&Meter> {
        let at = self.meters.binary_search_by_key(&entitlement, |meter| meter.entitlement).ok()?;
        self.meters.get(at)
    }

    /// The meter of `entitlement`, started at `now` if it hasn't been.
    #[inline]
    pub fn meter_mut(&mut self, entitlement: NameId, now: i64) -> Option<&mut Meter> {
        let at = match self.meters.binary_search_by_key(&entitlement, |meter| meter.entitlement) {
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
        match self.meters.binary_search_by_key(&meter.entitlement, |meter| meter.entitlement) {
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

    /// The override of `entitlement`, live or not.
    pub fn override_of(&self, entitlement: NameId) -> Option<&Override> {
        let at = self.overrides.binary_search_by_key(&entitlement, |own| own.entitlement).ok()?;
        self.overrides.get(at)
    }

    /// Puts `own` in place of the one of its entitlement.
    pub fn put_override(&mut self, own: Override) {
        match self.overrides.binary_search_by_key(&own.entitlement, |own| own.entitlement) {
            Ok(at) => {
                if let Some(place) = self.overrides.get_mut(at) {
                    *place = own;
                }
            }
            Err(at) => self.overrides.insert(at, own),
        }
    }
}
