//! Reading a JSON object field by field, strictly: a wrong type or a field that nobody asked for refuses it.

use serde_json::{Map, Value};

use super::check_name;
use crate::error::EngineError;
use crate::quantity::{Amount, Duration};

/// An object of a record that is being read: what isn't read in the end is an error.
pub(crate) struct Fields {
    pub(super) path: String,
    pub(super) left: Map<String, Value>,
    /// The code of what is wrong.
    code: &'static str,
}

impl Fields {
    /// The fields of a record's part.
    ///
    /// # Errors
    /// `invalid_record` where it is no object, as for whatever is wrong with its fields.
    pub(crate) fn of(path: &str, value: &Value) -> Result<Fields, EngineError> {
        match value {
            Value::Object(fields) => {
                Ok(Fields { path: path.to_string(), left: fields.clone(), code: "invalid_record" })
            }
            _ => Err(EngineError::new("invalid_record", format!("{path} must be an object"))),
        }
    }

    /// Options of a call: what is wrong with them is `invalid_argument`.
    pub(crate) fn options(path: &str, options: &Map<String, Value>) -> Fields {
        Fields { path: path.to_string(), left: options.clone(), code: "invalid_argument" }
    }

    /// The field, unless it is missing or null.
    pub(crate) fn take(&mut self, name: &str) -> Option<Value> {
        self.left.remove(name).filter(|value| !value.is_null())
    }

    pub(crate) fn text(&mut self, name: &str) -> Result<Option<String>, EngineError> {
        match self.take(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(self.wrong(name, "must be text")),
        }
    }

    pub(crate) fn flag(&mut self, name: &str) -> Result<Option<bool>, EngineError> {
        match self.take(name) {
            None => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(flag)),
            Some(_) => Err(self.wrong(name, "must be true or false")),
        }
    }

    /// A duration: a number of milliseconds, or text with a unit of time.
    pub(crate) fn duration(&mut self, name: &str) -> Result<Option<Duration>, EngineError> {
        let text = match self.take(name) {
            None => return Ok(None),
            Some(Value::String(text)) => text,
            Some(Value::Number(number)) => number.to_string(),
            Some(_) => return Err(self.wrong(name, "must be a duration, such as `1day`")),
        };
        let duration = Duration::parse(&text);
        duration.map(Some).map_err(|error| {
            EngineError::new("bad_duration", format!("{}: `{name}` is no duration: {error}", self.path))
        })
    }

    /// A whole number that isn't below 0, 0 unless it is given.
    pub(crate) fn count(&mut self, name: &str) -> Result<u64, EngineError> {
        let count = u64::try_from(self.time(name)?.unwrap_or_default());
        count.map_err(|_| self.wrong(name, "must be at least 0"))
    }

    /// A name that must be there.
    pub(crate) fn name(&mut self, name: &str) -> Result<String, EngineError> {
        let text = self.text(name)?.ok_or_else(|| self.wrong(name, "is missing"))?;
        check_name(&format!("`{name}`"), &text)?;
        Ok(text)
    }

    /// A whole number, such as a time in milliseconds.
    pub(crate) fn time(&mut self, name: &str) -> Result<Option<i64>, EngineError> {
        match self.take(name) {
            None => Ok(None),
            Some(value) => match whole(&value) {
                Some(whole) => Ok(Some(whole)),
                None => Err(self.wrong(name, "must be a whole number")),
            },
        }
    }

    pub(crate) fn number(&mut self, name: &str) -> Result<f64, EngineError> {
        match self.take(name) {
            None => Ok(0.0),
            Some(value) => value.as_f64().ok_or_else(|| self.wrong(name, "must be a number")),
        }
    }

    pub(crate) fn amount(&mut self, name: &str) -> Result<Amount, EngineError> {
        Ok(self.amount_or_none(name)?.unwrap_or_default())
    }

    pub(crate) fn amount_or_none(&mut self, name: &str) -> Result<Option<Amount>, EngineError> {
        let amount = match self.take(name) {
            None => return Ok(None),
            Some(Value::Number(number)) => number.as_f64().map(Amount::from_f64),
            Some(Value::String(text)) => Some(Amount::parse(&text)),
            Some(_) => None,
        };
        match amount {
            Some(Ok(amount)) => Ok(Some(amount)),
            _ => Err(self.wrong(name, "must be an amount: a number, or text of its digits")),
        }
    }

    pub(crate) fn names(&mut self, name: &str, most: usize) -> Result<Vec<Box<str>>, EngineError> {
        let list = match self.take(name) {
            None => return Ok(Vec::new()),
            Some(Value::Array(list)) => list,
            Some(_) => return Err(self.wrong(name, "must be a list of names")),
        };
        if list.len() > most {
            let message = format!("{}: `{name}` has {} names; {most} is the most", self.path, list.len());
            return Err(EngineError::new("too_many", message));
        }
        let mut names: Vec<Box<str>> = Vec::with_capacity(list.len());
        for item in list {
            let Value::String(text) = item else { return Err(self.wrong(name, "must be a list of names")) };
            check_name(&format!("a name in `{name}`"), &text)?;
            names.push(text.into());
        }
        Ok(names)
    }

    pub(crate) fn map(&mut self, name: &str, most: usize) -> Result<Map<String, Value>, EngineError> {
        match self.take(name) {
            None => Ok(Map::new()),
            Some(Value::Object(map)) if map.len() <= most => Ok(map),
            Some(Value::Object(map)) => {
                let message =
                    format!("{}: `{name}` has {} entries; {most} is the most", self.path, map.len());
                Err(EngineError::new("too_many", message))
            }
            Some(Value::Array(list)) if list.is_empty() => Ok(Map::new()),
            Some(_) => Err(self.wrong(name, "must be an object keyed by name")),
        }
    }

    pub(crate) fn list(&mut self, name: &str, most: usize) -> Result<Vec<Value>, EngineError> {
        match self.take(name) {
            None => Ok(Vec::new()),
            Some(Value::Array(list)) if list.len() <= most => Ok(list),
            Some(Value::Array(list)) => {
                let message =
                    format!("{}: `{name}` has {} entries; {most} is the most", self.path, list.len());
                Err(EngineError::new("too_many", message))
            }
            Some(_) => Err(self.wrong(name, "must be a list")),
        }
    }

    /// All fields that weren't read, whatever they are.
    pub(crate) fn into_left(self) -> Map<String, Value> {
        self.left
    }

    /// All fields that weren't read.
    pub(crate) fn rest(&mut self, most: usize) -> Result<Map<String, Value>, EngineError> {
        if self.left.len() > most {
            let message = format!("{} has {} entries; {most} is the most", self.path, self.left.len());
            return Err(EngineError::new("too_many", message));
        }
        Ok(std::mem::take(&mut self.left))
    }

    /// Refuses what nobody asked for.
    pub(crate) fn done(self) -> Result<(), EngineError> {
        match self.left.keys().next() {
            Some(name) if self.code == "invalid_record" => Err(self.wrong(name, "is no field of a record")),
            Some(name) => Err(self.wrong(name, "is no option")),
            None => Ok(()),
        }
    }

    pub(crate) fn wrong(&self, name: &str, problem: &str) -> EngineError {
        EngineError::new(self.code, format!("{}: `{name}` {problem}", self.path))
    }
}

/// A whole number, however JSON spelled it.
fn whole(value: &Value) -> Option<i64> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    value.as_i64().or_else(|| {
        let number = value.as_f64()?;
        (number.fract() == 0.0 && number.abs() <= EXACT).then_some(number as i64)
    })
}
