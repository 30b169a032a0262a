//! The only table of statuses and sentences of this API. Clients match on these words: they are the contract.

use axum::Json;
use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use reelshelf_domain::{Error, FolderPath, KeyMisuse, Refusal, Resumption, Taken, Thing};
use serde::Serialize;
use utoipa::ToSchema;

use super::objects::Differences;
use crate::library;

/// An error on its way to a client.
pub struct Refused(pub Error);

impl From<Error> for Refused {
    fn from(error: Error) -> Self {
        Self(error)
    }
}

/// What every error answers.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Failure {
    /// Always false.
    success: bool,
    /// What went wrong, naming the field and what to do.
    message: String,
    /// What became different since a dry run, when that is what went wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    changes: Option<Differences>,
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let (status, message) = sentence(&self.0);
        let running = matches!(self.0, Error::Key(KeyMisuse::Running));
        let changes = match self.0 {
            Error::Changed(changes) => Some((*changes).into()),
            _ => None,
        };
        let mut response = (status, Json(Failure { success: false, message, changes })).into_response();
        if running {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response
    }
}

/// The status and the sentence of an error. What is logged about it is logged here, once.
pub(super) fn sentence(error: &Error) -> (StatusCode, String) {
    let (status, message) = match error {
        Error::Missing(field) => (StatusCode::BAD_REQUEST, format!("{field} is required")),
        Error::Invalid { field, reason } if field == "folder" && reason == FolderPath::RULE => {
            (StatusCode::BAD_REQUEST, "Invalid folder name".to_owned())
        }
        Error::Invalid { field, reason } => (StatusCode::BAD_REQUEST, format!("{field} {reason}")),
        // A resumable upload: its protocol asks for the status.
        Error::NotFound(Thing::Upload) => (StatusCode::NOT_FOUND, "Upload not found".to_owned()),
        Error::NotFound(Thing::Route) => (StatusCode::NOT_FOUND, "Endpoint not found".to_owned()),
        // Documented as 404; production answers 400, and clients were written against production.
        Error::NotFound(thing) => (StatusCode::BAD_REQUEST, format!("{thing} not found")),
        Error::Taken(taken) => (StatusCode::CONFLICT, name_taken(*taken).to_owned()),
        Error::Refused(refusal) => (StatusCode::BAD_REQUEST, never(*refusal).to_owned()),
        // Not 401 or 403: clients recognise a bad key by this status and these words.
        Error::KeyMissing => (StatusCode::BAD_REQUEST, "Error: API Key not provided".to_owned()),
        Error::KeyInvalid => (StatusCode::BAD_REQUEST, "Error: Invalid API Key".to_owned()),
        // Nobody signs in here; the panel has its own answers.
        Error::SignIn(_) => (StatusCode::UNAUTHORIZED, "Not signed in".to_owned()),
        Error::Forbidden => (StatusCode::FORBIDDEN, "Insufficient permissions".to_owned()),
        Error::StorageBlocked => {
            (StatusCode::FORBIDDEN, "Storage is blocked. Add credits to continue uploading.".to_owned())
        }
        Error::Encoded => (
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "Content-Encoding must be identity; send the bytes as they are".to_owned(),
        ),
        Error::TooLarge { what, limit } => {
            (StatusCode::PAYLOAD_TOO_LARGE, format!("{what} exceeds maximum size of {limit}"))
        }
        Error::LimitReached { what, limit } => {
            (StatusCode::TOO_MANY_REQUESTS, format!("The limit of {limit} for {what} is reached"))
        }
        Error::Key(KeyMisuse::OtherRequest) => (
            StatusCode::UNPROCESSABLE_ENTITY,
            "This Idempotency-Key was used for another request. Send a new key.".to_owned(),
        ),
        Error::Key(KeyMisuse::Running) => (
            StatusCode::CONFLICT,
            "A request with this Idempotency-Key is in progress. Try again in a moment.".to_owned(),
        ),
        Error::Changed(changes) => {
            (StatusCode::CONFLICT, format!("Changed since the rehearsal: {changes}. Rehearse again."))
        }
        Error::DiskFull => {
            (StatusCode::INSUFFICIENT_STORAGE, "The server's disk is full. Nothing was changed.".to_owned())
        }
        Error::Denied(denial) => (StatusCode::FORBIDDEN, format!("The upload is refused: {denial}")),
        Error::Resumption(resumption) => unfit(*resumption),
        Error::Unavailable(what) => (StatusCode::SERVICE_UNAVAILABLE, format!("Try again: {what} is not available")),
        Error::Internal(_) => (StatusCode::INTERNAL_SERVER_ERROR, "Internal error".to_owned()),
    };
    // An answer that another try may change is not kept for the next.
    if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS {
        library::journal::note_repairable();
    }
    if status.is_server_error() {
        tracing::error!(%error, "a request failed");
    }
    (status, message)
}

const fn name_taken(taken: Taken) -> &'static str {
    match taken {
        Taken::FileAtUpload => "A file with this name already exists. Delete it first.",
        Taken::FileAtDestination => "A file with this name already exists in the destination folder",
        Taken::FolderAtDestination => "A folder with this name already exists in the destination folder",
        Taken::Client => "A client with this id already exists",
    }
}

const fn never(refusal: Refusal) -> &'static str {
    match refusal {
        Refusal::DeleteRoot => "Cannot delete root folder",
        Refusal::DeleteTemp => "Cannot delete the temp folder",
        Refusal::FolderNotEmpty => "Folder is not empty. Delete all files first.",
        Refusal::MoveRoot => "Cannot move root folder",
        Refusal::MoveTemp => "Cannot move the temp folder",
        Refusal::MoveGenerated => "Cannot move the generated folder",
        Refusal::FolderAcrossTemp => "Cannot move a folder into or out of the temp folder",
        Refusal::FolderIntoItself => "Cannot move a folder into itself",
        Refusal::LastAdmin => "A client keeps at least one admin",
    }
}

/// The statuses are those of tus 1.0, which has one of its own for checksums.
fn unfit(resumption: Resumption) -> (StatusCode, String) {
    let (status, message) = match resumption {
        Resumption::Version => (StatusCode::PRECONDITION_FAILED, "Tus-Resumable must be 1.0.0"),
        Resumption::MediaType => {
            (StatusCode::UNSUPPORTED_MEDIA_TYPE, "Content-Type must be application/offset+octet-stream")
        }
        Resumption::Offset => (StatusCode::CONFLICT, "Upload-Offset is not where the upload stands; ask with HEAD"),
        Resumption::Locked => (StatusCode::LOCKED, "Another transfer has the upload; try again"),
        Resumption::Checksum => {
            (StatusCode::from_u16(460).unwrap_or(StatusCode::BAD_REQUEST), "Upload-Checksum is not that of the bytes")
        }
    };
    (status, message.to_owned())
}

/// A route that is there, with another method.
pub(super) fn wrong_method() -> Response {
    let message = "Method not allowed".to_owned();
    (StatusCode::METHOD_NOT_ALLOWED, Json(Failure { success: false, message, changes: None })).into_response()
}
