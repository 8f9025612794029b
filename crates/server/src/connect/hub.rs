//! All connections of this server, by environment.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use limitr_ledger::{Desk, Refusal, Settings, Wake};

use super::mailbox::Mailbox;
use super::news::News;
use crate::db::Scope;

/// An environment that this server has connections of.
#[derive(Debug)]
pub(crate) struct Environment {
    pub(crate) scope: Scope,
    desk: Mutex<Desk>,
    mailboxes: Mutex<BTreeMap<u64, Arc<Mailbox>>>,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // What a panicking operation left in a desk is at worst a connection's revision too low, which is told twice.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Environment {
    /// The desk. Never held while anything is waited for.
    pub(crate) fn desk(&self) -> MutexGuard<'_, Desk> {
        locked(&self.desk)
    }

    fn deliver(&self, wake: &Wake) {
        let mailboxes = locked(&self.mailboxes);
        let concerned: Vec<u64> = self.desk().concerned(wake).collect();
        for (connection, mailbox) in &*mailboxes {
            mailbox.put(wake, concerned.binary_search(connection).is_ok());
        }
    }
}

/// The bounds of sockets.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SocketBounds {
    /// Most sockets of this server.
    pub(crate) total: usize,
    /// Most sockets that one token may have open here.
    pub(crate) per_token: usize,
}

/// The connections.
#[derive(Debug)]
pub(crate) struct Hub {
    settings: Settings,
    bounds: SocketBounds,
    next: AtomicU64,
    environments: Mutex<BTreeMap<Scope, Arc<Environment>>>,
}

/// A connection's place, given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Place {
    pub(crate) connection: u64,
    pub(crate) mailbox: Arc<Mailbox>,
    pub(crate) environment: Arc<Environment>,
}

impl Drop for Place {
    fn drop(&mut self) {
        locked(&self.environment.mailboxes).remove(&self.connection);
        self.environment.desk().closed(self.connection);
    }
}

impl Hub {
    pub(crate) fn new(settings: Settings, bounds: SocketBounds) -> Hub {
        Hub { settings, bounds, next: AtomicU64::new(1), environments: Mutex::default() }
    }

    /// An environment's desk, of this server.
    pub(crate) fn environment(&self, scope: &Scope) -> Arc<Environment> {
        let mut environments = locked(&self.environments);
        let environment = environments.entry(scope.clone()).or_insert_with(|| {
            Arc::new(Environment {
                scope: scope.clone(),
                desk: Mutex::new(Desk::new(self.settings)),
                mailboxes: Mutex::default(),
            })
        });
        Arc::clone(environment)
    }

    fn all(&self) -> Vec<Arc<Environment>> {
        locked(&self.environments).values().cloned().collect()
    }

    /// How many sockets are open.
    pub(crate) fn sockets(&self) -> usize {
        self.all().iter().map(|environment| locked(&environment.mailboxes).len()).sum()
    }

    /// Takes a place for a connection.
    ///
    /// # Errors
    /// `overloaded` where there are too many.
    pub(crate) fn enter(&self, scope: &Scope, token: &str) -> Result<Place, Refusal> {
        let environment = self.environment(scope);
        let full =
            |message: String| Refusal { code: "overloaded", message, fatal: true, diagnostics: Vec::new() };
        if self.sockets() >= self.bounds.total {
            return Err(full(format!("this server holds {} connections at most", self.bounds.total)));
        }
        let mut mailboxes = locked(&environment.mailboxes);
        let own = mailboxes.values().filter(|mailbox| mailbox.token == token).count();
        if own >= self.bounds.per_token {
            return Err(full(format!("a token has {} connections at most", self.bounds.per_token)));
        }
        let connection = self.next.fetch_add(1, Ordering::Relaxed);
        let mailbox = Arc::new(Mailbox::new(token.to_string()));
        mailboxes.insert(connection, Arc::clone(&mailbox));
        drop(mailboxes);
        Ok(Place { connection, mailbox, environment })
    }

    /// Delivers news to this server's connections.
    pub(crate) fn deliver(&self, scope: &Scope, news: &[News]) {
        if news.is_empty() {
            return;
        }
        let environment = self.environment(scope);
        for one in news {
            match one {
                News::Wake(wake) => environment.deliver(wake),
                News::Revoked(token) => {
                    let why = "the token was revoked: use another";
                    let why = Refusal {
                        code: "revoked",
                        message: why.to_string(),
                        fatal: true,
                        diagnostics: Vec::new(),
                    };
                    for mailbox in locked(&environment.mailboxes).values() {
                        if mailbox.token == *token {
                            mailbox.end(why.clone());
                        }
                    }
                }
            }
        }
    }

    /// Lets every connection look everywhere: news may have been lost.
    pub(crate) fn look_everywhere(&self) {
        for environment in self.all() {
            locked(&environment.mailboxes).values().for_each(|mailbox| mailbox.look_everywhere());
        }
    }

    /// The tokens that have connections here, by their environments.
    pub(crate) fn tokens(&self) -> Vec<(Scope, Vec<String>)> {
        let tokens = |environment: &Environment| {
            let mut tokens: Vec<String> =
                locked(&environment.mailboxes).values().map(|mailbox| mailbox.token.clone()).collect();
            tokens.sort();
            tokens.dedup();
            tokens
        };
        self.all().iter().map(|environment| (environment.scope.clone(), tokens(environment))).collect()
    }

    /// Ends every connection: the server stops.
    pub(crate) fn end_all(&self) {
        let why = Refusal {
            code: "overloaded",
            message: "this server stops: connect again".to_string(),
            fatal: true,
            diagnostics: Vec::new(),
        };
        for environment in self.all() {
            locked(&environment.mailboxes).values().for_each(|mailbox| mailbox.end(why.clone()));
        }
    }
}
