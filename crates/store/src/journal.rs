//! The journal: every change, in the order in which it was committed, in segments.
//!
//! 1. A segment is a file `journal-<position>`: the position of its first change among all that the store ever took. Its first
//!    frame says which instance (opening of an engine) it is of and the instance's number of that change; the others are
//!    batches.
//! 2. A batch is one frame, appended and synced before anything else is: so at most the last frame of the last segment was
//!    cut off by a crash.
//! 3. A segment that was closed in good order ends in a frame that says so, and then nothing may be missing.
//! 4. A segment past a size is closed, and another begun. Every opening begins its own, once it has a change.

use std::sync::Arc;

use limitr_engine::Taken;
use serde::{Deserialize, Serialize};

use crate::catalog::{Catalog, Segment};
use crate::disk::{Disk, DiskFile};
use crate::error::StoreError;
use crate::frame::{self, Found, Frames};
use crate::store::Settings;

/// The format that this version writes. Version 1 is the first.
pub(crate) const FORMAT: u32 = 1;

const HEAD: u8 = b'J';
const BATCH: u8 = b'C';
const END: u8 = b'E';
/// Number of the first change and count of a batch.
const BATCH_HEAD: usize = 1 + 8 + 4;

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

/// Adds a frame that begins with its kind and the format, then `head`.
pub(crate) fn put_head(bytes: &mut Vec<u8>, kind: u8, head: &impl Serialize) {
    frame::put(bytes, |bytes| {
        bytes.push(kind);
        bytes.extend_from_slice(&FORMAT.to_le_bytes());
        // Texts and numbers can always be written.
        bytes.extend_from_slice(&postcard::to_allocvec(head).unwrap_or_default());
    });
}

/// What [`put_head`] wrote.
pub(crate) fn head_of<'a, T: Deserialize<'a>>(
    name: &str,
    kind: u8,
    payload: &'a [u8],
) -> Result<T, StoreError> {
    let no_head = || StoreError::damaged(name, 0, "it doesn't begin as it should");
    let (first, rest) = payload.split_first().ok_or_else(no_head)?;
    let (format, rest) = rest.split_first_chunk::<4>().ok_or_else(no_head)?;
    let format = u32::from_le_bytes(*format);
    if *first != kind || format == 0 {
        return Err(no_head());
    }
    if format > FORMAT {
        return Err(StoreError::newer(name, format, FORMAT));
    }
    postcard::from_bytes(rest).map_err(|_| no_head())
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
pub(crate) fn read_head(file: &dyn DiskFile, name: &str) -> Result<Option<(SegmentHead, u64)>, StoreError> {
    let mut frames = Frames::from(file, name, 0)?;
    let mut payload = Vec::new();
    match frames.next(&mut payload)? {
        Found::Frame => Ok(Some((head_of(name, HEAD, &payload)?, frames.at()))),
        Found::End | Found::Broken => Ok(None),
    }
}

/// Goes through the batches of a segment: number of the first change, place and bytes of the changes. Answers where the last
/// whole frame ends, and whether the segment was closed in good order.
pub(crate) fn each_batch(
    file: &dyn DiskFile,
    segment: &Segment,
    mut each: impl FnMut(u64, u64, &[u8]) -> Result<(), StoreError>,
) -> Result<Walked, StoreError> {
    let name = &segment.name;
    let mut frames = match segment.bytes {
        Some(bytes) => Frames::within(file, name, 0, bytes),
        None => Frames::from(file, name, 0)?,
    };
    let (mut payload, mut seq) = (Vec::new(), segment.head.seq);
    let mut walked = Walked { end: 0, count: 0, closed: false };
    loop {
        let at = frames.at();
        match frames.next(&mut payload)? {
            Found::End => return Ok(walked),
            Found::Broken => return Ok(Walked { closed: false, ..walked }),
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
    }
}

/// How far a segment could be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Walked {
    /// Where its last whole frame ends.
    pub(crate) end: u64,
    /// How many changes are in it.
    pub(crate) count: u64,
    /// Whether it was closed in good order.
    pub(crate) closed: bool,
}

/// Writes the journal of one opening.
pub(crate) struct Journal {
    disk: Arc<dyn Disk>,
    catalog: Arc<Catalog>,
    instance: String,
    /// A segment that has so many bytes is closed.
    segment_bytes: u64,
    /// The segment that is being written.
    file: Option<Box<dyn DiskFile>>,
    buffer: Vec<u8>,
    /// Why nothing is written any more.
    failed: Option<StoreError>,
}

impl Journal {
    pub(crate) fn new(disk: Arc<dyn Disk>, catalog: Arc<Catalog>, settings: &Settings) -> Journal {
        let (instance, segment_bytes) = (settings.instance.clone(), settings.segment_bytes);
        Journal { disk, catalog, instance, segment_bytes, file: None, buffer: Vec::new(), failed: None }
    }

    /// Writes a batch; it is durable once this returns. After an error nothing is written any more.
    pub(crate) fn append(&mut self, taken: Taken, at: i64, changes: &[u8]) -> Result<(), StoreError> {
        if let Some(failed) = &self.failed {
            return Err(failed.clone());
        }
        let appended = self.try_append(taken, at, changes);
        self.failed = appended.as_ref().err().cloned();
        appended
    }

    fn try_append(&mut self, taken: Taken, at: i64, changes: &[u8]) -> Result<(), StoreError> {
        if self.file.is_none() {
            self.begin(taken.first)?;
        }
        self.buffer.clear();
        frame::put(&mut self.buffer, |bytes| {
            bytes.push(BATCH);
            bytes.extend_from_slice(&taken.first.to_le_bytes());
            bytes.extend_from_slice(&u32::try_from(taken.count).unwrap_or(u32::MAX).to_le_bytes());
            bytes.extend_from_slice(changes);
        });
        self.write()?;
        let length = self.catalog.grow(taken.count, self.buffer.len() as u64, at);
        if length >= self.segment_bytes {
            self.end()?;
        }
        Ok(())
    }

    /// Closes the segment that is being written, in good order.
    pub(crate) fn close(&mut self) -> Result<(), StoreError> {
        if let Some(failed) = &self.failed {
            return Err(failed.clone());
        }
        let ended = self.end();
        self.failed = ended.as_ref().err().cloned();
        ended
    }

    fn begin(&mut self, seq: u64) -> Result<(), StoreError> {
        let position = self.catalog.next_position();
        let name = segment_name(position);
        let head = SegmentHead { instance: self.instance.clone(), position, seq };
        let created = self.disk.create(&name);
        self.file = Some(created.map_err(|error| StoreError::failed("creating", &name, &error))?);
        self.catalog.begin(Segment::new(name.clone(), head.clone()));
        self.buffer.clear();
        put_head(&mut self.buffer, HEAD, &head);
        self.write()?;
        self.catalog.grow(0, self.buffer.len() as u64, i64::MIN);
        self.disk.sync().map_err(|error| StoreError::failed("creating", &name, &error))
    }

    fn end(&mut self) -> Result<(), StoreError> {
        if self.file.is_some() {
            self.buffer.clear();
            frame::put(&mut self.buffer, |bytes| bytes.push(END));
            self.write()?;
            self.catalog.grow(0, self.buffer.len() as u64, i64::MIN);
            self.catalog.close();
            self.file = None;
        }
        Ok(())
    }

    fn write(&mut self) -> Result<(), StoreError> {
        let Some(file) = &mut self.file else { return Ok(()) };
        let written = file.append(&self.buffer).and_then(|()| file.sync());
        written.map_err(|error| StoreError::failed("writing", &self.catalog.writing(), &error))
    }
}
