//! What a server holds: changes a second, sockets, and how fast a policy reaches a thousand engines. Run by `npm run bench:cloud`, which says
//! `load ADDRESS TOKEN ADMIN_TOKEN`; prints one line of JSON.
#![allow(clippy::print_stdout, reason = "it prints what it measured")]
#![allow(clippy::disallowed_methods, clippy::disallowed_types, reason = "it measures time")]

use std::time::{Duration, Instant};

use futures_util::{SinkExt, StreamExt};
use limitr_engine::policy::{Format, LoadOptions, load};
use limitr_engine::quantity::Amount;
use limitr_engine::{Ask, Call, Change};
use limitr_protocol::{Down, Ensured, InstanceId, Sent, Up, read_down, write};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

/// Engines that hand in changes at the same time, each of a customer of its own.
const WRITERS: usize = 16;
/// Changes in one frame: what an engine sends at most.
const BATCH: usize = 256;
/// How long changes are handed in.
const LONG: Duration = Duration::from_secs(5);
/// Engines that are connected while a policy is pushed.
const ENGINES: usize = 1_000;
/// How often it is pushed.
const PUSHES: usize = 5;

const POLICY: &str = "policy: { credits: { message: {} }, plans: { free: { default: true, entitlements: { chat: { limit: \
                      { credit: message, mode: soft, value: 1000000 } } } } } }";

type Failed = Box<dyn std::error::Error + Send + Sync>;
type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

async fn connect(address: &str, token: &str) -> Result<Socket, Failed> {
    let mut request = format!("ws://{address}/v1/connect").into_client_request()?;
    request.headers_mut().insert("authorization", format!("Bearer {token}").parse()?);
    request.headers_mut().insert("sec-websocket-protocol", "limitr.v1".parse()?);
    let (mut socket, _) = tokio_tungstenite::connect_async(request).await?;
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes)?;
    let instance = InstanceId(u128::from_be_bytes(bytes));
    let hello =
        Up::Hello { instance, engine: "0.1.0".to_string(), policy_version: None, pinned: None, resume: None };
    say(&mut socket, &hello).await?;
    wait(&mut socket, |frame| matches!(frame, Down::Welcome { .. })).await?;
    Ok(socket)
}

async fn say(socket: &mut Socket, up: &Up) -> Result<(), Failed> {
    Ok(socket.send(Message::Text(write(up)?.into())).await?)
}

async fn wait(socket: &mut Socket, is: impl Fn(&Down) -> bool) -> Result<Down, Failed> {
    while let Some(message) = socket.next().await {
        if let Message::Text(text) = message? {
            let frame = read_down(&text)?;
            if is(&frame) {
                return Ok(frame);
            }
        }
    }
    Err("the server hung up".into())
}

async fn post(address: &str, path: &str, token: &str, body: &str) -> Result<String, Failed> {
    let mut stream = TcpStream::connect(address).await?;
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\nauthorization: Bearer {token}\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(body.as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    let (head, body) = answer.split_once("\r\n\r\n").ok_or("no answer")?;
    match head.starts_with("HTTP/1.1 20") {
        true => Ok(body.to_string()),
        false => Err(answer.into()),
    }
}

async fn publish(address: &str, admin: &str) -> Result<(), Failed> {
    let draft: serde_json::Value =
        serde_json::from_str(&post(address, "/v1/policies", admin, POLICY).await?)?;
    post(address, &format!("/v1/policies/{}/publish", draft["version"]), admin, "").await?;
    Ok(())
}

/// The engine of one writer: what it commits is real.
fn batch(engine: &mut limitr_engine::Engine, now: i64, customer: &str) -> Result<Vec<Change>, Failed> {
    let call = Call::new(Ask::Exactly(Amount::from_int(1)));
    let mut changes = Vec::new();
    while changes.len() < BATCH {
        engine.allow(now, customer, "chat", &call)?;
        changes.extend(engine.take_changes());
    }
    Ok(changes)
}

async fn write_changes(address: String, token: String, which: usize) -> Result<usize, Failed> {
    let mut socket = connect(&address, &token).await?;
    let customer = format!("customer_{which}");
    say(
        &mut socket,
        &Up::Ensure { customer: Ensured { id: customer.as_str().into(), ..Ensured::default() } },
    )
    .await?;
    let known = wait(&mut socket, |frame| matches!(frame, Down::Customers { .. })).await?;
    let Down::Customers { list, .. } = known else { return Err("no customer".into()) };
    let now = i64::try_from(std::time::SystemTime::UNIX_EPOCH.elapsed()?.as_millis())?;
    let mut engine = limitr_engine::Engine::blank(1);
    let policy =
        load(POLICY.as_bytes(), Format::Auto, &LoadOptions::default()).map_err(|_| "a policy")?.policy;
    engine.record_changes(true);
    engine.resume(now, policy)?;
    engine.restore_record(&list.first().ok_or("no customer")?.record)?;
    let _ = engine.take_changes();
    let (mut next, mut sent) = (1, 0);
    let since = Instant::now();
    while since.elapsed() < LONG {
        let mut changes = batch(&mut engine, now, &customer)?;
        changes.iter_mut().zip(next..).for_each(|(change, seq)| change.seq = seq);
        let from = next;
        next += changes.len() as u64;
        sent += changes.len();
        let list = changes.into_iter().map(Sent).collect();
        say(&mut socket, &Up::Changes { from, list, watermark: now, of: None }).await?;
        wait(&mut socket, |frame| matches!(frame, Down::Ack { .. })).await?;
    }
    Ok(sent)
}

#[tokio::main]
async fn main() -> Result<(), Failed> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [address, token, admin] = &*arguments else { return Err("load ADDRESS TOKEN ADMIN_TOKEN".into()) };
    publish(address, admin).await?;

    let since = Instant::now();
    let writers: Vec<_> = (0..WRITERS)
        .map(|which| tokio::spawn(write_changes(address.clone(), token.clone(), which)))
        .collect();
    let mut changes = 0;
    for writer in writers {
        changes += writer.await??;
    }
    let changes_a_second = changes as f64 / since.elapsed().as_secs_f64();

    let mut sockets = Vec::new();
    let since = Instant::now();
    for _ in 0..ENGINES {
        sockets.push(connect(address, token).await?);
    }
    let connects_a_second = ENGINES as f64 / since.elapsed().as_secs_f64();
    let mut last_ms = Vec::new();
    for _ in 0..PUSHES {
        let since = Instant::now();
        publish(address, admin).await?;
        let mut heard = Vec::new();
        for mut socket in sockets.drain(..) {
            heard.push(tokio::spawn(async move {
                wait(&mut socket, |frame| matches!(frame, Down::Policy(_))).await?;
                Ok::<Socket, Failed>(socket)
            }));
        }
        for one in heard {
            sockets.push(one.await??);
        }
        last_ms.push(since.elapsed().as_secs_f64() * 1e3);
    }
    last_ms.sort_by(f64::total_cmp);
    let figures = json!({
        "changesASecond": changes_a_second.round(),
        "connectsASecond": connects_a_second.round(),
        "sockets": sockets.len(),
        "pushToTheLastMs": last_ms.get(PUSHES / 2),
    });
    println!("{figures}");
    Ok(())
}
