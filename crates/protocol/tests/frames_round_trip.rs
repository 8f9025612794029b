//! What is written is what is read.

mod support;

use limitr_engine::quantity::Amount;
use limitr_protocol::{Down, InstanceId, Up, What, read_down, read_up, write};
use proptest::prelude::*;

#[test]
fn each_message_comes_back() {
    for up in support::ups() {
        assert_eq!(read_up(&write(&up).unwrap()).unwrap(), up);
    }
    for down in support::downs() {
        assert_eq!(read_down(&write(&down).unwrap()).unwrap(), down);
    }
}

fn whats() -> impl Strategy<Value = What> {
    prop_oneof![
        "\\PC{1,60}".prop_map(|name| What::Limit(name.into())),
        "\\PC{1,60}".prop_map(|name| What::Cap(name.into())),
        any::<u64>().prop_map(|number| What::Grant(number >> 11)),
    ]
}

fn amounts() -> impl Strategy<Value = Amount> {
    let most = Amount::LIMIT.atoms();
    prop_oneof![
        (-most..=most).prop_map(Amount::from_atoms),
        any::<i32>().prop_map(|whole| Amount::from_int(whole.into()))
    ]
}

proptest! {
    #[test]
    fn amounts_names_and_numbers_come_back_to_the_last_digit(
        (what, customer) in (whats(), "\\PC{1,60}"),
        (amount, instance, number) in (amounts(), any::<u128>(), any::<u64>()),
        (period_start, until) in (any::<i64>(), any::<i64>()),
    ) {
        let customer: Box<str> = customer.into();
        let ask = Up::Lease { customer: customer.clone(), what: what.clone(), want: amount };
        prop_assert_eq!(read_up(&write(&ask).unwrap()).unwrap(), ask);
        let hello = Up::Hello {
            instance: InstanceId(instance), engine: customer.to_string(), policy_version: Some(number >> 11),
            pinned: Some((number >> 11).max(1)), resume: None,
        };
        prop_assert_eq!(read_up(&write(&hello).unwrap()).unwrap(), hello);
        let lease = Down::Lease { id: number, customer, what, period_start, amount, until };
        prop_assert_eq!(read_down(&write(&lease).unwrap()).unwrap(), lease);
    }
}
