//! What the facade reads from the module's memory: the numbers of a decision or an event, and the last text.

use std::cell::RefCell;

use wasm_bindgen::prelude::wasm_bindgen;

use crate::wire::ANSWER_LEN;

thread_local! {
    static ANSWER: RefCell<[f64; ANSWER_LEN]> = const { RefCell::new([0.0; ANSWER_LEN]) };
    static TEXT: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Where the numbers of `decide`, `explain` and `nextEvent` stand: 32 doubles.
#[wasm_bindgen(js_name = "answerAt")]
pub fn answer_at() -> *const f64 {
    ANSWER.with_borrow(|answer| answer.as_ptr())
}

/// Where the text stands that the last door left, in UTF-8.
#[wasm_bindgen(js_name = "textAt")]
pub fn text_at() -> *const u8 {
    TEXT.with_borrow(|text| text.as_ptr())
}

/// Frees the text that the last door left.
#[wasm_bindgen(js_name = "dropText")]
pub fn drop_text() {
    TEXT.take();
}

/// Works with the room for an answer.
pub(super) fn with_answer<T>(work: impl FnOnce(&mut [f64; ANSWER_LEN]) -> T) -> T {
    ANSWER.with_borrow_mut(work)
}

/// Leaves a text to be read; its length in bytes.
pub(super) fn leave(text: String) -> usize {
    let length = text.len();
    TEXT.replace(text);
    length
}
