//! Indexes: where each customer's changes stand in a folded segment. The history of a customer is read through them.
//!
//! A file `index-<position>` beside the segment of that position: a frame that says how many changes there are and when the
//! last was, then frames of 256 entries of 24 bytes, ordered by the hash of the customer's ID and then by the change's place.
//! All of these frames but the last are equally long, so that each is found by its number, and read and checked alone.

use std::io;

use serde::{Deserialize, Serialize};

use crate::disk::{Disk, DiskFile, open};
use crate::error::StoreError;
use crate::format::{head_of, put_head};
use crate::frame::{self, Found, FrameWriter, Frames, checksum};

const HEAD: u8 = b'I';
const ENTRIES: u8 = b'K';
const ENTRY: usize = 24;
/// Entries of a frame.
const BLOCK: usize = 256;
/// How long a frame of so many entries is.
const BLOCK_BYTES: u64 = (frame::HEAD + 1 + BLOCK * ENTRY) as u64;

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct IndexHead {
    /// How many changes the segment has.
    pub(crate) count: u64,
    /// How long the segment is, without the frame that closes it.
    pub(crate) bytes: u64,
    /// When its last change was committed.
    pub(crate) last_at: i64,
    /// How many entries there are: changes that are of a customer.
    pub(crate) entries: u64,
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
    /// Their checksum.
    pub(crate) sum: u32,
}

pub(crate) fn index_name(position: u64) -> String {
    format!("index-{position:020}")
}

/// Writes the index of a segment, durable but for its name.
pub(crate) fn write_index(
    disk: &dyn Disk,
    name: String,
    head: &IndexHead,
    mentions: &mut dyn Iterator<Item = &Mention>,
) -> Result<(), StoreError> {
    let mut frames = FrameWriter::create(disk, name)?;
    frames.put(|bytes| put_head(bytes, HEAD, head))?;
    let mut mentions = mentions.peekable();
    while mentions.peek().is_some() {
        frames.put(|bytes| {
            bytes.push(ENTRIES);
            for mention in mentions.by_ref().take(BLOCK) {
                bytes.extend_from_slice(&mention.hash.to_le_bytes());
                for number in [mention.ordinal, mention.offset, mention.length, mention.sum] {
                    bytes.extend_from_slice(&number.to_le_bytes());
                }
            }
        })?;
    }
    frames.sync()
}

/// An index that is open to be searched.
pub(crate) struct Index {
    name: String,
    file: Box<dyn DiskFile>,
    pub(crate) head: IndexHead,
    /// Where the entries begin, and where they end.
    entries: (u64, u64),
}

impl Index {
    pub(crate) fn open(disk: &dyn Disk, name: String) -> Result<Index, StoreError> {
        let file = open(disk, &name)?;
        let mut frames = Frames::first_of(file.as_ref(), &name)?;
        let mut payload = Vec::new();
        if frames.next(&mut payload)? != Found::Frame {
            return Err(StoreError::damaged(&name, 0, "its first part can't be read"));
        }
        let head: IndexHead = head_of(&name, HEAD, &payload)?;
        let entries = (frames.at(), frames.end());
        let rest = head.entries % BLOCK as u64;
        let last = if rest == 0 { 0 } else { (frame::HEAD + 1) as u64 + rest * ENTRY as u64 };
        if entries.1 - entries.0 != (head.entries / BLOCK as u64).saturating_mul(BLOCK_BYTES) + last {
            return Err(StoreError::damaged(&name, entries.1, "it doesn't end where it should"));
        }
        Ok(Index { name, file, head, entries })
    }

    /// The changes of customers whose ID has this hash, oldest first.
    pub(crate) fn find(&self, hash: u64) -> Result<Vec<Mention>, StoreError> {
        let blocks = self.blocks();
        // The first block that doesn't begin before them; those before the last of the others are before them as a whole.
        let (mut low, mut high) = (0, blocks);
        while low < high {
            let middle = low + (high - low) / 2;
            let begins = self.block(middle)?.first().map(|mention| mention.hash);
            if begins.is_some_and(|begins| begins < hash) { low = middle + 1 } else { high = middle }
        }
        let mut found = Vec::new();
        for at in low.saturating_sub(1)..blocks {
            let block = self.block(at)?;
            found.extend(block.iter().filter(|mention| mention.hash == hash));
            if block.last().is_some_and(|last| last.hash > hash) {
                break;
            }
        }
        Ok(found)
    }

    /// Reads all of it.
    pub(crate) fn check(&self) -> Result<(), StoreError> {
        (0..self.blocks()).try_for_each(|at| self.block(at).map(|_| ()))
    }

    fn blocks(&self) -> u64 {
        self.head.entries.div_ceil(BLOCK as u64)
    }

    fn block(&self, number: u64) -> Result<Vec<Mention>, StoreError> {
        let at = self.entries.0 + number * BLOCK_BYTES;
        let end = self.entries.1.min(at + BLOCK_BYTES);
        let mut payload = Vec::new();
        let found = Frames::within(self.file.as_ref(), &self.name, at, end).next(&mut payload)?;
        match payload.split_first() {
            Some((&ENTRIES, entries)) if found == Found::Frame => {
                Ok(entries.chunks_exact(ENTRY).map(mention).collect())
            }
            _ => Err(StoreError::damaged(&self.name, at, "a part can't be read")),
        }
    }
}

fn mention(entry: &[u8]) -> Mention {
    let number = |at: usize| u32::from_le_bytes([entry[at], entry[at + 1], entry[at + 2], entry[at + 3]]);
    Mention {
        hash: u64::from(number(0)) | u64::from(number(4)) << 32,
        segment: 0,
        ordinal: number(8),
        offset: number(12),
        length: number(16),
        sum: number(20),
    }
}

/// Reads the bytes of a change into `bytes`.
pub(crate) fn read_change(
    file: &dyn DiskFile,
    name: &str,
    mention: &Mention,
    bytes: &mut Vec<u8>,
) -> Result<(), StoreError> {
    let at = u64::from(mention.offset);
    bytes.resize(mention.length as usize, 0);
    let read = match file.read_at(at, bytes) {
        Err(error) if error.kind() != io::ErrorKind::UnexpectedEof => {
            return Err(StoreError::failed("reading", name, &error));
        }
        read => read,
    };
    match read.is_ok() && checksum(bytes) == mention.sum {
        true => Ok(()),
        false => Err(StoreError::damaged(name, at, "a change can't be read")),
    }
}
