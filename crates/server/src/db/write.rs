//! Writing what an operation has decided.

use std::collections::BTreeMap;

use limitr_ledger::rows::{Key, Row};
use sqlx::{Any, Error, Transaction};

use super::encode;
use super::scope::Scope;
use super::table::Table;

/// Most rows in one statement: PostgreSQL takes 65,535 values in one, SQLite 32,766.
const AT_ONCE: usize = 200;

/// Writes rows, those of a table together.
pub(crate) async fn write(
    transaction: &mut Transaction<'static, Any>,
    scope: &Scope,
    now: i64,
    writes: &BTreeMap<Key, Row>,
) -> Result<(), Error> {
    let mut tables: BTreeMap<&str, Vec<(&Key, &Row)>> = BTreeMap::new();
    for (key, row) in writes {
        tables.entry(Table::of(key).name).or_default().push((key, row));
    }
    for rows in tables.values() {
        for part in rows.chunks(AT_ONCE) {
            put(transaction, scope, now, part).await?;
        }
    }
    Ok(())
}

async fn put(
    transaction: &mut Transaction<'static, Any>,
    scope: &Scope,
    now: i64,
    rows: &[(&Key, &Row)],
) -> Result<(), Error> {
    let Some(table) = rows.first().map(|(key, _)| Table::of(key)) else { return Ok(()) };
    let columns: Vec<&str> = table.all().collect();
    let mut statement =
        format!("INSERT INTO {} (workspace, environment, {}) VALUES ", table.name, columns.join(", "));
    let mut place = 2;
    for row in 0..rows.len() {
        statement.push_str(if row == 0 { "($1, $2" } else { ", ($1, $2" });
        for _ in &columns {
            place += 1;
            statement.push_str(&format!(", ${place}"));
        }
        statement.push(')');
    }
    if !table.once {
        let sets: Vec<String> =
            table.columns.iter().map(|column| format!("{column} = excluded.{column}")).collect();
        statement.push_str(&format!(
            " ON CONFLICT (workspace, environment, {}) DO UPDATE SET {}",
            table.keys.join(", "),
            sets.join(", ")
        ));
    }
    let mut query = scope.query(&statement).persistent(rows.len() == 1);
    for (key, row) in rows {
        for value in encode::key(key).into_iter().chain(encode::row(row, now)) {
            query = value.bind(query);
        }
    }
    query.execute(&mut **transaction).await?;
    Ok(())
}
