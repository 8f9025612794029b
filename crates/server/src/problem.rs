//! What a request is refused with: an RFC 9457 problem document with a stable `code`.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use limitr_ledger::Refusal;
use serde::Serialize;
use serde_json::Value;

use crate::db::Failed;

/// Why a request came to nothing. Nothing was changed.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Problem)]
pub(crate) struct Problem {
    /// `urn:limitr:problem:` and the code.
    #[serde(rename = "type")]
    kind: String,
    /// The status in words.
    title: &'static str,
    /// The HTTP status.
    pub(crate) status: u16,
    /// A stable code.
    pub(crate) code: &'static str,
    /// What is wrong and what to do.
    pub(crate) detail: String,
    /// The problems of a refused policy, each with its place.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<Object>)]
    diagnostics: Vec<Value>,
}

impl Problem {
    pub(crate) fn new(status: u16, code: &'static str, detail: impl Into<String>) -> Problem {
        let title = StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason());
        Problem {
            kind: format!("urn:limitr:problem:{code}"),
            title: title.unwrap_or("Error"),
            status,
            code,
            detail: detail.into(),
            diagnostics: Vec::new(),
        }
    }

    pub(crate) fn unauthorized(detail: &str) -> Problem {
        Problem::new(401, "unauthorized", detail)
    }

    pub(crate) fn forbidden(detail: impl Into<String>) -> Problem {
        Problem::new(403, "forbidden", detail)
    }

    pub(crate) fn not_found(code: &'static str, detail: impl Into<String>) -> Problem {
        Problem::new(404, code, detail)
    }

    pub(crate) fn too_often(detail: &str) -> Problem {
        Problem::new(429, "too_often", detail)
    }
}

impl From<sqlx::Error> for Problem {
    fn from(error: sqlx::Error) -> Problem {
        tracing::error!(%error, "the database failed");
        Problem::new(503, "storage_failed", "the database couldn't be asked: try again")
    }
}

impl From<Failed> for Problem {
    fn from(failed: Failed) -> Problem {
        match failed {
            Failed::Storage(error) => error.into(),
            Failed::Refused(Refusal { code, message, diagnostics, .. }) => {
                let status = match code {
                    "unknown_policy" | "unknown_customer" | "unknown_token" | "unknown_member" => 404,
                    "not_a_draft" | "stale_draft" | "never_published" | "id_taken" | "last_owner"
                    | "try_again" => 409,
                    _ => 422,
                };
                Problem { diagnostics, ..Problem::new(status, code, message) }
            }
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = serde_json::to_string(&self).unwrap_or_default();
        let mut response = (status, body).into_response();
        let problem = HeaderValue::from_static("application/problem+json");
        response.headers_mut().insert(header::CONTENT_TYPE, problem);
        if self.status == 401 {
            let how = HeaderValue::from_static("Bearer realm=\"limitr\"");
            response.headers_mut().insert(header::WWW_AUTHENTICATE, how);
        }
        if self.status == 429 {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("10"));
        }
        response
    }
}
