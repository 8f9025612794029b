//! Stands in for `wasm-bindgen` inside the sandbox, where there is no JavaScript to call: the one value that `chrono` makes.

/// A JavaScript value that is a number.
#[derive(Debug, Clone, Copy)]
pub struct JsValue(pub f64);

impl JsValue {
    /// A number.
    pub fn from_f64(value: f64) -> Self {
        Self(value)
    }
}
