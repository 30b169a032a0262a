//! `…/people` and `…/invitations`: who belongs to a client, and who is asked to.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use reelshelf_domain::{Email, Result, Role};
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};

use super::answers::Refused;
use super::body::Said;
use crate::app::App;
use crate::http::auth::Authorised;
use crate::library::{self, InvitationSummary, MemberSummary};

#[derive(Serialize)]
pub(super) struct People {
    people: Vec<MemberSummary>,
    invitations: Vec<InvitationSummary>,
}

/// Everybody, and the links that nobody has used.
pub(super) async fn list(State(app): State<App>, Authorised(caller): Authorised) -> Result<Json<People>, Refused> {
    let people = library::list_members(&app, caller.client).await?;
    Ok(Json(People { people, invitations: library::list_invitations(&app, caller.client).await? }))
}

#[derive(Deserialize)]
pub(super) struct Invite {
    email: String,
    role: Role,
}

/// A link to be given to somebody. It is not shown again.
#[derive(Serialize)]
pub(super) struct Link {
    url: String,
}

/// Makes a link by which somebody joins.
pub(super) async fn invite(
    State(app): State<App>,
    Authorised(caller): Authorised,
    Said(invite): Said<Invite>,
) -> Result<Json<Link>, Refused> {
    let email: Email = invite.email.parse()?;
    let url = library::invite(&app, caller.client, invite.role, Some(email)).await?;
    Ok(Json(Link { url: url.expose_secret().to_owned() }))
}

#[derive(Deserialize)]
pub(super) struct Which {
    id: String,
}

/// Ends a link that nobody has used.
pub(super) async fn withdraw(
    State(app): State<App>,
    Authorised(caller): Authorised,
    Path(which): Path<Which>,
) -> Result<StatusCode, Refused> {
    library::withdraw(&app, caller.client, which.id.parse()?).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize)]
pub(super) struct Change {
    role: Role,
}

/// Gives somebody another role.
pub(super) async fn change(
    State(app): State<App>,
    Authorised(caller): Authorised,
    Path(which): Path<Which>,
    Said(change): Said<Change>,
) -> Result<StatusCode, Refused> {
    library::change_member(&app, caller.client, which.id.parse()?, Some(change.role)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Takes somebody from the client.
pub(super) async fn remove(
    State(app): State<App>,
    Authorised(caller): Authorised,
    Path(which): Path<Which>,
) -> Result<StatusCode, Refused> {
    library::change_member(&app, caller.client, which.id.parse()?, None).await?;
    Ok(StatusCode::NO_CONTENT)
}
