//! Customers side by side, in pieces: adding one never moves the others, however many there are.

use super::{Customer, CustomerId};

/// How many customers lie in a piece.
const PIECE: usize = 256;

/// A list of customers with gaps.
#[derive(Clone, Debug, Default)]
pub(super) struct Places {
    /// Only the last has room.
    pieces: Vec<Vec<Option<Customer>>>,
}

impl Places {
    #[inline]
    pub(super) fn get(&self, id: CustomerId) -> Option<&Customer> {
        let at = id.0 as usize;
        self.pieces.get(at / PIECE)?.get(at % PIECE)?.as_ref()
    }

    #[inline]
    pub(super) fn get_mut(&mut self, id: CustomerId) -> Option<&mut Customer> {
        self.place(id)?.as_mut()
    }

    /// A place that was filled once.
    #[inline]
    pub(super) fn place(&mut self, id: CustomerId) -> Option<&mut Option<Customer>> {
        let at = id.0 as usize;
        self.pieces.get_mut(at / PIECE)?.get_mut(at % PIECE)
    }

    /// Fills the next place.
    pub(super) fn push(&mut self, customer: Customer) {
        match self.pieces.last_mut() {
            Some(piece) if piece.len() < PIECE => piece.push(Some(customer)),
            None => self.pieces.push(vec![Some(customer)]), // grows as it is filled: most engines are small
            Some(_) => {
                let mut piece = Vec::with_capacity(PIECE);
                piece.push(Some(customer));
                self.pieces.push(piece);
            }
        }
    }

    /// How many places there are, with the gaps.
    pub(super) fn len(&self) -> usize {
        let full = self.pieces.len().saturating_sub(1);
        full.saturating_mul(PIECE).saturating_add(self.pieces.last().map_or(0, Vec::len))
    }

    /// All places from one on, with the gaps.
    pub(super) fn from(&self, at: usize) -> impl Iterator<Item = Option<&Customer>> {
        let pieces = self.pieces.iter().skip(at / PIECE).flatten();
        pieces.skip(at % PIECE).map(Option::as_ref)
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Customer> {
        self.pieces.iter_mut().flatten().flatten()
    }
}
