//! Rooms for answers: an array of JavaScript's whose numbers a door writes. To ask Node where an array lies costs as much as a
//! decision, so that is asked once, and doors are given what remembers it.

use std::ffi::c_void;
use std::ptr;

use napi::bindgen_prelude::{Env, Error, JsValue, Result, Unknown};
use napi::sys;
use napi_derive::napi;

use crate::wire::ANSWER_LEN;

/// Where an array's numbers lie, and what keeps it alive. A buffer stays where it is while its array lives.
pub(super) struct Place {
    pub(super) numbers: *mut [f64; ANSWER_LEN],
    array: sys::napi_ref,
}

/// What doors take for the room that an array is. The array belongs to the doors from then on: it is never to be transferred.
#[napi(js_name = "placeOf")]
pub fn place_of(env: Env, array: Unknown<'_>) -> Result<Unknown<'_>> {
    let (env, array) = (env.raw(), array.raw());
    let (mut kind, mut length, mut data) = (0, 0, ptr::null_mut());
    // SAFETY: environment and array are alive for this call; the places that aren't wanted are null.
    let status = unsafe {
        let (none, at) = (ptr::null_mut(), ptr::null_mut());
        sys::napi_get_typedarray_info(env, array, &raw mut kind, &raw mut length, &raw mut data, none, at)
    };
    let fits = status == sys::Status::napi_ok
        && kind == sys::TypedarrayType::float64_array
        && length >= ANSWER_LEN
        && !data.is_null();
    if !fits {
        return Err(Error::from_reason(format!("the answer needs a Float64Array of {ANSWER_LEN}")));
    }
    let mut kept = ptr::null_mut();
    // SAFETY: as above.
    let status = unsafe { sys::napi_create_reference(env, array, 1, &raw mut kept) };
    // A Float64Array's data is aligned and holds `length` doubles, of which any bits are valid.
    let place = Box::into_raw(Box::new(Place { numbers: data.cast(), array: kept }));
    let mut external = ptr::null_mut();
    let none = ptr::null_mut();
    // SAFETY: `forget` takes the place back once nothing can name it any more.
    let made = unsafe { sys::napi_create_external(env, place.cast(), Some(forget), none, &raw mut external) };
    if status != sys::Status::napi_ok || made != sys::Status::napi_ok {
        return Err(Error::from_reason("there is no room for answers"));
    }
    // SAFETY: Node just made it in this environment.
    Ok(unsafe { Unknown::from_raw_unchecked(env, external) })
}

/// Lets go of an array when its place was collected.
unsafe extern "C" fn forget(env: sys::napi_env, place: *mut c_void, _: *mut c_void) {
    // SAFETY: this is the box that `place_of` left, given back once.
    let place = unsafe { Box::from_raw(place.cast::<Place>()) };
    // SAFETY: the reference was made in this environment and is deleted once.
    unsafe { sys::napi_delete_reference(env, place.array) };
}
