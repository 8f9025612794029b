//! A meter: one customer's usage of one entitlement in the current period.

use serde::{Deserialize, Serialize};

use crate::names::NameId;
use crate::quantity::Amount;

/// Usage of one entitlement.
#[derive(Clone, Debug)]
pub struct Meter {
    /// What is metered.
    pub entitlement: NameId,
    /// When the meter started: periods of `reset_inc` are counted from here. Milliseconds since the epoch.
    pub start: i64,
    /// When the period began that `value` belongs to.
    pub period_start: i64,
    /// Units used in the period.
    pub value: Amount,
    /// How fast the meter moves.
    pub pace: Pace,
    /// What most meters have none of; nothing there is all zero. Written by `set_sums`.
    pub(crate) sums: Option<Box<Sums>>,
}

/// What else a meter sums up in its period, where there is such.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Sums {
    /// Your cost in the period, in runes.
    pub overhead: Amount,
    /// What was billed in the period for units past the limit, in runes; never below 0.
    pub billed: Amount,
    /// Units past the limit that grants covered in the period and that still stand.
    pub granted: Amount,
    /// Governor tokens that are missing from a full bucket, as of `spent_at`.
    pub spent: Amount,
    /// When `spent` was counted, in milliseconds since the epoch; 0 where none are missing.
    pub spent_at: i64,
}

impl Meter {
    /// A meter that starts at `now` with nothing used.
    pub fn new(entitlement: NameId, now: i64) -> Meter {
        Meter {
            entitlement,
            start: now,
            period_start: now,
            value: Amount::ZERO,
            pace: Pace::default(),
            sums: None,
        }
    }

    /// The same meter with these sums.
    pub fn with_sums(mut self, sums: Sums) -> Meter {
        self.set_sums(sums);
        self
    }

    /// What else it sums up.
    #[inline]
    pub fn sums(&self) -> Sums {
        self.sums.as_deref().copied().unwrap_or_default()
    }

    /// Writes what else it sums up. Memory for it is had when something is first not zero.
    #[inline]
    pub fn set_sums(&mut self, sums: Sums) {
        let spent_at = if sums.spent.is_zero() { 0 } else { sums.spent_at };
        let sums = Sums { spent_at, ..sums };
        match &mut self.sums {
            Some(known) => **known = sums,
            None if sums == Sums::default() => {}
            None => self.sums = Some(Box::new(sums)),
        }
    }

    /// Whether it never summed up anything else.
    #[inline]
    pub(crate) fn is_plain(&self) -> bool {
        self.sums.is_none()
    }

    /// Begins the period that began at `period_start`, with nothing used. Memory that it has for its sums stays.
    pub fn begin(&mut self, period_start: i64) {
        (self.period_start, self.value, self.pace) = (period_start, Amount::ZERO, Pace::default());
        self.set_sums(Sums::default());
    }
}

/// How fast a meter moves: a statistic, which never decides anything.
///
/// 1. The first movement of a period only sets the time.
/// 2. Each later one is a sample: what moved ÷ the milliseconds since the movement before, at least 1.
/// 3. The first sample is the rate; each later one enters with weight `alpha`.
/// 4. The acceleration is the rate's change ÷ the same milliseconds, from the second sample on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Pace {
    /// Units per millisecond.
    pub rate: f64,
    /// Change of the rate per millisecond.
    pub acceleration: f64,
    /// When the meter last moved, in milliseconds since the epoch.
    pub moved_at: i64,
    /// Movements so far in this period.
    pub moves: u32,
}

impl Pace {
    /// Takes in a movement of `units` at `now`.
    #[inline(always)]
    pub fn observe(&mut self, units: f64, now: i64, alpha: f64) {
        let passed = now.saturating_sub(self.moved_at);
        // A busy meter moves each millisecond: no division then.
        let per_ms = if passed <= 1 { 1.0 } else { 1.0 / passed as f64 };
        match self.moves {
            0 => {}
            1 => self.rate = units * per_ms,
            _ => {
                let change = alpha * (units * per_ms - self.rate);
                self.acceleration = change * per_ms;
                self.rate += change;
            }
        }
        self.moved_at = now;
        self.moves = self.moves.saturating_add(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_sample_is_the_rate_and_later_ones_are_weighted() {
        let mut pace = Pace::default();
        pace.observe(10.0, 1_000, 0.2);
        assert_eq!((pace.rate, pace.acceleration), (0.0, 0.0));
        pace.observe(10.0, 1_100, 0.2);
        assert_eq!((pace.rate, pace.acceleration), (0.1, 0.0));
        pace.observe(20.0, 1_200, 0.2);
        assert!((pace.rate - 0.12).abs() < 1e-12);
        assert!((pace.acceleration - 0.0002).abs() < 1e-12);
    }

    #[test]
    fn two_moves_in_one_millisecond_count_as_one_apart() {
        let mut pace = Pace::default();
        pace.observe(1.0, 5, 0.2);
        pace.observe(3.0, 5, 0.2);
        assert_eq!(pace.rate, 3.0);
    }
}
