//! Meters and the leases on them: the arithmetic, and nothing else.
//!
//! 1. A **meter** is what was spent of one limit, cap or grant in one period: a sum of changes, nothing else ever writes it.
//! 2. Each instance that moved it or asked for a part of it has one **lease** row: what it has *spent* (its changes, summed) and its
//!    *ceiling*, the most that it may have spent in this period. Ceilings are totals: granting raises one, returning lowers it.
//! 3. What an instance takes up of the limit is the greater of the two; the meter's `reserved` is the sum of that over its leases.
//!    A grant is refused where `reserved` would pass the limit. That is all that makes limits exact:
//!    `spent ≤ Σ max(ceiling, spent) = reserved ≤ limit`.
//! 4. A dead instance's ceiling stays. Only when its last change is in, and it is known that it answered nothing else, does its
//!    ceiling go: what it spent stays spent, and the rest is free.

use limitr_engine::quantity::Amount;
use limitr_protocol::What;

/// Which meter: of what, in which period.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct MeterKey {
    /// The customer that holds it.
    pub customer: Box<str>,
    /// Its limit, cap or grant.
    pub what: What,
    /// When the period began, in milliseconds since the epoch.
    pub period_start: i64,
}

/// What was spent in one period.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Meter {
    /// What changes count against the limit, summed.
    pub spent: Amount,
    /// What leases and spending take up of the limit.
    pub reserved: Amount,
    /// What the sums of the changes are beside that.
    pub sums: Sums,
    /// When the period ends, as the policy said at the latest lease; `None`: it doesn't, or nobody asked.
    pub period_end: Option<i64>,
    /// When the period was closed: nothing more was to come.
    pub closed_at: Option<i64>,
    /// What was spent by changes that came after that.
    pub late: Amount,
}

/// What a record says of a meter, summed over its changes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sums {
    /// Units that the meter moved by: what a limit counts, with what grants covered.
    pub units: Amount,
    /// Units past the limit that grants cover.
    pub granted: Amount,
    /// Your cost, in runes.
    pub overhead: Amount,
    /// What is billed, in runes.
    pub billed: Amount,
}

impl Sums {
    /// Adds what a change says.
    pub(crate) fn add(&mut self, other: &Sums) {
        self.units = plus(self.units, other.units);
        self.granted = plus(self.granted, other.granted);
        self.overhead = plus(self.overhead, other.overhead);
        self.billed = plus(self.billed, other.billed);
    }
}

/// What one instance has of a meter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lease {
    /// The number of its latest lease among the instance's; 0: it never had one.
    pub id: u64,
    /// Whether the instance may spend from it.
    pub open: bool,
    /// The most that it may have spent; `None`: it may have spent what it reported and no more.
    pub ceiling: Option<Amount>,
    /// What it reported.
    pub spent: Amount,
    /// When it ends unless renewed, in milliseconds since the epoch.
    pub until: i64,
    /// Whether what it doesn't report by then is granted anew, at the risk of granting it twice.
    pub reclaim: bool,
}

impl Lease {
    /// What it takes up of the limit.
    pub fn reserved(&self) -> Amount {
        self.ceiling.map_or(self.spent, |ceiling| ceiling.max(self.spent))
    }

    /// What is reserved and not reported.
    pub fn unreported(&self) -> Amount {
        minus(self.reserved(), self.spent)
    }
}

impl Meter {
    /// Books a change of the instance whose lease this is.
    pub(crate) fn spend(&mut self, lease: &mut Lease, units: Amount, sums: &Sums) {
        self.spent = plus(self.spent, units);
        self.sums.add(sums);
        if self.closed_at.is_some() {
            self.late = plus(self.late, units);
        }
        self.change(lease, |lease| lease.spent = plus(lease.spent, units));
    }

    /// Changes a lease, and with it what is reserved.
    pub(crate) fn change(&mut self, lease: &mut Lease, change: impl FnOnce(&mut Lease)) {
        let before = lease.reserved();
        change(lease);
        self.reserved = plus(self.reserved, minus(lease.reserved(), before));
    }

    /// What of `limit` nobody has spent or may spend.
    pub fn free(&self, limit: Amount) -> Amount {
        minus(limit, self.reserved).max(Amount::ZERO)
    }
}

/// One unit of a credit.
const UNIT: Amount = Amount::from_int(1);
/// The part of what is free that one lease may take at once: large while there is much, single units near the limit.
const SHARE: i64 = 4;

/// How much a lease gets of what is `free`, where `wanted` is asked for.
pub(crate) fn sized(wanted: Amount, free: Amount) -> Amount {
    let part = Amount::from_atoms(free.atoms() / i128::from(SHARE));
    // In whole units: parts of one would be left over at every limit.
    let whole = Amount::from_atoms(part.atoms() - part.atoms().rem_euclid(UNIT.atoms()));
    wanted.min(whole.max(UNIT)).min(free).max(Amount::ZERO)
}

/// A sum. Meters stop at 10²⁴, as the engine's do; a sum past that stays there rather than wrap.
pub(crate) fn plus(one: Amount, other: Amount) -> Amount {
    one.checked_add(other).unwrap_or(if one.is_negative() { most(-1) } else { most(1) })
}

/// A difference, in the same way.
pub(crate) fn minus(one: Amount, other: Amount) -> Amount {
    one.checked_sub(other).unwrap_or(if one.is_negative() { most(-1) } else { most(1) })
}

fn most(sign: i128) -> Amount {
    Amount::from_atoms(Amount::LIMIT.atoms() * sign)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn amount(text: &str) -> Amount {
        Amount::parse(text).unwrap()
    }

    #[test]
    fn a_lease_takes_up_the_greater_of_ceiling_and_spent() {
        let mut meter = Meter::default();
        let (mut ann, mut ben) = (Lease::default(), Lease::default());
        meter.change(&mut ann, |lease| lease.ceiling = Some(amount("10")));
        meter.spend(&mut ann, amount("4"), &Sums::default());
        meter.spend(&mut ben, amount("2.5"), &Sums::default());
        assert_eq!((meter.spent, meter.reserved), (amount("6.5"), amount("12.5")));
        meter.spend(&mut ann, amount("7"), &Sums::default()); // forced past its lease
        assert_eq!((meter.spent, meter.reserved), (amount("13.5"), amount("13.5")));
        meter.spend(&mut ann, amount("-3"), &Sums::default());
        assert_eq!((meter.spent, meter.reserved), (amount("10.5"), amount("12.5")));
        meter.change(&mut ann, |lease| lease.ceiling = None);
        assert_eq!(meter.free(amount("20")), amount("9.5"));
    }

    #[test]
    fn leases_shrink_near_the_limit_down_to_single_units() {
        let sizes = |wanted: &str, free: &str| sized(amount(wanted), amount(free)).to_string();
        assert_eq!(sizes("50", "1000"), "50");
        assert_eq!(sizes("500", "1000"), "250");
        assert_eq!(sizes("50", "10"), "2");
        assert_eq!(sizes("50", "3"), "1");
        assert_eq!(sizes("0.25", "3"), "0.25");
        assert_eq!(sizes("50", "0.75"), "0.75");
        assert_eq!(sizes("50", "0"), "0");
        assert_eq!(sizes("-1", "10"), "0");
    }
}
