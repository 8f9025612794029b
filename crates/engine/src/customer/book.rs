//! All customers of an engine, found by ID or alternative ID, and the searches along their references.

use std::collections::BTreeSet;

use ahash::RandomState;
use hashbrown::HashMap;

use super::index::Index;
use super::places::Places;
use super::{Cap, Customer, CustomerId, check_name};
use crate::called::Called;
use crate::error::EngineError;
use crate::limits::{ALTS_MAX, REF_SEARCH_MAX};
use crate::names::seeded;

/// All customers of an engine.
#[derive(Clone, Debug)]
pub(crate) struct Customers {
    places: Places,
    free: Vec<CustomerId>,
    ids: Index,
    alts: HashMap<Box<str>, CustomerId, RandomState>,
    /// How many customers have caps that bind others: without any, nobody's references need a search for them.
    sharing: usize,
    /// Of the names: from 1, and another one whenever a name is taken out.
    edition: u64,
}

impl Customers {
    /// No customers; hashes are seeded with `seed`.
    pub(crate) fn new(seed: u64) -> Customers {
        Customers {
            places: Places::default(),
            free: Vec::new(),
            ids: Index::new(seed),
            alts: HashMap::with_hasher(seeded(seed)),
            sharing: 0,
            edition: 1,
        }
    }

    /// The place of the customer with this ID or alternative ID.
    #[inline]
    pub(crate) fn find(&self, id: &str) -> Option<CustomerId> {
        let is = |place| self.get(place).is_some_and(|customer| customer.id == id);
        self.ids.find(id, is).or_else(|| self.find_alt(id))
    }

    /// The place of the customer with this alternative ID.
    #[inline]
    fn find_alt(&self, id: &str) -> Option<CustomerId> {
        if self.alts.is_empty() {
            return None;
        }
        self.alts.get(id).copied()
    }

    /// [`Customers::find`] of a name that may have been found before.
    #[inline(always)]
    pub(crate) fn called(&self, name: &Called<'_>) -> Option<CustomerId> {
        name.place(self.edition, |id| self.find(id).map(|CustomerId(place)| place)).map(CustomerId)
    }

    /// The customer at `id`.
    #[inline]
    pub(crate) fn get(&self, id: CustomerId) -> Option<&Customer> {
        self.places.get(id)
    }

    /// The customer at `id`, to change.
    #[inline]
    pub(crate) fn get_mut(&mut self, id: CustomerId) -> Option<&mut Customer> {
        self.places.get_mut(id)
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.places.len().saturating_sub(self.free.len())
    }

    /// All customers, by place.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Customer> {
        self.places.from(0).flatten()
    }

    /// All customers, to change.
    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Customer> {
        self.places.iter_mut()
    }

    /// Up to `count` customers from place `from` on, and the place to go on from.
    pub(crate) fn page(&self, from: u32, count: usize) -> (Vec<&Customer>, Option<u32>) {
        let mut found = Vec::new();
        let mut next = from;
        for place in self.places.from(from as usize) {
            if found.len() >= count {
                return (found, Some(next));
            }
            next = next.saturating_add(1);
            found.extend(place);
        }
        (found, None)
    }

    /// Adds a customer, whose ID and alternative IDs must be free (see [`Customers::check_alts`]).
    pub(crate) fn insert(&mut self, customer: Customer) -> CustomerId {
        // Places are counted in u32: four billion customers are past any memory.
        let fresh = CustomerId(u32::try_from(self.places.len()).unwrap_or(u32::MAX));
        let id = self.free.pop().unwrap_or(fresh);
        self.ids.insert(&customer.id, id);
        self.sharing = self.sharing.saturating_add(usize::from(customer.shares_caps()));
        for alt in customer.alts() {
            self.alts.insert(alt.clone(), id);
        }
        match self.places.place(id) {
            Some(place) => *place = Some(customer),
            None => self.places.push(customer),
        }
        id
    }

    /// Takes a customer out, and its IDs with it.
    pub(crate) fn remove(&mut self, id: CustomerId) -> Option<Customer> {
        let customer = self.places.place(id)?.take()?;
        self.ids.remove(&customer.id, id);
        self.edition = self.edition.saturating_add(1);
        self.sharing = self.sharing.saturating_sub(usize::from(customer.shares_caps()));
        for alt in customer.alts() {
            self.alts.remove(alt);
        }
        self.free.push(id);
        Some(customer)
    }

    /// Refuses alternative IDs that `owner` can't have: taken ones, too many, or names that can't exist.
    ///
    /// # Errors
    /// `id_taken`, `invalid_name`, `too_many`.
    pub(crate) fn check_alts(&self, owner: &str, alts: &[String]) -> Result<(), EngineError> {
        if alts.len() > ALTS_MAX {
            let message = format!("`{owner}` may have at most {ALTS_MAX} alternative IDs");
            return Err(EngineError::new("too_many", message));
        }
        for alt in alts {
            check_name("an alternative ID", alt)?;
            let holder = self.find(alt).and_then(|id| self.get(id));
            let taken = alt == owner || holder.is_some_and(|holder| *holder.id != *owner);
            if taken {
                let message = format!("`{alt}` is in use as an ID; an alternative ID must be free");
                return Err(EngineError::new("id_taken", message));
            }
        }
        Ok(())
    }

    /// Changes the caps of the customer at `id`.
    pub(crate) fn change_caps<T>(
        &mut self,
        id: CustomerId,
        change: impl FnOnce(&mut Vec<Cap>) -> T,
    ) -> Option<T> {
        let customer = self.places.get_mut(id)?;
        let shared = customer.shares_caps();
        let done = change(&mut customer.rest_mut().caps);
        match (shared, customer.shares_caps()) {
            (false, true) => self.sharing = self.sharing.saturating_add(1),
            (true, false) => self.sharing = self.sharing.saturating_sub(1),
            _ => {}
        }
        Some(done)
    }

    /// Whether any customer has caps that bind others.
    #[inline]
    pub(crate) fn any_shares_caps(&self) -> bool {
        self.sharing > 0
    }

    /// Replaces the alternative IDs of `id` by `alts`, which were checked.
    pub(crate) fn set_alts(&mut self, id: CustomerId, alts: &[String]) {
        let Some(customer) = self.places.get_mut(id) else { return };
        if alts.is_empty() && customer.alts().is_empty() {
            return;
        }
        let own = &mut customer.rest_mut().alts;
        for alt in own.drain(..) {
            self.alts.remove(&alt);
        }
        self.edition = self.edition.saturating_add(1);
        for alt in alts {
            if self.alts.insert(alt.as_str().into(), id).is_none() {
                own.push(alt.as_str().into());
            }
        }
    }

    /// The nearest customer that `wanted` says yes to: `from` itself, then outwards along references,
    /// breadth-first, first reference first.
    #[inline]
    pub(crate) fn nearest(&self, from: CustomerId, wanted: impl Fn(&Customer) -> bool) -> Option<CustomerId> {
        let start = self.get(from)?;
        if wanted(start) {
            return Some(from);
        }
        if start.refs.is_empty() {
            return None;
        }
        self.search(start.refs.iter().map(AsRef::as_ref), Some(from), |_, customer| wanted(customer))
    }

    /// Walks outwards along the references of `from`, which isn't visited itself, breadth-first, first reference first,
    /// until `stop` says so.
    pub(crate) fn along_refs(&self, from: CustomerId, stop: impl FnMut(CustomerId, &Customer) -> bool) {
        if let Some(start) = self.get(from) {
            self.search(start.refs.iter().map(AsRef::as_ref), Some(from), stop);
        }
    }

    /// Like [`Customers::nearest`], for references that no customer has yet.
    pub(crate) fn nearest_of(
        &self,
        refs: &[String],
        wanted: impl Fn(&Customer) -> bool,
    ) -> Option<CustomerId> {
        self.search(refs.iter().map(String::as_str), None, |_, customer| wanted(customer))
    }

    #[inline(never)] // seldom needed, and large
    fn search<'a>(
        &'a self,
        refs: impl Iterator<Item = &'a str>,
        from: Option<CustomerId>,
        mut wanted: impl FnMut(CustomerId, &Customer) -> bool,
    ) -> Option<CustomerId> {
        let mut visited = Visited::new(from);
        let mut next = visited.len();
        for name in refs {
            visited.add(self.find(name));
        }
        while let Some(id) = visited.get(next) {
            next = next.saturating_add(1);
            let Some(customer) = self.get(id) else { continue };
            if wanted(id, customer) {
                return Some(id);
            }
            for name in &customer.refs {
                visited.add(self.find(name));
            }
        }
        None
    }
}

/// Customers in the order in which a search came to them, each once, up to [`REF_SEARCH_MAX`]. The first few lie on the
/// stack: most searches end among them.
struct Visited {
    near: [CustomerId; Visited::NEAR],
    far: Vec<CustomerId>,
    far_known: BTreeSet<CustomerId>,
    len: usize,
}

impl Visited {
    const NEAR: usize = 16;

    fn new(from: Option<CustomerId>) -> Visited {
        let mut visited = Visited {
            near: [CustomerId(0); Visited::NEAR],
            far: Vec::new(),
            far_known: BTreeSet::new(),
            len: 0,
        };
        visited.add(from);
        visited
    }

    fn len(&self) -> usize {
        self.len
    }

    fn get(&self, at: usize) -> Option<CustomerId> {
        match at.checked_sub(Visited::NEAR) {
            None => self.near.iter().take(self.len).nth(at).copied(),
            Some(far) => self.far.get(far).copied(),
        }
    }

    /// Adds a customer that the search hasn't come to yet, while there is room.
    fn add(&mut self, id: Option<CustomerId>) {
        let Some(id) = id else { return };
        if self.len >= REF_SEARCH_MAX || self.near.iter().take(self.len).any(|known| *known == id) {
            return;
        }
        match self.near.get_mut(self.len) {
            Some(place) => *place = id,
            None if self.far_known.insert(id) => self.far.push(id),
            None => return,
        }
        self.len = self.len.saturating_add(1);
    }
}
