//! REST under `/v1`: every route, its rights and its OpenAPI description side by side.

mod audit;
mod customers;
mod docs;
mod extract;
mod members;
pub(crate) mod origins;
mod policies;
mod session;
mod status;
mod tickets;
mod tokens;
mod workspaces;

use axum::Router;
use axum::extract::{DefaultBodyLimit, MatchedPath, Request, State};
use axum::http::{HeaderName, HeaderValue, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::connect::upgrade;
use crate::problem::Problem;

/// Largest body of a request: a policy's document is the largest thing that is sent.
pub(crate) const BODY_BYTES_MAX: usize = 2 * 1_048_576;

/// The routes that pages of other origins may ask, with what else engines and publishable tokens need.
fn of_pages() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(tickets::create))
        .routes(routes!(policies::document))
        .routes(routes!(customers::show))
        .routes(routes!(customers::changes))
        .routes(routes!(customers::usage))
}

/// The description of all routes.
fn description() -> OpenApi {
    let (_, mut all) = others().split_for_parts();
    let (_, of_pages) = of_pages().split_for_parts();
    all.merge(of_pages);
    all
}

/// All other routes.
fn others() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(upgrade::connect))
        .routes(routes!(policies::list, policies::draft))
        .routes(routes!(policies::validate))
        .routes(routes!(policies::show))
        .routes(routes!(policies::diff))
        .routes(routes!(policies::publish))
        .routes(routes!(policies::roll_back))
        .routes(routes!(customers::list, customers::create))
        .routes(routes!(customers::set_plan))
        .routes(routes!(tokens::list, tokens::create))
        .routes(routes!(tokens::revoke))
        .routes(routes!(audit::list))
        .routes(routes!(audit::verify))
        .routes(routes!(audit::list_of_workspace))
        .routes(routes!(audit::verify_of_workspace))
        .routes(routes!(session::sign_in))
        .routes(routes!(session::sign_out))
        .routes(routes!(session::show))
        .routes(routes!(workspaces::list, workspaces::create))
        .routes(routes!(workspaces::rename))
        .routes(routes!(workspaces::environments))
        .routes(routes!(members::list, members::add))
        .routes(routes!(members::allow, members::remove))
        .routes(routes!(docs::openapi))
        .routes(routes!(docs::docs))
        .routes(routes!(status::health))
        .routes(routes!(status::ready))
        .routes(routes!(status::metrics))
}

async fn wrong_method() -> Problem {
    Problem::new(405, "wrong_method", "this route doesn't take that method: see `/v1/docs`")
}

/// The server's routes.
pub(crate) fn router(app: App, origins: &[String]) -> Router {
    let (others, _) = others().split_for_parts();
    let (of_pages, _) = of_pages().split_for_parts();
    // What comes around a route must come after its fallback: what pages ask beforehand is a method that no route takes.
    let of_pages = of_pages.method_not_allowed_fallback(wrong_method);
    let of_pages = match origins::layer(origins) {
        Some(layer) => of_pages.layer(layer),
        None => of_pages,
    };
    others
        .method_not_allowed_fallback(wrong_method)
        .merge(of_pages)
        .fallback(|| async { Problem::not_found("unknown_route", "there is no such route: see `/v1/docs`") })
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(middleware::from_fn_with_state(app.clone(), around))
        .with_state(app)
}

/// What is done around every request: it is counted and logged, without what it carries, and its answer isn't kept or framed by anybody.
async fn around(State(app): State<App>, request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>().map_or("none", MatchedPath::as_str).to_string();
    let method = request.method().clone();
    let mut response = next.run(request).await.into_response();
    let status = response.status().as_u16();
    app.metrics.request(&route, status);
    tracing::info!(%method, route, status, "request");
    let headers = response.headers_mut();
    let always: [(HeaderName, &'static str); 4] = [
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "no-referrer"),
    ];
    for (name, value) in always {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    response
}
