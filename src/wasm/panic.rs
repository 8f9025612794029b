//! What a panic said, kept where the facade finds it after the trap. Nothing is allocated: memory may be what is missing.

use std::cell::RefCell;
use std::fmt::{self, Write};

use wasm_bindgen::prelude::wasm_bindgen;

/// Most bytes of what a panic says; the rest is cut off.
const BYTES_MAX: usize = 1024;

thread_local! {
    static SAID: RefCell<Said> = const { RefCell::new(Said { bytes: [0; BYTES_MAX], length: 0 }) };
}

struct Said {
    bytes: [u8; BYTES_MAX],
    length: usize,
}

impl Write for Said {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let room = &mut self.bytes[self.length..];
        let length = text.len().min(room.len());
        room[..length].copy_from_slice(&text.as_bytes()[..length]);
        self.length += length;
        Ok(())
    }
}

/// Runs when the module is instantiated.
#[wasm_bindgen(start)]
pub fn start() {
    std::panic::set_hook(Box::new(|panic| {
        SAID.with_borrow_mut(|said| {
            said.length = 0;
            let _ = write!(said, "{panic}"); // it never fails
        });
    }));
}

/// Where the last panic's text stands, in UTF-8.
#[wasm_bindgen(js_name = "panicAt")]
pub fn panic_at() -> *const u8 {
    SAID.with_borrow(|said| said.bytes.as_ptr())
}

/// How many bytes it has; 0: there was none.
#[wasm_bindgen(js_name = "panicLength")]
pub fn panic_length() -> usize {
    SAID.with_borrow(|said| said.length)
}
