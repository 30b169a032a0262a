//! `Idempotency-Key`, on every write of the API: the same request again is answered as it was answered, and done once.
//!
//! A first answer is kept when it is one for good: a success, or a refusal that another try would meet again. What may
//! work when it is tried again (429, 5xx, a body that broke off) is not kept; the next try goes on from the journal.

use axum::body::{Body, Bytes};
use axum::extract::{FromRequestParts, MatchedPath, Request, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures::StreamExt;
use http_body_util::BodyExt;
use reelshelf_domain::{Error, KeyMisuse, Result};
use tracing::Instrument;

use super::auth::Authorised;
use super::body::{content_length, pieces};
use super::panel;
use super::seen::Seen;
use super::tus;
use super::v2::{ROLES, Refused};
use crate::app::App;
use crate::library::{self, Caller, Keyed, Turn};
use crate::store::{BodySeen, KeptAnswer};

const KEY: HeaderName = HeaderName::from_static("idempotency-key");
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// Runs a request once, when it has a key and is a write. Any other passes by.
pub(super) async fn once(State(app): State<App>, request: Request, next: Next) -> Response {
    if !request.headers().contains_key(KEY) || !is_write(&request) {
        return next.run(request).await;
    }
    let (mut parts, body) = request.into_parts();
    let Ok(authorised) = Authorised::from_request_parts(&mut parts, &app).await else {
        // Who may not do it at all hears that as ever.
        return next.run(Request::from_parts(parts, body)).await;
    };
    let caller = authorised.0.clone();
    parts.extensions.insert(authorised);
    keyed(&app, &caller, parts, body, next).await.unwrap_or_else(|error| Refused(error).into_response())
}

/// The table of roles knows every route. PATCH says itself where it goes on.
fn is_write(request: &Request) -> bool {
    let route = request.extensions().get::<MatchedPath>().map_or("", MatchedPath::as_str);
    let route = route.strip_prefix(panel::CLIENT).unwrap_or(route);
    let method = request.method();
    [Method::POST, Method::PUT, Method::DELETE].contains(method)
        && ROLES.iter().any(|(of, path, _)| of == method && *path == route)
}

/// From the claim on in a task of its own: it comes to its end, and its answer is kept, also when its client leaves.
async fn keyed(app: &App, caller: &Caller, parts: Parts, body: Body, next: Next) -> Result<Response> {
    let seen = Seen::new(&parts.headers);
    let (body, known) = ahead(app, &parts, body, &seen).await?;
    let (own, client, key) = (app.clone(), caller.client, key(&parts.headers)?.to_owned());
    let task = async move {
        match library::claim_key(&own, client, &key, &asked(&parts), known).await? {
            Keyed::Answered(answer, other) => {
                let same = known.is_some() || seen.matches(body, other).await?;
                if same { again(answer) } else { Err(Error::Key(KeyMisuse::OtherRequest)) }
            }
            Keyed::Run(turn) => {
                let body = if known.is_some() { body } else { seen.watch(body) };
                run(&own, turn, seen, Request::from_parts(parts, body), next).await
            }
        }
    };
    let task = app.tasks.spawn(task.in_current_span());
    task.await.map_err(|error| Error::internal("running a request with a key", error))?
}

fn key(headers: &HeaderMap) -> Result<&str> {
    let mut keys = headers.get_all(KEY).iter();
    let only = keys.next().filter(|_| keys.next().is_none());
    // What is no text is refused where the others are.
    only.map(|key| key.to_str().unwrap_or_default()).ok_or_else(|| Error::invalid("Idempotency-Key", "was sent twice"))
}

/// All that is asked, but for the body. The type of a form counts without its boundary, which is another each time. What
/// is asked in other fields counts too, where they are sent.
fn asked(parts: &Parts) -> String {
    let target = parts.uri.path_and_query().map_or("", axum::http::uri::PathAndQuery::as_str);
    let content_type = parts.headers.get(CONTENT_TYPE).map_or(&b""[..], HeaderValue::as_bytes);
    let content_type = String::from_utf8_lossy(content_type);
    let content_type = if content_type.to_ascii_lowercase().starts_with("multipart/") {
        content_type.split(';').next().unwrap_or_default()
    } else {
        &content_type
    };
    let mut asked = format!("{} {target}\n{content_type}", parts.method);
    for name in &tus::ASKING {
        for value in parts.headers.get_all(name) {
            asked.extend(["\n", name.as_str(), ": ", &String::from_utf8_lossy(value.as_bytes())]);
        }
    }
    asked
}

/// Reads a body that is short and would be read as a whole anyway, so that it is known before anything begins.
async fn ahead(app: &App, parts: &Parts, body: Body, seen: &Seen) -> Result<(Body, Option<BodySeen>)> {
    let most = app.settings.limits.json_body.get();
    let is_short = content_length(&parts.headers).is_some_and(|length| length <= most);
    let content_type = parts.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if !is_short || !content_type.to_ascii_lowercase().contains("json") {
        return Ok((body, None));
    }
    let (mut whole, mut pieces) = (Vec::new(), pieces(body));
    while let Some(piece) = pieces.next().await {
        whole.extend_from_slice(&piece?);
    }
    let known = seen.all(&whole);
    Ok((Body::from(whole), Some(known)))
}

/// Runs the request, and keeps its answer if it is one for good.
async fn run(app: &App, turn: Turn, seen: Seen, request: Request, next: Next) -> Result<Response> {
    let scope = turn.scope();
    let work = scope.clone().run(next.run(request));
    let response = turn.keep_alive(app, work).await;
    let (response, answer) = gather(app, response).await?;
    let for_good = !scope.is_repairable() && !seen.is_broken() && is_for_good(response.status());
    match answer.filter(|_| for_good) {
        Some(answer) => turn.finish(app, answer, seen.so_far()).await,
        None => turn.let_go(app).await,
    }
    Ok(response)
}

/// Whether another try would be answered the same. That the key stands for another request is no answer of this one.
fn is_for_good(status: StatusCode) -> bool {
    const PASSING: [StatusCode; 4] = [
        StatusCode::REQUEST_TIMEOUT,
        StatusCode::UNPROCESSABLE_ENTITY,
        StatusCode::TOO_EARLY,
        StatusCode::TOO_MANY_REQUESTS,
    ];
    !status.is_server_error() && !PASSING.contains(&status)
}

/// An answer as it can be kept and as it is sent; not kept when it is too long or no text.
async fn gather(app: &App, response: Response) -> Result<(Response, Option<KeptAnswer>)> {
    let (parts, body) = response.into_parts();
    let body = body.collect().await.map_err(|error| Error::internal("gathering an answer", error))?.to_bytes();
    let text = std::str::from_utf8(&body)
        .ok()
        .filter(|text| text.len() as u64 <= app.settings.limits.idempotency_answer.get() && !text.contains('\0'));
    let fields = parts.headers.iter().filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)));
    let headers = serde_json::to_string(&fields.collect::<Vec<_>>());
    let headers = headers.map_err(|error| Error::internal("keeping an answer", error))?;
    let kept = text.map(|text| KeptAnswer { status: parts.status.as_u16().into(), headers, text: text.to_owned() });
    Ok((Response::from_parts(parts, Body::from(body)), kept))
}

/// An answer once more.
fn again(answer: KeptAnswer) -> Result<Response> {
    let KeptAnswer { status, headers, text } = answer;
    let broken = || Error::inconsistent("a kept answer that is none");
    let status = u16::try_from(status).ok().and_then(|status| StatusCode::from_u16(status).ok()).ok_or_else(broken)?;
    let fields: Vec<(String, String)> = serde_json::from_str(&headers).map_err(|_| broken())?;
    let mut response = (status, Bytes::from(text)).into_response();
    response.headers_mut().clear();
    for (name, value) in fields {
        let name = HeaderName::try_from(name).map_err(|_| broken())?;
        response.headers_mut().append(name, HeaderValue::try_from(value).map_err(|_| broken())?);
    }
    response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
    Ok(response)
}
