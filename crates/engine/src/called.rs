//! A name as a call gives it.

use std::cell::Cell;

/// A name, and where it was found before by a host that keeps names: such a name is looked up once.
///
/// ```
/// use limitr_engine::{Ask, Call, Called, Engine, Found};
///
/// let mut engine = Engine::example()?;
/// let (user, chat) = (Found::default(), Found::default());
/// for _ in 0..2 {
///     let (user, chat) = (Called::again("user_1", &user), Called::again("chat", &chat));
///     assert!(engine.allow(0, user, chat, &Call::new(Ask::by(10.0)))?);
/// }
/// # Ok::<(), limitr_engine::EngineError>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Called<'a> {
    pub(crate) name: &'a str,
    found: Option<&'a Found>,
}

/// Where an engine found a name. It belongs to that engine and that name, and goes stale by itself.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// Of the table that it was found in; a table counts from 1 and begins another edition when a name is taken out.
    edition: Cell<u64>,
    place: Cell<u32>,
}

impl<'a> Called<'a> {
    /// A name that may be called again: where it is found is kept in `found`.
    #[inline]
    pub fn again(name: &'a str, found: &'a Found) -> Called<'a> {
        Called { name, found: Some(found) }
    }

    /// The name.
    #[inline]
    pub fn name(&self) -> &'a str {
        self.name
    }

    /// The name's place in the present edition of a table; `look_up` finds it anew.
    #[inline(always)]
    pub(crate) fn place(&self, edition: u64, look_up: impl FnOnce(&str) -> Option<u32>) -> Option<u32> {
        let Some(found) = self.found else { return look_up(self.name) };
        if found.edition.get() == edition {
            return Some(found.place.get());
        }
        let place = look_up(self.name)?;
        found.place.set(place);
        found.edition.set(edition);
        Some(place)
    }
}

impl<'a> From<&'a str> for Called<'a> {
    #[inline]
    fn from(name: &'a str) -> Called<'a> {
        Called { name, found: None }
    }
}

impl<'a> From<&'a String> for Called<'a> {
    #[inline]
    fn from(name: &'a String) -> Called<'a> {
        Called::from(name.as_str())
    }
}
