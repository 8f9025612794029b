//! Retention takes the oldest segments away, and only such as the state has; positions go on.

use limitr_engine::{Ask, Call, Profile};

use super::acts::small_policy;
use super::faulty::Faulty;
use super::sequence::START;
use super::world::{Process, saved, settings};
use crate::catalog::Segment;
use crate::history::{Query, history};
use crate::journal::SegmentHead;
use crate::retention::{Retention, outdated};

const DAY: i64 = 86_400_000;
const FOR_EVER: Retention = Retention { age_ms: i64::MAX, bytes: u64::MAX };

fn segment(position: u64, last_at: i64, bytes: u64, folded: bool) -> Segment {
    let head = SegmentHead { instance: "i".to_string(), position, seq: 1 };
    let mut segment = Segment::new(format!("journal-{position}"), head);
    (segment.last_at, segment.bytes, segment.closed, segment.folded) = (last_at, Some(bytes), true, folded);
    segment
}

fn positions(segments: &[Segment], now: i64, retention: Retention) -> Vec<u64> {
    outdated(segments, now, retention).iter().map(|segment| segment.head.position).collect()
}

#[test]
fn whichever_bound_is_reached_first_counts() {
    let all: Vec<Segment> = (1..=4).map(|at| segment(at, at as i64 * DAY, 100, at < 4)).collect();
    let by = |age_ms, bytes| positions(&all, 4 * DAY, Retention { age_ms, bytes });
    assert_eq!(by(i64::MAX, u64::MAX), [0; 0]);
    assert_eq!(by(3 * DAY, u64::MAX), [1]);
    assert_eq!(by(3 * DAY + 1, u64::MAX), [0; 0]);
    assert_eq!(by(2 * DAY, u64::MAX), [1, 2]);
    assert_eq!(by(i64::MAX, 200), [1]);
    assert_eq!(by(i64::MAX, 199), [1, 2]);
    assert_eq!(by(3 * DAY, 100), [1, 2]);
    assert_eq!(by(0, 0), [1, 2, 3], "one that isn't folded stays");
    assert_eq!(positions(&all, i64::MAX, Retention { age_ms: 1, bytes: 999 }), [1, 2, 3]);
    assert_eq!(positions(&all, i64::MIN, Retention { age_ms: 1, bytes: 999 }), [0; 0]);
}

#[test]
fn at_most_4096_segments_are_kept() {
    let all: Vec<Segment> = (1..=5_000).map(|at| segment(at, 0, 1, true)).collect();
    assert_eq!(positions(&all, 0, FOR_EVER), (1..=904).collect::<Vec<_>>());
}

/// A store with a change of `ann` on each of ten days, each in a segment of its own.
fn ten_days(retention: Retention) -> (Faulty, Process) {
    let disk = Faulty::new(1);
    let mut process = Process::open(&disk, &settings(0, 1, 1)).unwrap();
    process.folding.settings.retention = retention;
    process.engine.resume(START, small_policy()).unwrap();
    process.engine.create_customer(START, "ann", &Profile::default()).unwrap();
    for day in 0..10 {
        let now = START + day * DAY;
        assert!(process.engine.allow(now, "ann", "soft", &Call::new(Ask::by(1.0))).unwrap());
        process.append(now).1.unwrap();
    }
    process.fold_all();
    (disk, process)
}

fn days(process: &Process, query: Query) -> Vec<i64> {
    let found = history(process.folding.disk.as_ref(), &process.catalog, &query).unwrap();
    found.iter().map(|recorded| (recorded.change.at - START) / DAY).collect()
}

fn ann() -> Query {
    Query { customer: "ann".to_string(), limit: usize::MAX, ..Query::default() }
}

#[test]
fn what_is_too_old_is_gone_and_the_rest_is_found() {
    let (disk, process) = ten_days(Retention { age_ms: 3 * DAY, bytes: u64::MAX });
    assert_eq!(days(&process, ann()), [7, 8, 9]);
    disk.cut();
    let opened = Process::open(&disk, &settings(1, 1, 1)).unwrap();
    assert_eq!(days(&opened, ann()), [7, 8, 9]);
    assert_eq!(saved(&opened.engine, START), saved(&process.engine, START));
    let names = disk.files().into_keys();
    let kinds: Vec<String> = names.map(|name| name.split('-').next().unwrap().to_string()).collect();
    assert_eq!(kinds, ["index", "index", "index", "journal", "journal", "journal", "state"]);
}

#[test]
fn a_query_bounds_time_entitlement_and_number() {
    let (_, process) = ten_days(FOR_EVER);
    let since = Some(START + 4 * DAY);
    let until = Some(START + 7 * DAY);
    assert_eq!(days(&process, Query { since, ..ann() }), [4, 5, 6, 7, 8, 9]);
    assert_eq!(days(&process, Query { since, until, ..ann() }), [4, 5, 6]);
    assert_eq!(days(&process, Query { until, limit: 2, ..ann() }), [5, 6]);
    assert_eq!(days(&process, Query { limit: 0, ..ann() }), [0; 0]);
    let soft = Some("soft".to_string());
    assert_eq!(days(&process, Query { entitlement: soft, ..ann() }), (0..10).collect::<Vec<_>>());
    assert_eq!(days(&process, Query { entitlement: Some("hard".to_string()), ..ann() }), [0; 0]);
    assert_eq!(days(&process, Query { customer: "bob".to_string(), ..ann() }), [0; 0]);
}

#[test]
fn positions_go_on_where_no_segment_is_left() {
    let (disk, process) = ten_days(Retention { age_ms: i64::MAX, bytes: 0 });
    let next = process.catalog.next_position();
    assert_eq!(days(&process, ann()), [0; 0]);
    assert_eq!(disk.files().len(), 1, "the state");
    disk.cut();
    let mut opened = Process::open(&disk, &settings(1, 1, 1)).unwrap();
    assert_eq!(opened.catalog.next_position(), next);
    assert!(opened.engine.allow(START, "ann", "soft", &Call::new(Ask::by(1.0))).unwrap());
    opened.append(START).1.unwrap();
    assert_eq!(opened.history("ann", 9).unwrap().len(), 1);
    let last = disk.files().into_keys().find(|name| name.starts_with("journal-"));
    assert_eq!(last, Some(format!("journal-{next:020}")));
    assert_eq!(opened.history("ann", 9).unwrap()[0].change.seq, 1);
}

#[test]
fn history_that_retention_takes_away_while_it_is_read_is_no_error() {
    let (disk, process) = ten_days(FOR_EVER);
    let segments = process.catalog.all();
    let first = &segments[0];
    // As retention does: forgotten, removed, and then its index.
    process.catalog.forget(&first.name);
    let stale = crate::catalog::Catalog::new(segments.clone(), 1);
    disk.shared().remove(&first.name).unwrap();
    let error = history(disk.shared().as_ref(), &stale, &ann()).unwrap_err();
    assert!(error.message().contains(&first.name), "missing where nobody took it: {error}");
    assert_eq!(days(&process, ann()), (1..10).collect::<Vec<_>>());
}

#[test]
fn a_clock_far_in_the_future_is_kept() {
    for far in [i64::MAX, 8_640_000_000_000_000] {
        let disk = Faulty::new(1);
        let mut process = Process::open(&disk, &settings(0, 1, 1)).unwrap();
        process.engine.resume(START, small_policy()).unwrap();
        process.append(START).1.unwrap();
        process.engine.create_customer(far, "ann", &Profile::default()).unwrap();
        let _answer = process.engine.allow(far, "ann", "soft", &Call::new(Ask::by(1.0)));
        process.append(far).1.unwrap();
        process.folding.settings.retention = Retention::default();
        process.fold_all();
        disk.cut();
        let opened = Process::open(&disk, &settings(1, 1, 1)).unwrap();
        assert_eq!(opened.engine.latest(START), far);
        assert_eq!(saved(&opened.engine, START), saved(&process.engine, START));
    }
}
