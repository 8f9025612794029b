//! What usage past a limit is worth, and what of it is billed.
//!
//! 1. Billable are the units past the limit in the period: `max(0, used − limit)`. Under a limit that only observes,
//!    none are.
//! 2. [`CreditPrice::total`] is what the first `n` billable units of a period are worth. A band reaches from the end of
//!    the one before, which is not in it, to its own `up_to`, which is. Flat: every unit at one amount. Tiered: the units
//!    of each band at its amount. Volume: every unit at the amount of the band that `n` falls in. Stairstep: the amount of
//!    that band, once. Products are summed exactly and rounded once, half-even at 10⁻¹².
//! 3. A call is priced from where the customer is: its price is total(after) − total(before). It is below 0 where it
//!    lowers the total: a decrease, or an increase into a cheaper volume band.
//! 4. What is billed is that price, but it never gives back more than the period was billed: `max(price, −billed)`. So a
//!    period's overage prices always sum to what stands, which is never below 0.
//! 5. Grants pay the first units of a call's excess. They advance the bands all the same: what is billed of the call is
//!    total(after) − total(before + granted).
//! 6. All of it is known before anything is written; what passes 10²⁴ runes is refused.

mod exchange;
mod price;

pub(crate) use exchange::{Rates, Worthless, Worths};
pub(crate) use price::CreditPrice;

use crate::error::EngineError;
use crate::quantity::Amount;

/// What a call with billable units is worth, in runes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Bill {
    /// The list worth of the billable units, whoever pays.
    pub(crate) price: Amount,
    /// What to bill; below 0 it is given back.
    pub(crate) overage_price: Amount,
    /// What the meter is billed for the period afterwards.
    pub(crate) billed: Amount,
}

impl Bill {
    /// The bill of a call that brings the billable units from `before` to `after`, the first `granted` of which grants
    /// pay, on a meter that was billed `billed` this period.
    ///
    /// # Errors
    /// `amount_out_of_range`.
    #[inline(never)] // calls within their limit don't come here
    pub(crate) fn of(
        price: &CreditPrice,
        before: Amount,
        granted: Amount,
        after: Amount,
        billed: Amount,
    ) -> Result<Bill, EngineError> {
        let (from, to) = (price.total(before)?, price.total(after)?);
        let owed = match granted.is_zero() {
            true => to.checked_sub(from)?,
            false => to.checked_sub(price.total(before.checked_add(granted)?)?)?,
        };
        let price = to.checked_sub(from)?;
        let overage_price = owed.max(billed.checked_neg()?);
        let billed = billable_sum(billed.checked_add(overage_price)?)?;
        Ok(Bill { price, overage_price, billed })
    }
}

/// Refuses a sum past 10²⁴, which no record could bring back.
fn billable_sum(sum: Amount) -> Result<Amount, EngineError> {
    if sum > Amount::LIMIT { Err(out_of_range()) } else { Ok(sum) }
}

#[cold]
fn out_of_range() -> EngineError {
    let message = "the price would pass 10^24 runes, the most that can be billed";
    EngineError::new("amount_out_of_range", message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::PricingModel;

    fn bill(price: &CreditPrice, before: i64, after: i64, billed: i64) -> [String; 3] {
        let [before, after, billed] = [before, after, billed].map(Amount::from_int);
        let bill = Bill::of(price, before, Amount::ZERO, after, billed).unwrap();
        [bill.price, bill.overage_price, bill.billed].map(|amount| amount.to_string())
    }

    #[test]
    fn a_call_is_priced_from_where_the_customer_is() {
        let flat = CreditPrice::flat(Amount::from_int(2));
        assert_eq!(bill(&flat, 0, 3, 0), ["6", "6", "6"]);
        assert_eq!(bill(&flat, 3, 4, 6), ["2", "2", "8"]);
        assert_eq!(bill(&flat, 4, 4, 8), ["0", "0", "8"]);
    }

    #[test]
    fn a_decrease_gives_back_at_most_what_was_billed() {
        let flat = CreditPrice::flat(Amount::from_int(2));
        assert_eq!(bill(&flat, 4, 1, 8), ["-6", "-6", "2"]);
        assert_eq!(bill(&flat, 4, 1, 5), ["-6", "-5", "0"]);
        assert_eq!(bill(&flat, 4, 1, 0), ["-6", "0", "0"]);
    }

    /// Leaving a cheaper volume band makes the rest dearer, in either direction.
    #[test]
    fn a_volume_bill_moves_against_the_meter_where_the_band_changes() {
        let bands = [(Some(10), 10), (None, 1)]
            .map(|(end, amount)| (end.map(Amount::from_int), Amount::from_int(amount)));
        let volume = CreditPrice::banded(PricingModel::Volume, &bands).unwrap();
        assert_eq!(bill(&volume, 10, 11, 100), ["-89", "-89", "11"]);
        assert_eq!(bill(&volume, 11, 10, 11), ["89", "89", "100"]);
    }

    #[test]
    fn a_bill_past_what_can_be_counted_is_refused() {
        let flat = CreditPrice::flat(Amount::ONE);
        let refused = Bill::of(&flat, Amount::ZERO, Amount::ZERO, Amount::ONE, Amount::LIMIT).unwrap_err();
        assert_eq!(refused.code(), "amount_out_of_range");
    }
}
