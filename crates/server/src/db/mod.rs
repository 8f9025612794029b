//! The database: SQLite or PostgreSQL, through one set of statements.
//!
//! 1. Placeholders are `$1`, `$2`, …, which both understand; every statement on rows of an environment goes through [`Scope`].
//! 2. SQLite has one writer, so what may write waits for one connection and begins with `BEGIN IMMEDIATE`; reads have connections of
//!    their own and see a snapshot. PostgreSQL locks the rows that an operation reads: see [`transact`](mod@transact).

mod decode;
mod encode;
mod read;
mod scope;
mod table;
mod transact;
mod write;

use std::borrow::Cow;
use std::time::Duration;

use sqlx::any::AnyPoolOptions;
use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::{Any, AnyPool, Executor, Transaction};

pub(crate) use decode::{change_of, entry_of, instance_of, meter_key_of, meter_of};
pub(crate) use encode::word;
pub(crate) use scope::{ENVIRONMENTS, Scope};
pub(crate) use transact::{Also, Failed, Locks};

/// Connections that read, and with PostgreSQL those that write, too.
const CONNECTIONS: u32 = 8;
/// How long an operation waits for a connection.
const WAIT: Duration = Duration::from_secs(10);

/// What is different between the databases.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Sqlite,
    Postgres,
}

/// An open database.
#[derive(Clone, Debug)]
pub(crate) struct Database {
    pub(crate) kind: Kind,
    pub(crate) url: String,
    read: AnyPool,
    write: AnyPool,
}

impl Database {
    /// Opens a database, a PostgreSQL address or the path of a SQLite file, and brings its tables up to date.
    pub(crate) async fn open(place: &str) -> Result<Database, sqlx::Error> {
        sqlx::any::install_default_drivers();
        let postgres = place.starts_with("postgres://") || place.starts_with("postgresql://");
        let (kind, url) = match postgres {
            true => (Kind::Postgres, place.to_string()),
            false => (Kind::Sqlite, format!("sqlite:{}?mode=rwc", place.trim_start_matches("sqlite:"))),
        };
        let options = |connections| {
            AnyPoolOptions::new().max_connections(connections).acquire_timeout(WAIT).after_connect(
                move |connection, _| {
                    Box::pin(async move {
                        if kind == Kind::Sqlite {
                            // An acknowledged change survives a power cut: the log is synced at each commit.
                            let settings = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; \
                                            PRAGMA busy_timeout = 10000; PRAGMA foreign_keys = ON;";
                            connection.execute(settings).await?;
                        }
                        Ok(())
                    })
                },
            )
        };
        let write = options(if postgres { CONNECTIONS } else { 1 }).connect(&url).await?;
        migrations().run(&write).await?;
        let read = if postgres { write.clone() } else { options(CONNECTIONS).connect(&url).await? };
        Ok(Database { kind, url, read, write })
    }

    /// Where single statements go that only read.
    pub(crate) fn reader(&self) -> &AnyPool {
        &self.read
    }

    /// Where single statements go that write.
    pub(crate) fn writer(&self) -> &AnyPool {
        &self.write
    }

    /// Begins a transaction that may write.
    pub(crate) async fn begin(&self) -> Result<Transaction<'static, Any>, sqlx::Error> {
        match self.kind {
            Kind::Sqlite => self.write.begin_with("BEGIN IMMEDIATE").await,
            Kind::Postgres => self.write.begin().await,
        }
    }

    /// Begins a transaction that sees the database as it stands now.
    pub(crate) async fn snapshot(&self) -> Result<Transaction<'static, Any>, sqlx::Error> {
        match self.kind {
            Kind::Sqlite => self.read.begin().await,
            Kind::Postgres => self.read.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await,
        }
    }

    /// Closes all connections once they are free.
    pub(crate) async fn close(&self) {
        self.read.close().await;
        self.write.close().await;
    }
}

fn migrations() -> Migrator {
    let first = include_str!("../../migrations/1_control_and_ledger.sql");
    let list = [(1, "control and ledger", first)];
    let list = list.into_iter().map(|(version, about, sql)| {
        Migration::new(version, Cow::Borrowed(about), MigrationType::Simple, Cow::Borrowed(sql), false)
    });
    Migrator { migrations: list.collect(), ..Migrator::DEFAULT }
}
