//! Plain calls: units by number or increment on a meter whose period runs, where the caller's own limit has the only say: no grants, caps,
//! holds, overrides or governor, and no cost of yours. They take a short way each, which answers, writes, tells and records what the
//! steps of a decision would: properties compare them.
//!
//! * [`super::within`]: it stays within its limit and nobody is told. A few numbers move.
//! * Here: all other plain calls of `allow`, in an engine that shares nothing. They pass a limit that lets them, are denied by one
//!   that doesn't, or are told.

use smol_str::SmolStr;

use super::remaining::countable;
use super::tell::told;
use super::{Ask, Call, Given, Reason, Terms, bill};
use crate::change::Metered;
use crate::customer::{CustomerId, Customers, Meter, Rest, Sums};
use crate::engine::Engine;
use crate::event::{MeterEvent, MeterEventKind};
use crate::names::NameId;
use crate::policy::Mode;
use crate::pricing::Bill;
use crate::quantity::Amount;
use crate::rules::{LimitRules, NameTables, Rules};

/// A plain call, before it is judged.
pub(super) struct Plain<'a> {
    pub(super) plan: NameId,
    pub(super) limit: &'a LimitRules,
    /// The caller's ID.
    id: &'a SmolStr,
    rest: Option<&'a Rest>,
    /// The meter's place among the caller's.
    pub(super) at: usize,
    pub(super) meter: &'a mut Meter,
    /// What is asked for, at least 0.
    pub(super) diff: Amount,
    /// The same as a double.
    pub(super) units: f64,
}

/// What a call moves on its meter.
struct Moved {
    used: Amount,
    /// Units newly past the limit.
    overage: Amount,
    bill: Option<Bill>,
}

/// The call, if it is plain.
#[inline(always)] // as part of the ways that begin with it
pub(super) fn find<'a>(
    customers: &'a mut Customers,
    rules: &'a Rules,
    now: i64,
    (caller, entitlement): (CustomerId, NameId),
    call: &Call<'_>,
) -> Option<Plain<'a>> {
    if call.overhead.is_some() || !call.caps.is_empty() {
        return None;
    }
    let caps_bind_others = customers.any_shares_caps();
    let caller = customers.get_mut(caller)?;
    if caller.rest.as_ref().is_some_and(|rest| rest.has_a_say()) {
        return None;
    }
    // References may have a plan for it, or caps.
    let plan = match caller.plan {
        Some(plan) if caller.refs.is_empty() || !caps_bind_others => plan,
        None if caller.refs.is_empty() => rules.default_plan?,
        _ => return None,
    };
    let rules = rules.plan(plan)?.entitlement(entitlement)?;
    if rules.scope.is_some_and(|scope| scope != caller.kind) {
        return None;
    }
    let limit = rules.limit.as_ref().filter(|limit| limit.is_plain())?;
    let (diff, units) = match call.ask {
        Ask::By(Given::Number(value)) if value >= 0.0 => {
            let diff = Amount::from_f64(value).ok()?;
            // A whole number comes back as it went in: no need to divide again.
            (diff, if value as i64 as f64 == value { value } else { diff.to_f64() })
        }
        Ask::Increment if !limit.increment.is_negative() => (limit.increment, limit.increment.to_f64()),
        _ => return None,
    };
    let at = caller.meter_at(entitlement).ok()?;
    let meter = caller.meters.get_mut(at)?;
    let granted = !meter.is_plain() && !meter.sums().granted.is_zero();
    if granted || limit.renewal.period(meter.start, now).start > meter.period_start {
        return None;
    }
    Some(Plain { plan, limit, id: &caller.id, rest: caller.rest.as_deref(), at, meter, diff, units })
}

impl Engine {
    /// Decides a plain call, meters and tells it; `None`: it isn't plain, or more has to be asked.
    #[inline(never)] // the way within the limit stays short
    pub(super) fn allow_plain(
        &mut self,
        now: i64,
        customer: CustomerId,
        entitlement: NameId,
        call: &Call<'_>,
    ) -> Option<bool> {
        let outbox = &mut self.outbox;
        let telling = outbox.listening && call.events;
        let full = (telling || outbox.recording) && outbox.check_room().is_err();
        if full || (telling && !self.rules.policy.notifications.is_empty()) || self.shares.is_some() {
            return None;
        }
        let mut plain = find(&mut self.customers, &self.rules, now, (customer, entitlement), call)?;
        if let Some(excess) = plain.denied() {
            if call.force {
                return None;
            }
            if telling {
                let event = plain.event(MeterEventKind::Limit, plain.meter.value, self.rules.version);
                outbox.tell(MeterEvent { overage: Some(excess), ..event });
            }
            return Some(false);
        }
        let moved = plain.judge()?;
        if plain.diff.is_zero() {
            return Some(true);
        }
        if telling {
            plain.tell(&moved, self.rules.version, |event| outbox.tell(event));
        }
        plain.write(now, &moved);
        if outbox.recording {
            let Plain { plan, limit, id, meter, diff, .. } = &plain;
            let record = record(&self.names, self.rules.version, id, (*plan, limit.credit), meter, *diff);
            outbox.record_metered(now, &moved.recorded(record));
        }
        Some(true)
    }
}

impl Plain<'_> {
    /// What doesn't fit, if the limit denies it.
    #[inline(always)]
    fn denied(&self) -> Option<Amount> {
        let (old, LimitRules { mode, value, trailing, .. }) = (self.meter.value, self.limit);
        if *mode != Mode::Hard {
            return None;
        }
        if *trailing {
            return (old >= *value).then_some(self.diff);
        }
        let excess = self.past(old.saturating_add(self.diff));
        (self.diff.is_positive() && excess.is_positive()).then_some(excess)
    }

    /// What passes the limit anew by using so much; below 0, what is left under it.
    #[inline(always)]
    fn past(&self, used: Amount) -> Amount {
        used.saturating_sub(self.limit.value.max(self.meter.value))
    }

    /// What it moves; `None`: more than can be counted.
    #[inline(always)]
    fn judge(&self) -> Option<Moved> {
        let old = self.meter.value;
        let used = Some(old.saturating_add(self.diff)).filter(|used| *used <= Amount::LIMIT)?;
        let overage = match self.limit.mode {
            Mode::Observe => Amount::ZERO,
            Mode::Hard | Mode::Soft => self.past(used).max(Amount::ZERO),
        };
        let bill = bill::between(self.limit, Some(self.meter), (old, used), Amount::ZERO).ok()?;
        Some(Moved { used, overage, bill })
    }

    /// Tells of it, before it is written.
    #[inline(always)]
    fn tell(&self, moved: &Moved, policy_version: u64, tell: impl FnOnce(MeterEvent)) {
        let over = moved.overage.is_positive();
        let kind = if over { MeterEventKind::Overage } else { MeterEventKind::Changed };
        let [price_diff, overage_price] = told(moved.bill, over);
        tell(MeterEvent {
            overage: over.then_some(moved.overage),
            price_diff,
            overage_price,
            ..self.event(kind, moved.used, policy_version)
        });
    }

    /// An event of the meter, which stands at `used` afterwards.
    #[inline(always)] // it is large: put together where it stays
    fn event(&self, kind: MeterEventKind, used: Amount, policy_version: u64) -> MeterEvent {
        MeterEvent {
            kind,
            holder: self.id.clone(),
            caller: None,
            has_alts: self.rest.is_some_and(|rest| !rest.alts.is_empty()),
            entitlement: self.meter.entitlement,
            plan: self.plan,
            credit: self.limit.credit,
            old: self.meter.value,
            value: used,
            limit: self.limit.value,
            diff: self.diff,
            overhead: self.meter.sums().overhead,
            overhead_diff: Amount::ZERO,
            price_diff: None,
            remaining: Terms::of(self.limit).room(used, Amount::ZERO).map(countable),
            overage: None,
            overage_price: None,
            granted: None,
            governor: None,
            policy_version,
        }
    }

    /// Writes it.
    #[inline(always)]
    fn write(&mut self, now: i64, moved: &Moved) {
        self.meter.value = moved.used;
        if moved.bill.is_some() || !self.meter.is_plain() {
            let sums = self.meter.sums();
            let billed = moved.bill.map_or(sums.billed, |bill| bill.billed);
            self.meter.set_sums(Sums { billed, spent: Amount::ZERO, ..sums });
        }
        self.meter.pace.observe(self.units, now, self.limit.alpha);
    }
}

impl Moved {
    /// What is recorded of it.
    #[inline(always)]
    fn recorded<'a>(&self, record: Metered<&'a str>) -> Metered<&'a str> {
        Metered {
            reason: if self.overage.is_positive() { Reason::Overage } else { Reason::Ok },
            overage: self.overage,
            price: self.bill.map_or(Amount::ZERO, |bill| bill.price),
            overage_price: self.bill.map_or(Amount::ZERO, |bill| bill.overage_price),
            ..record
        }
    }
}

/// What is recorded of a plain call that stays within its limit, once it is written to `meter`.
#[inline(always)]
pub(super) fn record<'a>(
    names: &'a NameTables,
    policy_version: u64,
    id: &'a str,
    (plan, credit): (NameId, NameId),
    meter: &Meter,
    units: Amount,
) -> Metered<&'a str> {
    Metered {
        holder: id,
        caller: id,
        entitlement: names.entitlements.text(meter.entitlement),
        credit: names.credits.text(credit),
        plan: names.plans.text(plan),
        policy_version,
        reason: Reason::Ok,
        period_start: meter.period_start,
        units,
        overage: Amount::ZERO,
        granted: Amount::ZERO,
        granted_diff: Amount::ZERO,
        overhead: Amount::ZERO,
        price: Amount::ZERO,
        overage_price: Amount::ZERO,
        spent: Amount::ZERO,
        pace: meter.pace,
    }
}
