//! Keys and rows of the ledger as columns.

use limitr_engine::quantity::Amount;
use limitr_ledger::meters::{Lease, Meter, MeterKey};
use limitr_ledger::policies::Stage;
use limitr_ledger::rows::{Key, Row};
use serde_json::Value as Json;
use sqlx::Any;
use sqlx::any::AnyArguments;
use sqlx::query::Query;

/// What stands in one column.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Value {
    Int(i64),
    MaybeInt(Option<i64>),
    Text(String),
    MaybeText(Option<String>),
}

impl Value {
    /// Binds it to the next placeholder.
    pub(crate) fn bind<'q>(
        self,
        query: Query<'q, Any, AnyArguments<'q>>,
    ) -> Query<'q, Any, AnyArguments<'q>> {
        match self {
            Value::Int(number) => query.bind(number),
            Value::MaybeInt(number) => query.bind(number),
            Value::Text(text) => query.bind(text),
            Value::MaybeText(text) => query.bind(text),
        }
    }
}

/// How many counts of 10⁻¹² one of `…_high` is.
pub(crate) const HIGH: i128 = 1_000_000_000_000_000_000;

fn text(text: impl ToString) -> Value {
    Value::Text(text.to_string())
}

/// Numbers of the protocol are below 2⁵³, and what the server counts itself doesn't get there.
fn number(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn halves(amount: Amount) -> [i64; 2] {
    let (high, low) = (amount.atoms().div_euclid(HIGH), amount.atoms().rem_euclid(HIGH));
    // Meters stop at 10²⁴ units, 10³⁶ of these: both halves fit.
    [i64::try_from(high).unwrap_or(i64::MAX), i64::try_from(low).unwrap_or(0)]
}

/// A name as it is stored. PostgreSQL's texts have no NUL, names may: `\u{1}` marks it, and itself.
pub(crate) fn name(name: impl ToString) -> Value {
    let name = name.to_string();
    match name.contains(['\0', '\u{1}']) {
        true => Value::Text(name.replace('\u{1}', "\u{1}1").replace('\0', "\u{1}0")),
        false => Value::Text(name),
    }
}

/// A name as it was before it was stored.
pub(crate) fn unstored(name: String) -> String {
    match name.contains('\u{1}') {
        true => name.replace("\u{1}0", "\0").replace("\u{1}1", "\u{1}"),
        false => name,
    }
}

/// The columns of a key.
pub(crate) fn key(key: &Key) -> Vec<Value> {
    let meter =
        |meter: &MeterKey| vec![name(&meter.customer), name(&meter.what), Value::Int(meter.period_start)];
    match key {
        Key::Instance(id) => vec![text(id)],
        Key::Customer(id) => vec![name(id)],
        Key::Change((customer, rev)) => vec![name(customer), Value::Int(number(*rev))],
        Key::Meter(key) => meter(key),
        Key::Lease((key, instance)) => meter(key).into_iter().chain([text(instance)]).collect(),
        Key::Policy(version) => vec![Value::Int(number(*version))],
        Key::Heads(()) => vec![Value::Int(1)],
        Key::Audit(place) => vec![Value::Int(number(*place))],
    }
}

/// The columns of a row after its key.
pub(crate) fn row(row: &Row, now: i64) -> Vec<Value> {
    let int = |number| Value::Int(number);
    match row {
        Row::Instance(row) => vec![
            int(number(row.session)),
            int(number(row.up_to)),
            int(row.watermark),
            int(number(row.leases)),
            Value::MaybeInt(row.policy_version.map(number)),
            Value::MaybeText(row.successor.map(|id| id.to_string())),
            Value::MaybeInt(row.last.map(number)),
            int(row.complete.into()),
            int(row.ended.into()),
            int(now),
        ],
        Row::Customer(row) => {
            let said = |field: &str| {
                text(row.record.get(field).and_then(Json::as_str).unwrap_or_default().replace('\0', ""))
            };
            let (plan, label) = (said("plan"), said("label"));
            vec![text(&row.record), int(number(row.rev)), int(row.removed.into()), plan, label]
        }
        Row::Change(row) => {
            let change = &row.change;
            vec![text(row.author), int(number(change.seq)), int(change.at), text(change.to_json())]
        }
        Row::Meter(row) => meter(row),
        Row::Lease(row) => lease(row),
        Row::Policy(row) => vec![
            text(word(row.stage)),
            text(&row.document),
            text(&row.hash),
            text(&row.message),
            int(row.created_at),
            Value::MaybeInt(row.published_at),
            Value::MaybeInt(row.copy_of.map(number)),
        ],
        Row::Heads(row) => {
            let numbers = [row.active, row.versions, row.audit].map(|count| int(number(count)));
            numbers.into_iter().chain([text(&row.audit_hash)]).collect()
        }
        Row::Audit(row) => vec![
            int(row.at),
            text(&row.actor),
            text(&row.action),
            text(&row.subject),
            text(&row.detail),
            text(&row.previous),
            text(&row.hash),
        ],
    }
}

fn meter(row: &Meter) -> Vec<Value> {
    let sums = &row.sums;
    let six = [row.spent, row.reserved, sums.units, sums.granted, sums.overhead, sums.billed];
    let mut columns: Vec<Value> = six.into_iter().flat_map(halves).map(Value::Int).collect();
    columns.extend([Value::MaybeInt(row.period_end), Value::MaybeInt(row.closed_at)]);
    columns.extend(halves(row.late).map(Value::Int));
    columns
}

fn lease(row: &Lease) -> Vec<Value> {
    let ceiling = row.ceiling.map(halves);
    let [high, low] = halves(row.spent);
    vec![
        Value::Int(number(row.id)),
        Value::Int(row.open.into()),
        Value::MaybeInt(ceiling.map(|[high, _]| high)),
        Value::MaybeInt(ceiling.map(|[_, low]| low)),
        Value::Int(high),
        Value::Int(low),
        Value::Int(row.until),
        Value::Int(row.reclaim.into()),
    ]
}

/// A stage as it is stored and shown.
pub(crate) fn word(stage: Stage) -> &'static str {
    match stage {
        Stage::Draft => "draft",
        Stage::Published => "published",
        Stage::Superseded => "superseded",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_stored_without_a_nul_and_comes_back() {
        for said in ["", "ann", "\0", "\u{1}", "\u{1}0", "\u{1}\0\u{1}1\0\0", "a\0b"] {
            let Value::Text(stored) = name(said) else { panic!("a text") };
            assert!(!stored.contains('\0'));
            assert_eq!(unstored(stored), said);
        }
    }

    #[test]
    fn every_amount_of_a_meter_is_two_columns_and_comes_back() {
        let limit = Amount::LIMIT.atoms();
        for atoms in [0, 1, -1, HIGH - 1, HIGH, -HIGH, -HIGH - 1, limit, -limit] {
            let [high, low] = halves(Amount::from_atoms(atoms));
            assert!((0..HIGH).contains(&i128::from(low)), "{atoms}");
            assert_eq!(i128::from(high) * HIGH + i128::from(low), atoms);
        }
    }
}
