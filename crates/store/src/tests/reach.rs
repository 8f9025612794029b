//! The generators reach what they are there for.

use std::collections::BTreeSet;

use limitr_engine::Change;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use super::acts::doings;
use super::sequence::{self, START};

#[test]
fn calls_make_every_kind_of_change() {
    let mut runner = TestRunner::deterministic();
    let mut kinds = BTreeSet::new();
    for _ in 0..250 {
        let mut engine = sequence::bare();
        engine.record_changes(true);
        engine.listen(true);
        sequence::people(&mut engine);
        let mut now = START;
        for doing in doings(90).new_tree(&mut runner).unwrap().current() {
            now += doing.wait();
            doing.run(&mut engine, now);
        }
        kinds.extend(engine.take_changes().iter().map(Change::to_json).map(|json| json["type"].to_string()));
    }
    let expected = [
        "cap-counted",
        "cap-freed",
        "cap-held",
        "cap-removed",
        "cap-reset",
        "cap-set",
        "customer-removed",
        "customer-replaced",
        "customer-set",
        "decided",
        "grant-added",
        "grant-drawn",
        "grant-renewed",
        "grants-ended",
        "hold-ended",
        "hold-set",
        "learned",
        "metered",
        "meters-started",
        "notified",
        "override-removed",
        "override-set",
        "period-began",
        "policy-set",
        "unit-changed",
    ];
    assert_eq!(kinds.into_iter().collect::<Vec<_>>(), expected.map(|kind| format!("\"{kind}\"")));
}
