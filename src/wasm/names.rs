//! Names by handle: a string that crosses costs three times what the whole call does. The facade numbers the names that it
//! sees, tells each number's name once, and passes numbers from then on. Both sides keep as many as the facade has room
//! for; a number that is told anew stands for another name. With each name stands where the engine found it, so that it is
//! looked up once.

use std::cell::{Cell, RefCell};

use limitr_engine::{Called, Found};
use wasm_bindgen::prelude::wasm_bindgen;

/// Most numbers of a kind. The facade keeps fewer.
const HANDLES_MAX: u32 = 1 << 20;

#[derive(Clone, Default)]
struct Kept {
    name: Box<str>,
    found: Found,
}

thread_local! {
    static CUSTOMERS: RefCell<Vec<Kept>> = const { RefCell::new(Vec::new()) };
    static ENTITLEMENTS: RefCell<Vec<Kept>> = const { RefCell::new(Vec::new()) };
    /// The engine that names were found in: the first that asked. The facade gives each engine a module of its own.
    static FINDER: Cell<f64> = const { Cell::new(0.0) };
}

/// Tells which customer `handle` stands for from now on.
#[wasm_bindgen(js_name = "customerName")]
pub fn customer_name(handle: u32, name: &str) {
    CUSTOMERS.with_borrow_mut(|names| tell(names, handle, name));
}

/// Tells which entitlement `handle` stands for from now on.
#[wasm_bindgen(js_name = "entitlementName")]
pub fn entitlement_name(handle: u32, name: &str) {
    ENTITLEMENTS.with_borrow_mut(|names| tell(names, handle, name));
}

/// Works with the names of a call to `engine`; a handle that was never told stands for the empty name, which is nobody's.
#[inline(always)]
pub(super) fn with<T>(
    engine: f64,
    customer: u32,
    entitlement: u32,
    work: impl FnOnce(Called<'_>, Called<'_>) -> T,
) -> T {
    let finder = FINDER.get();
    let knows = finder == engine;
    if !knows && finder == 0.0 {
        FINDER.set(engine);
    }
    CUSTOMERS.with_borrow(|customers| {
        ENTITLEMENTS.with_borrow(|entitlements| {
            work(called(customers, customer, knows), called(entitlements, entitlement, knows))
        })
    })
}

#[inline(always)]
fn called(names: &[Kept], handle: u32, knows: bool) -> Called<'_> {
    match names.get(handle as usize) {
        Some(Kept { name, found }) if knows => Called::again(name, found),
        Some(Kept { name, .. }) => Called::from(&**name),
        None => Called::from(""),
    }
}

fn tell(names: &mut Vec<Kept>, handle: u32, name: &str) {
    let at = handle.min(HANDLES_MAX - 1) as usize;
    if at >= names.len() {
        names.resize(at + 1, Kept::default());
    }
    names[at] = Kept { name: name.into(), found: Found::default() };
}
