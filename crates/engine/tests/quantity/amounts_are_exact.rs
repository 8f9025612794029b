use limitr_engine::quantity::{Amount, QuantityError};
use num_bigint::BigInt;
use proptest::prelude::*;

use crate::reference::{amount, any_amount, any_text, half_even};

fn fitting(atoms: &BigInt) -> Result<Amount, QuantityError> {
    i128::try_from(atoms).map(Amount::from_atoms).map_err(|_| QuantityError::OutOfRange)
}

fn big(amount: Amount) -> BigInt {
    BigInt::from(amount.atoms())
}

proptest! {
    #[test]
    fn sums_and_differences(a in any_amount(), b in any_amount()) {
        prop_assert_eq!(a.checked_add(b), fitting(&(big(a) + big(b))));
        prop_assert_eq!(a.checked_sub(b), fitting(&(big(a) - big(b))));
        prop_assert_eq!(a.checked_neg(), fitting(&-big(a)));
    }

    #[test]
    fn products_round_half_even(a in any_amount(), b in any_amount(), whole in any::<i64>()) {
        let expected = half_even(&(big(a) * big(b)), &BigInt::from(Amount::SCALE));
        prop_assert_eq!(a.mul(b), fitting(&expected));
        prop_assert_eq!(a.mul_int(whole), fitting(&(big(a) * whole)));
    }

    #[test]
    fn quotients_round_half_even(a in any_amount(), b in any_amount()) {
        let expected = match b.is_zero() {
            true => Err(QuantityError::DividedByZero),
            false => fitting(&half_even(&(big(a) * Amount::SCALE), &big(b))),
        };
        prop_assert_eq!(a.div(b), expected);
    }

    #[test]
    fn text_is_read_exactly(text in any_text(45)) {
        let (top, bottom) = text.fraction();
        prop_assert_eq!(Amount::parse(&text.text).ok(), amount(&top, &bottom));
    }

    #[test]
    fn display_reads_back(a in any_amount()) {
        let text = a.to_string();
        prop_assert!(text != "-0" && !text.contains(['e', '+']));
        prop_assert!(!text.contains('.') || !text.ends_with('0'), "{}", text);
        if a <= Amount::LIMIT && a.saturating_add(Amount::LIMIT) >= Amount::ZERO {
            prop_assert_eq!(Amount::parse(&text), Ok(a));
        }
    }

    #[test]
    fn order_is_that_of_the_numbers(a in any_amount(), b in any_amount()) {
        prop_assert_eq!(a.cmp(&b), big(a).cmp(&big(b)));
        prop_assert_eq!(a.max(b), if a.atoms() > b.atoms() { a } else { b });
    }
}

#[test]
fn halves_go_to_even() {
    for (text, expected) in [
        ("0.0000000000005", 0),
        ("0.0000000000015", 2),
        ("0.0000000000025", 2),
        ("-0.0000000000005", 0),
        ("-0.0000000000015", -2),
        ("0.00000000000050000000000000000000000000000000000000000000000000000001", 1),
        ("5e-13", 0),
        ("5.1e-13", 1),
    ] {
        assert_eq!(Amount::parse(text).unwrap().atoms(), expected, "{text}");
    }
    let half = Amount::parse("0.5").unwrap();
    assert_eq!(Amount::from_atoms(1).mul(half).unwrap().atoms(), 0);
    assert_eq!(Amount::from_atoms(3).mul(half).unwrap().atoms(), 2);
    assert_eq!(Amount::from_atoms(-3).div(Amount::from_int(2)).unwrap().atoms(), -2);
}

#[test]
fn adding_six_times_four_tenths_is_two_and_four_tenths() {
    let step = Amount::parse("0.4").unwrap();
    let sum = (0..6).try_fold(Amount::ZERO, |sum, _| sum.checked_add(step)).unwrap();
    assert_eq!(sum, Amount::parse("2.4").unwrap());
}

#[test]
fn overflow_is_an_error_and_never_wraps() {
    let most = Amount::from_atoms(i128::MAX);
    for result in [
        most.checked_add(Amount::from_atoms(1)),
        Amount::from_atoms(i128::MIN).checked_sub(Amount::from_atoms(1)),
        most.mul(Amount::parse("1.000000000001").unwrap()),
        most.div(Amount::from_atoms(1)),
        most.mul_int(-2),
        Amount::LIMIT.mul(Amount::LIMIT),
    ] {
        assert_eq!(result.unwrap_err().code(), "amount_out_of_range");
    }
    assert_eq!(Amount::ONE.div(Amount::ZERO).unwrap_err().code(), "amount_out_of_range");
    assert_eq!(Amount::LIMIT.mul(Amount::ONE), Ok(Amount::LIMIT));
}

#[test]
fn the_limit_is_the_largest_magnitude_from_outside() {
    assert_eq!(Amount::parse("-1e24").unwrap(), Amount::LIMIT.checked_neg().unwrap());
    for text in ["1e25", "-1e25", "1000000000000000000000000.000000000001", "1e38", "1e39", "1e400"] {
        assert_eq!(Amount::parse(text).unwrap_err().code(), "invalid_value", "{text}");
    }
}
