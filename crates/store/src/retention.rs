//! How long the history is kept.

use crate::catalog::Segment;

/// Most folded segments that are kept, however small.
const SEGMENTS_MAX: usize = 4_096;

/// How long history is kept: whichever is over first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// Changes that are older than so many milliseconds may be forgotten.
    pub age_ms: i64,
    /// So many bytes of them are kept at the most.
    pub bytes: u64,
}

impl Default for Retention {
    /// 30 days and 1 GiB.
    fn default() -> Retention {
        Retention { age_ms: 30 * 86_400_000, bytes: 1 << 30 }
    }
}

/// Folded segments that are kept no longer at `now`: oldest first, whole segments only.
pub(crate) fn outdated(segments: &[Segment], now: i64, retention: Retention) -> Vec<Segment> {
    let folded: Vec<&Segment> = segments.iter().filter(|segment| segment.folded).collect();
    let mut kept_bytes = 0;
    let mut kept = 0;
    for segment in folded.iter().rev() {
        kept_bytes += segment.length();
        let old = now.saturating_sub(segment.last_at) >= retention.age_ms;
        if old || kept_bytes > retention.bytes || kept >= SEGMENTS_MAX {
            break;
        }
        kept += 1;
    }
    let gone = folded.len() - kept;
    folded.into_iter().take(gone).cloned().collect()
}
