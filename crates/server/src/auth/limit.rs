//! How often somebody may try: a bucket of so many tries that fills up evenly, one for each key, and a bounded number of buckets.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use crate::clock;

/// Most keys that are remembered; past that the fullest buckets are forgotten.
const KEYS_MAX: usize = 10_000;

/// A limit on tries.
#[derive(Debug)]
pub(crate) struct Limit {
    tries: i64,
    every_ms: i64,
    /// For each key the time at which its bucket is full again.
    full_at: Mutex<BTreeMap<String, i64>>,
}

impl Limit {
    /// So many tries at once, and another one after each `every_ms`.
    pub(crate) fn new(tries: i64, every_ms: i64) -> Limit {
        Limit { tries, every_ms, full_at: Mutex::default() }
    }

    /// Takes a try; whether there was one.
    pub(crate) fn take(&self, key: &str) -> bool {
        self.take_at(key, clock::now())
    }

    fn take_at(&self, key: &str, now: i64) -> bool {
        let mut all = self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= KEYS_MAX && !all.contains_key(key) {
            all.retain(|_, full_at| *full_at > now);
            while all.len() >= KEYS_MAX {
                all.pop_first();
            }
        }
        let full_at = all.get(key).copied().unwrap_or(now).max(now) + self.every_ms;
        if full_at > now + self.tries * self.every_ms {
            return false;
        }
        all.insert(key.to_string(), full_at);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tries_come_back_one_by_one() {
        let limit = Limit::new(3, 1_000);
        let tries = |now| (0..10).filter(|_| limit.take_at("ann", now)).count();
        assert_eq!(tries(0), 3);
        assert_eq!(tries(999), 0);
        assert_eq!(tries(2_000), 2);
        assert_eq!(tries(100_000), 3);
        assert!(limit.take_at("ben", 100_000), "others have tries of their own");
    }

    #[test]
    fn keys_are_bounded() {
        let limit = Limit::new(1, 1_000_000);
        (0..2 * KEYS_MAX).for_each(|key| {
            limit.take_at(&key.to_string(), 0);
        });
        assert!(limit.full_at.lock().unwrap().len() <= KEYS_MAX);
    }
}
