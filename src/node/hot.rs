//! Hot doors: a customer by handle or name, an entitlement by handle, and numbers in; one number out, or the numbers
//! of a whole answer. All numbers stand on the slate, so the only argument is what is none: the customer's name.

use std::ffi::c_void;
use std::ptr;

use limitr_engine::{Ask, Called};
use napi::bindgen_prelude::{Env, Error, JsValue, Object, Result};
use napi::sys;
use napi_derive::napi;

use super::raw::{Frame, NameRoom, SLATE_LEN, Slate};
use crate::doors::{self, Asked, Whole};
use crate::slots;
use crate::wire::{Host, flags, plain_call};

type Door = unsafe extern "C" fn(sys::napi_env, sys::napi_callback_info) -> sys::napi_value;

/// Adds the hot doors to the module's exports, and the slate that they read and answer on.
#[napi(module_exports)]
pub fn doors(exports: Object<'_>, env: Env) -> Result<()> {
    // Where a thread or the process ends in good order, nothing that its engines did is lost.
    env.add_env_cleanup_hook((), |()| slots::close_all())?;
    let doors: [(&std::ffi::CStr, Door); 16] = [
        (c"allow", allow),
        (c"allowAll", allow_all),
        (c"reserve", reserve),
        (c"withHold", with_hold),
        (c"check", check),
        (c"allowWith", allow_with),
        (c"checkWith", check_with),
        (c"increment", increment),
        (c"decrement", decrement),
        (c"decide", decide),
        (c"decideWith", decide_with),
        (c"decideOnce", decide_once),
        (c"explainWith", explain_with),
        (c"value", value),
        (c"read", read),
        (c"nextEvent", next_event),
    ];
    let slate = slate(&exports, &env)?;
    for (name, door) in doors {
        let mut function = ptr::null_mut();
        let length = name.count_bytes() as isize;
        // SAFETY: environment and exports are alive for this call, and the name ends in 0.
        let (made, set) = unsafe {
            let made = sys::napi_create_function(
                env.raw(),
                name.as_ptr(),
                length,
                Some(door),
                slate,
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

/// Makes the slate of an environment: `slate` among the exports, a Float64Array. It lives as long as the environment, and stays where it
/// is: js/native.js, which alone sees it, never transfers it.
fn slate(exports: &Object<'_>, env: &Env) -> Result<*mut c_void> {
    let (env, exports, name) = (env.raw(), exports.raw(), c"slate");
    let (mut numbers, mut buffer, mut array, mut kept) =
        (ptr::null_mut(), ptr::null_mut(), ptr::null_mut(), ptr::null_mut());
    let kind = sys::TypedarrayType::float64_array;
    // SAFETY: environment and exports are alive for this call, and the name ends in 0. A value that could not be made is null, which
    // the calls after it refuse.
    let made = unsafe {
        [
            sys::napi_create_arraybuffer(env, size_of::<Slate>(), &raw mut numbers, &raw mut buffer),
            sys::napi_create_typedarray(env, kind, SLATE_LEN, buffer, 0, &raw mut array),
            sys::napi_create_reference(env, array, 1, &raw mut kept),
            sys::napi_set_named_property(env, exports, name.as_ptr(), array),
        ]
    };
    match made.iter().all(|status| *status == sys::Status::napi_ok) && !numbers.is_null() {
        true => Ok(numbers),
        false => Err(Error::from_reason("there is no room for what doors are asked")),
    }
}

/// `(customer)`, of engine, entitlement and value: decides and meters a plain call, whose events are sent.
unsafe extern "C" fn allow(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    // SAFETY: Node entered this door with them.
    let mut frame = unsafe { Frame::enter(env, info) };
    // SAFETY: asked for once; no JavaScript runs before the door returns.
    let event = unsafe { frame.whole() };
    let mut room = NameRoom::new();
    let customer = frame.customer(&mut room);
    let call = plain_call(Ask::by(frame.value()), flags::EVENTS);
    let take = |host: &mut Host| host.next_event(event);
    frame.give(f64::from(doors::allow(frame.engine(), customer, frame.entitlement(), &call, take)))
}

/// `(customer)`, of engine and how many items stand where answers do: decides and meters plain calls, all or none, whose events are sent.
unsafe extern "C" fn allow_all(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    // SAFETY: Node entered this door with them.
    let mut frame = unsafe { Frame::enter(env, info) };
    // SAFETY: asked for once; no JavaScript runs before the door returns.
    let whole = unsafe { frame.whole() };
    let items = *whole; // the first event is written over them
    let mut room = NameRoom::new();
    let customer = frame.customer(&mut room);
    let take = |host: &mut Host| host.next_event(whole);
    frame.give(f64::from(doors::allow_all(frame.engine(), customer, frame.value() as usize, &items, take)))
}

/// `(customer)`, of engine, entitlement and numbers that stand where answers do: reserves room, and leaves the hold's number there.
unsafe extern "C" fn reserve(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    // SAFETY: Node entered this door with them.
    let mut frame = unsafe { Frame::enter(env, info) };
    // SAFETY: asked for once; no JavaScript runs before the door returns.
    let numbers = unsafe { frame.whole() };
    let mut room = NameRoom::new();
    let customer = frame.customer(&mut room);
    frame.give(f64::from(doors::reserve(frame.engine(), customer, frame.entitlement(), numbers)))
}

/// `(customer)`, of engine, entitlement and numbers that stand where answers do: settles a hold, consumes it, extends it or releases it.
unsafe extern "C" fn with_hold(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    // SAFETY: Node entered this door with them.
    let mut frame = unsafe { Frame::enter(env, info) };
    // SAFETY: asked for once; no JavaScript runs before the door returns.
    let whole = unsafe { frame.whole() };
    let numbers = *whole; // the first event is written over them
    let mut room = NameRoom::new();
    let customer = frame.customer(&mut room);
    let take = |host: &mut Host| host.next_event(whole);
    frame.give(f64::from(doors::with_hold(frame.engine(), customer, frame.entitlement(), &numbers, take)))
}

/// `(customer)`, of engine, entitlement and value: decides a plain call and moves nothing.
unsafe extern "C" fn check(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    // SAFETY: Node entered this door with them.
    let frame = unsafe { Frame::enter(env, info) };
    let mut room = NameRoom::new();
    let customer = frame.customer(&mut room);
    let call = plain_call(Ask::by(frame.value()), 0);
    frame.give(f64::from(doors::check(frame.engine(), customer, frame.entitlement(), &call)))
}

/// `(customer)`, of engine, entitlement, value, flags and overhead: decides and meters.
unsafe extern "C" fn allow_with(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    // SAFETY: Node entered this door with them.
    let mut frame = unsafe { Frame::enter(env, info) };
    // SAFETY: asked for once; no JavaScript runs before the door returns.
    let event = unsafe { frame.whole() };
    let mut room = NameRoom::new();
    let customer = frame.customer(&mut room);
    let (entitlement, asked) = (frame.entitlement(), asked(&frame));
    let take = |host: &mut Host| host.next_event(event);
    frame.give(f64::from(doors::allow_with(frame.engine(), customer, entitlement, asked, take)))
}

/// `(customer)`, of engine, entitlement, value, flags and overhead: decides and moves nothing.
unsafe extern "C" fn check_with(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    // SAFETY: Node entered this door with them.
    let frame = unsafe { Frame::enter(env, info) };
    let mut room = NameRoom::new();
    let customer = frame.customer(&mut room);
    frame.give(f64::from(doors::check_with(frame.engine(), customer, frame.entitlement(), asked(&frame))))
}

/// `(customer)`, of engine, entitlement and flags: up by the limit's increment.
unsafe extern "C" fn increment(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    // SAFETY: Node entered this door with them.
    unsafe { step(env, info, Ask::Increment) }
}

/// `(customer)`, of engine, entitlement and flags: down by the limit's increment.
unsafe extern "C" fn decrement(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    // SAFETY: Node entered this door with them.
    unsafe { step(env, info, Ask::Decrement) }
}

/// # Safety
/// `env` and `info` are those that Node gave the running door.
#[inline(always)]
unsafe fn step(env: sys::napi_env, info: sys::napi_callback_info, ask: Ask<'static>) -> sys::napi_value {
    // SAFETY: by the contract above.
    let mut frame = unsafe { Frame::enter(env, info) };
    // SAFETY: asked for once; no JavaScript runs before the door returns.
    let event = unsafe { frame.whole() };
    let mut room = NameRoom::new();
    let customer = frame.customer(&mut room);
    let call = plain_call(ask, frame.flags());
    let take = |host: &mut Host| host.next_event(event);
    frame.give(f64::from(doors::allow(frame.engine(), customer, frame.entitlement(), &call, take)))
}

/// `(customer)`, of engine, entitlement and value: decides and meters a plain call, whose events are sent, and answers in full.
unsafe extern "C" fn decide(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    // SAFETY: Node entered this door with them.
    let mut frame = unsafe { Frame::enter(env, info) };
    // SAFETY: asked for once; no JavaScript runs before the door returns.
    let answer = unsafe { frame.whole() };
    let mut room = NameRoom::new();
    let customer = frame.customer(&mut room);
    let call = plain_call(Ask::by(frame.value()), flags::EVENTS);
    frame.give(f64::from(doors::decide(frame.engine(), customer, frame.entitlement(), &call, answer)))
}

/// `(customer)`, of engine, entitlement, value, flags and overhead: decides, meters, and answers in full.
unsafe extern "C" fn decide_with(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    // SAFETY: Node entered this door with them.
    unsafe { whole(env, info, |_, _| Whole::Decide) }
}

/// `(customer, id)`, of engine, entitlement, value, flags and overhead: decides, meters and answers in full, as before where the ID was
/// answered.
unsafe extern "C" fn decide_once(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    // SAFETY: Node entered this door with them.
    unsafe { whole(env, info, |frame, room| Whole::DecideOnce(frame.id(room))) }
}

/// `(customer)`, of engine, entitlement, value, flags and overhead: answers in full and moves nothing.
unsafe extern "C" fn explain_with(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    // SAFETY: Node entered this door with them.
    unsafe { whole(env, info, |_, _| Whole::Explain) }
}

/// # Safety
/// `env` and `info` are those that Node gave the running door.
unsafe fn whole(
    env: sys::napi_env,
    info: sys::napi_callback_info,
    whole: impl for<'a> FnOnce(&Frame, &'a mut NameRoom) -> Whole<'a>,
) -> sys::napi_value {
    // SAFETY: by the contract above.
    let mut frame = unsafe { Frame::enter(env, info) };
    // SAFETY: asked for once; no JavaScript runs before the door returns.
    let answer = unsafe { frame.whole() };
    let mut room = NameRoom::new();
    let customer = frame.customer(&mut room);
    let (entitlement, asked) = (frame.entitlement(), asked(&frame));
    let mut id_room = NameRoom::new();
    let whole = whole(&frame, &mut id_room);
    frame.give(f64::from(doors::decide_with(frame.engine(), customer, entitlement, asked, whole, answer)))
}

/// `(customer)`, of engine, entitlement and flags: units used.
unsafe extern "C" fn value(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    // SAFETY: Node entered this door with them.
    unsafe { number(env, info, Host::value) }
}

/// `(customer)`, of engine, entitlement and flags: the number that these say.
unsafe extern "C" fn read(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    // SAFETY: Node entered this door with them.
    unsafe { number(env, info, Host::read) }
}

/// # Safety
/// `env` and `info` are those that Node gave the running door.
#[inline(always)]
unsafe fn number(
    env: sys::napi_env,
    info: sys::napi_callback_info,
    read: impl Fn(&Host, Called<'_>, Called<'_>, u32) -> f64,
) -> sys::napi_value {
    // SAFETY: by the contract above.
    let frame = unsafe { Frame::enter(env, info) };
    let mut room = NameRoom::new();
    let customer = frame.customer(&mut room);
    frame.give(doors::read(frame.engine(), customer, frame.entitlement(), frame.flags(), read))
}

/// Of engine: takes the oldest event that waits and leaves its numbers; its kind.
unsafe extern "C" fn next_event(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    // SAFETY: Node entered this door with them.
    let mut frame = unsafe { Frame::enter(env, info) };
    // SAFETY: asked for once; no JavaScript runs before the door returns.
    let answer = unsafe { frame.whole() };
    frame.give(f64::from(doors::next_event(frame.engine(), answer)))
}

/// What a door that takes a value is asked.
#[inline(always)]
fn asked(frame: &Frame) -> Asked {
    Asked { value: frame.value(), flags: frame.flags(), overhead: frame.overhead() }
}
