//! The few calls of Node-API that hot doors need. Each wrapper says why it is sound; the callers hold no other unsafe
//! code than entering with the environment that Node gave them.

use std::mem::MaybeUninit;
use std::ptr;

use napi::sys;

use super::answers::Place;
use crate::names::Name;
use crate::wire::ANSWER_LEN;

/// Longest name in UTF-16 units: one of 256 bytes of UTF-8 has no more.
const NAME_UNITS: usize = limitr_engine::limits::NAME_BYTES_MAX;

/// One call from JavaScript, alive while the door runs.
pub(super) struct Frame<const N: usize> {
    env: sys::napi_env,
    args: [sys::napi_value; N],
}

/// Room for a name on the stack: as JavaScript has it, and as the engine wants it.
pub(super) struct NameRoom {
    units: [MaybeUninit<u16>; NAME_UNITS + 2],
    bytes: [MaybeUninit<u8>; NAME_UNITS * 3],
}

impl NameRoom {
    #[inline]
    pub(super) fn new() -> NameRoom {
        NameRoom {
            units: [MaybeUninit::uninit(); NAME_UNITS + 2],
            bytes: [MaybeUninit::uninit(); NAME_UNITS * 3],
        }
    }
}

impl<const N: usize> Frame<N> {
    /// The call that Node entered a door with.
    ///
    /// # Safety
    /// `env` and `info` are those that Node gave the running callback.
    #[inline(always)] // in place: copying what Node just wrote in other widths stalls
    pub(super) unsafe fn enter(env: sys::napi_env, info: sys::napi_callback_info) -> Frame<N> {
        let mut frame = Frame { env, args: [ptr::null_mut(); N] };
        let (mut count, args, none) = (N, frame.args.as_mut_ptr(), ptr::null_mut());
        // SAFETY: by the contract above; `args` has room for `count` values, and missing ones become `undefined`.
        unsafe { sys::napi_get_cb_info(env, info, &raw mut count, args, none, ptr::null_mut()) };
        frame
    }

    /// The argument as a number; NaN if it is none.
    #[inline]
    pub(super) fn number(&self, at: usize) -> f64 {
        let mut number = f64::NAN;
        // SAFETY: environment and argument are alive while the door runs. Another type leaves `number` as it is.
        unsafe { sys::napi_get_value_double(self.env, self.args[at], &raw mut number) };
        number
    }

    /// The argument as a handle or flags; 0 if it is no number.
    #[inline]
    pub(super) fn bits(&self, at: usize) -> u32 {
        let mut bits = 0;
        // SAFETY: as in `number`.
        unsafe { sys::napi_get_value_uint32(self.env, self.args[at], &raw mut bits) };
        bits
    }

    /// The second argument as a customer: by handle if it is a number, else by name.
    #[inline]
    pub(super) fn customer<'a>(&self, room: &'a mut NameRoom) -> Name<'a> {
        let mut handle = 0;
        // SAFETY: as in `number`.
        match unsafe { sys::napi_get_value_uint32(self.env, self.args[1], &raw mut handle) } {
            sys::Status::napi_ok => Name::Handle(handle),
            _ => Name::Text(self.name(1, room)),
        }
    }

    /// The argument as a name in UTF-8; empty, which no name is, if it can't be one: too long, a lone surrogate, or no
    /// string.
    #[inline(never)] // the way of a handle stays short
    fn name<'a>(&self, at: usize, room: &'a mut NameRoom) -> &'a str {
        let mut length = 0;
        // SAFETY: as in `number`; `units` has room for the count given, which includes the closing 0.
        let status = unsafe {
            let units = room.units.as_mut_ptr().cast();
            sys::napi_get_value_string_utf16(
                self.env,
                self.args[at],
                units,
                room.units.len(),
                &raw mut length,
            )
        };
        if status != sys::Status::napi_ok || length > NAME_UNITS {
            return "";
        }
        // SAFETY: Node wrote the first `length` units.
        let units = unsafe { std::slice::from_raw_parts(room.units.as_ptr().cast::<u16>(), length) };
        let mut all = 0;
        for (byte, unit) in room.bytes.iter_mut().zip(units) {
            all |= unit;
            byte.write(*unit as u8);
        }
        if all >= 0x80 {
            return wide_name(units, &mut room.bytes);
        }
        // SAFETY: the first `length` bytes were written, and all are ASCII.
        unsafe {
            std::str::from_utf8_unchecked(std::slice::from_raw_parts(room.bytes.as_ptr().cast(), length))
        }
    }

    /// The argument as the room that answers are written into, if it is the place of one.
    ///
    /// # Safety
    /// The slice is used only while the door runs and JavaScript doesn't, and the argument is what `placeOf` gave, if it is an
    /// external value.
    #[inline]
    pub(super) unsafe fn answer<'a>(&self, at: usize) -> Option<&'a mut [f64; ANSWER_LEN]> {
        let mut place = ptr::null_mut();
        // SAFETY: as in `number`.
        let status = unsafe { sys::napi_get_value_external(self.env, self.args[at], &raw mut place) };
        let found = status == sys::Status::napi_ok && !place.is_null();
        // SAFETY: by the contract above, the place is alive with its argument, and keeps the array alive.
        found.then(|| unsafe { &mut *(*place.cast::<Place>()).numbers })
    }

    /// A whole number for JavaScript.
    #[inline]
    pub(super) fn give_int(&self, number: i32) -> sys::napi_value {
        let mut value = ptr::null_mut();
        // SAFETY: the environment is alive while the door runs.
        unsafe { sys::napi_create_int32(self.env, number, &raw mut value) };
        value
    }

    /// A number for JavaScript.
    #[inline]
    pub(super) fn give_number(&self, number: f64) -> sys::napi_value {
        let mut value = ptr::null_mut();
        // SAFETY: the environment is alive while the door runs.
        unsafe { sys::napi_create_double(self.env, number, &raw mut value) };
        value
    }
}

/// A name with characters past ASCII; empty if it has a lone surrogate.
#[cold]
fn wide_name<'a>(units: &[u16], bytes: &'a mut [MaybeUninit<u8>]) -> &'a str {
    let mut length = 0;
    for character in char::decode_utf16(units.iter().copied()) {
        let Ok(character) = character else { return "" };
        let mut encoded = [0; 4];
        for byte in character.encode_utf8(&mut encoded).bytes() {
            bytes[length].write(byte);
            length += 1;
        }
    }
    // SAFETY: the first `length` bytes were written, by characters encoded whole.
    unsafe { std::str::from_utf8_unchecked(std::slice::from_raw_parts(bytes.as_ptr().cast(), length)) }
}
