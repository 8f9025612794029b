//! Frames: how bytes stand in every file of a store.
//!
//! A frame is a mark (4 bytes), the payload's length (4), a checksum (4, CRC-32 of length and payload) and the payload, whose
//! first byte says what it is. Numbers are little-endian. A file is frames and nothing else: whatever is left behind the last
//! whole one is a write that was cut off, or damage; which of them, the file's reader knows.

use std::io::{self, BufReader, Read};

use crate::disk::{DiskFile, Reading};
use crate::error::StoreError;

const MARK: [u8; 4] = *b"LMTR";
const HEAD: usize = 12;
/// Longest payload, in bytes: what waits in an engine at the most, what one call may add to it, and the frame's own numbers.
pub(crate) const PAYLOAD_MAX: usize = 1 << 30;
const READ_AHEAD: usize = 1 << 18;

/// Adds a frame of what `write` adds to `bytes`.
pub(crate) fn put(bytes: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
    let start = bytes.len();
    bytes.extend_from_slice(&MARK);
    bytes.extend_from_slice(&[0; 8]);
    write(bytes);
    let length = u32::try_from(bytes.len() - start - HEAD).unwrap_or(u32::MAX).to_le_bytes();
    let sum = checksum(length, &bytes[start + HEAD..]);
    bytes[start + 4..start + 8].copy_from_slice(&length);
    bytes[start + 8..start + HEAD].copy_from_slice(&sum.to_le_bytes());
}

fn checksum(length: [u8; 4], payload: &[u8]) -> u32 {
    let mut sum = crc32fast::Hasher::new();
    sum.update(&length);
    sum.update(payload);
    sum.finalize()
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
        let end = file.length().map_err(|error| StoreError::failed("reading", name, &error))?;
        Ok(Frames::within(file, name, at, end))
    }

    /// The frames of the file between two places.
    pub(crate) fn within(file: &'a dyn DiskFile, name: &'a str, at: u64, end: u64) -> Frames<'a> {
        let reading = Reading { file, at: at.min(end), end };
        Frames { name, reader: BufReader::with_capacity(READ_AHEAD, reading), at, end }
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
        let (length, sum) = (part(&head, 4), u32::from_le_bytes(part(&head, 8)));
        let size = u32::from_le_bytes(length) as usize;
        if part(&head, 0) != MARK || size == 0 || size > PAYLOAD_MAX || size as u64 > left - HEAD as u64 {
            return Ok(Found::Broken);
        }
        payload.resize(size, 0);
        self.fill(payload)?;
        if checksum(length, payload) != sum {
            return Ok(Found::Broken);
        }
        self.at += (HEAD + size) as u64;
        Ok(Found::Frame)
    }

    fn fill(&mut self, into: &mut [u8]) -> Result<(), StoreError> {
        self.reader.read_exact(into).map_err(|error| StoreError::failed("reading", self.name, &error))
    }
}

/// Where the payload of the frame at `at` begins.
pub(crate) fn payload_at(at: u64) -> u64 {
    at + HEAD as u64
}

/// Where the next whole frame begins from byte `at` on, if there is one.
pub(crate) fn next_whole(file: &dyn DiskFile, name: &str, at: u64) -> Result<Option<u64>, StoreError> {
    let failed = |error: io::Error| StoreError::failed("reading", name, &error);
    let end = file.length().map_err(failed)?;
    let mut from = at;
    let mut window = vec![0; READ_AHEAD];
    while from < end {
        let length = READ_AHEAD.min(usize::try_from(end - from).unwrap_or(READ_AHEAD));
        file.read_at(from, &mut window[..length]).map_err(failed)?;
        for place in window[..length].windows(MARK.len()).enumerate().filter(|(_, bytes)| *bytes == MARK) {
            let candidate = from + place.0 as u64;
            let mut payload = Vec::new();
            if Frames::within(file, name, candidate, end).next(&mut payload)? == Found::Frame {
                return Ok(Some(candidate));
            }
        }
        if length < MARK.len() {
            break;
        }
        from += (length - (MARK.len() - 1)) as u64;
    }
    Ok(None)
}

fn part(head: &[u8; HEAD], at: usize) -> [u8; 4] {
    [head[at], head[at + 1], head[at + 2], head[at + 3]]
}
