//! Properties of exact numbers, units and calendars, against big integers and brute force.
// Big integers don't overflow, and what stops a test stops only the test.
#![allow(clippy::arithmetic_side_effects, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]

mod amounts_are_exact;
mod doubles_stand_for_their_shortest_form;
mod durations_are_whole_milliseconds;
mod hostile_text_is_refused_quickly;
mod quantities_convert_with_one_rounding;
mod reference;
mod schedules_agree_with_a_day_walk;
