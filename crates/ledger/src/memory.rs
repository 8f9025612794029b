//! A database in memory: for the simulator and for tests. One transaction at a time, as a database looks that locks what it reads.

use std::collections::BTreeMap;

use limitr_protocol::What;

use crate::meters::MeterKey;
use crate::rows::{Key, Needs, Query, Row, Rows, Storage};

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

    /// Meters, then leases.
    pub fn meters(&self) -> impl Iterator<Item = (&Key, &Row)> {
        let first = MeterKey { customer: "".into(), what: What::Limit("".into()), period_start: i64::MIN };
        self.rows.range(Key::Meter(first)..Key::Policy(0))
    }

    fn find(&self, query: &Query) -> Vec<Key> {
        if let Query::Living = query {
            let living = self.rows.range(..Key::Customer("".into())).filter(|(_, row)| match row {
                Row::Instance(row) => !row.ended,
                _ => false,
            });
            return living.map(|(key, _)| key.clone()).collect();
        }
        let keys = self.meters().filter(|(key, row)| match (query, key, row) {
            (Query::Lease(instance, id), Key::Lease((_, of)), Row::Lease(lease)) => {
                of == instance && lease.id == *id
            }
            (Query::LeasesOf(instance), Key::Lease((_, of)), _) => of == instance,
            (Query::LeasesOn(meter), Key::Lease((on, _)), _) => on == meter,
            (Query::Meters(customer), Key::Meter(meter), _) => meter.customer == *customer,
            (Query::Expired(before), Key::Lease(_), Row::Lease(lease)) => {
                lease.reclaim && lease.until < *before && lease.unreported().is_positive()
            }
            _ => false,
        });
        let mut found: Vec<Key> = keys.map(|(key, _)| key.clone()).collect();
        if let Query::Meters(_) = query {
            // Keys are in the order of what and period: the last of each counts.
            found.reverse();
            found.dedup_by(|later, earlier| match (later, earlier) {
                (Key::Meter(later), Key::Meter(earlier)) => later.what == earlier.what,
                _ => false,
            });
        }
        found
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
