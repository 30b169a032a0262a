//! What clients ask to see whether a key works. Movies and templates are not here yet: there are none.

use axum::Json;
use axum::extract::State;
use reelshelf_domain::{Error, Result};
use serde::{Deserialize, Serialize};
use time::macros::format_description;
use time::{OffsetDateTime, Time};
use utoipa::{IntoParams, ToSchema};

use super::Refused;
use super::answers::Failure;
use super::forms::Parameters;
use crate::app::App;
use crate::http::auth::Authorised;

/// How long a project's identifier is.
const PROJECT: usize = 16;

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct MoviesParameters {
    /// A project of 16 letters and digits, instead of the list.
    project: Option<String>,
    /// Another name of `project`.
    id: Option<String>,
}

/// A page of movies.
#[derive(Serialize, ToSchema)]
pub(super) struct Movies {
    success: bool,
    /// From this day.
    from: String,
    /// To this day.
    to: String,
    count: u32,
    limit: u32,
    has_next: bool,
    has_prev: bool,
    next_token: Option<String>,
    #[serde(rename = "movies")]
    page: Vec<String>,
    remaining_quota: RemainingQuota,
}

/// What may still be rendered.
#[derive(Serialize, ToSchema)]
pub(super) struct RemainingQuota {
    /// Seconds.
    time: u64,
}

/// The client's movies.
#[utoipa::path(get, path = "/v2/movies", tag = "movies", params(MoviesParameters), security(("key" = [])),
    responses((status = 200, body = Movies), (status = 400, body = Failure), (status = 403, body = Failure)))]
pub(super) async fn movies(
    State(app): State<App>,
    Authorised(_): Authorised,
    Parameters(parameters): Parameters<MoviesParameters>,
) -> Result<Json<Movies>, Refused> {
    if let Some(project) = parameters.project.or(parameters.id) {
        if project.len() != PROJECT || !project.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            let reason = "16-character project ID must be provided in the 'project' query parameter";
            return Err(Error::invalid("A", reason).into());
        }
        return Err(Error::invalid(format!("Movie {project}"), "not found").into());
    }
    let today = OffsetDateTime::from_unix_timestamp(app.now().seconds())
        .map_err(|error| Error::internal("reading the date", error))?;
    let format = format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");
    let day = |date: OffsetDateTime, at: Time| {
        date.replace_time(at).format(&format).map_err(|error| Error::internal("printing the date", error))
    };
    let first = today.replace_day(1).map_err(|error| Error::internal("reading the date", error))?;
    Ok(Json(Movies {
        success: true,
        from: day(first, Time::MIDNIGHT)?,
        to: day(today, Time::MAX)?,
        count: 0,
        limit: 100,
        has_next: false,
        has_prev: false,
        next_token: None,
        page: Vec::new(),
        remaining_quota: RemainingQuota { time: 0 },
    }))
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct TemplatesParameters {
    /// A template, instead of the list.
    id: Option<String>,
}

/// Every template of the client.
#[derive(Serialize, ToSchema)]
pub(super) struct Templates {
    success: bool,
    count: u32,
    #[serde(rename = "templates")]
    all: Vec<String>,
    /// Now: ISO 8601 in UTC.
    timestamp: String,
}

/// The client's templates.
#[utoipa::path(get, path = "/v2/templates", tag = "templates", params(TemplatesParameters), security(("key" = [])),
    responses((status = 200, body = Templates), (status = 400, body = Failure), (status = 403, body = Failure)))]
pub(super) async fn templates(
    State(app): State<App>,
    Authorised(_): Authorised,
    Parameters(parameters): Parameters<TemplatesParameters>,
) -> Result<Json<Templates>, Refused> {
    if let Some(id) = parameters.id.filter(|id| !id.is_empty()) {
        let shown: String = id.chars().filter(char::is_ascii_alphanumeric).take(20).collect();
        return Err(Error::invalid(format!("Template {shown}"), "not found").into());
    }
    Ok(Json(Templates { success: true, count: 0, all: Vec::new(), timestamp: app.now().to_string() }))
}
