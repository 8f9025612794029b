use std::hint::black_box;

use limitr_engine::quantity::{Amount, Duration, Quantity, Schedule, Unit};
use proptest::prelude::*;

#[test]
fn junk_is_no_number() {
    let junk = [
        "", " ", "-", "+", ".", "e", "e5", "_", "1__0", "_1", "1_", "1e", "1e+", "1e5.5", "1.2.3", "--1",
        "+-1", "1 ", " 1", "1,000", "0x10", "0b1", "0o7", "1f", "NaN", "nan", "inf", "-inf", "Infinity", "∞",
        "１", "٣", "1\n", "1\0", "½", "−1", "1%",
    ];
    for text in junk {
        assert_eq!(Amount::parse(text).unwrap_err().code(), "invalid_value", "{text:?}");
    }
    for text in [
        "", " ", "MB", "-MB", "5  MB", "5 ", "5\tMB", "5MB ", " 5MB", "5_MB", "5 MB 5", "5MB5", "5M B",
        "0x10", "1.2.3MB", "5%",
    ] {
        assert_eq!(Quantity::parse(text).unwrap_err().code(), "invalid_value", "{text:?}");
    }
    for text in ["5mb", "5Mb", "5gb", "5Bytes", "5MX", "5e", "1f", "5µs", "5 tokens"] {
        assert_eq!(Quantity::parse(text).unwrap_err().code(), "unknown_unit", "{text:?}");
    }
}

/// Were any digit written out for these exponents, or the work more than linear in the text, this would not end.
#[test]
fn huge_exponents_and_long_texts_are_cheap() {
    let digits = "7".repeat(10_000);
    let texts = [
        "1e999999999".to_owned(),
        "-1e999999999999999999999999999".to_owned(),
        "1e-999999999".to_owned(),
        format!("1e{digits}"),
        format!("1e-{digits}"),
        digits.clone(),
        format!("0.{digits}"),
        format!("{digits}.{digits}e-10000"),
        format!("1{}e-10000", "0".repeat(10_000)),
        "_".repeat(10_000),
        "1_".repeat(10_000),
        "é".repeat(10_000),
    ];
    for _ in 0..200 {
        for text in &texts {
            let _ = black_box(Amount::parse(text));
            let _ = black_box(Quantity::parse(text));
            let _ = black_box(Duration::parse(text));
            let _ = black_box(Schedule::parse(text));
        }
    }
    for text in &texts {
        let with_unit = format!("{text}EiB");
        for result in [Quantity::parse(text), Quantity::parse(&with_unit)] {
            match result {
                Ok(quantity) => assert!(quantity.to_string().len() < 120, "{quantity}"),
                Err(error) => assert!(error.to_string().len() < 300, "{error}"),
            }
        }
    }
    assert_eq!(Amount::parse(&texts[2]), Ok(Amount::ZERO));
    assert_eq!(Amount::parse(&texts[8]), Ok(Amount::ONE));
    assert_eq!(Amount::parse(&texts[6]).unwrap().to_string(), "0.777777777778");
}

#[test]
fn a_unit_takes_at_most_38_digits_of_number() {
    let bytes = Some(Unit::parse("bytes").unwrap());
    let error = Quantity::parse(&format!("0.{}MB", "3".repeat(39))).unwrap_err();
    assert_eq!(error.code(), "invalid_value");
    assert!(error.to_string().ends_with("` has too many digits: give at most 38 with a unit"));
    assert!(Quantity::parse(&format!("0.{}MB", "3".repeat(38))).is_ok());
    let padded = format!("{}1.5{}KB", "0".repeat(100), "0".repeat(100));
    assert_eq!(Quantity::parse(&padded).unwrap().in_unit(bytes), Ok(Amount::from_int(1_500)));
}

proptest! {
    #[test]
    fn no_text_panics(text in "\\PC{0,24}|[-+]?[0-9_.]{0,50}([eE][-+]?[0-9_]{0,12})?[ a-zA-Z]{0,8}|[a-z_]{0,11}:[0-9a-z:-]{0,8}") {
        let _ = Amount::parse(&text);
        let _ = Unit::parse(&text);
        let _ = Duration::parse(&text);
        if let Ok(quantity) = Quantity::parse(&text) {
            prop_assert_eq!(Quantity::parse(&quantity.to_string()), Ok(quantity));
        }
        if let Ok(schedule) = Schedule::parse(&text) {
            prop_assert_eq!(Schedule::parse(&schedule.to_string()), Ok(schedule));
        }
    }
}
