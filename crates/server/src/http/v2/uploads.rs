//! `/v2/media/uploads`: resumable uploads, by tus 1.0.

use axum::extract::{FromRequest, FromRequestParts, OriginalUri, Path, Request, State};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::routing::options;
use serde::Deserialize;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::answers::Failure;
use super::objects::Octets;
use super::{Refused, forms};
use crate::app::App;
use crate::http::auth::Authorised;
use crate::http::tus;
use crate::library::Caller;

const COLLECTION: &str = "/v2/media/uploads";

/// The routes, each with what the protocol wants of every answer.
pub(super) fn routes() -> OpenApiRouter<App> {
    let about = || options(about).fallback(super::wrong_method);
    OpenApiRouter::new()
        .routes(routes!(create))
        .route(COLLECTION, about())
        .routes(routes!(head, patch, delete, over))
        .route("/v2/media/uploads/{id}", about())
        .layer(from_fn(unrehearsed))
        .layer(from_fn(tus::dress))
}

/// None of these calls is rehearsed.
async fn unrehearsed(request: Request, next: Next) -> Response {
    match forms::unrehearsed(request.uri().query().unwrap_or_default(), None) {
        Ok(()) => next.run(request).await,
        Err(error) => Refused(error).into_response(),
    }
}

/// What the server can do. Browsers ask before they send a key.
async fn about(State(app): State<App>) -> Response {
    tus::options(&app)
}

/// Begins a resumable upload.
///
/// tus 1.0: `Upload-Length` or `Upload-Defer-Length: 1`, and `Upload-Metadata` with `filename`, `filetype`, `folder` and
/// `overwrite`; with `sha256` of bytes that you hold, it is done at once. The body may bring the first bytes. The upload is at
/// `Location`; `File-Url` is where the file will be.
#[utoipa::path(post, path = "/v2/media/uploads", tag = "media", security(("key" = [])),
    request_body(content = Option<Octets>, content_type = "application/offset+octet-stream"),
    params(("Tus-Resumable" = String, Header, description = "1.0.0"),
        ("Upload-Length" = Option<u64>, Header), ("Upload-Metadata" = String, Header)),
    responses((status = 201, description = "The upload is at `Location`"), (status = 400, body = Failure),
        (status = 403, body = Failure), (status = 409, body = Failure), (status = 412, body = Failure),
        (status = 413, body = Failure), (status = 415, body = Failure), (status = 429, body = Failure),
        (status = 460, description = "`Upload-Checksum` is another", body = Failure), (status = 507, body = Failure)))]
pub(super) async fn create(
    State(app): State<App>,
    Authorised(caller): Authorised,
    OriginalUri(asked): OriginalUri,
    request: Request,
) -> Response {
    // As whoever asks reaches it: by the panel it has another address.
    let base = format!("{}{}", app.settings.server.public_url, asked.path().trim_end_matches('/'));
    tus::collection(&app, &caller, &base, request).await
}

/// By which name an upload is asked for.
#[derive(Deserialize)]
struct Which {
    id: String,
}

/// A request to one upload, whatever its method.
pub(super) struct Upload {
    app: App,
    caller: Caller,
    id: String,
    request: Request,
}

impl FromRequest<App> for Upload {
    type Rejection = Response;

    async fn from_request(request: Request, app: &App) -> Result<Self, Response> {
        let (mut parts, body) = request.into_parts();
        let Authorised(caller) = Authorised::from_request_parts(&mut parts, app).await.map_err(into_response)?;
        let Path(Which { id }) = Path::from_request_parts(&mut parts, app).await.map_err(into_response)?;
        Ok(Self { app: app.clone(), caller, id, request: Request::from_parts(parts, body) })
    }
}

fn into_response(rejection: impl IntoResponse) -> Response {
    rejection.into_response()
}

impl Upload {
    async fn answer(self) -> Response {
        tus::upload(&self.app, &self.caller, &self.id, self.request).await
    }
}

/// How far a resumable upload came.
#[utoipa::path(head, path = "/v2/media/uploads/{id}", tag = "media", security(("key" = [])),
    params(("id" = String, Path), ("Tus-Resumable" = String, Header, description = "1.0.0")),
    responses((status = 200, description = "`Upload-Offset` bytes are durable"), (status = 400, body = Failure),
        (status = 403, body = Failure), (status = 404, body = Failure), (status = 412, body = Failure)))]
pub(super) async fn head(upload: Upload) -> Response {
    upload.answer().await
}

/// Sends more bytes of a resumable upload.
#[utoipa::path(patch, path = "/v2/media/uploads/{id}", tag = "media", security(("key" = [])),
    request_body(content = Octets, content_type = "application/offset+octet-stream"),
    params(("id" = String, Path), ("Tus-Resumable" = String, Header, description = "1.0.0"),
        ("Upload-Offset" = u64, Header), ("Upload-Checksum" = Option<String>, Header)),
    responses((status = 204, description = "`Upload-Offset` bytes are durable; at the end the file is uploaded"),
        (status = 400, body = Failure), (status = 403, body = Failure), (status = 404, body = Failure),
        (status = 409, description = "The bytes begin elsewhere than the upload stands", body = Failure),
        (status = 412, body = Failure), (status = 413, body = Failure), (status = 415, body = Failure),
        (status = 423, description = "Another transfer has the upload", body = Failure), (status = 429, body = Failure),
        (status = 460, description = "`Upload-Checksum` is another", body = Failure), (status = 507, body = Failure)))]
pub(super) async fn patch(upload: Upload) -> Response {
    upload.answer().await
}

/// Ends a resumable upload. The file of one that is done stays.
#[utoipa::path(delete, path = "/v2/media/uploads/{id}", tag = "media", security(("key" = [])),
    params(("id" = String, Path), ("Tus-Resumable" = String, Header, description = "1.0.0")),
    responses((status = 204, description = "The upload is gone, and what was reserved for it is free"),
        (status = 400, body = Failure), (status = 403, body = Failure), (status = 404, body = Failure),
        (status = 412, body = Failure), (status = 423, body = Failure)))]
pub(super) async fn delete(upload: Upload) -> Response {
    upload.answer().await
}

/// PATCH, HEAD or DELETE for clients that can only POST.
#[utoipa::path(post, path = "/v2/media/uploads/{id}", tag = "media", security(("key" = [])),
    request_body(content = Option<Octets>, content_type = "application/offset+octet-stream"),
    params(("id" = String, Path), ("Tus-Resumable" = String, Header, description = "1.0.0"),
        ("X-HTTP-Method-Override" = String, Header, description = "The method that is meant")),
    responses((status = 204, description = "As the method that is meant"), (status = 400, body = Failure),
        (status = 403, body = Failure), (status = 404, body = Failure), (status = 405, body = Failure)))]
pub(super) async fn over(upload: Upload) -> Response {
    upload.answer().await
}
