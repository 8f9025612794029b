//! Reading what an operation needs, locked where it says so.
//!
//! With PostgreSQL a customer's row stands for all that it has: meters and leases are only touched by whoever has locked it. A row that isn't
//! there yet can't be locked, so an empty one is put in first; it goes with the transaction if nothing comes of it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use limitr_ledger::rows::{Key, Needs, Query, Rows};
use sqlx::{Any, Error, Transaction};

use super::encode::{self, Value};
use super::scope::Scope;
use super::table::{CUSTOMERS, HEADS, INSTANCES, Table};
use super::transact::Locks;
use super::{Kind, decode};

/// Most keys in one statement.
const AT_ONCE: usize = 200;

/// Reads for one run of an operation.
pub(crate) struct Reader<'a> {
    pub(crate) kind: Kind,
    pub(crate) scope: &'a Scope,
    pub(crate) locks: Locks<'a>,
    /// Rows that this transaction has locked.
    pub(crate) locked: BTreeSet<Key>,
}

impl Reader<'_> {
    /// Answers what is needed.
    pub(crate) async fn read(
        &mut self,
        transaction: &mut Transaction<'static, Any>,
        needs: &Needs,
        rows: &mut Rows,
    ) -> Result<(), Error> {
        self.lock(transaction, needs).await?;
        let mut tables: BTreeMap<&str, Vec<Key>> = BTreeMap::new();
        for key in &needs.keys {
            tables.entry(Table::of(key).name).or_default().push(key.clone());
        }
        for keys in tables.values() {
            for part in keys.chunks(AT_ONCE) {
                let found = self.select(transaction, part, false).await?;
                for key in part {
                    let row = found.get(key).cloned().flatten();
                    rows.load(key.clone(), row);
                }
            }
        }
        for query in &needs.queries {
            let keys = self.ask(transaction, query).await?;
            rows.load_found(query.clone(), keys);
        }
        Ok(())
    }

    /// Locks what guards the rows that are needed, in one order.
    async fn lock(
        &mut self,
        transaction: &mut Transaction<'static, Any>,
        needs: &Needs,
    ) -> Result<(), Error> {
        if self.kind == Kind::Sqlite {
            return Ok(()); // there is one writer
        }
        let guards = needs.keys.iter().filter_map(|key| match key {
            Key::Meter(meter) | Key::Lease((meter, _)) => Some(Key::Customer(meter.customer.clone())),
            Key::Instance(_) | Key::Customer(_) | Key::Heads(()) => Some(key.clone()),
            Key::Change(_) | Key::Policy(_) | Key::Audit(_) => None,
        });
        let guards: BTreeSet<Key> =
            guards.filter(|key| self.locks.cover(key) && !self.locked.contains(key)).collect();
        let of = |table: &'static Table| {
            guards.iter().filter(move |key| std::ptr::eq(Table::of(key), table)).cloned().collect::<Vec<_>>()
        };
        for keys in [of(&INSTANCES), of(&CUSTOMERS), of(&HEADS)] {
            for part in keys.chunks(AT_ONCE) {
                let found = self.select(transaction, part, true).await?;
                let absent: Vec<Key> = part.iter().filter(|key| !found.contains_key(key)).cloned().collect();
                if !absent.is_empty() {
                    self.put_placeholders(transaction, &absent).await?;
                    self.select(transaction, &absent, true).await?;
                }
            }
        }
        self.locked.extend(guards);
        Ok(())
    }

    /// Reads rows of one table by their keys.
    async fn select(
        &self,
        transaction: &mut Transaction<'static, Any>,
        keys: &[Key],
        lock: bool,
    ) -> Result<BTreeMap<Key, Option<limitr_ledger::rows::Row>>, Error> {
        let Some(table) = keys.first().map(Table::of) else { return Ok(BTreeMap::new()) };
        let names = table.keys.join(", ");
        let columns: Vec<String> = table.all().map(|column| format!("t.{column}")).collect();
        let same: Vec<String> = table.keys.iter().map(|key| format!("t.{key} = w.{key}")).collect();
        let mut statement = format!("WITH w ({names}) AS (VALUES ");
        push_tuples(&mut statement, keys.len(), table.keys.len());
        // The scope's columns are qualified by the one other table, `w`, having none of that name.
        let _ = write!(
            statement,
            ") SELECT {} FROM w JOIN {} t ON {} WHERE workspace = $1 AND environment = $2 ORDER BY {names}",
            columns.join(", "),
            table.name,
            same.join(" AND "),
            names = table.keys.iter().map(|key| format!("t.{key}")).collect::<Vec<_>>().join(", "),
        );
        if lock {
            statement.push_str(" FOR UPDATE OF t");
        }
        let mut query = self.scope.query(&statement).persistent(keys.len() == 1);
        for value in keys.iter().flat_map(encode::key) {
            query = value.bind(query);
        }
        let found = query.fetch_all(&mut **transaction).await?;
        found.iter().map(|row| decode::row(table, row)).collect()
    }

    async fn put_placeholders(
        &self,
        transaction: &mut Transaction<'static, Any>,
        keys: &[Key],
    ) -> Result<(), Error> {
        for key in keys {
            let statement = match key {
                Key::Instance(_) => {
                    "INSERT INTO instances (workspace, environment, id, session, up_to, watermark, leases, complete, \
                     ended, heard_at) VALUES ($1, $2, $3, 0, 0, 0, 0, 0, 0, 0) ON CONFLICT DO NOTHING"
                }
                Key::Customer(_) => {
                    "INSERT INTO customers (workspace, environment, id, record, rev, removed, plan, label) \
                     VALUES ($1, $2, $3, '', 0, 0, '', '') ON CONFLICT DO NOTHING"
                }
                _ => {
                    "INSERT INTO heads (workspace, environment, one, active, versions, audit, audit_hash) \
                     VALUES ($1, $2, $3, 0, 0, 0, '') ON CONFLICT DO NOTHING"
                }
            };
            let mut query = self.scope.query(statement);
            for value in encode::key(key) {
                query = value.bind(query);
            }
            query.execute(&mut **transaction).await?;
        }
        Ok(())
    }

    async fn ask(
        &self,
        transaction: &mut Transaction<'static, Any>,
        query: &Query,
    ) -> Result<Vec<Key>, Error> {
        let (statement, values) = question(query);
        let mut bound = self.scope.query(statement);
        for value in values {
            bound = value.bind(bound);
        }
        let found = bound.fetch_all(&mut **transaction).await?;
        let keys = found.iter().map(|row| {
            Ok(match query {
                Query::Living => Key::Instance(decode::instance_of(row)?),
                Query::Meters(_) => Key::Meter(decode::meter_key_of(row)?),
                _ => Key::Lease(decode::lease_key_of(row)?),
            })
        });
        keys.collect()
    }
}

/// A question of the ledger as a statement.
fn question(query: &Query) -> (&'static str, Vec<Value>) {
    let text = |text: &dyn ToString| Value::Text(text.to_string());
    match query {
        Query::Lease(instance, id) => (
            "SELECT customer, what, period_start, instance FROM leases \
             WHERE workspace = $1 AND environment = $2 AND instance = $3 AND id = $4",
            vec![text(instance), Value::Int(i64::try_from(*id).unwrap_or(i64::MAX))],
        ),
        Query::LeasesOf(instance) => (
            "SELECT customer, what, period_start, instance FROM leases \
             WHERE workspace = $1 AND environment = $2 AND instance = $3",
            vec![text(instance)],
        ),
        Query::LeasesOn(meter) => (
            "SELECT customer, what, period_start, instance FROM leases WHERE workspace = $1 AND environment = $2 \
             AND customer = $3 AND what = $4 AND period_start = $5",
            vec![encode::name(&meter.customer), encode::name(&meter.what), Value::Int(meter.period_start)],
        ),
        Query::Meters(customer) => (
            "SELECT customer, what, MAX(period_start) FROM meters \
             WHERE workspace = $1 AND environment = $2 AND customer = $3 GROUP BY customer, what",
            vec![encode::name(customer)],
        ),
        Query::Living => {
            ("SELECT id FROM instances WHERE workspace = $1 AND environment = $2 AND ended = 0", Vec::new())
        }
        Query::Expired(before) => (
            "SELECT customer, what, period_start, instance FROM leases WHERE workspace = $1 AND environment = $2 \
             AND reclaim = 1 AND until < $3 AND (ceiling_high > spent_high \
             OR (ceiling_high = spent_high AND ceiling_low > spent_low)) LIMIT 500",
            vec![Value::Int(*before)],
        ),
    }
}

/// Writes `($3, $4), ($5, $6), …`.
pub(super) fn push_tuples(statement: &mut String, tuples: usize, width: usize) {
    let mut place = 2;
    for tuple in 0..tuples {
        statement.push_str(if tuple == 0 { "(" } else { ", (" });
        for column in 0..width {
            place += 1;
            let _ = write!(statement, "{}${place}", if column == 0 { "" } else { ", " });
        }
        statement.push(')');
    }
}
