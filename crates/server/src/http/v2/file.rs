//! `/v2/media/file`: one file at a time, letter by letter as clients know it.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use reelshelf_domain::{AssetHash, DisplayName, Error, FileName, MediaPath, Result};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use super::Refused;
use super::answers::Failure;
use super::forms::{Form, Parameters, folder, known_file, required, size, under};
use super::media::remove;
use super::objects::{Done, File};
use super::rehearsal::{self, Meant, RehearsalParameters};
use crate::app::App;
use crate::http::auth::Authorised;
use crate::library::{self, Caller, Change, NewFile, Registering, Wish, stable_url, upload_url};

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
    /// The file name: characters other than letters, digits, `.`, `_` and `-` become `_`. Empty when `path` says it.
    #[schema(value_type = String)]
    name: Option<String>,
    /// The media type, sent again with the bytes.
    #[serde(rename = "contentType")]
    #[schema(value_type = String)]
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
    /// Of an import alone, which [`super::media`] describes.
    #[schema(ignore)]
    pub(super) src: Option<String>,
    /// The SHA-256 of the bytes, 64 hexadecimal digits. When the client holds them already, the file is made at once
    /// and nothing needs to be sent; otherwise no other bytes are taken.
    sha256: Option<String>,
    /// Archives are unpacked when they are sent, not when they are registered or fetched.
    #[schema(ignore)]
    unpack: Option<bool>,
}

/// Where to send the bytes, and where the file will be.
#[derive(Serialize, ToSchema)]
pub(super) struct Registered {
    success: bool,
    /// PUT the bytes here, with the registered `Content-Type`; null when they are here already.
    #[serde(rename = "uploadUrl")]
    upload_url: Option<String>,
    /// The file's stable URL.
    #[serde(rename = "fileUrl")]
    file_url: String,
    /// Seconds until the upload URL expires; 0 when there is nothing to send.
    #[serde(rename = "expiresIn")]
    expires_in: u64,
    /// True when the bytes were here already; absent otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    exists: Option<bool>,
    /// The file that was made of them; absent otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<File>,
}

/// Registers an upload.
#[utoipa::path(post, path = "/v2/media/file", tag = "media", request_body = RegisterForm, security(("key" = [])),
    responses((status = 200, body = Registered), (status = 400, body = Failure), (status = 403, body = Failure),
        (status = 409, body = Failure), (status = 413, body = Failure),
        (status = 415, description = "`Content-Encoding` is not `identity`", body = Failure), (status = 429, body = Failure),
        (status = 507, body = Failure)))]
pub(super) async fn post(
    State(app): State<App>,
    Authorised(caller): Authorised,
    Form(form): Form<RegisterForm>,
) -> Result<Json<Registered>, Refused> {
    Ok(Json(register(&app, &caller, &form).await?))
}

impl RegisterForm {
    /// Refuses to fetch or register an archive as one that is to be unpacked.
    pub(super) fn check_not_unpacked(&self) -> Result<()> {
        match self.unpack {
            Some(true) => {
                Err(Error::invalid("unpack", "is not possible here; send the archive as the body, or in a form"))
            }
            _ => Ok(()),
        }
    }

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
        self.check_not_unpacked()?;
        let (above, raw) = self.place();
        Ok(Wish {
            src,
            folder: folder(above)?,
            name: Some(raw).filter(|raw| !raw.is_empty()),
            content_type: self.content_type.as_deref().filter(|given| !given.is_empty()),
            size: self.size.as_ref().filter(|given| !given.is_null()).map(|given| size(Some(given))).transpose()?,
            sha256: self.sha256.as_deref().map(sha256).transpose()?,
            overwrite: self.overwrite.unwrap_or_default(),
        })
    }
}

/// Registers an upload, here and for a JSON body at `/v2/media`.
pub(super) async fn register(app: &App, caller: &Caller, form: &RegisterForm) -> Result<Registered> {
    form.check_not_unpacked()?;
    let (above, raw) = form.place();
    let raw = required("name", Some(raw))?;
    let file = NewFile {
        path: MediaPath::new(folder(above)?, FileName::sanitise(raw)?),
        display_name: DisplayName::of(raw),
        content_type: required("contentType", form.content_type.as_deref())?.to_owned(),
        size: Some(size(form.size.as_ref())?),
        sha256: form.sha256.as_deref().map(sha256).transpose()?,
        overwrite: form.overwrite.unwrap_or_default(),
    };
    let registering = library::register_known(app, caller, &file).await?;
    let server = &app.settings.server;
    let file_url = stable_url(server, caller.client, &file.path);
    let (success, none) = (true, None);
    Ok(match registering {
        Registering::Here(asset) => {
            let made = File::new(app, caller.client, &file.path.folder, *asset);
            Registered { success, upload_url: none, file_url, expires_in: 0, exists: Some(true), file: Some(made) }
        }
        Registering::Awaited(ticket) => {
            let signed = app.signer.sign(ticket.id, ticket.expires_at, &file.content_type, file.size)?;
            let (upload_url, expires_in) = (Some(upload_url(server, &signed)), app.settings.uploads.url_seconds);
            Registered { success, upload_url, file_url, expires_in, exists: None, file: None }
        }
    })
}

/// A hash in either case of letters.
pub(in crate::http) fn sha256(text: &str) -> Result<AssetHash> {
    text.to_ascii_lowercase().parse().map_err(|_| Error::invalid("sha256", "must be 64 hexadecimal digits"))
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
    /// Files are renamed at `/v2/media`; here it was never looked at.
    #[schema(ignore)]
    new_name: Option<String>,
    /// Whether a file of this name there is replaced.
    overwrite: Option<bool>,
    /// Whether the call only says what it would do.
    dry_run: Option<bool>,
    /// What a dry run gave: the call does exactly what that said, or answers 409 with what has changed since.
    token: Option<String>,
}

/// Moves a file. Its URL changes with it. With `dry_run`, only says what would happen.
#[utoipa::path(put, path = "/v2/media/file", tag = "media", params(RehearsalParameters), request_body = MoveForm,
    security(("key" = [])),
    responses((status = 200, description = "`Rehearsed` for a dry run", body = Done), (status = 400, body = Failure), (status = 403, body = Failure),
        (status = 409, body = Failure), (status = 429, body = Failure)))]
pub(super) async fn put(
    State(app): State<App>,
    Authorised(caller): Authorised,
    Parameters(query): Parameters<RehearsalParameters>,
    Form(form): Form<MoveForm>,
) -> Result<Response, Refused> {
    let manner = query.manner(form.dry_run, form.token)?;
    if form.new_name.is_some() {
        return Err(Error::invalid("new_name", "is not possible here; rename with PUT /v2/media").into());
    }
    let path = known_file(form.path.as_deref(), form.name.as_deref(), form.folder.as_deref())?;
    let destination = form.destination.as_deref().ok_or(Error::Missing("destination"))?;
    let change = Change {
        path,
        destination: Some(under("destination", folder(Some(destination)))?),
        new_name: None,
        overwrite: form.overwrite.unwrap_or_default(),
    };
    let intent = library::intend_relocation(&app, caller.client, change.clone())?;
    match rehearsal::of_file(&app, &caller, manner, change.path.to_string(), intent).await? {
        Meant::Told(answer) => return Ok(*answer),
        Meant::Done(_) => {}
        Meant::Act => library::relocate(&app, caller.client, change).await.map(|_| ())?,
    }
    Ok(Json(Done::at(app.now())).into_response())
}

/// A file to be deleted.
#[derive(Deserialize, ToSchema, IntoParams)]
#[into_params(parameter_in = Query)]
#[schema(as = DeleteFileForm)]
pub(super) struct DeleteForm {
    /// The file name.
    name: Option<String>,
    /// Its folder; empty or absent is the root.
    folder: Option<String>,
    /// Folder and name in one, instead of the two above.
    path: Option<String>,
    /// Whether the call only says what it would do.
    dry_run: Option<bool>,
    /// What a dry run gave: the call does exactly what that said, or answers 409 with what has changed since.
    token: Option<String>,
}

/// Deletes a file, pending or uploaded. Its URL answers 404 at once. With `dry_run`, only says what would go.
#[utoipa::path(delete, path = "/v2/media/file", tag = "media", params(DeleteForm), request_body = DeleteForm,
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
    let path = known_file(form.path.as_deref(), form.name.as_deref(), form.folder.as_deref())?;
    remove(&app, &caller, manner, path).await
}
