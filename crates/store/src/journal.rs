//! The journal: every change, in the order in which it was committed, in segments.
//!
//! 1. A segment is a file `journal-<position>`: the position of its first change among all that the store ever took. Its first
//!    frame says which instance (opening of an engine) it is of and the instance's number of that change; the others are
//!    batches.
//! 2. A batch is one frame, appended and synced before anything else is: so at most the last frame of the last segment was
//!    cut off by a crash.
//! 3. A segment that was closed in good order ends in a frame that says so. All others are: an opening writes the last one anew,
//!    as far as it is whole, where it doesn't end so. What the system showed of it was perhaps never on disk.
//! 4. A segment past a size is closed, and another begun. Every opening begins its own, once it has a change.

use std::sync::Arc;

use limitr_engine::Taken;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::catalog::{Catalog, Segment};
use crate::disk::{Disk, DiskFile};
use crate::error::StoreError;
use crate::fold::UNFINISHED;
use crate::format::{head_of, put_head};
use crate::frame::{self, Found, FrameWriter, Frames};
use crate::keeper::Log;
use crate::store::Settings;

const HEAD: u8 = b'J';
const BATCH: u8 = b'C';
const END: u8 = b'E';
/// Number of the first change and count of a batch.
const BATCH_HEAD: usize = 1 + 8 + 4;
/// Largest size past which a segment is closed. Indexes say places in 32 bits, and their entries in one list: a segment that
/// is one batch longer still fits.
const SEGMENT_BYTES_MAX: u64 = 1 << 28;

/// What a segment's first frame says, behind its kind and format.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct SegmentHead {
    pub(crate) instance: String,
    pub(crate) position: u64,
    pub(crate) seq: u64,
}

/// A frame of a segment.
#[derive(Debug)]
pub(crate) enum Entry<'a> {
    Head(SegmentHead),
    Batch { seq: u64, count: u64, changes: &'a [u8] },
    End,
}

/// The name of the segment that begins with the change at `position`.
pub(crate) fn segment_name(position: u64) -> String {
    format!("journal-{position:020}")
}

/// What a segment's frame at byte `at` says.
pub(crate) fn entry_of<'a>(name: &str, at: u64, payload: &'a [u8]) -> Result<Entry<'a>, StoreError> {
    match payload.first() {
        Some(&HEAD) if at == 0 => head_of(name, HEAD, payload).map(Entry::Head),
        Some(&END) => Ok(Entry::End),
        Some(&BATCH) if at > 0 && payload.len() > BATCH_HEAD => {
            let (head, changes) = payload.split_at(BATCH_HEAD);
            let seq = head[1..9].try_into().map(u64::from_le_bytes).unwrap_or_default();
            let count = head[9..BATCH_HEAD].try_into().map(u32::from_le_bytes).unwrap_or_default();
            Ok(Entry::Batch { seq, count: u64::from(count), changes })
        }
        _ => Err(StoreError::damaged(name, at, "a frame is none that a journal has")),
    }
}

/// The head of a segment; `None` where even that was cut off.
pub(crate) fn read_head(file: &dyn DiskFile, name: &str) -> Result<Option<SegmentHead>, StoreError> {
    read_head_of(file, name, HEAD)
}

/// The head of a file whose first frame is of this kind.
pub(crate) fn read_head_of<T: DeserializeOwned>(
    file: &dyn DiskFile,
    name: &str,
    kind: u8,
) -> Result<Option<T>, StoreError> {
    let mut payload = Vec::new();
    match Frames::first_of(file, name)?.next(&mut payload)? {
        Found::Frame => head_of(name, kind, &payload).map(Some),
        Found::End | Found::Broken => Ok(None),
    }
}

/// Goes through the batches of a segment: number of the first change, place and bytes of the changes. Answers where the last
/// whole frame ends, and whether the segment was closed in good order.
pub(crate) fn each_batch(
    file: &dyn DiskFile,
    segment: &Segment,
    each: impl FnMut(u64, u64, &[u8]) -> Result<(), StoreError>,
) -> Result<Walked, StoreError> {
    let name = &segment.name;
    let frames = match segment.bytes {
        Some(bytes) => Frames::within(file, name, 0, bytes),
        None => Frames::from(file, name, 0)?,
    };
    each_batch_of(frames, name, segment.head.seq, each)
}

/// The same for a file whose head was read, and whose first change has the number `seq`.
pub(crate) fn each_batch_of(
    mut frames: Frames<'_>,
    name: &str,
    mut seq: u64,
    mut each: impl FnMut(u64, u64, &[u8]) -> Result<(), StoreError>,
) -> Result<Walked, StoreError> {
    let mut payload = Vec::new();
    let mut walked = Walked { end: 0, bytes: 0, count: 0, closed: false };
    loop {
        let at = frames.at();
        match frames.next(&mut payload)? {
            Found::End => return Ok(walked),
            Found::Broken => return Ok(Walked { closed: false, ..walked }),
            Found::Frame if at == 0 => {
                (walked.end, walked.bytes) = (frames.at(), frames.at());
                continue;
            }
            Found::Frame => {}
        }
        match entry_of(name, at, &payload)? {
            Entry::Head(_) => {}
            Entry::End => walked.closed = true,
            Entry::Batch { seq: first, count, changes } => {
                if first != seq || walked.closed {
                    let problem = format!("change {first} follows where {seq} was expected");
                    return Err(StoreError::damaged(name, at, &problem));
                }
                each(first, frame::payload_at(at) + BATCH_HEAD as u64, changes)?;
                seq += count;
                walked.count += count;
            }
        }
        walked.end = frames.at();
        if !walked.closed {
            walked.bytes = walked.end;
        }
    }
}

/// How far a segment could be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Walked {
    /// Where its last whole frame ends.
    pub(crate) end: u64,
    /// Where its last whole frame ends, but for one that closes it.
    pub(crate) bytes: u64,
    /// How many changes are in it.
    pub(crate) count: u64,
    /// Whether it was closed in good order.
    pub(crate) closed: bool,
}

/// Writes the first `end` bytes of a segment anew, which are whole frames, and closes it. It is durable once this
/// returns.
pub(crate) fn rewrite(disk: &dyn Disk, file: &dyn DiskFile, name: &str, end: u64) -> Result<(), StoreError> {
    let unfinished = name.to_string() + UNFINISHED;
    let mut anew = FrameWriter::create(disk, unfinished.clone())?;
    let mut frames = Frames::within(file, name, 0, end);
    let mut payload = Vec::new();
    while frames.next(&mut payload)? == Found::Frame {
        anew.put(|bytes| bytes.extend_from_slice(&payload))?;
    }
    if anew.at() != end {
        return Err(StoreError::damaged(name, anew.at(), "a part could be read once, and then not again"));
    }
    anew.put(|bytes| bytes.push(END))?;
    anew.sync()?;
    let renamed = disk.rename(&unfinished, name).and_then(|()| disk.sync());
    renamed.map_err(|error| StoreError::failed("renaming", &unfinished, &error))
}

/// Writes the journal of one opening.
pub(crate) struct Journal {
    disk: Arc<dyn Disk>,
    catalog: Arc<Catalog>,
    instance: String,
    /// A segment that has so many bytes is closed.
    segment_bytes: u64,
    /// The segment that is being written.
    segment: Option<FrameWriter>,
    /// Why nothing is written any more.
    failed: Option<StoreError>,
}

impl Journal {
    pub(crate) fn new(disk: Arc<dyn Disk>, catalog: Arc<Catalog>, settings: &Settings) -> Journal {
        let segment_bytes = settings.segment_bytes.min(SEGMENT_BYTES_MAX);
        let instance = settings.instance.clone();
        Journal { disk, catalog, instance, segment_bytes, segment: None, failed: None }
    }

    /// Writes a batch; it is durable once this returns. After an error nothing is written any more.
    pub(crate) fn append(&mut self, taken: Taken, at: i64, changes: &[u8]) -> Result<(), StoreError> {
        self.unless_failed(|journal| journal.try_append(taken, at, changes))
    }

    /// Closes the segment that is being written, in good order.
    pub(crate) fn close(&mut self) -> Result<(), StoreError> {
        self.unless_failed(Journal::end)
    }

    #[cfg(test)]
    pub(crate) fn has_failed(&self) -> bool {
        self.failed.is_some()
    }

    fn unless_failed(
        &mut self,
        step: impl FnOnce(&mut Journal) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let done = match &self.failed {
            Some(failed) => Err(failed.clone()),
            None => step(self),
        };
        self.failed = done.as_ref().err().cloned();
        done
    }

    fn try_append(&mut self, taken: Taken, at: i64, changes: &[u8]) -> Result<(), StoreError> {
        let segment = match &mut self.segment {
            Some(segment) => segment,
            None => {
                let begun = self.begin(taken.first)?;
                self.segment.insert(begun)
            }
        };
        put_batch(segment, taken, changes)?;
        let length = segment.at();
        self.catalog.grow(taken.count, length, at);
        if length >= self.segment_bytes { self.end() } else { Ok(()) }
    }

    fn begin(&mut self, seq: u64) -> Result<FrameWriter, StoreError> {
        let position = self.catalog.next_position();
        let name = segment_name(position);
        let head = SegmentHead { instance: self.instance.clone(), position, seq };
        let mut segment = FrameWriter::create(self.disk.as_ref(), name.clone())?;
        segment.put(|bytes| put_head(bytes, HEAD, &head))?;
        segment.sync()?;
        self.disk.sync().map_err(|error| StoreError::failed("creating", &name, &error))?;
        self.catalog.begin(Segment::new(name, head));
        Ok(segment)
    }

    fn end(&mut self) -> Result<(), StoreError> {
        let Some(mut segment) = self.segment.take() else { return Ok(()) };
        put_end(&mut segment)?;
        self.catalog.close();
        Ok(())
    }
}

impl Log for Journal {
    fn append(&mut self, taken: Taken, at: i64, changes: &[u8]) -> Result<(), StoreError> {
        Journal::append(self, taken, at, changes)
    }

    fn close(&mut self) -> Result<(), StoreError> {
        Journal::close(self)
    }
}

/// Adds a batch; it is durable once this returns.
pub(crate) fn put_batch(file: &mut FrameWriter, taken: Taken, changes: &[u8]) -> Result<(), StoreError> {
    file.put(|bytes| {
        bytes.push(BATCH);
        bytes.extend_from_slice(&taken.first.to_le_bytes());
        bytes.extend_from_slice(&u32::try_from(taken.count).unwrap_or(u32::MAX).to_le_bytes());
        bytes.extend_from_slice(changes);
    })?;
    file.sync()
}

/// Closes a file in good order.
pub(crate) fn put_end(file: &mut FrameWriter) -> Result<(), StoreError> {
    file.put(|bytes| bytes.push(END))?;
    file.sync()
}
