//! What most customers have none of: it is kept apart, so that a customer who has only meters takes no room for it.

use indexmap::IndexMap;
use serde_json::Value;

use super::{Cap, Customer, Grant, Hold, Override, Told};
use crate::decide::Remembered;
use crate::estimate::Estimates;
use crate::names::NameId;
use crate::shares::RANGES_FROM;

/// What people call a customer that nobody named.
const LABEL: &str = "User";

/// What a customer has besides its meters.
#[derive(Clone, Debug)]
pub(crate) struct Rest {
    /// What people call it.
    pub(crate) label: Box<str>,
    /// Other IDs that it answers to.
    pub(crate) alts: Vec<Box<str>>,
    /// Limits of its own, sorted by entitlement.
    pub(crate) overrides: Vec<Override>,
    /// Balances of credits, oldest first.
    pub(crate) grants: Vec<Grant>,
    /// Ceilings, in the order in which they were added.
    pub(crate) caps: Vec<Cap>,
    /// Room reserved on its meters, oldest first.
    pub(crate) holds: Vec<Hold>,
    /// Notifications that were sent once and are not to be sent again in the same period.
    pub(crate) notified: Vec<Told>,
    /// What was learnt of its calls.
    pub(crate) estimates: Estimates,
    /// The last number that a grant, cap or hold of this customer was given.
    pub(crate) issued: u64,
    /// Whatever the app wants to keep with it.
    pub(crate) metadata: Value,
    /// Answers given under an ID, oldest first.
    pub(crate) remembered: IndexMap<Box<str>, Remembered>,
}

impl Default for Rest {
    fn default() -> Rest {
        Rest {
            label: LABEL.into(),
            alts: Vec::new(),
            overrides: Vec::new(),
            grants: Vec::new(),
            caps: Vec::new(),
            holds: Vec::new(),
            notified: Vec::new(),
            estimates: Estimates::new(),
            issued: 0,
            metadata: Value::Null,
            remembered: IndexMap::new(),
        }
    }
}

impl Rest {
    /// Whether any of it may count in a decision.
    pub(crate) fn has_a_say(&self) -> bool {
        let none = self.overrides.is_empty() && self.grants.is_empty() && self.caps.is_empty();
        !none || !self.holds.is_empty()
    }
}

impl Customer {
    /// The rest, for writing: memory for it is had now if there was none. What only looks for something to change goes
    /// through `rest` itself.
    pub(crate) fn rest_mut(&mut self) -> &mut Rest {
        self.rest.get_or_insert_default()
    }

    /// Gives back the memory for the rest if there is nothing in it.
    pub(crate) fn drop_empty_rest(&mut self) {
        let named = self.label() != LABEL || !self.alts().is_empty() || self.issued() > 0;
        if !named && self.is_said_by_profile() {
            self.rest = None;
        }
    }

    /// What people call it.
    pub fn label(&self) -> &str {
        self.rest.as_ref().map_or(LABEL, |rest| &rest.label)
    }

    /// Names it.
    pub(crate) fn set_label(&mut self, label: &str) {
        if label != self.label() {
            self.rest_mut().label = label.into();
        }
    }

    /// Other IDs that it answers to.
    pub fn alts(&self) -> &[Box<str>] {
        self.rest.as_ref().map_or(&[], |rest| &rest.alts)
    }

    /// Limits of its own, sorted by entitlement.
    pub fn overrides(&self) -> &[Override] {
        self.rest.as_ref().map_or(&[], |rest| &rest.overrides)
    }

    /// Balances of credits, oldest first.
    #[inline]
    pub fn grants(&self) -> &[Grant] {
        self.rest.as_ref().map_or(&[], |rest| &rest.grants)
    }

    /// Ceilings, in the order in which they were added.
    #[inline]
    pub fn caps(&self) -> &[Cap] {
        self.rest.as_ref().map_or(&[], |rest| &rest.caps)
    }

    /// Room reserved on its meters, oldest first.
    #[inline]
    pub fn holds(&self) -> &[Hold] {
        self.rest.as_ref().map_or(&[], |rest| &rest.holds)
    }

    /// Notifications that were sent once.
    pub(crate) fn notified(&self) -> &[Told] {
        self.rest.as_ref().map_or(&[], |rest| &rest.notified)
    }

    /// Replaces what notifications were sent once.
    pub(crate) fn set_notified(&mut self, notified: Vec<Told>) {
        if !notified.is_empty() || !self.notified().is_empty() {
            self.rest_mut().notified = notified;
        }
    }

    /// What was learnt of its calls, if anything was.
    pub(crate) fn estimates(&self) -> Option<&Estimates> {
        self.rest.as_ref().map(|rest| &rest.estimates).filter(|estimates| !estimates.is_empty())
    }

    /// The last number that a grant, cap or hold of this customer was given.
    pub fn issued(&self) -> u64 {
        self.rest.as_ref().map_or(0, |rest| rest.issued)
    }

    /// Takes in that numbers up to `number` were given; those of other engines' ranges don't count.
    pub(crate) fn issued_at_least(&mut self, number: u64) {
        if number > self.issued() && number < RANGES_FROM {
            self.rest_mut().issued = number;
        }
    }

    /// The number of something that it is given now.
    pub(crate) fn issue(&mut self) -> u64 {
        let rest = self.rest_mut();
        rest.issued = rest.issued.saturating_add(1);
        rest.issued
    }

    /// Whatever the app keeps with it.
    pub fn metadata(&self) -> &Value {
        self.rest.as_ref().map_or(&Value::Null, |rest| &rest.metadata)
    }

    /// Keeps what the app says with it.
    pub(crate) fn set_metadata(&mut self, metadata: &Value) {
        if metadata != self.metadata() {
            self.rest_mut().metadata.clone_from(metadata);
        }
    }

    /// Whether identity and meters are all that there is.
    pub(crate) fn is_said_by_profile(&self) -> bool {
        self.overrides().is_empty()
            && self.grants().is_empty()
            && self.caps().is_empty()
            && self.holds().is_empty()
            && self.notified().is_empty()
            && self.estimates().is_none()
            && self.metadata().is_null()
            && self.rest.as_ref().is_none_or(|rest| rest.remembered.is_empty())
    }

    /// Notes that a notification is sent; false if it was in this period. Past `most`, the oldest is forgotten.
    pub(crate) fn tell_once(&mut self, told: Told, most: usize) -> bool {
        let notified = &mut self.rest_mut().notified;
        let same = |known: &Told| known.notification == told.notification && known.about == told.about;
        if let Some(known) = notified.iter_mut().find(|known| same(known)) {
            let fresh = known.period_start != told.period_start;
            known.period_start = told.period_start;
            return fresh;
        }
        if notified.len() >= most {
            notified.remove(0);
        }
        notified.push(told);
        true
    }

    /// Whether any of its caps binds others.
    pub(crate) fn shares_caps(&self) -> bool {
        self.caps().iter().any(|cap| cap.terms.shared)
    }

    /// The cap with this ID, and its place.
    pub(crate) fn cap(&self, id: &str) -> Option<(usize, &Cap)> {
        self.caps().iter().enumerate().find(|(_, cap)| *cap.id == *id)
    }

    /// The override of `entitlement`, live or not.
    pub(crate) fn override_of(&self, entitlement: NameId) -> Option<&Override> {
        let at = self.overrides().binary_search_by_key(&entitlement, |own| own.entitlement).ok()?;
        self.overrides().get(at)
    }

    /// Puts `own` in place of the one of its entitlement.
    pub(crate) fn put_override(&mut self, own: Override) {
        let overrides = &mut self.rest_mut().overrides;
        match overrides.binary_search_by_key(&own.entitlement, |own| own.entitlement) {
            Ok(at) => {
                if let Some(place) = overrides.get_mut(at) {
                    *place = own;
                }
            }
            Err(at) => overrides.insert(at, own),
        }
    }
}
