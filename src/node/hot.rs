//! Hot doors: a customer by handle or name, an entitlement by handle, and numbers in; one number out.

use limitr_engine::{Ask, Called, EngineError};
use napi::bindgen_prelude::{Env, Error, JsValue, Object, Result};
use napi::sys;
use napi_derive::napi;

use super::raw::{Frame, NameRoom};
use crate::doors::{self, Asked};
use crate::slots;
use crate::wire::{Host, flags};

type Door = unsafe extern "C" fn(sys::napi_env, sys::napi_callback_info) -> sys::napi_value;

/// Adds the hot doors to the module's exports.
#[napi(module_exports)]
pub fn doors(exports: Object<'_>, env: Env) -> Result<()> {
    // Where a thread or the process ends in good order, nothing that its engines did is lost.
    env.add_env_cleanup_hook((), |()| slots::close_all())?;
    let doors: [(&std::ffi::CStr, Door); 12] = [
        (c"allow", allow),
        (c"check", check),
        (c"allowWith", allow_with),
        (c"checkWith", check_with),
        (c"increment", increment),
        (c"decrement", decrement),
        (c"decide", decide),
        (c"decideWith", decide_with),
        (c"explainWith", explain_with),
        (c"value", value),
        (c"remaining", remaining),
        (c"nextEvent", next_event),
    ];
    for (name, door) in doors {
        let mut function = std::ptr::null_mut();
        let length = name.count_bytes() as isize;
        let none = std::ptr::null_mut();
        // SAFETY: environment and exports are alive for this call, and the name ends in 0.
        let (made, set) = unsafe {
            let made = sys::napi_create_function(
                env.raw(),
                name.as_ptr(),
                length,
                Some(door),
                none,
                &raw mut function,
            );
            (made, sys::napi_set_named_property(env.raw(), exports.raw(), name.as_ptr(), function))
        };
        if made != sys::Status::napi_ok || set != sys::Status::napi_ok {
            return Err(Error::from_reason(format!("the door {name:?} could not be exported")));
        }
    }
    Ok(())
}

/// `(engine, customer, entitlement, value)`: decides and meters a plain call, whose events are sent.
unsafe extern "C" fn allow(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    // SAFETY: Node entered this door with them.
    let frame = unsafe { Frame::<4>::enter(env, info) };
    let mut room = NameRoom::new();
    let customer = frame.customer(&mut room);
    let asked = Asked::plain(Ask::by(frame.number(3)), flags::EVENTS);
    frame.give_int(doors::allow(frame.number(0), customer, frame.bits(2), asked))
}

/// `(engine, customer, entitlement, value)`: decides a plain call and moves nothing.
unsafe extern "C" fn check(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    // SAFETY: Node entered this door with them.
    let frame = unsafe { Frame::<4>::enter(env, info) };
    let mut room = NameRoom::new();
    let customer = frame.customer(&mut room);
    let asked = Asked::plain(Ask::by(frame.number(3)), 0);
    frame.give_int(doors::check(frame.number(0), customer, frame.bits(2), asked))
}

/// `(engine, customer, entitlement, value, flags, overhead)`: decides and meters.
unsafe extern "C" fn allow_with(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    // SAFETY: Node entered this door with them.
    let frame = unsafe { Frame::<6>::enter(env, info) };
    let mut room = NameRoom::new();
    let customer = frame.customer(&mut room);
    frame.give_int(doors::allow(frame.number(0), customer, frame.bits(2), asked(&frame)))
}

/// `(engine, customer, entitlement, value, flags, overhead)`: decides and moves nothing.
unsafe extern "C" fn check_with(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    // SAFETY: Node entered this door with them.
    let frame = unsafe { Frame::<6>::enter(env, info) };
    let mut room = NameRoom::new();
    let customer = frame.customer(&mut room);
    frame.give_int(doors::check(frame.number(0), customer, frame.bits(2), asked(&frame)))
}

/// `(engine, customer, entitlement, flags)`: up by the limit's increment.
unsafe extern "C" fn increment(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    // SAFETY: Node entered this door with them.
    unsafe { step(env, info, Ask::Increment) }
}

/// `(engine, customer, entitlement, flags)`: down by the limit's increment.
unsafe extern "C" fn decrement(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    // SAFETY: Node entered this door with them.
    unsafe { step(env, info, Ask::Decrement) }
}

/// # Safety
/// `env` and `info` are those that Node gave the running door.
#[inline(always)]
unsafe fn step(env: sys::napi_env, info: sys::napi_callback_info, ask: Ask<'static>) -> sys::napi_value {
    // SAFETY: by the contract above.
    let frame = unsafe { Frame::<4>::enter(env, info) };
    let mut room = NameRoom::new();
    let customer = frame.customer(&mut room);
    frame.give_int(doors::allow(frame.number(0), customer, frame.bits(2), Asked::plain(ask, frame.bits(3))))
}

/// `(engine, customer, entitlement, value, place)`: decides and meters a plain call, whose events are sent, and answers in full.
unsafe extern "C" fn decide(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    // SAFETY: Node entered this door with them.
    let frame = unsafe { Frame::<5>::enter(env, info) };
    whole(&frame, 4, Asked::plain(Ask::by(frame.number(3)), flags::EVENTS), true)
}

/// `(engine, customer, entitlement, value, flags, overhead, place)`: decides, meters, and answers in full.
unsafe extern "C" fn decide_with(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    // SAFETY: Node entered this door with them.
    let frame = unsafe { Frame::<7>::enter(env, info) };
    whole(&frame, 6, asked(&frame), true)
}

/// `(engine, customer, entitlement, value, flags, overhead, place)`: answers in full and moves nothing.
unsafe extern "C" fn explain_with(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    // SAFETY: Node entered this door with them.
    let frame = unsafe { Frame::<7>::enter(env, info) };
    whole(&frame, 6, asked(&frame), false)
}

/// The whole answer, into the place that stands at `place` among the arguments.
#[inline(always)]
fn whole<const N: usize>(frame: &Frame<N>, place: usize, asked: Asked, meters: bool) -> sys::napi_value {
    let mut room = NameRoom::new();
    let customer = frame.customer(&mut room);
    // SAFETY: no JavaScript runs before the door returns; the facade passes places.
    let Some(answer) = (unsafe { frame.answer(place) }) else {
        let message = "the answer needs a place that `placeOf` gave";
        doors::keep_error(&EngineError::new("invalid_argument", message));
        return frame.give_int(-1);
    };
    frame.give_int(doors::decide(frame.number(0), customer, frame.bits(2), asked, answer, meters))
}

/// `(engine, customer, entitlement, flags)`: units used.
unsafe extern "C" fn value(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    // SAFETY: Node entered this door with them.
    unsafe { read(env, info, Host::value) }
}

/// `(engine, customer, entitlement, flags)`: units left.
unsafe extern "C" fn remaining(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    // SAFETY: Node entered this door with them.
    unsafe { read(env, info, Host::remaining) }
}

/// # Safety
/// `env` and `info` are those that Node gave the running door.
#[inline(always)]
unsafe fn read(
    env: sys::napi_env,
    info: sys::napi_callback_info,
    read: impl Fn(&Host, Called<'_>, Called<'_>, u32) -> f64,
) -> sys::napi_value {
    // SAFETY: by the contract above.
    let frame = unsafe { Frame::<4>::enter(env, info) };
    let mut room = NameRoom::new();
    let customer = frame.customer(&mut room);
    frame.give_number(doors::read(frame.number(0), customer, frame.bits(2), frame.bits(3), read))
}

/// `(engine, place)`: takes the oldest event that waits; its kind.
unsafe extern "C" fn next_event(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    // SAFETY: Node entered this door with them.
    let frame = unsafe { Frame::<2>::enter(env, info) };
    // SAFETY: no JavaScript runs before the door returns; the facade passes places.
    let answer = unsafe { frame.answer(1) };
    frame.give_int(answer.map_or(0, |answer| doors::next_event(frame.number(0), answer)))
}

/// What a door that takes a value is asked.
#[inline(always)]
fn asked<const N: usize>(frame: &Frame<N>) -> Asked {
    Asked { ask: Ask::by(frame.number(3)), flags: frame.bits(4), overhead: frame.number(5) }
}
