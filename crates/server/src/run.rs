//! A server's life: open the database, set it up if it is empty, serve, stop.

use std::future::Future;
use std::time::Duration;

use limitr_ledger::Settings;
use tokio::net::TcpListener;

use crate::app::{App, Parts};
use crate::auth::limit::Limit;
use crate::config::Config;
use crate::connect::hub::SocketBounds;
use crate::connect::{Hub, listen};
use crate::db::{Database, Kind};
use crate::metrics::Metrics;
use crate::{first, jobs, print, rest, serve};

#[allow(clippy::needless_update, reason = "the simulator's build of the ledger has another field")]
fn settings(reclaim: bool) -> Settings {
    Settings { reclaim, ..Settings::default() }
}

/// How long sockets may take to end once the server stops.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// Runs a server until `stop` comes to its end.
///
/// # Errors
/// Why it doesn't start, and what to do.
pub async fn run(config: Config, stop: impl Future<Output = ()>) -> Result<(), String> {
    let database = Database::open(&config.database)
        .await
        .map_err(|error| format!("the database can't be opened: {error}; see `--database`"))?;
    let first = first::set_up(&database).await.map_err(|problem| problem.detail)?;
    let place = (config.host.as_str(), config.port);
    let listener = TcpListener::bind(place)
        .await
        .map_err(|error| format!("can't listen on {}:{}: {error}; see `--port`", config.host, config.port))?;
    let address = listener.local_addr().map_err(|error| error.to_string())?;
    let bounds = SocketBounds { total: config.sockets, per_token: config.sockets_per_token };
    let app = App::new(Parts {
        hub: Hub::new(settings(config.reclaim), bounds),
        metrics: Metrics::new(),
        secure_cookies: config.secure_cookies,
        sign_ins: Limit::new(10, 6_000),
        tickets: Limit::new(600, 100),
        database,
    });
    let listening = (app.database.kind == Kind::Postgres).then(|| tokio::spawn(listen(app.clone())));
    let forget_after_ms = i64::from(config.forget_after_hours) * 3_600_000;
    let working = tokio::spawn(jobs::run(app.clone(), config.reclaim, forget_after_ms));
    tracing::info!(%address, database = ?app.database.kind, "serving");
    print::ready(&config, &format!("http://{address}"), first.as_ref());
    let stopping = async {
        stop.await;
        tracing::info!("stopping");
        app.hub.end_all();
    };
    serve::serve(listener, rest::router(app.clone(), &config.origins), stopping).await;
    // Sockets outlive the connections that they came from: each is told, and ends.
    let ended = async {
        while app.hub.sockets() > 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let _ = tokio::time::timeout(LAST_WORDS, ended).await;
    working.abort();
    if let Some(listening) = listening {
        listening.abort();
    }
    app.database.close().await;
    Ok(())
}
