//! Downloads: to memory or to a file of ours, hashed on the way, continued when they break off.

use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use reelshelf_domain::AssetHash;
use reqwest::header::{ACCEPT_ENCODING, CONTENT_RANGE, ETAG, HeaderMap, HeaderValue, IF_RANGE, LAST_MODIFIED, RANGE};
use reqwest::{Client, Response};
use sha2::{Digest, Sha256};
use tempfile::NamedTempFile;
use url::Url;

use super::super::failure::Failure;
use super::super::parcel::{Content, SMALL};
use super::super::progress::Meter;

/// How often it is tried without a byte of progress.
const TRIES: u32 = 5;
/// How long the other side may be silent.
const SILENCE: Duration = Duration::from_mins(1);

/// Bytes on their way in: in memory while they are few.
pub(super) struct Fill {
    memory: Vec<u8>,
    file: Option<NamedTempFile>,
    hash: Sha256,
    length: u64,
}

impl Fill {
    pub(super) fn new() -> Self {
        Self { memory: Vec::new(), file: None, hash: Sha256::new(), length: 0 }
    }

    pub(super) const fn length(&self) -> u64 {
        self.length
    }

    pub(super) fn write(&mut self, piece: &[u8]) -> Result<(), Failure> {
        let failed =
            |error| Failure::Local(format!("cannot keep what arrives in {}: {error}", std::env::temp_dir().display()));
        self.hash.update(piece);
        self.length += piece.len() as u64;
        if self.file.is_none() && self.length > SMALL {
            let mut file = NamedTempFile::with_prefix("reelshelf-").map_err(failed)?;
            file.write_all(&self.memory).map_err(failed)?;
            self.memory = Vec::new();
            self.file = Some(file);
        }
        if let Some(file) = &mut self.file {
            return file.write_all(piece).map_err(failed);
        }
        self.memory.extend_from_slice(piece);
        Ok(())
    }

    /// What has arrived.
    pub(super) fn content(self) -> Result<Content, Failure> {
        if self.length == 0 {
            return Err(Failure::Local("is empty".to_owned()));
        }
        let hash = AssetHash::from_bytes(self.hash.finalize().into());
        Ok(match self.file {
            Some(file) => Content::Temporary(Arc::new(file), self.length, hash),
            None => Content::Memory(Bytes::from(self.memory), hash),
        })
    }
}

/// Downloads a file. A length that is known beforehand must be the true one.
pub(super) async fn download(http: &Client, url: &Url, size: Option<u64>, meter: &Meter) -> Result<Content, Failure> {
    let (mut fill, mut version, mut tries) = (Fill::new(), None, 0);
    loop {
        let before = fill.length();
        let broken = match attempt(http, url, &mut fill, &mut version, meter).await {
            Ok(()) => break,
            Err(Broken::Final(failure)) => return Err(failure),
            Err(Broken::Again(failure)) => failure,
        };
        tries = if fill.length() > before { 1 } else { tries + 1 };
        if tries > TRIES {
            return Err(broken);
        }
        tokio::time::sleep(Duration::from_millis(250) * 2_u32.pow(tries)).await;
    }
    if let Some(size) = size.filter(|size| *size != fill.length()) {
        return Err(Failure::Local(format!("has {} bytes, and {size} were announced", fill.length())));
    }
    fill.content()
}

enum Broken {
    Again(Failure),
    Final(Failure),
}

fn local(text: impl Into<String>) -> Failure {
    Failure::Local(text.into())
}

async fn attempt(
    http: &Client,
    url: &Url,
    fill: &mut Fill,
    version: &mut Option<HeaderValue>,
    meter: &Meter,
) -> Result<(), Broken> {
    // The bytes as they are, and never a compressed form of them.
    let mut request = http.get(url.clone()).header(ACCEPT_ENCODING, "identity");
    if let Some(version) = version.as_ref().filter(|_| fill.length() > 0) {
        request = request.header(RANGE, format!("bytes={}-", fill.length())).header(IF_RANGE, version.clone());
    }
    let response = tokio::time::timeout(SILENCE, request.send()).await;
    let response = response.map_err(|_| Broken::Again(local("the source is silent")))?;
    let response = response.map_err(|error| Broken::Again(local(format!("cannot be fetched: {}", root(&error)))))?;
    match response.status().as_u16() {
        206 if continues(response.headers(), fill.length()) => {}
        200 => *fill = Fill::new(),
        status @ (408 | 425 | 429 | 500..=599) => {
            return Err(Broken::Again(local(format!("the source answers {status}"))));
        }
        status => return Err(Broken::Final(local(format!("the source answers {status}")))),
    }
    *version = validator(response.headers());
    receive(response, fill, meter).await
}

async fn receive(mut response: Response, fill: &mut Fill, meter: &Meter) -> Result<(), Broken> {
    meter.set(fill.length());
    let whole = response.content_length().map(|rest| fill.length() + rest);
    loop {
        let piece = tokio::time::timeout(SILENCE, response.chunk()).await;
        let piece = piece.map_err(|_| Broken::Again(local("the source is silent")))?;
        let piece = piece.map_err(|error| Broken::Again(local(format!("broke off: {}", root(&error)))))?;
        let Some(piece) = piece else { break };
        fill.write(&piece).map_err(Broken::Final)?;
        meter.add(piece.len() as u64);
    }
    match whole {
        Some(whole) if whole != fill.length() => Err(Broken::Again(local("broke off"))),
        _ => Ok(()),
    }
}

/// Whether the rest follows what is here.
fn continues(headers: &HeaderMap, at: u64) -> bool {
    let range = headers.get(CONTENT_RANGE).and_then(|value| value.to_str().ok());
    range.is_some_and(|range| range.starts_with(&format!("bytes {at}-")))
}

/// What tells these bytes from others at the same URL: only then can they be continued.
fn validator(headers: &HeaderMap) -> Option<HeaderValue> {
    let strong = |tag: &&HeaderValue| !tag.as_bytes().starts_with(b"W/");
    headers.get(ETAG).filter(strong).or_else(|| headers.get(LAST_MODIFIED)).cloned()
}

/// The deepest cause: it names no URL.
fn root(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    if std::ptr::eq(cause, error as &dyn std::error::Error) {
        "the answer makes no sense".to_owned()
    } else {
        cause.to_string()
    }
}
