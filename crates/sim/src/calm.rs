//! The end of a run: everybody comes back, and all that is left is used up.

use limitr_engine::quantity::Amount;
use limitr_ledger::meters::{Lease, MeterKey};
use limitr_protocol::{InstanceId, What};

use crate::node::Asked;
use crate::world::{Checked, World};

/// How long it may take until everything is said, in milliseconds: the longest back-off, a few times.
const CALM_MAX_MS: i64 = 150_000;
/// After so long without a call all leases are back, in milliseconds.
const IDLE_MS: i64 = 15_000;
/// How long an app waits between two calls that use something up, in milliseconds.
const ROUND_MS: i64 = 600;
/// Most rounds of using up.
const ROUNDS_MAX: usize = 2_000;

impl World {
    pub(crate) fn note_scenario(&mut self) {
        let scenario = format!("{:?}", self.scenario);
        self.note(|| scenario);
    }

    /// The whole run; whether everything was used up.
    pub(crate) fn play(&mut self) -> Result<bool, String> {
        self.begin()?;
        self.run_until(self.storm_ends)?;
        self.note(|| "the storm is over".to_string());
        self.calm_down()?;
        self.check_agreement()?;
        if self.scenario.period_s.is_some() {
            return Ok(false);
        }
        self.use_up()?;
        self.check_agreement()?;
        self.check_used_up()
    }

    /// Runs until everything that can be said is said.
    fn calm_down(&mut self) -> Checked {
        let end = self.now + CALM_MAX_MS;
        while !self.is_calm() {
            if self.now > end {
                let states = self.apps.iter().map(|app| {
                    app.node.as_ref().map(|node| {
                        format!("{:?}, {} waiting", node.hosted.status(), node.hosted.sync().outbox().len())
                    })
                });
                let states: Vec<_> = states.collect();
                return Err(format!("it doesn't converge: {states:?}"));
            }
            self.run_until(self.now + 500)?;
        }
        let rest = if self.scenario.reclaim { 90_000 } else { IDLE_MS };
        self.run_until(self.now + rest)
    }

    fn is_calm(&self) -> bool {
        let servers = self.servers.iter().all(|server| server.up);
        servers
            && self.apps.iter().all(|app| {
                let online = |node: &crate::node::Node| {
                    *node.hosted.status() == limitr_sync::Status::Online
                        || matches!(node.hosted.status(), limitr_sync::Status::Failed(failure) if !failure.is_final())
                };
                let said = |node: &crate::node::Node| {
                    node.hosted.sync().outbox().is_empty()
                        && node.waiting.is_empty()
                        && node.hosted.engine().is_some_and(|engine| !engine.has_changes())
                };
                let here = app.node.as_ref().is_some_and(|node| online(node) && said(node));
                here && app.stored.is_empty() && app.connection.is_some()
            })
    }

    fn leases_on(&self, meter: &MeterKey) -> impl Iterator<Item = (InstanceId, &Lease)> {
        let leases = self.database.leases().filter(move |((on, _), _)| on == meter);
        leases.map(|((_, instance), lease)| (*instance, lease))
    }

    /// Engines and ledger say the same.
    fn check_agreement(&self) -> Checked {
        self.oracle.check_step(&self.database)?;
        self.oracle.check_union(&self.database)?;
        for (place, app) in self.apps.iter().enumerate() {
            let Some(engine) = app.node.as_ref().and_then(|node| node.hosted.engine()) else { continue };
            for (key, meter) in self.database.meters() {
                let Some(holder) = engine.customer(&key.customer) else {
                    return Err(format!("app {place} doesn't know `{}`", key.customer));
                };
                let known = match &key.what {
                    What::Limit(name) => {
                        let of = |meter: &&limitr_engine::Meter| {
                            engine.entitlement_name(meter.entitlement) == &**name
                        };
                        holder.meters.iter().find(of).map(|meter| (meter.period_start, meter.value))
                    }
                    What::Cap(id) => {
                        let cap = holder.caps().iter().find(|cap| cap.id == *id);
                        cap.map(|cap| (cap.period_start, cap.counted))
                    }
                    What::Grant(number) => {
                        let grant = holder.grants().iter().find(|grant| grant.number == *number);
                        let given = self.oracle.limit_of(key).unwrap_or_default();
                        grant.map(|grant| {
                            (grant.period_start, given.checked_sub(grant.balance).expect("small"))
                        })
                    }
                };
                let Some((period_start, value)) = known else { continue }; // a grant that is spent is gone
                let overdrawn = matches!(key.what, What::Grant(_)) && self.oracle.is_excused(key);
                if period_start == key.period_start && !overdrawn && value != meter.sums.units {
                    let says = format!("app {place} says {value} of {key:?}");
                    return Err(format!("{says}, the ledger {}", meter.sums.units));
                }
            }
        }
        Ok(())
    }

    /// All apps use what is left, in the end unit by unit, until nobody gets any.
    fn use_up(&mut self) -> Checked {
        let (mut quiet, mut one_by_one) = (0, false);
        let mut units = (self.scenario.limits[0] / 8).max(1);
        let entitlements = if self.extra().is_some() { &["chat", "extra"][..] } else { &["chat"] };
        for _ in 0..ROUNDS_MAX {
            let before = self.ran;
            for customer in 0..self.scenario.customers {
                let places =
                    (0..self.apps.len()).flat_map(|node| entitlements.iter().map(move |name| (node, *name)));
                for (node, entitlement) in places {
                    let customer = format!("customer_{customer}");
                    let asked = Asked { customer, entitlement, units, force: false };
                    self.call(node, &asked, true);
                    self.settle(node);
                    if one_by_one {
                        self.run_until(self.now + ROUND_MS)?;
                    }
                }
                self.run_until(self.now + ROUND_MS)?;
            }
            if self.ran > before {
                quiet = 0;
                continue;
            }
            if units > 1 {
                units = 1;
                continue;
            }
            // Calls that need the last unit of two things at once, a limit and a cap, may keep each other from both.
            one_by_one = true;
            quiet += 1;
            self.run_until(self.now + IDLE_MS)?; // what somebody leased and can't use goes back
            if quiet == 2 {
                return Ok(());
            }
        }
        Err("using up has no end".to_string())
    }

    /// The other hard limit, if a policy with it is in force.
    fn extra(&self) -> Option<i64> {
        self.scenario.extra.filter(|(from, _)| *from < self.published).map(|(_, limit)| limit)
    }

    /// Whether all is used up of a limit, cap or grant; how much of it was leased to the dead, who never said what became of it. What is leased to
    /// the living is there to be used, unless what is given back or forced keeps it from them.
    fn is_full(&self, customer: &str, what: &What, limit: Amount) -> (bool, Amount) {
        let living: Vec<InstanceId> =
            self.apps.iter().filter_map(|app| app.node.as_ref().map(|node| node.instance)).collect();
        let Some((key, meter)) =
            self.database.meters().filter(|(key, _)| *key.customer == *customer && key.what == *what).last()
        else {
            return (!limit.is_positive(), Amount::ZERO);
        };
        let out_of_reach = |instance: &InstanceId| {
            self.scenario.refunds || self.scenario.forces || !living.contains(instance)
        };
        let leases = self.leases_on(key).filter(|(instance, _)| out_of_reach(instance));
        let taken = leases
            .fold(Amount::ZERO, |taken, (_, lease)| taken.checked_add(lease.unreported()).expect("small"));
        let mut spent = meter.spent;
        if self.scenario.grant.is_some() {
            // What grants covered stands on the meter, too: under a higher limit, or after a refund, there is no room where it stands.
            spent = spent.max(meter.sums.units);
        }
        (spent.checked_add(taken).expect("small") >= limit, taken)
    }

    fn check_used_up(&self) -> Result<bool, String> {
        let limit = Amount::from_int(self.scenario.limits[self.published - 1]);
        for customer in 0..self.scenario.customers {
            let customer = format!("customer_{customer}");
            let chat = What::Limit("chat".into());
            let (mut full, taken) = self.is_full(&customer, &chat, limit);
            if let (Some(grant), true) = (self.scenario.grant, taken.is_zero()) {
                full &= self.is_full(&customer, &What::Grant(1), Amount::from_int(grant)).0;
            }
            if let Some(cap) = self.scenario.cap {
                full |= self.is_full(&customer, &What::Cap("cap".into()), Amount::from_int(cap)).0;
            }
            if let Some(extra) = self.extra() {
                let what = What::Limit("extra".into());
                let capped = self.scenario.cap.is_some() && full;
                full &= capped || self.is_full(&customer, &what, Amount::from_int(extra)).0;
            }
            if !full {
                let (meters, leases): (Vec<_>, Vec<_>) =
                    (self.database.meters().collect(), self.database.leases().collect());
                return Err(format!(
                    "not all is used up of `{customer}`, limit {limit}: {meters:?}, leases {leases:?}"
                ));
            }
        }
        Ok(true)
    }
}
