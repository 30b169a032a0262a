//! The only table of statuses, codes and sentences of the panel's API.

use axum::Json;
use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use reelshelf_domain::{Error, SignIn};
use serde::Serialize;

/// An error on its way to the panel.
pub(super) struct Refused(pub(super) Error);

impl From<Error> for Refused {
    fn from(error: Error) -> Self {
        Self(error)
    }
}

#[derive(Serialize)]
struct Failure {
    error: Problem,
}

/// What went wrong: a code for the panel, a sentence for people.
#[derive(Serialize)]
struct Problem {
    code: &'static str,
    message: String,
    /// Which field of the form, when it is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<String>,
    /// Seconds until it makes sense to try again.
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after: Option<u64>,
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let error = self.0;
        let (status, code) = verdict(&error);
        if status.is_server_error() {
            tracing::error!(%error, "a request of the panel failed");
        }
        let (field, message) = match &error {
            Error::Missing(field) => (Some((*field).to_owned()), format!("{field} is required")),
            Error::Invalid { field, reason } => (Some(field.clone().into_owned()), format!("{field} {reason}")),
            Error::Internal(_) => (None, "Internal error".to_owned()),
            error => (None, capitalised(&error.to_string())),
        };
        let retry_after = match error {
            Error::SignIn(SignIn::SlowDown { seconds }) => Some(seconds),
            _ => None,
        };
        let mut response =
            (status, Json(Failure { error: Problem { code, message, field, retry_after } })).into_response();
        if let Some(seconds) = retry_after {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

const fn verdict(error: &Error) -> (StatusCode, &'static str) {
    match error {
        Error::Missing(_) => (StatusCode::BAD_REQUEST, "missing"),
        Error::Invalid { .. } => (StatusCode::BAD_REQUEST, "invalid"),
        Error::NotFound(_) => (StatusCode::NOT_FOUND, "not_found"),
        Error::Taken(_) => (StatusCode::CONFLICT, "taken"),
        Error::Refused(_) => (StatusCode::BAD_REQUEST, "refused"),
        Error::SignIn(sign_in) => signed(sign_in),
        Error::KeyMissing | Error::KeyInvalid => (StatusCode::UNAUTHORIZED, "signed_out"),
        Error::Forbidden => (StatusCode::FORBIDDEN, "forbidden"),
        Error::StorageBlocked => (StatusCode::FORBIDDEN, "storage_blocked"),
        Error::Encoded => (StatusCode::UNSUPPORTED_MEDIA_TYPE, "encoded"),
        Error::TooLarge { .. } => (StatusCode::PAYLOAD_TOO_LARGE, "too_large"),
        Error::LimitReached { .. } => (StatusCode::TOO_MANY_REQUESTS, "limit_reached"),
        Error::DiskFull => (StatusCode::INSUFFICIENT_STORAGE, "disk_full"),
        Error::Denied(_) => (StatusCode::FORBIDDEN, "denied"),
        Error::Resumption(_) | Error::Key(_) | Error::Changed(_) => (StatusCode::CONFLICT, "changed"),
        Error::Unavailable(_) => (StatusCode::SERVICE_UNAVAILABLE, "unavailable"),
        Error::Internal(_) => (StatusCode::INTERNAL_SERVER_ERROR, "internal"),
    }
}

const fn signed(sign_in: &SignIn) -> (StatusCode, &'static str) {
    match sign_in {
        SignIn::SignedOut => (StatusCode::UNAUTHORIZED, "signed_out"),
        SignIn::WrongCredentials => (StatusCode::UNAUTHORIZED, "wrong_credentials"),
        SignIn::SlowDown { .. } => (StatusCode::TOO_MANY_REQUESTS, "slow_down"),
        SignIn::Forged => (StatusCode::FORBIDDEN, "csrf"),
        SignIn::LinkUsed => (StatusCode::NOT_FOUND, "link_used"),
    }
}

fn capitalised(sentence: &str) -> String {
    let mut characters = sentence.chars();
    characters.next().map_or_else(String::new, |first| first.to_uppercase().chain(characters).collect())
}
