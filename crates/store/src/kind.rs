//! What a folder is the store of: an engine, or an engine's outbox under Limitr Cloud. The names of its files say so, and neither is ever
//! opened as the other: both would lose what they hold.

use crate::disk::Disk;
use crate::error::StoreError;

/// What a folder is the store of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// An engine of its own, with all that it knows.
    Engine,
    /// What an engine under Limitr Cloud did and the server doesn't have yet.
    Outbox,
}

impl Kind {
    /// The kind of the store that has a file of this name; none if no store has.
    fn of(name: &str) -> Option<Kind> {
        let (kind, rest) = name.split_once('-')?;
        if !rest.starts_with(|first: char| first.is_ascii_digit()) {
            return None;
        }
        match kind {
            "journal" | "state" | "index" => Some(Kind::Engine),
            "outbox" => Some(Kind::Outbox),
            _ => None,
        }
    }
}

/// Refuses a folder of the other kind.
pub(crate) fn assert_kind(disk: &dyn Disk, wanted: Kind) -> Result<(), StoreError> {
    let names = disk.names().map_err(|error| StoreError::failed("listing", ".", &error))?;
    match names.iter().find(|name| Kind::of(name).is_some_and(|kind| kind != wanted)) {
        None => Ok(()),
        Some(name) => Err(StoreError::mismatch(match wanted {
            Kind::Engine => format!(
                "the folder holds `{name}`, which an engine of `Limitr.cloud` keeps for its server: open it with `Limitr.cloud`, or name another folder"
            ),
            Kind::Outbox => format!(
                "the folder holds `{name}`, which is of an engine of `Limitr.new`: name another folder for one of `Limitr.cloud`"
            ),
        })),
    }
}
