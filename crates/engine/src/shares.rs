//! What an engine may spend alone of what it shares with others: the parts of limits, caps and grants that are leased to it.
//!
//! 1. An engine that isn't told to share has none of this: its limits are its own, and nothing here is asked.
//! 2. Of each limit in mode hard, each cap that denies and each grant it may spend what is `left` of its lease, in the lease's period and before
//!    the lease's end. Whatever it spends, by force too, comes off that. What isn't leased is dry.
//! 3. Where no server can be asked, an offline rule may let through so many units more of each in a period.
//! 4. What a call was denied for want of is kept until the next call, so that it can be asked for.

use std::cell::RefCell;

use smallvec::SmallVec;

use crate::customer::{Customer, CustomerId};
use crate::decide::Place;
use crate::names::NameId;
use crate::quantity::Amount;

/// Where an answer comes from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Source {
    /// From what the engine itself knows: nothing that it spends is leased.
    #[default]
    Local,
    /// From leases, or for want of them.
    Lease,
    /// From the server: said by a host that asked it.
    Server,
    /// From the offline rule: others may have spent the same.
    Offline,
}

impl Source {
    /// The documented word.
    pub fn as_str(self) -> &'static str {
        match self {
            Source::Local => "local",
            Source::Lease => "lease",
            Source::Server => "server",
            Source::Offline => "offline",
        }
    }
}

/// Which of a customer's limits, caps and grants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Key {
    /// The limit of an entitlement.
    Limit(NameId),
    /// A cap, by its number.
    Cap(u64),
    /// A grant, by its number.
    Grant(u64),
}

/// A part that is this engine's.
#[derive(Clone, Copy, Debug)]
struct Share {
    key: Key,
    period_start: i64,
    /// What may still be spent; below 0 where more was, by force.
    left: Amount,
    /// When it ends.
    until: i64,
    /// What the offline rule let through in the period.
    beyond: Amount,
    /// Where the change is that plain calls add to.
    place: Place,
}

impl Share {
    /// Nothing leased.
    fn none(key: Key, period_start: i64) -> Share {
        let (left, until, beyond) = (Amount::ZERO, i64::MIN, Amount::ZERO);
        Share { key, period_start, left, until, beyond, place: Place::default() }
    }
}

/// Units that a call would spend of one of them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Need {
    pub(crate) holder: CustomerId,
    pub(crate) key: Key,
    pub(crate) period_start: i64,
    pub(crate) units: Amount,
}

/// Grants whose lease ended a draw before its time, at the most: they are asked for ahead.
const WANTED_MAX: usize = 64;
/// Numbers of grants, caps and holds from here on belong to ranges of engines that share; smaller ones are counted by customer.
pub(crate) const RANGES_FROM: u64 = 1 << 32;

/// What is leased of a customer.
type Leased = SmallVec<[Share; 1]>;

/// All that is leased to an engine.
#[derive(Clone, Debug)]
pub(crate) struct Shares {
    /// By the places of customers. Those that an engine holds are few, and lie close together.
    of: Vec<Leased>,
    /// What the offline rule lets through of each in a period; none: a server can be asked, or the rule is to deny.
    pub(crate) offline: Option<Amount>,
    /// The last number that was given to a grant, cap or hold.
    issued: u64,
    /// What the last call lacked.
    pub(crate) dry: RefCell<Vec<Need>>,
    /// What calls that ran all the same would have drawn from grants.
    pub(crate) wanted: Vec<Need>,
}

impl Shares {
    /// Nothing leased. Numbers are given from `range` on.
    pub(crate) fn new(range: u64) -> Shares {
        Shares { of: Vec::new(), offline: None, issued: range, dry: RefCell::default(), wanted: Vec::new() }
    }

    fn find(&self, holder: CustomerId, key: Key, period_start: i64) -> Option<&Share> {
        let mut shares = self.of.get(place_of(holder))?.iter();
        shares.find(|share| share.key == key && share.period_start == period_start)
    }

    /// The part of `holder`, begun anew where it is of an earlier period; `None`: it is of a later one.
    fn at(&mut self, holder: CustomerId, key: Key, period_start: i64) -> Option<&mut Share> {
        let shares = self.of_mut(holder)?;
        let place = match shares.iter().position(|share| share.key == key) {
            Some(place) => place,
            None => {
                shares.push(Share::none(key, period_start));
                shares.len().saturating_sub(1)
            }
        };
        let share = shares.get_mut(place)?;
        if share.period_start < period_start {
            *share = Share::none(key, period_start);
        }
        (share.period_start == period_start).then_some(share)
    }

    /// Says what is leased from now on.
    pub(crate) fn set(&mut self, need: Need, until: i64) {
        if let Some(share) = self.at(need.holder, need.key, need.period_start) {
            (share.left, share.until) = (need.units, until);
        }
    }

    /// Ends whatever is leased of it.
    pub(crate) fn end(&mut self, holder: CustomerId, key: Key) {
        let shares = self.of.get_mut(place_of(holder)).into_iter().flatten();
        for share in shares.filter(|share| share.key == key) {
            share.until = i64::MIN;
        }
    }

    /// Counts from another start of the period: nothing is leased of that yet, and what the offline rule let through is of it.
    pub(crate) fn restart(&mut self, holder: CustomerId, key: Key, period_start: i64) {
        let shares = self.of.get_mut(place_of(holder)).into_iter().flatten();
        for share in shares.filter(|share| share.key == key) {
            *share = Share { beyond: share.beyond, ..Share::none(key, period_start) };
        }
    }

    /// Forgets all of a customer that is gone.
    pub(crate) fn forget(&mut self, holder: CustomerId) {
        self.put_back(holder, Kept::default());
    }

    /// What may still be spent of it at `now`, from its lease.
    pub(crate) fn left(&self, holder: CustomerId, key: Key, period_start: i64, now: i64) -> Amount {
        let share = self.find(holder, key, period_start).filter(|share| now < share.until);
        share.map_or(Amount::ZERO, |share| share.left)
    }

    /// Where so many units may come from at `now`; `None`: from nowhere.
    pub(crate) fn admits(&self, need: &Need, now: i64) -> Option<Source> {
        if need.units <= self.left(need.holder, need.key, need.period_start, now) {
            return Some(Source::Lease);
        }
        let beyond = self.find(need.holder, need.key, need.period_start).map_or(Amount::ZERO, |s| s.beyond);
        let most = self.offline?;
        (beyond.saturating_add(need.units) <= most).then_some(Source::Offline)
    }

    /// The most that may be spent of it at `now`, by whichever rule.
    pub(crate) fn at_most(&self, holder: CustomerId, key: Key, period_start: i64, now: i64) -> Amount {
        let left = self.left(holder, key, period_start, now);
        let beyond = self.find(holder, key, period_start).map_or(Amount::ZERO, |share| share.beyond);
        self.offline.map_or(left, |most| left.max(most.saturating_sub(beyond)))
    }

    /// Takes what a plain call spends off its lease, if that has it; where the change is that the call may add to. A limit that isn't hard
    /// needs no lease.
    #[inline]
    pub(crate) fn pass(&mut self, spent: Need, now: i64, hard: bool) -> Option<Place> {
        if !self.dry.get_mut().is_empty() {
            self.dry.get_mut().clear();
        }
        let mut shares = self.of.get_mut(place_of(spent.holder)).into_iter().flatten();
        let share = shares.find(|share| share.key == spent.key && share.period_start == spent.period_start);
        match (share, hard) {
            (Some(share), true) if now < share.until && spent.units <= share.left => {
                share.left = share.left.saturating_sub(spent.units);
                Some(share.place)
            }
            (Some(share), false) => Some(share.place),
            (None, false) => Some(Place::default()),
            (_, true) => None,
        }
    }

    /// Notes where the change is that plain calls add to.
    pub(crate) fn opened(&mut self, holder: CustomerId, key: Key, period_start: i64, place: Place) {
        if let Some(share) = self.at(holder, key, period_start) {
            share.place = place;
        }
    }

    /// Takes off what was spent. `bound` is whether it needed a lease, or the offline rule.
    pub(crate) fn spend(&mut self, spent: Need, now: i64, bound: bool) {
        let bound = bound && self.offline.is_some() && spent.units.is_positive();
        let beyond = bound && spent.units > self.left(spent.holder, spent.key, spent.period_start, now);
        if !beyond && self.find(spent.holder, spent.key, spent.period_start).is_none() {
            return;
        }
        if let Some(share) = self.at(spent.holder, spent.key, spent.period_start) {
            share.left = share.left.saturating_sub(spent.units);
            if beyond {
                share.beyond = share.beyond.saturating_add(spent.units);
            }
        }
    }

    /// Notes that a call lacked units; it is asked for ahead of the next one.
    pub(crate) fn want(&mut self, need: Need) {
        let known = self.wanted.iter().any(|known| (known.holder, known.key) == (need.holder, need.key));
        if !known && self.wanted.len() < WANTED_MAX {
            self.wanted.push(need);
        }
    }

    /// Everything of a customer, as it stands.
    pub(crate) fn copy_of(&self, holder: CustomerId) -> Kept {
        Kept(self.of.get(place_of(holder)).cloned().unwrap_or_default())
    }

    /// Puts back what [`Shares::copy_of`] answered.
    pub(crate) fn put_back(&mut self, holder: CustomerId, kept: Kept) {
        if let Some(shares) = self.of.get_mut(place_of(holder)) {
            *shares = kept.0;
        }
    }

    fn of_mut(&mut self, holder: CustomerId) -> Option<&mut Leased> {
        let place = place_of(holder);
        if place >= self.of.len() {
            self.of.resize_with(place.saturating_add(1), Leased::default);
        }
        self.of.get_mut(place)
    }
}

#[inline(always)]
fn place_of(holder: CustomerId) -> usize {
    holder.0 as usize
}

/// What was leased of a customer, to be put back.
#[derive(Default)]
pub(crate) struct Kept(Leased);

/// The number of something that a customer is given now: the customer's next one, or of an engine that shares, its own next one.
pub(crate) fn issue(shares: &mut Option<Box<Shares>>, customer: &mut Customer) -> u64 {
    match shares {
        None => customer.issue(),
        Some(shares) => {
            // Below 2⁵³, which every reader of JSON holds to the last digit.
            shares.issued = (shares.issued.saturating_add(1) & (u64::MAX >> 11)).max(RANGES_FROM);
            shares.issued
        }
    }
}
