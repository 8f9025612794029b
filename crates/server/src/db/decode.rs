//! Columns as keys and rows of the ledger. What can't be read was written by something else, and is an error.

use std::sync::Arc;

use limitr_engine::Change;
use limitr_engine::quantity::Amount;
use limitr_ledger::audit::Entry;
use limitr_ledger::commit::Logged;
use limitr_ledger::customers::Customer;
use limitr_ledger::instances::Instance;
use limitr_ledger::meters::{Lease, Meter, MeterKey, Sums};
use limitr_ledger::policies::{Heads, PolicyVersion, Stage};
use limitr_ledger::rows::{Key, Row};
use limitr_protocol::{InstanceId, What};
use serde_json::Value as Json;
use sqlx::any::AnyRow;
use sqlx::{Error, Row as _};

use super::encode::{HIGH, unstored};
use super::table::Table;

/// Reads columns one after the other.
struct Columns<'a> {
    row: &'a AnyRow,
    next: usize,
}

fn broken(what: impl ToString) -> Error {
    Error::Decode(what.to_string().into())
}

impl Columns<'_> {
    fn place(&mut self) -> usize {
        self.next += 1;
        self.next - 1
    }

    fn int(&mut self) -> Result<i64, Error> {
        let place = self.place();
        self.row.try_get(place)
    }

    fn maybe_int(&mut self) -> Result<Option<i64>, Error> {
        let place = self.place();
        self.row.try_get(place)
    }

    fn text(&mut self) -> Result<String, Error> {
        let place = self.place();
        self.row.try_get(place)
    }

    fn name(&mut self) -> Result<Box<str>, Error> {
        Ok(unstored(self.text()?).into())
    }

    fn number(&mut self) -> Result<u64, Error> {
        u64::try_from(self.int()?).map_err(broken)
    }

    fn maybe_number(&mut self) -> Result<Option<u64>, Error> {
        self.maybe_int()?.map(u64::try_from).transpose().map_err(broken)
    }

    fn truth(&mut self) -> Result<bool, Error> {
        Ok(self.int()? != 0)
    }

    fn amount(&mut self) -> Result<Amount, Error> {
        Ok(whole(self.int()?, self.int()?))
    }

    fn json(&mut self) -> Result<Json, Error> {
        serde_json::from_str(&self.text()?).map_err(broken)
    }

    fn instance(&mut self) -> Result<InstanceId, Error> {
        self.text()?.parse().map_err(broken)
    }

    fn meter_key(&mut self) -> Result<MeterKey, Error> {
        let customer = self.name()?;
        let what = what(&self.name()?)?;
        Ok(MeterKey { customer, what, period_start: self.int()? })
    }
}

fn whole(high: i64, low: i64) -> Amount {
    Amount::from_atoms(i128::from(high) * HIGH + i128::from(low))
}

/// `limit chat`, `cap cap_1` or `grant 3`, as [`What`] writes itself.
fn what(text: &str) -> Result<What, Error> {
    match text.split_once(' ') {
        Some(("limit", name)) => Ok(What::Limit(name.into())),
        Some(("cap", id)) => Ok(What::Cap(id.into())),
        Some(("grant", number)) => number.parse().map(What::Grant).map_err(broken),
        _ => Err(broken(format!("`{text}` is nothing that is leased"))),
    }
}

fn stage(word: &str) -> Result<Stage, Error> {
    match word {
        "draft" => Ok(Stage::Draft),
        "published" => Ok(Stage::Published),
        "superseded" => Ok(Stage::Superseded),
        _ => Err(broken(format!("`{word}` is no stage"))),
    }
}

/// Reads a row that starts with its key. A placeholder is a key without a row.
pub(crate) fn row(table: &Table, row: &AnyRow) -> Result<(Key, Option<Row>), Error> {
    let mut columns = Columns { row, next: 0 };
    let at = &mut columns;
    Ok(match table.name {
        "instances" => (Key::Instance(at.instance()?), Some(Row::Instance(instance(at)?))),
        "customers" => (Key::Customer(at.name()?), customer(at)?.map(Row::Customer)),
        "changes" => {
            let key = Key::Change((at.name()?, at.number()?));
            (key, Some(Row::Change(logged(at)?)))
        }
        "meters" => (Key::Meter(at.meter_key()?), Some(Row::Meter(meter(at)?))),
        "leases" => {
            let key = Key::Lease((at.meter_key()?, at.instance()?));
            (key, Some(Row::Lease(lease(at)?)))
        }
        "policies" => (Key::Policy(at.number()?), Some(Row::Policy(policy(at)?))),
        "heads" => {
            at.int()?;
            let (active, versions, audit) = (at.number()?, at.number()?, at.number()?);
            let heads = Heads { active, versions, audit, audit_hash: at.text()? };
            (Key::Heads(()), Some(Row::Heads(heads)))
        }
        _ => {
            let number = at.number()?;
            (Key::Audit(number), Some(Row::Audit(entry(number, at)?)))
        }
    })
}

fn instance(at: &mut Columns<'_>) -> Result<Instance, Error> {
    let (session, up_to, watermark, leases) = (at.number()?, at.number()?, at.int()?, at.number()?);
    let policy_version = at.maybe_number()?;
    let place = at.place();
    let successor: Option<String> = at.row.try_get(place)?;
    let successor = successor.map(|id| id.parse()).transpose().map_err(broken)?;
    let (last, complete, ended) = (at.maybe_number()?, at.truth()?, at.truth()?);
    Ok(Instance { session, up_to, watermark, leases, policy_version, successor, last, complete, ended })
}

fn customer(at: &mut Columns<'_>) -> Result<Option<Customer>, Error> {
    let record = at.text()?;
    if record.is_empty() {
        return Ok(None);
    }
    let record = Arc::new(serde_json::from_str(&record).map_err(broken)?);
    Ok(Some(Customer { record, rev: at.number()?, removed: at.truth()? }))
}

fn logged(at: &mut Columns<'_>) -> Result<Logged, Error> {
    let author = at.instance()?;
    at.next += 2; // the number and the time, which the change has, too
    let change = Change::from_json(&at.json()?).map_err(|error| broken(error.message()))?;
    Ok(Logged { author, change: Arc::new(change) })
}

fn meter(at: &mut Columns<'_>) -> Result<Meter, Error> {
    let (spent, reserved) = (at.amount()?, at.amount()?);
    let (units, granted, overhead, billed) = (at.amount()?, at.amount()?, at.amount()?, at.amount()?);
    let sums = Sums { units, granted, overhead, billed };
    let (period_end, closed_at) = (at.maybe_int()?, at.maybe_int()?);
    Ok(Meter { spent, reserved, sums, period_end, closed_at, late: at.amount()? })
}

fn lease(at: &mut Columns<'_>) -> Result<Lease, Error> {
    let (id, open) = (at.number()?, at.truth()?);
    let ceiling = at.maybe_int()?.zip(at.maybe_int()?).map(|(high, low)| whole(high, low));
    let (spent, until, reclaim) = (at.amount()?, at.int()?, at.truth()?);
    Ok(Lease { id, open, ceiling, spent, until, reclaim })
}

fn policy(at: &mut Columns<'_>) -> Result<PolicyVersion, Error> {
    Ok(PolicyVersion {
        stage: stage(&at.text()?)?,
        document: at.text()?,
        hash: at.text()?,
        message: at.text()?,
        created_at: at.int()?,
        published_at: at.maybe_int()?,
        copy_of: at.maybe_number()?,
    })
}

fn entry(number: u64, at: &mut Columns<'_>) -> Result<Entry, Error> {
    let (time, actor, action, subject) = (at.int()?, at.text()?, at.text()?, at.text()?);
    let (detail, previous, hash) = (at.json()?, at.text()?, at.text()?);
    Ok(Entry { number, at: time, actor, action, subject, detail, previous, hash })
}

/// An entry of the audit log from its columns, the number first.
pub(crate) fn entry_of(row: &AnyRow) -> Result<Entry, Error> {
    let mut at = Columns { row, next: 0 };
    let number = at.number()?;
    entry(number, &mut at)
}

/// The author of a change and the change, from the columns `rev`, `author`, `change`, with its revision first.
pub(crate) fn change_of(row: &AnyRow) -> Result<(u64, String, Json), Error> {
    let mut at = Columns { row, next: 0 };
    Ok((at.number()?, at.text()?, at.json()?))
}

/// A meter's key without its customer, and the meter, from the columns `what`, `period_start` and those of a meter.
pub(crate) fn meter_of(row: &AnyRow) -> Result<(What, i64, Meter), Error> {
    let mut at = Columns { row, next: 0 };
    Ok((what(&at.name()?)?, at.int()?, meter(&mut at)?))
}

/// The key of a meter from its columns.
pub(crate) fn meter_key_of(row: &AnyRow) -> Result<MeterKey, Error> {
    Columns { row, next: 0 }.meter_key()
}

/// The key of a lease from its columns.
pub(crate) fn lease_key_of(row: &AnyRow) -> Result<(MeterKey, InstanceId), Error> {
    let mut at = Columns { row, next: 0 };
    Ok((at.meter_key()?, at.instance()?))
}

/// An instance's ID from its column.
pub(crate) fn instance_of(row: &AnyRow) -> Result<InstanceId, Error> {
    Columns { row, next: 0 }.instance()
}
