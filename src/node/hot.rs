//! Hot doors: two names and numbers in, one number out.
//!
//! A door answers 0 for denied and 1 for allowed, plus 2 when events wait, or -1 for an error that `lastError` gives.
//! Reads answer a number, NaN for null, -Infinity for an error.

use std::panic::{AssertUnwindSafe, catch_unwind};

use limitr_engine::{Ask, Call, EngineError};
use napi::bindgen_prelude::{Env, Error, JsValue, Object, Result};
use napi::sys;
use napi_derive::napi;

use super::cold::{closed, defect, keep_error};
use super::raw::{Frame, NameRoom};
use crate::slots;
use crate::wire::{Host, call_of, fill_decision, flags};

type Door = unsafe extern "C" fn(sys::napi_env, sys::napi_callback_info) -> sys::napi_value;

/// Adds the hot doors to the module's exports.
#[napi(module_exports)]
pub fn doors(exports: Object<'_>, env: Env) -> Result<()> {
    let doors: [(&std::ffi::CStr, Door); 9] = [
        (c"allow", allow),
        (c"check", check),
        (c"increment", increment),
        (c"decrement", decrement),
        (c"decide", decide),
        (c"explain", explain),
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

/// Runs a door's work on its engine; any failure is kept for `lastError`.
#[inline(always)]
fn with_host<T>(
    engine: f64,
    work: impl FnOnce(&mut Host) -> std::result::Result<T, EngineError>,
) -> Option<T> {
    let done = catch_unwind(AssertUnwindSafe(|| slots::with(engine, work)));
    let error = match done {
        Ok(Some(Ok(answer))) => return Some(answer),
        Ok(Some(Err(error))) => error,
        Ok(None) => closed(),
        Err(_) => defect(engine),
    };
    keep_error(&error);
    None
}

#[inline]
fn verdict(allowed: bool, host: &Host) -> i32 {
    i32::from(allowed) + 2 * i32::from(host.has_events())
}

/// `(engine, customer, entitlement, value, flags, overhead)`: decides and meters.
unsafe extern "C" fn allow(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    // SAFETY: Node entered this door with them.
    let frame = unsafe { Frame::<6>::enter(env, info) };
    let (mut customer, mut entitlement) = (NameRoom::new(), NameRoom::new());
    let (customer, entitlement) = (frame.name(1, &mut customer), frame.name(2, &mut entitlement));
    let answer = with_host(frame.number(0), |host| {
        let call = valued(&frame)?;
        let allowed = host.allow(customer, entitlement, &call)?;
        Ok(verdict(allowed, host))
    });
    frame.give_int(answer.unwrap_or(-1))
}

/// `(engine, customer, entitlement, value, flags, overhead)`: decides and moves nothing.
unsafe extern "C" fn check(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    // SAFETY: Node entered this door with them.
    let frame = unsafe { Frame::<6>::enter(env, info) };
    let (mut customer, mut entitlement) = (NameRoom::new(), NameRoom::new());
    let (customer, entitlement) = (frame.name(1, &mut customer), frame.name(2, &mut entitlement));
    let answer = with_host(frame.number(0), |host| {
        let call = valued(&frame)?;
        host.check(customer, entitlement, &call).map(i32::from)
    });
    frame.give_int(answer.unwrap_or(-1))
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
    let (mut customer, mut entitlement) = (NameRoom::new(), NameRoom::new());
    let (customer, entitlement) = (frame.name(1, &mut customer), frame.name(2, &mut entitlement));
    let answer = with_host(frame.number(0), |host| {
        let call = call_of(ask, frame.flags(3), 0.0)?;
        let allowed = host.allow(customer, entitlement, &call)?;
        Ok(verdict(allowed, host))
    });
    frame.give_int(answer.unwrap_or(-1))
}

/// `(engine, customer, entitlement, value, flags, overhead, answer)`: decides, meters, and answers in full.
unsafe extern "C" fn decide(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    // SAFETY: Node entered this door with them.
    unsafe { whole(env, info, true) }
}

/// `(engine, customer, entitlement, value, flags, overhead, answer)`: answers in full and moves nothing.
unsafe extern "C" fn explain(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    // SAFETY: Node entered this door with them.
    unsafe { whole(env, info, false) }
}

/// # Safety
/// `env` and `info` are those that Node gave the running door.
unsafe fn whole(env: sys::napi_env, info: sys::napi_callback_info, meters: bool) -> sys::napi_value {
    // SAFETY: by the contract above.
    let frame = unsafe { Frame::<7>::enter(env, info) };
    let (mut customer, mut entitlement) = (NameRoom::new(), NameRoom::new());
    let (customer, entitlement) = (frame.name(1, &mut customer), frame.name(2, &mut entitlement));
    let done = with_host(frame.number(0), |host| {
        // SAFETY: no JavaScript runs before the door returns.
        let Some(answer) = (unsafe { frame.answer(6) }) else {
            return Err(EngineError::new("invalid_argument", "the answer needs a Float64Array of 32"));
        };
        let call = valued(&frame)?;
        let decision = match meters {
            true => host.decide(customer, entitlement, &call)?,
            false => host.explain(customer, entitlement, &call)?,
        };
        fill_decision(&decision, answer);
        Ok(verdict(decision.allowed, host))
    });
    frame.give_int(done.unwrap_or(-1))
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
    read: impl Fn(&Host, &str, &str, u32) -> f64,
) -> sys::napi_value {
    // SAFETY: by the contract above.
    let frame = unsafe { Frame::<4>::enter(env, info) };
    let (mut customer, mut entitlement) = (NameRoom::new(), NameRoom::new());
    let (customer, entitlement) = (frame.name(1, &mut customer), frame.name(2, &mut entitlement));
    let flags = frame.flags(3);
    let answer = with_host(frame.number(0), |host| Ok(read(host, customer, entitlement, flags)));
    frame.give_number(answer.unwrap_or(f64::NEG_INFINITY))
}

/// `(engine, answer)`: takes the oldest event that waits; its kind.
unsafe extern "C" fn next_event(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    // SAFETY: Node entered this door with them.
    let frame = unsafe { Frame::<2>::enter(env, info) };
    let kind = with_host(frame.number(0), |host| {
        // SAFETY: no JavaScript runs before the door returns.
        let answer = unsafe { frame.answer(1) };
        Ok(answer.map_or(0, |answer| host.next_event(answer)))
    });
    frame.give_int(kind.and_then(|kind| i32::try_from(kind).ok()).unwrap_or(0))
}

/// The call of a door that takes a value.
#[inline(always)]
fn valued<const N: usize>(frame: &Frame<N>) -> std::result::Result<Call<'static>, EngineError> {
    let flags = frame.flags(4);
    let given = if flags & flags::OVERHEAD != 0 { frame.number(5) } else { 0.0 };
    call_of(Ask::by(frame.number(3)), flags, given)
}
