//! The connection's own state: back-off, and the server's clock.

use crate::limits::BACK_OFF_MS;

/// Waits before reconnects: twice as long each time, with jitter, so that engines don't come back all at once.
#[derive(Clone, Debug)]
pub(crate) struct BackOff {
    random: u64,
    tries: u32,
}

impl BackOff {
    pub(crate) fn new(seed: u64) -> BackOff {
        BackOff { random: seed, tries: 0 }
    }

    /// How long to wait now, in milliseconds: between half of the present step and all of it.
    pub(crate) fn next_ms(&mut self) -> i64 {
        let (least, most) = BACK_OFF_MS;
        let step = least.saturating_mul(2 << self.tries.min(20)).min(most);
        self.tries = self.tries.saturating_add(1);
        // SplitMix64: any seed will do, 0 too.
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.random;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^= bits >> 31;
        let jitter = (bits % (least as u64 * 1_000)) as i64; // 0 … 250,000
        step / 2 + step / 2 * jitter / (least * 1_000)
    }

    pub(crate) fn reset(&mut self) {
        self.tries = 0;
    }
}

/// The server's time as far as this engine can tell. It never runs backwards.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Clock {
    offset: i64,
    latest: i64,
}

impl Clock {
    /// A clock that agrees with the host's until a server was heard.
    pub(crate) fn new(now: i64) -> Clock {
        Clock { offset: 0, latest: now }
    }

    /// Takes in that the server said `theirs` between `sent` and `now`.
    pub(crate) fn measure(&mut self, theirs: i64, sent: i64, now: i64) {
        let middle = sent.saturating_add(now.saturating_sub(sent) / 2);
        self.offset = theirs.saturating_sub(middle);
    }

    /// When the server's clock will say `at`, in host time; not before `now`.
    pub(crate) fn until(&self, now: i64, at: i64) -> i64 {
        at.saturating_sub(self.offset).max(now)
    }

    /// The server's time at `now`.
    pub(crate) fn at(&mut self, now: i64) -> i64 {
        self.latest = self.latest.max(now.saturating_add(self.offset));
        self.latest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_from_a_quarter_second_to_half_a_minute() {
        for seed in 0..200 {
            let mut wait = BackOff::new(seed);
            let waits: Vec<i64> = (0..12).map(|_| wait.next_ms()).collect();
            assert!((250..=500).contains(&waits[0]));
            assert!(waits.iter().all(|ms| (250..=30_000).contains(ms)), "{waits:?}");
            assert!(waits[11] >= 15_000);
            wait.reset();
            assert!(wait.next_ms() <= 500);
        }
        let of = |seed| (0..12).scan(BackOff::new(seed), |wait, _| Some(wait.next_ms())).collect::<Vec<_>>();
        assert_eq!(of(3), of(3), "the same seed waits the same");
        assert_ne!(of(3), of(4), "engines don't come back together");
    }

    #[test]
    fn server_time_never_runs_backwards() {
        let mut clock = Clock::new(1_000);
        assert_eq!(clock.at(1_000), 1_000);
        clock.measure(5_000, 1_000, 1_200); // 3,900 ahead
        assert_eq!(clock.at(1_200), 5_100);
        clock.measure(4_000, 1_300, 1_300); // it was less
        assert_eq!(clock.at(1_300), 5_100);
        assert_eq!(clock.at(2_500), 5_200);
    }
}
