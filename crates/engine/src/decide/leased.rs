//! Whether what a call would spend is leased to this engine, and what its leases lose by it. Only engines that share get here.
//!
//! 1. A limit in mode hard: what the call uses of it, grants apart, and what this engine's holds reserve must be left of the lease. Of a call that
//!    may cross the limit only what is within counts: an engine whose lease has all that is left of the limit has the last units, so at
//!    most one call crosses.
//! 2. Each grant: what it loses. Each cap that denies: what the call adds, and what holds on it are worth.
//! 3. What isn't leased may be let through by the offline rule; else the call is denied, and all that it lacks is noted.

use super::{BoundBy, Call, Denial, Effect, Judged, Money, Subject, View};
use crate::customer::{CustomerId, Standing};
use crate::engine::Engine;
use crate::names::NameId;
use crate::policy::Mode;
use crate::quantity::Amount;
use crate::rules::LimitRules;
use crate::shares::{Kept, Key, Need, Source};

impl Engine {
    /// The denial of a call that may run but for what it would spend, which isn't leased to this engine. A forced one is never denied.
    #[allow(clippy::too_many_arguments)] // the whole of a call, once
    pub(super) fn unleased(
        &self,
        now: i64,
        subject: &Subject,
        rules: &LimitRules,
        view: &View,
        effect: &Effect,
        call: &Call<'_>,
        money: &mut Money,
    ) -> Option<Denial> {
        let shares = self.shares.as_deref().filter(|_| !call.force)?;
        if self.outbox.full {
            return Some(Denial::Lease { bound_by: None });
        }
        let (mut bound_by, mut source) = (None, Source::Local);
        let mut ask = |need: Need, by: BoundBy| {
            if !need.units.is_positive() {
                return;
            }
            match shares.admits(&need, now) {
                Some(Source::Lease) if source == Source::Offline => {}
                Some(from) => source = from,
                None => {
                    bound_by = bound_by.or(Some(by));
                    shares.dry.borrow_mut().push(need);
                }
            }
        };
        if rules.mode == Mode::Hard {
            ask(self.need_of_limit(subject, rules, view, effect), BoundBy::Limit);
            self.needs_of_grants(now, subject, rules, view, effect, money, &mut |need| {
                ask(need, BoundBy::Limit)
            });
        }
        self.needs_of_caps(now, money, &mut |need| ask(need, BoundBy::Cap));
        money.source = source;
        bound_by.map(|by| Denial::Lease { bound_by: Some(by) })
    }

    fn need_of_limit(&self, subject: &Subject, rules: &LimitRules, view: &View, effect: &Effect) -> Need {
        let spent = effect.diff.saturating_sub(effect.granted);
        let within = spent.min(rules.value.saturating_sub(view.used).max(Amount::ZERO));
        Need {
            holder: subject.holder,
            key: Key::Limit(subject.entitlement),
            period_start: match self.meter(subject) {
                Some(_) if view.over => view.period.start,
                Some(meter) => meter.period_start,
                None => i64::MIN, // its start is the server's to say
            },
            units: if within.is_positive() { within.saturating_add(view.held) } else { within },
        }
    }

    #[allow(clippy::too_many_arguments)] // the whole of a call, once
    fn needs_of_grants(
        &self,
        now: i64,
        subject: &Subject,
        rules: &LimitRules,
        view: &View,
        effect: &Effect,
        money: &Money,
        ask: &mut dyn FnMut(Need),
    ) {
        let holder = subject.holder;
        let Some(grants) = self.customers.get(holder).map(|customer| customer.grants()) else { return };
        for draw in &money.draws {
            let Some(grant) = grants.get(draw.at) else { continue };
            let (key, period_start) = (Key::Grant(grant.number), draw.before.period_start);
            ask(Need { holder, key, period_start, units: draw.taken });
        }
        // What holds reserve past the limit is to be covered by grants, too.
        let past = effect.used.saturating_sub(rules.value.max(view.used)).saturating_add(view.held);
        if !rules.grants || !view.held.is_positive() || past <= effect.granted {
            return;
        }
        let standing = |grant| Some((grant, self.standing(holder, grant, now)?));
        let standing = || grants.iter().filter_map(standing);
        let leased = standing().fold(Amount::ZERO, |sum, (grant, standing)| {
            let available = self.leased_of(now, holder, grant.number, &standing);
            sum.saturating_add(self.converted(available, grant.credit, rules.credit))
        });
        if leased < past {
            for (grant, standing) in standing() {
                let (key, period_start) = (Key::Grant(grant.number), standing.period_start);
                ask(Need { holder, key, period_start, units: standing.balance });
            }
        }
    }

    fn needs_of_caps(&self, now: i64, money: &Money, ask: &mut dyn FnMut(Need)) {
        for moved in &money.caps {
            let owner = self.customers.get(moved.holder);
            let Some(cap) = owner.and_then(|owner| owner.caps().get(moved.at)) else { continue };
            if cap.terms.observe_only || !moved.worth.is_positive() {
                continue;
            }
            let mut units = moved.counted.saturating_sub(moved.before);
            if cap.terms.hard_trailing {
                units = units.min(cap.terms.value.saturating_sub(moved.before).max(Amount::ZERO));
            }
            let (key, period_start) = (Key::Cap(cap.number), moved.period_start);
            let units = units.saturating_add(cap.held(now));
            ask(Need { holder: moved.holder, key, period_start, units });
        }
    }

    /// What may be taken of a grant's balance: in an engine that shares, what is leased of it.
    pub(super) fn leased_of(&self, now: i64, holder: CustomerId, grant: u64, standing: &Standing) -> Amount {
        let Some(shares) = &self.shares else { return standing.balance };
        let most = shares.at_most(holder, Key::Grant(grant), standing.period_start, now);
        standing.balance.min(most).max(Amount::ZERO)
    }

    /// Takes off leases what a call spent, once it is written.
    pub(super) fn spend_leases(&mut self, now: i64, judged: &Judged, effect: &Effect) {
        let Some(shares) = &mut self.shares else { return };
        let Judged { subject, terms, money, .. } = judged;
        let holder = subject.holder;
        let Some(customer) = self.customers.get(holder) else { return };
        if let Some(meter) = customer.meter(subject.entitlement) {
            let (key, period_start) = (Key::Limit(subject.entitlement), meter.period_start);
            let units = effect.diff.saturating_sub(effect.granted);
            shares.spend(Need { holder, key, period_start, units }, now, terms.mode == Mode::Hard);
        }
        let Some(money) = money.as_deref() else { return };
        for draw in &money.draws {
            let Some(grant) = customer.grants().get(draw.at) else { continue };
            let (key, period_start) = (Key::Grant(grant.number), draw.before.period_start);
            shares.spend(Need { holder, key, period_start, units: draw.taken }, now, true);
        }
        for moved in &money.caps {
            let owner = self.customers.get(moved.holder);
            let Some(cap) = owner.and_then(|owner| owner.caps().get(moved.at)) else { continue };
            let (key, period_start) = (Key::Cap(cap.number), moved.period_start);
            let units = moved.counted.saturating_sub(moved.before);
            let need = Need { holder: moved.holder, key, period_start, units };
            shares.spend(need, now, !cap.terms.observe_only);
        }
        if money.cut {
            self.want_grants(now, holder, terms.credit, effect.overage);
        }
    }

    /// Notes that `units` of `credit` weren't covered for want of leases on grants.
    fn want_grants(&mut self, now: i64, holder: CustomerId, credit: NameId, units: Amount) {
        let Some(customer) = self.customers.get(holder) else { return };
        let wanted = customer.grants().iter().filter_map(|grant| {
            let standing = self.standing(holder, grant, now)?;
            let spare = standing.balance.saturating_sub(self.leased_of(now, holder, grant.number, &standing));
            let units = self.converted(units, credit, grant.credit).min(spare);
            let (key, period_start) = (Key::Grant(grant.number), standing.period_start);
            units.is_positive().then_some(Need { holder, key, period_start, units })
        });
        let wanted: Vec<Need> = wanted.collect();
        if let Some(shares) = &mut self.shares {
            wanted.into_iter().for_each(|need| shares.want(need));
        }
    }

    /// Forgets what the call before lacked.
    #[inline]
    pub(super) fn forget_dry(&self) {
        if let Some(shares) = &self.shares {
            shares.dry.borrow_mut().clear();
        }
    }

    pub(super) fn copy_of_shares(&self, of: CustomerId) -> Kept {
        self.shares.as_ref().map(|shares| shares.copy_of(of)).unwrap_or_default()
    }
}
