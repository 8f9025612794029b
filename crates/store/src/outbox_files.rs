//! The files of an outbox, and what an opening finds in them.
//!
//! 1. A part is a file `outbox-<opening>-<number>`: which opening of the folder it is of, counted, and the number of its first change. Its
//!    first frame says so, too, and who the opening is; the others are batches as in a journal, and the one that closes it.
//! 2. Every part but the very last was closed in good order: an opening writes that one anew, as far as it is whole, before it begins its
//!    own. What the system showed of it was perhaps never on disk.
//! 3. Parts are removed once the server has all that is in them, oldest first. An opening whose parts are gone is forgotten; the first part
//!    that is left of any other says where its changes go on.

use limitr_engine::{Change, Changes};
use serde::{Deserialize, Serialize};

use crate::disk::{Disk, open};
use crate::error::StoreError;
use crate::fold::UNFINISHED;
use crate::frame::{self, Frames};
use crate::journal::{Walked, each_batch_of, read_head_of, rewrite};
use crate::kind::{Kind, assert_kind};
use crate::recover::assert_cut;

pub(crate) const HEAD: u8 = b'O';
const PREFIX: &str = "outbox-";

/// What a part's first frame says, behind its kind and format.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct PartHead {
    /// The how manieth opening of the folder it is of.
    pub(crate) opening: u64,
    /// The opening's own name.
    pub(crate) instance: String,
    /// Where what it holds is to be handed in.
    pub(crate) place: String,
    /// Whether nothing was answered that isn't here.
    pub(crate) complete: bool,
    /// The number of its first change.
    pub(crate) seq: u64,
}

/// A part that is there.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Part {
    pub(crate) name: String,
    pub(crate) instance: String,
    /// The number of the last change up to its end.
    pub(crate) last: u64,
}

/// What an earlier opening left.
#[derive(Clone, Debug, PartialEq)]
pub struct LeftOutbox {
    /// The opening's name.
    pub instance: String,
    /// Whether nothing was answered that isn't here.
    pub complete: bool,
    /// Its changes that aren't known to be at the server, in order and without gaps.
    pub changes: Vec<Change>,
    /// The number of its last change; 0: it made none.
    pub up_to: u64,
}

/// All that is there.
#[derive(Debug, Default)]
pub(crate) struct Found {
    pub(crate) parts: Vec<Part>,
    /// Oldest first.
    pub(crate) left: Vec<LeftOutbox>,
    /// The number of the last opening.
    pub(crate) opening: u64,
}

/// The name of the part of an opening that begins with the change `seq`.
pub(crate) fn part_name(opening: u64, seq: u64) -> String {
    format!("{PREFIX}{opening:020}-{seq:020}")
}

fn place_of(name: &str) -> Option<(u64, u64)> {
    let (opening, seq) = name.strip_prefix(PREFIX)?.split_once('-')?;
    let place = (opening.parse().ok()?, seq.parse().ok()?);
    (part_name(place.0, place.1) == name).then_some(place)
}

/// Reads what earlier openings left for `place`, and closes the last of them.
pub(crate) fn find(disk: &dyn Disk, place: &str) -> Result<Found, StoreError> {
    assert_kind(disk, Kind::Outbox)?;
    let names = disk.names().map_err(|error| StoreError::failed("listing", ".", &error))?;
    let mut places: Vec<(u64, u64)> = names.iter().filter_map(|name| place_of(name)).collect();
    places.sort_unstable();
    let unfinished = |name: &&String| name.strip_suffix(UNFINISHED).is_some_and(|of| place_of(of).is_some());
    let mut obsolete: Vec<String> = names.iter().filter(unfinished).cloned().collect();
    let mut found = Found { opening: places.last().map_or(0, |(opening, _)| *opening), ..Found::default() };
    for (at, (opening, seq)) in places.iter().copied().enumerate() {
        let is_last = at + 1 == places.len();
        if !found.read(disk, place, (opening, seq), is_last)? {
            obsolete.push(part_name(opening, seq));
        }
    }
    disk.sync().map_err(|error| StoreError::failed("opening", ".", &error))?;
    for name in obsolete {
        match disk.remove(&name) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {} // it was the beginning of what is whole now
            removed => removed.map_err(|error| StoreError::failed("removing", &name, &error))?,
        }
    }
    Ok(found)
}

impl Found {
    /// Reads a part; whether there is anything in it.
    fn read(
        &mut self,
        disk: &dyn Disk,
        place: &str,
        (opening, seq): (u64, u64),
        is_last: bool,
    ) -> Result<bool, StoreError> {
        let name = part_name(opening, seq);
        let file = open(disk, &name)?;
        let Some(head) = read_head_of::<PartHead>(file.as_ref(), &name, HEAD)? else {
            assert_cut(file.as_ref(), &name, 0, is_last)?;
            return Ok(false); // nothing was told of it
        };
        if (head.opening, head.seq) != (opening, seq) {
            return Err(StoreError::damaged(&name, 0, "its name says another place than it"));
        }
        if head.place != place {
            return Err(misplaced(&head.place, place));
        }
        let left = self.left_of(&name, &head)?;
        let frames = Frames::from(file.as_ref(), &name, 0)?;
        let walked = each_batch_of(frames, &name, seq, |first, at, bytes| {
            for change in Changes::<Box<str>>::new(bytes, first) {
                let change = change.map_err(|error| StoreError::damaged(&name, at, error.message()))?;
                left.changes.push(change);
            }
            Ok(())
        })?;
        left.up_to = seq.saturating_sub(1) + walked.count;
        let last = left.up_to;
        self.close(disk, &name, walked, is_last)?;
        self.parts.push(Part { name, instance: head.instance, last });
        Ok(true)
    }

    /// What is known of the opening that a part is of. A later part goes on where the one before ended.
    fn left_of(&mut self, name: &str, head: &PartHead) -> Result<&mut LeftOutbox, StoreError> {
        let goes_on = self.left.last().is_some_and(|left| left.instance == head.instance);
        if !goes_on {
            let (instance, complete, up_to) =
                (head.instance.clone(), head.complete, head.seq.saturating_sub(1));
            self.left.push(LeftOutbox { instance, complete, changes: Vec::new(), up_to });
        }
        match self.left.last_mut() {
            Some(left) if left.up_to + 1 == head.seq => Ok(left),
            _ => Err(StoreError::damaged(name, 0, "changes before it are missing")),
        }
    }

    /// Sees to it that a part ends in good order, and that what was read of it stays.
    fn close(&self, disk: &dyn Disk, name: &str, walked: Walked, is_last: bool) -> Result<(), StoreError> {
        let file = open(disk, name)?;
        if walked.end < frame::length(file.as_ref(), name)? || !walked.closed {
            assert_cut(file.as_ref(), name, walked.end, is_last && !walked.closed)?;
        }
        // Also one that looks closed: perhaps that frame's sync failed.
        if is_last { rewrite(disk, file.as_ref(), name, walked.bytes) } else { Ok(()) }
    }
}

fn misplaced(theirs: &str, ours: &str) -> StoreError {
    let named = |place: &str| match place {
        "" => "another token".to_string(),
        place => format!("a token of the environment `{place}`"),
    };
    StoreError::mismatch(format!(
        "the folder holds what an engine with {} did, and this one has {}: give each environment a folder of its own",
        named(theirs),
        named(ours)
    ))
}
