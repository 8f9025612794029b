//! Stands in for `js-sys` inside the sandbox, for `chrono`: a date is milliseconds since the epoch, and local time is UTC.

use wasm_bindgen::JsValue;

/// An instant, in milliseconds since the epoch.
#[derive(Debug, Clone, Copy)]
pub struct Date(f64);

impl Date {
    /// The instant that `value` counts.
    pub fn new(value: &JsValue) -> Self {
        Self(value.0)
    }

    /// Now, as the host set it.
    pub fn new_0() -> Self {
        Self(web_time::now_ms())
    }

    /// A date of the calendar. `chrono` asks only for its offset from UTC, which is none.
    pub fn new_with_year_month_day_hr_min_sec(_: u32, _: i32, _: i32, _: i32, _: i32, _: i32) -> Self {
        Self(0.0)
    }

    /// Milliseconds since the epoch.
    pub fn get_time(&self) -> f64 {
        self.0
    }

    /// Minutes that local time is behind UTC: none.
    pub fn get_timezone_offset(&self) -> f64 {
        0.0
    }
}
