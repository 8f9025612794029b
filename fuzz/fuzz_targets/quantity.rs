//! Reads arbitrary text as an amount, a quantity, a duration and a schedule. No input may panic; what parses must
//! print as text that parses to the same value; conversions answer or refuse.

#![no_main]

use libfuzzer_sys::fuzz_target;
use limitr_engine::quantity::{Amount, Duration, Quantity, Schedule, Unit};

const UNITS: [&str; 6] = ["bit", "EiB", "ns", "week", "inches", "tonnes"];
/// Instants in milliseconds: both ends of the range, the epoch, and a leap day.
const INSTANTS: [i64; 5] = [i64::MIN, -1, 0, 1_709_164_800_000, i64::MAX];

fuzz_target!(|text: &str| {
    if let Ok(amount) = Amount::parse(text) {
        check_amount(amount);
    }
    if let Ok(quantity) = Quantity::parse(text) {
        check_quantity(&quantity);
    }
    if let Ok(duration) = Duration::parse(text) {
        let again = Duration::parse(&duration.to_string()).expect("a duration's own text");
        assert_eq!(again.as_millis(), duration.as_millis());
    }
    if let Ok(schedule) = Schedule::parse(text) {
        check_schedule(&schedule);
    }
});

fn check_amount(amount: Amount) {
    let printed = amount.to_string();
    assert_eq!(Amount::parse(&printed).expect("an amount's own text"), amount);
    assert_ne!(printed, "-0");
    let double = amount.to_f64();
    assert!(double.is_finite());
    assert_eq!(double.is_sign_negative(), amount.is_negative());
    let _ = Amount::from_f64(double);
    for other in [Amount::ZERO, Amount::ONE, Amount::LIMIT, Amount::from_atoms(-1), amount] {
        let _ = amount.mul(other);
        let _ = amount.div(other);
        if let Ok(sum) = amount.checked_add(other) {
            assert_eq!(sum.checked_sub(other).expect("the sum minus a part"), amount);
        }
    }
}

fn check_quantity(quantity: &Quantity) {
    let again = Quantity::parse(&quantity.to_string()).expect("a quantity's own text");
    assert_eq!(&again, quantity);
    let _ = quantity.in_unit(None);
    for name in UNITS {
        let unit = Unit::parse(name).expect("a unit of the table");
        let _ = quantity.in_unit(Some(unit));
    }
}

fn check_schedule(schedule: &Schedule) {
    let again = Schedule::parse(&schedule.to_string()).expect("a schedule's own text");
    assert_eq!(&again, schedule);
    for at in INSTANTS {
        assert!(schedule.latest(at) <= at);
        assert!(schedule.next(at) > at || at == i64::MAX);
    }
}
