//! A simulator that finds nothing may be blind: each of these defects must show within a thousand seeds.

use limitr_sim::{Bug, Failure, play_all};

fn found(bug: Bug) -> Failure {
    let found =
        play_all(0, 1_000, Some(bug), 2).expect_err("the planted bug wasn't found within 1,000 seeds");
    assert!(found.to_string().contains(&format!("SEED={} ", found.seed)), "it can be played again");
    assert!(!found.trace.is_empty(), "what happened is told");
    found
}

#[test]
fn an_acknowledgement_before_the_commit() {
    let problem = found(Bug::AckBeforeCommit).problem;
    assert!(problem.contains("acknowledged is lost") || problem.contains("change_gap"), "{problem}");
}

#[test]
fn a_lease_that_is_counted_twice() {
    let problem = found(Bug::LeaseCountedTwice).problem;
    let says = ["overrun", "leases sum up", "pass the limit"];
    assert!(says.iter().any(|part| problem.contains(part)), "{problem}");
}

#[test]
fn a_replayed_change_that_is_applied_again() {
    let problem = found(Bug::ReplayedChange).problem;
    let says = ["the ledger has", "sum up", "pass the limit"];
    assert!(says.iter().any(|part| problem.contains(part)), "{problem}");
}
