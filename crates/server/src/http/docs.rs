//! The API's own description: OpenAPI from the code, and a page that people read it on.

use axum::Router;
use utoipa::OpenApi;
use utoipa::openapi::path::{ParameterBuilder, ParameterIn};
use utoipa::openapi::security::{ApiKey, ApiKeyValue, SecurityScheme};
use utoipa_swagger_ui::{Config, SwaggerUi};

use super::{deliver, upload, v2};
use crate::app::App;

#[derive(OpenApi)]
#[openapi(
    info(title = "Reelshelf", description = "The media library for automated video. Send your key as `x-api-key`."),
    tags(
        (name = "media", description = "Files and folders"),
        (name = "delivery", description = "Bytes, without a key"),
        (name = "movies", description = "Renders"),
        (name = "templates", description = "Templates"),
    ),
    paths(deliver::stable, deliver::alias, deliver::immutable, deliver::derived, upload::receive),
    components(schemas(v2::Rehearsed))
)]
struct Description;

/// The OpenAPI document of the public API.
pub fn openapi() -> utoipa::openapi::OpenApi {
    let (_, routes) = v2::documented().split_for_parts();
    let mut document = Description::openapi();
    document.merge(routes);
    let key = SecurityScheme::ApiKey(ApiKey::Header(ApiKeyValue::new("x-api-key")));
    document.components.get_or_insert_default().add_security_scheme("key", key);
    describe_idempotency(&mut document);
    document
}

/// What every write takes stands in one place, as it is done in one.
fn describe_idempotency(document: &mut utoipa::openapi::OpenApi) {
    const ABOUT: &str = "A name of your own for this request, 1 to 255 visible ASCII characters. The same request under it has \
        one effect and one answer for a day; another answers 422, and the same while the first runs 409.";
    let of_key = document.paths.paths.iter_mut().filter(|(path, _)| path.starts_with("/v2/"));
    for (_, item) in of_key {
        for operation in [&mut item.post, &mut item.put, &mut item.delete].into_iter().flatten() {
            let key = ParameterBuilder::new()
                .name("Idempotency-Key")
                .parameter_in(ParameterIn::Header)
                .description(Some(ABOUT))
                .schema(Some(utoipa::openapi::Object::with_type(utoipa::openapi::schema::Type::String)))
                .build();
            operation.parameters.get_or_insert_default().push(key.into());
        }
    }
}

/// `/docs`, and the document it shows.
pub(super) fn router() -> Router<App> {
    let page = SwaggerUi::new("/docs").url("/openapi.json", openapi());
    Router::from(page.config(Config::default().try_it_out_enabled(true)))
}
