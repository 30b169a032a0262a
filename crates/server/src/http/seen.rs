//! Bodies that pass through a hash on their way, so that a request can be told from another without being kept.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::body::Body;
use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use bytes::Bytes;
use futures::StreamExt;
use memchr::memmem;
use reelshelf_domain::{AssetHash, ByteSize, Result};
use sha2::{Digest, Sha256};

use super::body::{content_length, pieces};
use crate::store::BodySeen;

/// What has been seen of a body so far.
#[derive(Clone)]
pub(super) struct Seen(Arc<Mutex<State>>);

struct State {
    hasher: Sha256,
    bytes: u64,
    /// Everything came.
    whole: bool,
    /// It broke off.
    broken: bool,
    announced: Option<u64>,
    boundary: Option<Boundary>,
}

/// A form's boundary, which its sender makes up anew each time: it is left out of the hash.
struct Boundary {
    text: Vec<u8>,
    /// What may be the beginning of one.
    held: Vec<u8>,
}

impl Boundary {
    /// The bytes that are certainly none, of those that came; the rest is held until more comes.
    fn strip(&mut self, piece: &[u8], last: bool) -> Vec<u8> {
        self.held.extend_from_slice(piece);
        let (mut out, mut from) = (Vec::with_capacity(self.held.len()), 0);
        while let Some(at) = memmem::find(&self.held[from..], &self.text) {
            out.extend_from_slice(&self.held[from..from + at]);
            from += at + self.text.len();
        }
        let keep = if last { 0 } else { (self.text.len() - 1).min(self.held.len() - from) };
        let end = self.held.len() - keep;
        out.extend_from_slice(&self.held[from..end]);
        self.held.drain(..end);
        out
    }
}

/// The boundary of a form.
fn boundary(headers: &HeaderMap) -> Option<Boundary> {
    let content_type = headers.get(CONTENT_TYPE)?.to_str().ok()?;
    let mut parts = content_type.split(';').map(str::trim);
    let is_form = parts.next()?.to_ascii_lowercase().starts_with("multipart/");
    let named = |part: &str| {
        let (name, value) = part.split_once('=')?;
        name.trim().eq_ignore_ascii_case("boundary").then(|| value.trim().trim_matches('"').to_owned())
    };
    let text = parts.find_map(named).filter(|text| is_form && !text.is_empty())?;
    Some(Boundary { text: text.into_bytes(), held: Vec::new() })
}

impl State {
    fn add(&mut self, piece: &[u8]) {
        match &mut self.boundary {
            None => self.count(piece),
            Some(boundary) => {
                let stripped = boundary.strip(piece, false);
                self.count(&stripped);
            }
        }
    }

    fn end(&mut self) {
        if let Some(boundary) = &mut self.boundary {
            let rest = boundary.strip(&[], true);
            self.count(&rest);
        }
        self.whole = true;
    }

    fn count(&mut self, bytes: &[u8]) {
        self.hasher.update(bytes);
        self.bytes += bytes.len() as u64;
    }
}

impl Seen {
    /// Nothing yet, of a body with these headers.
    pub(super) fn new(headers: &HeaderMap) -> Self {
        let boundary = boundary(headers);
        // The length of a form depends on its boundary.
        let announced = content_length(headers).filter(|_| boundary.is_none());
        let (hasher, bytes, whole, broken) = (Sha256::new(), 0, false, false);
        Self(Arc::new(Mutex::new(State { hasher, bytes, whole, broken, announced, boundary })))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The body, seen while it is read.
    pub(super) fn watch(&self, body: Body) -> Body {
        let next = |state: Option<(_, Self)>| async move {
            let (mut pieces, seen): (axum::body::BodyDataStream, Self) = state?;
            let piece = pieces.next().await;
            match &piece {
                Some(Ok(piece)) => seen.state().add(piece),
                Some(Err(_)) => seen.state().broken = true,
                None => seen.state().end(),
            }
            piece.map(|piece| (piece.map_err(axum::Error::into_inner), Some((pieces, seen))))
        };
        Body::from_stream(futures::stream::unfold(Some((body.into_data_stream(), self.clone())), next))
    }

    /// A body that is here as a whole.
    pub(super) fn all(&self, body: &[u8]) -> BodySeen {
        let mut state = self.state();
        state.add(body);
        state.end();
        drop(state);
        self.so_far()
    }

    /// Whether the body broke off.
    pub(super) fn is_broken(&self) -> bool {
        self.state().broken
    }

    /// What was seen until now.
    pub(super) fn so_far(&self) -> BodySeen {
        let state = self.state();
        BodySeen {
            hash: AssetHash::from_bytes(state.hasher.clone().finalize().into()),
            bytes: ByteSize::new(state.bytes),
            whole: state.whole,
            announced: state.announced.map(ByteSize::new),
        }
    }

    /// Reads a body as far as another was seen, and says whether it is the same up to there.
    pub(super) async fn matches(&self, body: Body, other: BodySeen) -> Result<bool> {
        let announced = self.state().announced.map(ByteSize::new);
        if announced.zip(other.announced).is_some_and(|(ours, theirs)| ours != theirs) {
            return Ok(false);
        }
        let most = other.bytes.get();
        let mut pieces = pieces(body);
        // Of a part, no more is counted than was seen of the other.
        while other.whole || self.state().bytes < most {
            let Some(piece) = pieces.next().await else {
                self.state().end();
                break;
            };
            self.add_up_to(&piece?, most, other.whole);
            if self.state().bytes > most {
                return Ok(false);
            }
        }
        let ours = self.so_far();
        Ok((ours.hash, ours.bytes) == (other.hash, other.bytes))
    }

    fn add_up_to(&self, piece: &Bytes, most: u64, whole: bool) {
        let mut state = self.state();
        if whole {
            return state.add(piece);
        }
        let stripped = match &mut state.boundary {
            Some(boundary) => boundary.strip(piece, false),
            None => piece.to_vec(),
        };
        let left = usize::try_from(most - state.bytes).unwrap_or(usize::MAX);
        state.count(&stripped[..left.min(stripped.len())]);
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn form(boundary: &str) -> (HeaderMap, Vec<u8>) {
        let mut headers = HeaderMap::new();
        let content_type = format!("multipart/form-data; charset=x; Boundary=\"{boundary}\"");
        headers.insert(CONTENT_TYPE, HeaderValue::from_str(&content_type).unwrap());
        let body = format!("--{boundary}\r\nA: b\r\n\r\n-{}\r\n--{boundary}--\r\n", "-".repeat(40));
        (headers, body.into_bytes())
    }

    fn in_pieces(body: &[u8], size: usize) -> Body {
        let pieces: Vec<_> =
            body.chunks(size).map(|piece| Ok::<_, axum::Error>(Bytes::copy_from_slice(piece))).collect();
        Body::from_stream(futures::stream::iter(pieces))
    }

    #[tokio::test]
    async fn a_form_is_the_same_whatever_its_boundary_and_however_it_is_cut() {
        let (headers, body) = form("--one");
        let whole = Seen::new(&headers).all(&body);
        assert!(whole.whole && whole.announced.is_none());
        for (boundary, size) in [("--one", 1), ("another--------", 3), ("x", 7), ("--one", 1000)] {
            let (headers, body) = form(boundary);
            assert!(Seen::new(&headers).matches(in_pieces(&body, size), whole).await.unwrap(), "{boundary} {size}");
            let mut other = body.clone();
            let middle = body.len() / 2;
            other[middle] = b'!';
            assert!(!Seen::new(&headers).matches(in_pieces(&other, size), whole).await.unwrap(), "{boundary} {size}");
            let shorter = &body[..body.len() - 1];
            assert!(!Seen::new(&headers).matches(in_pieces(shorter, size), whole).await.unwrap());
            let longer = [&body[..], b"!"].concat();
            assert!(!Seen::new(&headers).matches(in_pieces(&longer, size), whole).await.unwrap());
        }
    }

    #[tokio::test]
    async fn of_a_body_that_was_read_in_part_the_same_part_counts() {
        let headers = HeaderMap::new();
        let body: Vec<u8> = (0..=255).collect();
        let seen = Seen::new(&headers);
        let mut watched = pieces(seen.watch(in_pieces(&body, 50)));
        for _ in 0..2 {
            watched.next().await.unwrap().unwrap();
        }
        let part = seen.so_far();
        assert_eq!((part.bytes.get(), part.whole), (100, false));
        let mut other = body.clone();
        other[200] = 0;
        for same in [&body, &other] {
            assert!(Seen::new(&headers).matches(in_pieces(same, 33), part).await.unwrap());
        }
        other[99] = 0;
        assert!(!Seen::new(&headers).matches(in_pieces(&other, 33), part).await.unwrap());
        assert!(!Seen::new(&headers).matches(in_pieces(&body[..99], 33), part).await.unwrap());
    }
}
