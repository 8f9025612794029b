//! JSON (RFC 8259), strictly, into the tree.
//!
//! The structure is walked here, with an explicit stack in the [`Builder`]; a string token is found here and
//! decoded by `serde_json`, which refuses bad escapes, lone surrogates and raw control characters. `serde_json`
//! itself has no positions, and the JSON readers that have them accept more than JSON.

use super::super::codes;
use super::super::position::Span;
use super::super::report::{Problem, quoted};
use super::tree::{Builder, Content, Node, Stop};

/// Reads a whole text. The problems beside the tree don't keep it from being read on.
pub(super) fn read(text: &str) -> Result<(Node, Vec<Problem>), Stop> {
    let mut reader = Reader { text, bytes: text.as_bytes(), at: 0, builder: Builder::default() };
    reader.document()?;
    Ok(reader.builder.finish())
}

struct Reader<'s> {
    text: &'s str,
    bytes: &'s [u8],
    at: usize,
    builder: Builder,
}

/// What may come next.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Expect {
    /// A value.
    Value,
    /// The first value of a list, or its end.
    FirstItem,
    /// A key.
    Key,
    /// The first key of a map, or its end.
    FirstKey,
    /// A comma or the end of what is open; the end of the text if nothing is.
    More,
}

impl Reader<'_> {
    fn document(&mut self) -> Result<(), Stop> {
        let mut expect = Expect::Value;
        loop {
            self.skip_space();
            let Some(byte) = self.peek() else {
                return match expect {
                    Expect::More if self.builder.depth() == 0 => Ok(()),
                    _ => Err(self.unexpected_end()),
                };
            };
            expect = match (expect, byte) {
                (Expect::FirstItem, b']') | (Expect::FirstKey, b'}') => self.close(),
                (Expect::Key | Expect::FirstKey, b'"') => self.key()?,
                (Expect::Value | Expect::FirstItem, _) => self.value(byte)?,
                (Expect::More, _) => self.more(byte)?,
                (Expect::Key | Expect::FirstKey, _) => return Err(self.unexpected("a key in double quotes")),
            };
        }
    }

    fn value(&mut self, byte: u8) -> Result<Expect, Stop> {
        let start = self.at;
        let span = Span::new(start, start.saturating_add(1));
        match byte {
            b'{' => {
                self.builder.open_map(span)?;
                self.step();
                return Ok(Expect::FirstKey);
            }
            b'[' => {
                self.builder.open_list(span)?;
                self.step();
                return Ok(Expect::FirstItem);
            }
            b'"' => {
                let text = self.string()?;
                self.scalar(start, Content::Text(text.into()));
            }
            b'-' | b'0'..=b'9' => {
                let number = self.number()?;
                self.scalar(start, Content::Number(number.into()));
            }
            _ => {
                let content = self.word()?;
                self.scalar(start, content);
            }
        }
        Ok(Expect::More)
    }

    fn more(&mut self, byte: u8) -> Result<Expect, Stop> {
        let in_map = self.builder.wants_key();
        match byte {
            _ if self.builder.depth() == 0 => Err(self.unexpected("the end of the text")),
            b',' => {
                self.step();
                Ok(if in_map { Expect::Key } else { Expect::Value })
            }
            b'}' if in_map => Ok(self.close()),
            b']' if !in_map => Ok(self.close()),
            _ => Err(self.unexpected(if in_map { "`,` or `}`" } else { "`,` or `]`" })),
        }
    }

    fn key(&mut self) -> Result<Expect, Stop> {
        let start = self.at;
        let key = self.string()?;
        self.builder.key(key.into(), Span::new(start, self.at));
        self.skip_space();
        if self.peek() != Some(b':') {
            return Err(self.unexpected("`:`"));
        }
        self.step();
        Ok(Expect::Value)
    }

    fn close(&mut self) -> Expect {
        self.step();
        self.builder.close(self.at);
        Expect::More
    }

    fn scalar(&mut self, start: usize, content: Content) {
        self.builder.value(Node { span: Span::new(start, self.at), content });
    }

    fn word(&mut self) -> Result<Content, Stop> {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(rest.len());
        let content = match rest.get(..end).unwrap_or_default() {
            "true" => Content::Bool(true),
            "false" => Content::Bool(false),
            "null" => Content::Null,
            _ => return Err(self.unexpected("a value")),
        };
        self.at = self.at.saturating_add(end);
        Ok(content)
    }

    /// The text of the string that starts here.
    fn string(&mut self) -> Result<String, Stop> {
        let start = self.at;
        self.step();
        loop {
            match self.peek() {
                Some(b'"') => break,
                Some(b'\\') => {
                    self.step();
                    self.step();
                }
                Some(b'\n') | None => {
                    return Err(self.syntax("a text isn't closed".to_owned(), start, "add a closing `\"`"));
                }
                Some(_) => self.step(),
            }
        }
        self.step();
        let token = self.text.get(start..self.at).unwrap_or_default();
        serde_json::from_str(token).map_err(|error| {
            let at = start.saturating_add(error.column().saturating_sub(1));
            let reason = error.to_string();
            let reason = reason.split(" at line ").next().unwrap_or_default();
            let help = if reason.contains("hex escape") || reason.contains("surrogate") {
                "write the character itself, or both halves of its surrogate pair"
            } else {
                "write `\\\\` for a backslash, `\\n` for a line end"
            };
            self.syntax(format!("bad text: {reason}"), at, help)
        })
    }

    /// The digits of the number that starts here, as they are.
    fn number(&mut self) -> Result<String, Stop> {
        let start = self.at;
        if self.peek() == Some(b'-') {
            self.step();
        }
        let leading_zero = self.peek() == Some(b'0');
        let whole = self.digits();
        let mut good = whole > 0 && !(leading_zero && whole > 1);
        if self.peek() == Some(b'.') {
            self.step();
            good &= self.digits() > 0;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.step();
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.step();
            }
            good &= self.digits() > 0;
        }
        let number = self.text.get(start..self.at).unwrap_or_default();
        if good {
            return Ok(number.to_owned());
        }
        let message = format!("{} isn't a number in JSON", quoted(number));
        Err(self.syntax(message, start, "write it as `10`, `-0.5` or `1e6`"))
    }

    fn digits(&mut self) -> usize {
        let start = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.step();
        }
        self.at.saturating_sub(start)
    }

    fn skip_space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.step();
        }
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn step(&mut self) {
        self.at = self.at.saturating_add(1);
    }

    fn unexpected(&self, wanted: &str) -> Stop {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let found = rest.chars().next().map_or_else(|| "the end".to_owned(), |c| quoted(&c.to_string()));
        let help = match rest.as_bytes().first() {
            Some(b'}' | b']') => "remove the comma before it",
            Some(b'/' | b'#') => "JSON has no comments; YAML and TOML have",
            Some(b'\'') => "JSON takes double quotes only",
            _ => "check the commas, quotes and brackets before it",
        };
        self.syntax(format!("expected {wanted}, found {found}"), self.at, help)
    }

    fn unexpected_end(&self) -> Stop {
        let help = "close every `{`, `[` and `\"` that is open";
        self.syntax("the text ends too early".to_owned(), self.bytes.len(), help)
    }

    fn syntax(&self, message: String, at: usize, help: &str) -> Stop {
        let span = Span::new(at, at.saturating_add(1));
        Box::new(Problem::at_span(codes::SYNTAX, message, self.builder.path(), span).with_help(help))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::read;

    /// Texts that are nearly JSON.
    fn nearly_json() -> impl Strategy<Value = String> {
        const PIECES: &[&str] = &[
            "{",
            "}",
            "[",
            "]",
            ",",
            ":",
            "\"a\"",
            "\"\\u00e9\"",
            "\"\\ud800\"",
            "\"\\ud83d\\ude00\"",
            "\"\t\"",
            "\"\\x\"",
            "0",
            "-0",
            "01",
            "1.5",
            "1.",
            ".5",
            "1e5",
            "1E+2",
            "1e",
            "-",
            "+1",
            "true",
            "false",
            "null",
            "nul",
            "NaN",
            " ",
            "\n",
            "\u{a0}",
            "\u{b}",
            "//",
            "'a'",
            "\"",
        ];
        proptest::collection::vec(proptest::sample::select(PIECES), 0..12).prop_map(|parts| parts.concat())
    }

    proptest! {
        #[test]
        fn accepts_exactly_what_json_is(text in nearly_json()) {
            let expected = serde_json::from_str::<serde_json::Value>(&text);
            // A number that no double reaches is JSON all the same.
            prop_assume!(!expected.as_ref().is_err_and(|error| error.to_string().contains("out of range")));
            let expected = expected.is_ok();
            prop_assert_eq!(read(&text).is_ok(), expected, "{}", text);
        }

        #[test]
        fn reads_the_same_values(value in arbitrary_value()) {
            let text = value.to_string();
            let (node, problems) = read(&text).map_err(|_| TestCaseError::fail("refused"))?;
            prop_assert!(problems.is_empty());
            prop_assert_eq!(node.to_value(), value);
        }
    }

    fn arbitrary_value() -> impl Strategy<Value = serde_json::Value> {
        let leaf = prop_oneof![
            Just(serde_json::Value::Null),
            any::<bool>().prop_map(Into::into),
            any::<i32>().prop_map(Into::into),
            any::<String>().prop_map(Into::into),
        ];
        leaf.prop_recursive(6, 64, 8, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..8).prop_map(Into::into),
                proptest::collection::btree_map(any::<String>(), inner, 0..8)
                    .prop_map(|map| serde_json::Value::Object(map.into_iter().collect())),
            ]
        })
    }
}
