//! What messages speak of: instances and changes.

use std::fmt;
use std::str::FromStr;

use limitr_engine::Change;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use serde_json::Value;

/// One running engine: 128 random bits that its host drew when it opened, written as 32 hexadecimal digits. With a store every
/// opening is another instance, so that a change's number is never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InstanceId(pub u128);

impl fmt::Display for InstanceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl FromStr for InstanceId {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<InstanceId, Self::Err> {
        let digits = text.len() == 32 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        let number = digits.then(|| u128::from_str_radix(text, 16).ok()).flatten();
        number.map(InstanceId).ok_or("an instance is 32 lower-case hexadecimal digits")
    }
}

impl Serialize for InstanceId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for InstanceId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<InstanceId, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

/// A change as it crosses: the engine's own JSON form, read once, where it arrives.
#[derive(Clone, Debug, PartialEq)]
pub struct Sent(pub Change);

impl Serialize for Sent {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Sent {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Sent, D::Error> {
        Change::from_json(&Value::deserialize(deserializer)?).map(Sent).map_err(de::Error::custom)
    }
}
