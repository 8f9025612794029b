//! What calls of an entitlement use, learnt from those before: the room to reserve for one whose size isn't known yet.
//!
//! 1. Of each entitlement and segment, the value and the overhead of a call (per unit of basis, where one is given) have an
//!    exponentially weighted mean and variance: sample `n` enters with weight w = max(0.1, 1/n), as mean += w·d and
//!    var = (1 − w)(var + w·d²), where d is how far it lies from the mean before.
//! 2. A sample with a basis where there was none, or the other way round, starts them anew.
//! 3. The estimate is max(0, mean + z(quantile)·σ), times the basis.
//! 4. These are statistics: they say how much to reserve, and never decide what is billed.

use std::collections::BTreeMap;

use libm::{erfc, exp, log, sqrt};

use crate::names::NameId;

/// The least weight of a sample.
const WEIGHT_MIN: f64 = 0.1;
/// Samples are kept within this, on both sides of 0, so that a variance stays a number that a record can say.
const SAMPLE_MAX: f64 = 1e150;
/// Quantiles are kept within this and 1 minus this.
const QUANTILE_MIN: f64 = 0.000_1;

/// What was learnt, by entitlement and segment; the empty segment is that of calls without one.
pub(crate) type Estimates = BTreeMap<(NameId, Box<str>), Samples>;

/// One call's use.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Sample {
    /// What it used, in the credit's unit.
    pub(crate) value: f64,
    /// What it cost you, in runes.
    pub(crate) overhead: f64,
    /// What its size goes by; more than 0.
    pub(crate) basis: Option<f64>,
}

/// What was learnt of one segment.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Samples {
    /// How many there were since it started anew.
    pub count: u64,
    /// Whether they are per unit of basis.
    pub per_basis: bool,
    /// The values.
    pub value: Moments,
    /// The overheads.
    pub overhead: Moments,
}

/// An exponentially weighted mean and variance.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Moments {
    /// The mean.
    pub mean: f64,
    /// The variance.
    pub variance: f64,
}

impl Samples {
    /// Takes in a sample.
    pub(crate) fn learn(&mut self, sample: &Sample) {
        if self.per_basis != sample.basis.is_some() {
            *self = Samples { per_basis: sample.basis.is_some(), ..Samples::default() };
        }
        self.count = self.count.saturating_add(1);
        let weight = WEIGHT_MIN.max(1.0 / self.count as f64);
        let basis = sample.basis.unwrap_or(1.0);
        self.value.learn(sample.value / basis, weight);
        self.overhead.learn(sample.overhead / basis, weight);
    }

    /// Value and overhead that so many of the calls stay within; `None` where it was learnt with another kind of basis.
    pub(crate) fn estimate(&self, quantile: f64, basis: Option<f64>) -> Option<(f64, f64)> {
        if self.count == 0 || self.per_basis != basis.is_some() {
            return None;
        }
        let z = standard_normal(quantile.clamp(QUANTILE_MIN, 1.0 - QUANTILE_MIN));
        let basis = basis.unwrap_or(1.0);
        Some((self.value.at(z) * basis, self.overhead.at(z) * basis))
    }
}

impl Moments {
    fn learn(&mut self, sample: f64, weight: f64) {
        let off = sample.clamp(-SAMPLE_MAX, SAMPLE_MAX) - self.mean;
        self.mean += weight * off;
        self.variance = (1.0 - weight) * (self.variance + weight * off * off);
    }

    fn at(&self, z: f64) -> f64 {
        (self.mean + z * sqrt(self.variance)).max(0.0)
    }
}

/// How many standard deviations above the mean a quantile of the normal distribution lies: Acklam's rational
/// approximation, then one step of Halley's method. `libm` gives every host the same digits.
fn standard_normal(quantile: f64) -> f64 {
    const A: [f64; 6] = [
        -39.696_830_286_653_76,
        220.946_098_424_520_5,
        -275.928_510_446_968_7,
        138.357_751_867_269,
        -30.664_798_066_147_16,
        2.506_628_277_459_239,
    ];
    const B: [f64; 5] = [
        -54.476_098_798_224_06,
        161.585_836_858_040_9,
        -155.698_979_859_886_6,
        66.801_311_887_719_72,
        -13.280_681_552_885_72,
    ];
    const C: [f64; 6] = [
        -0.007_784_894_002_430_293,
        -0.322_396_458_041_136_5,
        -2.400_758_277_161_838,
        -2.549_732_539_343_734,
        4.374_664_141_464_968,
        2.938_163_982_698_783,
    ];
    const D: [f64; 4] =
        [0.007_784_695_709_041_462, 0.322_467_129_070_039_8, 2.445_134_137_142_996, 3.754_408_661_907_416];
    const LOW: f64 = 0.024_25;
    let horner = |coefficients: &[f64], x: f64| coefficients.iter().fold(0.0, |sum, c| sum * x + c);
    let tail = |p: f64| {
        let q = sqrt(-2.0 * log(p));
        horner(&C, q) / (horner(&D, q) * q + 1.0)
    };
    let x = if quantile < LOW {
        tail(quantile)
    } else if quantile > 1.0 - LOW {
        -tail(1.0 - quantile)
    } else {
        let q = quantile - 0.5;
        let r = q * q;
        horner(&A, r) * q / (horner(&B, r) * r + 1.0)
    };
    let error = 0.5 * erfc(-x / std::f64::consts::SQRT_2) - quantile;
    let step = error * sqrt(2.0 * std::f64::consts::PI) * exp(x * x / 2.0);
    x - step / (1.0 + x * step / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(value: f64, basis: Option<f64>) -> Sample {
        Sample { value, overhead: 0.0, basis }
    }

    #[test]
    fn quantiles_are_those_of_the_normal_distribution() {
        for (quantile, z) in [
            (0.5, 0.0),
            (0.9, 1.281_551_565_544_600_4),
            (0.975, 1.959_963_984_540_054),
            (0.9999, 3.719_016_485_455_709),
            (0.0001, -3.719_016_485_455_709),
            (0.01, -2.326_347_874_040_840_8),
        ] {
            assert!((standard_normal(quantile) - z).abs() < 1e-12, "{quantile}");
        }
    }

    #[test]
    fn the_first_samples_weigh_alike_and_later_ones_a_tenth() {
        let mut samples = Samples::default();
        samples.learn(&sample(10.0, None));
        samples.learn(&sample(20.0, None));
        assert_eq!(samples.value, Moments { mean: 15.0, variance: 25.0 });
        for _ in 0..100 {
            samples.learn(&sample(15.0, None));
        }
        samples.learn(&sample(25.0, None));
        assert!((samples.value.mean - 16.0).abs() < 1e-9);
    }

    #[test]
    fn a_tiny_basis_leaves_numbers() {
        let mut samples = Samples::default();
        for value in [1e26, -1e26, 0.0, 1e26] {
            samples.learn(&sample(value, Some(f64::from_bits(1))));
            assert!(samples.value.mean.is_finite() && samples.value.variance.is_finite(), "{samples:?}");
        }
        assert_eq!(samples.estimate(0.5, Some(f64::MAX)).map(|(value, _)| value.is_nan()), Some(false));
    }

    #[test]
    fn another_kind_of_basis_starts_anew() {
        let mut samples = Samples::default();
        samples.learn(&sample(10.0, None));
        samples.learn(&sample(10.0, Some(5.0)));
        assert_eq!((samples.count, samples.value.mean, samples.per_basis), (1, 2.0, true));
        assert_eq!(samples.estimate(0.5, Some(3.0)), Some((6.0, 0.0)));
        assert_eq!(samples.estimate(0.5, None), None);
    }
}
