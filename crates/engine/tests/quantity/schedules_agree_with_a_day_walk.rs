use jiff::civil::{Date, Weekday, date};
use limitr_engine::quantity::Schedule;
use proptest::prelude::*;

const DAY: i64 = 86_400_000;
const WEEKDAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
const MONTH_LENGTHS: [i8; 12] = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

fn any_schedule() -> impl Strategy<Value = String> {
    let weekday = || prop::sample::select(WEEKDAYS.to_vec());
    prop_oneof![
        (1..=31).prop_map(|day| format!("monthly:{day}")),
        Just("monthly:last".to_owned()),
        weekday().prop_map(|day| format!("weekly:{day}")),
        (1..=5, weekday()).prop_map(|(nth, day)| format!("nth_weekday:{nth}:{day}")),
        (0_usize..12)
            .prop_flat_map(|month| (Just(month + 1), 1..=MONTH_LENGTHS[month]))
            .prop_map(|(month, day)| format!("yearly:{month}-{day}")),
        Just("yearly:2-29".to_owned()),
        (1..=31).prop_map(|day| format!("quarterly:{day}")),
    ]
}

/// Whether a day is a boundary, judged from its text alone.
fn is_boundary(text: &str, day: Date) -> bool {
    let parts: Vec<&str> = text.split([':', '-']).collect();
    let reaches = |wanted: &str| {
        let wanted: i8 = wanted.parse().unwrap();
        day.day() == wanted || (wanted > day.days_in_month() && day.day() == day.days_in_month())
    };
    let falls_on = |name: &str| WEEKDAYS[day.weekday().to_monday_zero_offset() as usize] == name;
    match parts.as_slice() {
        ["monthly", "last"] => day.day() == day.days_in_month(),
        ["monthly", wanted] => reaches(wanted),
        ["weekly", name] => falls_on(name),
        ["nth_weekday", nth, name] => falls_on(name) && (day.day() + 6) / 7 == nth.parse::<i8>().unwrap(),
        ["yearly", month, wanted] => day.month() == month.parse::<i8>().unwrap() && reaches(wanted),
        ["quarterly", wanted] => day.month() % 3 == 1 && reaches(wanted),
        other => panic!("{other:?}"),
    }
}

fn midnight(day: Date) -> i64 {
    day.duration_since(date(1970, 1, 1)).as_secs() * 1_000
}

/// Times of this century, of all the calendar, at its ends and past them.
fn any_time() -> impl Strategy<Value = i64> {
    let (first, last) = (midnight(Date::MIN), midnight(Date::MAX) + DAY - 1);
    prop_oneof![
        4 => 0_i64..4_102_444_800_000,
        2 => first..=last,
        1 => (first - 400 * DAY)..(first + 400 * DAY),
        1 => (last - 400 * DAY)..(last + 400 * DAY),
        1 => any::<i64>(),
        1 => prop::sample::select(vec![i64::MIN, i64::MIN + 1, i64::MAX, i64::MAX - 1, 0, -1, 1]),
        1 => (-200_000_i64..200_000).prop_map(|day| day * DAY),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn windows_hold_their_time(text in any_schedule(), at in any_time()) {
        let schedule = Schedule::parse(&text).unwrap();
        let (latest, next) = (schedule.latest(at), schedule.next(at));
        prop_assert!(latest <= at && (next > at || (next, at) == (i64::MAX, i64::MAX)));
        prop_assert!(latest == i64::MIN || latest % DAY == 0);
        prop_assert!(next == i64::MAX || next % DAY == 0);
        if latest != i64::MIN {
            prop_assert_eq!(schedule.next(latest - 1), latest);
            prop_assert_eq!(schedule.latest(latest), latest);
            prop_assert_eq!(schedule.next(latest), next);
        }
        if next != i64::MAX {
            prop_assert_eq!(schedule.latest(next), next);
            prop_assert_eq!(schedule.latest(next - 1), latest);
        }
    }

    #[test]
    fn a_day_walk_finds_the_same(text in any_schedule(), at in any_time()) {
        let at = at.clamp(midnight(Date::MIN), midnight(Date::MAX) + DAY - 1);
        let schedule = Schedule::parse(&text).unwrap();
        let today = date(1970, 1, 1).checked_add(jiff::SignedDuration::from_hours(24 * at.div_euclid(DAY))).unwrap();
        prop_assert!(midnight(today) <= at && at < midnight(today) + DAY);
        let back = std::iter::successors(Some(today), |day| day.yesterday().ok()).find(|day| is_boundary(&text, *day));
        prop_assert_eq!(schedule.latest(at), back.map_or(i64::MIN, midnight));
        let after = today.tomorrow().ok();
        let on = std::iter::successors(after, |day| day.tomorrow().ok()).find(|day| is_boundary(&text, *day));
        prop_assert_eq!(schedule.next(at), on.map_or(i64::MAX, midnight));
    }

    #[test]
    fn display_reads_back(text in any_schedule()) {
        let schedule = Schedule::parse(&text).unwrap();
        prop_assert_eq!(schedule.to_string(), text);
    }
}

#[test]
fn boundaries_of_record() {
    for (text, at, expected) in [
        ("monthly:31", date(2024, 2, 1), date(2024, 2, 29)),
        ("monthly:30", date(2023, 2, 1), date(2023, 2, 28)),
        ("monthly:1", date(2023, 12, 1), date(2024, 1, 1)),
        ("monthly:last", date(2024, 2, 28), date(2024, 2, 29)),
        ("yearly:2-29", date(2024, 2, 29), date(2025, 2, 28)),
        ("yearly:02-29", date(2023, 3, 1), date(2024, 2, 29)),
        ("yearly:12-31", date(2024, 12, 31), date(2025, 12, 31)),
        ("quarterly:31", date(2024, 1, 31), date(2024, 4, 30)),
        ("nth_weekday:5:thu", date(2024, 3, 1), date(2024, 5, 30)),
        ("nth_weekday:2:tue", date(2024, 1, 9), date(2024, 2, 13)),
        ("weekly:mon", date(2024, 2, 26), date(2024, 3, 4)),
    ] {
        let schedule = Schedule::parse(text).unwrap();
        assert_eq!(schedule.next(midnight(at)), midnight(expected), "{text}");
    }
    assert_eq!(date(2024, 2, 26).weekday(), Weekday::Monday);
}

#[test]
fn errors_say_what_is_accepted() {
    for (text, message) in [
        (
            "hourly",
            "unknown schedule `hourly`: write one like `monthly:1`, `monthly:last`, `weekly:mon`, \
                    `nth_weekday:2:tue`, `yearly:12-31` or `quarterly:1`",
        ),
        ("Monthly:1", "unknown schedule `Monthly`: did you mean `monthly`?"),
        ("weekday:1", "unknown schedule `weekday`: did you mean `weekly`?"),
        ("monthly", "`` is no day for `monthly`: use a day from 1 to 31 or `last`, as in `monthly:1`"),
        ("monthly:0", "`0` is no day for `monthly`: use a day from 1 to 31 or `last`, as in `monthly:1`"),
        (
            "weekly:monday",
            "`monday` is no day for `weekly`: use `mon`, `tue`, `wed`, `thu`, `fri`, `sat` or `sun`",
        ),
        (
            "yearly:2-30",
            "`2-30` is no day for `yearly`: use a month and a day that exist, as in `yearly:12-31`",
        ),
    ] {
        assert_eq!(Schedule::parse(text).unwrap_err().to_string(), message);
    }
    for text in [
        "",
        ":",
        "monthly:",
        "monthly:32",
        "monthly:-1",
        "monthly:+1",
        "monthly:1.5",
        "monthly:001",
        "monthly:1 ",
        " monthly:1",
        "monthly:1:1",
        "monthly:Last",
        "weekly:",
        "weekly:MON",
        "weekly:1",
        "nth_weekday:0:mon",
        "nth_weekday:6:mon",
        "nth_weekday:2",
        "nth_weekday:mon:2",
        "yearly:13-1",
        "yearly:0-1",
        "yearly:4-31",
        "yearly:1/1",
        "yearly:1",
        "quarterly:0",
        "quarterly:32",
        "quarterly:last",
        "daily",
    ] {
        assert_eq!(Schedule::parse(text).map_err(|error| error.code()), Err("bad_schedule"), "{text}");
    }
}
