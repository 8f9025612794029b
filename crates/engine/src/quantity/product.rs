//! Exact products of amounts, summed before they are rounded.

use super::amount::Amount;
use super::wide::{U256, signed};

/// A sum of products of amounts that are at least 0: an exact count of 10⁻²⁴.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Product(U256);

impl Product {
    /// Nothing.
    pub(crate) const ZERO: Product = Product(U256::from_u128(0));

    /// `a × b`, neither below 0.
    pub(crate) const fn of(a: Amount, b: Amount) -> Product {
        Product(U256::product(a.atoms().unsigned_abs(), b.atoms().unsigned_abs()))
    }

    /// `self + other`, or `None` if it doesn't fit.
    pub(crate) fn plus(self, other: Product) -> Option<Product> {
        self.0.checked_add(other.0).map(Product)
    }

    /// The nearest amount, half-even at 10⁻¹². `None` if it doesn't fit.
    pub(crate) fn rounded(self) -> Option<Amount> {
        let scale = U256::from_u128(Amount::SCALE.unsigned_abs());
        self.0.divide_half_even(scale).and_then(|size| signed(false, size)).map(Amount::from_atoms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sum_is_rounded_once() {
        let [third, tenth] = ["0.333333333333", "0.1"].map(|text| Amount::parse(text).unwrap());
        let one = Product::of(third, tenth);
        assert_eq!(one.rounded().unwrap().to_string(), "0.033333333333");
        let three = one.plus(one).unwrap().plus(one).unwrap();
        assert_eq!(three.rounded().unwrap().to_string(), "0.1");
        assert_eq!(Product::ZERO.rounded(), Some(Amount::ZERO));
    }

    #[test]
    fn what_does_not_fit_is_told() {
        let large = Product::of(Amount::LIMIT, Amount::LIMIT);
        assert_eq!(large.rounded(), None);
        let mut sum = Some(large);
        for _ in 0..256 {
            sum = sum.and_then(|sum| sum.plus(sum));
        }
        assert_eq!(sum, None);
    }
}
