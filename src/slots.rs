//! Open engines of this thread, found by small integers.
//!
//! A handle is a slot and the slot's generation in one number, so that the handle of a closed engine never finds
//! another one. Engines belong to the thread that opened them: a worker thread that ends takes its engines along.

use std::cell::RefCell;

use crate::wire::Host;

/// Slots below this many bits of a handle; the generation lies above.
const SLOT_BITS: u32 = 16;
/// Most engines that one thread has open at a time.
pub(crate) const ENGINES_MAX: usize = 1 << SLOT_BITS;

/// What became of an engine that can't be worked with.
#[derive(Clone, Debug)]
pub(crate) enum Gone {
    /// It was closed, or never was.
    Closed,
    /// It met a defect, which said this.
    Poisoned(String),
}

#[derive(Default)]
struct Slot {
    generation: u32,
    place: Place,
}

#[derive(Default)]
enum Place {
    #[default]
    Free,
    Open(Box<Host>),
    Poisoned(String),
}

thread_local! {
    static SLOTS: RefCell<Vec<Slot>> = const { RefCell::new(Vec::new()) };
}

/// Keeps an engine open; its handle, or nothing if the thread has too many.
pub(crate) fn open(host: Host) -> Option<f64> {
    SLOTS.with_borrow_mut(|slots| {
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
        slot.place = Place::Open(Box::new(host));
        Some(((u64::from(slot.generation) << SLOT_BITS) | at as u64) as f64)
    })
}

/// Closes an engine; whether it was open.
pub(crate) fn close(handle: f64) -> bool {
    matches!(replace(handle, Place::Free), Some(Place::Open(_)))
}

/// Drops an engine that met a defect and keeps what the defect said.
pub(crate) fn poison(handle: f64, said: String) {
    replace(handle, Place::Poisoned(said));
}

/// How many engines are open.
#[cfg(target_arch = "wasm32")]
pub(crate) fn count() -> usize {
    SLOTS.with_borrow(|slots| slots.iter().filter(|slot| matches!(slot.place, Place::Open(_))).count())
}

/// Works with an open engine.
#[inline]
pub(crate) fn with<T>(handle: f64, work: impl FnOnce(&mut Host) -> T) -> Result<T, Gone> {
    SLOTS.with_borrow_mut(|slots| {
        let (at, generation) = parts(handle);
        let slot = slots.get_mut(at).filter(|slot| slot.generation == generation);
        match slot.map(|slot| &mut slot.place) {
            Some(Place::Open(host)) => Ok(work(host)),
            Some(Place::Poisoned(said)) => Err(Gone::Poisoned(said.clone())),
            Some(Place::Free) | None => Err(Gone::Closed),
        }
    })
}

fn replace(handle: f64, place: Place) -> Option<Place> {
    SLOTS.with_borrow_mut(|slots| {
        let (at, generation) = parts(handle);
        let slot = slots.get_mut(at).filter(|slot| slot.generation == generation)?;
        Some(std::mem::replace(&mut slot.place, place))
    })
}

#[inline]
fn parts(handle: f64) -> (usize, u32) {
    // A number that is no handle becomes one that was never given: generations begin at 1.
    let bits = handle as u64;
    ((bits & (ENGINES_MAX as u64 - 1)) as usize, (bits >> SLOT_BITS) as u32)
}
