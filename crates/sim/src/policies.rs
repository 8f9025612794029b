//! Documents that were read: seeds publish few different ones, and each many times.

use std::cell::RefCell;
use std::collections::BTreeMap;

use limitr_engine::policy::{Format, LoadOptions, Policy, load};
use limitr_sync::Fetched;

/// Most documents that a thread remembers. Once there are as many, all are forgotten.
const KEPT_MAX: usize = 1_000;

thread_local! {
    static READ: RefCell<BTreeMap<String, Policy>> = RefCell::default();
}

/// What an engine that fetched a document is given: what the engine's own loader makes of it.
pub(crate) fn read(document: &str) -> Fetched<'_> {
    READ.with_borrow_mut(|read| {
        if let Some(policy) = read.get(document) {
            return Fetched::Loaded(policy.clone());
        }
        let Ok(loaded) = load(document.as_bytes(), Format::Auto, &LoadOptions::default()) else {
            return Fetched::Document(document);
        };
        if read.len() >= KEPT_MAX {
            read.clear();
        }
        read.insert(document.to_string(), loaded.policy.clone());
        Fetched::Loaded(loaded.policy)
    })
}
