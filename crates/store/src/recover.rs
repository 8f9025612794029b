//! Opening: from files to an engine.
//!
//! 1. What a crash left unfinished is removed. The newest state is read, and the changes since are applied in their order.
//! 2. The last segment may end in a batch that was cut off: nobody was told that it is saved, and it is taken away. A whole
//!    frame behind it proves that it was no cut: that is damage, as is anything else that isn't as it was written, and the
//!    store is refused.

use limitr_engine::policy::{self, Format, LoadOptions};
use limitr_engine::{Changes, Engine, EngineError};

use crate::catalog::Segment;
use crate::disk::{Disk, DiskFile};
use crate::error::StoreError;
use crate::fold::UNFINISHED;
use crate::frame;
use crate::index::{Index, index_name};
use crate::journal::{Walked, each_batch, read_head, segment_name};
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
    pub(crate) unfinished: Vec<String>,
}

impl Files {
    pub(crate) fn of(disk: &dyn Disk) -> Result<Files, StoreError> {
        let names = disk.names().map_err(|error| StoreError::failed("listing", ".", &error))?;
        let mut files = Files::default();
        for name in names {
            let position = |kind: &str| name.strip_prefix(kind).and_then(|digits| digits.parse::<u64>().ok());
            files.states.extend(position("state-"));
            files.segments.extend(position("journal-"));
            if name.ends_with(UNFINISHED) {
                files.unfinished.push(name);
            }
        }
        files.states.sort_unstable();
        files.segments.sort_unstable();
        Ok(files)
    }
}

/// Rebuilds what the store holds. `seed` seeds the engine's hashes.
pub(crate) fn recover(disk: &dyn Disk, seed: u64) -> Result<Found, StoreError> {
    let files = Files::of(disk)?;
    let older = files.states.split_last().map_or(&[][..], |(_, older)| older);
    for name in files.unfinished.iter().cloned().chain(older.iter().map(|position| state_name(*position))) {
        disk.remove(&name).map_err(|error| StoreError::failed("removing", &name, &error))?;
    }
    let mut found = Found {
        engine: Engine::blank(seed),
        segments: Vec::new(),
        state: files.states.last().copied(),
        state_bytes: 0,
        next_position: 1,
        recovered: Recovered::default(),
    };
    if let Some(position) = found.state {
        found.read_state(disk, position)?;
        found.next_position = position + 1;
    }
    for (at, position) in files.segments.iter().enumerate() {
        match found.state.is_some_and(|state| *position <= state) {
            true => found.list_folded(disk, *position)?,
            false => found.read_segment(disk, *position, at + 1 == files.segments.len())?,
        }
    }
    found.recovered.customers = found.engine.customer_count() as u64;
    Ok(found)
}

impl Found {
    fn read_state(&mut self, disk: &dyn Disk, position: u64) -> Result<(), StoreError> {
        let name = state_name(position);
        let opened = disk.open(&name).and_then(|file| Ok((file.length()?, file)));
        let (length, file) = opened.map_err(|error| StoreError::failed("opening", &name, &error))?;
        let (mut reader, head) = StateReader::new(file.as_ref(), &name)?;
        if head.position != position {
            return Err(StoreError::damaged(&name, 0, "its name says another position than it"));
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
        self.state_bytes = length;
        Ok(())
    }

    /// A segment that the state has all of: only its history is of use.
    fn list_folded(&mut self, disk: &dyn Disk, position: u64) -> Result<(), StoreError> {
        let name = segment_name(position);
        let file = disk.open(&name).map_err(|error| StoreError::failed("opening", &name, &error))?;
        let index = Index::open(disk, index_name(position))?;
        let cut = || StoreError::damaged(&name, 0, "it is cut off");
        let (head, _) = read_head(file.as_ref(), &name)?.ok_or_else(cut)?;
        let mut segment = Segment::new(name.clone(), head);
        (segment.count, segment.last_at) = (index.head.count, index.head.last_at);
        segment.bytes = Some(index.head.bytes);
        (segment.closed, segment.folded) = (true, true);
        self.segments.push(segment);
        Ok(())
    }

    fn read_segment(&mut self, disk: &dyn Disk, position: u64, is_last: bool) -> Result<(), StoreError> {
        let name = segment_name(position);
        if position != self.next_position {
            let problem =
                format!("the changes {} to {} before it are missing", self.next_position, position - 1);
            return Err(StoreError::damaged(&name, 0, &problem));
        }
        let file = disk.open(&name).map_err(|error| StoreError::failed("opening", &name, &error))?;
        let Some((head, _)) = read_head(file.as_ref(), &name)? else {
            self.assert_cut(file.as_ref(), &name, 0, is_last)?;
            return disk.remove(&name).map_err(|error| StoreError::failed("removing", &name, &error));
        };
        if head.position != position {
            return Err(StoreError::damaged(&name, 0, "its name says another position than it"));
        }
        let mut segment = Segment::new(name.clone(), head);
        segment.bytes = None;
        let mut last_at = i64::MIN;
        let engine = &mut self.engine;
        let walked = each_batch(file.as_ref(), &segment, |seq, at, bytes| {
            let changes: Changes<'_> = Changes::new(bytes, seq);
            for change in changes {
                let applied = change.and_then(|change| {
                    last_at = change.at;
                    engine.restore_change(&change)
                });
                applied.map_err(|error| StoreError::damaged(&name, at, error.message()))?;
            }
            Ok(())
        })?;
        self.end_segment(disk, file.as_ref(), &name, walked, is_last)?;
        (segment.count, segment.last_at, segment.bytes) = (walked.count, last_at, Some(walked.end));
        segment.closed = true;
        self.next_position = segment.end();
        self.recovered.changes += walked.count;
        if segment.count > 0 {
            self.segments.push(segment);
            return Ok(());
        }
        // Its position is the next one's, too.
        disk.remove(&name).map_err(|error| StoreError::failed("removing", &name, &error))
    }

    /// Takes away what a crash cut off behind the last whole frame.
    fn end_segment(
        &mut self,
        disk: &dyn Disk,
        file: &dyn DiskFile,
        name: &str,
        walked: Walked,
        is_last: bool,
    ) -> Result<(), StoreError> {
        let length = file.length().map_err(|error| StoreError::failed("reading", name, &error))?;
        if walked.end < length {
            if walked.closed {
                return Err(StoreError::damaged(name, walked.end, "something follows its end"));
            }
            self.assert_cut(file, name, walked.end, is_last)?;
            disk.shorten(name, walked.end).map_err(|error| StoreError::failed("shortening", name, &error))?;
            self.recovered.torn_bytes += length - walked.end;
        }
        Ok(())
    }

    /// Refuses what can't be the end of a write that a crash cut off.
    fn assert_cut(&self, file: &dyn DiskFile, name: &str, at: u64, is_last: bool) -> Result<(), StoreError> {
        if !is_last {
            return Err(StoreError::damaged(name, at, "it is cut off, though others follow"));
        }
        match frame::next_whole(file, name, at + 1)? {
            None => Ok(()),
            Some(next) => {
                let problem = format!("a part can't be read, though a whole one follows at byte {next}");
                Err(StoreError::damaged(name, at, &problem))
            }
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
