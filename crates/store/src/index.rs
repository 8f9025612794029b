//! Indexes: where each customer's changes stand in a folded segment. The history of a customer is read through them.
//!
//! A file `index-<position>` beside the segment of that position: a frame that says how many changes there are and when the
//! last was, then one frame of entries of 20 bytes, ordered by the hash of the customer's ID and then by the change's place.

use serde::{Deserialize, Serialize};

use crate::disk::{Disk, DiskFile};
use crate::error::StoreError;
use crate::frame::{self, Found, Frames};
use crate::journal::{head_of, put_head};

const HEAD: u8 = b'I';
const ENTRIES: u8 = b'K';
const ENTRY: usize = 20;

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct IndexHead {
    /// How many changes the segment has.
    pub(crate) count: u64,
    /// How long the segment is.
    pub(crate) bytes: u64,
    /// When its last change was committed.
    pub(crate) last_at: i64,
}

/// A change of a customer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Mention {
    /// Of the customer's ID.
    pub(crate) hash: u64,
    /// Which of the segments that are folded together.
    pub(crate) segment: u32,
    /// The change's place in its segment, from 0.
    pub(crate) ordinal: u32,
    /// Where its bytes begin.
    pub(crate) offset: u32,
    /// How many there are.
    pub(crate) length: u32,
}

pub(crate) fn index_name(position: u64) -> String {
    format!("index-{position:020}")
}

/// Writes the index of a segment, durable but for its name.
pub(crate) fn write_index(
    disk: &dyn Disk,
    name: &str,
    head: &IndexHead,
    mentions: &mut dyn Iterator<Item = &Mention>,
) -> Result<(), StoreError> {
    let failed = |error: std::io::Error| StoreError::failed("writing", name, &error);
    let mut buffer = Vec::new();
    put_head(&mut buffer, HEAD, head);
    frame::put(&mut buffer, |bytes| {
        bytes.push(ENTRIES);
        for mention in mentions {
            bytes.extend_from_slice(&mention.hash.to_le_bytes());
            bytes.extend_from_slice(&mention.ordinal.to_le_bytes());
            bytes.extend_from_slice(&mention.offset.to_le_bytes());
            bytes.extend_from_slice(&mention.length.to_le_bytes());
        }
    });
    let mut file = disk.create(name).map_err(failed)?;
    file.append(&buffer).and_then(|()| file.sync()).map_err(failed)
}

/// An index that is open to be searched.
pub(crate) struct Index {
    name: String,
    file: Box<dyn DiskFile>,
    pub(crate) head: IndexHead,
    /// Where the entries begin, and how many there are.
    entries: (u64, u64),
}

impl Index {
    pub(crate) fn open(disk: &dyn Disk, name: String) -> Result<Index, StoreError> {
        let file = disk.open(&name).map_err(|error| StoreError::failed("opening", &name, &error))?;
        let mut frames = Frames::from(file.as_ref(), &name, 0)?;
        let mut payload = Vec::new();
        let found = frames.next(&mut payload)?;
        let (at, end) = (frames.at(), frames.end());
        if found != Found::Frame {
            return Err(StoreError::damaged(&name, 0, "its first part can't be read"));
        }
        let head = head_of(&name, HEAD, &payload)?;
        let first = frame::payload_at(at) + 1;
        let entries = (first, end.saturating_sub(first) / ENTRY as u64);
        Ok(Index { name, file, head, entries })
    }

    /// The changes of customers whose ID has this hash, oldest first.
    pub(crate) fn find(&self, hash: u64) -> Result<Vec<Mention>, StoreError> {
        let (mut low, mut high) = (0, self.entries.1);
        while low < high {
            let middle = low + (high - low) / 2;
            if self.entry(middle)?.hash < hash { low = middle + 1 } else { high = middle }
        }
        let mut found = Vec::new();
        while low < self.entries.1 {
            let mention = self.entry(low)?;
            if mention.hash != hash {
                break;
            }
            found.push(mention);
            low += 1;
        }
        Ok(found)
    }

    fn entry(&self, at: u64) -> Result<Mention, StoreError> {
        let mut bytes = [0; ENTRY];
        let read = self.file.read_at(self.entries.0 + at * ENTRY as u64, &mut bytes);
        read.map_err(|error| StoreError::failed("reading", &self.name, &error))?;
        let number = |at: usize| u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
        Ok(Mention {
            hash: u64::from(number(0)) | u64::from(number(4)) << 32,
            segment: 0,
            ordinal: number(8),
            offset: number(12),
            length: number(16),
        })
    }
}
