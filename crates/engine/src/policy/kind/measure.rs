//! Numbers, quantities, units, durations and schedules. Texts become exact numbers in [`quantity`](crate::quantity).

use serde_json::{Value, json};

use super::super::codes;
use super::super::parse::tree::{Content, Node};
use super::super::report::Report;
use super::{Kind, wrong_type};
use crate::quantity::{Amount, Duration, Quantity, QuantityError, Schedule, Unit};

/// Reports what `quantity` says, whose messages end in what to do about it.
fn refuse(code: &'static str, message: &str, report: &mut Report<'_>) {
    match message.rsplit_once(": ") {
        Some((message, help)) => report.error(code, message).help(help),
        None => report.error(code, message),
    };
}

/// Reports a quantity that can't be read or doesn't convert.
pub(in crate::policy) fn bad_quantity(error: &QuantityError, report: &mut Report<'_>) {
    let code = match error.code() {
        "unknown_unit" => codes::UNKNOWN_UNIT,
        "unit_mismatch" => codes::UNIT_MISMATCH,
        _ => codes::BAD_QUANTITY,
    };
    refuse(code, &error.to_string(), report);
}

/// The text of a number or of a quantity in quotes.
fn number_text<'n>(expected: &str, node: &'n Node, report: &mut Report<'_>) -> Option<&'n str> {
    match &node.content {
        Content::Number(text) | Content::Text(text) => Some(text),
        _ => {
            wrong_type(expected, node, report);
            None
        }
    }
}

impl Kind for Quantity {
    fn read<'a>(node: &'a Node, report: &mut Report<'a>) -> Option<Self> {
        let text = number_text("a quantity", node, report)?;
        Quantity::parse(text).map_err(|error| bad_quantity(&error, report)).ok()
    }

    fn write(&self) -> Value {
        // Without a unit it is an amount, so that it fits one.
        match (self.unit(), self.in_unit(None)) {
            (None, Ok(amount)) => amount.to_json(),
            _ => Value::String(self.to_string()),
        }
    }

    fn label() -> String {
        "quantity".to_owned()
    }

    fn schema() -> Value {
        json!({ "anyOf": [
            { "type": "number" },
            { "type": "string", "pattern": format!("^{NUMBER}( ?({}))?$", Unit::spellings().collect::<Vec<_>>().join("|")), "examples": ["500MB", "1_000"] },
        ] })
    }
}

/// A number in a text, as a pattern.
const NUMBER: &str = r"[-+]?([0-9][0-9_]*(\.[0-9_]*)?|\.[0-9][0-9_]*)([eE][-+]?[0-9]+)?";

impl Kind for Amount {
    fn read<'a>(node: &'a Node, report: &mut Report<'a>) -> Option<Self> {
        let text = number_text("a number", node, report)?;
        Quantity::parse(text)
            .and_then(|quantity| quantity.in_unit(None))
            .map_err(|error| bad_quantity(&error, report))
            .ok()
    }

    fn write(&self) -> Value {
        self.to_json()
    }

    fn label() -> String {
        "number".to_owned()
    }

    fn schema() -> Value {
        json!({ "anyOf": [{ "type": "number" }, { "type": "string", "pattern": format!("^{NUMBER}$") }] })
    }
}

impl Kind for u32 {
    fn read<'a>(node: &'a Node, report: &mut Report<'a>) -> Option<Self> {
        let amount = Amount::read(node, report)?;
        let whole = amount.atoms().checked_div(Amount::SCALE).and_then(|whole| u32::try_from(whole).ok());
        let exact = whole.filter(|whole| Amount::from_int(i64::from(*whole)) == amount);
        if exact.is_none() {
            let message = format!("`{amount}` is not a whole number within 0 and {}", u32::MAX);
            report.error(codes::BAD_QUANTITY, message).help("give a whole number");
        }
        exact
    }

    fn write(&self) -> Value {
        Value::from(*self)
    }

    fn label() -> String {
        "whole number".to_owned()
    }

    fn schema() -> Value {
        json!({ "type": "integer", "minimum": 0, "maximum": u32::MAX })
    }
}

/// A statistic, not money: the only numbers that are doubles.
impl Kind for f64 {
    fn read<'a>(node: &'a Node, report: &mut Report<'a>) -> Option<Self> {
        let amount = Amount::read(node, report)?;
        let digits = number_text("a number", node, report)?.replace('_', "");
        Some(digits.parse().unwrap_or_else(|_| amount.to_f64()))
    }

    fn write(&self) -> Value {
        Value::from(*self)
    }

    fn label() -> String {
        "number".to_owned()
    }

    fn schema() -> Value {
        json!({ "type": "number" })
    }
}

impl Kind for Unit {
    fn read<'a>(node: &'a Node, report: &mut Report<'a>) -> Option<Self> {
        let Content::Text(text) = &node.content else {
            wrong_type("the name of a unit", node, report);
            return None;
        };
        Unit::parse(text).map_err(|error| bad_quantity(&error, report)).ok()
    }

    fn write(&self) -> Value {
        Value::String(self.name().to_owned())
    }

    fn label() -> String {
        "unit".to_owned()
    }

    fn schema() -> Value {
        json!({ "enum": Unit::spellings().collect::<Vec<_>>() })
    }
}

impl Kind for Duration {
    fn read<'a>(node: &'a Node, report: &mut Report<'a>) -> Option<Self> {
        let text = number_text("a duration", node, report)?;
        Duration::parse(text).map_err(|error| refuse(codes::BAD_DURATION, &error.to_string(), report)).ok()
    }

    fn write(&self) -> Value {
        Value::String(self.to_string())
    }

    fn label() -> String {
        "duration".to_owned()
    }

    fn schema() -> Value {
        let units: Vec<&str> =
            Unit::spellings().filter(|unit| Duration::parse(&format!("1{unit}")).is_ok()).collect();
        json!({ "anyOf": [
            { "type": "number", "description": "Milliseconds." },
            { "type": "string", "pattern": format!("^{NUMBER}( ?({}))?$", units.join("|")), "examples": ["30days", "10min"] },
        ] })
    }
}

impl Kind for Schedule {
    fn read<'a>(node: &'a Node, report: &mut Report<'a>) -> Option<Self> {
        let Content::Text(text) = &node.content else {
            wrong_type("a schedule", node, report).help("write one like `monthly:1` or `weekly:mon`");
            return None;
        };
        Schedule::parse(text).map_err(|error| refuse(codes::BAD_SCHEDULE, &error.to_string(), report)).ok()
    }

    fn write(&self) -> Value {
        Value::String(self.to_string())
    }

    fn label() -> String {
        "schedule".to_owned()
    }

    fn schema() -> Value {
        json!({
            "type": "string",
            "pattern": "^(monthly:([0-9]{1,2}|last)|weekly:(mon|tue|wed|thu|fri|sat|sun)\
                |nth_weekday:[1-5]:(mon|tue|wed|thu|fri|sat|sun)|yearly:[0-9]{1,2}-[0-9]{1,2}|quarterly:[0-9]{1,2})$",
            "examples": ["monthly:1", "monthly:last", "weekly:mon", "nth_weekday:2:tue", "yearly:1-31", "quarterly:1"],
        })
    }
}
