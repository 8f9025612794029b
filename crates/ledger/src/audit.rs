//! The audit log: who did what, chained by hashes, so that anybody who has a copy of the last hash can tell whether an entry was changed,
//! removed or put in.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::rows::{Rows, Stop};

/// One entry.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Entry {
    /// Its place, from 1.
    pub number: u64,
    /// When, in milliseconds since the epoch.
    pub at: i64,
    /// Who: a member or a token, by its ID.
    pub actor: String,
    /// What was done, such as `policy.publish`.
    pub action: String,
    /// What it was done to.
    pub subject: String,
    /// What else there is to know.
    pub detail: Value,
    /// The hash of the entry before; empty for the first.
    pub previous: String,
    /// SHA-256 of everything above, in hexadecimal.
    pub hash: String,
}

/// What is written down.
#[derive(Clone, Debug, PartialEq)]
pub struct Deed<'a> {
    /// Who.
    pub actor: &'a str,
    /// What was done.
    pub action: &'a str,
    /// To what.
    pub subject: &'a str,
    /// What else there is to know.
    pub detail: Value,
}

/// Writes an entry, in the transaction of what it tells.
///
/// # Errors
/// As [`Rows`].
pub fn note(rows: &mut Rows, now: i64, deed: Deed<'_>) -> Result<(), Stop> {
    let mut heads = rows.heads(&())?.unwrap_or_default();
    let mut entry = Entry {
        number: heads.audit + 1,
        at: now,
        actor: deed.actor.to_string(),
        action: deed.action.to_string(),
        subject: deed.subject.to_string(),
        detail: deed.detail,
        previous: heads.audit_hash,
        hash: String::new(),
    };
    entry.hash = entry.hashed();
    (heads.audit, heads.audit_hash) = (entry.number, entry.hash.clone());
    rows.put_heads(&(), heads);
    rows.put_audit(&entry.number.clone(), entry);
    Ok(())
}

/// Where a log stops being what was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// The first entry that is wrong.
    pub number: u64,
    /// What is wrong with it.
    pub problem: &'static str,
}

/// Verifies entries from the first one on, and that they end with the hash `head`. Needs nothing but the entries.
///
/// # Errors
/// The first entry that isn't what was written.
pub fn verify<'a>(entries: impl IntoIterator<Item = &'a Entry>, head: &str) -> Result<(), Broken> {
    let mut verifier = Verifier::default();
    entries.into_iter().try_for_each(|entry| verifier.take(entry))?;
    verifier.end(head)
}

/// Verifies entries as they are read, from the first one on, as [`verify`] does.
#[derive(Clone, Debug, Default)]
pub struct Verifier {
    /// The entry that was taken last.
    number: u64,
    hash: String,
}

impl Verifier {
    /// Takes the next entry.
    ///
    /// # Errors
    /// It isn't what was written, or isn't the next one.
    pub fn take(&mut self, entry: &Entry) -> Result<(), Broken> {
        self.number += 1;
        let broken = |problem| Err(Broken { number: self.number, problem });
        if entry.number != self.number {
            return broken("an entry is missing");
        }
        if entry.previous != self.hash {
            return broken("it doesn't follow on the one before");
        }
        if entry.hash != entry.hashed() {
            return broken("it was changed");
        }
        self.hash.clone_from(&entry.hash);
        Ok(())
    }

    /// Whether those were all: the last one's hash is `head`.
    ///
    /// # Errors
    /// The first entry that is missing.
    pub fn end(&self, head: &str) -> Result<(), Broken> {
        match self.hash == head {
            true => Ok(()),
            false => Err(Broken { number: self.number + 1, problem: "the log ends too early" }),
        }
    }
}

impl Entry {
    fn hashed(&self) -> String {
        let Entry { number, at, actor, action, subject, detail, previous, hash: _ } = self;
        // Each part with its length: no two entries have the same text.
        let parts =
            [&number.to_string(), &at.to_string(), actor, action, subject, &detail.to_string(), previous];
        let mut hasher = Sha256::new();
        for part in parts {
            hasher.update((part.len() as u64).to_be_bytes());
            hasher.update(part.as_bytes());
        }
        hexadecimal(&hasher.finalize())
    }
}

/// The SHA-256 of a text, in hexadecimal.
pub(crate) fn hash(text: &str) -> String {
    hexadecimal(&Sha256::digest(text.as_bytes()))
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
