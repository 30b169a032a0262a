//! Who asks, by the cookie of their session; and whether a write comes from the panel.

use std::net::{IpAddr, Ipv4Addr};

use axum::extract::{FromRequestParts, MatchedPath, RawPathParams, Request, State};
use axum::http::header::{COOKIE, HeaderName, ORIGIN, USER_AGENT};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use reelshelf_domain::{ClientId, Error, Result, Role, SignIn, Thing};
use secrecy::SecretString;
use subtle::ConstantTimeEq;
use url::Url;

use super::CLIENT;
use super::answers::Refused;
use crate::app::App;
use crate::http::auth::Authorised;
use crate::http::listen::Peer;
use crate::http::v2;
use crate::library::{self, Browser};
use crate::store::Session;

const NAME: &str = "reelshelf_session";
const CSRF: HeaderName = HeaderName::from_static("x-csrf-token");
const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
/// No cookie of ours is longer.
const LONGEST: usize = 100;

/// The least role of what only the panel has, for each client.
const ROLES: &[(Method, &str, Role)] = &[
    (Method::GET, "/events", Role::Viewer),
    (Method::GET, "/keys", Role::Manager),
    (Method::POST, "/keys", Role::Manager),
    (Method::DELETE, "/keys/{id}", Role::Manager),
    (Method::GET, "/people", Role::Admin),
    (Method::PUT, "/people/{id}", Role::Admin),
    (Method::DELETE, "/people/{id}", Role::Admin),
    (Method::POST, "/invitations", Role::Admin),
    (Method::DELETE, "/invitations/{id}", Role::Admin),
];

/// Reads that are asked by POST, since what they are about is long.
const READS: &[&str] = &["/v2/media/zip"];

/// Somebody who is signed in. A write brings the token of the session too.
pub(super) struct SignedIn {
    pub(super) session: Session,
}

impl FromRequestParts<App> for SignedIn {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Refused> {
        let cookie = cookie(&parts.headers)?;
        let session = library::session(app, &cookie).await?;
        check_origin(parts, &cookie)?;
        Ok(Self { session })
    }
}

/// From where somebody asks.
pub(super) struct From(pub(super) Browser);

impl FromRequestParts<App> for From {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Refused> {
        let name = parts.headers.get(USER_AGENT).map(HeaderValue::as_bytes).unwrap_or_default();
        let name = String::from_utf8_lossy(name).into_owned();
        let peer = parts.extensions.get::<Peer>().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.0);
        let forwarded = app.settings.panel.behind_proxy.then(|| forwarded(&parts.headers)).flatten();
        Ok(Self(Browser { name, address: forwarded.unwrap_or(peer) }))
    }
}

/// Whom the proxy saw: it writes its own finding last.
fn forwarded(headers: &HeaderMap) -> Option<IpAddr> {
    headers.get_all(FORWARDED_FOR).iter().next_back()?.to_str().ok()?.rsplit(',').next()?.trim().parse().ok()
}

/// What the cookie of a session holds.
pub(super) fn cookie(headers: &HeaderMap) -> Result<SecretString> {
    let pairs = headers.get_all(COOKIE).iter().filter_map(|header| header.to_str().ok());
    let mut pairs = pairs.flat_map(|header| header.split(';')).filter_map(|pair| pair.trim().split_once('='));
    let value = pairs.find(|(name, _)| *name == NAME).map(|(_, value)| value);
    value.filter(|value| value.len() <= LONGEST).map(SecretString::from).ok_or(Error::SignIn(SignIn::SignedOut))
}

/// The header that gives a browser its cookie, or takes it away. Behind TLS it never leaves it.
pub(super) fn set_cookie(app: &App, value: &str, seconds: u64) -> Result<HeaderValue> {
    let secure = if app.settings.server.public_url.starts_with("https:") { "; Secure" } else { "" };
    let text = format!("{NAME}={value}; Path=/dashboard; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}");
    let mut header = HeaderValue::try_from(text).map_err(|error| Error::internal("writing a cookie", error))?;
    header.set_sensitive(true);
    Ok(header)
}

/// A write brings the token that only our own page could read.
fn check_origin(parts: &Parts, cookie: &SecretString) -> Result<()> {
    if matches!(parts.method, Method::GET | Method::HEAD | Method::OPTIONS) {
        return Ok(());
    }
    let sent = parts.headers.get(CSRF).map(HeaderValue::as_bytes).unwrap_or_default();
    let same = bool::from(sent.ct_eq(library::csrf(cookie).as_bytes()));
    if same { Ok(()) } else { Err(Error::SignIn(SignIn::Forged)) }
}

/// Before there is a session there is no token: then the browser says where the page is from.
pub(super) fn check_site(app: &App, headers: &HeaderMap) -> Result<()> {
    let Some(origin) = headers.get(ORIGIN) else { return Ok(()) };
    let ours = Url::parse(&app.settings.server.public_url).ok().map(|url| url.origin());
    let theirs = origin.to_str().ok().and_then(|origin| Url::parse(origin).ok()).map(|url| url.origin());
    if ours.is_some() && ours == theirs { Ok(()) } else { Err(Error::SignIn(SignIn::Forged)) }
}

/// Lets a session do what its person may do at the client of the path; handlers find who it is as if by a key.
pub(super) async fn at_client(
    State(app): State<App>,
    parameters: RawPathParams,
    request: Request,
    next: Next,
) -> Response {
    let client = parameters.iter().find(|(name, _)| *name == "client").map(|(_, value)| value.to_owned());
    let (mut parts, body) = request.into_parts();
    match authorise(&app, client, &parts).await {
        Ok(authorised) => {
            parts.extensions.insert(authorised);
            next.run(Request::from_parts(parts, body)).await
        }
        Err(error) => Refused(error).into_response(),
    }
}

async fn authorise(app: &App, client: Option<String>, parts: &Parts) -> Result<Authorised> {
    let cookie = cookie(&parts.headers)?;
    let client: ClientId = client.unwrap_or_default().parse().map_err(|_| Error::NotFound(Thing::Client))?;
    let caller = library::caller_at(app, &cookie, client).await?;
    tracing::Span::current().record("client", caller.client.as_str());
    check_origin(parts, &cookie)?;
    let route = parts.extensions.get::<MatchedPath>().map_or("", MatchedPath::as_str);
    caller.require(least(&parts.method, route.strip_prefix(CLIENT).unwrap_or(route)))?;
    Ok(Authorised(caller))
}

/// Whoever belongs to a client may look; to write takes what a key must have. What is in no table answers nobody but an
/// admin.
fn least(method: &Method, route: &str) -> Role {
    let of = |roles: &[(Method, &str, Role)]| {
        roles.iter().find(|(of, path, _)| of == method && *path == route).map(|(.., role)| *role)
    };
    let looks = matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS) || READS.contains(&route);
    match of(ROLES) {
        Some(role) => role,
        None if looks && route.starts_with("/v2/") => Role::Viewer,
        None => of(v2::ROLES).unwrap_or(Role::Admin),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_belongs_to_a_client_looks_and_a_write_takes_more() {
        let cases = [
            (Method::GET, "/v2/media/folder", Role::Viewer),
            (Method::HEAD, "/v2/media", Role::Viewer),
            (Method::POST, "/v2/media/zip", Role::Viewer),
            (Method::POST, "/v2/media", Role::Render),
            (Method::PATCH, "/v2/media/uploads/{id}", Role::Render),
            (Method::GET, "/keys", Role::Manager),
            (Method::POST, "/invitations", Role::Admin),
            (Method::POST, "/events", Role::Admin),
            (Method::GET, "/what-came-later", Role::Admin),
        ];
        for (method, route, role) in cases {
            assert_eq!(least(&method, route), role, "{method} {route}");
        }
    }

    #[test]
    fn the_cookie_is_found_among_others() {
        let headers = |text: &'static str| HeaderMap::from_iter([(COOKIE, HeaderValue::from_static(text))]);
        let found =
            |text| cookie(&headers(text)).ok().map(|cookie| secrecy::ExposeSecret::expose_secret(&cookie).to_owned());
        assert_eq!(found("a=b; reelshelf_session=xyz; c=d").as_deref(), Some("xyz"));
        assert_eq!(found("reelshelf_session=xyz").as_deref(), Some("xyz"));
        assert_eq!(found("not_reelshelf_session=xyz"), None);
    }
}
