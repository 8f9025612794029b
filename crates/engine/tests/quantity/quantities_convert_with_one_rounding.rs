use limitr_engine::quantity::{Amount, Quantity, QuantityError, Unit};
use num_bigint::BigInt;
use proptest::prelude::*;

use crate::reference::{amount, any_text};

/// The factors of the documentation, as fractions, written down once more: spelling, numerator, denominator.
const MEMORY: [(&str, i128, i128); 9] = [
    ("bits", 1, 8),
    ("B", 1, 1),
    ("kB", 1_000, 1),
    ("MiB", 1_048_576, 1),
    ("GB", 1_000_000_000, 1),
    ("tebibytes", 1_099_511_627_776, 1),
    ("PB", 1_000_000_000_000_000, 1),
    ("EB", 1_000_000_000_000_000_000, 1),
    ("EiB", 1_152_921_504_606_846_976, 1),
];
const TIME: [(&str, i128, i128); 8] = [
    ("ns", 1, 1_000_000_000),
    ("us", 1, 1_000_000),
    ("ms", 1, 1_000),
    ("sec", 1, 1),
    ("min", 60, 1),
    ("h", 3_600, 1),
    ("d", 86_400, 1),
    ("weeks", 604_800, 1),
];
const LENGTH: [(&str, i128, i128); 8] = [
    ("km", 1_000, 1),
    ("m", 1, 1),
    ("cm", 1, 100),
    ("mm", 1, 1_000),
    ("mi", 1_609_344, 1_000),
    ("yd", 9_144, 10_000),
    ("ft", 3_048, 10_000),
    ("in", 254, 10_000),
];
const MASS: [(&str, i128, i128); 6] = [
    ("t", 1_000_000, 1),
    ("kg", 1_000, 1),
    ("g", 1, 1),
    ("mg", 1, 1_000),
    ("lb", 45_359_237, 100_000),
    ("oz", 28_349_523_125, 1_000_000_000),
];

type Factor = (&'static str, i128, i128);

fn any_pair() -> impl Strategy<Value = (Factor, Factor)> {
    prop::sample::select(vec![MEMORY.to_vec(), TIME.to_vec(), LENGTH.to_vec(), MASS.to_vec()])
        .prop_flat_map(|table| (prop::sample::select(table.clone()), prop::sample::select(table)))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3_000))]

    #[test]
    fn conversion_is_exact_then_rounded_once(text in any_text(18), pair in any_pair(), space in any::<bool>()) {
        let ((from, from_top, from_bottom), (to, to_top, to_bottom)) = pair;
        let written = format!("{}{}{from}", text.text, if space { " " } else { "" });
        let (top, bottom) = text.fraction();
        let expected = amount(&(top * from_top * to_bottom), &(bottom * BigInt::from(from_bottom) * to_top));
        let found = Quantity::parse(&written).and_then(|quantity| quantity.in_unit(Some(Unit::parse(to)?)));
        match found {
            Ok(found) => prop_assert_eq!(Some(found), expected, "{}", written),
            Err(error) => {
                prop_assert_eq!(error.code(), "invalid_value");
                prop_assert_eq!(expected, None, "{}", written);
            }
        }
    }

    #[test]
    fn display_reads_back(text in any_text(18), unit in prop::option::of(any_pair())) {
        let unit = unit.map_or("", |((unit, ..), _)| unit);
        if let Ok(quantity) = Quantity::parse(&format!("{}{unit}", text.text)) {
            prop_assert_eq!(Quantity::parse(&quantity.to_string()), Ok(quantity));
        }
    }

    #[test]
    fn a_plain_number_is_taken_in_the_unit_asked_for(text in any_text(20), unit in prop::option::of(any_pair())) {
        let unit = unit.map(|((unit, ..), _)| Unit::parse(unit).unwrap());
        let found = Quantity::parse(&text.text).and_then(|quantity| quantity.in_unit(unit));
        prop_assert_eq!(found, Amount::parse(&text.text));
    }
}

fn convert(text: &str, unit: &str) -> Result<Amount, QuantityError> {
    Quantity::parse(text)?.in_unit(if unit.is_empty() { None } else { Some(Unit::parse(unit)?) })
}

#[test]
fn common_conversions() {
    for (text, unit, expected) in [
        ("20.5MB", "MB", "20.5"),
        ("2000000bytes", "MB", "2"),
        ("0.01GB", "MB", "10"),
        ("500KB", "MB", "0.5"),
        ("1MiB", "MB", "1.048576"),
        ("1GiB", "MB", "1073.741824"),
        ("1byte", "MB", "0.000001"),
        ("1bit", "bytes", "0.125"),
        ("1EiB", "GB", "1152921504.606846976"),
        ("1PiB", "GB", "1125899.906842624"),
        ("1TiB", "GB", "1099.511627776"),
        ("30min", "seconds", "1800"),
        ("750ns", "seconds", "0.00000075"),
        ("2weeks", "hours", "336"),
        ("90min", "hours", "1.5"),
        ("1mi", "meters", "1609.344"),
        ("100yd", "meters", "91.44"),
        ("10ft", "meters", "3.048"),
        ("1in", "meters", "0.0254"),
        ("1lb", "kg", "0.45359237"),
        ("16oz", "kg", "0.45359237"),
        ("1t", "kg", "1000"),
        ("5 MB", "MB", "5"),
        ("1_000kB", "MB", "1"),
        ("2_000_000B", "MB", "2"),
        ("4000kilobytes", "MB", "4"),
        ("-2500KB", "MB", "-2.5"),
        ("512KiB", "MB", "0.524288"),
        ("0.0000000000001GB", "bytes", "0.0001"),
        ("1e-22GB", "bytes", "0"),
        ("1e30ns", "s", "1e21"),
        ("1s", "min", "0.016666666667"),
        ("4.5", "", "4.5"),
    ] {
        assert_eq!(convert(text, unit).unwrap(), Amount::parse(expected).unwrap(), "{text} in {unit}");
    }
}

#[test]
fn half_of_the_last_decimal_goes_to_even() {
    for (text, unit, atoms) in [
        ("4e-12bit", "bytes", 0),
        ("12e-12bit", "bytes", 2),
        ("20e-12bit", "bytes", 2),
        ("20.0000000000000000000001e-12bit", "bytes", 3),
        ("-12e-12bit", "bytes", -2),
    ] {
        assert_eq!(convert(text, unit).unwrap().atoms(), atoms, "{text}");
    }
}

#[test]
fn units_that_do_not_fit_are_told_apart() {
    for (text, unit, code, message) in [
        (
            "5kg",
            "MB",
            "unit_mismatch",
            "`kg` doesn't convert to `MB`: use a unit of the same kind or a plain number",
        ),
        (
            "5m",
            "min",
            "unit_mismatch",
            "`m` doesn't convert to `min`: use a unit of the same kind or a plain number",
        ),
        ("1MB", "", "unit_mismatch", "`MB` has no place here, where no unit is kept: give a plain number"),
        ("5mb", "MB", "unknown_unit", "unknown unit `mb`: did you mean `MB`?"),
        (
            "1e24KB",
            "bytes",
            "invalid_value",
            "`1000000000000000000000000KB` is too large: the largest magnitude is 1e24",
        ),
        ("1e44bits", "EiB", "invalid_value", "`1e44bits` is too large: the largest magnitude is 1e24"),
    ] {
        let error = convert(text, unit).unwrap_err();
        assert_eq!((error.code(), error.to_string().as_str()), (code, message), "{text} in {unit}");
    }
}

#[test]
fn amounts_past_the_limit_keep_their_value() {
    let most = Amount::from_atoms(i128::MAX);
    let least = Amount::from_atoms(i128::MIN);
    assert_eq!(Quantity::from_amount(most).in_unit(None), Ok(most));
    assert_eq!(Quantity::from_amount(least).in_unit(None), Ok(least));
}
