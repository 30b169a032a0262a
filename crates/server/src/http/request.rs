//! One log line and one set of metrics for each request. The path is logged by its route, so that no name of a client's
//! file and no signature gets into a log.

use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::extract::{MatchedPath, Request, State};
use axum::http::header::CONNECTION;
use axum::http::uri::PathAndQuery;
use axum::http::{HeaderName, HeaderValue, Method, Uri};
use axum::middleware::Next;
use axum::response::Response;
use tokio::time::Instant;
use tracing::Instrument;

use super::body::impatient;
use crate::app::App;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The methods of HTTP by name. Anybody may invent others: they must not each become a metric of their own.
fn known(method: &Method) -> &str {
    const KNOWN: [Method; 9] = [
        Method::GET,
        Method::HEAD,
        Method::POST,
        Method::PUT,
        Method::DELETE,
        Method::OPTIONS,
        Method::PATCH,
        Method::TRACE,
        Method::CONNECT,
    ];
    if KNOWN.contains(method) { method.as_str() } else { "other" }
}

/// Cuts bodies that stand still, whoever reads them. When an answer does not wait for the whole body, the connection has
/// no place for a next request, and its client must hear of that or it would send one.
pub(super) async fn hurry(State(app): State<App>, request: Request, next: Next) -> Response {
    let idle = Duration::from_secs(app.settings.server.idle_seconds);
    let (parts, body) = request.into_parts();
    let (body, over) = impatient(body, idle);
    let mut response = next.run(Request::from_parts(parts, body)).await;
    if !over.load(Ordering::Relaxed) {
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

/// The API's paths with a slash at the end are the same without it: frameworks and people write either. A redirect would
/// not do, since many clients send no body again, or no key. Files have one spelling, so that caches keep them once.
pub(super) async fn without_slash(mut request: Request) -> Request {
    let path = request.uri().path();
    let Some(bare) = path.strip_suffix('/').filter(|bare| bare.starts_with("/v2/")) else { return request };
    let target = match request.uri().query() {
        Some(query) => PathAndQuery::try_from(format!("{bare}?{query}")),
        None => PathAndQuery::try_from(bare),
    };
    let mut parts = request.uri().clone().into_parts();
    parts.path_and_query = target.ok();
    if let Ok(uri) = Uri::from_parts(parts) {
        *request.uri_mut() = uri;
    }
    request
}

/// Gives the request an identifier, and notes how it went.
pub(super) async fn log(State(app): State<App>, request: Request, next: Next) -> Response {
    let started = Instant::now();
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().map_or("unknown", MatchedPath::as_str).to_owned();
    let id = app.chance.alphanumeric(16).unwrap_or_default();
    let span = tracing::info_span!("request", id, client = tracing::field::Empty);
    let mut response = next.run(request).instrument(span.clone()).await;
    let (status, seconds) = (response.status().as_u16(), started.elapsed().as_secs_f64());
    span.in_scope(|| tracing::info!(method = known(&method), route, status, seconds, "answered"));
    let labels = [("method", known(&method).to_owned()), ("route", route), ("status", status.to_string())];
    metrics::counter!("reelshelf_requests_total", &labels).increment(1);
    metrics::histogram!("reelshelf_request_seconds", &labels[..2]).record(seconds);
    if let Ok(id) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    response
}
