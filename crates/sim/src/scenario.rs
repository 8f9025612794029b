//! What a seed plays: how many of whom, under which policy, and what goes wrong how often.

use limitr_engine::quantity::Amount;
use limitr_sync::Offline;

use crate::random::Random;

/// The time when a run begins: 15 January 2024, 10:30 UTC.
pub(crate) const START: i64 = 1_705_314_600_000;

/// Where an engine keeps what it did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keeps {
    /// Nowhere: it dies with the engine.
    Nothing,
    /// In a store, before a call is answered.
    Strictly,
    /// In a store, a little after a call is answered.
    Relaxed,
}

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
    /// Where each engine keeps what it did.
    pub stores: Vec<Keeps>,
    /// Another hard limit, on an entitlement that the policies from this one on have.
    pub extra: Option<(usize, i64)>,
    /// What engines do while no server is connected.
    pub offline: Offline,
    /// Whether some calls reserve units first.
    pub holds: bool,
    /// Whether a call may cross the limit that begins within it.
    pub trailing: bool,
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
        let offline = match random.between(0, 19) {
            0 | 1 => Offline::Allow,
            2..=5 => Offline::UpTo(Amount::from_int(random.between(1, 6))),
            _ => Offline::Deny,
        };
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
            stores: (0..engines)
                .map(|_| {
                    random.pick(&[
                        Keeps::Nothing,
                        Keeps::Nothing,
                        Keeps::Strictly,
                        Keeps::Strictly,
                        Keeps::Relaxed,
                    ])
                })
                .collect(),
            extra: (pushes > 0 && random.percent(60))
                .then(|| (random.between(1, pushes) as usize, random.pick(&[2, 8, 20]))),
            offline,
            holds: matches!(kind, 0 | 1 | 6) && random.percent(50),
            trailing: matches!(kind, 0 | 2 | 9) && random.percent(30),
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
        let trailing = if self.trailing { ", hard_trailing: true" } else { "" };
        let extra = self.extra.filter(|(from, _)| *from <= which).map_or(String::new(), |(_, limit)| {
            format!("\n        extra: {{ limit: {{ credit: message, value: {limit} }} }}")
        });
        let resets = self.period_s.map_or(String::new(), |s| format!(", resets: true, reset_inc: {s}s"));
        let topups = self.grant.map_or(String::new(), |units| {
            format!("\n      topups: {{ extra: {{ credit: message, value: {units}, included: true }} }}")
        });
        format!(
            "policy:\n  credits: {{ message: {{}} }}\n  plans:\n    free:\n      default: true\n      entitlements:\n        \
             chat: {{ limit: {{ credit: message, value: {limit}{resets}{trailing} }} }}\n        \
             mail: {{ limit: {{ credit: message, mode: soft, value: 5 }} }}{extra}{topups}\n"
        )
    }
}
