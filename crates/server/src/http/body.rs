//! Bodies as the library takes them: pieces, and errors in its words.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::body::{Body, BodyDataStream, HttpBody};
use axum::http::header::{CONTENT_ENCODING, CONTENT_LENGTH};
use axum::http::{HeaderMap, HeaderValue};
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

/// A body whose sender may be slow, but may not stand still: it would keep its connection for ever. Beside it, whether
/// all of it was read.
pub(super) fn impatient(body: Body, idle: Duration) -> (Body, Arc<AtomicBool>) {
    let over = Arc::new(AtomicBool::new(body.is_end_stream()));
    let seen = Arc::clone(&over);
    let next = move |state: Option<(BodyDataStream, Arc<AtomicBool>)>| async move {
        let (mut pieces, seen) = state?;
        let Ok(piece) = tokio::time::timeout(idle, pieces.next()).await else {
            return Some((Err(stood_still().into()), None));
        };
        seen.store(piece.is_none() || pieces.is_end_stream(), Ordering::Relaxed);
        if let Some(Ok(piece)) = &piece {
            metrics::counter!("reelshelf_received_bytes_total").increment(piece.len() as u64);
        }
        piece.map(|piece| (piece.map_err(axum::Error::into_inner), Some((pieces, seen))))
    };
    (Body::from_stream(futures::stream::unfold(Some((body.into_data_stream(), seen)), next)), over)
}

fn stood_still() -> Error {
    Error::invalid("body", "stood still for too long; send it again")
}

/// Fails when the body is not the bytes that are meant. Unpacking what is compressed would let a little become very much,
/// and storing it as it is would deliver what nobody can read.
pub(super) fn check_plain(headers: &HeaderMap) -> Result<()> {
    let plain = |coding: &str| coding.is_empty() || coding.eq_ignore_ascii_case("identity");
    let plain = |value: &HeaderValue| value.to_str().is_ok_and(|codings| codings.split(',').map(str::trim).all(plain));
    if headers.get_all(CONTENT_ENCODING).iter().all(plain) { Ok(()) } else { Err(Error::Encoded) }
}

/// The length that the sender announced.
pub(super) fn content_length(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}
