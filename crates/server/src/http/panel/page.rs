//! The panel's own files, which the binary holds. Every address below `/dashboard/` is the one page.

use axum::extract::{Request, State};
use axum::http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, IF_NONE_MATCH,
    REFERRER_POLICY, VARY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use rust_embed::{EmbeddedFile, RustEmbed};
use url::Url;

use crate::app::App;

/// What `make panel` has built.
#[derive(RustEmbed)]
#[folder = "../../web/dist/"]
struct Built;

const PAGE: &str = "index.html";
/// What has its hash in its name.
const FOR_GOOD: &str = "assets/";
const OPENER: HeaderName = HeaderName::from_static("cross-origin-opener-policy");
/// In the order in which they are wished: as they are built beside each file.
const ENCODINGS: [(&str, &str); 2] = [("br", ".br"), ("gzip", ".gz")];

/// A file of the panel; the page itself for every address that is none.
pub(super) async fn page(State(app): State<App>, request: Request) -> Response {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return StatusCode::METHOD_NOT_ALLOWED.into_response();
    }
    let path = request.uri().path().strip_prefix("/dashboard").unwrap_or_default().trim_start_matches('/');
    let name = if Built::get(path).is_some() && !path.is_empty() { path } else { PAGE };
    if name == PAGE && path.starts_with(FOR_GOOD) {
        return StatusCode::NOT_FOUND.into_response();
    }
    let Some(file) = Built::get(name) else {
        return (StatusCode::NOT_FOUND, "This build has no panel. `make panel` builds it.\n").into_response();
    };
    let mut response = whole(name, file, request.headers());
    let headers = response.headers_mut();
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    if name == PAGE {
        headers.insert(X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
        headers.insert(OPENER, HeaderValue::from_static("same-origin"));
        if let Ok(policy) = HeaderValue::try_from(policy(&app)) {
            headers.insert(CONTENT_SECURITY_POLICY, policy);
        }
    }
    response
}

fn whole(name: &str, file: EmbeddedFile, asked: &HeaderMap) -> Response {
    let etag = format!("\"{}\"", hex::encode(file.metadata.sha256_hash()));
    let kept = if name.starts_with(FOR_GOOD) { "public, max-age=31536000, immutable" } else { "no-cache" };
    let common = [(ETAG, etag.clone()), (CACHE_CONTROL, kept.to_owned()), (VARY, "Accept-Encoding".to_owned())];
    if asked.get(IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == etag.as_bytes()) {
        return (StatusCode::NOT_MODIFIED, common).into_response();
    }
    let media_type = mime_guess::from_path(name).first_or_octet_stream().to_string();
    let (data, encoding) = encoded(name, asked).map_or((file.data, None), |(file, named)| (file.data, Some(named)));
    let mut response = ([(CONTENT_TYPE, media_type)], common, data).into_response();
    if let Some(named) = encoding {
        response.headers_mut().insert(CONTENT_ENCODING, HeaderValue::from_static(named));
    }
    response
}

/// The file as it was compressed when it was built, if the browser takes it so.
fn encoded(name: &str, asked: &HeaderMap) -> Option<(EmbeddedFile, &'static str)> {
    let accepted = asked.get(ACCEPT_ENCODING)?.to_str().ok()?;
    let takes = |named: &str| accepted.split(',').any(|one| one.split(';').next().map(str::trim) == Some(named));
    let mut possible = ENCODINGS.into_iter().filter(|(named, _)| takes(named));
    possible.find_map(|(named, ending)| Some((Built::get(&format!("{name}{ending}"))?, named)))
}

/// Nothing runs here but the panel's own scripts; pictures, sound and films come from where files are delivered.
fn policy(app: &App) -> String {
    let origin = |url: &str| Url::parse(url).map(|url| url.origin().ascii_serialization()).unwrap_or_default();
    let files = origin(&app.settings.server.delivery_url);
    format!(
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; font-src 'self'; \
         img-src 'self' data: blob: {files}; media-src 'self' blob: {files}; connect-src 'self' {files}; \
         manifest-src 'self'; worker-src 'self' blob:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )
}
