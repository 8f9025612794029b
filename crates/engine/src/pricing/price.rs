//! The price of a credit, ready for deciding.

use super::out_of_range;
use crate::error::EngineError;
use crate::policy::{Credit, PricingModel};
use crate::quantity::{Amount, Product};

/// What units of a credit are sold for.
#[derive(Clone, Debug)]
pub(crate) enum CreditPrice {
    /// Every unit at one amount.
    Flat(Amount),
    /// The units of each band at its amount.
    Tiered(Box<[Band]>),
    /// Every unit at the amount of the band that the total falls in.
    Volume(Box<[Band]>),
    /// The amount of the band that the total falls in, once.
    Stairstep(Box<[Band]>),
}

/// A band of quantities.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Band {
    /// Where the band before ends; this quantity isn't in the band.
    above: Amount,
    /// The last quantity of the band; that of the last band is never reached.
    up_to: Amount,
    /// Runes for one unit; in the stairstep model, for the whole band.
    amount: Amount,
    /// What the bands before are worth together in the tiered model; `None`: more than can be counted.
    before: Option<Product>,
}

impl CreditPrice {
    /// The price of `credit`; `None` if it has none. A document that was validated has tiers in order, the last open;
    /// in any other the last tier counts as open, and a price below 0 as 0.
    ///
    /// # Errors
    /// `unit_mismatch` where a tier's end has another dimension than the credit.
    pub(crate) fn compile(credit: &Credit) -> Result<Option<CreditPrice>, EngineError> {
        if credit.pricing_model == PricingModel::Flat {
            return Ok(credit.price.as_ref().map(|price| CreditPrice::flat(price.amount)));
        }
        let mut bands = Vec::with_capacity(credit.tiers.len());
        for tier in &credit.tiers {
            let end = match &tier.up_to {
                Some(up_to) => Some(up_to.in_unit(credit.stof_units)?),
                None => None,
            };
            bands.push((end, tier.price.amount));
        }
        Ok(CreditPrice::banded(credit.pricing_model, &bands))
    }

    /// One amount for every unit.
    pub(crate) fn flat(amount: Amount) -> CreditPrice {
        CreditPrice::Flat(amount.max(Amount::ZERO))
    }

    /// Bands by their ends, in order; `None` without any.
    pub(crate) fn banded(model: PricingModel, tiers: &[(Option<Amount>, Amount)]) -> Option<CreditPrice> {
        let mut bands: Vec<Band> = Vec::with_capacity(tiers.len());
        for (up_to, amount) in tiers {
            let last = bands.last();
            bands.push(Band {
                above: last.map_or(Amount::ZERO, |band| band.up_to),
                up_to: up_to.unwrap_or(Amount::LIMIT),
                amount: (*amount).max(Amount::ZERO),
                before: last.map_or(Some(Product::ZERO), |band| band.worth_to(band.up_to)),
            });
        }
        let bands = bands.into_boxed_slice();
        if bands.is_empty() {
            return None;
        }
        Some(match model {
            PricingModel::Flat => return None,
            PricingModel::Tiered => CreditPrice::Tiered(bands),
            PricingModel::Volume => CreditPrice::Volume(bands),
            PricingModel::Stairstep => CreditPrice::Stairstep(bands),
        })
    }

    /// What the first `units` billable units of a period are worth, in runes.
    ///
    /// # Errors
    /// `amount_out_of_range` past 10²⁴ runes.
    pub(crate) fn total(&self, units: Amount) -> Result<Amount, EngineError> {
        if !units.is_positive() {
            return Ok(Amount::ZERO);
        }
        let worth = match self {
            CreditPrice::Flat(amount) => {
                let total = units.mul(*amount).ok().filter(|total| *total <= Amount::LIMIT);
                return total.ok_or_else(out_of_range);
            }
            CreditPrice::Tiered(bands) => band_of(bands, units).and_then(|band| band.worth_to(units)),
            CreditPrice::Volume(bands) => band_of(bands, units).map(|band| Product::of(units, band.amount)),
            CreditPrice::Stairstep(bands) => {
                band_of(bands, units).map(|band| Product::of(band.amount, Amount::ONE))
            }
        };
        let total = worth.and_then(Product::rounded).filter(|total| *total <= Amount::LIMIT);
        total.ok_or_else(out_of_range)
    }

    /// What units within the limit are worth to a cap, in runes: each at the first band's amount; nothing in the stairstep
    /// model. Below 0 for a decrease.
    ///
    /// # Errors
    /// `amount_out_of_range`.
    pub(crate) fn included_worth(&self, units: Amount) -> Result<Amount, EngineError> {
        let each = match self {
            CreditPrice::Flat(amount) => *amount,
            CreditPrice::Tiered(bands) | CreditPrice::Volume(bands) => {
                bands.first().map_or(Amount::ZERO, |band| band.amount)
            }
            CreditPrice::Stairstep(_) => Amount::ZERO,
        };
        if units.is_zero() || each.is_zero() {
            return Ok(Amount::ZERO);
        }
        Ok(units.mul(each)?)
    }
}

impl Band {
    /// What the bands before and the units of this one up to `units` are worth together.
    fn worth_to(&self, units: Amount) -> Option<Product> {
        self.before?.plus(Product::of(units.saturating_sub(self.above), self.amount))
    }
}

/// The band that a quantity falls in.
fn band_of(bands: &[Band], units: Amount) -> Option<&Band> {
    let at = bands.partition_point(|band| band.up_to < units);
    bands.get(at).or(bands.last())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::arithmetic_side_effects)] // big integers don't overflow

    use num_bigint::BigUint;
    use proptest::prelude::*;

    use super::*;

    fn amount(text: &str) -> Amount {
        Amount::parse(text).unwrap()
    }

    fn bands(tiers: &[(&str, &str)]) -> Vec<(Option<Amount>, Amount)> {
        tiers.iter().map(|(end, price)| (Amount::parse(end).ok(), amount(price))).collect()
    }

    /// Totals of the units given, as text.
    fn totals<const N: usize>(model: PricingModel, tiers: &[(&str, &str)], units: [&str; N]) -> [String; N] {
        let price = CreditPrice::banded(model, &bands(tiers)).unwrap();
        units.map(|units| price.total(amount(units)).unwrap().to_string())
    }

    const TIERS: [(&str, &str); 3] = [("10", "1"), ("20", "0.5"), ("open", "0.1")];

    #[test]
    fn flat_is_every_unit_at_one_amount() {
        let price = CreditPrice::flat(amount("0.3"));
        assert_eq!(price.total(Amount::ZERO), Ok(Amount::ZERO));
        assert_eq!(price.total(amount("0.1")), Ok(amount("0.03")));
        assert_eq!(price.total(amount("1e-12")), Ok(Amount::ZERO));
        assert_eq!(price.total(amount("5e-12")), Ok(amount("2e-12"))); // 1.5 atoms: to the even one
    }

    #[test]
    fn tiered_is_the_units_of_each_band_at_its_amount() {
        let units = ["0", "9", "10", "10.5", "20", "21"];
        assert_eq!(totals(PricingModel::Tiered, &TIERS, units), ["0", "9", "10", "10.25", "15", "15.1"]);
    }

    #[test]
    fn volume_is_every_unit_at_the_amount_of_the_last_band() {
        let units = ["0", "9", "10", "10.5", "20", "21"];
        assert_eq!(totals(PricingModel::Volume, &TIERS, units), ["0", "9", "10", "5.25", "10", "2.1"]);
    }

    #[test]
    fn stairstep_is_the_amount_of_the_last_band_once() {
        let units = ["0", "1e-12", "10", "10.5", "20", "21"];
        assert_eq!(totals(PricingModel::Stairstep, &TIERS, units), ["0", "1", "1", "0.5", "0.5", "0.1"]);
    }

    #[test]
    fn a_total_past_what_can_be_counted_is_refused() {
        let price = CreditPrice::flat(amount("2"));
        assert_eq!(price.total(amount("5e23")), Ok(Amount::LIMIT));
        assert_eq!(
            price.total(amount("500000000000000000000000.1")).unwrap_err().code(),
            "amount_out_of_range"
        );
        // A band past it leaves those before it as they are.
        let steep =
            CreditPrice::banded(PricingModel::Tiered, &bands(&[("1", "1"), ("9e23", "1e24"), ("open", "1")]));
        let steep = steep.unwrap();
        assert_eq!(steep.total(Amount::ONE), Ok(Amount::ONE));
        assert_eq!(steep.total(Amount::LIMIT).unwrap_err().code(), "amount_out_of_range");
    }

    #[test]
    fn a_credit_without_a_price_has_none() {
        let mut credit = Credit::default();
        assert!(CreditPrice::compile(&credit).unwrap().is_none());
        credit.pricing_model = PricingModel::Tiered;
        assert!(CreditPrice::compile(&credit).unwrap().is_none());
    }

    fn big(amount: Amount) -> BigUint {
        BigUint::from(amount.atoms().unsigned_abs())
    }

    /// The same from the words of the rule, in whole numbers of 10⁻²⁴ and unit by unit of each band.
    fn naive(model: PricingModel, tiers: &[(Option<Amount>, Amount)], units: Amount) -> Option<Amount> {
        let falls_in = |end: &Option<Amount>| end.is_none_or(|end| units <= end);
        let last = tiers.iter().position(|(end, _)| falls_in(end))?;
        let scale = BigUint::from(Amount::SCALE.unsigned_abs());
        let exact = match model {
            _ if units.is_zero() => BigUint::ZERO,
            PricingModel::Flat | PricingModel::Volume => big(units) * big(tiers[last].1),
            PricingModel::Stairstep => &scale * big(tiers[last].1),
            PricingModel::Tiered => (0..=last)
                .map(|at| {
                    let start = if at == 0 { Amount::ZERO } else { tiers[at - 1].0.unwrap() };
                    let end = if at == last { units } else { tiers[at].0.unwrap() };
                    (big(end) - big(start)) * big(tiers[at].1)
                })
                .sum(),
        };
        let (mut whole, twice) = (&exact / &scale, (&exact % &scale) * 2_u8);
        if twice > scale || (twice == scale && whole.bit(0)) {
            whole += 1_u8;
        }
        i128::try_from(whole).ok().map(Amount::from_atoms).filter(|total| *total <= Amount::LIMIT)
    }

    fn any_amount() -> impl Strategy<Value = Amount> {
        let most = Amount::LIMIT.atoms();
        prop_oneof![
            3 => (0..40_i64).prop_map(Amount::from_int),
            3 => (0..50_000_i128).prop_map(|thousandths| Amount::from_atoms(thousandths * 1_000_000_000)),
            2 => (0..100_i128).prop_map(Amount::from_atoms),
            1 => (0..=most).prop_map(Amount::from_atoms),
        ]
    }

    /// Ends that rise, the last one open.
    fn any_tiers() -> impl Strategy<Value = Vec<(Option<Amount>, Amount)>> {
        let ends =
            prop::collection::btree_set(any_amount().prop_filter("above 0", |end| end.is_positive()), 0..5);
        (ends, prop::collection::vec(any_amount(), 6))
            .prop_map(|(ends, amounts)| ends.into_iter().map(Some).chain([None]).zip(amounts).collect())
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

        #[test]
        fn totals_agree_with_a_naive_sum(tiers in any_tiers(), units in any_amount(), at in 0..6_usize) {
            // Half of the time at a band's very end.
            let units = tiers.get(at).and_then(|(end, _)| *end).unwrap_or(units);
            for model in [PricingModel::Tiered, PricingModel::Volume, PricingModel::Stairstep] {
                let price = CreditPrice::banded(model, &tiers).unwrap();
                prop_assert_eq!(price.total(units).ok(), naive(model, &tiers, units), "{:?}", model);
            }
            let price = CreditPrice::flat(tiers[0].1);
            prop_assert_eq!(price.total(units).ok(), naive(PricingModel::Flat, &[(None, tiers[0].1)], units));
        }
    }
}
