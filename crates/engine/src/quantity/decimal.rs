//! Reads and writes decimal text exactly.
//!
//! 1. Text is scanned once, byte by byte: a sign, digits with `_` between them, a fraction, an exponent.
//! 2. The first 38 significant digits are kept as an integer; of the rest only whether any isn't 0 is known.
//!    Since an amount is below 10²⁵ and ends at 10⁻¹², 38 digits and that one fact round it exactly.
//! 3. The exponent is a saturating integer and no digit is ever written out for it, so `1e999999999` costs
//!    as much as `1e9`.

use std::fmt;

/// 10³⁷: a significand below it has room for one more digit.
const ROOM: u128 = 10_u128.pow(37);

/// The number `±significand × 10^exponent`, a little more in magnitude if `inexact`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Decimal {
    pub(super) negative: bool,
    /// Below 10³⁸.
    pub(super) significand: u128,
    pub(super) exponent: i64,
    /// Whether digits other than 0 were left off after the 38th.
    pub(super) inexact: bool,
}

/// Reads the number that `text` starts with, and gives what follows it. `None` if it doesn't start with one.
///
/// An `e` belongs to the number only if digits follow, so that `5EB` is 5 exabytes.
pub(super) fn scan(text: &str) -> Option<(Decimal, &str)> {
    let (negative, unsigned) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let mut number = Decimal { negative, significand: 0, exponent: 0, inexact: false };
    let (whole, mut rest) = split_digits(unsigned)?;
    for digit in digits(whole) {
        number.push(digit, false);
    }
    let mut fraction = "";
    if let Some(after) = rest.strip_prefix('.') {
        (fraction, rest) = split_digits(after)?;
        for digit in digits(fraction) {
            number.push(digit, true);
        }
    }
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    if let Some(after) = rest.strip_prefix(['e', 'E']) {
        let (down, unsigned) = match after.strip_prefix('-') {
            Some(unsigned) => (true, unsigned),
            None => (false, after.strip_prefix('+').unwrap_or(after)),
        };
        let (power, left) = split_digits(unsigned)?;
        if !power.is_empty() {
            let size = digits(power)
                .fold(0_i64, |sum, digit| sum.saturating_mul(10).saturating_add(i64::from(digit)));
            number.exponent = number.exponent.saturating_add(if down { size.saturating_neg() } else { size });
            rest = left;
        }
    }
    Some((number.normal(), rest))
}

/// Splits off the leading digits. `None` where a `_` isn't between two digits.
fn split_digits(text: &str) -> Option<(&str, &str)> {
    let end = text.bytes().take_while(|byte| byte.is_ascii_digit() || *byte == b'_').count();
    let (run, rest) = text.split_at_checked(end)?;
    let misplaced = run.starts_with('_') || run.ends_with('_') || run.contains("__");
    if misplaced { None } else { Some((run, rest)) }
}

fn digits(run: &str) -> impl Iterator<Item = u8> {
    run.bytes().filter(u8::is_ascii_digit).map(|byte| byte.wrapping_sub(b'0'))
}

impl Decimal {
    fn push(&mut self, digit: u8, in_fraction: bool) {
        if self.significand < ROOM {
            self.significand = self.significand.wrapping_mul(10).wrapping_add(u128::from(digit));
            if in_fraction {
                self.exponent = self.exponent.saturating_sub(1);
            }
        } else {
            self.inexact |= digit != 0;
            if !in_fraction {
                self.exponent = self.exponent.saturating_add(1);
            }
        }
    }

    /// 0 in its one form, so that neither `-0` nor `0e99` is seen.
    fn normal(self) -> Decimal {
        if self.significand == 0 { Decimal { negative: false, exponent: 0, ..self } } else { self }
    }
}

/// The same number with the fewest digits: 2500 × 10⁻³ is 25 × 10⁻¹, and 0 is 0 × 10⁰.
pub(super) fn trimmed(mut significand: u128, mut exponent: i64) -> (u128, i64) {
    if significand == 0 {
        return (0, 0);
    }
    while significand.is_multiple_of(10) {
        significand /= 10;
        exponent = exponent.saturating_add(1);
    }
    (significand, exponent)
}

/// Writes `±significand × 10^exponent` in plain decimal digits: no exponent, no zeros at the end of a
/// fraction, never `-0`. The caller keeps the exponent small.
pub(super) fn write_plain(
    f: &mut fmt::Formatter<'_>,
    negative: bool,
    significand: u128,
    exponent: i64,
) -> fmt::Result {
    let (significand, exponent) = trimmed(significand, exponent);
    if negative && significand != 0 {
        f.write_str("-")?;
    }
    let digits = significand.to_string();
    if exponent >= 0 {
        let zeros = usize::try_from(exponent).unwrap_or(0);
        return write!(f, "{digits}{:0<zeros$}", "");
    }
    let decimals = usize::try_from(exponent.unsigned_abs()).unwrap_or(usize::MAX);
    match digits.len().checked_sub(decimals).and_then(|whole| digits.split_at_checked(whole)) {
        Some((whole, fraction)) if !whole.is_empty() => write!(f, "{whole}.{fraction}"),
        _ => write!(f, "0.{digits:0>decimals$}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scanned(text: &str) -> Option<(bool, u128, i64, &str)> {
        scan(text).map(|(number, rest)| (number.negative, number.significand, number.exponent, rest))
    }

    #[test]
    fn reads_what_people_write() {
        assert_eq!(scanned("12"), Some((false, 12, 0, "")));
        assert_eq!(scanned("+1_000.5"), Some((false, 10_005, -1, "")));
        assert_eq!(scanned("-.5e-3"), Some((true, 5, -4, "")));
        assert_eq!(scanned("5."), Some((false, 5, 0, "")));
        assert_eq!(scanned("1E+1_0"), Some((false, 1, 10, "")));
        assert_eq!(scanned("-0.00e7"), Some((false, 0, 0, "")));
    }

    #[test]
    fn an_e_without_digits_is_left_over() {
        assert_eq!(scanned("5EB"), Some((false, 5, 0, "EB")));
        assert_eq!(scanned("5e6EB"), Some((false, 5, 6, "EB")));
        assert_eq!(scanned("5e"), Some((false, 5, 0, "e")));
        assert_eq!(scanned("5e+x"), Some((false, 5, 0, "e+x")));
    }

    #[test]
    fn junk_is_no_number() {
        for text in
            ["", "-", ".", "-.", "_1", "1_", "1__0", "1_.5", "1._5", "e5", "--1", "+-1", "NaN", "inf", "٣"]
        {
            assert_eq!(scanned(text), None, "{text}");
        }
        assert_eq!(scanned("1e_5"), None);
        assert_eq!(scanned("0x10"), Some((false, 0, 0, "x10")));
        assert_eq!(scanned("1,5"), Some((false, 1, 0, ",5")));
    }

    #[test]
    fn digits_past_the_38th_are_known_only_as_inexact() {
        let long = format!("1.{}", "3".repeat(60));
        let (number, _) = scan(&long).unwrap();
        assert!(number.inexact && number.exponent == -37);
        let (zeros, _) = scan(&format!("1{}", "0".repeat(60))).unwrap();
        assert!(!zeros.inexact && zeros.exponent == 23);
        let (padded, _) = scan(&format!("{}7", "0".repeat(60))).unwrap();
        assert_eq!((padded.significand, padded.exponent, padded.inexact), (7, 0, false));
    }

    #[test]
    fn exponents_saturate() {
        let (number, rest) = scan("1e99999999999999999999999").unwrap();
        assert_eq!((number.exponent, rest), (i64::MAX, ""));
        let (number, _) = scan("0.1e-99999999999999999999999").unwrap();
        assert_eq!(number.exponent, i64::MIN);
    }

    #[test]
    fn trims_zeros_at_the_end() {
        assert_eq!(trimmed(2_500, -3), (25, -1));
        assert_eq!(trimmed(0, -12), (0, 0));
    }
}
