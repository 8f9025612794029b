//! What a connected engine and the store of its outbox say to each other.
//!
//! 1. Whoever passes on what calls did, the thread that is connected or the store's own, leaves it here until the store takes it.
//! 2. What is on disk may be sent, and is; what the server has is dropped.
//! 3. A store that failed is given up. A strict engine sends nothing more, and its calls are refused; a relaxed one goes on as if it never had
//!    one, and everybody is told.

use limitr_engine::Taken;
use limitr_protocol::InstanceId;

#[cfg(not(target_arch = "wasm32"))]
use super::Host;

/// What a store is to do.
#[derive(Debug, Default)]
pub(super) struct Keeping {
    /// Whether nothing is answered before it is on disk.
    pub(super) strict: bool,
    /// It was given up: there is nobody who would take what is to be kept.
    pub(super) lost: bool,
    /// Changes that are to be written, one behind the other.
    pub(super) bytes: Vec<u8>,
    pub(super) taken: Option<Taken>,
    /// Which instances' changes the server has, and up to where.
    pub(super) committed: Vec<(InstanceId, u64)>,
}

impl Keeping {
    /// Adds changes that are to be written.
    pub(super) fn keep(&mut self, taken: Taken, bytes: &[u8]) {
        if self.lost {
            return;
        }
        self.bytes.extend_from_slice(bytes);
        let before = self.taken.get_or_insert(Taken { first: taken.first, count: 0 });
        before.count = before.count.saturating_add(taken.count);
    }

    /// Whether the store is to be woken.
    #[cfg(not(target_arch = "wasm32"))]
    pub(super) fn has_work(&self) -> bool {
        !self.lost && (self.taken.is_some() || !self.committed.is_empty())
    }
}

#[cfg(not(target_arch = "wasm32"))]
impl Host {
    /// Takes what is to be written into `bytes`, the time up to which it was done, and what the server has.
    pub(crate) fn take_kept(&mut self, bytes: &mut Vec<u8>) -> (Taken, i64, Vec<(InstanceId, u64)>) {
        self.with_cloud(|hosted, now| hosted.after_call(now));
        if let Some(audience) = &mut self.audience {
            audience.taken();
        }
        bytes.clear();
        let at = self.now();
        let nothing = Taken { first: 0, count: 0 };
        let keeping = self.cloud.as_mut().and_then(|cloud| cloud.keeping.as_mut());
        let Some(keeping) = keeping else { return (nothing, at, Vec::new()) };
        std::mem::swap(bytes, &mut keeping.bytes);
        (keeping.taken.take().unwrap_or(nothing), at, std::mem::take(&mut keeping.committed))
    }

    /// Everything up to this change is on disk: it may be sent.
    pub(crate) fn cloud_kept(&mut self, up_to: u64) {
        self.with_cloud(|hosted, now| hosted.durable(now, up_to));
        if let Some(audience) = &self.audience {
            audience.ring();
        }
    }

    /// The store is given up.
    pub(crate) fn outbox_failed(&mut self, code: &str, message: &str) {
        let keeping = self.cloud.as_mut().and_then(|cloud| cloud.keeping.as_mut());
        let strict = keeping.is_none_or(|keeping| {
            (keeping.lost, keeping.bytes, keeping.taken) = (true, Vec::new(), None);
            keeping.strict
        });
        if !strict {
            self.with_cloud(|hosted, now| hosted.store_lost(now));
        }
        if let Some(audience) = &mut self.audience {
            audience.store_failed(code, message);
            audience.ring();
        }
    }
}
