//! Open engines of this thread, found by small integers.
//!
//! A handle is a slot and the slot's generation in one number, so that the handle of a closed engine never finds
//! another one. Engines belong to the thread that opened them: a worker thread that ends takes its engines along.

use std::cell::RefCell;
#[cfg(not(target_arch = "wasm32"))]
use std::sync::Arc;

use crate::names::Names;
#[cfg(not(target_arch = "wasm32"))]
use crate::rooms::{Member, Room};
use crate::wire::Host;

/// Slots below this many bits of a handle; the generation lies above.
const SLOT_BITS: u32 = 16;
/// Most engines that one thread has open at a time.
pub(crate) const ENGINES_MAX: usize = 1 << SLOT_BITS;

/// What became of an engine that can't be worked with.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Gone {
    /// It was closed, or never was.
    Closed,
    /// It met a defect; [`defect`] says which.
    Poisoned,
}

#[derive(Default)]
struct Slot {
    generation: u32,
    place: Place,
    /// What the handles of names stand for that this thread was told for it.
    names: Names,
}

#[derive(Default)]
enum Place {
    #[default]
    Free,
    Open(Box<Host>),
    /// Of an engine that other threads work with, too.
    #[cfg(not(target_arch = "wasm32"))]
    Joined(Member),
    #[cfg_attr(target_arch = "wasm32", allow(dead_code))] // a panic ends the instance there
    Poisoned(String),
}

thread_local! {
    /// Leaked, a few words a thread: what is borrowed for good can be worked with where it is needed, without a closure.
    static SLOTS: &'static RefCell<Vec<Slot>> = Box::leak(Box::default());
    /// Of a thread that has opened an engine.
    #[cfg(not(target_arch = "wasm32"))]
    static AT_END: AtEnd = const { AtEnd };
}

/// Closes the engines of a thread that ends, also where Node doesn't say that it does, as in `process.exit`.
#[cfg(not(target_arch = "wasm32"))]
struct AtEnd;

#[cfg(not(target_arch = "wasm32"))]
impl Drop for AtEnd {
    fn drop(&mut self) {
        close_all();
    }
}

#[inline(always)]
fn all_slots() -> &'static RefCell<Vec<Slot>> {
    SLOTS.with(|slots| *slots)
}

/// Keeps an engine open; its handle, or nothing if the thread has too many.
pub(crate) fn open(host: Host) -> Option<f64> {
    put(Place::Open(Box::new(host)))
}

/// Joins a room; the handle, or nothing if the thread has too many engines.
#[cfg(not(target_arch = "wasm32"))]
pub(crate) fn join(room: Arc<Room>) -> Option<f64> {
    put(Place::Joined(Member::new(room)))
}

/// The room that was joined; nothing for an engine of this thread alone.
#[cfg(not(target_arch = "wasm32"))]
pub(crate) fn room(handle: f64) -> Result<Option<Arc<Room>>, Gone> {
    at(handle, |slot| match &slot.place {
        Place::Joined(member) => Ok(Some(member.room())),
        Place::Open(_) => Ok(None),
        Place::Poisoned(_) => Err(Gone::Poisoned),
        Place::Free => Err(Gone::Closed),
    })
}

/// Closes all engines of this thread: it ends.
#[cfg(not(target_arch = "wasm32"))]
pub(crate) fn close_all() {
    let all = all_slots().take();
    drop(all); // outside: closing one may wait for its store
}

fn put(place: Place) -> Option<f64> {
    #[cfg(not(target_arch = "wasm32"))]
    AT_END.with(|_| ());
    let mut slots = all_slots().borrow_mut();
    let at = match slots.iter().position(|slot| matches!(slot.place, Place::Free)) {
        Some(at) => at,
        None if slots.len() < ENGINES_MAX => {
            slots.push(Slot::default());
            slots.len() - 1
        }
        None => return None,
    };
    let slot = &mut slots[at];
    slot.generation = slot.generation.wrapping_add(1).max(1);
    slot.place = place;
    slot.names = Names::default();
    Some(((u64::from(slot.generation) << SLOT_BITS) | at as u64) as f64)
}

/// Closes an engine; whether it was open.
pub(crate) fn close(handle: f64) -> bool {
    let before = replace(handle, Place::Free);
    before.is_some_and(|place| !matches!(place, Place::Free | Place::Poisoned(_)))
}

/// Drops an engine that met a defect and keeps what the defect said.
#[cfg(not(target_arch = "wasm32"))]
pub(crate) fn poison(handle: f64, said: String) {
    replace(handle, Place::Poisoned(said));
}

/// What the defect said that an engine met; none if it was met in another thread.
pub(crate) fn defect(handle: f64) -> Option<String> {
    let said = at(handle, |slot| match &slot.place {
        Place::Poisoned(said) => Ok(Some(said.clone())),
        _ => Ok(None),
    });
    said.ok().flatten()
}

/// How many engines are open.
#[cfg(target_arch = "wasm32")]
pub(crate) fn count() -> usize {
    all_slots().borrow().iter().filter(|slot| matches!(slot.place, Place::Open(_))).count()
}

/// Works with an open engine and the names that were told for it.
#[inline(always)]
pub(crate) fn with<T>(handle: f64, work: impl FnOnce(&mut Host, &Names) -> T) -> Result<T, Gone> {
    at(handle, |Slot { place, names, .. }| match place {
        Place::Open(host) => Ok(work(host, names)),
        #[cfg(not(target_arch = "wasm32"))]
        Place::Joined(member) => member.with(|host| work(host, names)),
        Place::Poisoned(_) => Err(Gone::Poisoned),
        Place::Free => Err(Gone::Closed),
    })
}

/// Tells a name for an engine; nothing if it isn't open.
pub(crate) fn tell(handle: f64, tell: impl FnOnce(&mut Names)) {
    let _ = at(handle, |slot| {
        tell(&mut slot.names);
        Ok(())
    });
}

#[inline(always)]
fn at<T>(handle: f64, look: impl FnOnce(&mut Slot) -> Result<T, Gone>) -> Result<T, Gone> {
    let mut slots = all_slots().borrow_mut();
    let (at, generation) = parts(handle);
    match slots.get_mut(at).filter(|slot| slot.generation == generation) {
        Some(slot) => look(slot),
        None => Err(Gone::Closed),
    }
}

fn replace(handle: f64, place: Place) -> Option<Place> {
    let mut slots = all_slots().borrow_mut();
    let (at, generation) = parts(handle);
    let slot = slots.get_mut(at).filter(|slot| slot.generation == generation)?;
    slot.names = Names::default();
    Some(std::mem::replace(&mut slot.place, place))
}

#[inline(always)]
fn parts(handle: f64) -> (usize, u32) {
    // A number that is no handle becomes one that was never given: generations begin at 1.
    let bits = handle as u64;
    ((bits & (ENGINES_MAX as u64 - 1)) as usize, (bits >> SLOT_BITS) as u32)
}
