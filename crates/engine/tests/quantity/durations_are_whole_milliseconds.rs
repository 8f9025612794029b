use limitr_engine::quantity::Duration;
use proptest::prelude::*;

proptest! {
    #[test]
    fn display_reads_back(
        count in -1_000_000_i64..1_000_000,
        unit in prop::sample::select(vec![1_i64, 1_000, 60_000, 3_600_000, 86_400_000])
    ) {
        let duration = Duration::from_millis(count * unit);
        prop_assert_eq!(Duration::parse(&duration.to_string()), Ok(duration));
    }
}

#[test]
fn a_duration_has_a_time_unit_or_is_in_milliseconds() {
    for (text, milliseconds) in [
        ("30days", 2_592_000_000),
        ("1d", 86_400_000),
        ("2weeks", 1_209_600_000),
        ("1hr", 3_600_000),
        ("90 min", 5_400_000),
        ("1.5s", 1_500),
        ("250", 250),
        ("1_000", 1_000),
        ("0", 0),
        ("-5s", -5_000),
        ("1500us", 2),
        ("2500us", 2),
        ("2500001ns", 3),
        ("0.5", 0),
        ("1e15", 1_000_000_000_000_000),
        ("1e21ns", 1_000_000_000_000_000),
    ] {
        assert_eq!(Duration::parse(text).unwrap().as_millis(), milliseconds, "{text}");
    }
}

#[test]
fn the_canonical_text_has_the_largest_unit() {
    for (text, canonical) in [
        ("30days", "30days"),
        ("24hr", "1day"),
        ("36hr", "36hr"),
        ("600s", "10min"),
        ("1500", "1500ms"),
        ("0", "0ms"),
        ("-1day", "-1days"),
        ("1week", "7days"),
    ] {
        assert_eq!(Duration::parse(text).unwrap().to_string(), canonical, "{text}");
    }
}

#[test]
fn errors_say_what_to_do() {
    for (text, code, message) in [
        (
            "soon",
            "invalid_value",
            "`soon` is not a duration: write one like `30days`, `12hr`, `10min` or `1500ms`",
        ),
        ("", "invalid_value", "`` is not a duration: write one like `30days`, `12hr`, `10min` or `1500ms`"),
        ("5m", "unit_mismatch", "`m` is meters, not a unit of time: minutes are `min`"),
        ("5MB", "unit_mismatch", "`MB` is not a unit of time: use one like `days`, `hr`, `min`, `s` or `ms`"),
        ("5Days", "unknown_unit", "unknown unit `Days`: did you mean `days`?"),
        ("1e16", "invalid_value", "`1e16` is too long: a duration is at most 1e15 milliseconds"),
        ("1e30", "invalid_value", "`1e30` is too long: a duration is at most 1e15 milliseconds"),
        ("1e12days", "invalid_value", "`1e12days` is too long: a duration is at most 1e15 milliseconds"),
        ("1e99days", "invalid_value", "`1e99days` is too long: a duration is at most 1e15 milliseconds"),
    ] {
        let error = Duration::parse(text).unwrap_err();
        assert_eq!((error.code(), error.to_string().as_str()), (code, message), "{text}");
    }
}
