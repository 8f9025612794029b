//! What requests carry, read with problems of our own where it can't be.

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use serde::de::DeserializeOwned;

use crate::app::App;
use crate::problem::Problem;

fn invalid(status: u16, text: impl Into<String>) -> Problem {
    match status {
        413 => Problem::new(413, "body_too_large", "a body has 2 MiB at most"),
        _ => Problem::new(422, "invalid_argument", text),
    }
}

/// PostgreSQL's texts have none.
fn no_nul(address: &str) -> Result<(), Problem> {
    match address.contains("%00") {
        true => Err(invalid(422, "the address has a NUL character")),
        false => Ok(()),
    }
}

/// Parts of the path.
#[derive(Debug)]
pub(crate) struct Path<T>(pub(crate) T);

impl<T: DeserializeOwned + Send> FromRequestParts<App> for Path<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Path<T>, Problem> {
        no_nul(parts.uri.path())?;
        let read = axum::extract::Path::<T>::from_request_parts(parts, app).await;
        read.map(|axum::extract::Path(value)| Path(value))
            .map_err(|rejection| invalid(422, rejection.body_text()))
    }
}

/// The query.
#[derive(Debug)]
pub(crate) struct Query<T>(pub(crate) T);

impl<T: DeserializeOwned + Send> FromRequestParts<App> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Query<T>, Problem> {
        no_nul(parts.uri.query().unwrap_or_default())?;
        let read = axum::extract::Query::<T>::from_request_parts(parts, app).await;
        read.map(|axum::extract::Query(value)| Query(value))
            .map_err(|rejection| invalid(422, rejection.body_text()))
    }
}

/// A body of text: a policy's document as it is.
#[derive(Debug)]
pub(crate) struct Text(pub(crate) String);

impl FromRequest<App> for Text {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &App) -> Result<Text, Problem> {
        let read = Bytes::from_request(request, app).await;
        let bytes = read.map_err(|rejection| invalid(rejection.status().as_u16(), rejection.body_text()))?;
        let text = String::from_utf8(bytes.into()).map_err(|_| invalid(422, "the body isn't UTF-8"))?;
        match text.contains('\0') {
            true => Err(invalid(422, "the body has a NUL character")), // which PostgreSQL doesn't store
            false => Ok(Text(text)),
        }
    }
}

/// A body of JSON; an empty one is an empty object.
#[derive(Debug)]
pub(crate) struct Json<T>(pub(crate) T);

impl<T: DeserializeOwned + Send> FromRequest<App> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &App) -> Result<Json<T>, Problem> {
        let Text(text) = Text::from_request(request, app).await?;
        let text = if text.is_empty() { "{}" } else { &text };
        if text.contains("\\u0000") {
            return Err(invalid(422, "the body has a NUL character"));
        }
        serde_json::from_str(text).map(Json).map_err(|error| invalid(422, error.to_string()))
    }
}

/// An answer in JSON.
pub(crate) fn ok(value: impl serde::Serialize) -> axum::Json<impl serde::Serialize> {
    axum::Json(value)
}

/// An answer to what made something.
pub(crate) fn created(value: impl serde::Serialize) -> impl axum::response::IntoResponse {
    (axum::http::StatusCode::CREATED, axum::Json(value))
}
