//! Opening: from files to an engine.
//!
//! 1. The newest state is read, and the changes since are applied in their order.
//! 2. The last segment may end in a batch that was cut off: nobody was told that it is saved, and it is left out. A whole
//!    frame behind it proves that it was no cut: that is damage, as is anything else that isn't as it was written, and the
//!    store is refused. An earlier segment may lack the frame that closes it, where the next one goes on right after it.
//! 3. What was read is made to stay: a last segment that nobody closed is written anew, since what a failed sync or a killed
//!    process left may be seen now and be gone after a power cut; and names are made durable.
//! 4. Only then are files removed that aren't needed: older states, and what a crash left unfinished. A store that is refused
//!    stays as it is.

use limitr_engine::policy::{self, Format, LoadOptions};
use limitr_engine::{Changes, Engine, EngineError};

use crate::catalog::Segment;
use crate::disk::{Disk, DiskFile, open};
use crate::error::StoreError;
use crate::fold::UNFINISHED;
use crate::frame;
use crate::index::{Index, index_name};
use crate::journal::{each_batch, read_head, rewrite, segment_name};
use crate::state::{StateHead, StateReader, state_name};

/// What was found on disk.
pub(crate) struct Found {
    pub(crate) engine: Engine,
    pub(crate) segments: Vec<Segment>,
    /// The position of the state's last change, if there is a state.
    pub(crate) state: Option<u64>,
    /// How long the state's file is.
    pub(crate) state_bytes: u64,
    pub(crate) next_position: u64,
    pub(crate) recovered: Recovered,
    /// Files that aren't needed.
    obsolete: Vec<String>,
}

/// What an opening brought back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Recovered {
    /// Customers that are there now.
    pub customers: u64,
    /// Changes that were applied to the last state.
    pub changes: u64,
    /// Bytes of a write that a crash had cut off, and that were taken away.
    pub torn_bytes: u64,
}

/// The files of a store, by what they are and the position in their names, oldest first.
#[derive(Default)]
pub(crate) struct Files {
    pub(crate) states: Vec<u64>,
    pub(crate) segments: Vec<u64>,
    pub(crate) indexes: Vec<u64>,
    pub(crate) unfinished: Vec<String>,
}

impl Files {
    /// Those on the disk; names that no store gives aren't looked at.
    pub(crate) fn of(disk: &dyn Disk) -> Result<Files, StoreError> {
        let names = disk.names().map_err(|error| StoreError::failed("listing", ".", &error))?;
        let mut files = Files::default();
        for name in names {
            let (whole, unfinished) = match name.strip_suffix(UNFINISHED) {
                Some(whole) => (whole, true),
                None => (name.as_str(), false),
            };
            let position = whole.split_once('-').and_then(|(_, digits)| digits.parse::<u64>().ok());
            let Some(position) = position else { continue };
            let kinds: [(String, &mut Vec<u64>); 3] = [
                (state_name(position), &mut files.states),
                (segment_name(position), &mut files.segments),
                (index_name(position), &mut files.indexes),
            ];
            if let Some((_, positions)) = kinds.into_iter().find(|(own, _)| own == whole) {
                match unfinished {
                    true => files.unfinished.push(name),
                    false => positions.push(position),
                }
            }
        }
        for positions in [&mut files.states, &mut files.segments, &mut files.indexes] {
            positions.sort_unstable();
        }
        Ok(files)
    }

    /// Indexes whose segments aren't there.
    pub(crate) fn stray_indexes(&self) -> impl Iterator<Item = u64> {
        self.indexes.iter().copied().filter(|index| self.segments.binary_search(index).is_err())
    }
}

/// Rebuilds what the store holds. `seed` seeds the engine's hashes.
pub(crate) fn recover(disk: &dyn Disk, seed: u64) -> Result<Found, StoreError> {
    let files = Files::of(disk)?;
    let older = files.states.split_last().map_or(&[][..], |(_, older)| older);
    let mut obsolete = files.unfinished.clone();
    obsolete.extend(older.iter().map(|position| state_name(*position)));
    for position in files.stray_indexes() {
        // Retention takes the oldest segments away, and their indexes after them.
        if files.segments.first().is_some_and(|first| *first < position) {
            return Err(StoreError::missing(&segment_name(position)));
        }
        obsolete.push(index_name(position));
    }
    let mut found = Found {
        engine: Engine::blank(seed),
        segments: Vec::new(),
        state: files.states.last().copied(),
        state_bytes: 0,
        next_position: 1,
        recovered: Recovered::default(),
        obsolete,
    };
    if let Some(position) = found.state {
        found.read_state(disk, position)?;
        found.next_position = position + 1;
    }
    for (at, position) in files.segments.iter().enumerate() {
        match found.state.is_some_and(|state| *position <= state) {
            true => found.segments.push(folded_segment(disk, *position)?),
            false => found.read_segment(disk, *position, files.segments.get(at + 1).copied())?,
        }
    }
    found.recovered.customers = found.engine.customer_count() as u64;
    disk.sync().map_err(|error| StoreError::failed("opening", ".", &error))?;
    for name in &found.obsolete {
        match disk.remove(name) {
            // It was the beginning of what is whole now.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            removed => removed.map_err(|error| StoreError::failed("removing", name, &error))?,
        }
    }
    Ok(found)
}

/// A segment that a state has all of: only its history is of use.
pub(crate) fn folded_segment(disk: &dyn Disk, position: u64) -> Result<Segment, StoreError> {
    let name = segment_name(position);
    let file = open(disk, &name)?;
    let head = read_head(file.as_ref(), &name)?;
    let head = head.ok_or_else(|| StoreError::damaged(&name, 0, "its first part can't be read"))?;
    if head.position != position {
        return Err(misnamed(&name));
    }
    let index = Index::open(disk, index_name(position))?;
    let length = frame::length(file.as_ref(), &name)?;
    if length < index.head.bytes {
        return Err(StoreError::damaged(&name, length, "it is cut off"));
    }
    let mut segment = Segment::new(name, head);
    (segment.count, segment.last_at) = (index.head.count, index.head.last_at);
    segment.bytes = Some(index.head.bytes);
    (segment.closed, segment.folded) = (true, true);
    Ok(segment)
}

fn misnamed(name: &str) -> StoreError {
    StoreError::damaged(name, 0, "its name says another position than it")
}

impl Found {
    fn read_state(&mut self, disk: &dyn Disk, position: u64) -> Result<(), StoreError> {
        let name = state_name(position);
        let file = open(disk, &name)?;
        let (mut reader, head) = StateReader::new(file.as_ref(), &name)?;
        if head.position != position {
            return Err(misnamed(&name));
        }
        let broken = |error: EngineError| StoreError::damaged(&name, 0, error.message());
        restore_head(&mut self.engine, &head).map_err(broken)?;
        while let Some(packed) = reader.next()? {
            self.engine.unpack_customer(packed).map_err(broken)?;
        }
        if let Some(foot) = reader.foot() {
            let estimates = serde_json::from_str(&foot.estimates);
            let unreadable = |_| StoreError::damaged(&name, 0, "what calls taught can't be read");
            self.engine.restore_estimates(&estimates.map_err(unreadable)?).map_err(broken)?;
        }
        self.state_bytes = frame::length(file.as_ref(), &name)?;
        Ok(())
    }

    /// Applies a segment, behind which comes the one of position `next`.
    fn read_segment(&mut self, disk: &dyn Disk, position: u64, next: Option<u64>) -> Result<(), StoreError> {
        let name = segment_name(position);
        if position != self.next_position {
            let (first, last) = (self.next_position, position.saturating_sub(1));
            let problem = match first > last {
                true => format!("it begins before change {first}, where it should"),
                false => format!("the changes {first} to {last} before it are missing"),
            };
            return Err(StoreError::damaged(&name, 0, &problem));
        }
        let file = open(disk, &name)?;
        let length = frame::length(file.as_ref(), &name)?;
        let Some(head) = read_head(file.as_ref(), &name)? else {
            assert_cut(file.as_ref(), &name, 0, next.is_none())?;
            self.recovered.torn_bytes += length;
            self.obsolete.push(name);
            return Ok(());
        };
        if head.position != position {
            return Err(misnamed(&name));
        }
        let mut segment = Segment::new(name.clone(), head);
        segment.bytes = None;
        let mut last_at = i64::MIN;
        let engine = &mut self.engine;
        let walked = each_batch(file.as_ref(), &segment, |seq, at, bytes| {
            let changes: Changes<'_> = Changes::new(bytes, seq);
            for change in changes {
                let applied = change.and_then(|change| {
                    last_at = last_at.max(change.at);
                    engine.restore_change(&change)
                });
                applied.map_err(|error| StoreError::damaged(&name, at, error.message()))?;
            }
            Ok(())
        })?;
        (segment.count, segment.last_at, segment.bytes) = (walked.count, last_at, Some(walked.bytes));
        segment.closed = true;
        let goes_on = walked.closed || next.is_none_or(|next| next == segment.end());
        if walked.end < length || !goes_on {
            assert_cut(file.as_ref(), &name, walked.end, goes_on && !walked.closed)?;
            self.recovered.torn_bytes += length - walked.end;
        }
        self.next_position = segment.end();
        self.recovered.changes += walked.count;
        if segment.count == 0 {
            // Its position is the next one's, too.
            self.obsolete.push(name);
            return Ok(());
        }
        if next.is_none() && !walked.closed {
            rewrite(disk, file.as_ref(), &name, walked.end)?;
        }
        self.segments.push(segment);
        Ok(())
    }
}

/// Refuses what can't be the end of a write that a crash cut off. `may_be_cut`: nothing that comes later proves that it isn't.
pub(crate) fn assert_cut(
    file: &dyn DiskFile,
    name: &str,
    at: u64,
    may_be_cut: bool,
) -> Result<(), StoreError> {
    if !may_be_cut {
        return Err(StoreError::damaged(name, at, "a part can't be read, though others follow"));
    }
    match frame::next_whole(file, name, at + 1)? {
        None => Ok(()),
        Some(next) => {
            let problem = format!("a part can't be read, though a whole one follows at byte {next}");
            Err(StoreError::damaged(name, at, &problem))
        }
    }
}

/// Puts the policy in force that a state says.
pub(crate) fn restore_head(engine: &mut Engine, head: &StateHead) -> Result<(), EngineError> {
    engine.latest(head.now);
    if head.policy_version == 0 {
        return Ok(());
    }
    let options = LoadOptions { strict: false, validate: false };
    let loaded = policy::load(head.document.as_bytes(), Format::Json, &options);
    engine.restore_policy(loaded.map_err(EngineError::refused)?.policy, head.policy_version)
}
