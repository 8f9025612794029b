//! An engine that shares limits, caps and grants with others, under Limitr Cloud: it is told what is leased to it, says what it lacks, and what
//! others did is merged into what it knows.

use crate::change::{CapCounted, Change, Effected, GrantDrawn, Metered};
use crate::customer::{Customer, CustomerId, Meter, Sums};
use crate::decide::Resolved;
use crate::engine::Engine;
use crate::error::EngineError;
use crate::names::NameId;
use crate::policy::{Mode, Policy};
use crate::quantity::Amount;
use crate::shares::{Key, Need, Shares};
use crate::spend::{Spend, What};

/// What there is of a limit, cap or grant at a moment, to be shared out among engines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shareable {
    /// How much in the period.
    pub limit: Amount,
    /// When the period began, in milliseconds since the epoch.
    pub period_start: i64,
    /// When it ends; `None`: never.
    pub period_end: Option<i64>,
}

impl Engine {
    /// Shares limits, caps and grants with other engines from now on: what isn't leased to this one is dry, and changes are recorded. Grants, caps
    /// and holds get numbers from `range` on, a random place of its own, since customers don't count for several engines.
    ///
    /// ```
    /// # use limitr_engine::{Ask, Call, Engine, What, quantity::Amount};
    /// # let mut engine = Engine::example()?;
    /// engine.share(1 << 40);
    /// let call = Call::new(Ask::by(10.0));
    /// assert!(!engine.allow(0, "user_1", "chat", &call)?, "there is room, but nothing is leased");
    /// let dry = engine.dry();
    /// engine.set_lease(&dry[0].customer, &dry[0].what, dry[0].period_start, Amount::from_int(15), 60_000);
    /// assert!(engine.allow(0, "user_1", "chat", &call)?);
    /// # Ok::<(), limitr_engine::EngineError>(())
    /// ```
    pub fn share(&mut self, range: u64) {
        self.outbox.recording = true;
        self.shares = Some(Box::new(Shares::new(range)));
    }

    /// Says what this engine may spend of a limit, cap or grant in a period, until a time: `left` units from now on. What isn't here is
    /// passed over; so is a period that is over.
    pub fn set_lease(&mut self, customer: &str, what: &What, period_start: i64, left: Amount, until: i64) {
        let Some((holder, key)) = self.share_of(customer, what) else { return };
        if let Some(shares) = &mut self.shares {
            shares.set(Need { holder, key, period_start, units: left }, until);
        }
    }

    /// Ends what was leased of a limit, cap or grant.
    pub fn end_lease(&mut self, customer: &str, what: &What) {
        let Some((holder, key)) = self.share_of(customer, what) else { return };
        if let Some(shares) = &mut self.shares {
            shares.end(holder, key);
        }
    }

    /// Says how many units of each limit, cap and grant may be spent in a period beyond what is leased, as no server can be asked; `None`: none.
    pub fn set_offline(&mut self, most: Option<Amount>) {
        if let Some(shares) = &mut self.shares {
            shares.offline = most;
        }
    }

    /// Says whether no more is to be recorded: calls are denied then, with the reason `lease`, and whatever else would leave a change is
    /// `outbox_full`.
    pub fn set_full(&mut self, full: bool) {
        self.outbox.full = full;
    }

    /// Takes what the last call was denied for want of; nothing, unless its reason was `lease`.
    pub fn dry(&self) -> Vec<Spend> {
        let needs = self.shares.as_ref().map(|shares| shares.dry.take()).unwrap_or_default();
        needs.iter().filter_map(|need| self.spend_of(need)).collect()
    }

    /// Takes what grants would have covered of calls that ran all the same, had it been leased.
    pub fn take_wanted(&mut self) -> Vec<Spend> {
        let needs = self.shares.as_mut().map(|shares| std::mem::take(&mut shares.wanted)).unwrap_or_default();
        needs.iter().filter_map(|need| self.spend_of(need)).collect()
    }

    /// What holds reserve of a limit or a cap at `now`, and when the last of them ends.
    pub fn reserved(&self, now: i64, customer: &str, what: &What) -> (Amount, i64) {
        let now = self.observe(now);
        let Some((holder, key)) = self.share_of(customer, what) else { return (Amount::ZERO, now) };
        let Some(customer) = self.customers.get(holder) else { return (Amount::ZERO, now) };
        let live = |sum: (Amount, i64), units: Amount, end: i64| match now < end {
            true => (sum.0.saturating_add(units), sum.1.max(end)),
            false => sum,
        };
        match key {
            Key::Limit(entitlement) => {
                let holds = customer.holds().iter().filter(|hold| hold.entitlement == entitlement);
                holds.fold((Amount::ZERO, now), |sum, hold| live(sum, hold.units, hold.expires_on))
            }
            Key::Cap(number) => {
                let holds =
                    customer.caps().iter().filter(|cap| cap.number == number).flat_map(|cap| &cap.holds);
                holds.fold((Amount::ZERO, now), |sum, hold| live(sum, hold.worth, hold.expires_on))
            }
            Key::Grant(_) => (Amount::ZERO, now),
        }
    }

    pub(crate) fn forget_shares(&mut self, at: CustomerId) {
        if let Some(shares) = &mut self.shares {
            shares.forget(at);
        }
    }

    fn share_of(&self, customer: &str, what: &What) -> Option<(CustomerId, Key)> {
        let holder = self.customers.find(customer)?;
        let key = match what {
            What::Limit(entitlement) => Key::Limit(self.names.entitlements.find(entitlement)?),
            What::Cap(id) => Key::Cap(self.customers.get(holder)?.cap(id)?.1.number),
            What::Grant(number) => Key::Grant(*number),
        };
        Some((holder, key))
    }

    fn spend_of(&self, need: &Need) -> Option<Spend> {
        let holder = self.customers.get(need.holder)?;
        let what = match need.key {
            Key::Limit(entitlement) => What::Limit(self.names.entitlements.text(entitlement).into()),
            Key::Cap(number) => What::Cap(holder.caps().iter().find(|cap| cap.number == number)?.id.clone()),
            Key::Grant(number) => What::Grant(number),
        };
        let customer = holder.id.as_str().into();
        Some(Spend { customer, what, period_start: need.period_start, units: need.units })
    }

    /// Puts the server's `policy` in force under the server's number. What the document seeds is the server's to create.
    ///
    /// # Errors
    /// As [`Engine::update_policy`].
    pub fn take_policy(&mut self, now: i64, policy: Policy, version: u64) -> Result<(), EngineError> {
        self.put_in_force(now, policy, version)
    }

    /// Merges what another engine did, as sums: a change of the present period adds up, of a later one begins it, of an earlier one does
    /// nothing, and neither does one that speaks of what isn't here. How fast a meter moves, and its governor, stay this engine's own. The
    /// time isn't moved past `now`, nothing is recorded, and no event is sent.
    ///
    /// # Errors
    /// `invalid_change`, `amount_out_of_range`. Nothing changes then.
    pub fn merge_change(&mut self, now: i64, change: &Change) -> Result<(), EngineError> {
        let at = change.at.min(self.observe(now));
        let holder = change.effect.holder().and_then(|holder| self.customers.find(holder));
        match (holder, &change.effect) {
            (None, Effected::CustomerSet { .. }) => self.restore_at(at, change),
            (None, _) => Ok(()),
            (Some(holder), Effected::Metered(metered)) => self.merge_metered(holder, metered),
            (Some(holder), Effected::PeriodBegan { entitlement, period_start, .. }) => {
                self.merge_period(holder, entitlement, *period_start);
                Ok(())
            }
            (Some(holder), Effected::MetersStarted { entitlements, ended, .. }) => {
                self.merge_started(holder, change.at, entitlements, ended);
                Ok(())
            }
            (Some(holder), Effected::CapCounted(counted)) => self.merge_counted(holder, counted),
            (Some(holder), Effected::GrantDrawn(drawn)) => self.merge_drawn(holder, drawn),
            (Some(holder), Effected::GrantRenewed { grant, .. }) => {
                let known = self.customers.get(holder).is_some_and(|holder| holder.has_grant(*grant));
                if known { self.restore_at(at, change) } else { Ok(()) }
            }
            _ => self.restore_at(at, change),
        }
    }

    /// Whether a customer's limit, cap or grant is shared out among engines: a limit in mode hard, a cap that denies, any grant.
    pub fn is_shared(&self, now: i64, customer: &str, what: &What) -> bool {
        match what {
            What::Limit(entitlement) => {
                self.rules_for(now, customer, entitlement).is_some_and(|rules| rules.mode == Mode::Hard)
            }
            What::Cap(id) => {
                let holder = self.customers.find(customer).and_then(|at| self.customers.get(at));
                holder.and_then(|holder| holder.cap(id)).is_some_and(|(_, cap)| !cap.terms.observe_only)
            }
            What::Grant(_) => true,
        }
    }

    /// What there is of a customer's limit, cap or grant to be shared out at `now`; `None` where there is no such thing, or where it isn't
    /// [shared](Engine::is_shared).
    pub fn shareable(&self, now: i64, customer: &str, what: &What) -> Option<Shareable> {
        let now = self.observe(now);
        let end = |end: i64| (end != i64::MAX).then_some(end);
        match what {
            What::Limit(entitlement) => {
                let rules =
                    self.rules_for(now, customer, entitlement).filter(|rules| rules.mode == Mode::Hard)?;
                let meter = self.meter_at(now, customer, entitlement)?;
                let period_end = self.resets(now, customer, entitlement);
                Some(Shareable { limit: rules.value, period_start: meter.period_start, period_end })
            }
            What::Cap(id) => {
                let (_, cap) = self.customer(customer)?.cap(id)?;
                let period = cap.view(now).period;
                let live = cap.terms.is_live(now) && !cap.terms.observe_only;
                let (period_start, period_end) = (period.start, end(period.end));
                live.then_some(Shareable { limit: cap.terms.value, period_start, period_end })
            }
            What::Grant(number) => {
                let grant = self.customer(customer)?.grants().iter().find(|grant| grant.number == *number)?;
                let (period_start, period_end) = (grant.period_start, grant.expires_on);
                let live = period_end.is_none_or(|end| now < end);
                live.then_some(Shareable { limit: grant.balance, period_start, period_end })
            }
        }
    }

    /// When the period began that `at` lies in, of a meter that a customer has; `None` where it has none that is limited.
    pub fn period_start_at(&self, at: i64, customer: &str, entitlement: &str) -> Option<i64> {
        let rules = self.rules_for(at, customer, entitlement)?;
        let meter = self.customer(customer)?.meter(self.names.entitlements.find(entitlement)?)?;
        Some(rules.renewal.period(meter.start, at.max(meter.start)).start)
    }

    /// Starts the meter of a limit that a customer holds and never used, such as one that a later policy added; whether there was none before.
    ///
    /// # Errors
    /// `outbox_full`.
    pub fn start_meter(&mut self, now: i64, customer: &str, entitlement: &str) -> Result<bool, EngineError> {
        let now = self.observe(now);
        self.outbox.check_room()?;
        let Resolved::Metered { subject, .. } = self.resolve(now, customer, entitlement) else {
            return Ok(false);
        };
        let holder = self.customers.get_mut(subject.holder).filter(|holder| *holder.id == *customer);
        let Some(holder) = holder.filter(|holder| holder.meter(subject.entitlement).is_none()) else {
            return Ok(false);
        };
        holder.put_meter(Meter::new(subject.entitlement, now));
        let started = self.names.entitlements.text(subject.entitlement);
        self.outbox.record(now, || Effected::MetersStarted {
            holder: &*holder.id,
            entitlements: vec![started],
            ended: Vec::new(),
        });
        Ok(true)
    }

    fn restore_at(&mut self, at: i64, change: &Change) -> Result<(), EngineError> {
        self.restore_change(&Change { at, ..change.clone() })
    }

    /// Meters start when the change says, also where this engine's clock is behind: their periods are to be the same everywhere. One that has this
    /// start already goes on.
    fn merge_started(&mut self, at: CustomerId, start: i64, started: &[Box<str>], ended: &[Box<str>]) {
        let mut ids = |names: &[Box<str>]| -> Vec<NameId> {
            names.iter().map(|name| self.names.entitlements.intern(name)).collect()
        };
        let (started, ended) = (ids(started), ids(ended));
        let Some(holder) = self.customers.get_mut(at) else { return };
        ended.into_iter().for_each(|entitlement| holder.drop_meter(entitlement));
        for entitlement in started {
            match holder.meter(entitlement) {
                Some(meter) if meter.start == start => {}
                // What this engine used of it already is counted in that period, too.
                Some(meter) if meter.start > start => {
                    holder.put_meter(Meter { start, period_start: start, ..meter.clone() });
                    if let Some(shares) = &mut self.shares {
                        shares.restart(at, Key::Limit(entitlement), start);
                    }
                }
                _ => holder.put_meter(Meter::new(entitlement, start)),
            }
        }
    }

    /// Begins a meter's period if it is a later one; whether the meter stands in it then.
    fn merge_period(&mut self, holder: CustomerId, entitlement: &str, period_start: i64) -> Option<NameId> {
        let entitlement = self.names.entitlements.intern(entitlement);
        let holder = self.customers.get_mut(holder)?;
        let begun = holder.meter(entitlement).map(|meter| meter.period_start);
        if begun.is_none_or(|begun| begun < period_start) {
            holder.meter_mut(entitlement, period_start)?.begin(period_start);
        }
        begun.is_none_or(|begun| begun <= period_start).then_some(entitlement)
    }

    fn merge_metered(&mut self, at: CustomerId, metered: &Metered) -> Result<(), EngineError> {
        let Some(entitlement) = self.merge_period(at, &metered.entitlement, metered.period_start) else {
            return Ok(());
        };
        let Some(meter) = self.customers.get_mut(at).and_then(|c| c.meter_mut(entitlement, 0)) else {
            return Ok(());
        };
        let sums = meter.sums();
        let value = meter.value.checked_add(metered.units)?;
        let merged = Sums {
            overhead: sums.overhead.checked_add(metered.overhead)?,
            billed: sums.billed.checked_add(metered.overage_price)?.max(Amount::ZERO),
            granted: sums.granted.checked_add(metered.granted_diff)?.max(Amount::ZERO),
            ..sums
        };
        meter.value = value;
        meter.set_sums(merged);
        Ok(())
    }

    fn merge_counted(&mut self, at: CustomerId, counted: &CapCounted) -> Result<(), EngineError> {
        let Some(holder) = self.customers.get_mut(at) else { return Ok(()) };
        let cap = holder.rest.as_mut().and_then(|rest| {
            rest.caps.iter_mut().find(|cap| cap.id == counted.cap && cap.period_start <= counted.period_start)
        });
        let Some(cap) = cap else { return Ok(()) };
        let begins = cap.period_start < counted.period_start;
        let before = if begins { Amount::ZERO } else { cap.counted };
        cap.counted = before.checked_add(counted.diff)?;
        cap.crossed = counted.crossed || (cap.crossed && !begins);
        cap.period_start = counted.period_start;
        Ok(())
    }

    fn merge_drawn(&mut self, at: CustomerId, drawn: &GrantDrawn) -> Result<(), EngineError> {
        let Some(holder) = self.customers.get_mut(at) else { return Ok(()) };
        let grant = holder
            .rest
            .as_mut()
            .and_then(|rest| rest.grants.iter_mut().find(|grant| grant.number == drawn.grant));
        let Some(grant) = grant else { return Ok(()) };
        grant.balance = grant.balance.checked_sub(drawn.taken)?;
        grant.period_start = grant.period_start.max(drawn.period_start);
        Ok(())
    }
}

impl Customer {
    fn has_grant(&self, number: u64) -> bool {
        self.grants().iter().any(|grant| grant.number == number)
    }
}
