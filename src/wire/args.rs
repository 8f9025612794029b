//! Arguments of a call: a JSON array, read by place. `null` stands for an argument that isn't given.

use limitr_engine::quantity::Duration;
use limitr_engine::{EngineError, Given};
use serde_json::{Map, Value};

/// Positional arguments.
pub(super) struct Args(Vec<Value>);

impl Args {
    /// Reads a JSON array.
    ///
    /// # Errors
    /// `invalid_argument`.
    pub(super) fn parse(text: &str) -> Result<Args, EngineError> {
        serde_json::from_str(text).map(Args).map_err(|error| {
            EngineError::new("invalid_argument", format!("the arguments can't be read: {error}"))
        })
    }

    /// The argument at `at`, if it is given.
    pub(super) fn get(&self, at: usize) -> Option<&Value> {
        self.0.get(at).filter(|value| !value.is_null())
    }

    /// Text that must be given.
    pub(super) fn text(&self, at: usize) -> Result<&str, EngineError> {
        self.text_or(at)?.ok_or_else(|| wrong(at, "must be text"))
    }

    /// Text, if it is given.
    pub(super) fn text_or(&self, at: usize) -> Result<Option<&str>, EngineError> {
        match self.get(at) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(wrong(at, "must be text")),
        }
    }

    /// Yes or no.
    pub(super) fn flag(&self, at: usize, otherwise: bool) -> Result<bool, EngineError> {
        match self.get(at) {
            None => Ok(otherwise),
            Some(Value::Bool(flag)) => Ok(*flag),
            Some(_) => Err(wrong(at, "must be true or false")),
        }
    }

    /// A whole number from 0 on.
    pub(super) fn whole(&self, at: usize, otherwise: u32) -> Result<u32, EngineError> {
        match self.get(at) {
            None => Ok(otherwise),
            Some(value) => value
                .as_f64()
                .filter(|number| number.fract() == 0.0 && (0.0..=f64::from(u32::MAX)).contains(number))
                .map(|number| number as u32)
                .ok_or_else(|| wrong(at, "must be a whole number from 0 on")),
        }
    }

    /// A value to meter: a number, or text with or without a unit. 0 unless it is given.
    pub(super) fn given(&self, at: usize) -> Result<Given<'_>, EngineError> {
        self.get(at).map_or(Ok(Given::Number(0.0)), |value| given(value, at))
    }

    /// A list of names, if it is given.
    pub(super) fn names(&self, at: usize) -> Result<Option<Vec<String>>, EngineError> {
        let Some(value) = self.get(at) else { return Ok(None) };
        let list = value.as_array().ok_or_else(|| wrong(at, "must be a list of names"))?;
        let texts = list.iter().map(|item| item.as_str().map(str::to_string)).collect::<Option<Vec<_>>>();
        texts.map(Some).ok_or_else(|| wrong(at, "must be a list of names"))
    }

    /// An object, if it is given.
    pub(super) fn object(&self, at: usize) -> Result<Option<&Map<String, Value>>, EngineError> {
        match self.get(at) {
            None => Ok(None),
            Some(Value::Object(object)) => Ok(Some(object)),
            Some(_) => Err(wrong(at, "must be an object")),
        }
    }

    /// A duration: text with a unit of time, or a number of milliseconds.
    pub(super) fn duration(&self, at: usize) -> Result<i64, EngineError> {
        let text = match self.get(at) {
            Some(Value::String(text)) => text.clone(),
            Some(Value::Number(number)) => number.to_string(),
            _ => return Err(wrong(at, "must be a duration, such as `1day` or a number of milliseconds")),
        };
        Ok(Duration::parse(&text)?.as_millis())
    }
}

/// A value to meter from JSON.
pub(super) fn given(value: &Value, at: usize) -> Result<Given<'_>, EngineError> {
    match value {
        Value::Number(number) => Ok(Given::Number(number.as_f64().unwrap_or(f64::NAN))),
        Value::String(text) => Ok(Given::Text(text)),
        _ => Err(wrong(at, "must be a quantity: a number, or text such as `500MB`")),
    }
}

/// A wrong argument, counted from 1 as people do.
pub(super) fn wrong(at: usize, problem: &str) -> EngineError {
    EngineError::new("invalid_argument", format!("argument {} {problem}", at.saturating_add(1)))
}
