//! `/dashboard/api/setup`: what somebody does with a link that sets a password.

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use reelshelf_domain::{Email, Result, Role};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use super::answers::Refused;
use super::auth::{From, check_site};
use super::body::Said;
use super::sessions::begun;
use crate::app::App;
use crate::library;

#[derive(Deserialize)]
pub(super) struct Link {
    token: SecretString,
}

/// What a link is for: the `first` person of all, an `invitation`, or a `reset` of a password.
#[derive(Serialize)]
pub(super) struct Look {
    kind: &'static str,
    email: Option<Email>,
    client: Option<Client>,
    role: Option<Role>,
}

#[derive(Serialize)]
struct Client {
    id: String,
    name: String,
}

/// What a link is for.
pub(super) async fn look(State(app): State<App>, Said(link): Said<Link>) -> Result<Json<Look>, Refused> {
    let look = library::look(&app, &link.token).await?;
    let kind = match (look.is_reset, &look.email) {
        (true, _) => "reset",
        (false, Some(_)) => "invitation",
        (false, None) => "first",
    };
    let client = look.client.map(|(id, name)| Client { id: id.to_string(), name });
    Ok(Json(Look { kind, email: look.email, client, role: look.role }))
}

#[derive(Deserialize)]
pub(super) struct Answer {
    token: SecretString,
    email: Option<String>,
    name: Option<String>,
    password: SecretString,
}

/// Uses a link, and signs in.
pub(super) async fn accept(
    State(app): State<App>,
    From(browser): From,
    headers: HeaderMap,
    Said(answer): Said<Answer>,
) -> Result<Response, Refused> {
    check_site(&app, &headers)?;
    let Answer { token, email, name, password } = answer;
    let answer = library::Answer { email, name, password };
    let cookie = library::accept(&app, &token, answer, &browser).await?;
    Ok(begun(&app, &cookie).await?)
}
