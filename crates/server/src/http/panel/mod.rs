//! `/dashboard`: the panel, and its own API below `/dashboard/api`. People sign in; a cookie is their session. What a
//! person does with a library is the public API itself, mounted once more for each client with the session in the key's
//! place: one set of handlers, and the call that the panel shows to automators is the call that it makes.

mod answers;
mod auth;
mod body;
mod events;
mod keys;
mod page;
mod people;
mod sessions;
mod setup;

use axum::Router;
use axum::http::header::CACHE_CONTROL;
use axum::middleware::{from_fn_with_state, map_response};
use axum::response::Response;
use axum::routing::{any, delete, get, post, put};
use reelshelf_domain::{Error, Thing};

use super::cache_policy;
use crate::app::App;

use answers::Refused;

/// Where the public API is mounted for a client, and what only the panel has beside it.
pub(super) const CLIENT: &str = "/dashboard/api/clients/{client}";

/// Pages and API. `library` is the public API.
pub(super) fn router(app: &App, library: Router<App>) -> Router<App> {
    let client = Router::new()
        .route("/events", get(events::get))
        .route("/keys", get(keys::list).post(keys::make))
        .route("/keys/{id}", delete(keys::revoke))
        .route("/people", get(people::list))
        .route("/people/{id}", put(people::change).delete(people::remove))
        .route("/invitations", post(people::invite))
        .route("/invitations/{id}", delete(people::withdraw))
        .merge(library)
        .layer(from_fn_with_state(app.clone(), auth::at_client));
    let api = Router::new()
        .route("/session", get(sessions::get).post(sessions::sign_in).delete(sessions::sign_out))
        .route("/sessions", get(sessions::list))
        .route("/sessions/{id}", delete(sessions::end))
        .route("/password", put(sessions::change_password))
        .route("/setup", post(setup::accept))
        .route("/setup/look", post(setup::look))
        .fallback(unknown);
    Router::new()
        .nest(CLIENT, client)
        .nest("/dashboard/api", api)
        .layer(map_response(keep_nowhere))
        .route("/dashboard", any(page::page))
        .route("/dashboard/", any(page::page))
        .route("/dashboard/{*path}", any(page::page))
}

async fn unknown() -> Refused {
    Refused(Error::NotFound(Thing::Route))
}

/// What is answered to a session is nobody else's, and true only now.
async fn keep_nowhere(mut response: Response) -> Response {
    response.headers_mut().entry(CACHE_CONTROL).or_insert(cache_policy::NEVER);
    response
}
