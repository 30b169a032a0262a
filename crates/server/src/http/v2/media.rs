//! `/v2/media`: the whole library behind one address. What concerns several files answers for each.

use axum::Json;
use axum::extract::{FromRequest, Request, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use futures::{StreamExt, TryFutureExt};
use reelshelf_domain::{DisplayName, Error, FileName, FolderPath, MediaPath, Result};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::Refused;
use super::answers::{Failure, sentence};
use super::file::{RegisterForm, Registered, register};
use super::forms::{Form, Parameters, folder, known_file, required, under};
use super::listing::{FolderAnswer, ListParameters, list};
use super::multipart;
use super::objects::{Done, File, Outcome, Storage, Stored};
use super::unpack;
use crate::app::App;
use crate::http::auth::Authorised;
use crate::http::body::{content_length, pieces};
use crate::library::{self, Caller, Change, NewFile};

/// The type of bytes whose sender declares none.
pub(super) const UNDECLARED: &str = "application/octet-stream";
/// How many files of one call are changed at once. Their commits share an fsync.
const AT_ONCE: usize = 16;

/// A folder's contents, and the client's storage beside it.
#[derive(Serialize, ToSchema)]
pub(super) struct Library {
    storage: Storage,
    #[serde(flatten)]
    folder: FolderAnswer,
}

/// The client's storage, and the contents of a folder.
#[utoipa::path(get, path = "/v2/media", tag = "media", params(ListParameters), security(("key" = [])),
    responses((status = 200, body = Library), (status = 400, body = Failure), (status = 403, body = Failure)))]
pub(super) async fn get(
    State(app): State<App>,
    Authorised(caller): Authorised,
    Parameters(parameters): Parameters<ListParameters>,
) -> Result<Json<Library>, Refused> {
    let storage = library::storage(&app, caller.client).await?.into();
    Ok(Json(Library { storage, folder: list(&app, &caller, parameters).await? }))
}

/// Where the file of a raw body goes.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct PostParameters {
    /// The file name, for a raw body.
    name: Option<String>,
    /// The folder.
    pub(super) folder: Option<String>,
    /// Whether a file of this name is replaced.
    pub(super) overwrite: Option<bool>,
    /// Whether the body, or each file of the form, is a ZIP to be unpacked into the folder.
    pub(super) unpack: Option<bool>,
    /// With `unpack`: says what would be stored, and stores nothing.
    pub(super) dry_run: Option<bool>,
}

/// Uploads in one request, imports from a URL, or registers an upload.
///
/// `multipart/form-data` with `file` parts, `folder` and `overwrite`; any other body with `?name=` in the query; or JSON,
/// which imports when it has `src`, and otherwise registers as `/v2/media/file` does. With `unpack` the body, or each file
/// of the form, is a ZIP whose files are stored: its folders are kept, each entry answers for itself, and links, encrypted
/// entries, names that lead elsewhere and archives that unpack to far more than they hold are refused.
#[utoipa::path(post, path = "/v2/media", tag = "media", params(PostParameters), security(("key" = [])),
    request_body(content((RegisterForm = "application/json"), (Vec<u8> = "multipart/form-data"),
        (Vec<u8> = "application/octet-stream"))),
    responses((status = 200, description = "`Stored` for an upload; for an archive `dry_run`, `files`, `bytes` \
         and `skipped` beside it; `Registered` for a registration", body = Stored),
        (status = 202, description = "The file of an import: `import` says how far it is", body = Stored),
        (status = 400, body = Failure), (status = 403, body = Failure),
        (status = 409, body = Failure), (status = 413, body = Failure), (status = 429, body = Failure),
        (status = 507, body = Failure)))]
pub(super) async fn post(
    State(app): State<App>,
    Authorised(caller): Authorised,
    Parameters(parameters): Parameters<PostParameters>,
    request: Request,
) -> Result<Response, Refused> {
    let content_type = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let content_type = content_type.unwrap_or(UNDECLARED).to_owned();
    let is_form = content_type.starts_with("multipart/form-data");
    if parameters.unpack.unwrap_or_default() && !is_form {
        return Ok(unpack::raw(&app, &caller, &parameters, request).await?.into_response());
    }
    if parameters.name.is_some() {
        return Ok(Json(raw(&app, &caller, &parameters, content_type, request).await?).into_response());
    }
    if is_form {
        return multipart::store(&app, &caller, &parameters, request).await;
    }
    if !may_be_json(&content_type) {
        return Err(Error::Missing("name").into());
    }
    let Form(form) = Form::<RegisterForm>::from_request(request, &app).await?;
    if let Some(src) = form.src.as_deref().filter(|src| !src.is_empty()) {
        return Ok((StatusCode::ACCEPTED, Json(import(&app, &caller, &form, src).await?)).into_response());
    }
    let registered: Registered = register(&app, &caller, &form).await?;
    Ok(Json(registered).into_response())
}

/// Whether a body without `?name=` is to be read as JSON. Some clients send JSON under the type of a plain form.
fn may_be_json(content_type: &str) -> bool {
    let essence = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    essence.ends_with("json") || essence == "application/x-www-form-urlencoded"
}

/// Has the server fetch a file.
async fn import(app: &App, caller: &Caller, form: &RegisterForm, src: &str) -> Result<Stored> {
    let wish = form.wish(src)?;
    let folder = wish.folder.clone();
    let asset = library::import(app, caller, wish).await?;
    Ok(Stored::one(app.now(), File::new(app, caller.client, &folder, asset)))
}

async fn raw(
    app: &App,
    caller: &Caller,
    parameters: &PostParameters,
    content_type: String,
    request: Request,
) -> Result<Stored> {
    let name = required("name", parameters.name.as_deref())?;
    let size = content_length(request.headers()).map(reelshelf_domain::ByteSize::new);
    if size.is_some_and(|size| size == reelshelf_domain::ByteSize::ZERO) {
        return Err(Error::invalid("body", "is empty; a file has at least one byte"));
    }
    let file = NewFile {
        path: MediaPath::new(folder(parameters.folder.as_deref())?, FileName::sanitise(name)?),
        display_name: DisplayName::of(name),
        content_type,
        size,
        overwrite: parameters.overwrite.unwrap_or_default(),
    };
    let folder = file.path.folder.clone();
    let asset = library::upload(app, caller, file, pieces(request.into_body())).await?;
    let file = File::new(app, caller.client, &folder, asset);
    Ok(Stored::one(app.now(), file))
}

/// One file, or several, to be moved, renamed, or both.
#[derive(Deserialize, ToSchema)]
pub(super) struct ChangeForm {
    /// Folder and name of the file.
    path: Option<String>,
    /// Several of them, which all go to one destination.
    paths: Option<Vec<String>>,
    /// The file name, instead of `path`.
    name: Option<String>,
    /// Its folder.
    folder: Option<String>,
    /// The folder it goes to; empty is the root.
    destination: Option<String>,
    /// Its new name.
    new_name: Option<String>,
    /// Whether a file of that name there is replaced.
    overwrite: Option<bool>,
}

/// Moves files, renames one, or both.
#[utoipa::path(put, path = "/v2/media", tag = "media", request_body = ChangeForm, security(("key" = [])),
    responses((status = 200, body = Stored), (status = 400, body = Failure), (status = 403, body = Failure),
        (status = 409, body = Failure), (status = 429, body = Failure)))]
pub(super) async fn put(
    State(app): State<App>,
    Authorised(caller): Authorised,
    Form(form): Form<ChangeForm>,
) -> Result<Json<Stored>, Refused> {
    let destination = form.destination.as_deref().map(|text| under("destination", folder(Some(text)))).transpose()?;
    let overwrite = form.overwrite.unwrap_or_default();
    if let Some(paths) = form.paths {
        let destination = destination.ok_or(Error::Missing("destination"))?;
        return Ok(Json(
            each(&app, paths, |path| move_one(&app, &caller, path, destination.clone(), overwrite)).await?,
        ));
    }
    let path = match form.path.as_deref() {
        None if form.name.is_none() => return Err(Error::Missing("path").into()),
        path => known_file(path, form.name.as_deref(), form.folder.as_deref())?,
    };
    if destination.is_none() && form.new_name.is_none() {
        return Err(Error::Missing("destination or new_name").into());
    }
    let new_name = match form.new_name.as_deref() {
        Some(raw) => Some((under("new_name", FileName::sanitise(raw))?, DisplayName::of(raw))),
        None => None,
    };
    let file = change(&app, &caller, Change { path, destination, new_name, overwrite }).await?;
    Ok(Json(Stored::one(app.now(), file)))
}

async fn move_one(app: &App, caller: &Caller, path: String, to: FolderPath, overwrite: bool) -> Result<Option<File>> {
    let path = known_file(Some(&path), None, None)?;
    change(app, caller, Change { path, destination: Some(to), new_name: None, overwrite }).await.map(Some)
}

async fn change(app: &App, caller: &Caller, change: Change) -> Result<File> {
    let path = library::relocate(app, caller.client, change).await?;
    let asset = library::file(app, caller.client, &path).await?;
    Ok(File::new(app, caller.client, &path.folder, asset))
}

/// One file, or several, to be deleted.
#[derive(Deserialize, ToSchema, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct DeleteForm {
    /// Folder and name of the file.
    path: Option<String>,
    /// Several of them.
    #[serde(default)]
    #[param(ignore)]
    paths: Option<Vec<String>>,
    /// The file name, instead of `path`.
    name: Option<String>,
    /// Its folder.
    folder: Option<String>,
}

/// Deletes files. Their URLs answer 404 at once.
#[utoipa::path(delete, path = "/v2/media", tag = "media", params(DeleteForm), request_body = DeleteForm,
    security(("key" = [])),
    responses((status = 200, description = "`Done` for one file, `Stored` with results for several", body = Stored),
        (status = 400, body = Failure), (status = 403, body = Failure)))]
pub(super) async fn delete(
    State(app): State<App>,
    Authorised(caller): Authorised,
    Form(form): Form<DeleteForm>,
) -> Result<Response, Refused> {
    if let Some(paths) = form.paths {
        return Ok(Json(each(&app, paths, |path| delete_one(&app, &caller, path)).await?).into_response());
    }
    if form.path.as_deref().is_none_or(str::is_empty) && form.name.is_none() {
        return Err(Error::Missing("path").into());
    }
    let path = known_file(form.path.as_deref(), form.name.as_deref(), form.folder.as_deref())?;
    library::remove(&app, caller.client, path).await?;
    Ok(Json(Done::at(app.now())).into_response())
}

async fn delete_one(app: &App, caller: &Caller, path: String) -> Result<Option<File>> {
    let path = known_file(Some(&path), None, None)?;
    library::remove(app, caller.client, path).await.map(|()| None)
}

/// Does the same to each of several files, each on its own.
async fn each<F>(app: &App, paths: Vec<String>, act: impl Fn(String) -> F) -> Result<Stored>
where
    F: Future<Output = Result<Option<File>>> + Send,
{
    if paths.is_empty() {
        return Err(Error::Missing("paths"));
    }
    let most = app.settings.limits.paths;
    if paths.len() > most {
        return Err(Error::invalid("paths", format!("has more than {most} entries; send several requests")));
    }
    let acts: Vec<_> =
        paths.into_iter().map(|path| act(path.clone()).map_ok_or_else(refused(path.clone()), done(path))).collect();
    let results: Vec<Outcome> = futures::stream::iter(acts).buffered(AT_ONCE).collect().await;
    Ok(several(app, results))
}

fn done(path: String) -> impl FnOnce(Option<File>) -> Outcome {
    |file| Outcome { path, success: true, status: 200, message: String::new(), file }
}

/// An error as the outcome of one file among several.
pub(super) fn refused(path: String) -> impl FnOnce(Error) -> Outcome {
    |error| {
        let (status, message) = sentence(&error);
        Outcome { path, success: false, status: status.as_u16(), message, file: None }
    }
}

/// The answer about several files.
pub(super) fn several(app: &App, results: Vec<Outcome>) -> Stored {
    let success = results.iter().all(|outcome| outcome.success);
    Stored { success, timestamp: app.now().to_string(), message: None, file: None, results: Some(results) }
}
