//! Bodies and queries, checked: what is wrong is said with the field's name.

use std::fmt;

use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::Method;
use axum::http::request::Parts;
use futures::StreamExt;
use reelshelf_domain::{ByteSize, Error, FileName, FolderPath, MediaPath, Result, Thing};
use serde::de::{DeserializeOwned, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};
use url::form_urlencoded;

use super::Refused;
use super::given::{self, Given};
use crate::app::App;
use crate::http::body::{content_length, pieces};

/// The most characters that are repeated of what was given.
const SAID_MAX: usize = 200;

/// A JSON body. DELETE takes from the query what the body does not say, since some HTTP stacks drop the bodies of DELETE
/// or send empty ones.
pub(super) struct Form<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequest<App> for Form<T> {
    type Rejection = Refused;

    async fn from_request(request: Request, app: &App) -> Result<Self, Refused> {
        let method = request.method().clone();
        let query = request.uri().query().unwrap_or_default().to_owned();
        let body = object(&read(request, app.settings.limits.json_body).await?)?;
        if !given::names::<T>().contains(&"dry_run") {
            unrehearsed(&query, Some(&body))?;
        }
        let query = if method == Method::DELETE { query } else { String::new() };
        let fields = beside(body, &query)?;
        if matches!(method, Method::PUT | Method::DELETE) {
            contradict_nothing(&fields)?;
        }
        Ok(Self(given::read(fields)?))
    }
}

/// Refuses what only rehearsed calls understand: who asks what a call would do must not have it done.
pub(super) fn unrehearsed(query: &str, body: Option<&Map<String, Value>>) -> Result<()> {
    let of_query = form_urlencoded::parse(query.as_bytes());
    let of_query = of_query.map(|(field, text)| (field.into_owned(), Value::String(text.into_owned())));
    let of_body = body.into_iter().flatten().map(|(field, value)| (field.clone(), value.clone()));
    let said = |(field, value): &(String, Value)| match field.as_str() {
        "dry_run" => !["", "false", "False", "0"].iter().any(|no| Given::says(value, no)),
        "token" => true,
        _ => false,
    };
    match of_query.chain(of_body).filter(|(_, value)| !value.is_null()).find(said) {
        Some((field, _)) => Err(Error::invalid(field, "is not possible here; this call is not rehearsed")),
        None => Ok(()),
    }
}

/// Fields that say different things when they are said together.
const APART: [(&str, &str); 3] = [("path", "paths"), ("name", "paths"), ("paths", "new_name")];

fn contradict_nothing(fields: &[(String, Given)]) -> Result<()> {
    let said = |field: &str| fields.iter().any(|(other, value)| other == field && value.is_said());
    match APART.into_iter().find(|(one, other)| said(one) && said(other)) {
        Some((one, other)) => Err(Error::invalid(format!("{one} and {other}"), "exclude each other; send one of them")),
        None => Ok(()),
    }
}

/// The fields of a body, and beside them what the query says and the body does not.
fn beside(mut body: Map<String, Value>, query: &str) -> Result<Vec<(String, Given)>> {
    let mut fields = Vec::new();
    for (field, text) in form_urlencoded::parse(query.as_bytes()) {
        match body.get(&*field).filter(|value| !value.is_null()) {
            None => fields.push((field.into_owned(), Given::Text(text.into_owned()))),
            Some(value) if text.is_empty() || Given::says(value, &text) => {}
            Some(_) => {
                let reason = "is one thing in the query and another in the body; send it once";
                return Err(Error::invalid(short(&field), reason));
            }
        }
    }
    for (field, _) in &fields {
        body.remove(field);
    }
    fields.extend(body.into_iter().map(|(field, value)| (field, Given::Json(value))));
    Ok(fields)
}

/// The parameters of a query.
pub(super) struct Parameters<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequestParts<App> for Parameters<T> {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Refused> {
        Ok(Self(given::read(beside(Map::new(), parts.uri.query().unwrap_or_default())?)?))
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

fn object(body: &[u8]) -> Result<Map<String, Value>> {
    let body = if body.trim_ascii().is_empty() { b"{}" } else { body };
    match serde_json::from_slice(body) {
        Ok(Pairs(pairs)) => once(pairs),
        Err(error) if error.is_data() => Err(Error::invalid("body", "must be a JSON object")),
        Err(error) => {
            let (line, column) = (error.line(), error.column());
            Err(Error::invalid("body", format!("is not valid JSON: see line {line}, column {column}")))
        }
    }
}

/// The fields of an object as they came.
struct Pairs(Vec<(String, Value)>);

impl<'de> Deserialize<'de> for Pairs {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields;

        impl<'de> Visitor<'de> for Fields {
            type Value = Pairs;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Pairs, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(Pairs(pairs))
            }
        }

        deserializer.deserialize_map(Fields)
    }
}

/// The same rule as in a query: of two values nobody knows which is meant.
fn once(pairs: Vec<(String, Value)>) -> Result<Map<String, Value>> {
    let mut fields = Map::new();
    for (field, value) in pairs {
        if fields.contains_key(&field) {
            return Err(Error::invalid(short(&field), "stands twice; send it once"));
        }
        fields.insert(field, value);
    }
    Ok(fields)
}

/// A name that nobody checked, without all of what was given.
fn short(text: &str) -> String {
    match text.char_indices().nth(SAID_MAX) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
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
    if path.is_some() && name.is_none() {
        return Err(Error::Missing("path"));
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
