//! The surfaces: the compatible API below `/v2`, the panel below `/dashboard`, upload URLs, delivery, health and metrics,
//! and the API's own pages.

mod auth;
mod body;
mod cache_policy;
mod conditional;
mod deliver;
mod disposition;
mod docs;
mod health;
mod hosts;
mod idempotency;
mod listen;
mod panel;
mod request;
mod seen;
mod tus;
mod upload;
pub mod v2;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::{from_fn_with_state, map_request};
use axum::response::Redirect;
use axum::routing::{any, get};
use metrics_exporter_prometheus::PrometheusHandle;

use crate::app::App;

pub use docs::openapi;
pub use listen::serve;

/// Every route. Limits on bodies are set where bodies are read.
pub fn router(app: &App, metrics: PrometheusHandle) -> Router {
    let keyed = from_fn_with_state(app.clone(), idempotency::once);
    let library = v2::router().route_layer(keyed);
    let api = panel::router(app, library.clone()).merge(library).merge(docs::router()).fallback(v2::unknown_route);
    let files = Router::new()
        .route("/clients/{*path}", any(deliver::stable))
        .route("/immutable/{*path}", any(deliver::immutable))
        .route("/derived/{*path}", any(deliver::derived))
        .route("/{client}/files/{*path}", any(deliver::alias));
    let always = Router::new().route("/health/live", get(health::live)).route("/health/ready", get(health::ready));
    // What it says of the clients, the host of the files tells nobody.
    let api = api.route("/metrics", get(health::metrics).with_state((app.clone(), metrics)));
    // Whoever opens the address in a browser wants to see the library.
    let front = get(|| async { Redirect::temporary("/dashboard/media") });
    let api = api.route("/uploads/{id}", any(upload::receive)).route("/", front);
    let routes = hosts::split(app, api, files)
        .merge(always)
        .layer(DefaultBodyLimit::disable())
        .layer(from_fn_with_state(app.clone(), request::hurry))
        .layer(from_fn_with_state(app.clone(), request::log))
        .with_state(app.clone());
    // Around the routes: which one it is, is decided by the path that is left.
    Router::new().fallback_service(routes).layer(map_request(request::without_slash))
}
