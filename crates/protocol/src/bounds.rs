//! Checks of a message that its types can't make.

use limitr_engine::What;
use limitr_engine::quantity::Amount;

use crate::limits::{NAME_BYTES_MAX, NUMBER_MAX, TEXT_BYTES_MAX};

/// A message whose fields have bounds.
pub(crate) trait Bounded {
    /// What a frame of this direction may be.
    const TYPES: &[&str];
    /// Notes the first field that is past its bound.
    fn check(&self, check: &mut Check);
}

/// The first problem that was found.
#[derive(Debug, Default)]
pub(crate) struct Check {
    pub(crate) problem: Option<String>,
}

impl Check {
    /// Notes a problem unless `holds`.
    pub(crate) fn that(&mut self, holds: bool, problem: &str) {
        if !holds && self.problem.is_none() {
            self.problem = Some(problem.to_string());
        }
    }

    /// A list of at most `most`.
    pub(crate) fn count(&mut self, field: &str, count: usize, most: usize) {
        self.that(count <= most, &format!("`{field}` has {count} entries, at most {most}"));
    }

    /// Something of at most `most` bytes.
    pub(crate) fn bytes(&mut self, field: &str, bytes: usize, most: usize) {
        self.that(bytes <= most, &format!("`{field}` has {bytes} bytes, at most {most}"));
    }

    /// A name: of somebody or something.
    pub(crate) fn name(&mut self, field: &str, name: &str) {
        self.that(!name.is_empty(), &format!("`{field}` is empty"));
        self.word(field, name);
    }

    /// A name that may be empty.
    pub(crate) fn word(&mut self, field: &str, word: &str) {
        self.bytes(field, word.len(), NAME_BYTES_MAX);
    }

    /// At most `most` names.
    pub(crate) fn names(&mut self, field: &str, names: &[Box<str>], most: usize) {
        self.count(field, names.len(), most);
        names.iter().for_each(|name| self.name(field, name));
    }

    /// A text for people or programs.
    pub(crate) fn text(&mut self, field: &str, text: &str) {
        self.bytes(field, text.len(), TEXT_BYTES_MAX);
    }

    /// What a lease is of.
    pub(crate) fn what(&mut self, what: &What) {
        match what {
            What::Limit(name) | What::Cap(name) => self.name("what", name),
            What::Grant(number) => self.number("what", *number),
        }
    }

    /// A number that something has.
    pub(crate) fn number(&mut self, field: &str, number: u64) {
        self.that(number <= NUMBER_MAX, &format!("`{field}` is past {NUMBER_MAX}"));
    }

    /// An amount that a meter could have.
    pub(crate) fn amount(&mut self, field: &str, amount: Amount) {
        let fits = amount.atoms().unsigned_abs() <= Amount::LIMIT.atoms().unsigned_abs();
        self.that(fits, &format!("`{field}` is past 10^24"));
    }
}
