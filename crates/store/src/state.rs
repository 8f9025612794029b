//! The state: what all changes up to a position add up to.
//!
//! A file `state-<position>`, written under another name, synced and only then renamed, so that it is whole or not there. Its
//! first frame says which policy was in force; then come the customers, packed, in frames of about 64 KiB, ordered by a hash of
//! their IDs and then by ID; the last frame says how many there are and what everybody's calls taught.

use limitr_engine::packed_id;
use serde::{Deserialize, Serialize};

use crate::disk::{Disk, DiskFile};
use crate::error::StoreError;
use crate::format::{head_of, put_head};
use crate::frame::{Found, FrameWriter, Frames};

const HEAD: u8 = b'S';
const CUSTOMERS: u8 = b'P';
const FOOT: u8 = b'Z';
const FRAME_BYTES: usize = 65_536;

/// What a state's first frame says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct StateHead {
    /// The position of the last change that is in it.
    pub(crate) position: u64,
    /// The latest time that the engine had seen.
    pub(crate) now: i64,
    pub(crate) policy_version: u64,
    /// The policy document as JSON text.
    pub(crate) document: String,
}

/// What a state's last frame says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct StateFoot {
    pub(crate) customers: u64,
    /// What everybody's calls taught, as JSON text.
    pub(crate) estimates: String,
}

pub(crate) fn state_name(position: u64) -> String {
    format!("state-{position:020}")
}

/// Orders customers, and finds their changes: FNV-1a of the ID.
pub(crate) fn hash(id: &str) -> u64 {
    id.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

/// Writes a state.
pub(crate) struct StateWriter {
    frames: FrameWriter,
    packed: Vec<u8>,
    customers: u64,
}

impl StateWriter {
    pub(crate) fn new(disk: &dyn Disk, name: String, head: &StateHead) -> Result<StateWriter, StoreError> {
        let mut frames = FrameWriter::create(disk, name)?;
        frames.put(|bytes| put_head(bytes, HEAD, head))?;
        Ok(StateWriter { frames, packed: Vec::new(), customers: 0 })
    }

    /// Adds a customer, who comes after those that were added.
    pub(crate) fn add(&mut self, packed: &[u8]) -> Result<(), StoreError> {
        // A length past this is one of a frame that is refused.
        self.packed.extend_from_slice(&u32::try_from(packed.len()).unwrap_or(u32::MAX).to_le_bytes());
        self.packed.extend_from_slice(packed);
        self.customers += 1;
        if self.packed.len() >= FRAME_BYTES { self.end_frame() } else { Ok(()) }
    }

    /// Ends the file; it is durable once this returns. How long it is.
    pub(crate) fn finish(mut self, estimates: String) -> Result<u64, StoreError> {
        self.end_frame()?;
        let foot = StateFoot { customers: self.customers, estimates };
        self.frames.put(|bytes| put_head(bytes, FOOT, &foot))?;
        self.frames.sync()?;
        Ok(self.frames.at())
    }

    fn end_frame(&mut self) -> Result<(), StoreError> {
        if self.packed.is_empty() {
            return Ok(());
        }
        self.frames.put(|bytes| {
            bytes.push(CUSTOMERS);
            bytes.extend_from_slice(&self.packed);
        })?;
        self.packed.clear();
        Ok(())
    }
}

/// Reads a state: its head, each customer, its foot.
pub(crate) struct StateReader<'a> {
    name: &'a str,
    frames: Frames<'a>,
    payload: Vec<u8>,
    /// Where in the payload the next customer begins.
    at: usize,
    customers: u64,
    foot: Option<StateFoot>,
}

impl<'a> StateReader<'a> {
    pub(crate) fn new(
        file: &'a dyn DiskFile,
        name: &'a str,
    ) -> Result<(StateReader<'a>, StateHead), StoreError> {
        let mut frames = Frames::from(file, name, 0)?;
        let mut payload = Vec::new();
        if frames.next(&mut payload)? != Found::Frame {
            return Err(StoreError::damaged(name, 0, "its first part can't be read"));
        }
        let head = head_of(name, HEAD, &payload)?;
        payload.clear();
        let reader = StateReader { name, frames, payload, at: 0, customers: 0, foot: None };
        Ok((reader, head))
    }

    /// The next customer, packed.
    pub(crate) fn next(&mut self) -> Result<Option<&[u8]>, StoreError> {
        while self.foot.is_none() && self.at >= self.payload.len() {
            self.next_frame()?;
        }
        if self.foot.is_some() {
            return Ok(None);
        }
        let broken = || StoreError::damaged(self.name, self.frames.at(), "a customer is cut off");
        let left = self.payload.get(self.at..).ok_or_else(broken)?;
        let (length, left) = left.split_first_chunk::<4>().ok_or_else(broken)?;
        let length = u32::from_le_bytes(*length) as usize;
        let packed = left.get(..length).ok_or_else(broken)?;
        self.at += 4 + length;
        self.customers += 1;
        Ok(Some(packed))
    }

    /// What the last frame says, once all customers were read.
    pub(crate) fn foot(self) -> Option<StateFoot> {
        self.foot
    }

    fn next_frame(&mut self) -> Result<(), StoreError> {
        let at = self.frames.at();
        if self.frames.next(&mut self.payload)? != Found::Frame {
            return Err(StoreError::damaged(self.name, at, "a part of the customers can't be read"));
        }
        if self.payload.first() == Some(&CUSTOMERS) {
            self.at = 1;
            return Ok(());
        }
        let foot: StateFoot = head_of(self.name, FOOT, &self.payload)?;
        if foot.customers != self.customers || self.frames.at() != self.frames.end() {
            return Err(StoreError::damaged(self.name, at, "customers are missing"));
        }
        self.foot = Some(foot);
        Ok(())
    }
}

/// The customers in a frame, packed; `None` for what is cut off. None in a frame of another kind.
pub(crate) fn packed_customers(payload: &[u8]) -> impl Iterator<Item = Option<&[u8]>> {
    let mut left = match payload.split_first() {
        Some((&CUSTOMERS, left)) => left,
        _ => &[],
    };
    std::iter::from_fn(move || {
        if left.is_empty() {
            return None;
        }
        let cut = left
            .split_first_chunk::<4>()
            .and_then(|(length, rest)| rest.split_at_checked(u32::from_le_bytes(*length) as usize));
        let (packed, rest) = cut.map_or((None, &[][..]), |(packed, rest)| (Some(packed), rest));
        left = rest;
        Some(packed)
    })
}

/// What a frame says that everybody's calls taught, if it is a state's last one.
pub(crate) fn estimates_of(name: &str, payload: &[u8]) -> Result<Option<String>, StoreError> {
    match payload.first() {
        Some(&FOOT) => head_of::<StateFoot>(name, FOOT, payload).map(|foot| Some(foot.estimates)),
        _ => Ok(None),
    }
}

/// The customers of a state one after the other, with their hashes; the next one can be looked at.
pub(crate) struct Ordered<'a> {
    reader: StateReader<'a>,
    next: Option<(u64, Vec<u8>)>,
}

impl<'a> Ordered<'a> {
    pub(crate) fn new(reader: StateReader<'a>) -> Result<Ordered<'a>, StoreError> {
        let mut ordered = Ordered { reader, next: None };
        ordered.advance(Vec::new())?;
        Ok(ordered)
    }

    pub(crate) fn peek(&self) -> Option<u64> {
        self.next.as_ref().map(|(hash, _)| *hash)
    }

    /// Takes the next customer into `packed`, whose room is used again.
    pub(crate) fn take(&mut self, packed: &mut Vec<u8>) -> Result<bool, StoreError> {
        let Some((_, next)) = self.next.take() else { return Ok(false) };
        let room = std::mem::replace(packed, next);
        self.advance(room)?;
        Ok(true)
    }

    pub(crate) fn foot(self) -> Option<StateFoot> {
        self.reader.foot()
    }

    fn advance(&mut self, mut room: Vec<u8>) -> Result<(), StoreError> {
        let (name, at) = (self.reader.name, self.reader.frames.at());
        let Some(packed) = self.reader.next()? else { return Ok(()) };
        room.clear();
        room.extend_from_slice(packed);
        let id = packed_id(&room).ok_or_else(|| StoreError::damaged(name, at, "a customer has no ID"))?;
        self.next = Some((hash(id), room));
        Ok(())
    }
}
