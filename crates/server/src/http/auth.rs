//! Who asks, by the key in `x-api-key`. The role comes from the one table of roles, so that no handler can forget it.

use axum::extract::{FromRequestParts, MatchedPath};
use axum::http::Method;
use axum::http::request::Parts;
use reelshelf_domain::Error;
use secrecy::SecretString;

use super::v2::{ROLES, Refused};
use crate::app::App;
use crate::library::{Caller, authenticate};

const HEADER: &str = "x-api-key";
/// No key is anywhere near as long; hashing a longer one would be work for nothing.
const KEY_MAX: usize = 256;

/// A caller whose key is valid and whose role suffices for the route.
#[derive(Clone)]
pub(super) struct Authorised(pub(super) Caller);

impl FromRequestParts<App> for Authorised {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Refused> {
        // Whoever stands before the handler may have asked already.
        if let Some(known) = parts.extensions.get::<Self>() {
            return Ok(known.clone());
        }
        let key = parts.headers.get(HEADER).map(|key| key.to_str().map(str::trim));
        let key = key.filter(|key| !matches!(key, Ok(""))).ok_or(Error::KeyMissing)?;
        let key = key.ok().filter(|key| key.len() <= KEY_MAX).ok_or(Error::KeyInvalid)?;
        let caller = authenticate(app, &SecretString::from(key)).await?;
        tracing::Span::current().record("client", caller.client.as_str());
        let route = parts.extensions.get::<MatchedPath>().map_or("", MatchedPath::as_str);
        let role_of = |method: &Method| ROLES.iter().find(|(of, path, _)| of == method && *path == route);
        // Whatever answers GET answers HEAD too.
        let least = role_of(&parts.method).or_else(|| role_of(&Method::GET).filter(|_| parts.method == Method::HEAD));
        let (.., least) = least.ok_or_else(|| Error::inconsistent(format!("no role for {} {route}", parts.method)))?;
        caller.require(*least)?;
        Ok(Self(caller))
    }
}
