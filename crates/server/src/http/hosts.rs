//! One listener, two names: when the files have a host of their own, they are served there alone, and the API alone on
//! the public one, so that nothing a file contains shares an origin with a key or a session.

use axum::Router;
use axum::extract::{Request, State};
use axum::http::header::HOST;
use axum::http::uri::Authority;
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use url::Url;

use super::{deliver, v2};
use crate::app::App;

/// Joins the two sets of routes, each answering on its own host when they differ.
pub(super) fn split(app: &App, api: Router<App>, files: Router<App>) -> Router<App> {
    let server = &app.settings.server;
    let (public, delivery) = (authority(&server.public_url), authority(&server.delivery_url));
    if public == delivery {
        return api.merge(files);
    }
    let api = api.layer(from_fn_with_state((public, Side::Api), only));
    let files = files.layer(from_fn_with_state((delivery, Side::Files), only));
    api.merge(files)
}

#[derive(Clone, Copy)]
enum Side {
    Api,
    Files,
}

async fn only(State((expected, side)): State<(Option<String>, Side)>, request: Request, next: Next) -> Response {
    // A target that names its host counts more than the field (RFC 9112, section 3.2.2).
    let host = request.uri().authority().map(Authority::as_str);
    let host = host.or_else(|| request.headers().get(HOST).and_then(|host| host.to_str().ok()));
    let here = host.map(without_default_port);
    match side {
        _ if here == expected => next.run(request).await,
        Side::Api => v2::unknown_route().await,
        Side::Files => deliver::not_found(),
    }
}

/// Host and port of a URL, without a port that goes without saying.
fn authority(url: &str) -> Option<String> {
    let url = Url::parse(url).ok()?;
    let host = url.host_str()?;
    Some(without_default_port(&url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))))
}

/// A proxy in front may speak either scheme, so that both default ports go without saying.
fn without_default_port(host: &str) -> String {
    let host = host.to_ascii_lowercase();
    let bare = host.strip_suffix(":80").or_else(|| host.strip_suffix(":443"));
    bare.map_or_else(|| host.clone(), ToOwned::to_owned)
}
