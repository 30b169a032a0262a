//! `/v2/media/folder`: folders, letter by letter as clients know them; moving and renaming are ours.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use reelshelf_domain::{Error, FolderName, FolderPath, Result};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::Refused;
use super::answers::Failure;
use super::forms::{Form, Parameters, folder, known_folder, required, under};
use super::listing::{FolderAnswer, ListParameters, list};
use super::objects::Done;
use super::rehearsal::{self, Meant, RehearsalParameters};
use crate::app::App;
use crate::http::auth::Authorised;
use crate::library::{self, FolderChange};
use crate::store::Made;

/// The contents of a folder, or with `tree=true` every folder.
#[utoipa::path(get, path = "/v2/media/folder", tag = "media", params(ListParameters), security(("key" = [])),
    responses((status = 200, body = FolderAnswer), (status = 400, body = Failure), (status = 403, body = Failure)))]
pub(super) async fn get(
    State(app): State<App>,
    Authorised(caller): Authorised,
    Parameters(parameters): Parameters<ListParameters>,
) -> Result<Json<FolderAnswer>, Refused> {
    Ok(Json(list(&app, &caller, parameters).await?))
}

/// A folder to be made.
#[derive(Deserialize, ToSchema)]
pub(super) struct MakeForm {
    /// The folder, with all levels above it.
    folder: Option<String>,
    /// Another name of `folder`.
    path: Option<String>,
}

/// Makes a folder and all levels above it.
#[utoipa::path(post, path = "/v2/media/folder", tag = "media", request_body = MakeForm, security(("key" = [])),
    responses((status = 200, body = Done), (status = 400, body = Failure), (status = 403, body = Failure),
        (status = 429, body = Failure)))]
pub(super) async fn post(
    State(app): State<App>,
    Authorised(caller): Authorised,
    Form(form): Form<MakeForm>,
) -> Result<Json<Done>, Refused> {
    let raw = required("folder", form.folder.as_deref().or(form.path.as_deref()))?;
    let made = library::make_folder(&app, caller.client, folder(Some(raw))?).await?;
    // Clients take a message for "it was there".
    Ok(Json(match made {
        Made::Created => Done::at(app.now()),
        Made::Existed => Done::saying(app.now(), "Folder already exists"),
    }))
}

/// A folder to be moved, renamed, or both.
#[derive(Deserialize, ToSchema)]
#[schema(as = ChangeFolderForm)]
pub(super) struct ChangeForm {
    /// The folder.
    folder: Option<String>,
    /// Another name of `folder`.
    path: Option<String>,
    /// The folder it goes below; empty is the root.
    destination: Option<String>,
    /// Its new name.
    new_name: Option<String>,
    /// Whether the call only says what it would do.
    dry_run: Option<bool>,
    /// What a dry run gave: the call does exactly what that said, or answers 409 with what has changed since.
    token: Option<String>,
}

/// A folder that has moved.
#[derive(Serialize, ToSchema)]
pub(super) struct Changed {
    success: bool,
    /// Now: ISO 8601 in UTC.
    timestamp: String,
    /// Where it is now.
    path: String,
}

/// Moves a folder, renames it, or both. The URLs of everything in it change with it. With `dry_run`, only says what
/// would happen.
#[utoipa::path(put, path = "/v2/media/folder", tag = "media", params(RehearsalParameters), request_body = ChangeForm,
    security(("key" = [])),
    responses((status = 200, description = "`Rehearsed` for a dry run", body = Changed), (status = 400, body = Failure), (status = 403, body = Failure),
        (status = 409, body = Failure), (status = 429, body = Failure)))]
pub(super) async fn put(
    State(app): State<App>,
    Authorised(caller): Authorised,
    Parameters(query): Parameters<RehearsalParameters>,
    Form(form): Form<ChangeForm>,
) -> Result<Response, Refused> {
    let manner = query.manner(form.dry_run, form.token)?;
    let path = named(form.folder.as_deref(), form.path.as_deref())?;
    if form.destination.is_none() && form.new_name.is_none() {
        return Err(Error::Missing("destination or new_name").into());
    }
    let change = FolderChange {
        folder: path,
        destination: form.destination.as_deref().map(|text| under("destination", folder(Some(text)))).transpose()?,
        new_name: form.new_name.as_deref().map(one_name).transpose()?,
    };
    let (intent, to) = library::intend_folder_change(&app, caller.client, change.clone())?;
    match rehearsal::of_folder(&app, &caller, manner, intent, Some(to.to_string())).await? {
        Meant::Told(answer) => return Ok(*answer),
        Meant::Done(_) => {}
        Meant::Act => library::change_folder(&app, caller.client, change).await.map(|_| ())?,
    }
    Ok(Json(Changed { success: true, timestamp: app.now().to_string(), path: to.to_string() }).into_response())
}

/// A folder to be deleted.
#[derive(Deserialize, ToSchema, IntoParams)]
#[into_params(parameter_in = Query)]
#[schema(as = DeleteFolderForm)]
pub(super) struct DeleteForm {
    /// The folder.
    folder: Option<String>,
    /// Another name of `folder`.
    path: Option<String>,
    /// Whether everything in it goes too.
    recursive: Option<bool>,
    /// Whether the call only says what it would do.
    dry_run: Option<bool>,
    /// What a dry run gave: the call does exactly what that said, or answers 409 with what has changed since.
    token: Option<String>,
}

/// Deletes a folder; one with something in it only with `recursive`. With `dry_run`, only says what would go.
#[utoipa::path(delete, path = "/v2/media/folder", tag = "media", params(DeleteForm), request_body = DeleteForm,
    security(("key" = [])),
    responses((status = 200, description = "`Rehearsed` for a dry run", body = Done), (status = 400, body = Failure),
        (status = 403, body = Failure), (status = 409, body = Failure)))]
pub(super) async fn delete(
    State(app): State<App>,
    Authorised(caller): Authorised,
    Parameters(query): Parameters<RehearsalParameters>,
    Form(form): Form<DeleteForm>,
) -> Result<Response, Refused> {
    let manner = query.manner(form.dry_run, form.token)?;
    let (path, recursive) = (named(form.folder.as_deref(), form.path.as_deref())?, form.recursive.unwrap_or_default());
    let intent = library::intend_folder_removal(&app, caller.client, path.clone(), recursive)?;
    match rehearsal::of_folder(&app, &caller, manner, intent, None).await? {
        Meant::Told(answer) => return Ok(*answer),
        Meant::Done(_) => {}
        Meant::Act => library::remove_folder(&app, caller.client, path, recursive).await?,
    }
    Ok(Json(Done::at(app.now())).into_response())
}

/// A new name is one name: a path would lose its slashes, and name something nobody meant.
fn one_name(raw: &str) -> Result<FolderName> {
    if raw.is_empty() {
        return Err(Error::Missing("new_name"));
    }
    if raw.contains('/') {
        return Err(Error::invalid("new_name", "must be one name, without /; move the folder with destination"));
    }
    FolderName::sanitise(raw)
}

/// A folder that must be named. The root is named by `/` and by the empty text.
fn named(folder: Option<&str>, path: Option<&str>) -> Result<FolderPath> {
    known_folder(Some(folder.or(path).ok_or(Error::Missing("folder"))?))
}
