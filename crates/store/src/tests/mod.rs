//! Tests that drive the parts of a store without its threads, so that what fails does so every time.

mod acts;
mod cuts_lose_nothing_acknowledged;
mod damage_is_refused_or_harmless;
mod every_format_opens;
mod faulty;
mod files_are_told_apart;
mod folding_is_replaying;
mod frames_are_where_they_were_written;
mod history_is_kept_as_long_as_asked;
mod openings_add_up;
mod outboxes_lose_nothing;
mod reach;
mod repair_keeps_what_is_readable;
#[path = "../../../engine/tests/properties/sequence.rs"]
#[allow(dead_code, reason = "the engine's tests use all of it")]
mod sequence;
mod steps_may_be_broken_off;
mod threads_keep_what_is_flushed;
mod world;
