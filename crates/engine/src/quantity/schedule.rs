//! Calendars: which UTC midnights begin a new period.
//!
//! 1. A schedule is a rule that says, for a month, which day of it is a boundary, if any; or a weekday.
//! 2. The last boundary up to a day is found by walking months back from that day's, the next by walking
//!    forward. Every rule has a boundary within a year or so, and the calendar ends the walk.
//! 3. The calendar is that of years −9999 to 9999. Before its first boundary there is none, and after its last
//!    boundary no other follows.

use std::fmt;

use jiff::SignedDuration;
use jiff::civil::{Date, Weekday};

use super::error::{ScheduleError, shown};

const DAY: i64 = 86_400_000;
const EPOCH: Date = jiff::civil::date(1970, 1, 1);

const KINDS: [&str; 5] = ["monthly", "weekly", "nth_weekday", "yearly", "quarterly"];
const MONTHLY_DAYS: &str = "a day from 1 to 31 or `last`, as in `monthly:1`";
const WEEKLY_DAYS: &str = "`mon`, `tue`, `wed`, `thu`, `fri`, `sat` or `sun`";
const NTH_DAYS: &str = "a count from 1 to 5 and a weekday from `mon` to `sun`, as in `nth_weekday:2:tue`";
const YEARLY_DAYS: &str = "a month and a day that exist, as in `yearly:12-31`";
const QUARTERLY_DAYS: &str = "a day from 1 to 31, as in `quarterly:1`";

const WEEKDAYS: [(&str, Weekday); 7] = [
    ("mon", Weekday::Monday),
    ("tue", Weekday::Tuesday),
    ("wed", Weekday::Wednesday),
    ("thu", Weekday::Thursday),
    ("fri", Weekday::Friday),
    ("sat", Weekday::Saturday),
    ("sun", Weekday::Sunday),
];

/// When periods begin by the calendar, at UTC midnights.
///
/// ```
/// use limitr_engine::quantity::Schedule;
///
/// let schedule = Schedule::parse("monthly:31")?;
/// let january_15 = 1_705_314_600_000;
/// assert_eq!(schedule.latest(january_15), 1_703_980_800_000); // 31 December 2023
/// assert_eq!(schedule.next(january_15), 1_706_659_200_000); // 31 January 2024
/// # Ok::<(), limitr_engine::quantity::ScheduleError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Schedule(Rule);

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Rule {
    /// The day of each month, or the last where the month is shorter.
    Monthly(i8),
    MonthlyLast,
    Weekly(Weekday),
    /// The nth such weekday of each month that has one.
    NthWeekday(i8, Weekday),
    /// The day of a month each year, or the last where the month is shorter.
    Yearly(i8, i8),
    /// The day of January, April, July and October, or the last where the month is shorter.
    Quarterly(i8),
}

impl Schedule {
    /// Reads `monthly:N`, `monthly:last`, `weekly:mon`, `nth_weekday:N:mon`, `yearly:M-D` or `quarterly:N`.
    ///
    /// A day past the end of a month is its last day. Months without an Nth such weekday are skipped.
    ///
    /// Errors: [`ScheduleError`], which says what is accepted.
    ///
    /// ```
    /// # use limitr_engine::quantity::Schedule;
    /// for text in ["monthly:last", "weekly:sun", "nth_weekday:5:thu", "yearly:2-29", "quarterly:1"] {
    ///     assert_eq!(Schedule::parse(text)?.to_string(), text);
    /// }
    /// assert!(Schedule::parse("monthly:32").is_err());
    /// # Ok::<(), limitr_engine::quantity::ScheduleError>(())
    /// ```
    pub fn parse(text: &str) -> Result<Schedule, ScheduleError> {
        let (name, day) = text.split_once(':').unwrap_or((text, ""));
        let Some(kind) = KINDS.into_iter().find(|kind| *kind == name) else {
            return Err(ScheduleError::UnknownKind { kind: shown(name), suggestion: nearest_kind(name) });
        };
        let (rule, accepted) = match kind {
            "monthly" if day == "last" => (Some(Rule::MonthlyLast), MONTHLY_DAYS),
            "monthly" => (number(day, 31).map(Rule::Monthly), MONTHLY_DAYS),
            "weekly" => (weekday(day).map(Rule::Weekly), WEEKLY_DAYS),
            "nth_weekday" => (nth_weekday(day), NTH_DAYS),
            "yearly" => (yearly(day), YEARLY_DAYS),
            _ => (number(day, 31).map(Rule::Quarterly), QUARTERLY_DAYS),
        };
        rule.map(Schedule).ok_or_else(|| ScheduleError::BadDay { kind, day: shown(day), accepted })
    }

    /// The last boundary at or before a time, both in milliseconds since the epoch. `i64::MIN` if there is
    /// none, which is so only around the year −9999.
    ///
    /// ```
    /// # use limitr_engine::quantity::Schedule;
    /// let mondays = Schedule::parse("weekly:mon")?;
    /// assert_eq!(mondays.latest(345_600_000), 345_600_000); // Monday, 5 January 1970
    /// assert_eq!(mondays.latest(345_599_999), -259_200_000); // Monday, 29 December 1969
    /// assert_eq!(mondays.latest(i64::MIN), i64::MIN);
    /// # Ok::<(), limitr_engine::quantity::ScheduleError>(())
    /// ```
    pub fn latest(&self, at_ms: i64) -> i64 {
        let boundary = match day_of(at_ms) {
            Some(day) => self.0.latest(day),
            None if at_ms < 0 => None,
            None => self.0.latest(Date::MAX),
        };
        boundary.map_or(i64::MIN, midnight)
    }

    /// The first boundary after a time, both in milliseconds since the epoch. `i64::MAX` if there is none,
    /// which is so only around the year 9999.
    ///
    /// ```
    /// # use limitr_engine::quantity::Schedule;
    /// let mondays = Schedule::parse("weekly:mon")?;
    /// assert_eq!(mondays.next(0), 345_600_000); // Monday, 5 January 1970
    /// assert_eq!(mondays.next(345_600_000), 950_400_000);
    /// assert_eq!(mondays.next(i64::MAX), i64::MAX);
    /// # Ok::<(), limitr_engine::quantity::ScheduleError>(())
    /// ```
    pub fn next(&self, at_ms: i64) -> i64 {
        let boundary = match day_of(at_ms) {
            Some(day) => day.tomorrow().ok().and_then(|day| self.0.next(day)),
            None if at_ms < 0 => self.0.next(Date::MIN),
            None => None,
        };
        boundary.map_or(i64::MAX, midnight)
    }
}

impl Rule {
    /// The last boundary at or before a day.
    fn latest(self, day: Date) -> Option<Date> {
        if let Rule::Weekly(weekday) = self {
            return days_after(day, i64::from(day.weekday().since(weekday)).wrapping_neg());
        }
        let mut month = day.first_of_month();
        loop {
            match self.in_month(month) {
                Some(boundary) if boundary <= day => return Some(boundary),
                _ => month = month.yesterday().ok()?.first_of_month(),
            }
        }
    }

    /// The first boundary at or after a day.
    fn next(self, day: Date) -> Option<Date> {
        if let Rule::Weekly(weekday) = self {
            return days_after(day, i64::from(weekday.since(day.weekday())));
        }
        let mut month = day.first_of_month();
        loop {
            match self.in_month(month) {
                Some(boundary) if boundary >= day => return Some(boundary),
                _ => month = month.last_of_month().tomorrow().ok()?,
            }
        }
    }

    /// The boundary in the month that begins on a day. Weekly rules have several and aren't asked.
    fn in_month(self, first: Date) -> Option<Date> {
        match self {
            Rule::Monthly(day) => capped(first, day),
            Rule::MonthlyLast => Some(first.last_of_month()),
            Rule::NthWeekday(nth, weekday) => first.nth_weekday_of_month(nth, weekday).ok(),
            Rule::Yearly(month, day) if first.month() == month => capped(first, day),
            Rule::Quarterly(day) if matches!(first.month(), 1 | 4 | 7 | 10) => capped(first, day),
            Rule::Weekly(_) | Rule::Yearly(..) | Rule::Quarterly(_) => None,
        }
    }
}

/// A day of the month that begins on `first`, or its last day.
fn capped(first: Date, day: i8) -> Option<Date> {
    Date::new(first.year(), first.month(), day.min(first.days_in_month())).ok()
}

fn days_after(day: Date, days: i64) -> Option<Date> {
    day.checked_add(SignedDuration::from_millis(days.checked_mul(DAY)?)).ok()
}

/// The day that a time falls on. `None` outside the calendar.
fn day_of(at_ms: i64) -> Option<Date> {
    days_after(EPOCH, at_ms.div_euclid(DAY))
}

/// The time at which a day begins.
fn midnight(day: Date) -> i64 {
    // The calendar spans some 6 × 10¹⁴ ms: it always fits.
    i64::try_from(day.duration_since(EPOCH).as_millis()).unwrap_or(i64::MAX)
}

/// A number of one or two digits, from 1 to `most`.
fn number(text: &str, most: i8) -> Option<i8> {
    let plain = matches!(text.len(), 1 | 2) && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|number| plain && (1..=most).contains(number))
}

fn weekday(text: &str) -> Option<Weekday> {
    WEEKDAYS.into_iter().find(|(name, _)| *name == text).map(|(_, weekday)| weekday)
}

fn nth_weekday(text: &str) -> Option<Rule> {
    let (nth, day) = text.split_once(':')?;
    Some(Rule::NthWeekday(number(nth, 5)?, weekday(day)?))
}

fn yearly(text: &str) -> Option<Rule> {
    const LEAP_YEAR: i16 = 2024;
    let (month, day) = text.split_once('-')?;
    let date = Date::new(LEAP_YEAR, number(month, 12)?, number(day, 31)?).ok()?;
    Some(Rule::Yearly(date.month(), date.day()))
}

/// The kind that a text comes nearest to.
fn nearest_kind(text: &str) -> Option<&'static str> {
    const LONGEST: usize = 24;
    const FAR: usize = 3;
    if text.len() > LONGEST {
        return None;
    }
    let lower = text.to_ascii_lowercase();
    KINDS
        .into_iter()
        .map(|kind| (strsim::osa_distance(kind, &lower), kind))
        .filter(|(apart, _)| *apart < FAR)
        .min_by_key(|(apart, _)| *apart)
        .map(|(_, kind)| kind)
}

/// The text of the schedule, which parses to an equal one.
impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Rule::Monthly(day) => write!(f, "monthly:{day}"),
            Rule::MonthlyLast => f.write_str("monthly:last"),
            Rule::Weekly(weekday) => write!(f, "weekly:{}", name(weekday)),
            Rule::NthWeekday(nth, weekday) => write!(f, "nth_weekday:{nth}:{}", name(weekday)),
            Rule::Yearly(month, day) => write!(f, "yearly:{month}-{day}"),
            Rule::Quarterly(day) => write!(f, "quarterly:{day}"),
        }
    }
}

fn name(weekday: Weekday) -> &'static str {
    WEEKDAYS.into_iter().find(|(_, day)| *day == weekday).map_or("", |(name, _)| name)
}
