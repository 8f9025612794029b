//! How the server is doing, for whoever runs it.

use axum::extract::State;
use axum::response::IntoResponse;

use crate::app::App;
use crate::problem::Problem;

/// Whether the process runs.
#[utoipa::path(get, path = "/healthz", tag = "operation", responses((status = 200, body = String)))]
pub(crate) async fn health() -> &'static str {
    "ok"
}

/// Whether the server can do its work: its database answers.
#[utoipa::path(
    get, path = "/readyz", tag = "operation",
    responses((status = 200, body = String), (status = 503, body = Problem))
)]
pub(crate) async fn ready(State(app): State<App>) -> Result<&'static str, Problem> {
    sqlx::query("SELECT 1").execute(app.database.reader()).await?;
    Ok("ok")
}

/// Counters, as Prometheus reads them. They name no customer, token or person.
#[utoipa::path(get, path = "/metrics", tag = "operation", responses((status = 200, body = String)))]
pub(crate) async fn metrics(State(app): State<App>) -> impl IntoResponse {
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    ([(axum::http::header::CONTENT_TYPE, kind)], app.metrics.text(app.hub.sockets()))
}
