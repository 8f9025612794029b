//! The vectors' matching rules: numbers within 10⁻⁹, objects by the listed fields only.

use serde_json::Value;

pub(crate) fn matches(expected: &Value, actual: &Value) -> bool {
    match (expected, actual) {
        (Value::Number(a), Value::Number(b)) => near(a.as_f64().unwrap(), b.as_f64().unwrap()),
        (Value::Object(fields), _) => {
            fields.iter().all(|(name, field)| matches(field, actual.get(name).unwrap_or(&Value::Null)))
        }
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| matches(a, b))
        }
        _ => expected == actual,
    }
}

pub(crate) fn matches_events(expected: &Value, actual: &[Value]) -> bool {
    matches(expected, &Value::from(actual.to_vec()))
}

fn near(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-9 * a.abs().max(b.abs()).max(1.0)
}
