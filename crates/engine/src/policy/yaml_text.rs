//! JSON values as YAML text: block style, and a text bare only where no reader could take it for anything else.

use serde_json::Value;

/// The YAML document of a value.
pub(super) fn write(value: &Value) -> String {
    let mut out = String::new();
    match value {
        Value::Object(fields) if !fields.is_empty() => block(value, 0, &mut out),
        _ => {
            inline(value, &mut out);
            out.push('\n');
        }
    }
    out
}

/// Writes a map or list that isn't empty, each line indented by `indent` spaces.
fn block(value: &Value, indent: usize, out: &mut String) {
    let deeper = indent.saturating_add(2);
    match value {
        Value::Object(fields) => {
            for (key, value) in fields {
                self::key(key, indent, out);
                nested(value, deeper, out);
            }
        }
        Value::Array(items) => {
            for item in items {
                out.extend(std::iter::repeat_n(' ', indent));
                out.push('-');
                nested(item, deeper, out);
            }
        }
        _ => inline(value, out),
    }
}

/// YAML refuses a key of more than 1,024 characters before its colon, unless a question mark announces it.
const PLAIN_KEY_MAX: usize = 1_000;

/// Writes a key and its colon, indented by `indent` spaces.
fn key(key: &str, indent: usize, out: &mut String) {
    let mut spelled = String::new();
    text(key, &mut spelled);
    let margin = || std::iter::repeat_n(' ', indent);
    out.extend(margin());
    if spelled.len() > PLAIN_KEY_MAX {
        out.push_str("? ");
        spelled.push('\n');
        spelled.extend(margin());
    }
    out.push_str(&spelled);
    out.push(':');
}

fn nested(value: &Value, indent: usize, out: &mut String) {
    if is_block(value) {
        out.push('\n');
        block(value, indent, out);
    } else {
        out.push(' ');
        inline(value, out);
        out.push('\n');
    }
}

fn is_block(value: &Value) -> bool {
    match value {
        Value::Object(fields) => !fields.is_empty(),
        Value::Array(items) => !items.is_empty(),
        _ => false,
    }
}

fn inline(value: &Value, out: &mut String) {
    match value {
        Value::String(string) => text(string, out),
        // `{}`, `[]`, numbers, true, false and null are the same in YAML.
        _ => out.push_str(&value.to_string()),
    }
}

/// Words that some reader of YAML takes for something else than text.
const NOT_TEXT: &[&str] = &["null", "true", "false", "yes", "no", "on", "off", "y", "n"];

fn text(string: &str, out: &mut String) {
    let starts_as_word = string.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    let is_word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '/');
    let is_other = NOT_TEXT.contains(&string.to_ascii_lowercase().as_str());
    if starts_as_word && string.chars().all(is_word) && !is_other {
        out.push_str(string);
        return;
    }
    // A text of JSON is a text in double quotes of YAML, save for the characters that YAML doesn't print.
    for c in Value::String(string.to_owned()).to_string().chars() {
        match c {
            '\u{7f}'..='\u{9f}' | '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}' => {
                out.push_str(&format!("\\u{:04x}", u32::from(c)));
            }
            _ => out.push(c),
        }
    }
}
