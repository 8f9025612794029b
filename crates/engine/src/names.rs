//! Names as small integers. A policy's plans, credits and entitlements are named once; from then on the engine
//! passes [`NameId`]s, which stay the same for the life of the engine, through every policy update.

use std::num::NonZeroU32;

use ahash::RandomState;
use hashbrown::HashMap;

use crate::called::Called;
use crate::error::EngineError;
use crate::limits::NAMES_MAX;

/// A name's place in its table. Never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NameId(NonZeroU32); // from 1, so that none takes no more room than one

impl NameId {
    /// The place as an index, for tables that run along a name table.
    pub fn index(self) -> usize {
        (self.0.get() as usize).saturating_sub(1)
    }
}

/// A table of names of one kind.
#[derive(Clone, Debug)]
pub struct Names {
    ids: HashMap<Box<str>, NameId, RandomState>,
    texts: Vec<Box<str>>,
}

impl Names {
    /// An empty table whose hashes are seeded with `seed`.
    pub fn new(seed: u64) -> Names {
        Names { ids: HashMap::with_hasher(seeded(seed)), texts: Vec::new() }
    }

    /// The ID of `name`, if it was ever interned.
    #[inline]
    pub fn find(&self, name: &str) -> Option<NameId> {
        self.ids.get(name).copied()
    }

    /// [`Names::find`] of a name that may have been found before. No name is ever taken out: there is one edition.
    #[inline(always)]
    pub(crate) fn called(&self, name: &Called<'_>) -> Option<NameId> {
        let place = name.place(1, |name| self.find(name).map(|NameId(place)| place.get()))?;
        NonZeroU32::new(place).map(NameId)
    }

    /// The ID of `name`, which is added if it is new.
    pub fn intern(&mut self, name: &str) -> NameId {
        if let Some(id) = self.find(name) {
            return id;
        }
        // Four billion names can't be reached: a name costs more than 16 bytes of memory.
        self.texts.push(name.into());
        let count = u32::try_from(self.texts.len()).ok().and_then(NonZeroU32::new);
        let id = NameId(count.unwrap_or(NonZeroU32::MAX));
        self.ids.insert(name.into(), id);
        id
    }

    /// [`Names::intern`] of a name that a record brings: new ones end at [`NAMES_MAX`].
    ///
    /// # Errors
    /// `too_many`.
    pub(crate) fn intern_brought(&mut self, name: &str) -> Result<NameId, EngineError> {
        if self.texts.len() >= NAMES_MAX && self.find(name).is_none() {
            let message = format!(
                "`{name}` would be one name too many: the engine keeps {NAMES_MAX} that the policy lacks"
            );
            return Err(EngineError::new("too_many", message));
        }
        Ok(self.intern(name))
    }

    /// The text of `id`; empty for an ID of another table.
    pub fn text(&self, id: NameId) -> &str {
        self.texts.get(id.index()).map_or("", AsRef::as_ref)
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.texts.len()
    }

    /// All names in the order of their IDs.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        self.texts.iter().map(AsRef::as_ref)
    }
}

/// A hasher for maps whose iteration order is never seen; the seed comes from the host, so that a customer can't
/// choose IDs that collide.
pub(crate) fn seeded(seed: u64) -> RandomState {
    const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;
    RandomState::with_seeds(seed, seed.rotate_left(17) ^ SPREAD, seed.wrapping_mul(SPREAD), !seed)
}
