//! What hot doors need of Node-API, which is little: numbers cross in an array that both sides see, since each number that is handed over by
//! a call of Node-API costs as much as a meter. The wrappers say why they are sound; the callers hold no other unsafe code than
//! entering with the environment that Node gave them.

use std::mem::MaybeUninit;
use std::ptr;

use napi::sys;

use crate::names::Name;
use crate::wire::ANSWER_LEN;

/// Longest name in UTF-16 units: one of 256 bytes of UTF-8 has no more.
const NAME_UNITS: usize = limitr_engine::limits::NAME_BYTES_MAX;

/// What JavaScript asks, and where it is answered. Each environment has one, which its doors are made with.
pub(super) type Slate = [f64; SLATE_LEN];

/// How many numbers a slate has room for; where each stands, js/native.js knows, too.
pub(super) const SLATE_LEN: usize = WHOLE + ANSWER_LEN;
const ENGINE: usize = 0;
const CUSTOMER: usize = 1;
const ENTITLEMENT: usize = 2;
const VALUE: usize = 3;
const FLAGS: usize = 4;
const OVERHEAD: usize = 5;
const ANSWER: usize = 6;
/// From here on stand the numbers of a whole answer.
const WHOLE: usize = 8;

/// One call from JavaScript, alive while the door runs: what is on the slate, and the arguments that are no numbers.
pub(super) struct Frame {
    env: sys::napi_env,
    args: [sys::napi_value; 2],
    slate: *mut Slate,
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

impl Frame {
    /// The call that Node entered a door with.
    ///
    /// # Safety
    /// `env` and `info` are those that Node gave the running callback, whose door was made with the slate of its environment.
    #[inline(always)] // in place: copying what Node just wrote in other widths stalls
    pub(super) unsafe fn enter(env: sys::napi_env, info: sys::napi_callback_info) -> Frame {
        let mut frame = Frame { env, args: [ptr::null_mut(); 2], slate: ptr::null_mut() };
        let (mut count, args, none) = (frame.args.len(), frame.args.as_mut_ptr(), ptr::null_mut());
        let mut slate = ptr::null_mut();
        // SAFETY: by the contract above; `args` has room for `count` values, and missing ones become `undefined`.
        unsafe { sys::napi_get_cb_info(env, info, &raw mut count, args, none, &raw mut slate) };
        frame.slate = slate.cast();
        frame
    }

    #[inline(always)]
    fn read(&self, at: usize) -> f64 {
        // SAFETY: by the contract of `enter`, the slate is alive while the door runs, and JavaScript doesn't run meanwhile.
        unsafe { (*self.slate)[at] }
    }

    /// The engine's handle.
    #[inline(always)]
    pub(super) fn engine(&self) -> f64 {
        self.read(ENGINE)
    }

    /// The entitlement's handle.
    #[inline(always)]
    pub(super) fn entitlement(&self) -> u32 {
        self.read(ENTITLEMENT) as u32
    }

    /// What is asked for, in the credit's unit or the call's.
    #[inline(always)]
    pub(super) fn value(&self) -> f64 {
        self.read(VALUE)
    }

    /// See [`crate::wire::flags`].
    #[inline(always)]
    pub(super) fn flags(&self) -> u32 {
        self.read(FLAGS) as u32
    }

    /// What the call adds to the credit's overhead.
    #[inline(always)]
    pub(super) fn overhead(&self) -> f64 {
        self.read(OVERHEAD)
    }

    /// The customer: by handle, or by name, which is the argument, where the handle is negative.
    #[inline(always)]
    pub(super) fn customer<'a>(&self, room: &'a mut NameRoom) -> Name<'a> {
        let handle = self.read(CUSTOMER);
        match handle >= 0.0 {
            true => Name::Handle(handle as u32),
            false => Name::Text(self.name(self.args[0], room)),
        }
    }

    /// The call's ID, which is the second argument.
    pub(super) fn id<'a>(&self, room: &'a mut NameRoom) -> &'a str {
        self.name(self.args[1], room)
    }

    /// An argument as a name in UTF-8; empty, which no name is, if it can't be one: too long, a lone surrogate, or no
    /// string.
    #[inline(never)] // the way of a handle stays short
    fn name<'a>(&self, argument: sys::napi_value, room: &'a mut NameRoom) -> &'a str {
        let mut length = 0;
        // SAFETY: environment and argument are alive while the door runs; `units` has room for the count given, which includes the closing 0.
        let status = unsafe {
            let units = room.units.as_mut_ptr().cast();
            sys::napi_get_value_string_utf16(self.env, argument, units, room.units.len(), &raw mut length)
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

    /// Where the numbers of a whole answer are written.
    ///
    /// # Safety
    /// It is asked for once, and used only while the door runs and JavaScript doesn't.
    #[inline(always)]
    pub(super) unsafe fn whole<'a>(&mut self) -> &'a mut [f64; ANSWER_LEN] {
        // SAFETY: by the contract above and that of `enter`. The slate has room for so many numbers from there on, any bits are valid
        // ones, and nothing else of this call is read or written there.
        unsafe { &mut *self.slate.cast::<f64>().add(WHOLE).cast() }
    }

    /// Answers with a number.
    #[inline(always)]
    pub(super) fn give(&self, number: f64) -> sys::napi_value {
        // SAFETY: as in `read`.
        unsafe { (*self.slate)[ANSWER] = number };
        ptr::null_mut()
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
