//! Accepts connections: a bounded number, none of which may take its time with a request's head.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::response::{IntoResponse, Response};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tower::ServiceExt;

use crate::problem::Problem;

/// How long a request's head may take.
const HEAD: Duration = Duration::from_secs(10);
/// Largest head of a request.
const HEAD_BYTES_MAX: usize = 64 * 1_024;
/// How long a request may take, an upgraded connection aside.
const REQUEST: Duration = Duration::from_secs(30);
/// How long requests under way may take once the server stops.
const STOP: Duration = Duration::from_secs(10);
/// Most connections at once, those of engines aside.
const CONNECTIONS: u32 = 1_024;

/// Serves until `stop` comes to its end; then lets what is under way finish.
pub(crate) async fn serve(listener: TcpListener, router: Router, stop: impl Future<Output = ()>) {
    let places = Arc::new(Semaphore::new(CONNECTIONS as usize));
    let (stopping, stopped) = watch::channel(false);
    let mut stop = pin!(stop);
    loop {
        let accepted = tokio::select! {
            () = &mut stop => break,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, address)) => match Arc::clone(&places).try_acquire_owned() {
                Ok(place) => {
                    let one = serve_one(stream, address, router.clone(), stopped.clone());
                    tokio::spawn(async move {
                        one.await;
                        drop(place);
                    });
                }
                Err(_) => tracing::warn!("too many connections: one is turned away"),
            },
            Err(error) => {
                tracing::warn!(%error, "a connection couldn't be accepted");
                tokio::time::sleep(Duration::from_millis(50)).await; // as a rule, no file descriptors are left
            }
        }
    }
    let _ = stopping.send(true);
    let _ = tokio::time::timeout(STOP, places.acquire_many(CONNECTIONS)).await;
}

/// Serves one connection. It ends with an upgrade: a socket has its own bounds.
async fn serve_one(
    stream: TcpStream,
    address: SocketAddr,
    router: Router,
    mut stopped: watch::Receiver<bool>,
) {
    let _ = stream.set_nodelay(true);
    let service = hyper::service::service_fn(move |request: hyper::Request<Incoming>| {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(ConnectInfo(address));
        let answer = tokio::time::timeout(REQUEST, router.clone().oneshot(request));
        async move {
            Ok::<Response, Infallible>(match answer.await {
                Ok(Ok(answer)) => answer,
                Ok(Err(never)) => match never {},
                Err(_) => {
                    Problem::new(503, "too_slow", "the request took too long: try again").into_response()
                }
            })
        }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .max_buf_size(HEAD_BYTES_MAX)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    let mut connection = pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => Some(ended),
        _ = stopped.changed() => None,
    };
    let ended = match ended {
        Some(ended) => ended,
        None => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection broke");
    }
}
