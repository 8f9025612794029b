//! What goes wrong with a store.

use std::fmt;
use std::io;

/// What to do about a damaged store.
const MEND: &str = "put a copy of the whole folder back, or keep what is readable with `Limitr.repairStore`";
/// What to do about a damaged outbox.
const MEND_OUTBOX: &str = "put a copy of the whole folder back, or name an empty folder: what the server doesn't have is lost then, and what was leased stays spent until its period ends";
const SHARE: &str = "a store belongs to one engine at a time (worker threads can share one: option `shared`)";
const SHARE_OUTBOX: &str = "give each engine under Limitr Cloud a folder of its own";

/// Why a store can't be opened, read or written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreError {
    code: &'static str,
    message: String,
}

impl StoreError {
    /// The disk failed: nothing more is written, and what wasn't acknowledged isn't saved.
    pub(crate) fn failed(doing: &str, name: &str, error: &io::Error) -> StoreError {
        let message = format!(
            "{doing} `{name}` failed: {error}; what follows isn't saved until the store is opened anew"
        );
        StoreError { code: "store_failed", message }
    }

    /// A file holds what no store has written.
    pub(crate) fn damaged(name: &str, at: u64, problem: &str) -> StoreError {
        let message = format!("`{name}` is damaged at byte {at}: {problem}; {MEND}");
        StoreError { code: "store_damaged", message }
    }

    /// A file isn't there that must be.
    pub(crate) fn missing(name: &str) -> StoreError {
        let message = format!("`{name}` is missing; {MEND}");
        StoreError { code: "store_damaged", message }
    }

    /// A file was written by a later version.
    pub(crate) fn newer(name: &str, format: u32, known: u32) -> StoreError {
        let message = format!(
            "`{name}` has format {format}, and this version of limitr knows formats up to {known}: use the version that wrote it, or a later one"
        );
        StoreError { code: "store_newer", message }
    }

    /// Somebody else has the store open.
    pub(crate) fn locked(holder: &str) -> StoreError {
        let message = format!("the store is open in {holder}: {SHARE}");
        StoreError { code: "store_locked", message }
    }

    /// The folder is another kind of store's, or of another environment.
    pub(crate) fn mismatch(message: String) -> StoreError {
        StoreError { code: "store_mismatch", message }
    }

    /// Too many openings are left in an outbox.
    pub(crate) fn too_many(count: usize, most: usize) -> StoreError {
        let message = format!(
            "{count} openings ended before the server took what they did, and {most} are the most: name an empty folder, what these left stays where it is"
        );
        StoreError { code: "too_many", message }
    }

    /// The same of an outbox, with what is to be done there.
    pub(crate) fn of_outbox(self) -> StoreError {
        let message = self.message.replace(MEND, MEND_OUTBOX).replace(SHARE, SHARE_OUTBOX);
        StoreError { message, ..self }
    }

    /// `store_failed`, `store_damaged`, `store_newer`, `store_locked`, `store_mismatch` or `too_many`.
    pub fn code(&self) -> &'static str {
        self.code
    }

    /// What is wrong, where, and what to do about it.
    pub fn message(&self) -> &str {
        &self.message
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for StoreError {}
