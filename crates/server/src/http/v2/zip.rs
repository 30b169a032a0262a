//! Files and folders as one ZIP.

use axum::body::Body;
use axum::extract::{FromRequestParts, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};
use axum::http::request::Parts;
use axum::http::{HeaderValue, Method};
use axum::response::{IntoResponse, Response};
use reelshelf_domain::{DisplayName, Error, FolderPath, Result};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::Refused;
use super::answers::Failure;
use super::forms::{Form, Parameters, known_file, known_folder};
use super::objects::Octets;
use crate::app::App;
use crate::http::auth::Authorised;
use crate::http::{cache_policy, disposition};
use crate::library::{self, Caller, Pick, Zip};

/// Which folder.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct FolderParameters {
    /// The folder; the root, unless said.
    path: Option<String>,
    /// The same under another name.
    folder: Option<String>,
    /// Instead of one folder, any files and folders: once for each, as in `POST`. A browser downloads what a link names.
    #[expect(dead_code, reason = "described here; it is read apart, since it may come more than once")]
    paths: Option<String>,
}

/// A folder and all below it, or files and folders, as one ZIP.
///
/// Files have the names that people gave them; pending ones are left out. The length is said before, and a transfer that
/// breaks off is a file that was deleted meanwhile.
#[utoipa::path(get, path = "/v2/media/zip", tag = "media", params(FolderParameters), security(("key" = [])),
    responses((status = 200, description = "The archive", body = Octets, content_type = "application/zip"),
        (status = 400, body = Failure), (status = 403, body = Failure), (status = 429, body = Failure)))]
pub(super) async fn get(
    State(app): State<App>,
    Authorised(caller): Authorised,
    mut asked: Parts,
) -> Result<Response, Refused> {
    let query = url::form_urlencoded::parse(asked.uri.query().unwrap_or_default().as_bytes());
    let paths: Vec<_> = query.filter(|(name, _)| name == "paths").map(|(_, path)| path.into_owned()).collect();
    if !paths.is_empty() {
        return Ok(chosen(&app, &caller, &asked.method, paths, None).await?);
    }
    let Parameters(parameters) = Parameters::<FolderParameters>::from_request_parts(&mut asked, &app).await?;
    let folder = known_folder(parameters.path.or(parameters.folder).as_deref())?;
    let zip = library::zip(&app, &caller, vec![Pick { file: None, folder: Some(folder) }]).await?;
    Ok(answer(&app, &asked.method, zip, None))
}

/// What goes into a ZIP.
#[derive(Deserialize, ToSchema)]
pub(super) struct ZipForm {
    /// Paths of files and folders. A folder brings everything below it; one with the name of a file needs a slash at its end.
    paths: Option<Vec<String>>,
    /// What to call the archive, without `.zip`: the one thing that is in it, or `media`, unless said.
    name: Option<String>,
}

/// Files and folders as one ZIP.
///
/// Each stands in it under its own name, without the folders above it.
#[utoipa::path(post, path = "/v2/media/zip", tag = "media", request_body = ZipForm, security(("key" = [])),
    responses((status = 200, description = "The archive", body = Octets, content_type = "application/zip"),
        (status = 400, body = Failure), (status = 403, body = Failure), (status = 429, body = Failure)))]
pub(super) async fn post(
    State(app): State<App>,
    Authorised(caller): Authorised,
    method: Method,
    Form(form): Form<ZipForm>,
) -> Result<Response, Refused> {
    let paths = form.paths.filter(|paths| !paths.is_empty()).ok_or(Error::Missing("paths"))?;
    Ok(chosen(&app, &caller, &method, paths, form.name.as_deref()).await?)
}

/// The files and folders of these paths.
async fn chosen(
    app: &App,
    caller: &Caller,
    method: &Method,
    mut paths: Vec<String>,
    name: Option<&str>,
) -> Result<Response> {
    let most = app.settings.limits.paths;
    if paths.len() > most {
        return Err(Error::invalid("paths", format!("has more than {most} entries; take their folder")));
    }
    let mut seen = std::collections::HashSet::new();
    paths.retain(|path| seen.insert(path.clone()));
    let zip = library::zip(app, caller, paths.iter().map(|path| pick(path)).collect()).await?;
    Ok(answer(app, method, zip, name))
}

/// What a path may mean. What no file and no folder can be called is nothing.
fn pick(path: &str) -> Pick {
    let file = if path.ends_with('/') { None } else { known_file(Some(path), None, None).ok() };
    Pick { file, folder: FolderPath::sanitise(path).ok() }
}

fn answer(app: &App, method: &Method, zip: Zip, name: Option<&str>) -> Response {
    let name = name.filter(|name| !name.is_empty()).map(|name| DisplayName::of(name).to_string());
    let name = name.unwrap_or_else(|| zip.name.clone());
    let fields = [
        (CONTENT_TYPE, HeaderValue::from_static("application/zip")),
        (CONTENT_LENGTH, HeaderValue::from(zip.len())),
        (CONTENT_DISPOSITION, disposition::content_disposition(false, &format!("{name}.zip"))),
        (CACHE_CONTROL, cache_policy::NEVER),
        (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    ];
    let body = if *method == Method::HEAD { Body::empty() } else { Body::from_stream(zip.send(app)) };
    (fields, body).into_response()
}
