//! The thread that carries what an engine and its server say to each other.
//!
//! 1. It does what the engine's side of Cloud asks for ([`Task`]), and tells it what came of it; it decides nothing.
//! 2. The engine wakes it: *soon* for changes, which it lets gather for a few milliseconds, since taking them needs the engine's lock; *at
//!    once* for what somebody waits for.
//! 3. What is to be sent is written by a task of its own, so that a slow server can't keep this one from listening. A socket that is closed
//!    is closed once all that was to be sent is on its way, or after a second.
//! 4. With an outbox, the instance is on disk before the server hears of it: one that holds leases is never forgotten.
//! 5. It ends when the engine's side says so, or when it is told to stop; whoever stops it waits for its end, so that no thread is left behind
//!    when a worker's copy of the addon is unloaded.

use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use futures_util::{SinkExt, StreamExt, stream::SplitStream};
use limitr_store::Beginner;
use tokio::sync::{Notify, mpsc};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_tungstenite::tungstenite::Message;

use super::connect::{Address, Failed, Socket};
use crate::clock;
use crate::rooms::refused;
use crate::wire::Host;
use crate::wire::cloud::{Said, Task};

/// How long changes gather before they are taken.
const GATHER: Duration = Duration::from_millis(10);
/// How long what was to be sent may take once its socket is to be closed.
const LAST_WORDS: Duration = Duration::from_secs(1);
/// How long a stopped thread may wait for name look-ups that the system can't break off.
const LOOK_UPS: Duration = Duration::from_millis(50);

/// How the engine wakes the thread.
#[derive(Debug, Default)]
pub(crate) struct Bell {
    soon: Notify,
    now: Notify,
    stop: AtomicBool,
}

impl Bell {
    /// There are changes.
    pub(crate) fn soon(&self) {
        self.soon.notify_one();
    }

    /// Somebody waits.
    pub(crate) fn now(&self) {
        self.now.notify_one();
    }
}

/// A running thread. Dropped, it is stopped, and its end is waited for.
pub(crate) struct Line {
    bell: Arc<Bell>,
    ended: Mutex<Receiver<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Line {
    /// Starts the thread of an engine. `tell` is called when there is news for JavaScript.
    pub(super) fn start(
        host: Arc<Mutex<Host>>,
        bell: Arc<Bell>,
        address: Address,
        begin: Option<Beginner>,
        tell: Box<dyn Fn() + Send>,
    ) -> Result<Line, String> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| error.to_string())?;
        let (end, ended) = channel();
        let address = Arc::new(address);
        let worker = Worker { host, bell: Arc::clone(&bell), address, begin, tell };
        let thread = Builder::new().name("limitr-cloud".to_string()).spawn(move || {
            runtime.block_on(worker.run());
            runtime.shutdown_timeout(LOOK_UPS);
            drop(end);
        });
        Ok(Line { bell, ended: Mutex::new(ended), thread: Some(thread.map_err(|error| error.to_string())?) })
    }

    /// Waits until the thread has ended by itself, for so long at the most.
    pub(crate) fn wait(&self, most: Duration) {
        let ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner);
        let _ = ended.recv_timeout(most);
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.bell.stop.store(true, Ordering::Release);
        self.bell.now();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join(); // a panic in it has ended it, too
        }
    }
}

/// What the thread works with.
struct Worker {
    host: Arc<Mutex<Host>>,
    bell: Arc<Bell>,
    address: Arc<Address>,
    begin: Option<Beginner>,
    tell: Box<dyn Fn() + Send>,
}

type Soon<T> = Option<Pin<Box<dyn Future<Output = T> + Send>>>;

/// What is open, and what is being opened.
#[derive(Default)]
struct Connections {
    heard: Option<SplitStream<Socket>>,
    said: Option<mpsc::UnboundedSender<Message>>,
    opening: Soon<Result<Socket, Failed>>,
    fetching: Soon<(u64, Result<String, Failed>)>,
    writers: JoinSet<()>,
}

impl Worker {
    async fn run(self) {
        let mut open = Connections::default();
        while let Some(wait) = self.work(&mut open) {
            if self.bell.stop.load(Ordering::Acquire) {
                return;
            }
            tokio::select! {
                () = self.bell.now.notified() => {}
                () = self.bell.soon.notified() => {
                    tokio::select! {
                        () = sleep(GATHER) => {}
                        () = self.bell.now.notified() => {}
                    }
                }
                opened = arrived(&mut open.opening) => match opened {
                    Ok(socket) => self.greet(&mut open, socket),
                    Err(Failed::Network) => self.say(Said::Disconnected),
                    Err(Failed::Refused(code)) => self.say(Said::Refused(&code)),
                },
                frame = heard(&mut open.heard) => match frame {
                    Some(text) => self.say(Said::Text(&text)),
                    None => {
                        open.hang_up();
                        self.say(Said::Disconnected);
                    }
                },
                (version, came) = arrived(&mut open.fetching) => match came {
                    Ok(document) => self.say(Said::Policy(version, Some(&document))),
                    Err(Failed::Refused(code)) => self.say(Said::Refused(&code)),
                    Err(Failed::Network) => self.say(Said::Policy(version, None)),
                },
                () = sleep(wait) => {}
            }
        }
        open.hang_up();
        let _ = timeout(LAST_WORDS, async { while open.writers.join_next().await.is_some() {} }).await;
    }

    /// Does all that is to be done now; how long nothing is, or nothing once all is done for good.
    fn work(&self, open: &mut Connections) -> Option<Duration> {
        let now = clock::now_ms();
        let (tasks, next, news) = {
            let mut host = self.host.lock().ok()?;
            let cloud = host.cloud_work()?;
            (cloud.tasks, cloud.next, cloud.news)
        };
        if news {
            (self.tell)();
        }
        for task in tasks {
            match task {
                Task::Connect => {
                    open.hang_up();
                    let address = Arc::clone(&self.address);
                    open.opening = Some(Box::pin(async move { address.connect().await }));
                }
                Task::Send(text) => open.send(text),
                Task::Disconnect => open.hang_up(),
                Task::Fetch { version, url } => {
                    let address = Arc::clone(&self.address);
                    open.fetching = Some(Box::pin(async move { (version, address.fetch(&url).await) }));
                }
                Task::End => return None,
            }
        }
        let wait = next.map_or(i64::MAX, |next| next.saturating_sub(now).saturating_add(1));
        Some(Duration::from_millis(u64::try_from(wait).unwrap_or_default().min(60_000)))
    }

    fn greet(&self, open: &mut Connections, socket: Socket) {
        match self.begin.as_ref().map_or(Ok(()), Beginner::begin) {
            Ok(()) => {
                open.take_up(socket);
                self.say(Said::Connected);
            }
            Err(error) => self.say(Said::Unkept(&refused(error))),
        }
    }

    fn say(&self, said: Said<'_>) {
        if let Ok(mut host) = self.host.lock() {
            host.cloud_said(&said);
        }
    }
}

impl Connections {
    fn take_up(&mut self, socket: Socket) {
        let (mut sink, heard) = socket.split();
        let (said, mut to_say) = mpsc::unbounded_channel();
        self.heard = Some(heard);
        self.said = Some(said);
        self.writers.spawn(async move {
            while let Some(message) = to_say.recv().await {
                let more = !to_say.is_empty();
                let sent = if more { sink.feed(message).await } else { sink.send(message).await };
                if sent.is_err() {
                    return;
                }
            }
            let _ = sink.close().await;
        });
        while self.writers.try_join_next().is_some() {}
    }

    fn send(&mut self, text: String) {
        if let Some(said) = &self.said {
            let _ = said.send(Message::text(text)); // a writer that has ended: the socket's end is heard
        }
    }

    /// Closes the socket once all is said. It is heard to its end: one that is dropped with something unheard resets the connection, and what was
    /// said last gets lost.
    fn hang_up(&mut self) {
        self.said = None;
        self.opening = None;
        if let Some(mut heard) = self.heard.take() {
            let to_its_end = async move { while let Some(Ok(_)) = heard.next().await {} };
            self.writers.spawn(async move { drop(timeout(LAST_WORDS, to_its_end).await) });
        }
    }
}

/// What a future comes to that may not be there; it is over then.
async fn arrived<T>(soon: &mut Soon<T>) -> T {
    let Some(future) = soon else { return std::future::pending().await };
    let came = future.await;
    *soon = None;
    came
}

/// The next frame; none once the socket is closed.
async fn heard(socket: &mut Option<SplitStream<Socket>>) -> Option<String> {
    let Some(socket) = socket else { return std::future::pending().await };
    loop {
        match socket.next().await {
            Some(Ok(Message::Text(text))) => return Some(text.to_string()),
            Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Binary(_) | Message::Frame(_))) => {}
            Some(Ok(Message::Close(_)) | Err(_)) | None => return None,
        }
    }
}
