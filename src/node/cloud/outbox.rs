//! The outbox of an engine under Limitr Cloud, in a folder.

use std::path::Path;
use std::sync::{Arc, Mutex};

use limitr_engine::{EngineError, Taken};
use limitr_store::{Beginner, OutboxOpening, OutboxSettings, Shelf, Source, Store, StoreError};
use limitr_sync::EarlierOutbox;

use crate::rooms::refused;
use crate::wire::Host;
use crate::wire::cloud::{CloudOptions, instance_id};

/// What tokens of each environment begin with.
const ENVIRONMENTS: [(&str, &str); 2] = [("limitr_live_", "live"), ("limitr_test_", "test")];

/// Opens the outbox in a folder, for the environment of the token.
pub(super) fn open(folder: &Path, token: &str) -> Result<OutboxOpening, EngineError> {
    let environment = ENVIRONMENTS.iter().find(|(begin, _)| token.starts_with(begin));
    OutboxOpening::at(folder, environment.map_or("", |(_, name)| name)).map_err(refused)
}

/// What earlier openings left in it.
pub(super) fn earlier(outbox: &OutboxOpening) -> Result<Vec<EarlierOutbox>, EngineError> {
    let left = outbox.left.iter().map(|left| {
        let (changes, up_to, complete) = (left.changes.clone(), left.up_to, left.complete);
        Ok(EarlierOutbox { instance: instance_id(&left.instance)?, changes, up_to, complete })
    });
    left.collect()
}

/// Starts to keep what the engine does.
pub(super) fn start(
    outbox: OutboxOpening,
    options: &CloudOptions,
    host: &Arc<Mutex<Host>>,
) -> Result<(Store, Beginner), EngineError> {
    let settings = OutboxSettings::new(options.instance.clone(), options.strict);
    let source = |shelf| -> Box<dyn Source> { Box::new(Outgoing { host: Arc::clone(host), shelf }) };
    let (store, begin) = outbox.start(settings, source).map_err(refused)?;
    if let Ok(mut host) = host.lock() {
        host.wake_with(store.waker());
    }
    Ok((store, begin))
}

/// The engine, as the store of its outbox sees it.
struct Outgoing {
    host: Arc<Mutex<Host>>,
    shelf: Shelf,
}

impl Source for Outgoing {
    fn take(&mut self, bytes: &mut Vec<u8>) -> (Taken, i64) {
        let Ok(mut host) = self.host.lock() else {
            // The engine met a defect: what it was about to say can't be trusted.
            return (Taken { first: 0, count: 0 }, i64::MIN);
        };
        let (taken, at, committed) = host.take_kept(bytes);
        drop(host);
        for (instance, up_to) in committed {
            self.shelf.committed(&instance.to_string(), up_to);
        }
        (taken, at)
    }

    fn kept(&mut self, up_to: u64) {
        if let Ok(mut host) = self.host.lock() {
            host.cloud_kept(up_to);
        }
    }

    fn failed(&mut self, error: &StoreError) {
        if let Ok(mut host) = self.host.lock() {
            host.outbox_failed(error.code(), error.message());
        }
    }
}
