//! An engine: a real one, behind a real WebSocket.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use limitr_engine::policy::{Format, LoadOptions, load};
use limitr_engine::quantity::Amount;
use limitr_engine::{Ask, Call, Change};
use limitr_protocol::{Down, Ensured, InstanceId, Resume, Sent, Up, What, read_down, write};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

use super::Server;

/// How long a test waits for a frame.
const PATIENCE: Duration = Duration::from_secs(10);

/// A connection.
pub struct Engine {
    pub socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    pub instance: InstanceId,
    pub session: u64,
    /// The frames that were heard while waiting for another.
    pub heard: Vec<Down>,
}

/// An ID that no other instance has.
pub fn instance() -> InstanceId {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).unwrap();
    InstanceId(u128::from_be_bytes(bytes))
}

impl Engine {
    /// Opens a connection without a word.
    pub async fn open(server: &Server, token: &str) -> Engine {
        Engine::open_at(server, "/v1/connect", Some(token), Some("limitr.v1")).await
    }

    /// Opens a connection at an address, with what is given.
    pub async fn open_at(server: &Server, path: &str, token: Option<&str>, protocol: Option<&str>) -> Engine {
        let mut request = format!("ws://{}{path}", server.address).into_client_request().unwrap();
        if let Some(token) = token {
            request.headers_mut().insert("authorization", format!("Bearer {token}").parse().unwrap());
        }
        if let Some(protocol) = protocol {
            request.headers_mut().insert("sec-websocket-protocol", protocol.parse().unwrap());
        }
        let (socket, _) = tokio_tungstenite::connect_async(request).await.unwrap();
        Engine { socket, instance: instance(), session: 0, heard: Vec::new() }
    }

    /// Opens a connection and says hello.
    pub async fn connect(server: &Server) -> Engine {
        let mut engine = Engine::open(server, &server.token).await;
        engine.hello(None).await;
        engine
    }

    /// Says hello, and hears `welcome`.
    pub async fn hello(&mut self, resume: Option<Resume>) -> Down {
        self.greet(None, resume).await;
        self.welcome().await
    }

    /// Says hello, pinned to a version or not.
    pub async fn greet(&mut self, pinned: Option<u64>, resume: Option<Resume>) {
        let (instance, engine) = (self.instance, "0.1.0".to_string());
        self.say(&Up::Hello { instance, engine, policy_version: None, pinned, resume }).await;
    }

    /// Hears `welcome`.
    pub async fn welcome(&mut self) -> Down {
        let welcome = self.wait(|frame| matches!(frame, Down::Welcome { .. })).await;
        let Down::Welcome { session, .. } = &welcome else { panic!("{welcome:?}") };
        self.session = *session;
        welcome
    }

    /// Sends a frame.
    pub async fn say(&mut self, up: &Up) {
        self.say_text(&write(up).unwrap()).await;
    }

    /// Sends a text, whatever it is.
    pub async fn say_text(&mut self, text: &str) {
        self.socket.send(Message::Text(text.into())).await.unwrap();
    }

    /// The next frame; none: the connection is over.
    pub async fn hear(&mut self) -> Option<Down> {
        loop {
            let next = tokio::time::timeout(PATIENCE, self.socket.next()).await.expect("a frame within 10 s");
            match next {
                Some(Ok(Message::Text(text))) => return Some(read_down(&text).unwrap()),
                Some(Ok(Message::Close(_)) | Err(_)) | None => return None,
                Some(Ok(_)) => {}
            }
        }
    }

    /// Waits for a frame; others that come before are kept.
    pub async fn wait(&mut self, is: impl Fn(&Down) -> bool) -> Down {
        if let Some(place) = self.heard.iter().position(&is) {
            return self.heard.remove(place);
        }
        loop {
            let frame = self.hear().await.unwrap_or_else(|| panic!("cut off; heard {:?}", self.heard));
            if is(&frame) {
                return frame;
            }
            self.heard.push(frame);
        }
    }

    /// Waits for the error that ends the connection; answers its code.
    pub async fn cut_off(&mut self) -> String {
        let mut code = String::new();
        while let Some(frame) = self.hear().await {
            if let Down::Error { code: said, .. } = frame {
                code = said;
            }
        }
        code
    }

    /// Ensures a customer, and hears its record.
    pub async fn ensure(&mut self, id: &str) -> Down {
        self.say(&Up::Ensure { customer: Ensured { id: id.into(), ..Ensured::default() } }).await;
        self.wait(|frame| matches!(frame, Down::Customers { .. })).await
    }

    /// Asks for a lease on a limit; the answer.
    pub async fn lease(&mut self, customer: &str, entitlement: &str, want: i64) -> Down {
        let what = What::Limit(entitlement.into());
        self.say(&Up::Lease { customer: customer.into(), what, want: Amount::from_int(want) }).await;
        self.wait(|frame| matches!(frame, Down::Lease { .. } | Down::LeaseDenied { .. })).await
    }

    /// Sends changes, and hears up to where they are committed.
    pub async fn commit(&mut self, changes: &[Change]) -> u64 {
        self.say(&sent(changes)).await;
        match self.wait(|frame| matches!(frame, Down::Ack { .. })).await {
            Down::Ack { up_to, .. } => up_to,
            other => panic!("{other:?}"),
        }
    }
}

/// A `changes` frame of the speaker's own.
pub fn sent(changes: &[Change]) -> Up {
    let list: Vec<Sent> = changes.iter().cloned().map(Sent).collect();
    let from = list.first().map_or(1, |sent| sent.0.seq);
    Up::Changes { from, list, watermark: now(), of: None }
}

pub fn now() -> i64 {
    std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap().as_millis() as i64
}

/// What an engine does that holds this customer and is asked for so many units, so many times; one change each.
pub fn spend(
    record: &serde_json::Value,
    document: &str,
    customer: &str,
    entitlement: &str,
    times: usize,
) -> Vec<Change> {
    let policy = load(document.as_bytes(), Format::Auto, &LoadOptions::default()).unwrap().policy;
    let mut engine = limitr_engine::Engine::blank(1);
    engine.record_changes(true);
    engine.resume(now(), policy).unwrap();
    engine.restore_record(record).unwrap();
    let _ = engine.take_changes();
    let mut call = Call::new(Ask::Exactly(Amount::from_int(1)));
    call.force = true;
    for _ in 0..times {
        engine.allow(now(), customer, entitlement, &call).unwrap();
    }
    let mut changes = engine.take_changes();
    changes.iter_mut().zip(1..).for_each(|(change, seq)| change.seq = seq);
    changes
}

/// The record of the one customer that a frame carries.
pub fn record(frame: &Down) -> serde_json::Value {
    match frame {
        Down::Customers { list, .. } => list[0].record.clone(),
        other => panic!("{other:?}"),
    }
}
