//! What the store knows of its segments, shared by who writes them, who folds them and who reads their history.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::journal::SegmentHead;

/// A segment of the journal.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Segment {
    pub(crate) name: String,
    pub(crate) head: SegmentHead,
    /// How many changes are in it.
    pub(crate) count: u64,
    /// How long it is without the frame that closes it, as far as it was written by now; `None`: as long as its file.
    pub(crate) bytes: Option<u64>,
    /// When its last change was committed.
    pub(crate) last_at: i64,
    /// Whether nothing is added to it any more.
    pub(crate) closed: bool,
    /// Whether the state has all of its changes, and it has an index.
    pub(crate) folded: bool,
}

impl Segment {
    pub(crate) fn new(name: String, head: SegmentHead) -> Segment {
        Segment { name, head, count: 0, bytes: Some(0), last_at: i64::MIN, closed: false, folded: false }
    }

    /// The position of the change that follows its last one.
    pub(crate) fn end(&self) -> u64 {
        self.head.position + self.count
    }

    pub(crate) fn length(&self) -> u64 {
        self.bytes.unwrap_or_default()
    }
}

/// All segments, oldest first, and the position of the change that comes next.
#[derive(Debug)]
pub(crate) struct Catalog(Mutex<(Vec<Segment>, u64)>);

impl Catalog {
    /// Of segments that are there.
    pub(crate) fn new(segments: Vec<Segment>, next_position: u64) -> Catalog {
        Catalog(Mutex::new((segments, next_position)))
    }

    fn lock(&self) -> MutexGuard<'_, (Vec<Segment>, u64)> {
        // Nobody panics while holding it; if one did, what it holds is still a list of segments.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn all(&self) -> Vec<Segment> {
        self.lock().0.clone()
    }

    pub(crate) fn next_position(&self) -> u64 {
        self.lock().1
    }

    pub(crate) fn begin(&self, segment: Segment) {
        self.lock().0.push(segment);
    }

    /// Notes what was added to the last segment, which has so many bytes then.
    pub(crate) fn grow(&self, count: u64, bytes: u64, at: i64) {
        let (segments, next) = &mut *self.lock();
        let Some(last) = segments.last_mut() else { return };
        *next += count;
        last.count += count;
        last.last_at = last.last_at.max(at);
        last.bytes = Some(bytes);
    }

    pub(crate) fn close(&self) {
        if let Some(last) = self.lock().0.last_mut() {
            last.closed = true;
        }
    }

    /// Closed segments that aren't folded, oldest first.
    pub(crate) fn foldable(&self) -> Vec<Segment> {
        self.lock().0.iter().filter(|segment| segment.closed && !segment.folded).cloned().collect()
    }

    /// Notes that the state has all changes up to the one at `position`.
    pub(crate) fn folded(&self, position: u64) {
        for segment in self.lock().0.iter_mut().filter(|segment| segment.head.position <= position) {
            segment.folded = true;
        }
    }

    /// Whether the segment wasn't forgotten.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.lock().0.iter().any(|segment| segment.name == name)
    }

    /// Forgets a segment.
    pub(crate) fn forget(&self, name: &str) {
        self.lock().0.retain(|segment| segment.name != name);
    }
}
