//! The format of files: which versions this one reads, and where older ones are brought up to date.
//!
//! Each file's first frame says which format the file has, and so does a state's last one. A layout that was ever released
//! never changes: a new one gets the next number, and what the old one said is translated by [`brought_up`].

use std::borrow::Cow;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::StoreError;

/// The format that this version writes. 1 is the first.
pub(crate) const FORMAT: u32 = 1;

/// Adds the payload of a frame that says the format: its kind, the format, then `head`.
pub(crate) fn put_head(bytes: &mut Vec<u8>, kind: u8, head: &impl Serialize) {
    bytes.push(kind);
    bytes.extend_from_slice(&FORMAT.to_le_bytes());
    // Texts and numbers can always be written.
    bytes.extend_from_slice(&postcard::to_allocvec(head).unwrap_or_default());
}

/// What [`put_head`] of this version, or of an earlier one, wrote.
pub(crate) fn head_of<T: DeserializeOwned>(name: &str, kind: u8, payload: &[u8]) -> Result<T, StoreError> {
    let no_head = || StoreError::damaged(name, 0, "it doesn't begin as it should");
    let (first, rest) = payload.split_first().ok_or_else(no_head)?;
    let (format, head) = rest.split_first_chunk::<4>().ok_or_else(no_head)?;
    let format = u32::from_le_bytes(*format);
    if *first != kind {
        return Err(no_head());
    }
    if format > FORMAT {
        return Err(StoreError::newer(name, format, FORMAT));
    }
    let head = brought_up(kind, format, head).ok_or_else(no_head)?;
    postcard::from_bytes(&head).map_err(|_| no_head())
}

/// The migration: what a head of an older format says, as this format says it; `None` where there was no such format.
///
/// Each raise of [`FORMAT`] adds an arm here, which translates from the number before by `kind`, and a folder of files beside
/// `tests/fixtures/format-1` that tests open. Frames behind the head are lists that only grow at their ends (see `Effected` and
/// the packed customer in the engine); where that isn't enough, they get a kind of their own, so that readers know both.
fn brought_up(_kind: u8, format: u32, head: &[u8]) -> Option<Cow<'_, [u8]>> {
    match format {
        FORMAT => Some(Cow::Borrowed(head)),
        _ => None,
    }
}
