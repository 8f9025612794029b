use limitr_engine::quantity::Amount;
use proptest::prelude::*;

use crate::reference::any_amount;

/// Doubles of every kind: any bits, short decimals, whole numbers, and the neighbours of each.
fn any_double() -> impl Strategy<Value = f64> {
    prop_oneof![
        any::<u64>().prop_map(f64::from_bits),
        (any::<i64>(), 0_i32..18).prop_map(|(digits, decimals)| digits as f64 / 10_f64.powi(decimals)),
        (-100_000_000_i64..100_000_000, 0_i32..13)
            .prop_map(|(digits, decimals)| digits as f64 / 10_f64.powi(decimals)),
        (-9.1e15_f64..9.1e15).prop_map(f64::trunc),
        (0_i32..6, -15_i32..25).prop_map(|(digit, power)| f64::from(digit) * 10_f64.powi(power)),
        -1e15_f64..1e15,
        -1000.0_f64..1000.0,
        0.0_f64..1e-9,
    ]
    .prop_flat_map(|value| prop::sample::select(vec![value, value.next_up(), value.next_down(), -value]))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(5_000))]

    #[test]
    fn a_double_is_its_text(value in any_double()) {
        let expected = Amount::parse(&serde_json::json!(value).to_string());
        prop_assert_eq!(Amount::from_f64(value).ok(), expected.ok());
    }

    #[test]
    fn an_amount_leaves_as_the_nearest_double(amount in any_amount()) {
        let expected: f64 = amount.to_string().parse().unwrap();
        prop_assert_eq!(amount.to_f64().to_bits(), expected.to_bits());
    }

    #[test]
    fn doubles_that_fit_come_back(digits in -999_999_999_999_999_i64..=999_999_999_999_999, decimals in 0_i32..=12) {
        let value = digits as f64 / 10_f64.powi(decimals);
        prop_assert_eq!(Amount::from_f64(value).unwrap().to_f64(), value);
    }

    #[test]
    fn json_reads_back_as_the_same_amount(amount in any_amount()) {
        // The number is read by its text, as a correct JSON parser does: not every parser rounds exactly.
        let read = match amount.to_json() {
            serde_json::Value::Number(number) => Amount::from_f64(number.to_string().parse().unwrap()),
            serde_json::Value::String(text) if amount.to_string() == text => Ok(amount),
            other => panic!("{other}"),
        };
        prop_assert_eq!(read, Ok(amount));
    }
}

#[test]
fn ties_between_doubles_go_to_even() {
    for (text, expected) in [
        ("9007199254740993", 9_007_199_254_740_992.0),
        ("9007199254740995", 9_007_199_254_740_996.0),
        ("9007199254740993.000000000001", 9_007_199_254_740_994.0),
        ("-9007199254740993", -9_007_199_254_740_992.0),
        ("4503599627370496.5", 4_503_599_627_370_496.5),
        ("1e24", 1e24),
    ] {
        assert_eq!(Amount::parse(text).unwrap().to_f64(), expected, "{text}");
    }
}

#[test]
fn zero_has_no_sign() {
    assert_eq!(Amount::from_f64(-0.0), Ok(Amount::ZERO));
    assert_eq!(Amount::from_f64(-1e-300), Ok(Amount::ZERO));
    assert!(Amount::ZERO.to_f64().is_sign_positive());
}

#[test]
fn small_halves_go_to_even() {
    for (value, atoms) in [(5e-13, 0), (1.5e-12, 2), (2.5e-12, 2), (1e-13, 0), (6e-13, 1), (-1.5e-12, -2)] {
        assert_eq!(Amount::from_f64(value).unwrap().atoms(), atoms, "{value}");
    }
}

#[test]
fn what_is_no_number_is_refused() {
    for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1.1e24, -1e25, f64::MAX] {
        assert_eq!(Amount::from_f64(value).unwrap_err().code(), "invalid_value", "{value}");
    }
    assert_eq!(Amount::from_f64(1e24), Ok(Amount::LIMIT));
    assert_eq!(
        Amount::from_f64(f64::NAN).unwrap_err().to_string().split(':').next(),
        Some("`NaN` is not a number")
    );
}

#[test]
fn whole_json_numbers_have_no_fraction() {
    for (text, json) in [
        ("0", "0"),
        ("-5", "-5"),
        ("0.1", "0.1"),
        ("1e15", "1000000000000000"),
        ("9007199254740993", "\"9007199254740993\""),
        ("0.1234567890123456", "0.123456789012"),
        ("1234567890123.123456789", "\"1234567890123.123456789\""),
    ] {
        assert_eq!(Amount::parse(text).unwrap().to_json().to_string(), json, "{text}");
    }
}

#[test]
fn of_two_shortest_forms_equally_near_it_is_the_one_that_javascript_has() {
    let tied = 7_778_210_756_153_657.0 / 4.0; // ends in .25, its neighbours in .0 and .5: .2 and .3 both mean it
    assert_eq!(Amount::from_f64(tied).unwrap().to_string(), "1944552689038414.2");
    assert_eq!(Amount::from_f64(5e-324), Ok(Amount::ZERO));
}
