//! The history of a customer: its changes as the journal has them.
//!
//! Folded segments are searched through their indexes; those that aren't folded yet are read whole. The newest come first,
//! until there are enough.

use std::collections::VecDeque;

use limitr_engine::{Change, Changes, EngineError};

use crate::catalog::{Catalog, Segment};
use crate::disk::{Disk, DiskFile, open};
use crate::error::StoreError;
use crate::index::{Index, index_name, read_change};
use crate::journal::each_batch;
use crate::state::hash;

/// Which changes are asked for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Query {
    /// The customer, by its own ID.
    pub customer: String,
    /// Only from this time on, in milliseconds since the epoch.
    pub since: Option<i64>,
    /// Only before this time.
    pub until: Option<i64>,
    /// Only those about this entitlement.
    pub entitlement: Option<String>,
    /// So many at the most, the newest.
    pub limit: usize,
}

/// A change as the journal has it.
#[derive(Clone, Debug, PartialEq)]
pub struct Recorded {
    /// Which opening of an engine it is of; with the change's number it is unique.
    pub instance: String,
    /// The change.
    pub change: Change,
}

impl Query {
    fn wants<T: AsRef<str>>(&self, change: &Change<T>) -> bool {
        change.effect.holder() == Some(&self.customer)
            && self.since.is_none_or(|since| change.at >= since)
            && self.until.is_none_or(|until| change.at < until)
            && self.entitlement.as_deref().is_none_or(|wanted| change.effect.entitlement() == Some(wanted))
    }
}

/// The changes that `query` asks for, oldest first.
pub(crate) fn history(
    disk: &dyn Disk,
    catalog: &Catalog,
    query: &Query,
) -> Result<Vec<Recorded>, StoreError> {
    let mut found = Vec::new();
    for segment in catalog.all().iter().rev() {
        let left = query.limit - found.len();
        if left == 0 || query.since.is_some_and(|since| segment.last_at < since) {
            break;
        }
        let own = open(disk, &segment.name).and_then(|file| match segment.folded {
            true => indexed(disk, segment, file.as_ref(), query, left),
            false => scanned(segment, file.as_ref(), query, left),
        });
        match own {
            Ok(mut newest_first) => found.append(&mut newest_first),
            // Retention has taken it since the list was made, and those before it.
            Err(_) if !catalog.has(&segment.name) => break,
            Err(error) => return Err(error),
        }
    }
    found.reverse();
    Ok(found)
}

fn indexed(
    disk: &dyn Disk,
    segment: &Segment,
    file: &dyn DiskFile,
    query: &Query,
    most: usize,
) -> Result<Vec<Recorded>, StoreError> {
    let index = Index::open(disk, index_name(segment.head.position))?;
    let mut found = Vec::new();
    let mut bytes = Vec::new();
    for mention in index.find(hash(&query.customer))?.into_iter().rev() {
        if found.len() >= most {
            break;
        }
        read_change(file, &segment.name, &mention, &mut bytes)?;
        let seq = segment.head.seq + u64::from(mention.ordinal);
        for change in Changes::<Box<str>>::new(&bytes, seq) {
            let change = change.map_err(|error| {
                StoreError::damaged(&segment.name, u64::from(mention.offset), error.message())
            })?;
            if query.since.is_some_and(|since| change.at < since) {
                return Ok(found);
            }
            if query.wants(&change) {
                found.push(Recorded { instance: segment.head.instance.clone(), change });
            }
        }
    }
    Ok(found)
}

fn scanned(
    segment: &Segment,
    file: &dyn DiskFile,
    query: &Query,
    most: usize,
) -> Result<Vec<Recorded>, StoreError> {
    let mut found = VecDeque::new();
    let walked = each_batch(file, segment, |seq, at, bytes| {
        let unreadable = |error: EngineError| StoreError::damaged(&segment.name, at, error.message());
        let mut changes: Changes<'_> = Changes::new(bytes, seq);
        loop {
            let before = bytes.len() - changes.left();
            let Some(change) = changes.next() else { return Ok(()) };
            let change = change.map_err(unreadable)?;
            if !query.wants(&change) {
                continue;
            }
            let own = Changes::<Box<str>>::new(&bytes[before..], change.seq).next();
            let Some(change) = own.transpose().map_err(unreadable)? else { return Ok(()) };
            if found.len() >= most {
                found.pop_front();
            }
            found.push_back(Recorded { instance: segment.head.instance.clone(), change });
        }
    })?;
    if walked.count != segment.count {
        return Err(StoreError::damaged(&segment.name, walked.end, "a part can't be read"));
    }
    Ok(found.into_iter().rev().collect())
}
