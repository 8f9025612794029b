//! The two written forms of a change.
//!
//! 1. **JSON**: one flat object, `{seq, at, type, …}`, for people, adapters and servers. An amount that a double can't carry
//!    is text of its digits.
//! 2. **Bytes**, for the journal and for what waits to be taken: the time, then the effect in postcard's format, one change
//!    after the other. Numbers aren't in it: the first is known, and each next one is one more.

use std::marker::PhantomData;

use postcard::ser_flavors::Flavor;
use serde::de::value::{MapAccessDeserializer, MapDeserializer};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use serde_json::Value;

use super::{Change, Effected, metered_bytes};
use crate::error::EngineError;
use crate::quantity::Amount;

/// Adds a change to `bytes`.
#[inline]
pub(crate) fn write(bytes: &mut Vec<u8>, at: i64, effect: &Effected<&str>) -> bool {
    match effect {
        Effected::Metered(metered) => {
            metered_bytes::write(bytes, at, metered);
            true
        }
        effect => extend(bytes, &(at, effect)),
    }
}

/// Adds `value` to `bytes`; whether it could be written. Texts and numbers always can.
#[inline]
pub(crate) fn extend(bytes: &mut Vec<u8>, value: &impl Serialize) -> bool {
    let before = bytes.len();
    let written = postcard::serialize_with_flavor(value, Tail(bytes));
    if written.is_err() {
        bytes.truncate(before);
    }
    written.is_ok()
}

/// Changes that stand one after the other in bytes, oldest first. After one that can't be read comes none.
#[derive(Clone, Debug)]
pub struct Changes<'a, T = &'a str> {
    left: &'a [u8],
    seq: u64,
    names: PhantomData<T>,
}

impl<'a, T> Changes<'a, T> {
    /// The changes in `bytes`, the first of which has the number `first`.
    pub fn new(bytes: &'a [u8], first: u64) -> Changes<'a, T> {
        Changes { left: bytes, seq: first, names: PhantomData }
    }

    /// How many bytes aren't read yet.
    pub fn left(&self) -> usize {
        self.left.len()
    }
}

impl<'a, T: Deserialize<'a>> Iterator for Changes<'a, T> {
    type Item = Result<Change<T>, EngineError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.left.is_empty() {
            return None;
        }
        match postcard::take_from_bytes::<(i64, Effected<T>)>(self.left) {
            Ok(((at, effect), left)) => {
                let change = Change { seq: self.seq, at, effect };
                self.left = left;
                self.seq = self.seq.saturating_add(1);
                Some(Ok(change))
            }
            Err(error) => {
                self.left = &[];
                let message = format!("change {} can't be read: {error}", self.seq);
                Some(Err(EngineError::new("invalid_change", message)))
            }
        }
    }
}

impl<T: Serialize> Change<T> {
    /// The change as JSON: `{seq, at, type, …}`.
    ///
    /// ```
    /// # use limitr_engine::{Change, Effected};
    /// let change = Change { seq: 7, at: 0, effect: Effected::CustomerRemoved { holder: "user_1".into() } };
    /// let json = change.to_json();
    /// assert_eq!(json.to_string(), r#"{"seq":7,"at":0,"type":"customer-removed","holder":"user_1"}"#);
    /// assert_eq!(Change::from_json(&json)?, change);
    /// # Ok::<(), limitr_engine::EngineError>(())
    /// ```
    pub fn to_json(&self) -> Value {
        // An effect is an object, and its texts and numbers can always be written.
        serde_json::to_value(self).unwrap_or_default()
    }
}

impl Change {
    /// The change that [`Change::to_json`] wrote.
    ///
    /// # Errors
    /// `invalid_change`.
    pub fn from_json(json: &Value) -> Result<Change, EngineError> {
        let wrong = |problem: &str| {
            EngineError::new("invalid_change", format!("this is no change, {problem}: {}", shortened(json)))
        };
        let said = json.as_object().ok_or_else(|| wrong("but must be an object"))?;
        let seq = said.get("seq").and_then(Value::as_u64);
        let seq = seq.ok_or_else(|| wrong("`seq` must be a whole number"))?;
        let at = said.get("at").and_then(Value::as_i64);
        let at = at.ok_or_else(|| wrong("`at` must be a time in milliseconds"))?;
        let kind = said.get("type").and_then(Value::as_str).ok_or_else(|| wrong("`type` must be text"))?;
        // An effect is an object of one field: the type, with the rest of what it says.
        let rest = said.iter().filter(|(name, _)| !matches!(name.as_str(), "seq" | "at" | "type"));
        let rest = MapDeserializer::new(rest.map(|(name, value)| (name.as_str(), value)));
        let effect = MapDeserializer::new(std::iter::once((kind, rest)));
        let effect = Effected::deserialize(MapAccessDeserializer::new(effect));
        let effect = effect.map_err(|error: serde_json::Error| wrong(&error.to_string()))?;
        Ok(Change { seq, at, effect })
    }
}

/// JSON text of bounded length, for messages.
fn shortened(json: &Value) -> String {
    const MOST: usize = 200;
    let text = json.to_string();
    match text.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text,
    }
}

/// Lets postcard write to the end of a list of bytes.
struct Tail<'a>(&'a mut Vec<u8>);

impl Flavor for Tail<'_> {
    type Output = ();

    #[inline]
    fn try_extend(&mut self, data: &[u8]) -> postcard::Result<()> {
        self.0.extend_from_slice(data);
        Ok(())
    }

    #[inline]
    fn try_push(&mut self, data: u8) -> postcard::Result<()> {
        self.0.push(data);
        Ok(())
    }

    fn finalize(self) -> postcard::Result<()> {
        Ok(())
    }
}

/// JSON within a change: itself among JSON, text among bytes.
pub(crate) mod json_text {
    use super::{Deserialize, Deserializer, Serialize, Serializer, Value, de};

    pub(crate) fn serialize<S: Serializer>(value: &Value, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            return value.serialize(serializer);
        }
        serializer.serialize_str(&value.to_string())
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Value, D::Error> {
        if deserializer.is_human_readable() {
            return Value::deserialize(deserializer);
        }
        let text = String::deserialize(deserializer)?;
        serde_json::from_str(&text).map_err(de::Error::custom)
    }
}

impl Serialize for Amount {
    #[inline]
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            return self.to_json().serialize(serializer);
        }
        // An integer is as long as its value, whatever it was: a small one is written as the small one that it is.
        match i64::try_from(self.atoms()) {
            Ok(0) => serializer.serialize_u8(0),
            Ok(atoms) => serializer.serialize_i64(atoms),
            Err(_) => serializer.serialize_i128(self.atoms()),
        }
    }
}

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Amount, D::Error> {
        if !deserializer.is_human_readable() {
            return i128::deserialize(deserializer).map(Amount::from_atoms);
        }
        let text = match Value::deserialize(deserializer)? {
            Value::String(text) => text,
            Value::Number(number) => number.to_string(),
            other => return Err(de::Error::custom(format!("`{other}` is no amount"))),
        };
        Amount::parse(&text).map_err(de::Error::custom)
    }
}
