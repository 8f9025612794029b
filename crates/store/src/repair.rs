//! Repair: keeps everything that is readable of a store that is refused as damaged.
//!
//! 1. The newest state that says what it is, is read, then the segments since; without any state, all segments. What can't be
//!    read is skipped to the next whole frame; a customer or a change that makes no sense without it is left out.
//! 2. What was read is written as a new state, behind everything that there is.
//! 3. Nothing is thrown away: files that the store needs no longer stay beside it under names with `damaged-` in front. Only a
//!    segment that is whole from end to end, and so is its index, stays part of the history.

use std::path::Path;

use limitr_engine::{Change, Changes, Engine};

use crate::disk::{Disk, DiskFile, Folder, open};
use crate::error::StoreError;
use crate::fold::UNFINISHED;
use crate::frame::{self, Found, Frames};
use crate::index::{Index, index_name};
use crate::journal::{Entry, each_batch, entry_of, segment_name};
use crate::kind::{Kind, assert_kind};
use crate::lock::Lock;
use crate::recover::{Files, folded_segment, restore_head};
use crate::state::{StateHead, StateReader, StateWriter, estimates_of, hash, packed_customers, state_name};

/// A part of a file that was skipped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lost {
    /// The file.
    pub file: String,
    /// Where the part begins.
    pub at: u64,
    /// How long it is; 0 where it could be read, and something in it made no sense.
    pub bytes: u64,
}

/// What a repair kept, and what it had to leave out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Repaired {
    /// Customers that are there now.
    pub customers: u64,
    /// Changes that were applied to the state that was read.
    pub changes: u64,
    /// What couldn't be read.
    pub lost: Vec<Lost>,
}

/// Repairs the store in the folder at `path`.
///
/// # Errors
/// `store_locked`, `store_mismatch`, `store_newer`, `store_failed`.
pub fn repair(path: &Path) -> Result<Repaired, StoreError> {
    let folder = Folder::new(path);
    let folder =
        folder.map_err(|error| StoreError::failed("opening", &path.display().to_string(), &error))?;
    let _lock = Lock::take(path)?;
    repair_on(&folder)
}

/// Repairs the store on a disk that nobody else uses.
pub(crate) fn repair_on(disk: &dyn Disk) -> Result<Repaired, StoreError> {
    assert_kind(disk, Kind::Engine)?;
    let files = Files::of(disk)?;
    let mut repair = Repair { disk, engine: Engine::blank(0), done: Repaired::default(), last: 0 };
    let mut state = None;
    for position in files.states.iter().rev() {
        if repair.read_state(*position)? {
            state = Some(*position);
            break;
        }
    }
    let mut retired: Vec<String> = files.states.iter().map(|position| state_name(*position)).collect();
    for position in &files.segments {
        if state.is_none_or(|state| *position > state) {
            repair.read_segment(*position)?;
        }
        if !repair.is_history(*position)? {
            retired.push(segment_name(*position));
            retired.extend(files.indexes.contains(position).then(|| index_name(*position)));
        }
    }
    retired.extend(files.stray_indexes().map(index_name));
    let positions = [&files.states, &files.segments].into_iter().flatten();
    let end = positions.chain([&repair.last]).max().map_or(1, |last| last + 1);
    repair.write_state(end)?;
    let name = state_name(end);
    let renamed = disk.rename(&(name.clone() + UNFINISHED), &name).and_then(|()| disk.sync());
    renamed.map_err(|error| StoreError::failed("renaming", &name, &error))?;
    // Only now, so that there is a state whenever this is broken off.
    for name in retired {
        let renamed = disk.rename(&name, &format!("damaged-{name}"));
        renamed.map_err(|error| StoreError::failed("renaming", &name, &error))?;
    }
    disk.sync().map_err(|error| StoreError::failed("renaming", ".", &error))?;
    repair.done.customers = repair.engine.customer_count() as u64;
    Ok(repair.done)
}

struct Repair<'a> {
    disk: &'a dyn Disk,
    engine: Engine,
    done: Repaired,
    /// The position of the last change that is known of.
    last: u64,
}

impl Repair<'_> {
    /// Notes a place, once.
    fn lose(&mut self, file: &str, at: u64, bytes: u64) {
        let lost = Lost { file: file.to_string(), at, bytes };
        if self.done.lost.last() != Some(&lost) {
            self.done.lost.push(lost);
        }
    }

    /// Reads what is readable of a state; false if it doesn't say what it is.
    fn read_state(&mut self, position: u64) -> Result<bool, StoreError> {
        let name = state_name(position);
        let file = open(self.disk, &name)?;
        let head = match StateReader::new(file.as_ref(), &name) {
            Ok((_, head)) => head,
            Err(error) if error.code() == "store_damaged" => {
                self.lose(&name, 0, 0);
                return Ok(false);
            }
            Err(error) => return Err(error),
        };
        if restore_head(&mut self.engine, &head).is_err() {
            self.lose(&name, 0, 0);
        }
        self.each_whole(file.as_ref(), &name, |repair, at, payload| {
            for packed in packed_customers(payload) {
                if packed.is_none_or(|packed| repair.engine.unpack_customer(packed).is_err()) {
                    repair.lose(&name, at, 0);
                }
            }
            // Without them, calls are estimated anew.
            let estimates = match estimates_of(&name, payload) {
                Err(error) if error.code() == "store_newer" => return Err(error),
                estimates => estimates.unwrap_or_default(),
            };
            let restored = estimates.map(|text| {
                let estimates = serde_json::from_str(&text).unwrap_or_default();
                repair.engine.restore_estimates(&estimates)
            });
            if restored.is_some_and(|restored| restored.is_err()) {
                repair.lose(&name, at, 0);
            }
            Ok(())
        })?;
        Ok(true)
    }

    fn read_segment(&mut self, position: u64) -> Result<(), StoreError> {
        let name = segment_name(position);
        let file = open(self.disk, &name)?;
        let mut first = 1;
        self.each_whole(file.as_ref(), &name, |repair, at, payload| {
            match entry_of(&name, at, payload) {
                Ok(Entry::Head(head)) => first = head.seq,
                Ok(Entry::Batch { seq, count, changes }) => {
                    let changes: Changes<'_> = Changes::new(changes, seq);
                    for change in changes {
                        match change.is_ok_and(|change| repair.apply(&change)) {
                            true => repair.done.changes += 1,
                            false => repair.lose(&name, at, 0),
                        }
                    }
                    repair.last = repair.last.max(position + (seq + count).saturating_sub(first + 1));
                }
                Ok(Entry::End) => {}
                Err(error) if error.code() == "store_newer" => return Err(error),
                Err(_) => repair.lose(&name, at, 0),
            }
            Ok(())
        })
    }

    /// Applies a change, if it makes sense; whether it does.
    fn apply(&mut self, change: &Change<&str>) -> bool {
        // Where changes in between are lost, its customer's ID may still be another name of somebody else.
        let holder = change.effect.holder().and_then(|id| Some((id, self.engine.customer(id)?)));
        let is_other = holder.is_some_and(|(id, found)| *found.id != *id);
        !is_other && self.engine.restore_change(change).is_ok()
    }

    /// Whether a segment's history can be read to its end.
    fn is_history(&mut self, position: u64) -> Result<bool, StoreError> {
        let whole = || {
            let segment = folded_segment(self.disk, position)?;
            Index::open(self.disk, index_name(position))?.check()?;
            let walked = each_batch(open(self.disk, &segment.name)?.as_ref(), &segment, |_, _, _| Ok(()))?;
            Ok((segment.end() - 1, walked.count == segment.count))
        };
        match whole() {
            Ok((last, whole)) => {
                self.last = self.last.max(last);
                Ok(whole)
            }
            Err(error) if StoreError::code(&error) == "store_damaged" => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Goes through the whole frames of a file, and notes what lies between them.
    fn each_whole(
        &mut self,
        file: &dyn DiskFile,
        name: &str,
        mut each: impl FnMut(&mut Self, u64, &[u8]) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let mut payload = Vec::new();
        let mut frames = Frames::from(file, name, 0)?;
        loop {
            let at = frames.at();
            match frames.next(&mut payload)? {
                Found::End => return Ok(()),
                Found::Frame => each(self, at, &payload)?,
                Found::Broken => {
                    let next = frame::next_whole(file, name, at + 1)?.unwrap_or(frames.end());
                    self.lose(name, at, next - at);
                    frames = Frames::from(file, name, next)?;
                }
            }
        }
    }

    fn write_state(&mut self, position: u64) -> Result<(), StoreError> {
        let head = StateHead {
            position,
            now: self.engine.latest(i64::MIN),
            policy_version: self.engine.policy_version(),
            document: self.engine.policy().to_json().to_string(),
        };
        let mut writer = StateWriter::new(self.disk, state_name(position) + UNFINISHED, &head)?;
        let mut ids: Vec<(u64, String)> =
            self.engine.customer_ids().map(|id| (hash(id), id.to_string())).collect();
        ids.sort_unstable();
        let mut packed = Vec::new();
        for (_, id) in ids {
            packed.clear();
            if self.engine.pack_customer(&id, &mut packed) {
                writer.add(&packed)?;
            }
        }
        writer.finish(self.engine.everybodys_estimates().to_string()).map(|_| ())
    }
}
