//! Files to everybody: four forms of URL, one answer.

use std::borrow::Cow;

use axum::body::Body;
use axum::extract::State;
use axum::http::header::{
    ACCEPT_RANGES, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ALLOW, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_LENGTH,
    CONTENT_RANGE, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, LAST_MODIFIED, RANGE, RETRY_AFTER,
    X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use futures::TryStreamExt;
use reelshelf_domain::{AssetHash, ByteRange, ClientId, FileName, RangeRequest, Result};

use super::conditional::{Verdict, decide, range_applies};
use super::v2::Octets;
use super::{cache_policy, disposition};
use crate::app::App;
use crate::library::{self, Delivery, SizeFailure, SizeQuery, Target};

const CROSS_ORIGIN_RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");
const TIMING_ALLOW_ORIGIN: HeaderName = HeaderName::from_static("timing-allow-origin");
/// Whatever the bytes are, they run nothing and reach nothing; the browser's own player and viewer still work.
const SANDBOX: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; img-src 'self' data:; media-src 'self'; style-src 'unsafe-inline'; sandbox",
);
const METHODS: HeaderValue = HeaderValue::from_static("GET, HEAD, OPTIONS");
const ANYONE: HeaderValue = HeaderValue::from_static("*");
const EXPOSED: HeaderValue =
    HeaderValue::from_static("Accept-Ranges, Content-Disposition, Content-Length, Content-Range, ETag, Last-Modified");
const ASKABLE: HeaderValue =
    HeaderValue::from_static("If-Match, If-Modified-Since, If-None-Match, If-Range, If-Unmodified-Since, Range");
const DAY: HeaderValue = HeaderValue::from_static("86400");

/// A file by its stable URL.
///
/// To everybody, whatever its bytes become. `HEAD` and conditional requests, `Range` with one range, and CORS for any
/// page. What is pending, deleted or unknown is a 404 that is never kept.
///
/// With `w` or `h` a picture comes in that size: never enlarged, upright, with its transparency where the format has any.
/// It is made when it is asked for the first time, and kept. The sizes that there are, the configuration says; others
/// are a 400 that names the parameter. 422 says why a file cannot be made a picture of, 429 that the client's derived
/// files take all they may, 503 that too much is being made just now.
#[utoipa::path(get, path = "/clients/{client}/{path}", tag = "delivery", security(()),
    params(("client" = String, Path, description = "The client's id"),
        ("path" = String, Path, description = "Folder and file name: the slashes between them are no escapes"),
        ("w" = Option<u64>, Query, description = "Width in pixels"), ("h" = Option<u64>, Query, description = "Height in pixels"),
        ("fit" = Option<String>, Query, description = "With both: `contain` (the default) is wholly inside, `cover` fills and cuts off, `fill` fills and distorts"),
        ("format" = Option<String>, Query, description = "`webp` (the default), `avif`, `jpeg` or `png`"),
        ("download" = Option<String>, Query, description = "`1`: to be saved under the name that its person gave, rather than shown"),
        ("Range" = Option<String>, Header), ("If-None-Match" = Option<String>, Header)),
    responses((status = 200, description = "The bytes, under the type that they have", body = Octets, content_type = "*/*"),
        (status = 206, description = "The range", body = Octets, content_type = "*/*"), (status = 304), (status = 400),
        (status = 404), (status = 412), (status = 416), (status = 422), (status = 429), (status = 503)))]
pub(super) async fn stable(State(app): State<App>, method: Method, uri: Uri, headers: HeaderMap) -> Response {
    let target = uri.path().strip_prefix("/clients/").and_then(stable_target);
    answer(&app, &method, &headers, (target, uri.query())).await
}

/// A file by its stable URL, in another spelling.
#[utoipa::path(get, path = "/{client}/files/{path}", tag = "delivery", security(()),
    params(("client" = String, Path), ("path" = String, Path)),
    responses((status = 200, description = "As `/clients/{client}/{path}`", body = Octets, content_type = "*/*"),
        (status = 206), (status = 304), (status = 404), (status = 412), (status = 416)))]
pub(super) async fn alias(State(app): State<App>, method: Method, uri: Uri, headers: HeaderMap) -> Response {
    let parts = uri.path().strip_prefix('/').and_then(|path| path.split_once("/files/"));
    let target = parts.and_then(|(client, path)| stable_target(&format!("{client}/{path}")));
    answer(&app, &method, &headers, (target, uri.query())).await
}

/// These bytes and no others, for as long as a file has them.
///
/// May be kept for ever: other bytes have another URL.
#[utoipa::path(get, path = "/immutable/{client}/{sha256}/{name}", tag = "delivery", security(()),
    params(("client" = String, Path), ("sha256" = String, Path), ("name" = String, Path, description = "The file name")),
    responses((status = 200, description = "As `/clients/{client}/{path}`", body = Octets, content_type = "*/*"),
        (status = 206), (status = 304), (status = 404), (status = 412), (status = 416)))]
pub(super) async fn immutable(State(app): State<App>, method: Method, uri: Uri, headers: HeaderMap) -> Response {
    let target = uri.path().strip_prefix("/immutable/").and_then(|path| {
        let (client, hash, name) = by_hash(path)?;
        Some(Target::Immutable(client, hash, name))
    });
    answer(&app, &method, &headers, (target, uri.query())).await
}

/// What was made of some bytes: a thumbnail, a poster, a waveform.
///
/// Its URLs stand in the `derived` and `thumbnailUrl` of the file; answers as long as a file has the bytes with this hash.
/// May be kept for ever with the `v` that it has there: what is made anew gets another. Without it, or with an older one,
/// it is what there is now, and is to be asked about each time.
#[utoipa::path(get, path = "/derived/{client}/{sha256}/{name}", tag = "delivery", security(()),
    params(("client" = String, Path), ("sha256" = String, Path, description = "The hash of the bytes it was made of"),
        ("name" = String, Path, description = "Such as `thumb-320.webp`"),
        ("v" = Option<String>, Query, description = "Which version of it")),
    responses((status = 200, description = "As `/clients/{client}/{path}`", body = Octets, content_type = "*/*"),
        (status = 206), (status = 304), (status = 404), (status = 412), (status = 416)))]
pub(super) async fn derived(State(app): State<App>, method: Method, uri: Uri, headers: HeaderMap) -> Response {
    let target = uri.path().strip_prefix("/derived/").and_then(|path| {
        let (client, hash, name) = by_hash(path)?;
        let mut query = url::form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
        let version = query.find(|(parameter, _)| parameter == "v").map(|(_, version)| version.into_owned());
        Some(Target::Derived(client, hash, name, version))
    });
    answer(&app, &method, &headers, (target, None)).await
}

/// The client, the hash and the name behind the first part of a path.
fn by_hash(path: &str) -> Option<(ClientId, AssetHash, FileName)> {
    let path = spelt_out(path);
    let (client, rest) = path.split_once('/')?;
    let (hash, name) = rest.split_once('/')?;
    Some((client.parse().ok()?, hash.parse().ok()?, name.parse().ok()?))
}

fn stable_target(path: &str) -> Option<Target> {
    let path = spelt_out(path);
    let (client, path) = path.split_once('/')?;
    Some(Target::Stable(client.parse().ok()?, path.parse().ok()?))
}

/// A path without the escapes that need not be: `%61` is `a` to every proxy and library (RFC 3986, section 2.3). All
/// other escapes stand for what no name has.
fn spelt_out(path: &str) -> Cow<'_, str> {
    let mut parts = path.split('%');
    let Some(first) = parts.next().filter(|first| first.len() < path.len()) else { return Cow::Borrowed(path) };
    let mut spelt = first.to_owned();
    for part in parts {
        let byte = part.get(..2).filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()));
        let byte = byte.and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match byte.filter(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(byte)) {
            Some(byte) => spelt.extend([char::from(byte)].into_iter().chain(part[2..].chars())),
            None => spelt.extend(["%", part]),
        }
    }
    Cow::Owned(spelt)
}

async fn answer(
    app: &App,
    method: &Method,
    headers: &HeaderMap,
    (target, query): (Option<Target>, Option<&str>),
) -> Response {
    if *method == Method::OPTIONS {
        return options();
    }
    if !matches!(*method, Method::GET | Method::HEAD) {
        return for_everyone((
            StatusCode::METHOD_NOT_ALLOWED,
            [(ALLOW, METHODS), (CACHE_CONTROL, cache_policy::NEVER)],
        ));
    }
    let Some(target) = target else { return not_found() };
    let delivery = match size_query(query) {
        None => library::deliver(app, &target).await,
        Some(Ok(size)) => match library::deliver_size(app, &target, &size).await {
            Ok(delivery) => Ok(Some(delivery)),
            Err(failure) => return no_size(failure),
        },
        Some(Err(failure)) => return no_size(failure),
    };
    let answered = match delivery {
        Ok(Some(delivery)) if wants_download(query) => {
            file(app, method, headers, &Delivery { inline: false, ..delivery }).await
        }
        Ok(Some(delivery)) => file(app, method, headers, &delivery).await,
        Ok(None) => Ok(None),
        Err(error) => Err(error),
    };
    match answered {
        Ok(Some(response)) => response,
        Ok(None) => not_found(),
        Err(error) => {
            tracing::error!(%error, "a delivery failed");
            for_everyone((StatusCode::SERVICE_UNAVAILABLE, [(CACHE_CONTROL, cache_policy::NEVER)]))
        }
    }
}

/// The size that a query asks for; `None` when it asks for none. Other parameters mean nothing here.
fn size_query(query: Option<&str>) -> Option<std::result::Result<SizeQuery, SizeFailure>> {
    let mut size = SizeQuery::default();
    let mut asked = false;
    for (name, value) in url::form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
        let (parameter, field) = match &*name {
            "w" => ("w", &mut size.width),
            "h" => ("h", &mut size.height),
            "fit" => ("fit", &mut size.fit),
            "format" => ("format", &mut size.format),
            _ => continue,
        };
        asked = true;
        if field.replace(value.into_owned()).is_some() {
            return Some(Err(SizeFailure::Parameter(parameter, "is given twice".to_owned())));
        }
    }
    asked.then_some(Ok(size))
}

/// Whether a link is to be saved under its name rather than shown.
fn wants_download(query: Option<&str>) -> bool {
    let mut query = url::form_urlencoded::parse(query.unwrap_or_default().as_bytes());
    query.any(|(name, value)| name == "download" && value != "0" && value != "false")
}

fn no_size(failure: SizeFailure) -> Response {
    let (status, text) = match failure {
        SizeFailure::Gone => return not_found(),
        SizeFailure::Parameter(name, problem) => (StatusCode::BAD_REQUEST, format!("{name} {problem}\n")),
        SizeFailure::Refused(reason) => (StatusCode::UNPROCESSABLE_ENTITY, format!("{reason}\n")),
        SizeFailure::Full(limit) => {
            (StatusCode::TOO_MANY_REQUESTS, format!("no room for more derived files: the limit is {limit}\n"))
        }
        SizeFailure::Busy => (StatusCode::SERVICE_UNAVAILABLE, "too much is being made; try again\n".to_owned()),
        SizeFailure::Ours => (StatusCode::SERVICE_UNAVAILABLE, String::new()),
    };
    let mut response = for_everyone((status, [(CACHE_CONTROL, cache_policy::NEVER)], text));
    if status == StatusCode::SERVICE_UNAVAILABLE {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
    }
    response
}

async fn file(app: &App, method: &Method, headers: &HeaderMap, delivery: &Delivery) -> Result<Option<Response>> {
    let etag = format!("\"{}\"", delivery.hash);
    let mut response = match decide(headers, &etag, delivery.modified_at) {
        Verdict::NotModified => StatusCode::NOT_MODIFIED.into_response(),
        Verdict::Failed => StatusCode::PRECONDITION_FAILED.into_response(),
        Verdict::Proceed => match body(app, method, headers, delivery, &etag).await? {
            Some(response) => response,
            None => return Ok(None),
        },
    };
    describe(response.headers_mut(), delivery, &etag);
    Ok(Some(response))
}

/// The bytes that are asked for, or for HEAD what would be said of them.
async fn body(
    app: &App,
    method: &Method,
    headers: &HeaderMap,
    delivery: &Delivery,
    etag: &str,
) -> Result<Option<Response>> {
    let size = delivery.size.get();
    // A range is a property of GET alone.
    let range = headers.get(RANGE).filter(|_| *method == Method::GET && range_applies(headers, etag));
    let range = range
        .and_then(|range| range.to_str().ok())
        .map_or(RangeRequest::Whole, |range| RangeRequest::parse(range, size));
    let (status, part) = match range {
        RangeRequest::Unsatisfiable => {
            let mut response = StatusCode::RANGE_NOT_SATISFIABLE.into_response();
            response.headers_mut().insert(CONTENT_RANGE, text(&format!("bytes */{size}")));
            return Ok(Some(response));
        }
        RangeRequest::Part(part) => (StatusCode::PARTIAL_CONTENT, Some(part)),
        RangeRequest::Whole => (StatusCode::OK, ByteRange::whole(size)),
    };
    let body = match part {
        Some(part) if *method == Method::GET => {
            let Some(bytes) = app.blobs.read(delivery.key, part).await? else {
                // Deleted, and collected, since its row was read.
                return Ok(None);
            };
            Body::from_stream(bytes.inspect_ok(|piece| {
                metrics::counter!("reelshelf_delivered_bytes_total").increment(piece.len() as u64);
            }))
        }
        _ => Body::empty(),
    };
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let fields = response.headers_mut();
    fields.insert(CONTENT_TYPE, HeaderValue::from_static(delivery.mime));
    fields.insert(CONTENT_LENGTH, text(&part.map_or(0, ByteRange::len).to_string()));
    if let (StatusCode::PARTIAL_CONTENT, Some(part)) = (status, part) {
        fields.insert(CONTENT_RANGE, text(&format!("bytes {}-{}/{size}", part.start(), part.end())));
    }
    Ok(Some(response))
}

/// What is said with every answer about a file that is there.
fn describe(fields: &mut HeaderMap, delivery: &Delivery, etag: &str) {
    let kept = if delivery.immutable { cache_policy::IMMUTABLE } else { cache_policy::STABLE };
    fields.insert(ETAG, text(etag));
    fields.insert(LAST_MODIFIED, text(&httpdate::fmt_http_date(delivery.modified_at.to_system_time())));
    fields.insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    fields.insert(CACHE_CONTROL, kept);
    fields.insert(CONTENT_DISPOSITION, disposition::content_disposition(delivery.inline, &delivery.name));
    protect(fields);
}

fn protect(fields: &mut HeaderMap) {
    fields.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    fields.insert(CONTENT_SECURITY_POLICY, SANDBOX);
    fields.insert(ACCESS_CONTROL_ALLOW_ORIGIN, ANYONE);
    fields.insert(ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
    fields.insert(CROSS_ORIGIN_RESOURCE_POLICY, HeaderValue::from_static("cross-origin"));
    fields.insert(TIMING_ALLOW_ORIGIN, ANYONE);
}

fn for_everyone(answer: impl IntoResponse) -> Response {
    let mut response = answer.into_response();
    protect(response.headers_mut());
    response
}

fn options() -> Response {
    for_everyone((
        StatusCode::NO_CONTENT,
        [
            (ALLOW, METHODS),
            (ACCESS_CONTROL_ALLOW_METHODS, METHODS),
            (ACCESS_CONTROL_ALLOW_HEADERS, ASKABLE),
            (ACCESS_CONTROL_MAX_AGE, DAY),
        ],
    ))
}

/// Pending, deleted, expired and unknown look the same, and are never kept.
pub(super) fn not_found() -> Response {
    for_everyone((StatusCode::NOT_FOUND, [(CACHE_CONTROL, cache_policy::NEVER)], "Not found\n"))
}

fn text(value: &str) -> HeaderValue {
    HeaderValue::from_str(value).unwrap_or_else(|_| HeaderValue::from_static(""))
}
