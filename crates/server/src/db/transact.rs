//! One operation of the ledger as one transaction: what `limitr_ledger::rows::run` is, for a database that is waited for.
//!
//! 1. The operation runs over the rows that were read. What it lacks is read, and it runs anew.
//! 2. What it wrote is written, servers are told in the same transaction, and it is committed. Only then its answer is given.
//! 3. What writes nothing is rolled back. A deadlock, or rows that another changed meanwhile, run all of it anew.

use limitr_ledger::Refusal;
use limitr_ledger::audit::{self, Deed};
use limitr_ledger::rows::{Key, Rows, Stop};
use limitr_protocol::Up;
use sqlx::Error;

use super::encode::Value;
use super::read::Reader;
use super::scope::Scope;
use super::{Database, Kind, write};
use crate::clock;
use crate::connect::news::{self, News};

/// How often an operation is run anew.
const TRIES: u32 = 8;

/// Which rows an operation locks where it reads them.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Locks<'a> {
    /// None: it only reads, and sees the database as it stood at one moment.
    Snapshot,
    /// What a frame changes.
    Frame(&'a Up),
    /// Customers, with their meters and leases.
    Periods,
    /// All, the policy's head, too.
    All,
}

impl Locks<'_> {
    /// Whether a row that guards others is to be locked. Which policy is in force is only read by frames; customers that one refers to, only by
    /// those that ask for leases or create it.
    pub(crate) fn cover(self, key: &Key) -> bool {
        match (self, key) {
            (Locks::Snapshot, _) | (Locks::Frame(_), Key::Heads(())) => false,
            (Locks::Frame(Up::Lease { customer, .. }), Key::Customer(id)) => id == customer,
            (Locks::Frame(Up::Ensure { customer }), Key::Customer(id)) => *id == customer.id,
            (Locks::Periods, key) => matches!(key, Key::Customer(_)),
            _ => true,
        }
    }
}

/// Why an operation came to nothing.
#[derive(Debug)]
pub(crate) enum Failed {
    /// It was refused. Nothing is written.
    Refused(Refusal),
    /// The database failed. Whether anything is written isn't known: its answer isn't given.
    Storage(Error),
}

impl From<Error> for Failed {
    fn from(error: Error) -> Failed {
        Failed::Storage(error)
    }
}

/// What an operation answers, and what servers are to be told once it is committed.
pub(crate) type Told<T> = (T, Vec<News>);

/// A statement beside the ledger's rows, in the same transaction.
#[derive(Clone, Debug)]
pub(crate) struct Also {
    statement: &'static str,
    values: Vec<Value>,
    /// What is refused where it changes nothing.
    or: Option<(&'static str, &'static str)>,
}

impl Also {
    pub(crate) fn new(statement: &'static str) -> Also {
        Also { statement, values: Vec::new(), or: None }
    }

    /// The next two values: whose row it is.
    pub(crate) fn scope(self, scope: &Scope) -> Also {
        self.int(scope.workspace).text(scope.environment)
    }

    pub(crate) fn int(mut self, number: i64) -> Also {
        self.values.push(Value::Int(number));
        self
    }

    pub(crate) fn text(mut self, text: impl ToString) -> Also {
        self.values.push(Value::Text(text.to_string()));
        self
    }

    /// Refuses everything with this code and message where the statement changes nothing.
    pub(crate) fn or(mut self, code: &'static str, message: &'static str) -> Also {
        self.or = Some((code, message));
        self
    }
}

impl Database {
    /// Does something beside the ledger, and writes down in the audit log who did it, both or neither.
    pub(crate) async fn act(
        &self,
        scope: &Scope,
        also: &[Also],
        deed: &Deed<'_>,
        news: &[News],
    ) -> Result<(), Failed> {
        let note = |rows: &mut Rows| {
            audit::note(rows, clock::now(), deed.clone())?;
            Ok(((), news.to_vec()))
        };
        self.run_with(scope, Locks::All, also, note).await.map(drop)
    }

    /// Runs one operation as one transaction.
    pub(crate) async fn run<T>(
        &self,
        scope: &Scope,
        locks: Locks<'_>,
        operation: impl FnMut(&mut Rows) -> Result<Told<T>, Stop>,
    ) -> Result<Told<T>, Failed> {
        self.run_with(scope, locks, &[], operation).await
    }

    async fn run_with<T>(
        &self,
        scope: &Scope,
        locks: Locks<'_>,
        also: &[Also],
        mut operation: impl FnMut(&mut Rows) -> Result<Told<T>, Stop>,
    ) -> Result<Told<T>, Failed> {
        let mut tries = 0;
        loop {
            tries += 1;
            match self.attempt(scope, locks, also, &mut operation).await {
                Err(Failed::Storage(error)) if tries < TRIES && is_conflict(&error) => {
                    tracing::debug!(tries, "a transaction is run anew");
                }
                result => return result,
            }
        }
    }

    async fn attempt<T>(
        &self,
        scope: &Scope,
        locks: Locks<'_>,
        also: &[Also],
        operation: &mut impl FnMut(&mut Rows) -> Result<Told<T>, Stop>,
    ) -> Result<Told<T>, Failed> {
        let mut transaction = match locks {
            Locks::Snapshot => self.snapshot().await?,
            _ => self.begin().await?,
        };
        let mut reader = Reader { kind: self.kind, scope, locks, locked: Default::default() };
        let mut rows = Rows::default();
        let (answer, told) = loop {
            match operation(&mut rows) {
                Ok(answer) => break answer,
                Err(Stop::Refused(refusal)) => {
                    transaction.rollback().await?;
                    return Err(Failed::Refused(refusal));
                }
                Err(Stop::Missing(needs)) => {
                    rows.forget_writes();
                    reader.read(&mut transaction, &needs, &mut rows).await?;
                }
            }
        };
        let writes = rows.into_writes();
        if writes.is_empty() {
            transaction.rollback().await?;
            return Ok((answer, told));
        }
        write::write(&mut transaction, scope, clock::now(), &writes).await?;
        for one in also {
            let bound =
                one.values.iter().cloned().fold(sqlx::query(one.statement), |query, value| value.bind(query));
            let changed = bound.execute(&mut *transaction).await?.rows_affected();
            if let (0, Some((code, message))) = (changed, one.or) {
                transaction.rollback().await?;
                let message = message.to_string();
                return Err(Failed::Refused(Refusal {
                    code,
                    message,
                    fatal: false,
                    diagnostics: Vec::new(),
                }));
            }
        }
        if self.kind == Kind::Postgres {
            for text in news::texts(scope, &told) {
                let notify = sqlx::query("SELECT pg_notify($1, $2)").bind(news::CHANNEL).bind(text);
                notify.execute(&mut *transaction).await?;
            }
        }
        transaction.commit().await?;
        Ok((answer, told))
    }
}

/// Whether another transaction was in the way: a deadlock, or a database that is busy.
fn is_conflict(error: &Error) -> bool {
    let code = error.as_database_error().and_then(|error| error.code());
    matches!(code.as_deref(), Some("40001" | "40P01" | "5" | "6" | "517" | "261"))
}
