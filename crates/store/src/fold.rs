//! Folding: an old state and the segments since become a new state.
//!
//! 1. The segments are read once: for each change, whose it is and where it stands.
//! 2. That list is ordered by the hash of the customer's ID, as the customers of a state are.
//! 3. The old state is read from beginning to end beside it. A customer without changes is copied as it stands. One with
//!    changes is unpacked, its changes are applied, and it is packed again: one change touches one customer, so each is
//!    rebuilt alone, and memory holds the list and one customer at a time.
//! 4. Indexes and the new state are written under other names, synced, and renamed: the state last. From then on the old
//!    state is needed no more, and the segments are history.

use std::collections::BTreeSet;

use limitr_engine::{Changes, Effected, Engine, EngineError, packed_id};
use serde_json::Value;

use crate::catalog::Segment;
use crate::disk::{Disk, DiskFile};
use crate::error::StoreError;
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
        let file = disk.open(&segment.name);
        opened.push((segment, file.map_err(|error| StoreError::failed("opening", &segment.name, &error))?));
    }
    let old = match position {
        None => None,
        Some(position) => {
            let name = state_name(position);
            let file = disk.open(&name).map_err(|error| StoreError::failed("opening", &name, &error))?;
            Some((name, file))
        }
    };
    let reader = old.as_ref().map(|(name, file)| StateReader::new(file.as_ref(), name)).transpose()?;
    let (old, head) = match reader {
        Some((reader, head)) => (Some(Ordered::new(reader)?), Some(head)),
        None => (None, None),
    };
    let mut learning = Learning::new(head, end)?;
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
        let head = IndexHead { count: segment.count, bytes: segment.length(), last_at: segment.last_at };
        let mut own = mentions.iter().filter(|mention| mention.segment as usize == at);
        write_index(disk, &name, &head, &mut own)?;
    }
    let old_name = position.map(state_name).unwrap_or_default();
    let length = Merge { disk, opened: &opened, old_name, stop }.write(old, learning, &mentions, end)?;
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
                mentions.push(Mention {
                    hash: hash(holder),
                    segment: at as u32,
                    ordinal: (change.seq - segment.head.seq) as u32,
                    offset: (place as usize + before) as u32,
                    length: (bytes.len() - changes.left() - before) as u32,
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
    fn new(head: Option<StateHead>, position: u64) -> Result<Learning, StoreError> {
        let blank = StateHead { position, now: i64::MIN, policy_version: 0, document: String::new() };
        let head = StateHead { position, ..head.unwrap_or(blank) };
        Ok(Learning { head, engine: Engine::blank(0), samples: Vec::new() })
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
            let before = serde_json::from_str(&before).unwrap_or(Value::Null);
            self.engine.restore_estimates(&before)?;
        }
        for learned in &self.samples {
            self.engine.restore_learned(learned);
        }
        Ok(self.engine.everybodys_estimates().to_string())
    }
}

struct Merge<'a> {
    disk: &'a dyn Disk,
    opened: &'a [(&'a Segment, Box<dyn DiskFile>)],
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
        let name = state_name(end) + UNFINISHED;
        let created = self.disk.create(&name);
        let mut file = created.map_err(|error| StoreError::failed("creating", &name, &error))?;
        let mut writer = StateWriter::new(file.as_mut(), &name, &learning.head)?;
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
                        if engine.pack_customer(id, &mut packed) {
                            writer.add(&packed)?;
                        }
                        engine.drop_customer(id);
                    }
                }
                (Some(_), None) => {}
            }
        }
        let before = old.and_then(Ordered::foot).map(|foot| foot.estimates);
        let estimates = learning.estimates(before).map_err(|error| self.broken_state(&error))?;
        writer.finish(estimates)?;
        Ok(file.length().map_err(|error| StoreError::failed("reading", &name, &error))?)
    }

    /// Applies the change at a place to its customer.
    fn apply(
        &self,
        engine: &mut Engine,
        mention: &Mention,
        ids: &mut BTreeSet<String>,
    ) -> Result<(), StoreError> {
        let Some((segment, file)) = self.opened.get(mention.segment as usize) else { return Ok(()) };
        let mut bytes = vec![0; mention.length as usize];
        let read = file.read_at(u64::from(mention.offset), &mut bytes);
        read.map_err(|error| StoreError::failed("reading", &segment.name, &error))?;
        let seq = segment.head.seq + u64::from(mention.ordinal);
        let mut changes: Changes<'_> = Changes::new(&bytes, seq);
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
