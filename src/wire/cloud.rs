//! An engine that is connected to Limitr Cloud: what its side of Cloud asks a driver for, and what JavaScript is to hear.
//!
//! 1. The engine is the host's, so that a call finds it where it always is. It changes places with an empty one while its side of Cloud does
//!    something, and is back before the door returns.
//! 2. Whatever a driver says leads to tasks for the driver, in order, and to news for JavaScript. Natively a thread takes the tasks; in wasm
//!    they are the answer of the call that said it.
//! 3. The engine's time is the server's: the host's clock, put right by an offset that is measured at each connection.

use std::collections::VecDeque;

use limitr_engine::quantity::Amount;
use limitr_engine::{Engine, EngineError, Spend};
use limitr_protocol::{Ensured, InstanceId};
use limitr_sync::{EarlierOutbox, Failure, Fetched, Hosted, Io, Offline, Options, Status, Store};
use serde::Deserialize;
use serde_json::{Value, json};

use super::args::{Args, wrong};
use super::cloud_outbox::Keeping;
use super::{Clock, Host, error_json};
use crate::clock;

/// What an engine is connected with, as JSON.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(
    target_arch = "wasm32",
    allow(dead_code, reason = "there, JavaScript connects, and nothing is kept")
)]
pub(crate) struct CloudOptions {
    pub(crate) url: String,
    pub(crate) token: String,
    connect_timeout: f64,
    lease_timeout: f64,
    offline: OfflineRule,
    deny_unconnected: bool,
    pub(crate) instance: String,
    /// The version of the policy that runs whatever is published.
    #[serde(default)]
    pinned: Option<u64>,
    /// The folder of its outbox.
    #[serde(default)]
    pub(crate) store: Option<String>,
    /// Whether nothing is answered before it is on disk.
    #[serde(default)]
    pub(crate) strict: bool,
}

/// `"deny"`, `"allow"`, or a number of units.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum OfflineRule {
    Word(String),
    Units(f64),
}

/// Something that a driver is to do.
#[derive(Debug)]
pub(crate) enum Task {
    /// Open a connection in the place of the one there is.
    Connect,
    /// Send a frame.
    Send(String),
    /// Close the connection.
    Disconnect,
    /// Fetch a policy by its address on the server.
    Fetch { version: u64, url: String },
    /// End: all is done.
    End,
}

/// What a driver has to say.
#[derive(Debug)]
pub(crate) enum Said<'a> {
    /// The connection is open.
    Connected,
    /// It is closed, or couldn't be opened.
    Disconnected,
    /// The server refused, with this code, what it would refuse again.
    Refused(&'a str),
    /// A frame came.
    Text(&'a str),
    /// A policy was fetched, or couldn't be.
    Policy(u64, Option<&'a str>),
    /// The outbox can't be written, for this error.
    #[cfg(not(target_arch = "wasm32"))]
    Unkept(&'a EngineError),
}

/// What is to be done now.
pub(crate) struct Work {
    pub(crate) tasks: VecDeque<Task>,
    /// When the engine's side is due, in the host's time.
    pub(crate) next: Option<i64>,
    /// Whether JavaScript is to be told that there is news; once until it takes it.
    pub(crate) news: bool,
}

/// What a connected engine has beside itself.
pub(crate) struct Cloud {
    hosted: Hosted,
    /// Whether the engine has its first policy: before, there is none to lend.
    runs: bool,
    tasks: VecDeque<Task>,
    news: Vec<Value>,
    told: bool,
    /// What the call lacked that was denied last. If nobody waits for it, it is asked for all the same; it stays here for a call that is about
    /// to wait, since the driver may come in between.
    dry: Vec<Spend>,
    /// Whether it was asked for.
    asked: bool,
    /// The number of such a wait that is nobody's, one at a time.
    asking: Option<u64>,
    /// Somebody waits until the server has everything.
    sending: bool,
    deny_unconnected: bool,
    /// With an outbox: what is to be done about it.
    pub(super) keeping: Option<Keeping>,
}

/// An instance as text.
pub(crate) fn instance_id(text: &str) -> Result<InstanceId, EngineError> {
    text.parse().map_err(|problem| EngineError::new("invalid_argument", format!("`instance`: {problem}")))
}

impl CloudOptions {
    /// Reads them from JSON.
    #[cfg(not(target_arch = "wasm32"))]
    pub(crate) fn parse(options: &str) -> Result<CloudOptions, EngineError> {
        serde_json::from_str(options).map_err(|error| {
            EngineError::new("invalid_argument", format!("the options can't be read: {error}"))
        })
    }

    /// Opens an engine that has no policy yet. With an outbox, `earlier` is what is left in it.
    pub(crate) fn host(&self, seed: u64, earlier: Option<Vec<EarlierOutbox>>) -> Result<Host, EngineError> {
        let instance = instance_id(&self.instance)?;
        let keeping = earlier.as_ref().map(|_| Keeping { strict: self.strict, ..Keeping::default() });
        let options = Options {
            store: if earlier.is_some() { Store::Durable } else { Store::None },
            earlier: earlier.unwrap_or_default(),
            pinned: self.pinned,
            lease_timeout: self.lease_timeout as i64,
            connect_timeout: self.connect_timeout as i64,
            offline: match &self.offline {
                OfflineRule::Word(word) if word == "allow" => Offline::Allow,
                OfflineRule::Word(_) => Offline::Deny,
                OfflineRule::Units(units) => Offline::UpTo(Amount::from_f64(*units)?),
            },
            ..Options::new(instance, seed)
        };
        let mut cloud = Cloud {
            hosted: Hosted::open(clock::now_ms(), options),
            runs: false,
            tasks: VecDeque::new(),
            news: Vec::new(),
            told: false,
            dry: Vec::new(),
            asked: false,
            asking: None,
            sending: false,
            deny_unconnected: self.deny_unconnected,
            keeping,
        };
        cloud.sort();
        let host = Host::around(Engine::blank(seed), Clock::Host);
        Ok(Host { refuses: self.deny_unconnected, cloud: Some(Box::new(cloud)), ..host })
    }
}

impl Cloud {
    /// Sorts what is to be done outside into tasks and news.
    fn sort(&mut self) {
        while let Some(io) = self.hosted.next() {
            match io {
                Io::Connect => self.tasks.push_back(Task::Connect),
                Io::Send(text) => self.tasks.push_back(Task::Send(text)),
                Io::Disconnect => self.tasks.push_back(Task::Disconnect),
                Io::FetchPolicy(policy) => {
                    self.tasks.push_back(Task::Fetch { version: policy.version, url: policy.url });
                }
                Io::Keep { taken, bytes } => {
                    self.keeping.iter_mut().for_each(|keeping| keeping.keep(taken, &bytes));
                }
                Io::Committed { instance, up_to } => {
                    self.keeping.iter_mut().for_each(|keeping| keeping.committed.push((instance, up_to)));
                }
                Io::Decide(call) if self.asking == Some(call) => self.asking = None,
                Io::Decide(call) => self.news.push(json!({ "decide": call })),
                Io::Status(status) => self.news.push(status_json(&status)),
                Io::CustomerLoaded(id) => self.news.push(json!({ "customer": id, "found": true })),
                Io::NoCustomer(id) => self.news.push(json!({ "customer": id, "found": false })),
                Io::CustomerRefused { customer, code, message } => {
                    let refused = json!({ "code": code, "message": message });
                    self.news.push(json!({ "customer": customer, "refused": refused }));
                }
                Io::Closed => {
                    self.news.push(json!({ "closed": true }));
                    self.tasks.push_back(Task::End);
                }
            }
        }
        if self.sending && self.hosted.sync().outbox().is_empty() {
            self.sending = false;
            self.news.push(json!({ "sent": true }));
        }
    }
}

impl Host {
    /// Has the side of Cloud do something with the engine, if there is one.
    pub(super) fn with_cloud<T>(&mut self, work: impl FnOnce(&mut Hosted, i64) -> T) -> Option<T> {
        let now = self.clock.now();
        let cloud = self.cloud.as_mut()?;
        if cloud.runs {
            swap(&mut self.engine, &mut cloud.hosted);
        }
        let answer = work(&mut cloud.hosted, now);
        cloud.runs = swap(&mut self.engine, &mut cloud.hosted);
        self.offset = cloud.hosted.server_time(now).saturating_sub(now);
        self.refuses = cloud.deny_unconnected && *cloud.hosted.status() != Status::Online;
        cloud.sort();
        Some(answer)
    }

    /// Passes on what a driver has to say.
    pub(crate) fn cloud_said(&mut self, said: &Said<'_>) {
        let before = self.engine.policy_version();
        self.with_cloud(|hosted, now| match said {
            Said::Connected => hosted.connected(now),
            Said::Disconnected => hosted.disconnected(now),
            Said::Refused(code) => hosted.failed(now, failure(code)),
            Said::Text(frame) => hosted.text(now, frame),
            Said::Policy(version, Some(document)) => {
                hosted.policy_fetched(now, *version, Fetched::Document(document));
            }
            Said::Policy(version, None) => hosted.policy_fetched(now, *version, Fetched::Unreachable),
            #[cfg(not(target_arch = "wasm32"))]
            Said::Unkept(error) => {
                let (code, message) = (error.code().to_string(), error.message().to_string());
                hosted.failed(now, Failure::Refused { code, message });
            }
        });
        let version = self.engine.policy_version();
        if version != before
            && let Some(cloud) = &mut self.cloud
        {
            cloud.news.push(json!({ "policy": version }));
        }
    }

    /// Passes on what calls did and that time has passed; what is to be done now. Nothing for an engine that isn't connected.
    pub(crate) fn cloud_work(&mut self) -> Option<Work> {
        self.ask_ahead();
        let next = self.with_cloud(|hosted, now| {
            match hosted.next_tick(now).is_some_and(|next| next <= now) {
                true => hosted.tick(now),
                false => hosted.after_call(now),
            }
            hosted.next_tick(now)
        })?;
        #[cfg(not(target_arch = "wasm32"))]
        if let Some(audience) = &mut self.audience {
            audience.taken();
            let keeping = self.cloud.as_ref().and_then(|cloud| cloud.keeping.as_ref());
            if keeping.is_some_and(Keeping::has_work) {
                audience.wake();
            }
        }
        let cloud = self.cloud.as_mut()?;
        let news = !cloud.news.is_empty() && !cloud.told;
        cloud.told |= news;
        Some(Work { tasks: std::mem::take(&mut cloud.tasks), next, news })
    }

    /// Whether the call that was denied just now lacked units that the server may have; then they are asked for.
    #[inline]
    pub(crate) fn is_dry(&mut self) -> bool {
        self.cloud.is_some() && self.was_dry()
    }

    #[cold]
    fn was_dry(&mut self) -> bool {
        let dry = self.engine.dry();
        if dry.is_empty() {
            return false;
        }
        if let Some(cloud) = &mut self.cloud {
            (cloud.dry, cloud.asked) = (dry, false);
        }
        #[cfg(not(target_arch = "wasm32"))]
        if let Some(audience) = &self.audience {
            audience.ring_soon();
        }
        true
    }

    fn await_units(&mut self, dry: Vec<Spend>) -> Option<u64> {
        if dry.is_empty() {
            return None;
        }
        self.with_cloud(|hosted, now| hosted.await_units(now, dry)).flatten()
    }

    /// Asks for what a call lacked that nobody waits for.
    fn ask_ahead(&mut self) {
        let Some(cloud) = &mut self.cloud else { return };
        if cloud.asking.is_none() && !cloud.asked {
            cloud.asked = true;
            let dry = cloud.dry.clone();
            let asking = self.await_units(dry);
            if let Some(cloud) = &mut self.cloud {
                cloud.asking = asking;
            }
        }
    }

    /// Begins to end the connection.
    pub(crate) fn cloud_close(&mut self) {
        let keeping = self.cloud.as_ref().and_then(|cloud| cloud.keeping.as_ref());
        let stuck = keeping.is_some_and(|keeping| keeping.lost && keeping.strict);
        self.with_cloud(|hosted, now| {
            hosted.close(now);
            if stuck {
                hosted.disconnected(now); // what isn't on disk is never sent: there is nothing to wait for
            }
        });
        #[cfg(not(target_arch = "wasm32"))]
        if let Some(audience) = &self.audience {
            audience.ring();
        }
    }
}

/// Lets the engine and that of its side of Cloud change places; whether that has one.
fn swap(engine: &mut Engine, hosted: &mut Hosted) -> bool {
    hosted.engine_mut().map(|other| std::mem::swap(engine, other)).is_some()
}

/// Answers a call about the connection; nothing if `op` is another's.
pub(super) fn call(host: &mut Host, op: &str, args: &Args) -> Result<Option<Value>, EngineError> {
    if !op.starts_with("cloud") || host.cloud.is_none() {
        return Ok(None);
    }
    let answer = match op {
        "cloud" => {
            said(host, args)?;
            host.cloud_work().map_or(Value::Null, Work::into_json)
        }
        "cloudNews" => host.cloud.as_mut().map_or(Value::Null, |cloud| {
            cloud.told = false;
            std::mem::take(&mut cloud.news).into()
        }),
        "cloudLoad" => {
            let id = args.text(0)?;
            host.with_cloud(|hosted, now| hosted.load(now, id));
            Value::Null
        }
        "cloudEnsure" => {
            let ensured = ensured(args)?;
            host.with_cloud(|hosted, now| hosted.ensure(now, ensured));
            Value::Null
        }
        "cloudAwait" => {
            let dry = host.cloud.as_mut().map(|cloud| std::mem::take(&mut cloud.dry)).unwrap_or_default();
            json!(host.await_units(dry))
        }
        "cloudSent" => {
            host.with_cloud(|hosted, now| hosted.after_call(now));
            host.cloud.as_mut().map_or(Value::Null, |cloud| {
                cloud.sending = !cloud.hosted.sync().outbox().is_empty();
                (!cloud.sending).into()
            })
        }
        "cloudClose" => {
            host.cloud_close();
            Value::Null
        }
        _ => return Ok(None),
    };
    #[cfg(not(target_arch = "wasm32"))]
    if let Some(audience) = &host.audience {
        audience.ring();
    }
    Ok(Some(answer))
}

/// `(what, …)`: what a driver in JavaScript has to say.
fn said(host: &mut Host, args: &Args) -> Result<(), EngineError> {
    let said = match args.text(0)? {
        "tick" => return Ok(()), // it is done with the work that follows
        "connected" => Said::Connected,
        "disconnected" => Said::Disconnected,
        "refused" => Said::Refused(args.text(1)?),
        "text" => Said::Text(args.text(1)?),
        "policy" => Said::Policy(u64::from(args.whole(1, 0)?), args.text_or(2)?),
        _ => return Err(wrong(0, "is nothing that a driver says")),
    };
    host.cloud_said(&said);
    Ok(())
}

/// `(id, plan, type, label, refs, alts, metadata)`.
fn ensured(args: &Args) -> Result<Ensured, EngineError> {
    let names = |at| -> Result<Vec<Box<str>>, EngineError> {
        Ok(args.names(at)?.unwrap_or_default().into_iter().map(Box::from).collect())
    };
    Ok(Ensured {
        id: args.text(0)?.into(),
        plan: args.text_or(1)?.unwrap_or_default().into(),
        kind: args.text_or(2)?.map(Box::from),
        label: args.text_or(3)?.map(Box::from),
        refs: names(4)?,
        alts: names(5)?,
        metadata: args.get(6).cloned().unwrap_or_default(),
    })
}

impl Work {
    fn into_json(self) -> Value {
        let tasks = self.tasks.into_iter().map(|task| match task {
            Task::Connect => json!({ "do": "connect" }),
            Task::Send(text) => json!({ "do": "send", "text": text }),
            Task::Disconnect => json!({ "do": "disconnect" }),
            Task::Fetch { version, url } => json!({ "do": "fetch", "version": version, "url": url }),
            Task::End => json!({ "do": "end" }),
        });
        json!({ "tasks": tasks.collect::<Vec<_>>(), "next": self.next, "news": self.news })
    }
}

/// What a refusal by the server comes to.
fn failure(code: &str) -> Failure {
    match code {
        "unauthorized" => Failure::Unauthorized,
        "revoked" => Failure::Revoked,
        "version_unsupported" => Failure::VersionUnsupported,
        _ => Failure::Refused { code: code.to_string(), message: format!("the server refused: {code}") },
    }
}

fn status_json(status: &Status) -> Value {
    match status {
        Status::Connecting => json!({ "status": "connecting" }),
        Status::Online => json!({ "status": "online" }),
        Status::Offline => json!({ "status": "offline" }),
        Status::Closed => json!({ "status": "closed" }),
        Status::Failed(failure) => {
            let state = match failure {
                Failure::PolicyInvalid { .. } => "online",
                Failure::ConnectTimeout => "connecting",
                failure if failure.is_final() => "failed",
                _ => "offline",
            };
            json!({ "status": state, "error": error_json(&error_of(failure)) })
        }
    }
}

/// What is wrong, and what to do.
fn error_of(failure: &Failure) -> EngineError {
    match failure {
        Failure::Unauthorized => EngineError::new(
            "unauthorized",
            "the server doesn't know this token, or it isn't one for engines: make one with the scope `engine`",
        ),
        Failure::Revoked => {
            EngineError::new("revoked", "the token was revoked: use another, and open the engine anew")
        }
        Failure::VersionUnsupported => EngineError::new(
            "version_unsupported",
            "the server doesn't speak this version of the protocol: update it, or limitr",
        ),
        Failure::PolicyInvalid { version, runs, problem } => {
            let meanwhile = match runs {
                Some(runs) => format!("version {runs} goes on"),
                None => "it has none before it to go on with".to_string(),
            };
            let message = format!(
                "version {version} of the policy can't run in this engine ({problem}), and {meanwhile}: update limitr, if it is older than the policy, or publish one that it can run"
            );
            EngineError::new("policy_invalid", message)
        }
        Failure::UnknownPolicy { message } => EngineError::new("unknown_policy", message),
        Failure::ConnectTimeout => EngineError::new(
            "connect_timeout",
            "no server was reached in time: check the address, and that it runs; trying goes on",
        ),
        Failure::Misheard { code, message } | Failure::Refused { code, message } => EngineError::new(
            "refused",
            format!("the server and this engine don't understand each other ({code}): {message}"),
        ),
    }
}
