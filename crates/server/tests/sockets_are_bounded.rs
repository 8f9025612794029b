//! Engines that take without giving: each is cut off at its bound, and others are served as if nothing was.

#![allow(clippy::disallowed_methods, clippy::disallowed_types, reason = "tests measure time")]

mod common;

use std::time::{Duration, Instant};

use common::engine::{record, spend};
use common::{Engine, Server, databases, policy};
use limitr_protocol::{Down, Up};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Idle sockets of the test.
const IDLE: usize = 2_000;

#[tokio::test(flavor = "multi_thread")]
async fn thousands_of_idle_sockets_cost_others_nothing() {
    for database in databases().await {
        let server = Server::start(&database);
        server.publish(&policy(100)).await;
        let mut idle = Vec::new();
        for _ in 0..IDLE {
            idle.push(Engine::connect(&server).await);
        }
        let metrics = server.get("/metrics", "").await.body;
        assert!(metrics.contains(&format!("limitr_sockets {IDLE}\n")), "{metrics}");
        let mut engine = Engine::connect(&server).await;
        let since = Instant::now();
        engine.ensure("user_1").await;
        assert!(since.elapsed() < Duration::from_secs(2), "{:?}", since.elapsed());
        drop(idle);
        let gone = async {
            while !server.get("/metrics", "").await.body.contains("limitr_sockets 1\n") {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), gone).await.expect("closed sockets are forgotten");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_and_a_server_have_so_many_sockets() {
    for database in databases().await {
        let server = Server::start_with(&database, &["--sockets", "5", "--sockets-per-token", "3"]);
        let mut open = Vec::new();
        for _ in 0..3 {
            open.push(Engine::connect(&server).await);
        }
        let mut fourth = Engine::open(&server, &server.token).await;
        assert_eq!(fourth.cut_off().await, "overloaded");
        let (_, other) = server.make_token(&["engine"]).await;
        for _ in 0..2 {
            let mut engine = Engine::open(&server, &other).await;
            engine.hello(None).await;
            open.push(engine);
        }
        let mut sixth = Engine::open(&server, &other).await;
        assert_eq!(sixth.cut_off().await, "overloaded");
        open.remove(0).socket.close(None).await.unwrap();
        tokio::time::sleep(Duration::from_millis(300)).await;
        Engine::connect(&server).await; // there is room again
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_engine_that_never_reads_is_cut_off_and_others_are_not() {
    for database in databases().await {
        let server = Server::start(&database);
        let document = policy(1_000_000);
        server.publish(&document).await;
        let mut busy = Engine::connect(&server).await;
        let record = record(&busy.ensure("user_1").await);
        // It asks for more than a socket's buffers hold, and reads nothing of it.
        let mut deaf = Engine::connect(&server).await;
        deaf.ensure("user_1").await;
        let ids: Vec<Box<str>> = (0..1_000).map(|_| "user_1".into()).collect();
        let asking = async {
            loop {
                let frame = limitr_protocol::write(&Up::Load { ids: ids.clone() }).unwrap();
                let message = tokio_tungstenite::tungstenite::Message::Text(frame.into());
                use futures_util::SinkExt;
                if deaf.socket.send(message).await.is_err() {
                    return;
                }
            }
        };
        let honest = async {
            let changes = spend(&record, &document, "user_1", "chat", 50);
            for change in &changes {
                busy.commit(std::slice::from_ref(change)).await;
            }
        };
        let (cut, ()) = tokio::join!(tokio::time::timeout(Duration::from_secs(60), asking), honest);
        cut.expect("the server hangs up");
        let metrics = server.get("/metrics", "").await.body;
        assert!(metrics.contains("code=\"too_slow\""), "{metrics}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_that_say_nothing_end() {
    for database in databases().await {
        let server = Server::start(&database);
        let mut silent = Engine::open(&server, &server.token).await;
        // A request whose head never ends.
        let mut slow = TcpStream::connect(&server.address).await.unwrap();
        slow.write_all(b"GET /healthz HTTP/1.1\r\nx-slow: ").await.unwrap();
        let since = Instant::now();
        tokio::time::sleep(Duration::from_secs(5)).await;
        assert_eq!(silent.cut_off().await, "idle");
        let mut rest = Vec::new();
        let ended = tokio::time::timeout(Duration::from_secs(15), slow.read_to_end(&mut rest)).await;
        assert!(ended.is_ok(), "the slow request was let go on for {:?}", since.elapsed());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_stops_says_so_and_finishes_what_it_does() {
    for database in databases().await {
        let server = Server::start(&database);
        server.publish(&policy(100)).await;
        let mut engine = Engine::connect(&server).await;
        engine.ensure("user_1").await;
        let stopping = tokio::task::spawn_blocking(move || server.stop());
        let told = engine.wait(|frame| matches!(frame, Down::Error { .. })).await;
        assert!(matches!(&told, Down::Error { code, .. } if code == "overloaded"), "{told:?}");
        assert!(stopping.await.unwrap().success());
    }
}
