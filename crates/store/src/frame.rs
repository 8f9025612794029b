//! Frames: how bytes stand in every file of a store.
//!
//! A frame is a head of 16 bytes and a payload, whose first byte says what it is. The head is a mark (4 bytes), the payload's
//! length (4), the payload's checksum (4), and a checksum (4) of length, checksum and the place in the file where the frame
//! begins. So nothing is taken for a frame but where one was written: neither what a payload holds, whoever chose it, nor
//! bytes that strayed. Numbers are little-endian, checksums CRC-32. A file is frames and nothing else: whatever is left behind
//! the last whole one is a write that was cut off, or damage; which of them, the file's reader knows.

use std::io::{self, BufReader, Read};

use crate::disk::{Disk, DiskFile, Reading};
use crate::error::StoreError;

const MARK: [u8; 4] = *b"LMTR";
/// Bytes before a payload.
pub(crate) const HEAD: usize = 16;
/// Longest payload, in bytes: what waits in an engine at the most, what one call may add to it, and the frame's own numbers.
pub(crate) const PAYLOAD_MAX: usize = if cfg!(test) { 1 << 22 } else { 1 << 30 };
const READ_AHEAD: usize = 1 << 18;
/// What is read at once of a file whose first frame alone is wanted.
const READ_FIRST: usize = 4_096;
const WRITE_BEHIND: usize = 1 << 18;

/// Writes the frames of a file one after the other.
pub(crate) struct FrameWriter {
    file: Box<dyn DiskFile>,
    name: String,
    /// What the file doesn't have yet.
    buffer: Vec<u8>,
    /// Where the next frame begins.
    at: u64,
}

impl FrameWriter {
    /// An empty file, in place of one that may be there.
    pub(crate) fn create(disk: &dyn Disk, name: String) -> Result<FrameWriter, StoreError> {
        let file = disk.create(&name).map_err(|error| StoreError::failed("creating", &name, &error))?;
        Ok(FrameWriter { file, name, buffer: Vec::new(), at: 0 })
    }

    /// Where the next frame begins: how long the file is, once all is written.
    pub(crate) fn at(&self) -> u64 {
        self.at
    }

    /// Adds a frame of what `write` adds to the bytes that it is given, and nothing where that is too long to be read again.
    pub(crate) fn put(&mut self, write: impl FnOnce(&mut Vec<u8>)) -> Result<(), StoreError> {
        let start = self.buffer.len();
        self.buffer.extend_from_slice(&[0; HEAD]);
        write(&mut self.buffer);
        let (head, payload) = self.buffer[start..].split_at_mut(HEAD);
        if payload.len() > PAYLOAD_MAX {
            let problem = format!("{} bytes at once, where {PAYLOAD_MAX} are the most", payload.len());
            self.buffer.truncate(start);
            return Err(StoreError::failed("writing", &self.name, &io::Error::other(problem)));
        }
        let length = (payload.len() as u32).to_le_bytes();
        let sum = checksum(payload).to_le_bytes();
        head.copy_from_slice(&[MARK, length, sum, head_sum(self.at, length, sum)].concat());
        self.at += (self.buffer.len() - start) as u64;
        if self.buffer.len() >= WRITE_BEHIND { self.write() } else { Ok(()) }
    }

    /// Makes what was added durable.
    pub(crate) fn sync(&mut self) -> Result<(), StoreError> {
        self.write()?;
        self.file.sync().map_err(|error| StoreError::failed("writing", &self.name, &error))
    }

    fn write(&mut self) -> Result<(), StoreError> {
        let written = self.file.append(&self.buffer);
        self.buffer.clear();
        written.map_err(|error| StoreError::failed("writing", &self.name, &error))
    }
}

/// The checksum of bytes.
pub(crate) fn checksum(bytes: &[u8]) -> u32 {
    crc32fast::hash(bytes)
}

fn head_sum(at: u64, length: [u8; 4], sum: [u8; 4]) -> [u8; 4] {
    let mut head = crc32fast::Hasher::new();
    head.update(&at.to_le_bytes());
    head.update(&length);
    head.update(&sum);
    head.finalize().to_le_bytes()
}

/// What stands at a place of a file.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// A whole frame, whose payload was read.
    Frame,
    /// The end of the file.
    End,
    /// No whole frame.
    Broken,
}

/// Reads the frames of a file one after the other.
pub(crate) struct Frames<'a> {
    name: &'a str,
    reader: BufReader<Reading<'a>>,
    /// Where the next frame begins.
    at: u64,
    end: u64,
}

impl<'a> Frames<'a> {
    /// The frames of the file from byte `at` on.
    pub(crate) fn from(file: &'a dyn DiskFile, name: &'a str, at: u64) -> Result<Frames<'a>, StoreError> {
        let end = length(file, name)?;
        Ok(Frames::within(file, name, at, end))
    }

    /// The frames of the file between two places.
    pub(crate) fn within(file: &'a dyn DiskFile, name: &'a str, at: u64, end: u64) -> Frames<'a> {
        Frames::buffered(file, name, at, end, READ_AHEAD)
    }

    /// The frames of a file of which the first one alone is wanted.
    pub(crate) fn first_of(file: &'a dyn DiskFile, name: &'a str) -> Result<Frames<'a>, StoreError> {
        let end = length(file, name)?;
        Ok(Frames::buffered(file, name, 0, end, READ_FIRST))
    }

    fn buffered(file: &'a dyn DiskFile, name: &'a str, at: u64, end: u64, buffer: usize) -> Frames<'a> {
        let at = at.min(end);
        let buffer = buffer.min(usize::try_from(end - at).unwrap_or(buffer));
        let reader = BufReader::with_capacity(buffer, Reading { file, at, end });
        Frames { name, reader, at, end }
    }

    /// Where the next frame begins, or the file ends, or is broken.
    pub(crate) fn at(&self) -> u64 {
        self.at
    }

    /// The file's length.
    pub(crate) fn end(&self) -> u64 {
        self.end
    }

    /// Reads the next frame's payload; what isn't whole stays unread for good.
    pub(crate) fn next(&mut self, payload: &mut Vec<u8>) -> Result<Found, StoreError> {
        payload.clear();
        if self.at >= self.end {
            return Ok(Found::End);
        }
        let left = self.end - self.at;
        let mut head = [0; HEAD];
        if left < HEAD as u64 {
            return Ok(Found::Broken);
        }
        self.fill(&mut head)?;
        let Some((size, sum)) = read_head(&head, self.at, left) else { return Ok(Found::Broken) };
        payload.resize(size, 0);
        self.fill(payload)?;
        if checksum(payload) != sum {
            return Ok(Found::Broken);
        }
        self.at += (HEAD + size) as u64;
        Ok(Found::Frame)
    }

    fn fill(&mut self, into: &mut [u8]) -> Result<(), StoreError> {
        self.reader.read_exact(into).map_err(|error| StoreError::failed("reading", self.name, &error))
    }
}

/// The payload's length and checksum, where this is the head of a frame at byte `at` that ends within `left` bytes.
fn read_head(head: &[u8; HEAD], at: u64, left: u64) -> Option<(usize, u32)> {
    let part = |from: usize| [head[from], head[from + 1], head[from + 2], head[from + 3]];
    let (length, sum) = (part(4), part(8));
    let size = u32::from_le_bytes(length) as usize;
    let fits = size > 0 && size <= PAYLOAD_MAX && (HEAD + size) as u64 <= left;
    let whole = part(0) == MARK && fits && part(12) == head_sum(at, length, sum);
    whole.then(|| (size, u32::from_le_bytes(sum)))
}

/// Where the payload of the frame at `at` begins.
pub(crate) fn payload_at(at: u64) -> u64 {
    at + HEAD as u64
}

/// Where the next whole frame begins from byte `at` on, if there is one.
pub(crate) fn next_whole(file: &dyn DiskFile, name: &str, at: u64) -> Result<Option<u64>, StoreError> {
    let end = length(file, name)?;
    let (mut from, mut payload) = (at, Vec::new());
    let mut window = vec![0; READ_AHEAD];
    while from + (HEAD as u64) < end {
        let size = READ_AHEAD.min(usize::try_from(end - from).unwrap_or(READ_AHEAD));
        let read = file.read_at(from, &mut window[..size]);
        read.map_err(|error| StoreError::failed("reading", name, &error))?;
        for (place, head) in window[..size].windows(HEAD).enumerate() {
            let candidate = from + place as u64;
            let head = head.first_chunk().filter(|head| head.starts_with(&MARK));
            if head.and_then(|head| read_head(head, candidate, end - candidate)).is_some()
                && Frames::within(file, name, candidate, end).next(&mut payload)? == Found::Frame
            {
                return Ok(Some(candidate));
            }
        }
        from += (size - (HEAD - 1)) as u64;
    }
    Ok(None)
}

/// How long a file is.
pub(crate) fn length(file: &dyn DiskFile, name: &str) -> Result<u64, StoreError> {
    file.length().map_err(|error| StoreError::failed("reading", name, &error))
}
