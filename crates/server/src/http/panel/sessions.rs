//! `/dashboard/api/session`: signing in and out, and where one is signed in.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::header::SET_COOKIE;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use reelshelf_domain::{Email, PersonId, Result, Role, SessionId};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use super::answers::Refused;
use super::auth::{From, SignedIn, check_site, cookie, set_cookie};
use super::body::Said;
use crate::app::App;
use crate::library::{self, SessionSummary};

/// All that the panel needs to begin.
#[derive(Serialize)]
pub(super) struct Begin {
    person: Who,
    csrf: String,
    clients: Vec<AtClient>,
    delivery_url: String,
    limits: Limits,
}

#[derive(Serialize)]
struct Who {
    id: PersonId,
    email: Email,
    name: String,
}

#[derive(Serialize)]
struct AtClient {
    id: String,
    name: String,
    role: Role,
}

#[derive(Serialize)]
struct Limits {
    page_size: u32,
    paths: usize,
}

/// What a session begins with, and its cookie when it is new.
pub(super) async fn begin(app: &App, cookie: &SecretString) -> Result<Json<Begin>> {
    let presence = library::presence(app, cookie).await?;
    let (session, limits) = (presence.session, &app.settings.limits);
    let clients = presence.memberships.into_iter();
    Ok(Json(Begin {
        person: Who { id: session.person, email: session.email, name: session.name.to_string() },
        csrf: presence.csrf,
        clients: clients.map(|at| AtClient { id: at.client.to_string(), name: at.name, role: at.role }).collect(),
        delivery_url: app.settings.server.delivery_url.clone(),
        limits: Limits { page_size: limits.page_size, paths: limits.paths },
    }))
}

/// A new session, in its cookie and in the answer.
pub(super) async fn begun(app: &App, cookie: &SecretString) -> Result<Response> {
    let life = app.settings.panel.session_life().as_secs();
    let header = set_cookie(app, cookie.expose_secret(), life)?;
    Ok(([(SET_COOKIE, header)], begin(app, cookie).await?).into_response())
}

/// Who is signed in.
pub(super) async fn get(State(app): State<App>, headers: HeaderMap) -> Result<Json<Begin>, Refused> {
    Ok(begin(&app, &cookie(&headers)?).await?)
}

#[derive(Deserialize)]
pub(super) struct Credentials {
    email: String,
    password: SecretString,
}

/// Signs somebody in.
pub(super) async fn sign_in(
    State(app): State<App>,
    From(browser): From,
    headers: HeaderMap,
    Said(credentials): Said<Credentials>,
) -> Result<Response, Refused> {
    check_site(&app, &headers)?;
    let cookie = library::sign_in(&app, &credentials.email, credentials.password, &browser).await?;
    Ok(begun(&app, &cookie).await?)
}

/// Signs out of this browser.
pub(super) async fn sign_out(State(app): State<App>, signed_in: SignedIn) -> Result<Response, Refused> {
    library::sign_out(&app, signed_in.session.person, signed_in.session.id).await?;
    Ok((StatusCode::NO_CONTENT, [(SET_COOKIE, set_cookie(&app, "", 0)?)]).into_response())
}

#[derive(Serialize)]
pub(super) struct Sessions {
    sessions: Vec<SessionSummary>,
}

/// Where one is signed in.
pub(super) async fn list(State(app): State<App>, signed_in: SignedIn) -> Result<Json<Sessions>, Refused> {
    Ok(Json(Sessions { sessions: library::list_sessions(&app, &signed_in.session).await? }))
}

/// Signs out of another browser.
pub(super) async fn end(
    State(app): State<App>,
    signed_in: SignedIn,
    Path(id): Path<String>,
) -> Result<StatusCode, Refused> {
    let id: SessionId = id.parse()?;
    library::sign_out(&app, signed_in.session.person, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize)]
pub(super) struct Passwords {
    old_password: SecretString,
    new_password: SecretString,
}

/// Another password; the other sessions end.
pub(super) async fn change_password(
    State(app): State<App>,
    signed_in: SignedIn,
    From(browser): From,
    Said(passwords): Said<Passwords>,
) -> Result<StatusCode, Refused> {
    let Passwords { old_password, new_password } = passwords;
    library::change_password(&app, &signed_in.session, old_password, new_password, &browser).await?;
    Ok(StatusCode::NO_CONTENT)
}
