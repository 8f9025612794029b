//! What a bare word of YAML or TOML is.

/// What a plain scalar of YAML 1.2 is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Plain {
    Null,
    Bool(bool),
    /// As it is written; hexadecimal and octal in decimal digits.
    Number(String),
    Text,
}

/// Reads a plain scalar by the core schema of YAML 1.2, with `_` between digits as well.
pub(super) fn plain(text: &str) -> Plain {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Plain::Null,
        "true" | "True" | "TRUE" => return Plain::Bool(true),
        "false" | "False" | "FALSE" => return Plain::Bool(false),
        _ => {}
    }
    for (prefix, radix) in [("0x", 16), ("0o", 8)] {
        if let Some(number) = text.strip_prefix(prefix).and_then(|digits| decimal(digits, radix)) {
            return Plain::Number(number);
        }
    }
    if is_number(text) || is_not_finite(text) { Plain::Number(text.to_owned()) } else { Plain::Text }
}

/// The decimal digits of a number in another radix, if it has any and fits.
pub(super) fn decimal(digits: &str, radix: u32) -> Option<String> {
    i128::from_str_radix(digits, radix)
        .ok()
        .filter(|_| !digits.starts_with(['-', '+']))
        .map(|n| n.to_string())
}

/// `.inf` and `.nan`: numbers to YAML, which no field takes and each then refuses by its own name.
fn is_not_finite(text: &str) -> bool {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    matches!(unsigned, ".inf" | ".Inf" | ".INF") || matches!(text, ".nan" | ".NaN" | ".NAN")
}

/// `[-+] digits [. digits] [e [-+] digits]`, or the like without digits before the point.
fn is_number(text: &str) -> bool {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (unsigned, None),
    };
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (mantissa, None),
    };
    let mantissa_is_good = match fraction {
        None => is_digits(whole),
        Some("") => is_digits(whole),
        Some(fraction) => (whole.is_empty() || is_digits(whole)) && is_digits(fraction),
    };
    mantissa_is_good && exponent.is_none_or(|e| is_digits(e.strip_prefix(['-', '+']).unwrap_or(e)))
}

/// Digits, with single `_` between them.
fn is_digits(text: &str) -> bool {
    !text.is_empty()
        && text.split('_').all(|run| !run.is_empty() && run.bytes().all(|byte| byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_scalars_are_what_yaml_1_2_says() {
        for text in
            ["1", "-1", "+1", "1_000", "1e6", "1E-6", "0.1", ".5", "1.", "-0", "007", ".inf", "-.INF", ".nan"]
        {
            assert_eq!(plain(text), Plain::Number(text.to_owned()), "{text}");
        }
        for text in
            ["yes", "on", "1_", "_1", "1__0", "e5", ".", "-", "1e", "1e+", "0x", "0xg", "--1", "5MB", "1:30"]
        {
            assert_eq!(plain(text), Plain::Text, "{text}");
        }
        assert_eq!(plain("0xff"), Plain::Number("255".to_owned()));
        assert_eq!(plain("0o17"), Plain::Number("15".to_owned()));
        assert_eq!(plain("~"), Plain::Null);
        assert_eq!(plain("True"), Plain::Bool(true));
    }
}
