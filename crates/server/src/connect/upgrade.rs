//! `GET /v1/connect`: from a request to a connection. An engine that isn't let in is told so in the protocol's own words, since a browser
//! shows nothing else of a refused upgrade.

use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::{Query, State, WebSocketUpgrade};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use limitr_ledger::Refusal;
use limitr_protocol::limits::{FRAME_BYTES_MAX, SUBPROTOCOL};
use serde::Deserialize;

use super::{hub, socket};
use crate::app::App;
use crate::auth::{bearer, tickets, tokens};
use crate::problem::Problem;

/// What may stand in the address.
#[derive(Debug, Deserialize)]
pub(crate) struct Asked {
    ticket: Option<String>,
}

/// Connects an engine: the WebSocket subprotocol `limitr.v1`.
#[utoipa::path(
    get, path = "/v1/connect", tag = "engines",
    params(("ticket" = Option<String>, Query, description = "From `POST /v1/tickets`, where the host can't send headers")),
    responses(
        (status = 101, description = "Connected: frames of `limitr.v1` from here on. One that isn't let in is told why in an `error` frame"),
        (status = "4XX", description = "Not an upgrade to a WebSocket", body = Problem),
    ),
    security(("token" = ["engine"]))
)]
pub(crate) async fn connect(
    State(app): State<App>,
    headers: HeaderMap,
    asked: Result<Query<Asked>, axum::extract::rejection::QueryRejection>,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Response {
    let upgrade = match upgrade {
        Ok(upgrade) => upgrade,
        Err(rejection) => {
            return Problem::new(400, "not_a_websocket", rejection.body_text()).into_response();
        }
    };
    let ticket = asked.ok().and_then(|Query(asked)| asked.ticket);
    let upgrade = upgrade
        .protocols([SUBPROTOCOL])
        .max_message_size(FRAME_BYTES_MAX)
        .max_frame_size(FRAME_BYTES_MAX)
        .max_write_buffer_size(4 * FRAME_BYTES_MAX);
    let speaks = upgrade.selected_protocol().is_some();
    match enter(&app, &headers, ticket.as_deref(), speaks).await {
        Ok(place) => upgrade.on_upgrade(move |open| socket::serve(app, open, place)),
        Err(why) => {
            app.metrics.refused(why.code);
            upgrade.on_upgrade(move |open| socket::turn_away(open, why))
        }
    }
}

async fn enter(
    app: &App,
    headers: &HeaderMap,
    ticket: Option<&str>,
    speaks: bool,
) -> Result<hub::Place, Refusal> {
    let refused = |code, message: &str| Refusal {
        code,
        message: message.to_string(),
        fatal: true,
        diagnostics: Vec::new(),
    };
    if !speaks {
        return Err(refused("version_unsupported", "this server speaks the subprotocol `limitr.v1`"));
    }
    let token = match (bearer(headers), ticket) {
        (Some(secret), _) => tokens::find(app, secret).await,
        (None, Some(ticket)) => tickets::redeem(app, ticket).await,
        (None, None) => return Err(refused("unauthorized", "a token of scope `engine` is needed")),
    };
    let token = token.map_err(|problem| refused(problem.code, &problem.detail))?;
    if !token.is_engine() {
        return Err(refused("unauthorized", "the token hasn't the scope `engine`"));
    }
    app.hub.enter(&token.scope, &token.id)
}
