//! `/v2/media`: the whole library behind one address. What concerns several files answers for each.

use axum::Json;
use axum::extract::{FromRequest, Request, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use futures::{StreamExt, TryFutureExt};
use reelshelf_domain::{ByteSize, DisplayName, Error, FileName, FolderPath, MediaPath, Result};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::Refused;
use super::answers::{Failure, sentence};
use super::file::{RegisterForm, Registered, register, sha256};
use super::forms::{Form, Parameters, folder, known_file, required, under};
use super::listing::{FolderAnswer, ListParameters, list};
use super::multipart;
use super::objects::{Done, File, Octets, Outcome, Storage, Stored};
use super::rehearsal::{self, Manner, Meant, RehearsalParameters, Rehearsed};
use super::unpack::{self, Unpacked};
use crate::app::App;
use crate::http::auth::Authorised;
use crate::http::body::{content_length, pieces};
use crate::library::{self, Caller, Change, Intent, NewFile, journal};

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
    /// For a raw body: the SHA-256 of its bytes, 64 hexadecimal digits. No others are taken.
    pub(super) sha256: Option<String>,
    /// Whether the body, or each file of the form, is a ZIP to be unpacked into the folder.
    pub(super) unpack: Option<bool>,
    /// Whether the call only says what it would store and replace. Of a raw body, the bytes need not be sent; of a form,
    /// only with `unpack`.
    pub(super) dry_run: Option<bool>,
    /// What a dry run gave, and no form: the call replaces exactly what that said, or answers 409 with what has changed
    /// since.
    pub(super) token: Option<String>,
}

impl PostParameters {
    /// How the call is meant.
    pub(super) fn manner(&self) -> Result<Manner> {
        RehearsalParameters::default().manner(self.dry_run, self.token.clone())
    }
}

/// A file to be fetched from another server.
#[derive(Deserialize, ToSchema)]
#[expect(dead_code, reason = "it is read as a registration, and described as what it is")]
struct ImportForm {
    /// The URL of the file.
    src: String,
    /// The file name; otherwise as the URL ends.
    name: Option<String>,
    /// The folder; made if it is not there.
    folder: Option<String>,
    /// Folder and name in one, instead of the two.
    path: Option<String>,
    /// The media type; otherwise what the other server says.
    #[serde(rename = "contentType")]
    content_type: Option<String>,
    /// Bytes, when it is known: room for them is reserved at once, and a file of another length is not taken.
    size: Option<u64>,
    /// Whether a file of this name is replaced once the bytes are here.
    overwrite: Option<bool>,
    /// The SHA-256 of the bytes, 64 hexadecimal digits: a file of others is not taken.
    sha256: Option<String>,
}

/// A JSON body: what has `src` is imported.
#[derive(Deserialize, ToSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "described alone")]
enum JsonForm {
    Register(RegisterForm),
    Import(ImportForm),
}

/// Files with what is to become of them. Fields count for the files behind them, `folder` for those before it too.
#[derive(ToSchema)]
#[expect(dead_code, reason = "described alone; it is read as it comes")]
struct UploadForm {
    /// The files, or the archives to be unpacked. Their parts may have any name.
    file: Vec<Octets>,
    /// The folder of all of them; made if it is not there.
    folder: Option<String>,
    /// Whether files of the same names are replaced.
    overwrite: Option<bool>,
    /// Whether each file is a ZIP to be unpacked into the folder.
    unpack: Option<bool>,
    /// With `unpack`: only says what would be stored.
    dry_run: Option<bool>,
}

/// What became of a call: a file, or several; a registration; an archive; or what an upload would replace.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "described alone")]
enum PostAnswer {
    Stored(Box<Stored>),
    Registered(Box<Registered>),
    Unpacked(Box<Unpacked>),
    Rehearsed(Box<Rehearsed>),
}

/// Uploads in one request, imports from a URL, or registers an upload.
///
/// `multipart/form-data` with `file` parts, `folder` and `overwrite`; any other body with `?name=` in the query; or JSON,
/// which imports when it has `src`, and otherwise registers as `/v2/media/file` does. With `unpack` the body, or each file
/// of the form, is a ZIP whose files are stored: its folders are kept, each entry answers for itself, and links, encrypted
/// entries, names that lead elsewhere and archives that unpack to far more than they hold are refused.
#[utoipa::path(post, path = "/v2/media", tag = "media", params(PostParameters), security(("key" = [])),
    request_body(content((JsonForm = "application/json"), (UploadForm = "multipart/form-data"),
        (Octets = "application/octet-stream"))),
    responses((status = 200, description = "`Stored` for an upload, `Unpacked` for archives, `Registered` for a \
         registration, `Rehearsed` for an upload with `dry_run`", body = PostAnswer),
        (status = 202, description = "The file of an import: `import` says how far it is", body = Stored),
        (status = 400, body = Failure), (status = 403, body = Failure),
        (status = 409, body = Failure), (status = 413, body = Failure),
        (status = 415, description = "`Content-Encoding` is not `identity`", body = Failure), (status = 429, body = Failure),
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
        return Ok(raw(&app, &caller, &parameters, content_type, request).await?);
    }
    if is_form {
        return Box::pin(multipart::store(&app, &caller, &parameters, request)).await;
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
) -> Result<Response> {
    let (name, manner) = (required("name", parameters.name.as_deref())?, parameters.manner()?);
    let size = content_length(request.headers()).map(ByteSize::new);
    // Who only wants to know what an upload would do need not send its bytes.
    let size = size.filter(|size| *size > ByteSize::ZERO || !matches!(manner, Manner::Rehearse));
    if size == Some(ByteSize::ZERO) {
        return Err(Error::invalid("body", "is empty; a file has at least one byte"));
    }
    let file = NewFile {
        path: MediaPath::new(folder(parameters.folder.as_deref())?, FileName::sanitise(name)?),
        display_name: DisplayName::of(name),
        content_type,
        size,
        sha256: parameters.sha256.as_deref().map(sha256).transpose()?,
        overwrite: parameters.overwrite.unwrap_or_default(),
    };
    let file = match manner {
        Manner::Act => file,
        Manner::Rehearse => return rehearsal::of_upload(app, caller, file.path.to_string(), &file).await,
        Manner::Confirm(token) => library::confirm_upload(app, caller, file, &token).await?,
    };
    let folder = file.path.folder.clone();
    let asset = library::upload(app, caller, file, pieces(request.into_body())).await?;
    let file = File::new(app, caller.client, &folder, asset);
    Ok(Json(Stored::one(app.now(), file)).into_response())
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
    /// Whether the call only says what it would do.
    dry_run: Option<bool>,
    /// What a dry run gave: the call does exactly what that said, or answers 409 with what has changed since.
    token: Option<String>,
}

impl ChangeForm {
    fn to(&self) -> Result<Option<FolderPath>> {
        self.destination.as_deref().map(|text| under("destination", folder(Some(text)))).transpose()
    }

    /// The change of one file.
    fn one(&self) -> Result<Change> {
        let (destination, overwrite) = (self.to()?, self.overwrite.unwrap_or_default());
        let path = match self.path.as_deref() {
            None if self.name.is_none() => return Err(Error::Missing("path")),
            path => known_file(path, self.name.as_deref(), self.folder.as_deref())?,
        };
        if destination.is_none() && self.new_name.is_none() {
            return Err(Error::Missing("destination or new_name"));
        }
        let new_name = match self.new_name.as_deref() {
            Some(raw) => Some((under("new_name", FileName::sanitise(raw))?, DisplayName::of(raw))),
            None => None,
        };
        Ok(Change { path, destination, new_name, overwrite })
    }
}

/// Moves files, renames one, or both. With `dry_run`, only says what would happen.
#[utoipa::path(put, path = "/v2/media", tag = "media", params(RehearsalParameters), request_body = ChangeForm,
    security(("key" = [])),
    responses((status = 200, description = "`Rehearsed` for a dry run", body = Stored), (status = 400, body = Failure),
        (status = 403, body = Failure), (status = 409, body = Failure), (status = 429, body = Failure)))]
pub(super) async fn put(
    State(app): State<App>,
    Authorised(caller): Authorised,
    Parameters(query): Parameters<RehearsalParameters>,
    Form(mut form): Form<ChangeForm>,
) -> Result<Response, Refused> {
    let manner = query.manner(form.dry_run, form.token.take())?;
    if let Some(paths) = form.paths.take() {
        let (destination, overwrite) = (form.to()?.ok_or(Error::Missing("destination"))?, form.overwrite);
        let change = |path: &str| move_to(path, destination.clone(), overwrite.unwrap_or_default());
        return match manner.token() {
            Ok(token) => {
                let intend = |path: &str| library::intend_relocation(&app, caller.client, change(path)?);
                Ok(rehearsal::of_files(&app, &caller, token, intents(&app, paths, intend)?).await?)
            }
            Err(_) => Ok(Json(each(&app, paths, |path| move_one(&app, &caller, change(&path))).await?).into_response()),
        };
    }
    let asked = form.one()?;
    let intent = library::intend_relocation(&app, caller.client, asked.clone())?;
    let file = match rehearsal::of_file(&app, &caller, manner, asked.path.to_string(), intent).await? {
        Meant::Told(answer) => return Ok(*answer),
        Meant::Done(file) => *file.ok_or_else(|| Error::inconsistent("a moved file is nowhere"))?,
        Meant::Act => change(&app, &caller, asked).await?,
    };
    Ok(Json(Stored::one(app.now(), file)).into_response())
}

/// The change of one of several files.
fn move_to(path: &str, to: FolderPath, overwrite: bool) -> Result<Change> {
    let path = known_file(Some(path), None, None)?;
    Ok(Change { path, destination: Some(to), new_name: None, overwrite })
}

async fn move_one(app: &App, caller: &Caller, asked: Result<Change>) -> Result<Option<File>> {
    change(app, caller, asked?).await.map(Some)
}

async fn change(app: &App, caller: &Caller, change: Change) -> Result<File> {
    let path = library::relocate(app, caller.client, change).await?;
    let asset = library::relocated(app, caller.client, &path).await?;
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
    /// Whether the call only says what it would do.
    dry_run: Option<bool>,
    /// What a dry run gave: the call does exactly what that said, or answers 409 with what has changed since.
    token: Option<String>,
}

/// Deletes files. Their URLs answer 404 at once. With `dry_run`, only says what would go.
#[utoipa::path(delete, path = "/v2/media", tag = "media", params(DeleteForm), request_body = DeleteForm,
    security(("key" = [])),
    responses((status = 200, description = "`Done` for one file, `Stored` with results for several, `Rehearsed` for a \
        dry run", body = Stored),
        (status = 400, body = Failure), (status = 403, body = Failure), (status = 409, body = Failure)))]
pub(super) async fn delete(
    State(app): State<App>,
    Authorised(caller): Authorised,
    Parameters(query): Parameters<RehearsalParameters>,
    Form(form): Form<DeleteForm>,
) -> Result<Response, Refused> {
    let manner = query.manner(form.dry_run, form.token)?;
    if let Some(paths) = form.paths {
        return match manner.token() {
            Ok(token) => {
                let intend =
                    |path: &str| Ok(library::intend_removal(&app, caller.client, known_file(Some(path), None, None)?));
                Ok(rehearsal::of_files(&app, &caller, token, intents(&app, paths, intend)?).await?)
            }
            Err(_) => Ok(Json(each(&app, paths, |path| delete_one(&app, &caller, path)).await?).into_response()),
        };
    }
    if form.path.as_deref().is_none_or(str::is_empty) && form.name.is_none() {
        return Err(Error::Missing("path").into());
    }
    let path = known_file(form.path.as_deref(), form.name.as_deref(), form.folder.as_deref())?;
    remove(&app, &caller, manner, path).await
}

/// Deletes a file, or says what would go.
pub(super) async fn remove(app: &App, caller: &Caller, manner: Manner, path: MediaPath) -> Result<Response, Refused> {
    let intent = library::intend_removal(app, caller.client, path.clone());
    match rehearsal::of_file(app, caller, manner, path.to_string(), intent).await? {
        Meant::Told(answer) => return Ok(*answer),
        Meant::Done(_) => {}
        Meant::Act => library::remove(app, caller.client, path).await?,
    }
    Ok(Json(Done::at(app.now())).into_response())
}

async fn delete_one(app: &App, caller: &Caller, path: String) -> Result<Option<File>> {
    let path = known_file(Some(&path), None, None)?;
    library::remove(app, caller.client, path).await.map(|()| None)
}

fn check_count(app: &App, paths: &[String]) -> Result<()> {
    if paths.is_empty() {
        return Err(Error::Missing("paths"));
    }
    let most = app.settings.limits.paths;
    if paths.len() > most {
        return Err(Error::invalid("paths", format!("has more than {most} entries; send several requests")));
    }
    Ok(())
}

/// The same intent for each of several files, by its name.
fn intents(
    app: &App,
    paths: Vec<String>,
    intend: impl Fn(&str) -> Result<Intent>,
) -> Result<Vec<(String, Result<Intent>)>> {
    check_count(app, &paths)?;
    Ok(paths.into_iter().map(|path| (path.clone(), intend(&path))).collect())
}

/// Does the same to each of several files, each on its own.
async fn each<F>(app: &App, paths: Vec<String>, act: impl Fn(String) -> F) -> Result<Stored>
where
    F: Future<Output = Result<Option<File>>> + Send,
{
    check_count(app, &paths)?;
    let act = |(index, path): (usize, String)| {
        let acting = act(path.clone()).map_ok_or_else(refused(path.clone()), done(path));
        journal::branch(index, acting)
    };
    let acts: Vec<_> = paths.into_iter().enumerate().map(act).collect();
    let results: Vec<Outcome> = futures::stream::iter(acts).buffered(AT_ONCE).collect().await;
    Ok(several(app, results))
}

/// The outcome of one file among several.
pub(super) fn done(path: String) -> impl FnOnce(Option<File>) -> Outcome {
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
