//! A database in memory: for the simulator and for tests. One transaction at a time, as a database looks that locks what it reads.

use std::collections::BTreeMap;
use std::sync::Arc;

use limitr_protocol::{InstanceId, What};

use crate::meters::{Lease, Meter, MeterKey};
use crate::refusal::Refusal;
use crate::rows::{AtHand, Key, Needs, Query, Row, Rows, Stop, Storage};

/// All rows.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    rows: BTreeMap<Key, Row>,
    failing: bool,
}

impl Memory {
    /// All rows, in the order of their keys.
    pub fn rows(&self) -> &BTreeMap<Key, Row> {
        &self.rows
    }

    /// Whether commits fail from now on: what a server sees that dies before its transaction has ended.
    pub fn fail(&mut self, failing: bool) {
        self.failing = failing;
    }

    /// Runs one operation as one transaction, once: it reads what is here, and is never run anew for what is missing.
    ///
    /// # Errors
    /// As [`run`](crate::rows::run).
    pub fn run_at_once<T>(
        &mut self,
        operation: impl FnOnce(&mut Rows) -> Result<T, Stop>,
    ) -> Result<T, Refusal> {
        let shared = Arc::new(std::mem::take(self));
        let mut rows = Rows::over(Arc::<Memory>::clone(&shared));
        let answer = operation(&mut rows);
        let writes = rows.into_writes();
        *self = Arc::into_inner(shared).expect("nobody else has it by now");
        let answer = answer.map_err(|stop| match stop {
            Stop::Refused(refusal) => refusal,
            Stop::Missing(needs) => Refusal::new("storage_failed", format!("{needs:?} aren't at hand")),
        })?;
        let written = writes.is_empty() || self.commit(writes);
        written.then_some(answer).ok_or(Refusal::new("storage_failed", "nothing was written"))
    }

    /// All meters, in the order of their keys.
    pub fn meters(&self) -> impl Iterator<Item = (&MeterKey, &Meter)> {
        let rows = self.rows.range(Key::Meter(first(""))..Key::Lease((first(""), InstanceId(0))));
        rows.filter_map(|(key, row)| match (key, row) {
            (Key::Meter(key), Row::Meter(meter)) => Some((key, meter)),
            _ => None,
        })
    }

    /// All leases, in the order of their meters.
    pub fn leases(&self) -> impl Iterator<Item = (&(MeterKey, InstanceId), &Lease)> {
        leases(self.rows.range(Key::Lease((first(""), InstanceId(0)))..Key::Policy(0)))
    }

    fn find(&self, query: &Query) -> Vec<Key> {
        let keys = |leases: &mut dyn Iterator<Item = (&(MeterKey, InstanceId), &Lease)>| {
            leases.map(|(key, _)| Key::Lease(key.clone())).collect()
        };
        match query {
            Query::Living => {
                let living = self.rows.range(..Key::Customer("".into())).filter(|(_, row)| match row {
                    Row::Instance(row) => !row.ended,
                    _ => false,
                });
                living.map(|(key, _)| key.clone()).collect()
            }
            Query::Lease(instance, id) => {
                keys(&mut self.leases().filter(|((_, of), lease)| of == instance && lease.id == *id))
            }
            Query::LeasesOf(instance) => keys(&mut self.leases().filter(|((_, of), _)| of == instance)),
            Query::LeasesOn(meter) => {
                let [first, last] = [0, u128::MAX].map(|of| Key::Lease((meter.clone(), InstanceId(of))));
                keys(&mut leases(self.rows.range(first..=last)))
            }
            Query::Expired(before) => keys(&mut self.leases().filter(|(_, lease)| {
                lease.reclaim && lease.until < *before && lease.unreported().is_positive()
            })),
            Query::Meters(customer) => self.latest_meters(customer),
        }
    }

    fn latest_meters(&self, customer: &str) -> Vec<Key> {
        let keys = self.rows.range(Key::Meter(first(customer))..).map(|(key, _)| key);
        let keys = keys.take_while(|key| matches!(key, Key::Meter(meter) if *meter.customer == *customer));
        let mut found: Vec<Key> = keys.cloned().collect();
        // Keys are in the order of what and period: the last of each counts.
        found.reverse();
        found.dedup_by(|later, earlier| match (later, earlier) {
            (Key::Meter(later), Key::Meter(earlier)) => later.what == earlier.what,
            _ => false,
        });
        found
    }
}

/// Before all meters of a customer.
fn first(customer: &str) -> MeterKey {
    MeterKey { customer: customer.into(), what: What::Limit("".into()), period_start: i64::MIN }
}

fn leases<'a>(
    rows: impl Iterator<Item = (&'a Key, &'a Row)>,
) -> impl Iterator<Item = (&'a (MeterKey, InstanceId), &'a Lease)> {
    rows.filter_map(|(key, row)| match (key, row) {
        (Key::Lease(key), Row::Lease(lease)) => Some((key, lease)),
        _ => None,
    })
}

impl AtHand for Memory {
    fn row(&self, key: &Key) -> Option<&Row> {
        self.rows.get(key)
    }

    fn keys(&self, query: &Query) -> Vec<Key> {
        self.find(query)
    }
}

impl Storage for Memory {
    fn read(&mut self, needs: &Needs, rows: &mut Rows) {
        for key in &needs.keys {
            rows.load(key.clone(), self.rows.get(key).cloned());
        }
        for query in &needs.queries {
            rows.load_found(query.clone(), self.find(query));
        }
    }

    fn commit(&mut self, writes: BTreeMap<Key, Row>) -> bool {
        if !self.failing {
            self.rows.extend(writes);
        }
        !self.failing
    }
}
