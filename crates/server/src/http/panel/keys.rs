//! `…/keys`: the API keys of a client.

use std::time::Duration;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use reelshelf_domain::{Error, KeyId, Result, Role};
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};

use super::answers::Refused;
use super::body::Said;
use crate::app::App;
use crate::http::auth::Authorised;
use crate::library::{self, KeySummary};

const DAYS_MAX: u64 = 36_500;
const SECONDS_OF_DAY: u64 = 24 * 60 * 60;
const NAME_MAX: usize = 100;

#[derive(Serialize)]
pub(super) struct Keys {
    keys: Vec<KeySummary>,
}

/// Every key, without the keys themselves.
pub(super) async fn list(State(app): State<App>, Authorised(caller): Authorised) -> Result<Json<Keys>, Refused> {
    Ok(Json(Keys { keys: library::list_keys(&app, caller.client).await? }))
}

#[derive(Deserialize)]
pub(super) struct NewKey {
    name: String,
    role: Role,
    days: Option<u64>,
}

/// A key that was made. It is not shown again.
#[derive(Serialize)]
pub(super) struct Made {
    id: KeyId,
    key: String,
}

/// Makes a key, which may do no more than who makes it.
pub(super) async fn make(
    State(app): State<App>,
    Authorised(caller): Authorised,
    Said(new): Said<NewKey>,
) -> Result<Json<Made>, Refused> {
    caller.require(new.role)?;
    if new.name.chars().count() > NAME_MAX {
        return Err(Error::invalid("name", format!("must have at most {NAME_MAX} characters")).into());
    }
    if new.days.is_some_and(|days| !(1..=DAYS_MAX).contains(&days)) {
        return Err(Error::invalid("days", format!("must be 1 to {DAYS_MAX}")).into());
    }
    let life = new.days.map(|days| Duration::from_secs(days * SECONDS_OF_DAY));
    let (id, key) = library::create_key(&app, caller.client, new.role, new.name, life).await?;
    Ok(Json(Made { id, key: key.expose_secret().to_owned() }))
}

#[derive(Deserialize)]
pub(super) struct Which {
    id: String,
}

/// Ends a key.
pub(super) async fn revoke(
    State(app): State<App>,
    Authorised(caller): Authorised,
    Path(which): Path<Which>,
) -> Result<StatusCode, Refused> {
    library::revoke_key(&app, caller.client, which.id.parse()?).await?;
    Ok(StatusCode::NO_CONTENT)
}
