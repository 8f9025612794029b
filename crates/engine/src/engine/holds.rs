//! Holds: room reserved for calls whose size isn't known yet.
//!
//! 1. `reserve` takes what `check` would allow, moves no meter and takes no tokens. What the hold is worth to each cap is frozen
//!    then, and stands on the cap.
//! 2. `settle` ends the hold and records what happened, by force. `release` only ends it.
//! 3. A stream records as it goes: `consume` records a part and lets the hold shrink by it, `extend` asks for more room.
//!    Both keep the hold alive for another `ttl`.

use crate::called::Called;
use crate::customer::{CustomerId, HeldCap, Hold, HoldId};
use crate::decide::{Ask, Asked, Call, Given, Judged, Resolved, Subject, Verdict};
use crate::engine::{Engine, Like, Likeness};
use crate::error::EngineError;
use crate::limits::{CAP_HOLDS_MAX, HOLD_TTL_MAX_MS, HOLDS_MAX};
use crate::names::NameId;
use crate::quantity::{Amount, Duration};
use crate::rules::LimitRules;
use crate::shares::issue;

/// What to reserve.
#[derive(Clone, Copy, Debug, Default)]
pub struct Reserve<'a> {
    /// How much; else what such a call is estimated to use, else the limit's increment.
    pub value: Option<Given<'a>>,
    /// Your cost of the call in runes, for caps that count it.
    pub overhead: Option<Amount>,
    /// How long it stands; the policy's `hold_ttl` unless it is given.
    pub ttl: Option<Duration>,
    /// What tells the call apart, for the estimate.
    pub likeness: Likeness<'a>,
}

/// What a settled call used.
#[derive(Clone, Copy, Debug)]
pub struct Settle<'a> {
    /// How much.
    pub value: Given<'a>,
    /// Your cost of the call in runes, if it is known.
    pub overhead: Option<Amount>,
    /// Send events.
    pub events: bool,
    /// What tells the call apart, for the estimates that it teaches; what isn't given is as it was reserved with.
    pub likeness: Likeness<'a>,
}

impl<'a> Settle<'a> {
    /// So much, with events, and nothing said of its cost.
    pub fn new(value: Given<'a>) -> Settle<'a> {
        Settle { value, overhead: None, events: true, likeness: Likeness::default() }
    }
}

impl Engine {
    /// Reserves room and answers the hold's ID; `None` where `check` would deny it, where there is no limit, or for a value
    /// of 0 or less.
    ///
    /// # Errors
    /// As [`Engine::check`]; `bad_duration` for a `ttl` out of 1 ms to 400 days; `too_many` past 4,096 holds of a customer.
    /// Nothing changes then.
    pub fn reserve<'n>(
        &mut self,
        now: i64,
        customer: impl Into<Called<'n>>,
        entitlement: impl Into<Called<'n>>,
        reserve: &Reserve<'_>,
    ) -> Result<Option<HoldId>, EngineError> {
        let now = self.observe(now);
        self.outbox.check_room()?;
        let ttl = self.hold_ttl(reserve.ttl)?;
        let (customer, entitlement) = (customer.into(), entitlement.into());
        let Resolved::Metered { subject, rules } = self.resolve(now, customer, entitlement) else {
            return Ok(None);
        };
        let like = self.like(entitlement.name(), &reserve.likeness)?;
        self.check_segment(&subject, &like)?;
        let (units, overhead) = self.wanted(&subject, rules, &like, reserve)?;
        let Some(caps) = self.reservable(now, &subject, units, overhead, false)? else {
            return Ok(None);
        };
        self.drop_expired(now, subject.holder);
        let caller = self.id_at(subject.caller);
        let Some(holder) = self.customers.get_mut(subject.holder) else { return Ok(None) };
        if holder.holds().len() >= HOLDS_MAX {
            let message = format!("`{}` has {HOLDS_MAX} holds, which is the most", holder.id);
            return Err(EngineError::new("too_many", message));
        }
        let number = issue(&mut self.shares, holder);
        let hold = Hold {
            number,
            entitlement: subject.entitlement,
            caller,
            units,
            consumed: Amount::ZERO,
            overhead,
            ttl,
            expires_on: now.saturating_add(ttl),
            basis: like.basis,
            segment: Some(like.segment).filter(|segment| !segment.is_empty()),
            caps,
        };
        self.set_hold(now, subject.holder, hold);
        self.record_hold(now, subject.holder, number, &[]);
        Ok(Some(HoldId::numbered(number)))
    }

    /// How much is to be reserved, and what it costs if that is known.
    fn wanted(
        &self,
        subject: &Subject,
        rules: &LimitRules,
        like: &Like,
        reserve: &Reserve<'_>,
    ) -> Result<(Amount, Option<Amount>), EngineError> {
        if let Some(value) = &reserve.value {
            return Ok((value.amount(rules)?, reserve.overhead));
        }
        let Some(estimate) = self.estimated(subject, like, reserve.likeness.quantile) else {
            return Ok((rules.increment, reserve.overhead));
        };
        let learnt = Some(estimate.overhead).filter(|overhead| *overhead > 0.0);
        let learnt = learnt.map(Amount::from_f64).transpose()?;
        Ok((Amount::from_f64(estimate.value)?, reserve.overhead.or(learnt)))
    }

    /// What [`Engine::reserve`] would hold, whether or not there is room; `None` where there is no limit.
    ///
    /// # Errors
    /// As [`Engine::reserve`] for what it is given.
    pub fn asked_by_reserve(
        &self,
        now: i64,
        customer: &str,
        entitlement: &str,
        reserve: &Reserve<'_>,
    ) -> Result<Option<Asked<'_>>, EngineError> {
        let now = self.observe(now);
        let Resolved::Metered { subject, rules } = self.resolve(now, customer, entitlement) else {
            return Ok(None);
        };
        let like = self.like(entitlement, &reserve.likeness)?;
        let (units, _) = self.wanted(&subject, rules, &like, reserve)?;
        self.asked_by_call(now, customer, entitlement, &Ask::Exactly(units))
    }

    /// Ends a hold and records what the call used, by force; a hold that is unknown or over still records. Whether there was
    /// a limited entitlement to record it on.
    ///
    /// # Errors
    /// As [`Engine::allow`]. Nothing changes then, and the hold stands.
    pub fn settle<'n>(
        &mut self,
        now: i64,
        customer: impl Into<Called<'n>>,
        entitlement: impl Into<Called<'n>>,
        hold: Option<HoldId>,
        settle: &Settle<'_>,
    ) -> Result<bool, EngineError> {
        let now = self.observe(now);
        self.outbox.check_room()?;
        let call = Call {
            overhead: settle.overhead,
            force: true,
            events: settle.events,
            ..Call::new(Ask::By(settle.value))
        };
        let (customer, entitlement) = (customer.into(), entitlement.into());
        let Resolved::Metered { subject, rules } = self.resolve(now, customer, entitlement) else {
            return Ok(false);
        };
        let used = settle.value.amount(rules)?;
        let judged = self.judge(now, subject, rules, &call)?; // what can't be recorded is refused before the hold ends
        let overhead = match &judged.verdict {
            Verdict::Allowed(effect) => effect.overhead,
            Verdict::Denied(_) => Amount::ZERO,
        };
        let given = self.like(entitlement.name(), &settle.likeness)?;
        let reserved = hold.and_then(|hold| self.find_hold(subject.holder, subject.entitlement, hold));
        let reserved = reserved.filter(|hold| now < hold.expires_on);
        let (like, consumed) = match reserved {
            None => (given, Amount::ZERO),
            Some(hold) => {
                let segment =
                    if given.segment.is_empty() { hold.segment.clone() } else { Some(given.segment) };
                let like = Like { basis: given.basis.or(hold.basis), segment: segment.unwrap_or_default() };
                (like, hold.consumed)
            }
        };
        self.check_segment(&subject, &like)?;
        let total = consumed.checked_add(used)?;
        self.end_hold(now, &subject, hold);
        let recorded = self.allow(now, customer, entitlement, &call)?;
        self.learn(now, &subject, total, overhead, &like);
        Ok(recorded)
    }

    /// Ends a hold that wasn't used; whether it stood on this entitlement.
    ///
    /// # Errors
    /// `outbox_full`.
    pub fn release<'n>(
        &mut self,
        now: i64,
        customer: impl Into<Called<'n>>,
        entitlement: impl Into<Called<'n>>,
        hold: HoldId,
    ) -> Result<bool, EngineError> {
        let now = self.observe(now);
        self.outbox.check_room()?;
        let Resolved::Metered { subject, .. } = self.resolve(now, customer, entitlement) else {
            return Ok(false);
        };
        Ok(self.end_hold(now, &subject, Some(hold)).is_some_and(|hold| now < hold.expires_on))
    }

    /// Asks for more room for a hold; whether there was some. A hold that is unknown or over gets none. `overhead` is your cost
    /// of what is added; where it isn't known, what was reserved with a cost still costs that.
    ///
    /// # Errors
    /// As [`Engine::check`].
    pub fn extend_hold<'n>(
        &mut self,
        now: i64,
        customer: impl Into<Called<'n>>,
        entitlement: impl Into<Called<'n>>,
        hold: HoldId,
        by: Given<'_>,
        overhead: Option<Amount>,
    ) -> Result<bool, EngineError> {
        let now = self.observe(now);
        self.outbox.check_room()?;
        let (customer, entitlement) = (customer.into(), entitlement.into());
        let Resolved::Metered { subject, rules } = self.resolve(now, customer, entitlement) else {
            return Ok(false);
        };
        let by = by.amount(rules)?;
        if by.is_negative() {
            return Err(EngineError::new(
                "invalid_value",
                format!("a hold is extended by 0 or more, not `{by}`"),
            ));
        }
        let Some(before) = self.live_hold(now, &subject, hold) else { return Ok(false) };
        let units = before.units.checked_add(by)?;
        let overhead = match overhead {
            None => before.overhead,
            Some(more) => {
                let known = before.overhead.map_or_else(|| before.units.mul(rules.overhead_cost), Ok)?;
                Some(known.checked_add(more)?)
            }
        };
        self.take_hold(subject.holder, before.number);
        let caps = match self.reservable(now, &subject, units, overhead, before.units == units) {
            Ok(Some(caps)) => caps,
            refused => {
                self.put_hold(subject.holder, before);
                return refused.map(|_| false);
            }
        };
        let (number, expires_on) = (before.number, now.saturating_add(before.ttl));
        let hold = Hold { units, overhead, caps, expires_on, ..before.clone() };
        self.set_hold(now, subject.holder, hold);
        self.record_hold(now, subject.holder, number, &before.caps);
        Ok(true)
    }

    /// Records a part of what a hold was reserved for, by force, and lets the hold shrink by it, and by what it cost. A hold
    /// that is unknown or over still records. Whether there was a limited entitlement to record it on.
    ///
    /// # Errors
    /// As [`Engine::settle`]; `invalid_value` below 0.
    pub fn consume_hold<'n>(
        &mut self,
        now: i64,
        customer: impl Into<Called<'n>>,
        entitlement: impl Into<Called<'n>>,
        hold: HoldId,
        part: &Settle<'_>,
    ) -> Result<bool, EngineError> {
        let now = self.observe(now);
        self.outbox.check_room()?;
        let call = Call {
            overhead: part.overhead,
            force: true,
            events: part.events,
            ..Call::new(Ask::By(part.value))
        };
        let (customer, entitlement) = (customer.into(), entitlement.into());
        let Resolved::Metered { subject, rules } = self.resolve(now, customer, entitlement) else {
            return Ok(false);
        };
        let used = part.value.amount(rules)?;
        if used.is_negative() {
            return Err(EngineError::new(
                "invalid_value",
                format!("a hold is consumed by 0 or more, not `{used}`"),
            ));
        }
        let judged = self.judge(now, subject, rules, &call)?; // what can't be recorded is refused before the hold changes
        let spent = match &judged.verdict {
            Verdict::Allowed(effect) => effect.overhead,
            Verdict::Denied(_) => Amount::ZERO,
        };
        let Some(before) = self.live_hold(now, &subject, hold) else {
            return self.allow(now, customer, entitlement, &call);
        };
        let consumed = before.consumed.checked_add(used)?;
        self.take_hold(subject.holder, before.number);
        let units = before.units.saturating_sub(used).max(Amount::ZERO);
        let overhead = before.overhead.map(|cost| cost.saturating_sub(spent).max(Amount::ZERO));
        let (stood_on, expires_on) = (before.caps.clone(), now.saturating_add(before.ttl));
        let shrunk = Hold { units, consumed, overhead, expires_on, caps: Vec::new(), ..before };
        let number = shrunk.number;
        self.put_hold(subject.holder, shrunk.clone());
        let recorded = self.allow(now, customer, entitlement, &call);
        // What is left is worth to caps what it would move from here.
        self.take_hold(subject.holder, number);
        let caps = self.reservable(now, &subject, units, shrunk.overhead, true).ok().flatten();
        self.set_hold(now, subject.holder, Hold { caps: caps.unwrap_or_default(), ..shrunk });
        self.record_hold(now, subject.holder, number, &stood_on);
        recorded
    }

    /// What reserving so many units would be worth to caps; `None` where `check` would deny it. `granted` room isn't asked
    /// for again.
    fn reservable(
        &self,
        now: i64,
        subject: &Subject,
        units: Amount,
        overhead: Option<Amount>,
        granted: bool,
    ) -> Result<Option<Vec<HeldCap>>, EngineError> {
        let limit = self.rules.plan(subject.plan).and_then(|plan| plan.entitlement(subject.entitlement));
        let Some(rules) =
            limit.and_then(|limit| self.limit_of(now, subject.holder, subject.entitlement, limit))
        else {
            return Ok(None);
        };
        if !units.is_positive() && !granted {
            return Ok(None);
        }
        let call = Call { overhead, force: granted, events: false, ..Call::new(Ask::Exactly(units)) };
        let judged: Judged = self.judge(now, *subject, rules, &call)?;
        if !judged.is_allowed() {
            return Ok(None);
        }
        if judged.view.held.saturating_add(units) > Amount::LIMIT {
            let message = "the holds of the meter would pass 10^24, the most that can be counted";
            return Err(EngineError::new("amount_out_of_range", message));
        }
        let mut held = Vec::new();
        for moved in judged.money.iter().flat_map(|money| &money.caps) {
            let Some(owner) = self.customers.get(moved.holder) else { continue };
            let Some(cap) = owner.caps().get(moved.at).filter(|_| moved.worth.is_positive()) else {
                continue;
            };
            if cap.holds.iter().filter(|hold| now < hold.expires_on).count() >= CAP_HOLDS_MAX {
                let message = format!("the cap `{}` has {CAP_HOLDS_MAX} holds, which is the most", cap.id);
                return Err(EngineError::new("too_many", message));
            }
            held.push(HeldCap { holder: owner.id.as_str().into(), cap: cap.id.clone(), worth: moved.worth });
        }
        Ok(Some(held))
    }

    fn hold_ttl(&self, given: Option<Duration>) -> Result<i64, EngineError> {
        let ttl = given.unwrap_or(self.rules.policy.hold_ttl).as_millis();
        if !(1..=HOLD_TTL_MAX_MS).contains(&ttl) {
            return Err(EngineError::new(
                "bad_duration",
                "a hold stands for 1 ms at least and 400 days at most",
            ));
        }
        Ok(ttl)
    }

    fn live_hold(&self, now: i64, subject: &Subject, hold: HoldId) -> Option<Hold> {
        let found = self.find_hold(subject.holder, subject.entitlement, hold)?;
        (now < found.expires_on).then(|| found.clone())
    }

    fn find_hold(&self, holder: CustomerId, entitlement: NameId, hold: HoldId) -> Option<&Hold> {
        let mut holds = self.customers.get(holder)?.holds().iter();
        holds.find(|found| found.number == hold.number() && found.entitlement == entitlement)
    }

    /// Ends the hold with this ID on the subject's meter, and notes it.
    fn end_hold(&mut self, now: i64, subject: &Subject, hold: Option<HoldId>) -> Option<Hold> {
        let number = self.find_hold(subject.holder, subject.entitlement, hold?)?.number;
        let ended = self.take_hold(subject.holder, number)?;
        self.record_end(now, subject.holder, &ended);
        Some(ended)
    }

    fn drop_expired(&mut self, now: i64, at: CustomerId) {
        let Some(customer) = self.customers.get(at) else { return };
        let over = customer.holds().iter().filter(|hold| now >= hold.expires_on);
        for number in over.map(|hold| hold.number).collect::<Vec<_>>() {
            if let Some(ended) = self.take_hold(at, number) {
                self.record_end(now, at, &ended);
            }
        }
    }
}
