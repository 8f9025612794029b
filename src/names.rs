//! Names by handle: a string that crosses costs as much as the decision does. The facade numbers the names that it sees,
//! tells each number's name once, and passes numbers from then on. Where strings are cheap enough to cross (Node), the names of
//! many customers cross as they are, since the facade's map of their numbers would cost as much. Both sides keep as many as
//! the facade has room for; a number that is told anew stands for another name. With each name stands where the engine found
//! it, so that it is looked up once.

use limitr_engine::{Called, Found};

/// Most numbers of a kind. The facade keeps fewer.
const HANDLES_MAX: u32 = 1 << 20;

/// The name of a customer as it crosses.
#[derive(Clone, Copy)]
pub(crate) enum Name<'a> {
    #[cfg_attr(target_arch = "wasm32", allow(dead_code))] // strings don't cross there
    Text(&'a str),
    Handle(u32),
}

#[derive(Clone, Default)]
struct Told {
    name: Box<str>,
    found: Found,
}

/// The names that were told of one engine.
#[derive(Default)]
pub(crate) struct Names {
    customers: Vec<Told>,
    entitlements: Vec<Told>,
}

impl Names {
    /// A customer by name; a handle that was never told stands for the empty name, which is nobody's.
    #[inline(always)]
    pub(crate) fn customer<'a>(&'a self, name: Name<'a>) -> Called<'a> {
        match name {
            Name::Text(text) => Called::from(text),
            Name::Handle(handle) => called(&self.customers, handle),
        }
    }

    /// An entitlement by handle.
    #[inline(always)]
    pub(crate) fn entitlement(&self, handle: u32) -> Called<'_> {
        called(&self.entitlements, handle)
    }

    /// Takes in which customer a handle stands for from now on.
    pub(crate) fn tell_customer(&mut self, handle: u32, name: &str) {
        tell(&mut self.customers, handle, name);
    }

    /// Takes in which entitlement a handle stands for from now on.
    pub(crate) fn tell_entitlement(&mut self, handle: u32, name: &str) {
        tell(&mut self.entitlements, handle, name);
    }
}

#[inline(always)]
fn called(names: &[Told], handle: u32) -> Called<'_> {
    match names.get(handle as usize) {
        Some(Told { name, found }) => Called::again(name, found),
        None => Called::from(""),
    }
}

fn tell(names: &mut Vec<Told>, handle: u32, name: &str) {
    let at = handle.min(HANDLES_MAX - 1) as usize;
    if at >= names.len() {
        names.resize(at + 1, Told::default());
    }
    names[at] = Told { name: name.into(), found: Found::default() };
}
