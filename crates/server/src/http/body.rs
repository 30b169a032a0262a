//! Bodies as the library takes them: pieces, and errors in its words.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use axum::body::{Body, BodyDataStream};
use axum::http::HeaderMap;
use axum::http::header::CONTENT_LENGTH;
use bytes::Bytes;
use futures::{Stream, StreamExt};
use reelshelf_domain::{Error, Result};

/// The pieces of a body. One that ends before its length, or whose sender leaves, is an error and never an end.
pub(super) fn pieces(body: Body) -> impl Stream<Item = Result<Bytes>> + Send + Unpin + 'static {
    let ended = || Error::invalid("body", "ended before its length; send it again");
    body.into_data_stream().map(move |piece| {
        piece.map_err(|error| error.into_inner().downcast::<Error>().map_or_else(|_| ended(), |error| *error))
    })
}

/// How much of a body came.
#[derive(Default)]
pub(super) struct Progress {
    received: AtomicU64,
    ended: AtomicBool,
}

impl Progress {
    /// Whether all of it came, as far as its end or its announced length tells.
    pub(super) fn is_complete(&self, length: Option<u64>) -> bool {
        self.ended.load(Ordering::Relaxed) || length == Some(self.received.load(Ordering::Relaxed))
    }

    fn note<E>(&self, piece: Option<&Result<Bytes, E>>) {
        match piece {
            Some(Ok(piece)) => {
                self.received.fetch_add(piece.len() as u64, Ordering::Relaxed);
            }
            Some(Err(_)) => {}
            None => self.ended.store(true, Ordering::Relaxed),
        }
    }
}

/// A body whose sender may be slow, but may not stand still: it would keep its connection for ever.
pub(super) fn impatient(body: Body, idle: Duration, progress: Arc<Progress>) -> Body {
    let next = move |pieces: Option<BodyDataStream>| {
        let progress = Arc::clone(&progress);
        async move {
            let mut pieces = pieces?;
            match tokio::time::timeout(idle, pieces.next()).await {
                Ok(piece) => {
                    progress.note(piece.as_ref());
                    piece.map(|piece| (piece.map_err(axum::Error::into_inner), Some(pieces)))
                }
                Err(_) => Some((Err(stood_still().into()), None)),
            }
        }
    };
    Body::from_stream(futures::stream::unfold(Some(body.into_data_stream()), next))
}

fn stood_still() -> Error {
    Error::invalid("body", "stood still for too long; send it again")
}

/// The length that the sender announced.
pub(super) fn content_length(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}
