//! What the ledger keeps, row by row, and how an operation reads and writes it: *decide, then commit*.
//!
//! 1. An operation is a plain function over [`Rows`]. It asks for a row by its [`Key`]; one that isn't loaded stops it with
//!    [`Stop::Missing`]. Its caller loads what is missing, in order of the keys and locked, and runs it anew.
//! 2. What it writes stays in [`Rows`] until it has come to its end. Then the caller writes all of it in the same transaction, or
//!    nothing; only then frames go out. So an operation may be run as often as a database wants it to be.
//! 3. Two servers are kept apart by the rows themselves: whoever has the meter's row has the say over its leases.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use limitr_protocol::InstanceId;

use crate::audit::Entry;
use crate::commit::Logged;
use crate::customers::Customer;
use crate::instances::Instance;
use crate::meters::{Lease, Meter, MeterKey};
use crate::policies::{Heads, PolicyVersion};
use crate::refusal::Refusal;

/// Why an operation stopped before its end.
#[derive(Clone, Debug, PartialEq)]
pub enum Stop {
    /// It needs rows that aren't loaded.
    Missing(Needs),
    /// What was asked for is refused. Nothing is written.
    Refused(Refusal),
}

impl From<Refusal> for Stop {
    fn from(refusal: Refusal) -> Stop {
        Stop::Refused(refusal)
    }
}

/// Rows that an operation needs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Needs {
    /// Rows by their keys.
    pub keys: BTreeSet<Key>,
    /// Which rows there are.
    pub queries: BTreeSet<Query>,
}

/// A question for keys. Each is one index of the database.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Query {
    /// The lease of an instance that has this number: none or one.
    Lease(InstanceId, u64),
    /// All leases of an instance.
    LeasesOf(InstanceId),
    /// All leases on a meter.
    LeasesOn(MeterKey),
    /// The meter of the latest period of each limit, cap and grant of a customer.
    Meters(Box<str>),
    /// Instances that haven't ended.
    Living,
    /// Leases that may be taken back and ended before this time.
    Expired(i64),
}

/// Defines the tables: a key, a row, a reader and a writer each.
macro_rules! tables {
    ($($(#[$about:meta])* $table:ident($key:ty) => $row:ty, $read:ident, $write:ident;)*) => {
        /// Where a row stands.
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Key { $($(#[$about])* $table($key),)* }

        /// A row.
        #[derive(Clone, Debug, PartialEq)]
        pub enum Row { $($(#[$about])* $table($row),)* }

        impl Rows {
            $(
                /// Reads a row; `None`: there is none.
                ///
                /// # Errors
                /// [`Stop::Missing`] where it isn't loaded.
                pub fn $read(&self, key: &$key) -> Result<Option<$row>, Stop> {
                    match self.find(&Key::$table(key.clone()))? {
                        Some(Row::$table(row)) => Ok(Some(row.clone())),
                        _ => Ok(None),
                    }
                }

                /// Writes a row.
                pub(crate) fn $write(&mut self, key: &$key, row: $row) {
                    self.written.insert(Key::$table(key.clone()), Row::$table(row));
                }
            )*
        }
    };
}

tables! {
    /// Instances.
    Instance(InstanceId) => Instance, instance, put_instance;
    /// Customers.
    Customer(Box<str>) => Customer, customer, put_customer;
    /// Committed changes, by their customer and its revision after them.
    Change((Box<str>, u64)) => Logged, change, put_change;
    /// Meters: one of each limit, cap and grant in each of its periods.
    Meter(MeterKey) => Meter, meter, put_meter;
    /// Leases: one of each instance on each meter that it ever moved or asked for.
    Lease((MeterKey, InstanceId)) => Lease, lease, put_lease;
    /// Policy versions.
    Policy(u64) => PolicyVersion, policy, put_policy;
    /// The one row that says which policy is in force and where the audit log ends.
    Heads(()) => Heads, heads, put_heads;
    /// Entries of the audit log.
    Audit(u64) => Entry, audit, put_audit;
}

/// All rows, at hand: what an operation asks for is there at once.
pub trait AtHand: std::fmt::Debug + Send + Sync {
    /// The row at a key.
    fn row(&self, key: &Key) -> Option<&Row>;
    /// The keys that a question finds.
    fn keys(&self, query: &Query) -> Vec<Key>;
}

/// The rows of one transaction: what was read, and what is to be written.
#[derive(Clone, Debug, Default)]
pub struct Rows {
    /// Where rows are read that aren't loaded; without that they are missing.
    source: Option<Arc<dyn AtHand>>,
    loaded: BTreeMap<Key, Option<Row>>,
    found: BTreeMap<Query, Vec<Key>>,
    written: BTreeMap<Key, Row>,
}

impl Rows {
    /// A transaction over rows that are at hand: nothing is ever missing.
    pub fn over(source: Arc<dyn AtHand>) -> Rows {
        Rows { source: Some(source), ..Rows::default() }
    }

    fn find(&self, key: &Key) -> Result<Option<&Row>, Stop> {
        if let Some(row) = self.written.get(key) {
            return Ok(Some(row));
        }
        if let Some(source) = &self.source {
            return Ok(source.row(key));
        }
        match self.loaded.get(key) {
            Some(row) => Ok(row.as_ref()),
            None => Err(Stop::Missing(Needs { keys: [key.clone()].into(), ..Needs::default() })),
        }
    }

    /// The policy version in force; 0: none yet.
    ///
    /// # Errors
    /// [`Stop::Missing`] where the row of [`Heads`] isn't loaded.
    pub(crate) fn active(&self) -> Result<u64, Stop> {
        match self.find(&Key::Heads(()))? {
            Some(Row::Heads(heads)) => Ok(heads.active),
            _ => Ok(0),
        }
    }

    /// The hash of a policy version; empty where there is none.
    ///
    /// # Errors
    /// [`Stop::Missing`] where it isn't loaded.
    pub(crate) fn policy_hash(&self, version: u64) -> Result<String, Stop> {
        match self.find(&Key::Policy(version))? {
            Some(Row::Policy(row)) => Ok(row.hash.clone()),
            _ => Ok(String::new()),
        }
    }

    /// Asks for rows all at once, so that they are locked in one order.
    ///
    /// # Errors
    /// [`Stop::Missing`] with all that aren't loaded.
    pub fn want(&self, keys: impl IntoIterator<Item = Key>) -> Result<(), Stop> {
        if self.source.is_some() {
            return Ok(());
        }
        let unknown = |key: &Key| !self.written.contains_key(key) && !self.loaded.contains_key(key);
        let keys: BTreeSet<Key> = keys.into_iter().filter(unknown).collect();
        match keys.is_empty() {
            true => Ok(()),
            false => Err(Stop::Missing(Needs { keys, ..Needs::default() })),
        }
    }

    /// The keys that a question finds. Rows that this operation itself adds aren't among them.
    ///
    /// # Errors
    /// [`Stop::Missing`] where it wasn't asked yet.
    pub(crate) fn ask(&self, query: &Query) -> Result<Vec<Key>, Stop> {
        match (&self.source, self.found.get(query)) {
            (Some(source), _) => Ok(source.keys(query)),
            (None, Some(keys)) => Ok(keys.clone()),
            (None, None) => Err(Stop::Missing(Needs { queries: [query.clone()].into(), ..Needs::default() })),
        }
    }

    /// Takes in a row that was read; `None`: there is none.
    pub fn load(&mut self, key: Key, row: Option<Row>) {
        self.loaded.insert(key, row);
    }

    /// Takes in the answer to a question.
    pub fn load_found(&mut self, query: Query, keys: Vec<Key>) {
        self.found.insert(query, keys);
    }

    /// Forgets what an operation that stopped has written.
    pub fn forget_writes(&mut self) {
        self.written.clear();
    }

    /// What is to be written.
    pub fn into_writes(self) -> BTreeMap<Key, Row> {
        self.written
    }
}

/// A database, as small a part of one as the ledger needs. The server's own is asynchronous and does the same: see [`run`].
pub trait Storage {
    /// Begins a transaction, or goes on with it: reads what is needed, and locks it until [`Storage::commit`].
    fn read(&mut self, needs: &Needs, rows: &mut Rows);
    /// Writes all or nothing, and ends the transaction. Whether it is written.
    fn commit(&mut self, writes: BTreeMap<Key, Row>) -> bool;
}

/// Runs one operation as one transaction: the loop that a server has around it.
///
/// # Errors
/// The operation's own refusal; `storage_failed` where nothing could be written.
pub fn run<T>(
    storage: &mut impl Storage,
    mut operation: impl FnMut(&mut Rows) -> Result<T, Stop>,
) -> Result<T, Refusal> {
    let mut rows = Rows::default();
    loop {
        match operation(&mut rows) {
            Ok(answer) => {
                let writes = rows.into_writes();
                let written = writes.is_empty() || storage.commit(writes);
                return written
                    .then_some(answer)
                    .ok_or(Refusal::new("storage_failed", "nothing was written"));
            }
            Err(Stop::Refused(refusal)) => return Err(refusal),
            Err(Stop::Missing(needs)) => {
                rows.forget_writes();
                storage.read(&needs, &mut rows);
            }
        }
    }
}
