//! Memory that both sides use: a room that the facade writes a name into, the names it was given handles for, and the
//! numbers of the last answer.

use std::cell::{Cell, RefCell};

use limitr_engine::limits::NAME_BYTES_MAX;
use wasm_bindgen::prelude::wasm_bindgen;

use crate::wire::ANSWER_LEN;

/// Most names of a kind that have a handle at a time.
const HANDLES_MAX: usize = 1 << 16;

/// What a name is of; the facade sends the number.
const KINDS: usize = 2;

thread_local! {
    static NAME: [Cell<u8>; NAME_BYTES_MAX] = const { [const { Cell::new(0) }; NAME_BYTES_MAX] };
    static HANDLES: RefCell<[Vec<Box<str>>; KINDS]> = const { RefCell::new([Vec::new(), Vec::new()]) };
    static ANSWER: RefCell<[f64; ANSWER_LEN]> = const { RefCell::new([f64::NAN; ANSWER_LEN]) };
}

/// Where the facade writes a name in UTF-8, and how many bytes fit.
#[wasm_bindgen(js_name = "nameRoom")]
pub fn name_room() -> usize {
    NAME.with(|room| room.as_ptr() as usize)
}

/// How many bytes of a name fit into its room.
#[wasm_bindgen(js_name = "nameRoomBytes")]
pub fn name_room_bytes() -> usize {
    NAME_BYTES_MAX
}

/// Gives the name in the room a handle: of a customer (kind 0) or an entitlement (kind 1). -1: there are as many as there
/// may be, and `forgetHandles` makes room. -2: it is no text.
#[wasm_bindgen(js_name = "newHandle")]
pub fn new_handle(kind: usize, length: usize) -> i32 {
    let bytes: Vec<u8> = NAME.with(|room| room.iter().take(length).map(Cell::get).collect());
    let Ok(name) = String::from_utf8(bytes) else { return -2 };
    HANDLES.with_borrow_mut(|kinds| {
        let Some(names) = kinds.get_mut(kind) else { return -2 };
        if names.len() >= HANDLES_MAX {
            return -1;
        }
        names.push(name.into());
        i32::try_from(names.len() - 1).unwrap_or(-1)
    })
}

/// Takes all handles of a kind back.
#[wasm_bindgen(js_name = "forgetHandles")]
pub fn forget_handles(kind: usize) {
    HANDLES.with_borrow_mut(|kinds| {
        if let Some(names) = kinds.get_mut(kind) {
            names.clear();
        }
    });
}

/// Where the numbers of the last answer are.
#[wasm_bindgen(js_name = "answerRoom")]
pub fn answer_room() -> usize {
    ANSWER.with_borrow(|answer| answer.as_ptr() as usize)
}

/// Works with the names of two handles. One that was never given is the empty name, which nothing has.
#[inline(always)]
pub(super) fn named<T>(customer: u32, entitlement: u32, work: impl FnOnce(&str, &str) -> T) -> T {
    HANDLES.with_borrow(|[customers, entitlements]| {
        let customer = customers.get(customer as usize).map_or("", |name| name);
        work(customer, entitlements.get(entitlement as usize).map_or("", |name| name))
    })
}

/// Works with the room for an answer.
pub(super) fn answering<T>(work: impl FnOnce(&mut [f64; ANSWER_LEN]) -> T) -> T {
    ANSWER.with_borrow_mut(work)
}
