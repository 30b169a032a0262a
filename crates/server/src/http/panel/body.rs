//! The JSON of the panel's requests. Another media type is refused: a form of another site cannot send this one.

use axum::body::to_bytes;
use axum::extract::{FromRequest, Request};
use axum::http::header::CONTENT_TYPE;
use reelshelf_domain::{Error, Result};
use serde::de::DeserializeOwned;

use super::answers::Refused;
use crate::app::App;

/// What a request says.
pub(super) struct Said<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequest<App> for Said<T> {
    type Rejection = Refused;

    async fn from_request(request: Request, app: &App) -> Result<Self, Refused> {
        let content_type =
            request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        if content_type.split(';').next().map(str::trim) != Some("application/json") {
            return Err(Error::invalid("Content-Type", "must be application/json").into());
        }
        let most = usize::try_from(app.settings.limits.json_body.get()).unwrap_or(usize::MAX);
        let bytes = to_bytes(request.into_body(), most).await;
        let bytes = bytes.map_err(|_| Error::invalid("body", "is too long, or broke off"))?;
        let read: Result<T, _> = serde_path_to_error::deserialize(&mut serde_json::Deserializer::from_slice(&bytes));
        read.map(Self).map_err(|error| {
            let field = error.path().to_string();
            // The reason may repeat what was said, and that may be a password.
            let field = if field == "." { "body".to_owned() } else { field };
            Refused(Error::invalid(field, "is not what this call takes"))
        })
    }
}
