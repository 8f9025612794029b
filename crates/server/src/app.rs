//! What every part of a running server shares.

use std::ops::Deref;
use std::sync::Arc;

use crate::auth::limit::Limit;
use crate::connect::Hub;
use crate::db::Database;
use crate::metrics::Metrics;

/// A running server.
#[derive(Clone, Debug)]
pub(crate) struct App(Arc<Parts>);

/// Its parts.
#[derive(Debug)]
pub(crate) struct Parts {
    pub(crate) database: Database,
    pub(crate) hub: Hub,
    pub(crate) metrics: Metrics,
    /// Whether cookies are only sent over TLS.
    pub(crate) secure_cookies: bool,
    /// Tries to sign in, by address and by who is signed in as.
    pub(crate) sign_ins: Limit,
    /// Tickets, by token.
    pub(crate) tickets: Limit,
}

impl App {
    pub(crate) fn new(parts: Parts) -> App {
        App(Arc::new(parts))
    }
}

impl Deref for App {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}
