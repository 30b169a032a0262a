//! `/v2/media/folder`: folders, letter by letter as clients know them; moving and renaming are ours.

use axum::Json;
use axum::extract::State;
use reelshelf_domain::{Error, FolderName, FolderPath, Result};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::Refused;
use super::answers::Failure;
use super::forms::{Form, Parameters, folder, known_folder, required, under};
use super::listing::{FolderAnswer, ListParameters, list};
use super::objects::Done;
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
pub(super) struct ChangeForm {
    /// The folder.
    folder: Option<String>,
    /// Another name of `folder`.
    path: Option<String>,
    /// The folder it goes below; empty is the root.
    destination: Option<String>,
    /// Its new name.
    new_name: Option<String>,
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

/// Moves a folder, renames it, or both. The URLs of everything in it change with it.
#[utoipa::path(put, path = "/v2/media/folder", tag = "media", request_body = ChangeForm, security(("key" = [])),
    responses((status = 200, body = Changed), (status = 400, body = Failure), (status = 403, body = Failure),
        (status = 409, body = Failure), (status = 429, body = Failure)))]
pub(super) async fn put(
    State(app): State<App>,
    Authorised(caller): Authorised,
    Form(form): Form<ChangeForm>,
) -> Result<Json<Changed>, Refused> {
    let path = named(form.folder.as_deref(), form.path.as_deref())?;
    if form.destination.is_none() && form.new_name.is_none() {
        return Err(Error::Missing("destination or new_name").into());
    }
    let change = FolderChange {
        folder: path,
        destination: form.destination.as_deref().map(|text| under("destination", folder(Some(text)))).transpose()?,
        new_name: form.new_name.as_deref().map(one_name).transpose()?,
    };
    let path = library::change_folder(&app, caller.client, change).await?;
    Ok(Json(Changed { success: true, timestamp: app.now().to_string(), path: path.to_string() }))
}

/// A folder to be deleted.
#[derive(Deserialize, ToSchema, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct DeleteForm {
    /// The folder.
    folder: Option<String>,
    /// Another name of `folder`.
    path: Option<String>,
    /// Whether everything in it goes too.
    recursive: Option<bool>,
}

/// Deletes a folder; one with something in it only with `recursive`.
#[utoipa::path(delete, path = "/v2/media/folder", tag = "media", params(DeleteForm), request_body = DeleteForm,
    security(("key" = [])),
    responses((status = 200, body = Done), (status = 400, body = Failure), (status = 403, body = Failure)))]
pub(super) async fn delete(
    State(app): State<App>,
    Authorised(caller): Authorised,
    Form(form): Form<DeleteForm>,
) -> Result<Json<Done>, Refused> {
    let path = named(form.folder.as_deref(), form.path.as_deref())?;
    library::remove_folder(&app, caller.client, path, form.recursive.unwrap_or_default()).await?;
    Ok(Json(Done::at(app.now())))
}

/// A new name is one name: a path would lose its slashes, and name something nobody meant.
fn one_name(raw: &str) -> Result<FolderName> {
    if raw.contains('/') {
        return Err(Error::invalid("new_name", "must be one name, without /; move the folder with destination"));
    }
    FolderName::sanitise(raw)
}

/// A folder that must be named. The root is named by `/` and by the empty text.
fn named(folder: Option<&str>, path: Option<&str>) -> Result<FolderPath> {
    known_folder(Some(folder.or(path).ok_or(Error::Missing("folder"))?))
}
