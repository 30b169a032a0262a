//! The API that JSON2Video's clients speak, with every quirk of it. The quirks live here and nowhere else.

mod answers;
mod file;
mod folder;
mod forms;
mod given;
mod listing;
mod media;
mod metadata;
mod multipart;
mod objects;
mod others;
mod rehearsal;
mod unpack;
mod uploads;
mod zip;

use axum::extract::Request;
use axum::http::Method;
use axum::http::header::CACHE_CONTROL;
use axum::http::method::Method as M;
use axum::middleware::{Next, from_fn, map_response};
use axum::response::{IntoResponse, Response};
use reelshelf_domain::{Error, Role, Thing};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::body::check_plain;
use super::cache_policy;
use crate::app::App;

pub use answers::Refused;
pub(super) use file::sha256;
pub(super) use given::flag;
pub(super) use objects::Octets;
pub(super) use rehearsal::Rehearsed;

/// The least role of every route. A route that does not stand here answers nobody.
pub const ROLES: &[(Method, &str, Role)] = &[
    (M::GET, "/v2/media", Role::Render),
    (M::POST, "/v2/media", Role::Render),
    (M::PUT, "/v2/media", Role::Render),
    (M::DELETE, "/v2/media", Role::Render),
    (M::GET, "/v2/media/file", Role::Render),
    (M::POST, "/v2/media/file", Role::Render),
    (M::PUT, "/v2/media/file", Role::Render),
    (M::DELETE, "/v2/media/file", Role::Render),
    (M::GET, "/v2/media/folder", Role::Render),
    (M::POST, "/v2/media/folder", Role::Render),
    (M::PUT, "/v2/media/folder", Role::Render),
    (M::DELETE, "/v2/media/folder", Role::Render),
    (M::POST, "/v2/media/uploads", Role::Render),
    (M::HEAD, "/v2/media/uploads/{id}", Role::Render),
    (M::PATCH, "/v2/media/uploads/{id}", Role::Render),
    (M::DELETE, "/v2/media/uploads/{id}", Role::Render),
    (M::POST, "/v2/media/uploads/{id}", Role::Render),
    (M::GET, "/v2/media/zip", Role::Render),
    (M::POST, "/v2/media/zip", Role::Render),
    (M::GET, "/v2/movies", Role::Viewer),
    (M::GET, "/v2/templates", Role::Render),
];

/// The routes with their documentation.
pub(super) fn documented() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(media::get, media::post, media::put, media::delete))
        .routes(routes!(file::get, file::post, file::put, file::delete))
        .routes(routes!(folder::get, folder::post, folder::put, folder::delete))
        .merge(uploads::routes())
        .routes(routes!(zip::get, zip::post))
        .routes(routes!(others::movies))
        .routes(routes!(others::templates))
}

/// The routes.
pub(super) fn router() -> axum::Router<App> {
    let (router, _) = documented().split_for_parts();
    router.method_not_allowed_fallback(wrong_method).route_layer(from_fn(plain)).layer(map_response(keep_nowhere))
}

/// Takes no body that is encoded, before anything is read of it.
async fn plain(request: Request, next: Next) -> Result<Response, Refused> {
    check_plain(request.headers())?;
    Ok(next.run(request).await)
}

/// What is answered to a key is nobody else's, and true only now.
async fn keep_nowhere(mut response: Response) -> Response {
    response.headers_mut().entry(CACHE_CONTROL).or_insert(cache_policy::NEVER);
    response
}

/// A route that is there, with another method.
pub(super) async fn wrong_method() -> Response {
    answers::wrong_method()
}

/// A path that nothing answers.
pub(super) async fn unknown_route() -> Response {
    keep_nowhere(Refused(Error::NotFound(Thing::Route)).into_response()).await
}
