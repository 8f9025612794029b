//! What a seed plays: how many of whom, under which policy, and what goes wrong how often.

use crate::random::Random;

/// The time when a run begins: 15 January 2024, 10:30 UTC.
pub(crate) const START: i64 = 1_705_314_600_000;

/// A scenario.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// How many engines there are.
    pub engines: usize,
    /// How many servers share the database.
    pub servers: usize,
    /// How many customers they all serve.
    pub customers: usize,
    /// The hard limit, in each policy that is published.
    pub limits: Vec<i64>,
    /// Units that a grant adds to it.
    pub grant: Option<i64>,
    /// Units that a cap has room for.
    pub cap: Option<i64>,
    /// The limit's period, in seconds; none: it doesn't reset.
    pub period_s: Option<i64>,
    /// Whether what a dead engine leaves unreported is granted anew when its lease has ended.
    pub reclaim: bool,
    /// Whether some calls are forced past the limit.
    pub forces: bool,
    /// Whether some calls give units back.
    pub refunds: bool,
    /// Which engines have a store.
    pub stores: Vec<bool>,
    /// How long things go wrong, in milliseconds.
    pub stormy_ms: i64,
    /// The mean time between two calls of an engine, in milliseconds.
    pub call_ms: i64,
    /// The mean time between two faults, in milliseconds.
    pub fault_ms: i64,
    /// The most that a frame is late, in milliseconds.
    pub delay_ms: i64,
    /// The most that an engine's clock is wrong, in milliseconds.
    pub skew_ms: i64,
}

impl Scenario {
    /// What a seed plays.
    pub(crate) fn of(random: &mut Random) -> Scenario {
        let engines = random.between(1, 4) as usize;
        let limit = random.pick(&[3, 8, 15, 30, 60, 120]);
        let pushes = random.pick(&[0, 0, 1, 2]);
        let mut limits = vec![limit];
        limits.extend((0..pushes).map(|_| (limit + random.between(-2, 12)).max(1)));
        let kind = random.between(0, 9);
        // One in eight is slow: leases end and are renewed.
        let slow = random.percent(12);
        Scenario {
            engines,
            servers: random.pick(&[1, 2, 2, 3]),
            customers: random.pick(&[1, 1, 2]),
            limits,
            grant: matches!(kind, 4 | 5 | 8).then(|| random.between(1, 15)),
            cap: matches!(kind, 6..=8).then(|| random.between(1, 40)),
            period_s: (kind == 3).then(|| random.between(2, 6)),
            reclaim: kind == 9,
            forces: random.percent(15),
            refunds: random.percent(20),
            stores: (0..engines).map(|_| random.percent(60)).collect(),
            stormy_ms: if slow { 150_000 } else { random.pick(&[1_000, 2_000, 4_000]) },
            call_ms: if slow { 2_000 } else { random.pick(&[20, 50, 150]) },
            fault_ms: if slow { 12_000 } else { random.pick(&[100, 300, 800]) },
            delay_ms: random.pick(&[2, 20, 80, 300]),
            skew_ms: random.pick(&[0, 100, 5_000]),
        }
    }

    /// The document of a published policy.
    pub(crate) fn document(&self, which: usize) -> String {
        let limit = self.limits[which];
        let resets = self.period_s.map_or(String::new(), |s| format!(", resets: true, reset_inc: {s}s"));
        let topups = self.grant.map_or(String::new(), |units| {
            format!("\n      topups: {{ extra: {{ credit: message, value: {units}, included: true }} }}")
        });
        format!(
            "policy:\n  credits: {{ message: {{}} }}\n  plans:\n    free:\n      default: true\n      entitlements:\n        \
             chat: {{ limit: {{ credit: message, value: {limit}{resets} }} }}\n        \
             mail: {{ limit: {{ credit: message, mode: soft, value: 5 }} }}{topups}\n"
        )
    }
}
