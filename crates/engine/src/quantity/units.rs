//! The units of quantities: one table, exact and case-sensitive spellings, rational factors.

use std::fmt;
use std::hash::{Hash, Hasher};

use super::error::{QuantityError, shown};

/// What a unit measures.
///
/// ```
/// use limitr_engine::quantity::{Dimension, Unit};
///
/// assert_eq!(Unit::parse("min")?.dimension(), Dimension::Time);
/// assert_eq!(Unit::parse("m")?.dimension(), Dimension::Length);
/// # Ok::<(), limitr_engine::quantity::QuantityError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Dimension {
    /// Bits, bytes and their multiples.
    Memory,
    /// Nanoseconds to weeks.
    Time,
    /// Metric and imperial lengths.
    Length,
    /// Metric and imperial masses.
    Mass,
}

impl fmt::Display for Dimension {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Dimension::Memory => "memory",
            Dimension::Time => "time",
            Dimension::Length => "length",
            Dimension::Mass => "mass",
        })
    }
}

/// One spelling of a unit: `numerator ÷ denominator` of its dimension's base (byte, second, meter, gram).
#[derive(Debug)]
struct Row {
    spelling: &'static str,
    /// The spelling that texts of ours use. Each unit has one, and no two units share it.
    canonical: &'static str,
    dimension: Dimension,
    numerator: u64,
    denominator: u64,
}

const fn row(
    dimension: Dimension,
    spelling: &'static str,
    canonical: &'static str,
    numerator: u64,
    denominator: u64,
) -> Row {
    Row { spelling, canonical, dimension, numerator, denominator }
}

const KILO: u64 = 1_000;
const MEGA: u64 = 1_000_000;
const GIGA: u64 = 1_000_000_000;
const TERA: u64 = 1_000_000_000_000;
const PETA: u64 = 1_000_000_000_000_000;
const EXA: u64 = 1_000_000_000_000_000_000;

use Dimension::{Length, Mass, Memory, Time};

static MEMORY: [Row; 30] = [
    row(Memory, "MB", "MB", MEGA, 1),
    row(Memory, "megabytes", "MB", MEGA, 1),
    row(Memory, "GB", "GB", GIGA, 1),
    row(Memory, "gigabytes", "GB", GIGA, 1),
    row(Memory, "KB", "KB", KILO, 1),
    row(Memory, "kB", "KB", KILO, 1),
    row(Memory, "kilobytes", "KB", KILO, 1),
    row(Memory, "B", "bytes", 1, 1),
    row(Memory, "byte", "bytes", 1, 1),
    row(Memory, "bytes", "bytes", 1, 1),
    row(Memory, "bit", "bits", 1, 8),
    row(Memory, "bits", "bits", 1, 8),
    row(Memory, "MiB", "MiB", 1 << 20, 1),
    row(Memory, "mebibytes", "MiB", 1 << 20, 1),
    row(Memory, "GiB", "GiB", 1 << 30, 1),
    row(Memory, "gibibytes", "GiB", 1 << 30, 1),
    row(Memory, "KiB", "KiB", 1 << 10, 1),
    row(Memory, "kibibytes", "KiB", 1 << 10, 1),
    row(Memory, "TB", "TB", TERA, 1),
    row(Memory, "terabytes", "TB", TERA, 1),
    row(Memory, "TiB", "TiB", 1 << 40, 1),
    row(Memory, "tebibytes", "TiB", 1 << 40, 1),
    row(Memory, "PB", "PB", PETA, 1),
    row(Memory, "petabytes", "PB", PETA, 1),
    row(Memory, "PiB", "PiB", 1 << 50, 1),
    row(Memory, "pebibytes", "PiB", 1 << 50, 1),
    row(Memory, "EB", "EB", EXA, 1),
    row(Memory, "exabytes", "EB", EXA, 1),
    row(Memory, "EiB", "EiB", 1 << 60, 1),
    row(Memory, "exbibytes", "EiB", 1 << 60, 1),
];

static TIME: [Row; 21] = [
    row(Time, "days", "days", 86_400, 1),
    row(Time, "day", "days", 86_400, 1),
    row(Time, "d", "days", 86_400, 1),
    row(Time, "min", "min", 60, 1),
    row(Time, "minutes", "min", 60, 1),
    row(Time, "s", "s", 1, 1),
    row(Time, "sec", "s", 1, 1),
    row(Time, "second", "s", 1, 1),
    row(Time, "seconds", "s", 1, 1),
    row(Time, "hr", "hr", 3_600, 1),
    row(Time, "h", "hr", 3_600, 1),
    row(Time, "hour", "hr", 3_600, 1),
    row(Time, "hours", "hr", 3_600, 1),
    row(Time, "ms", "ms", 1, KILO),
    row(Time, "milliseconds", "ms", 1, KILO),
    row(Time, "week", "weeks", 604_800, 1),
    row(Time, "weeks", "weeks", 604_800, 1),
    row(Time, "us", "us", 1, MEGA),
    row(Time, "microseconds", "us", 1, MEGA),
    row(Time, "ns", "ns", 1, GIGA),
    row(Time, "nanoseconds", "ns", 1, GIGA),
];

static LENGTH: [Row; 16] = [
    row(Length, "km", "km", KILO, 1),
    row(Length, "kilometers", "km", KILO, 1),
    row(Length, "m", "m", 1, 1),
    row(Length, "meters", "m", 1, 1),
    row(Length, "cm", "cm", 1, 100),
    row(Length, "centimeters", "cm", 1, 100),
    row(Length, "mm", "mm", 1, KILO),
    row(Length, "millimeters", "mm", 1, KILO),
    row(Length, "mi", "mi", 1_609_344, KILO),
    row(Length, "miles", "mi", 1_609_344, KILO),
    row(Length, "yd", "yd", 9_144, 10_000),
    row(Length, "yards", "yd", 9_144, 10_000),
    row(Length, "ft", "ft", 3_048, 10_000),
    row(Length, "feet", "ft", 3_048, 10_000),
    row(Length, "in", "in", 254, 10_000),
    row(Length, "inches", "in", 254, 10_000),
];

static MASS: [Row; 12] = [
    row(Mass, "kg", "kg", KILO, 1),
    row(Mass, "kilograms", "kg", KILO, 1),
    row(Mass, "g", "g", 1, 1),
    row(Mass, "grams", "g", 1, 1),
    row(Mass, "mg", "mg", 1, KILO),
    row(Mass, "milligrams", "mg", 1, KILO),
    row(Mass, "t", "t", MEGA, 1),
    row(Mass, "tonnes", "t", MEGA, 1),
    row(Mass, "lb", "lb", 45_359_237, 100_000),
    row(Mass, "lbs", "lb", 45_359_237, 100_000),
    row(Mass, "oz", "oz", 45_359_237, 1_600_000),
    row(Mass, "ounces", "oz", 45_359_237, 1_600_000),
];

fn rows() -> impl Iterator<Item = &'static Row> {
    MEMORY.iter().chain(&TIME).chain(&LENGTH).chain(&MASS)
}

/// A unit of memory, time, length or mass, as somebody spelled it.
///
/// Two spellings of one unit are equal: `kB` is `KB`.
///
/// ```
/// use limitr_engine::quantity::Unit;
///
/// assert_eq!(Unit::parse("kB")?, Unit::parse("kilobytes")?);
/// # Ok::<(), limitr_engine::quantity::QuantityError>(())
/// ```
#[derive(Clone, Copy)]
pub struct Unit(&'static Row);

impl Unit {
    /// Every spelling, the commonest of each dimension first.
    ///
    /// ```
    /// # use limitr_engine::quantity::Unit;
    /// assert!(Unit::spellings().all(|spelling| Unit::parse(spelling).is_ok()));
    /// ```
    pub fn spellings() -> impl Iterator<Item = &'static str> {
        rows().map(|row| row.spelling)
    }

    /// The unit of an exact, case-sensitive spelling. Beware that `m` is meters and `min` minutes.
    ///
    /// Errors: [`QuantityError::UnknownUnit`], with the nearest spelling if one is near.
    ///
    /// ```
    /// # use limitr_engine::quantity::Unit;
    /// assert_eq!(Unit::parse("GiB")?.name(), "GiB");
    /// assert_eq!(Unit::parse("gb").unwrap_err().to_string(), "unknown unit `gb`: did you mean `GB`?");
    /// # Ok::<(), limitr_engine::quantity::QuantityError>(())
    /// ```
    pub fn parse(spelling: &str) -> Result<Unit, QuantityError> {
        match rows().find(|row| row.spelling == spelling) {
            Some(row) => Ok(Unit(row)),
            None => Err(QuantityError::UnknownUnit { unit: shown(spelling), suggestion: nearest(spelling) }),
        }
    }

    /// The spelling that was parsed.
    ///
    /// ```
    /// # use limitr_engine::quantity::Unit;
    /// assert_eq!(Unit::parse("megabytes")?.name(), "megabytes");
    /// # Ok::<(), limitr_engine::quantity::QuantityError>(())
    /// ```
    pub fn name(self) -> &'static str {
        self.0.spelling
    }

    /// The one spelling that stands for all of this unit's.
    ///
    /// ```
    /// # use limitr_engine::quantity::Unit;
    /// assert_eq!(Unit::parse("megabytes")?.canonical(), "MB");
    /// # Ok::<(), limitr_engine::quantity::QuantityError>(())
    /// ```
    pub fn canonical(self) -> &'static str {
        self.0.canonical
    }

    /// What the unit measures.
    ///
    /// ```
    /// # use limitr_engine::quantity::{Dimension, Unit};
    /// assert_eq!(Unit::parse("lbs")?.dimension(), Dimension::Mass);
    /// # Ok::<(), limitr_engine::quantity::QuantityError>(())
    /// ```
    pub fn dimension(self) -> Dimension {
        self.0.dimension
    }

    /// How many milliseconds one of this unit is, as numerator and denominator. `None` if it isn't of time.
    pub(super) fn milliseconds(self) -> Option<(u128, u128)> {
        let numerator = u128::from(self.0.numerator).wrapping_mul(u128::from(KILO));
        (self.0.dimension == Time).then_some((numerator, u128::from(self.0.denominator)))
    }

    /// How many of `target` one of this unit is, as numerator and denominator. `None` if they measure
    /// different things.
    pub(super) fn ratio_to(self, target: Unit) -> Option<(u128, u128)> {
        if self.0.dimension != target.0.dimension {
            return None;
        }
        // Products of two 64-bit numbers fit 128 bits.
        let numerator = u128::from(self.0.numerator).wrapping_mul(u128::from(target.0.denominator));
        let denominator = u128::from(self.0.denominator).wrapping_mul(u128::from(target.0.numerator));
        Some((numerator, denominator))
    }
}

impl PartialEq for Unit {
    fn eq(&self, other: &Unit) -> bool {
        self.0.canonical == other.0.canonical
    }
}

impl Eq for Unit {}

impl Hash for Unit {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.canonical.hash(state);
    }
}

/// The spelling that was parsed.
impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.spelling)
    }
}

impl fmt::Debug for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Unit({})", self.0.spelling)
    }
}

/// The spelling nearest to one that doesn't exist: the same but for case, else a letter or, in longer words, two off.
/// Among equals the one nearer in case too, then the first of the table, which begins with the common ones.
fn nearest(spelling: &str) -> Option<&'static str> {
    const LONGEST: usize = 24;
    if spelling.len() > LONGEST {
        return None;
    }
    let lower = spelling.to_lowercase().replace(['µ', 'μ'], "u");
    let far = if lower.chars().count() < 8 { 1 } else { 2 };
    rows()
        .map(|row| {
            let apart = strsim::osa_distance(&row.spelling.to_lowercase(), &lower);
            (apart, strsim::osa_distance(row.spelling, spelling), row.spelling)
        })
        .filter(|(apart, _, near)| *apart <= far && *apart < near.len())
        .min_by_key(|(apart, exactly, _)| (*apart, *exactly))
        .map(|(_, _, near)| near)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_is_one_unit_and_every_canonical_one_is_its_own() {
        for row in rows() {
            let unit = Unit::parse(row.spelling).unwrap();
            assert_eq!(unit.name(), row.spelling);
            assert_eq!(rows().filter(|other| other.spelling == row.spelling).count(), 1, "{unit}");
            let canonical = Unit::parse(row.canonical).unwrap();
            assert_eq!(canonical, unit);
            assert_eq!(canonical.name(), row.canonical);
            for other in rows() {
                let same = row.dimension == other.dimension
                    && row.numerator == other.numerator
                    && row.denominator == other.denominator;
                assert_eq!(row.canonical == other.canonical, same, "{} {}", row.spelling, other.spelling);
            }
        }
    }

    #[test]
    fn ratios_fit_64_bits() {
        for (from, to) in rows().flat_map(|from| rows().map(move |to| (Unit(from), Unit(to)))) {
            match from.ratio_to(to) {
                Some((numerator, denominator)) => {
                    assert!(numerator.max(denominator) <= u128::from(u64::MAX), "{from} in {to}");
                }
                None => assert_ne!(from.dimension(), to.dimension()),
            }
        }
    }

    #[test]
    fn the_documented_spellings_exist() {
        let documented = "bit bits byte bytes KB kilobytes KiB kibibytes MB megabytes MiB mebibytes GB gigabytes \
            GiB gibibytes TB terabytes TiB tebibytes PB petabytes PiB pebibytes EB exabytes EiB exbibytes day days \
            hr hours min minutes s seconds ms milliseconds us microseconds ns nanoseconds km kilometers m meters cm \
            centimeters mm millimeters mi miles yd yards ft feet in inches t tonnes kg kilograms g grams mg \
            milligrams lb lbs oz ounces B kB h hour sec second d week weeks";
        for spelling in documented.split_whitespace() {
            assert!(Unit::parse(spelling).is_ok(), "{spelling}");
        }
        assert_eq!(documented.split_whitespace().count(), rows().count());
    }

    #[test]
    fn suggests_the_nearest_spelling() {
        let cases = [
            ("mb", Some("MB")),
            ("Mb", Some("MB")),
            ("gb", Some("GB")),
            ("gib", Some("GiB")),
            ("Bytes", Some("bytes")),
            ("MX", Some("MB")),
            ("DAYS", Some("days")),
            ("dys", Some("days")),
            ("hrs", Some("hr")),
            ("mins", Some("min")),
            ("minute", Some("minutes")),
            ("metres", Some("meters")),
            ("µs", Some("us")),
            ("kilobites", Some("kilobytes")),
            ("", None),
            ("x", None),
            ("years", None),
            ("months", None),
            ("fortnights", None),
            ("tokens", None),
        ];
        for (spelling, expected) in cases {
            match Unit::parse(spelling) {
                Err(QuantityError::UnknownUnit { suggestion, .. }) => {
                    assert_eq!(suggestion, expected, "{spelling}");
                }
                other => panic!("{spelling}: {other:?}"),
            }
        }
        assert!(Unit::parse(&"k".repeat(1_000_000)).unwrap_err().to_string().len() < 200);
    }
}
