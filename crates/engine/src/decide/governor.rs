//! The governor: a token bucket that bounds bursts. It starts full, refills continuously, never over its capacity.
//!
//! What is kept is how many tokens are missing, so that a bucket which was never used needs no record and a new
//! capacity counts at once.

use crate::quantity::Amount;
use crate::rules::Governor;

impl Governor {
    /// What is missing after `passed` milliseconds, where `spent` was missing before.
    pub(crate) fn refilled(&self, spent: Amount, passed: i64) -> Amount {
        if spent.is_zero() {
            return spent;
        }
        match self.refill.mul_int(passed.max(0)) {
            Ok(back) => spent.min(self.capacity).saturating_sub(back).max(Amount::ZERO),
            Err(_) => Amount::ZERO, // more than can be counted came back: full
        }
    }

    /// The tokens in the bucket where `spent` is missing.
    pub(crate) fn tokens(&self, spent: Amount) -> Amount {
        self.capacity.saturating_sub(spent).max(Amount::ZERO)
    }

    /// Milliseconds, rounded up, until the bucket holds `wanted` tokens; `None`: it never will.
    pub(crate) fn wait_ms(&self, spent: Amount, wanted: Amount) -> Option<i64> {
        if wanted > self.capacity || !self.refill.is_positive() {
            return None;
        }
        let lacking = wanted.saturating_sub(self.tokens(spent)).max(Amount::ZERO).atoms();
        let refill = self.refill.atoms();
        let up = lacking.checked_add(refill)?.checked_sub(1)?.checked_div(refill)?;
        i64::try_from(up).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn governor() -> Governor {
        Governor { capacity: Amount::from_int(5), refill: Amount::parse("0.001").unwrap() }
    }

    #[test]
    fn it_refills_by_the_millisecond_and_never_over_capacity() {
        let spent = Amount::from_int(5);
        assert_eq!(governor().tokens(governor().refilled(spent, 999)).to_string(), "0.999");
        assert_eq!(governor().refilled(spent, 5_000), Amount::ZERO);
        assert_eq!(governor().refilled(spent, i64::MAX), Amount::ZERO);
    }

    #[test]
    fn waiting_is_rounded_up_and_ends_where_the_capacity_does() {
        assert_eq!(governor().wait_ms(Amount::from_int(4), Amount::from_int(3)), Some(2_000));
        let bit_less = Amount::parse("3.9999").unwrap();
        assert_eq!(governor().wait_ms(bit_less, Amount::from_int(3)), Some(2_000));
        assert_eq!(governor().wait_ms(Amount::ZERO, Amount::from_int(6)), None);
    }
}
