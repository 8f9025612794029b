//! One engine's connection, from the first frame to the last.
//!
//! 1. One operation at a time: a frame is decided, committed and answered before the next is read, and wake-ups wait for their turn.
//! 2. Nothing is queued: while an engine doesn't read, nothing of it is read either, and after [`SEND`] it is cut off. What it would have been
//!    told it reads from the log when it comes back.
//! 3. Whatever fails ends the connection, and the connection only.

use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, WebSocket};
use limitr_ledger::{Outcome, Refusal, Wake};
use limitr_protocol::{Down, FrameError, Up, read_up, write};
use tokio::time::timeout;

use super::hub::Place;
use super::news::News;
use crate::app::App;
use crate::clock;
use crate::db::{Failed, Locks, Scope};

/// How long an engine may take to read what it is sent.
const SEND: Duration = Duration::from_secs(10);
/// How long a connection may take to say `hello`.
const HELLO: Duration = Duration::from_secs(10);
/// How long a connection may be silent. An engine pings after 15 s.
const IDLE: Duration = Duration::from_secs(60);

/// Most of an engine's problem with a policy that is logged.
const PROBLEM_CHARS_MAX: usize = 300;

/// Why a connection ends.
enum End {
    /// The engine closed it, or can't be reached.
    Gone,
    /// It is told why.
    Refused(Refusal),
}

fn refusal(code: &'static str, message: impl Into<String>) -> End {
    End::Refused(Refusal { code, message: message.into(), fatal: true, diagnostics: Vec::new() })
}

impl From<Failed> for End {
    fn from(failed: Failed) -> End {
        match failed {
            Failed::Refused(refusal) => End::Refused(refusal),
            Failed::Storage(error) => {
                tracing::error!(%error, "an operation wasn't committed");
                refusal("storage_failed", "nothing was written: connect again")
            }
        }
    }
}

/// Tells an engine why it isn't let in.
pub(crate) async fn turn_away(mut socket: WebSocket, why: Refusal) {
    say_goodbye(&mut socket, why).await;
}

/// Serves a connection to its end.
pub(crate) async fn serve(app: App, socket: WebSocket, place: Place) {
    app.metrics.sockets_opened.inc();
    let mut line = Line { app, socket, place };
    if let End::Refused(why) = line.run().await {
        line.app.metrics.refused(why.code);
        say_goodbye(&mut line.socket, why).await;
    }
}

async fn say_goodbye(socket: &mut WebSocket, why: Refusal) {
    let close = CloseFrame { code: 4_000, reason: why.code.into() };
    let error = Down::Error { code: why.code.to_string(), message: why.message, customer: None };
    let goodbye = async {
        if let Ok(text) = write(&error) {
            socket.send(Message::Text(text.into())).await?;
        }
        socket.send(Message::Close(Some(close))).await
    };
    let _ = timeout(Duration::from_secs(1), goodbye).await; // whoever doesn't listen isn't told
}

struct Line {
    app: App,
    socket: WebSocket,
    place: Place,
}

impl Line {
    async fn run(&mut self) -> End {
        loop {
            let greeted = self.place.environment.desk().sessions().contains_key(&self.place.connection);
            let patience = if greeted { IDLE } else { HELLO };
            // An operation isn't broken off: what it commits, others are told of.
            let step = tokio::select! {
                why = self.place.mailbox.ended() => Err(End::Refused(why)),
                () = self.place.mailbox.rung() => self.woken().await,
                message = timeout(patience, self.socket.recv()) => match message {
                    Err(_) => Err(refusal("idle", "nothing was heard for too long: ping every 15 s")),
                    Ok(message) => self.message(message).await,
                },
            };
            if let Err(end) = step {
                return end;
            }
        }
    }

    async fn message(&mut self, message: Option<Result<Message, axum::Error>>) -> Result<(), End> {
        match message {
            Some(Ok(Message::Text(text))) => {
                self.app.metrics.frames.inc();
                match read_up(&text) {
                    Ok(up) => self.frame(&up).await,
                    Err(error) => Err(refusal(error.code(), error.to_string())),
                }
            }
            Some(Ok(Message::Binary(_))) => {
                Err(refusal("invalid_frame", "a frame is text: one JSON object with a `type`"))
            }
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => Ok(()), // answered by the WebSocket itself
            Some(Ok(Message::Close(_))) | None => Err(End::Gone),
            Some(Err(error)) => match error.to_string().to_lowercase().contains("too long") {
                true => Err(refusal("frame_too_large", "a frame has 1 MiB at most: send it in several")),
                false => Err(End::Gone),
            },
        }
    }

    /// Decides a frame, commits it, and only then answers.
    async fn frame(&mut self, up: &Up) -> Result<(), End> {
        let greeted = self.place.environment.desk().sessions().contains_key(&self.place.connection);
        if greeted && matches!(up, Up::Ping {}) {
            return self.send(&Down::Pong { now: clock::now() }).await;
        }
        if let Up::Hello { .. } = up {
            check_instances(&self.app, &self.place.environment.scope, up).await?;
        }
        let locks = match up {
            Up::Load { .. } => Locks::Snapshot,
            _ => Locks::Frame(up),
        };
        let is_hello = matches!(up, Up::Hello { .. });
        let (connection, environment) = (self.place.connection, &self.place.environment);
        self.place.mailbox.set_busy(true);
        let began = tokio::time::Instant::now();
        let result = self.app.database.run(&environment.scope, locks, |rows| {
            let outcome = environment.desk().frame(rows, clock::now(), connection, up)?;
            // What this instance missed of the customers that it holds concerns nobody else.
            let others = outcome.wakes.iter().filter(|wake| !(is_hello && matches!(wake, Wake::Customer(_))));
            let news = others.cloned().map(News::Wake).collect();
            Ok((outcome, news))
        });
        let result = result.await;
        self.app.metrics.operation(began.elapsed());
        match result {
            Ok((outcome, news)) => {
                environment.desk().done(&outcome);
                if is_hello {
                    outcome.wakes.iter().for_each(|wake| self.place.mailbox.put(wake, true));
                }
                self.place.mailbox.set_busy(false);
                self.app.hub.deliver(&environment.scope, &news);
                match up {
                    Up::Changes { list, .. } => {
                        self.app.metrics.changes.inc_by(list.len() as u64);
                    }
                    Up::Policy { version, ok: false, diagnostics } => warn_of_refused(*version, diagnostics),
                    _ => {}
                }
                self.carry_out(outcome).await
            }
            Err(failed) => {
                self.place.mailbox.set_busy(false);
                match End::from(failed) {
                    End::Refused(Refusal { code, message, fatal: false, .. }) => {
                        self.app.metrics.refused(code);
                        let customer = match up {
                            Up::Ensure { customer } => Some(customer.id.clone()),
                            _ => None,
                        };
                        self.send(&Down::Error { code: code.to_string(), message, customer }).await
                    }
                    end => Err(end),
                }
            }
        }
    }

    /// Looks where wake-ups say.
    async fn woken(&mut self) -> Result<(), End> {
        let (mut wakes, everywhere) = self.place.mailbox.take();
        let (connection, environment) = (self.place.connection, &self.place.environment);
        if everywhere {
            wakes.insert(Wake::Policy);
            if let Some(session) = environment.desk().sessions().get(&connection) {
                wakes.extend(session.held.keys().cloned().map(Wake::Customer));
            }
        }
        if wakes.is_empty() {
            return Ok(());
        }
        let result = self.app.database.run(&environment.scope, Locks::Snapshot, |rows| {
            let desk = environment.desk();
            let mut outcome = Outcome::default();
            wakes.iter().try_for_each(|wake| desk.wake_one(rows, connection, wake, &mut outcome))?;
            Ok((outcome, Vec::new()))
        });
        let (outcome, _) = result.await?;
        environment.desk().done(&outcome);
        self.carry_out(outcome).await
    }

    async fn carry_out(&mut self, outcome: Outcome) -> Result<(), End> {
        for (_, frame) in outcome.frames {
            self.send(&frame).await?;
        }
        match outcome.close.is_empty() {
            true => Ok(()),
            false => Err(refusal("session_over", "another connection speaks for this instance now")),
        }
    }

    async fn send(&mut self, frame: &Down) -> Result<(), End> {
        match write(frame) {
            Ok(text) => self.send_text(text).await,
            Err(FrameError::TooLarge { .. }) => match frame {
                Down::Customers { list, missing } if list.len() > 1 => {
                    let (first, second) = list.split_at(list.len() / 2);
                    let half = Down::Customers { list: first.to_vec(), missing: missing.clone() };
                    Box::pin(self.send(&half)).await?;
                    let half = Down::Customers { list: second.to_vec(), missing: Vec::new() };
                    Box::pin(self.send(&half)).await
                }
                _ => Err(refusal("frame_too_large", "a customer's record is past what a frame may be")),
            },
            Err(error) => Err(refusal(error.code(), error.to_string())),
        }
    }

    async fn send_text(&mut self, text: String) -> Result<(), End> {
        let sent = tokio::select! {
            why = self.place.mailbox.ended() => return Err(End::Refused(why)),
            sent = timeout(SEND, self.socket.send(Message::Text(text.into()))) => sent,
        };
        match sent {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(End::Gone),
            Err(_) => {
                self.app.metrics.refused("too_slow");
                tracing::info!(connection = self.place.connection, "an engine doesn't read: cut off");
                Err(End::Gone)
            }
        }
    }
}

/// An engine goes on with the policy that it has: people must know, since nobody else sees to it.
fn warn_of_refused(version: u64, diagnostics: &[serde_json::Value]) {
    let errors = diagnostics.iter().filter(|found| found.get("severity").is_none_or(|it| it == "error"));
    let problems = errors.filter_map(|found| found.get("message")?.as_str());
    let problem: String = problems.take(1).flat_map(str::chars).take(PROBLEM_CHARS_MAX).collect();
    tracing::warn!(version, problem, "an engine refused a policy, and goes on with the one before");
}

/// An instance belongs to the environment that it spoke in first.
async fn check_instances(app: &App, scope: &Scope, up: &Up) -> Result<(), End> {
    let Up::Hello { instance, resume, .. } = up else { return Ok(()) };
    let earlier = resume.iter().flat_map(|resume| &resume.earlier).map(|earlier| earlier.instance);
    for instance in earlier.chain([*instance]) {
        // The one statement across environments: whose an ID is, must be known to refuse it.
        let statement = "SELECT workspace, environment FROM instances WHERE id = $1";
        let found: Option<(i64, String)> = sqlx::query_as(statement)
            .bind(instance.to_string())
            .fetch_optional(app.database.reader())
            .await
            .map_err(Failed::Storage)?;
        if found.is_some_and(|found| (found.0, &*found.1) != (scope.workspace, scope.environment)) {
            return Err(refusal("not_yours", "the instance belongs to another environment"));
        }
    }
    Ok(())
}
