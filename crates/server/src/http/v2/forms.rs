//! Bodies and queries, checked: what is wrong is said with the field's name.

use axum::extract::{FromRequest, FromRequestParts, Query, Request};
use axum::http::Method;
use axum::http::request::Parts;
use futures::StreamExt;
use reelshelf_domain::{ByteSize, Error, FileName, FolderPath, MediaPath, Result, Thing};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::Refused;
use crate::app::App;
use crate::http::body::{content_length, pieces};

/// The most characters of a parser's complaint that are passed on: it quotes what it was given.
const SAID_MAX: usize = 200;

/// A JSON body. DELETE takes its fields from the query too, since some HTTP stacks drop the bodies of DELETE.
pub(super) struct Form<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequest<App> for Form<T> {
    type Rejection = Refused;

    async fn from_request(request: Request, app: &App) -> Result<Self, Refused> {
        let query = request.uri().query().filter(|_| request.method() == Method::DELETE).map(ToOwned::to_owned);
        let body = read(request, app.settings.limits.json_body).await?;
        match query {
            Some(query) if body.trim_ascii().is_empty() => Ok(Self(from_query(&query)?)),
            _ => Ok(Self(from_json(&body)?)),
        }
    }
}

/// The parameters of a query.
pub(super) struct Parameters<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequestParts<App> for Parameters<T> {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Refused> {
        Ok(Self(from_query(parts.uri.query().unwrap_or_default())?))
    }
}

async fn read(request: Request, most: ByteSize) -> Result<Vec<u8>> {
    let too_large = || Error::TooLarge { what: Thing::Body, limit: most };
    if content_length(request.headers()).is_some_and(|length| length > most.get()) {
        return Err(too_large());
    }
    let mut body = Vec::new();
    let mut pieces = pieces(request.into_body());
    while let Some(piece) = pieces.next().await {
        let piece = piece?;
        if (body.len() + piece.len()) as u64 > most.get() {
            return Err(too_large());
        }
        body.extend_from_slice(&piece);
    }
    Ok(body)
}

fn from_json<T: DeserializeOwned>(body: &[u8]) -> Result<T> {
    let body = if body.trim_ascii().is_empty() { b"{}" } else { body };
    let value: Value =
        serde_json::from_slice(body).map_err(|error| Error::invalid("body", format!("is not valid JSON: {error}")))?;
    if !value.is_object() {
        return Err(Error::invalid("body", "must be a JSON object"));
    }
    serde_path_to_error::deserialize(value).map_err(|error| {
        let field = error.path().to_string();
        Error::invalid(field, format!("is not as it must be: {}", short(&error.inner().to_string())))
    })
}

/// What a parser says, without all of what it was given.
fn short(text: &str) -> String {
    match text.char_indices().nth(SAID_MAX) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

fn from_query<T: DeserializeOwned>(query: &str) -> Result<T> {
    let uri = format!("/?{query}").parse().map_err(|_| Error::invalid("query", "is not well-formed"))?;
    let parsed = Query::try_from_uri(&uri)
        .map_err(|error| Error::invalid("query", format!("is wrong: {}", short(&error.body_text()))))?;
    Ok(parsed.0)
}

/// A field that must be there. An empty text is as good as none.
pub(super) fn required<'a>(field: &'static str, value: Option<&'a str>) -> Result<&'a str> {
    value.filter(|value| !value.is_empty()).ok_or(Error::Missing(field))
}

/// A folder as clients spell it: the root is `/`, the empty text, or nothing at all.
pub(super) fn folder(value: Option<&str>) -> Result<FolderPath> {
    FolderPath::sanitise(value.unwrap_or_default())
}

/// A field that is read as another is: what is wrong with it is said under its own name.
pub(super) fn under<T>(field: &'static str, read: Result<T>) -> Result<T> {
    read.map_err(|error| match error {
        Error::Missing(_) => Error::Missing(field),
        // The contract has a sentence for every folder's spelling, whatever the field.
        Error::Invalid { reason, .. } if reason != FolderPath::RULE => Error::invalid(field, reason),
        error => error,
    })
}

/// A folder that is looked for: one whose name no folder can have is one that is not there.
pub(super) fn known_folder(value: Option<&str>) -> Result<FolderPath> {
    folder(value).map_err(|_| Error::NotFound(Thing::Folder))
}

/// A file that is looked for, by `path` or by `name` and `folder`. A name that no file can have is a file that is not
/// there.
pub(super) fn known_file(path: Option<&str>, name: Option<&str>, folder: Option<&str>) -> Result<MediaPath> {
    let not_found = |_| Error::NotFound(Thing::File);
    if let Some(path) = path.filter(|path| !path.is_empty()) {
        return MediaPath::sanitise(path.trim_start_matches('/')).map_err(not_found);
    }
    let name = FileName::sanitise(required("name", name)?).map_err(not_found)?;
    Ok(MediaPath::new(FolderPath::sanitise(folder.unwrap_or_default()).map_err(not_found)?, name))
}

/// A size in bytes, as it may stand in JSON.
pub(super) fn size(value: Option<&Value>) -> Result<ByteSize> {
    let wrong = || Error::invalid("size", "must be a whole number of bytes greater than 0");
    let value = value.filter(|value| !value.is_null()).ok_or(Error::Missing("size"))?;
    match value.as_u64() {
        Some(size) if size > 0 => Ok(ByteSize::new(size)),
        _ => Err(wrong()),
    }
}
