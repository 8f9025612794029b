//! A hundred seeds at every run of the tests. `cargo run -p limitr-sim --profile sim -- 20000` plays as many as there is time for.

use limitr_sim::{play, play_all, trace};

#[test]
fn the_first_seeds_find_nothing() {
    let report = play_all(0, 120, None, 2).unwrap_or_else(|failure| panic!("{failure}"));
    assert!(report.ran > 500, "calls ran: {report:?}");
    assert!(report.used_up, "and all was used up in the end: {report:?}");
}

#[test]
fn a_seed_plays_the_same_each_time() {
    for seed in 0..10 {
        assert_eq!(play(seed, None, false), play(seed, None, true), "a trace changes nothing");
    }
}

#[test]
fn frames_as_text_and_operations_that_are_run_anew_change_nothing() {
    for seed in 0..40 {
        assert_eq!(trace(seed, None, Some(true)), trace(seed, None, Some(false)), "seed {seed}");
    }
}
