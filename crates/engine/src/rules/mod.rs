//! A policy made ready for deciding: names become [`NameId`]s, quantities stand in their credit's unit, and what a
//! decision needs of a limit lies together.
//!
//! The [`Policy`] it came from is kept beside it: reads that show the document answer from there.

mod topup;

use std::cell::Cell;

pub(crate) use topup::TopupRules;

use crate::error::EngineError;
use crate::names::{NameId, Names};
use crate::order::sort_by_key;
use crate::policy::{Limit, Mode, Policy};
use crate::pricing::{CreditPrice, Rates};
use crate::quantity::{Amount, Duration, Schedule, Unit};

/// When a limit renews unless it says otherwise: 30 days, in milliseconds.
const RENEWAL_DEFAULT_MS: i64 = 30 * 86_400_000;

/// The name tables of an engine. They only grow, so that an ID means the same in every policy version.
#[derive(Clone, Debug)]
pub struct NameTables {
    /// Names of plans.
    pub plans: Names,
    /// Names of entitlements, whichever plans have them.
    pub entitlements: Names,
    /// Names of credits.
    pub credits: Names,
    /// Customer types, such as `user` and `org`.
    pub types: Names,
    /// Names of topups, whichever plans have them.
    pub topups: Names,
}

impl NameTables {
    /// Empty tables hashed with `seed`.
    pub fn new(seed: u64) -> NameTables {
        NameTables {
            plans: Names::new(seed),
            entitlements: Names::new(seed),
            credits: Names::new(seed),
            types: Names::new(seed),
            topups: Names::new(seed),
        }
    }
}

/// One version of a policy, ready for deciding.
#[derive(Clone, Debug)]
pub(crate) struct Rules {
    /// Counts the policy's versions in this engine, from 1.
    pub version: u64,
    /// The document.
    pub policy: Policy,
    /// The plan of customers that name none.
    pub default_plan: Option<NameId>,
    /// What credits and currencies are worth in one another.
    pub rates: Rates,
    plans: Vec<Option<PlanRules>>,
    anywhere: Vec<bool>,
}

/// A plan's entitlements and topups, each sorted by name ID.
#[derive(Clone, Debug, Default)]
pub(crate) struct PlanRules {
    entitlements: Vec<(NameId, EntitlementRules)>,
    topups: Vec<(NameId, TopupRules)>,
}

/// What an entitlement allows: without `limit` it is a feature flag.
#[derive(Clone, Debug)]
pub(crate) struct EntitlementRules {
    /// The customer type that holds the meter; `None`: the caller.
    pub scope: Option<NameId>,
    /// What limits it.
    pub limit: Option<LimitRules>,
}

/// A limit with everything that a decision reads.
#[derive(Clone, Debug)]
pub struct LimitRules {
    /// What the meter counts.
    pub credit: NameId,
    /// The unit of the meter.
    pub unit: Option<Unit>,
    /// What happens at the limit.
    pub mode: Mode,
    /// How much is included, in the credit's unit.
    pub value: Amount,
    /// What `increment` adds.
    pub increment: Amount,
    /// The floor of decreases.
    pub floor: Amount,
    /// Hard only: judge the meter before the call.
    pub trailing: bool,
    /// Whether grants cover what passes the limit.
    pub grants: bool,
    /// Weight of the newest movement in the rate, within 0…1.
    pub alpha: f64,
    /// When the meter starts anew.
    pub renewal: Renewal,
    /// Bursts, in hard mode.
    pub governor: Option<Governor>,
    /// Your cost for one unit, in runes.
    pub overhead_cost: Amount,
    /// What units past the limit are sold for.
    pub(crate) price: Option<Box<CreditPrice>>,
}

/// A token bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Governor {
    /// The most tokens that it holds, in the credit's unit.
    pub capacity: Amount,
    /// Tokens that come back each millisecond.
    pub refill: Amount,
}

/// A span of time in which a meter counts: `start` belongs to it, `end` to the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Period {
    /// First millisecond.
    pub start: i64,
    /// First millisecond of the next period; `i64::MAX` if there is none.
    pub end: i64,
}

impl Period {
    /// When the next one begins, in milliseconds since the epoch.
    #[inline]
    pub fn resets_at(&self) -> Option<i64> {
        (self.end != i64::MAX).then_some(self.end)
    }
}

/// When a meter starts anew.
#[derive(Clone, Debug)]
pub enum Renewal {
    /// It never does.
    Never,
    /// Every so many milliseconds, counted from the meter's start.
    Every(i64),
    /// At a calendar's boundaries. The window that was asked for last is kept: all customers share the calendar.
    Calendar {
        /// The calendar.
        schedule: Schedule,
        /// The window that was computed last.
        window: Cell<Period>,
    },
}

impl Renewal {
    /// The period at `now` of a meter that started at `start`.
    #[inline(always)]
    pub fn period(&self, start: i64, now: i64) -> Period {
        match self {
            Renewal::Never => Period { start, end: i64::MAX },
            Renewal::Every(length) => {
                let passed = now.saturating_sub(start).max(0);
                if passed < *length {
                    return Period { start, end: start.saturating_add(*length) };
                }
                let rest = passed.checked_rem(*length).unwrap_or(passed);
                let begun = start.saturating_add(passed.saturating_sub(rest));
                Period { start: begun, end: begun.saturating_add(*length) }
            }
            Renewal::Calendar { schedule, window } => {
                let mut at = window.get();
                if now < at.start || now >= at.end {
                    at = Period { start: schedule.latest(now), end: schedule.next(now) };
                    window.set(at);
                }
                Period { start: at.start.max(start), end: at.end }
            }
        }
    }
}

impl Renewal {
    /// How many periods began after the one at `period_start`, up to and with the one at `now`; at most `most`.
    pub(crate) fn begun_since(&self, start: i64, period_start: i64, now: i64, most: u32) -> u32 {
        match self {
            Renewal::Never => 0,
            Renewal::Every(length) => {
                let passed = |at: i64| at.saturating_sub(start).max(0).checked_div(*length).unwrap_or(0);
                let begun = passed(now).saturating_sub(passed(period_start)).clamp(0, i64::from(most));
                u32::try_from(begun).unwrap_or(most)
            }
            Renewal::Calendar { schedule, .. } => {
                let (mut begun, mut at) = (0_u32, schedule.next(period_start));
                while at <= now && begun < most {
                    begun = begun.saturating_add(1);
                    at = schedule.next(at);
                }
                begun
            }
        }
    }
}

impl Rules {
    /// Those of no policy at all.
    pub(crate) fn none(names: &mut NameTables) -> Rules {
        let policy = Policy::default();
        let rates = Rates::compile(&policy, names);
        Rules { version: 0, policy, default_plan: None, rates, plans: Vec::new(), anywhere: Vec::new() }
    }

    /// Compiles `policy` as version `version`, naming what is new in `names`.
    ///
    /// # Errors
    /// `unknown_credit`, `unit_mismatch` and their like, where the policy was loaded without validation.
    pub(crate) fn compile(
        policy: Policy,
        version: u64,
        names: &mut NameTables,
    ) -> Result<Rules, EngineError> {
        let rates = Rates::compile(&policy, names);
        let mut plans = Vec::new();
        let mut anywhere = Vec::new();
        let mut default_plan = None;
        for (plan_name, plan) in &policy.plans {
            let id = names.plans.intern(plan_name);
            if plan.default && default_plan.is_none() {
                default_plan = Some(id);
            }
            let mut entitlements = Vec::with_capacity(plan.entitlements.len());
            for (name, entitlement) in &plan.entitlements {
                let scope = entitlement.scope.as_deref().map(|scope| names.types.intern(scope));
                let limit = match &entitlement.limit {
                    Some(limit) => Some(LimitRules::compile(limit, &policy, names)?),
                    None => None,
                };
                let name = names.entitlements.intern(name);
                put(&mut anywhere, name, true);
                entitlements.push((name, EntitlementRules { scope, limit }));
            }
            sort_by_key(&mut entitlements, |(name, _)| *name);
            let mut topups = Vec::with_capacity(plan.topups.len());
            for (name, topup) in &plan.topups {
                let rules = TopupRules::compile(topup, &policy, names)?;
                topups.push((names.topups.intern(name), rules));
            }
            sort_by_key(&mut topups, |(name, _)| *name);
            put(&mut plans, id, Some(PlanRules { entitlements, topups }));
        }
        Ok(Rules { version, policy, default_plan, rates, plans, anywhere })
    }

    /// The plan, if this version has it.
    #[inline]
    pub(crate) fn plan(&self, id: NameId) -> Option<&PlanRules> {
        self.plans.get(id.index())?.as_ref()
    }

    /// Whether any plan has the entitlement.
    pub(crate) fn has_anywhere(&self, entitlement: NameId) -> bool {
        self.anywhere.get(entitlement.index()).copied().unwrap_or(false)
    }
}

impl PlanRules {
    /// The entitlement, if the plan has it.
    #[inline(always)]
    pub(crate) fn entitlement(&self, name: NameId) -> Option<&EntitlementRules> {
        // Where a plan has all entitlements there are, each stands at its own number.
        match self.entitlements.get(name.index()) {
            Some((known, rules)) if *known == name => Some(rules),
            _ => self.entitlement_among(name),
        }
    }

    fn entitlement_among(&self, name: NameId) -> Option<&EntitlementRules> {
        let at = self.entitlements.binary_search_by_key(&name, |(name, _)| *name).ok()?;
        self.entitlements.get(at).map(|(_, rules)| rules)
    }

    /// The topup, if the plan has it.
    pub(crate) fn topup(&self, name: NameId) -> Option<&TopupRules> {
        let at = self.topups.binary_search_by_key(&name, |(name, _)| *name).ok()?;
        self.topups.get(at).map(|(_, rules)| rules)
    }

    /// All topups, by name ID.
    pub(crate) fn topups(&self) -> impl Iterator<Item = (NameId, &TopupRules)> {
        self.topups.iter().map(|(name, rules)| (*name, rules))
    }

    /// All entitlements, by name ID.
    pub(crate) fn entitlements(&self) -> impl Iterator<Item = (NameId, &EntitlementRules)> {
        self.entitlements.iter().map(|(name, rules)| (*name, rules))
    }
}

impl LimitRules {
    /// Whether a call within the limit has nothing else to ask and costs you nothing.
    #[inline]
    pub(crate) fn is_plain(&self) -> bool {
        self.governor.is_none() && self.overhead_cost.is_zero()
    }

    /// Compiles `limit` against the credits of `policy`.
    ///
    /// # Errors
    /// `unknown_credit`, or `unit_mismatch` where a quantity has another dimension than the credit.
    pub fn compile(
        limit: &Limit,
        policy: &Policy,
        names: &mut NameTables,
    ) -> Result<LimitRules, EngineError> {
        let Some(credit) = policy.credits.get(&limit.credit) else {
            let message = format!("the limit names the credit `{}`, which isn't in the policy", limit.credit);
            return Err(EngineError::new("unknown_credit", message));
        };
        let unit = credit.stof_units;
        let governor = match (&limit.governor_capacity, limit.governor_refill_rate) {
            (Some(capacity), Some(refill)) if limit.governor_enabled && limit.mode == Mode::Hard => {
                Some(Governor { capacity: capacity.in_unit(unit)?, refill })
            }
            _ => None,
        };
        let floor = match &limit.minimum {
            Some(minimum) => minimum.in_unit(unit)?,
            None => Amount::ZERO,
        };
        Ok(LimitRules {
            credit: names.credits.intern(&limit.credit),
            unit,
            mode: limit.mode,
            value: limit.value.in_unit(unit)?,
            increment: limit.increment.in_unit(unit)?,
            floor,
            trailing: limit.hard_trailing && limit.mode == Mode::Hard,
            grants: limit.grants_apply && limit.mode != Mode::Observe,
            alpha: limit.ewma_alpha,
            renewal: renewal(limit.resets, limit.reset_inc, limit.reset_sch.as_ref()),
            governor,
            overhead_cost: credit.overhead_cost,
            price: CreditPrice::compile(credit)?.map(Box::new),
        })
    }
}

/// When something renews that says so with these three fields.
pub(crate) fn renewal(resets: bool, every: Option<Duration>, schedule: Option<&Schedule>) -> Renewal {
    if !resets {
        return Renewal::Never;
    }
    match schedule {
        Some(schedule) => Renewal::Calendar {
            schedule: *schedule,
            window: Cell::new(Period { start: i64::MAX, end: i64::MIN }),
        },
        None => Renewal::Every(every.map_or(RENEWAL_DEFAULT_MS, Duration::as_millis).max(1)),
    }
}

/// Sets the entry of `id`, with defaults before it.
fn put<T: Clone + Default>(table: &mut Vec<T>, id: NameId, value: T) {
    let at = id.index();
    if table.len() <= at {
        table.resize(at.saturating_add(1), T::default());
    }
    if let Some(entry) = table.get_mut(at) {
        *entry = value;
    }
}
