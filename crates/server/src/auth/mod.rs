//! Who asks, and what they may: tokens for programs, sessions for people.

pub(crate) mod access;
pub(crate) mod limit;
pub(crate) mod password;
pub(crate) mod people;
pub(crate) mod tickets;
pub(crate) mod tokens;

use axum::http::{HeaderMap, header};

/// The token of an `Authorization: Bearer` header.
pub(crate) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, secret) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(secret.trim())
}

/// The session of the cookie.
pub(crate) fn cookie(headers: &HeaderMap) -> Option<&str> {
    let all = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut cookies =
        all.flat_map(|value| value.split(';')).filter_map(|cookie| cookie.trim().split_once('='));
    cookies.find(|(name, _)| *name == people::COOKIE).map(|(_, value)| value)
}
