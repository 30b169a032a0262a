//! `/v2/media/file`: one file at a time, letter by letter as clients know it.

use axum::Json;
use axum::extract::State;
use reelshelf_domain::{DisplayName, Error, FileName, MediaPath, Result};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use super::Refused;
use super::answers::Failure;
use super::forms::{Form, Parameters, folder, known_file, required, size, under};
use super::objects::{Done, File};
use crate::app::App;
use crate::http::auth::Authorised;
use crate::library::{self, Caller, Change, NewFile, Wish, stable_url, upload_url};

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct GetParameters {
    /// Folder and name, such as `videos/clip.mp4`.
    path: Option<String>,
}

/// One file.
#[derive(Serialize, ToSchema)]
pub(super) struct FileAnswer {
    success: bool,
    file: File,
}

/// A file.
#[utoipa::path(get, path = "/v2/media/file", tag = "media", params(GetParameters), security(("key" = [])),
    responses((status = 200, body = FileAnswer), (status = 400, description = "No such file, or a bad key", body = Failure),
        (status = 403, body = Failure)))]
pub(super) async fn get(
    State(app): State<App>,
    Authorised(caller): Authorised,
    Parameters(parameters): Parameters<GetParameters>,
) -> Result<Json<FileAnswer>, Refused> {
    let path = known_file(Some(required("path", parameters.path.as_deref())?), None, None)?;
    let asset = library::file(&app, caller.client, &path).await?;
    Ok(Json(FileAnswer { success: true, file: File::new(&app, caller.client, &path.folder, asset) }))
}

/// A file to be uploaded.
#[derive(Deserialize, ToSchema)]
pub(super) struct RegisterForm {
    /// The file name: characters other than letters, digits, `.`, `_` and `-` become `_`.
    name: Option<String>,
    /// The media type, sent again with the bytes.
    #[serde(rename = "contentType")]
    content_type: Option<String>,
    /// Bytes: more than 0, at most what the plan allows.
    #[schema(value_type = u64)]
    size: Option<Value>,
    /// The folder; made if it is not there. Empty or absent is the root, `temp` is for temporary files.
    folder: Option<String>,
    /// Folder and name in one, instead of the two.
    path: Option<String>,
    /// Whether a file of this name is replaced once the bytes are here.
    overwrite: Option<bool>,
    /// At `/v2/media` alone: the URL of the file, which the server then fetches itself. `name`, `contentType` and `size`
    /// may be left out.
    pub(super) src: Option<String>,
}

/// Where to send the bytes, and where the file will be.
#[derive(Serialize, ToSchema)]
pub(super) struct Registered {
    success: bool,
    /// PUT the bytes here, with the registered `Content-Type`.
    #[serde(rename = "uploadUrl")]
    upload_url: String,
    /// The file's stable URL.
    #[serde(rename = "fileUrl")]
    file_url: String,
    /// Seconds until the upload URL expires.
    #[serde(rename = "expiresIn")]
    expires_in: u64,
}

/// Registers an upload.
#[utoipa::path(post, path = "/v2/media/file", tag = "media", request_body = RegisterForm, security(("key" = [])),
    responses((status = 200, body = Registered), (status = 400, body = Failure), (status = 403, body = Failure),
        (status = 409, body = Failure), (status = 413, body = Failure), (status = 429, body = Failure),
        (status = 507, body = Failure)))]
pub(super) async fn post(
    State(app): State<App>,
    Authorised(caller): Authorised,
    Form(form): Form<RegisterForm>,
) -> Result<Json<Registered>, Refused> {
    Ok(Json(register(&app, &caller, &form).await?))
}

impl RegisterForm {
    /// The folder and the name, as they were given.
    fn place(&self) -> (Option<&str>, &str) {
        match (self.name.as_deref(), self.path.as_deref()) {
            (None | Some(""), Some(path)) => {
                path.rsplit_once('/').map_or((None, path), |(above, raw)| (Some(above), raw))
            }
            (name, _) => (self.folder.as_deref(), name.unwrap_or_default()),
        }
    }

    /// The file that is wanted from another server.
    pub(super) fn wish<'a>(&'a self, src: &'a str) -> Result<Wish<'a>> {
        let (above, raw) = self.place();
        Ok(Wish {
            src,
            folder: folder(above)?,
            name: Some(raw).filter(|raw| !raw.is_empty()),
            content_type: self.content_type.as_deref().filter(|given| !given.is_empty()),
            size: self.size.as_ref().filter(|given| !given.is_null()).map(|given| size(Some(given))).transpose()?,
            overwrite: self.overwrite.unwrap_or_default(),
        })
    }
}

/// Registers an upload, here and for a JSON body at `/v2/media`.
pub(super) async fn register(app: &App, caller: &Caller, form: &RegisterForm) -> Result<Registered> {
    let (above, raw) = form.place();
    let raw = required("name", Some(raw))?;
    let file = NewFile {
        path: MediaPath::new(folder(above)?, FileName::sanitise(raw)?),
        display_name: DisplayName::of(raw),
        content_type: required("contentType", form.content_type.as_deref())?.to_owned(),
        size: Some(size(form.size.as_ref())?),
        overwrite: form.overwrite.unwrap_or_default(),
    };
    let ticket = library::register(app, caller, &file).await?;
    let signed = app.signer.sign(ticket.id, ticket.expires_at, &file.content_type, file.size)?;
    let server = &app.settings.server;
    Ok(Registered {
        success: true,
        upload_url: upload_url(server, &signed),
        file_url: stable_url(server, caller.client, &file.path),
        expires_in: app.settings.uploads.url_seconds,
    })
}

/// A file to be moved.
#[derive(Deserialize, ToSchema)]
pub(super) struct MoveForm {
    /// The file name.
    name: Option<String>,
    /// Its folder; empty or absent is the root.
    folder: Option<String>,
    /// Folder and name in one, instead of the two above.
    path: Option<String>,
    /// The folder it goes to. It must be there; empty is the root.
    destination: Option<String>,
    /// Whether a file of this name there is replaced.
    overwrite: Option<bool>,
}

/// Moves a file. Its URL changes with it.
#[utoipa::path(put, path = "/v2/media/file", tag = "media", request_body = MoveForm, security(("key" = [])),
    responses((status = 200, body = Done), (status = 400, body = Failure), (status = 403, body = Failure),
        (status = 409, body = Failure), (status = 429, body = Failure)))]
pub(super) async fn put(
    State(app): State<App>,
    Authorised(caller): Authorised,
    Form(form): Form<MoveForm>,
) -> Result<Json<Done>, Refused> {
    let path = known_file(form.path.as_deref(), form.name.as_deref(), form.folder.as_deref())?;
    let destination = form.destination.as_deref().ok_or(Error::Missing("destination"))?;
    let change = Change {
        path,
        destination: Some(under("destination", folder(Some(destination)))?),
        new_name: None,
        overwrite: form.overwrite.unwrap_or_default(),
    };
    library::relocate(&app, caller.client, change).await?;
    Ok(Json(Done::at(app.now())))
}

/// A file to be deleted.
#[derive(Deserialize, ToSchema, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct DeleteForm {
    /// The file name.
    name: Option<String>,
    /// Its folder; empty or absent is the root.
    folder: Option<String>,
    /// Folder and name in one, instead of the two above.
    path: Option<String>,
}

/// Deletes a file, pending or uploaded. Its URL answers 404 at once.
#[utoipa::path(delete, path = "/v2/media/file", tag = "media", params(DeleteForm), request_body = DeleteForm,
    security(("key" = [])),
    responses((status = 200, body = Done), (status = 400, body = Failure), (status = 403, body = Failure)))]
pub(super) async fn delete(
    State(app): State<App>,
    Authorised(caller): Authorised,
    Form(form): Form<DeleteForm>,
) -> Result<Json<Done>, Refused> {
    let path = known_file(form.path.as_deref(), form.name.as_deref(), form.folder.as_deref())?;
    library::remove(&app, caller.client, path).await?;
    Ok(Json(Done::at(app.now())))
}
