//! Tickets for hosts that can't send headers with a WebSocket.

use axum::extract::State;
use axum::response::IntoResponse;
use serde::Serialize;
use utoipa::ToSchema;

use super::extract;
use crate::app::App;
use crate::auth::access::{Engine, In, Who};
use crate::auth::tickets;
use crate::problem::Problem;

/// A ticket.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Ticket {
    /// For `/v1/connect?ticket=…`, or in place of a token to fetch one policy's document; once.
    ticket: String,
    /// Until when, in milliseconds since the epoch.
    expires_at: i64,
}

/// Makes a ticket for one connection, or for one policy's document: one minute, one use.
#[utoipa::path(
    post, path = "/v1/tickets", tag = "engines",
    responses((status = 201, body = Ticket), (status = "4XX", body = Problem)),
    security(("token" = ["engine"]))
)]
pub(crate) async fn create(State(app): State<App>, caller: In<Engine>) -> Result<impl IntoResponse, Problem> {
    let Who::Token(token) = &caller.who else { return Err(Problem::forbidden("tickets are for engines")) };
    if !app.tickets.take(&token.id) {
        return Err(Problem::too_often("too many tickets: an engine needs one for each connection"));
    }
    let (ticket, expires_at) = tickets::make(&app, token).await?;
    Ok(extract::created(Ticket { ticket, expires_at }))
}
