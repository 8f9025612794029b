//! Folding: an old state and the segments since become a new state.
//!
//! 1. The segments are read once: for each change, whose it is and where it stands.
//! 2. That list is ordered by the hash of the customer's ID, as the customers of a state are.
//! 3. The old state is read from beginning to end beside it. A customer without changes is copied as it stands. One with
//!    changes is unpacked, its changes are applied, and it is packed again: one change touches one customer, so each is
//!    rebuilt alone, and memory holds the list, the segments and one customer at a time.
//! 4. Indexes and the new state are written under other names, synced, and renamed: the state last. From then on the old
//!    state is needed no more, and the segments are history.

use std::collections::BTreeSet;

use limitr_engine::{Changes, Effected, Engine, EngineError, packed_id};
use serde_json::Value;

use crate::catalog::Segment;
use crate::disk::{Disk, DiskFile, open};
use crate::error::StoreError;
use crate::frame::checksum;
use crate::index::{IndexHead, Mention, index_name, write_index};
use crate::journal::each_batch;
use crate::state::{Ordered, StateHead, StateReader, StateWriter, hash, state_name};

/// Added to the name of a file that isn't whole yet.
pub(crate) const UNFINISHED: &str = ".new";

/// Why a fold didn't come to its end.
#[derive(Debug)]
pub(crate) enum Unfolded {
    /// It was told to stop.
    Stopped,
    /// The disk failed, or what it holds is damaged.
    Failed(StoreError),
}

impl From<StoreError> for Unfolded {
    fn from(error: StoreError) -> Unfolded {
        Unfolded::Failed(error)
    }
}

/// Folds `segments` into the state at `position`, if there is one; the position of the new one, and how long its file is.
pub(crate) fn fold(
    disk: &dyn Disk,
    position: Option<u64>,
    segments: &[Segment],
    stop: &dyn Fn() -> bool,
) -> Result<(u64, u64), Unfolded> {
    let Some(last) = segments.last() else { return Err(Unfolded::Stopped) };
    let end = last.end() - 1;
    let mut opened = Vec::with_capacity(segments.len());
    for segment in segments {
        opened.push((segment, open(disk, &segment.name)?));
    }
    let old = match position {
        None => None,
        Some(position) => {
            let name = state_name(position);
            let file = open(disk, &name)?;
            Some((name, file))
        }
    };
    let reader = old.as_ref().map(|(name, file)| StateReader::new(file.as_ref(), name)).transpose()?;
    let (old, head) = match reader {
        Some((reader, head)) => (Some(Ordered::new(reader)?), Some(head)),
        None => (None, None),
    };
    let mut learning = Learning::new(head, end);
    let mut mentions = Vec::new();
    for (at, (segment, file)) in opened.iter().enumerate() {
        read_segment(at, segment, file.as_ref(), &mut mentions, &mut learning)?;
        if stop() {
            return Err(Unfolded::Stopped);
        }
    }
    mentions.sort_unstable();
    for (at, (segment, _)) in opened.iter().enumerate() {
        let name = index_name(segment.head.position) + UNFINISHED;
        let own = || mentions.iter().filter(|mention| mention.segment as usize == at);
        let (count, bytes, last_at) = (segment.count, segment.length(), segment.last_at);
        let head = IndexHead { count, bytes, last_at, entries: own().count() as u64 };
        write_index(disk, name, &head, &mut own())?;
    }
    let old_name = position.map(state_name).unwrap_or_default();
    let loaded = opened.iter().map(|(segment, file)| Loaded::of(segment, file.as_ref()));
    let loaded = loaded.collect::<Result<Vec<_>, _>>()?;
    let length = Merge { disk, loaded, old_name, stop }.write(old, learning, &mentions, end)?;
    let failed = |name: &str| {
        let name = name.to_string();
        move |error: std::io::Error| StoreError::failed("renaming", &name, &error)
    };
    let indexes = segments.iter().map(|segment| index_name(segment.head.position)).collect();
    for names in [indexes, vec![state_name(end)]] {
        for name in &names {
            disk.rename(&(name.clone() + UNFINISHED), name).map_err(failed(name))?;
        }
        disk.sync().map_err(failed(&state_name(end)))?; // a state never stands without its indexes
    }
    if let Some(position) = position {
        let name = state_name(position);
        disk.remove(&name).map_err(|error| StoreError::failed("removing", &name, &error))?;
    }
    Ok((end, length))
}

/// Notes whose the changes of a segment are.
fn read_segment(
    at: usize,
    segment: &Segment,
    file: &dyn DiskFile,
    mentions: &mut Vec<Mention>,
    learning: &mut Learning,
) -> Result<(), StoreError> {
    let walked = each_batch(file, segment, |seq, place, bytes| {
        let mut changes: Changes<'_> = Changes::new(bytes, seq);
        loop {
            let before = bytes.len() - changes.left();
            let Some(change) = changes.next() else { return Ok(()) };
            let unreadable = |error: EngineError| {
                StoreError::damaged(&segment.name, place + before as u64, error.message())
            };
            let change = change.map_err(unreadable)?;
            learning.take(change.at, &change.effect);
            if let Some(holder) = change.effect.holder() {
                let own = &bytes[before..bytes.len() - changes.left()];
                mentions.push(Mention {
                    hash: hash(holder),
                    segment: at as u32,
                    ordinal: (change.seq - segment.head.seq) as u32,
                    offset: (place + before as u64) as u32,
                    length: own.len() as u32,
                    sum: checksum(own),
                });
            }
        }
    })?;
    if walked.count != segment.count {
        let problem = format!("it has {} changes where {} were written", walked.count, segment.count);
        return Err(StoreError::damaged(&segment.name, walked.end, &problem));
    }
    Ok(())
}

/// What isn't any customer's: policy, time, and what everybody's calls taught.
struct Learning {
    head: StateHead,
    engine: Engine,
    samples: Vec<limitr_engine::Learned>,
}

impl Learning {
    fn new(head: Option<StateHead>, position: u64) -> Learning {
        let blank = StateHead { position, now: i64::MIN, policy_version: 0, document: String::new() };
        let head = StateHead { position, ..head.unwrap_or(blank) };
        Learning { head, engine: Engine::blank(0), samples: Vec::new() }
    }

    fn take(&mut self, at: i64, effect: &Effected<&str>) {
        self.head.now = self.head.now.max(at);
        match effect {
            Effected::PolicySet { version, document } => {
                (self.head.policy_version, self.head.document) = (*version, document.to_string());
            }
            // What everybody knew before stands at the old state's end: until that is read, samples wait.
            Effected::Learned(learned) => self.samples.push(limitr_engine::Learned {
                holder: Box::default(),
                entitlement: learned.entitlement.into(),
                segment: learned.segment.into(),
                value: learned.value,
                overhead: learned.overhead,
                basis: learned.basis,
            }),
            _ => {}
        }
    }

    /// What everybody's calls taught, as JSON text.
    fn estimates(mut self, before: Option<String>) -> Result<String, EngineError> {
        if let Some(before) = before {
            let before: Result<Value, _> = serde_json::from_str(&before);
            let unreadable = |_| EngineError::new("invalid_record", "what calls taught can't be read");
            self.engine.restore_estimates(&before.map_err(unreadable)?)?;
        }
        for learned in &self.samples {
            self.engine.restore_learned(learned);
        }
        Ok(self.engine.everybodys_estimates().to_string())
    }
}

/// A segment in memory: its changes are read in another order than they stand in.
struct Loaded<'a> {
    segment: &'a Segment,
    bytes: Vec<u8>,
}

impl<'a> Loaded<'a> {
    fn of(segment: &'a Segment, file: &dyn DiskFile) -> Result<Loaded<'a>, StoreError> {
        let mut bytes = vec![0; usize::try_from(segment.length()).unwrap_or(usize::MAX)];
        let read = file.read_at(0, &mut bytes);
        read.map_err(|error| StoreError::failed("reading", &segment.name, &error))?;
        Ok(Loaded { segment, bytes })
    }

    /// The bytes of a change, as they were when they were read first.
    fn change(&self, mention: &Mention) -> Option<&[u8]> {
        let at = mention.offset as usize;
        let bytes = self.bytes.get(at..at.checked_add(mention.length as usize)?)?;
        (checksum(bytes) == mention.sum).then_some(bytes)
    }
}

struct Merge<'a> {
    disk: &'a dyn Disk,
    loaded: Vec<Loaded<'a>>,
    /// The old state's file.
    old_name: String,
    stop: &'a dyn Fn() -> bool,
}

impl Merge<'_> {
    fn write(
        &self,
        old: Option<Ordered<'_>>,
        learning: Learning,
        mentions: &[Mention],
        end: u64,
    ) -> Result<u64, Unfolded> {
        let mut writer = StateWriter::new(self.disk, state_name(end) + UNFINISHED, &learning.head)?;
        let mut old = old;
        let (mut engine, mut packed) = (Engine::blank(0), Vec::new());
        let mut groups = mentions.chunk_by(|a, b| a.hash == b.hash).peekable();
        let mut steps = 0_u32;
        loop {
            steps = steps.wrapping_add(1);
            if steps.is_multiple_of(1_024) && (self.stop)() {
                return Err(Unfolded::Stopped);
            }
            let next_old = old.as_ref().and_then(Ordered::peek);
            let next_group = groups.peek().and_then(|group| group.first()).map(|mention| mention.hash);
            match (next_old, next_group) {
                (None, None) => break,
                (Some(hash), group) if group.is_none_or(|group| hash < group) => {
                    if let Some(old) = &mut old
                        && old.take(&mut packed)?
                    {
                        writer.add(&packed)?;
                    }
                }
                (_, Some(hash)) => {
                    let mut ids = BTreeSet::new();
                    while let Some(old) = old.as_mut().filter(|old| old.peek() == Some(hash)) {
                        old.take(&mut packed)?;
                        engine.unpack_customer(&packed).map_err(|error| self.broken_state(&error))?;
                        ids.extend(packed_id(&packed).map(str::to_string));
                    }
                    for mention in groups.next().unwrap_or_default() {
                        self.apply(&mut engine, mention, &mut ids)?;
                    }
                    for id in &ids {
                        packed.clear();
                        // Under the ID of one that is gone, another may be found, whose alternative ID it is now.
                        if engine.pack_customer(id, &mut packed) {
                            writer.add(&packed)?;
                            engine.drop_customer(id);
                        }
                    }
                }
                (Some(_), None) => {}
            }
        }
        let before = old.and_then(Ordered::foot).map(|foot| foot.estimates);
        let estimates = learning.estimates(before).map_err(|error| self.broken_state(&error))?;
        Ok(writer.finish(estimates)?)
    }

    /// Applies the change at a place to its customer.
    fn apply(
        &self,
        engine: &mut Engine,
        mention: &Mention,
        ids: &mut BTreeSet<String>,
    ) -> Result<(), StoreError> {
        let Some(loaded) = self.loaded.get(mention.segment as usize) else { return Ok(()) };
        let segment = loaded.segment;
        let changed =
            || StoreError::damaged(&segment.name, u64::from(mention.offset), "it reads otherwise now");
        let bytes = loaded.change(mention).ok_or_else(changed)?;
        let seq = segment.head.seq + u64::from(mention.ordinal);
        let mut changes: Changes<'_> = Changes::new(bytes, seq);
        let change = changes.next().unwrap_or_else(|| Err(EngineError::new("invalid_change", "it is empty")));
        let applied = change.and_then(|change| {
            if let Some(holder) = change.effect.holder().filter(|holder| !ids.contains(*holder)) {
                ids.insert(holder.to_string());
            }
            engine.restore_change(&change)
        });
        applied
            .map_err(|error| StoreError::damaged(&segment.name, u64::from(mention.offset), error.message()))
    }

    fn broken_state(&self, error: &EngineError) -> StoreError {
        StoreError::damaged(&self.old_name, 0, error.message())
    }
}
