//! The signed upload URL: PUT and nothing else, answered as S3 does, since clients were written against that.

use axum::body::Body;
use axum::extract::{Path, Query, State};
use axum::http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_MAX_AGE,
    ALLOW, CACHE_CONTROL, CONTENT_TYPE,
};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use reelshelf_domain::{Denial, Error, Result, UnixMillis};
use serde::Deserialize;

use super::body::{check_plain, content_length, pieces};
use super::cache_policy;
use super::v2::Octets;
use crate::app::App;
use crate::library::{self, SignedUpload};

/// The parameters of an upload URL.
#[derive(Deserialize)]
pub(super) struct Signature {
    expires: Option<i64>,
    signature: Option<String>,
}

/// Takes the bytes of a registered upload.
///
/// At the `uploadUrl` of a registration, as it was given: no key, no other fields. Errors are XML, as S3 has them.
#[utoipa::path(put, path = "/uploads/{id}", tag = "delivery", security(()),
    params(("id" = String, Path), ("expires" = i64, Query), ("signature" = String, Query),
        ("Content-Type" = String, Header, description = "As registered"),
        ("Content-Length" = u64, Header, description = "As registered")),
    request_body(content = Octets, content_type = "*/*"),
    responses((status = 200, description = "The file is uploaded"),
        (status = 403, description = "Expired, another type or length, or no such upload", content_type = "application/xml",
            body = String),
        (status = 429), (status = 507)))]
pub(super) async fn receive(
    State(app): State<App>,
    id: Result<Path<String>, axum::extract::rejection::PathRejection>,
    query: Result<Query<Signature>, axum::extract::rejection::QueryRejection>,
    method: Method,
    headers: HeaderMap,
    body: Body,
) -> Response {
    // An identifier that is not even text is none of ours.
    let id = id.map_or_else(|_| String::new(), |Path(id)| id);
    let mut response = match method {
        Method::OPTIONS => preflight(),
        Method::PUT => match put(&app, &id, query.ok(), &headers, body).await {
            Ok(()) => StatusCode::OK.into_response(),
            Err(error) => refuse(&error),
        },
        _ => ([(ALLOW, PUT)], xml(StatusCode::METHOD_NOT_ALLOWED, "MethodNotAllowed", "Send the bytes with PUT"))
            .into_response(),
    };
    response.headers_mut().insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    response.headers_mut().insert(CACHE_CONTROL, cache_policy::NEVER);
    response
}

const PUT: HeaderValue = HeaderValue::from_static("PUT, OPTIONS");

async fn put(app: &App, id: &str, query: Option<Query<Signature>>, headers: &HeaderMap, body: Body) -> Result<()> {
    check_plain(headers)?;
    let unsigned = || Error::Denied(Denial::Signature);
    let Some(Query(Signature { expires: Some(expires), signature: Some(signature) })) = query else {
        return Err(unsigned());
    };
    let upload = id.parse().map_err(|_| unsigned())?;
    let signed = SignedUpload { upload, expires_at: UnixMillis::new(expires), signature };
    let content_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    library::store_upload(app, signed, content_type, content_length(headers), pieces(body)).await.map(|_| ())
}

fn preflight() -> Response {
    let fields = [
        (ACCESS_CONTROL_ALLOW_METHODS, PUT),
        (ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static("Content-Type")),
        (ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("86400")),
    ];
    (StatusCode::NO_CONTENT, fields).into_response()
}

/// Every error of this surface: S3's codes where S3 has one.
fn refuse(error: &Error) -> Response {
    let denied = |code, message| xml(StatusCode::FORBIDDEN, code, message);
    match error {
        Error::Denied(denial) => match denial {
            Denial::Signature => denied("SignatureDoesNotMatch", "The signature of the URL does not match"),
            Denial::Expired => denied("AccessDenied", "Request has expired"),
            Denial::ContentType => denied("AccessDenied", "Content-Type must be the one that was registered"),
            Denial::Length => denied("AccessDenied", "Content-Length must be the size that was registered"),
            Denial::Gone => denied("AccessDenied", "The registration is gone; register the file again"),
            Denial::OtherBytes | Denial::Overtaken => denied("AccessDenied", "The file was uploaded with other bytes"),
            Denial::OtherHash => denied("BadDigest", "The bytes are not the ones whose sha256 was registered"),
            Denial::StorageBlocked => denied("AccessDenied", "Storage is blocked. Add credits to continue uploading."),
        },
        Error::StorageBlocked => denied("AccessDenied", "Storage is blocked. Add credits to continue uploading."),
        Error::Invalid { .. } | Error::Missing(_) => {
            xml(StatusCode::BAD_REQUEST, "IncompleteBody", "The body ended before its length, or stood still")
        }
        Error::Encoded => xml(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "InvalidArgument",
            "Content-Encoding must be identity; send the bytes as they are",
        ),
        Error::TooLarge { .. } => xml(StatusCode::BAD_REQUEST, "EntityTooLarge", "The file is too large"),
        Error::LimitReached { .. } => {
            xml(StatusCode::TOO_MANY_REQUESTS, "SlowDown", "A limit is reached; try again later")
        }
        Error::DiskFull => xml(StatusCode::INSUFFICIENT_STORAGE, "InsufficientStorage", "The server's disk is full"),
        Error::Unavailable(_) => xml(StatusCode::SERVICE_UNAVAILABLE, "ServiceUnavailable", "Try again"),
        Error::NotFound(_)
        | Error::Taken(_)
        | Error::Changed(_)
        | Error::Key(_)
        | Error::Refused(_)
        | Error::Resumption(_)
        | Error::KeyMissing
        | Error::KeyInvalid
        | Error::SignIn(_)
        | Error::Forbidden
        | Error::Internal(_) => {
            tracing::error!(%error, "an upload failed");
            xml(StatusCode::INTERNAL_SERVER_ERROR, "InternalError", "We have failed; try again")
        }
    }
}

fn xml(status: StatusCode, code: &str, message: &str) -> Response {
    let body = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code><Message>{message}</Message></Error>\n"
    );
    (status, [(CONTENT_TYPE, HeaderValue::from_static("application/xml"))], body).into_response()
}
