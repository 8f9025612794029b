//! Where a customer lies, by the hash of its ID: a hash table that grows without a pause.
//!
//! 1. Entries lie in segments. The first bits of a hash say in which: a directory has a place for each value of those bits.
//! 2. A full segment is split in two by its next bit, so that a few hundred entries move, however many customers there are.
//!    Where it goes by as many bits as the directory, the directory doubles first: four bytes for some three hundred
//!    customers.
//! 3. An entry keeps its hash, so that it moves without a look at its customer, and an ID is seldom compared with another.

use ahash::RandomState;
use hashbrown::HashTable;

use super::CustomerId;
use crate::names::seeded;

/// A segment with this many entries is split: what a table of 512 places holds before it grows.
const SEGMENT_MAX: usize = 448;
/// Segments that go by this many bits of a hash aren't split any more; they would hold four billion customers.
const BITS_MAX: u32 = 24;

/// A hash table from IDs to places.
#[derive(Clone, Debug)]
pub(super) struct Index {
    hasher: RandomState,
    /// How many bits of a hash the directory goes by.
    bits: u32,
    /// The segment of each value of those bits.
    directory: Vec<u32>,
    segments: Vec<Segment>,
}

#[derive(Clone, Debug, Default)]
struct Segment {
    /// How many bits its entries have in common.
    bits: u32,
    entries: HashTable<Entry>,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    hash: u32,
    place: CustomerId,
}

impl Entry {
    /// The hash as a table wants it, whose first and last bits both choose.
    #[inline]
    fn spread(&self) -> u64 {
        u64::from(self.hash).wrapping_mul(0x9e37_79b9_7f4a_7c15)
    }
}

impl Index {
    /// An empty table whose hashes are seeded with `seed`.
    pub(super) fn new(seed: u64) -> Index {
        Index { hasher: seeded(seed), bits: 0, directory: vec![0], segments: vec![Segment::default()] }
    }

    /// The place that was put in under `id`, which `is` tells from others.
    #[inline(always)]
    pub(super) fn find(&self, id: &str, is: impl Fn(CustomerId) -> bool) -> Option<CustomerId> {
        let wanted = self.entry(id, CustomerId(0));
        let segment = self.segments.get(self.segment_of(wanted.hash))?;
        let same = |entry: &Entry| entry.hash == wanted.hash && is(entry.place);
        segment.entries.find(wanted.spread(), same).map(|entry| entry.place)
    }

    /// Puts in a place under an ID that isn't in.
    pub(super) fn insert(&mut self, id: &str, place: CustomerId) {
        let entry = self.entry(id, place);
        let mut at = self.segment_of(entry.hash);
        while self.segments.get(at).is_some_and(Segment::is_full) {
            self.split(at, entry.hash);
            at = self.segment_of(entry.hash);
        }
        if let Some(segment) = self.segments.get_mut(at) {
            segment.entries.insert_unique(entry.spread(), entry, Entry::spread);
        }
    }

    /// Takes out the place that was put in under `id`.
    pub(super) fn remove(&mut self, id: &str, place: CustomerId) {
        let entry = self.entry(id, place);
        let at = self.segment_of(entry.hash);
        let Some(segment) = self.segments.get_mut(at) else { return };
        if let Ok(found) = segment.entries.find_entry(entry.spread(), |known| known.place == place) {
            found.remove();
        }
    }

    #[inline]
    fn entry(&self, id: &str, place: CustomerId) -> Entry {
        Entry { hash: (self.hasher.hash_one(id) >> 32) as u32, place }
    }

    #[inline]
    fn segment_of(&self, hash: u32) -> usize {
        self.directory.get(first_bits(hash, self.bits)).map_or(0, |at| *at as usize)
    }

    /// Moves the half of a segment's entries whose next bit is 1 into a new one. `hash` is of any that belongs there.
    #[cold]
    fn split(&mut self, at: usize, hash: u32) {
        let fresh = u32::try_from(self.segments.len()).unwrap_or(u32::MAX);
        let Some(segment) = self.segments.get_mut(at) else { return };
        segment.bits = segment.bits.saturating_add(1);
        let bits = segment.bits;
        let mut halves = [HashTable::with_capacity(SEGMENT_MAX), HashTable::with_capacity(SEGMENT_MAX)];
        for entry in segment.entries.drain() {
            if let Some(half) = halves.get_mut(first_bits(entry.hash, bits) & 1) {
                half.insert_unique(entry.spread(), entry, Entry::spread);
            }
        }
        let [zeros, ones] = halves;
        segment.entries = zeros;
        self.segments.push(Segment { bits, entries: ones });
        if bits > self.bits {
            self.directory = self.directory.iter().flat_map(|segment| [*segment; 2]).collect();
            self.bits = bits;
        }
        // Of the directory's places that begin with the segment's bits, those with a 1 next.
        let width = self.bits.saturating_sub(bits);
        let from = (first_bits(hash, bits) | 1) << width;
        for place in self.directory.iter_mut().skip(from).take(1 << width) {
            *place = fresh;
        }
    }
}

impl Segment {
    fn is_full(&self) -> bool {
        self.entries.len() >= SEGMENT_MAX && self.bits < BITS_MAX
    }
}

/// The first `bits` of a hash as a number.
#[inline]
fn first_bits(hash: u32, bits: u32) -> usize {
    u64::from(hash).checked_shr(32_u32.saturating_sub(bits)).unwrap_or(0) as usize
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects, clippy::indexing_slicing)] // a test may panic
mod tests {
    use super::*;

    fn filled(count: u32) -> (Index, Vec<String>) {
        let ids: Vec<String> = (0..count).map(|at| format!("customer_{at}")).collect();
        let mut index = Index::new(7);
        for (at, id) in ids.iter().enumerate() {
            index.insert(id, CustomerId(at as u32));
        }
        (index, ids)
    }

    #[test]
    fn every_id_is_found_at_its_place_and_no_other_is() {
        let (index, ids) = filled(100_000);
        for (at, id) in ids.iter().enumerate() {
            assert_eq!(index.find(id, |place| ids[place.0 as usize] == *id), Some(CustomerId(at as u32)));
        }
        assert_eq!(index.find("customer_100000", |place| ids[place.0 as usize] == "customer_100000"), None);
    }

    #[test]
    fn segments_stay_small_and_the_directory_in_step_with_them() {
        let (index, _) = filled(100_000);
        assert!(index.segments.len() > 100_000 / SEGMENT_MAX);
        assert!(index.directory.len() < index.segments.len() * 8);
        assert!(index.segments.iter().all(|segment| segment.entries.len() <= SEGMENT_MAX));
        for (at, segment) in index.segments.iter().enumerate() {
            for entry in &segment.entries {
                assert_eq!(index.segment_of(entry.hash), at);
            }
        }
    }

    #[test]
    fn what_is_taken_out_is_gone_and_the_others_stay() {
        let (mut index, ids) = filled(10_000);
        for (at, id) in ids.iter().enumerate().filter(|(at, _)| at % 3 == 0) {
            index.remove(id, CustomerId(at as u32));
        }
        for (at, id) in ids.iter().enumerate() {
            let found = index.find(id, |place| ids[place.0 as usize] == *id);
            assert_eq!(found, (at % 3 != 0).then_some(CustomerId(at as u32)));
        }
    }
}
