//! The API's own description: OpenAPI from the code, and a page that people read it on.

use axum::Router;
use utoipa::OpenApi;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, SecurityScheme};
use utoipa_swagger_ui::{Config, SwaggerUi};

use super::v2;
use crate::app::App;

#[derive(OpenApi)]
#[openapi(
    info(title = "Reelshelf", description = "The media library for automated video. Send your key as `x-api-key`."),
    tags(
        (name = "media", description = "Files and folders"),
        (name = "movies", description = "Renders"),
        (name = "templates", description = "Templates"),
    )
)]
struct Description;

/// The OpenAPI document of the public API.
pub fn openapi() -> utoipa::openapi::OpenApi {
    let (_, routes) = v2::documented().split_for_parts();
    let mut document = Description::openapi();
    document.merge(routes);
    let key = SecurityScheme::ApiKey(ApiKey::Header(ApiKeyValue::new("x-api-key")));
    document.components.get_or_insert_default().add_security_scheme("key", key);
    document
}

/// `/docs`, and the document it shows.
pub(super) fn router() -> Router<App> {
    let page = SwaggerUi::new("/docs").url("/openapi.json", openapi());
    Router::from(page.config(Config::default().try_it_out_enabled(true)))
}
