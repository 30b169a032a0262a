//! Requests: the key goes to the server it is for and nowhere else, and what may be repeated is.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use reelshelf_domain::{Chance, SystemChance};
use reqwest::header::{HeaderValue, RETRY_AFTER};
use reqwest::redirect::Policy;
use reqwest::{Client, Method, RequestBuilder, Response};
use secrecy::{ExposeSecret, SecretString};
use serde::de::DeserializeOwned;
use serde_json::Value;
use url::Url;

use super::failure::Failure;
use super::state;
use super::words::{address, line};

/// How often something is tried before it has failed.
const ATTEMPTS: u32 = 6;
/// How long the answer to a request without a large body may take.
pub(super) const PATIENCE: Duration = Duration::from_mins(1);
/// The longest pause between two attempts.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// The most of an answer that is read.
const ANSWER_MAX: usize = 64 * 1024 * 1024;

/// A server and a key for it.
#[derive(Clone)]
pub(super) struct Api {
    http: Client,
    base: Url,
    key: HeaderValue,
    /// Whether it has ever answered: one that never did is not waited for.
    reached: Arc<AtomicBool>,
}

/// An attempt that failed: whether another makes sense, and when the server wants it.
pub(super) enum Attempt {
    Final(Failure),
    Again(Failure, Option<Duration>),
}

impl From<Failure> for Attempt {
    fn from(failure: Failure) -> Self {
        Self::Final(failure)
    }
}

impl Api {
    /// A server by its address; `/v2` at the end of it is understood.
    pub(super) fn new(address: &str, key: &SecretString) -> Result<Self, Failure> {
        let wrong = |why: &str| Failure::Usage(format!("the server's address {why}"));
        let mut base: Url =
            address.trim().parse().map_err(|_| wrong("is no URL, such as https://media.example.com"))?;
        if !matches!(base.scheme(), "http" | "https") || base.host_str().is_none() {
            return Err(wrong("must begin with http:// or https://"));
        }
        if !base.username().is_empty() || base.password().is_some() || base.query().is_some() {
            return Err(wrong("must hold no password and no query; the key goes into REELSHELF_KEY"));
        }
        let path = base.path().trim_end_matches('/');
        let path = path.strip_suffix("/v2").unwrap_or(path).to_owned();
        base.set_path(&path);
        let mut key = HeaderValue::from_str(key.expose_secret().trim())
            .map_err(|_| Failure::Usage("the key holds characters that no key has".to_owned()))?;
        key.set_sensitive(true);
        Ok(Self { http: client(Policy::none())?, base, key, reached: Arc::default() })
    }

    /// Where the server is.
    pub(super) fn server(&self) -> &str {
        self.base.as_str().trim_end_matches('/')
    }

    /// What tells this key from another, and does not show it.
    pub(super) fn fingerprint(&self) -> String {
        state::key(&[self.key.as_bytes()])
    }

    /// A path below the server's address.
    pub(super) fn at(&self, path: &str) -> Result<Url, Failure> {
        let full = format!("{}{path}", self.server());
        full.parse().map_err(|_| Failure::Usage("the server's address is no URL".to_owned()))
    }

    /// A request with the key when it goes to the server, and without it when it goes anywhere else.
    pub(super) fn request(&self, method: Method, url: Url) -> RequestBuilder {
        let own = url.origin() == self.base.origin();
        let request = self.http.request(method, url);
        if own { request.header("x-api-key", self.key.clone()) } else { request }
    }

    /// A request without the key: a signed URL speaks for itself.
    pub(super) fn signed(&self, method: Method, url: Url) -> RequestBuilder {
        self.http.request(method, url)
    }

    /// Reads.
    pub(super) async fn get<T: DeserializeOwned>(&self, path: &str, query: &[(&str, &str)]) -> Result<T, Failure> {
        let mut url = self.at(path)?;
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        let mut retry = self.retry();
        loop {
            match self.exchange(self.request(Method::GET, url.clone()).timeout(PATIENCE)).await {
                Ok(answer) => return Ok(answer),
                Err(attempt) => retry.wait(attempt).await?,
            }
        }
    }

    /// Writes; a repetition is told by its key from a second wish.
    pub(super) async fn write<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: &Value,
    ) -> Result<T, Failure> {
        let (url, key, body) = (self.at(path)?, unique()?, body.to_string());
        let mut retry = self.retry();
        loop {
            let request = self.request(method.clone(), url.clone()).timeout(PATIENCE).header("idempotency-key", &key);
            match self.exchange(request.header("content-type", "application/json").body(body.clone())).await {
                Ok(answer) => return Ok(answer),
                Err(attempt) => retry.wait(attempt).await?,
            }
        }
    }

    /// Sends, and reads the JSON that comes back.
    pub(super) async fn exchange<T: DeserializeOwned>(&self, request: RequestBuilder) -> Result<T, Attempt> {
        json(self.sent(request).await?).await
    }

    /// The patience for something that is tried until it succeeds or makes no sense any more.
    pub(super) fn retry(&self) -> Retry {
        Retry { reached: Arc::clone(&self.reached), attempt: 1 }
    }

    /// Sends, and says in our words what went wrong.
    pub(super) async fn sent(&self, request: RequestBuilder) -> Result<Response, Attempt> {
        let response = request.send().await.map_err(|error| self.unreachable(&error))?;
        self.reached.store(true, Ordering::Relaxed);
        let status = response.status().as_u16();
        if response.status().is_success() {
            return Ok(response);
        }
        if response.status().is_redirection() {
            let message = "the server's address leads elsewhere; give the address it leads to".to_owned();
            return Err(Attempt::Final(Failure::Unreachable(message)));
        }
        let wish = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
        let wish = wish.map(|seconds| Duration::from_secs(seconds).min(LONGEST_PAUSE));
        Err(classify(status, said(response).await, wish))
    }

    fn unreachable(&self, error: &reqwest::Error) -> Attempt {
        let mut cause: &dyn std::error::Error = error;
        while let Some(deeper) = cause.source() {
            cause = deeper;
        }
        // The deepest cause names no URL: a signed one must not be shown.
        Attempt::Again(Failure::Unreachable(format!("{} does not answer: {cause}", self.server())), None)
    }
}

/// How much patience is left.
pub(super) struct Retry {
    reached: Arc<AtomicBool>,
    attempt: u32,
}

impl Retry {
    /// Waits for the time of the next attempt, or gives the failure back when there is none.
    pub(super) async fn wait(&mut self, attempt: Attempt) -> Result<(), Failure> {
        let (failure, wish) = match attempt {
            Attempt::Final(failure) => return Err(failure),
            Attempt::Again(failure, wish) => (failure, wish),
        };
        let most = if self.reached.load(Ordering::Relaxed) { ATTEMPTS } else { 2 };
        if self.attempt >= most {
            return Err(failure);
        }
        tokio::time::sleep(wish.unwrap_or_else(|| pause(self.attempt))).await;
        self.attempt += 1;
        Ok(())
    }
}

/// A client without patience for connections that are not made.
pub(super) fn client(redirects: Policy) -> Result<Client, Failure> {
    // A second start keeps the first.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let agent = concat!("reelshelf/", env!("CARGO_PKG_VERSION"));
    Client::builder()
        .user_agent(agent)
        .redirect(redirects)
        .connect_timeout(Duration::from_secs(10))
        .tcp_keepalive(Duration::from_secs(30))
        .build()
        .map_err(|error| Failure::Local(format!("cannot use TLS: {error}")))
}

/// A key for one write, however often it is sent.
pub(super) fn unique() -> Result<String, Failure> {
    let mut random = [0; 16];
    SystemChance.fill(&mut random).map_err(|error| Failure::Local(error.to_string()))?;
    Ok(hex::encode(random))
}

fn pause(attempt: u32) -> Duration {
    let mut random = [0; 1];
    // Without chance all wait alike, which is no harm.
    let _ = SystemChance.fill(&mut random);
    let full = (Duration::from_millis(250) * 2_u32.pow(attempt.min(8))).min(LONGEST_PAUSE);
    full / 2 + full * u32::from(random[0]) / 512
}

fn classify(status: u16, message: String, wish: Option<Duration>) -> Attempt {
    if status == 400 && message.contains("API Key") || message == "Insufficient permissions" {
        return Attempt::Final(Failure::Key(message));
    }
    let failure = Failure::Refused { status, message };
    match status {
        408 | 423 | 425 | 429 | 500 | 502..=504 => Attempt::Again(failure, wish),
        _ => Attempt::Final(failure),
    }
}

/// The sentence of a refusal.
async fn said(response: Response) -> String {
    let status = response.status();
    let text = text(response).await.unwrap_or_default();
    let value: Value = serde_json::from_str(&text).unwrap_or_default();
    let sentence = value["message"].as_str().or(value["error"].as_str()).map(ToOwned::to_owned);
    // The signed URL answers as S3 does.
    let xml = || Some(text.split_once("<Message>")?.1.split_once("</Message>")?.0.to_owned());
    line(&sentence.or_else(xml).unwrap_or_else(|| format!("the server answered {status}")))
}

async fn json<T: DeserializeOwned>(response: Response) -> Result<T, Attempt> {
    let place = address(response.url());
    let text = text(response).await?;
    serde_json::from_str(&text)
        .map_err(|_| Attempt::Final(Failure::Unreachable(format!("what {place} answers is not what this API answers"))))
}

async fn text(mut response: Response) -> Result<String, Attempt> {
    let broken = |error| Attempt::Again(Failure::Unreachable(format!("the answer broke off: {error}")), None);
    let mut body = Vec::new();
    while let Some(piece) = response.chunk().await.map_err(|error| broken(error.without_url()))? {
        if body.len() + piece.len() > ANSWER_MAX {
            return Err(Attempt::Final(Failure::Unreachable("the server's answer is too long".to_owned())));
        }
        body.extend_from_slice(&piece);
    }
    Ok(String::from_utf8_lossy(&body).into_owned())
}
