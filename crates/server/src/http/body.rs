//! Bodies as the library takes them: pieces, and errors in its words.

use axum::body::Body;
use axum::http::HeaderMap;
use axum::http::header::CONTENT_LENGTH;
use bytes::Bytes;
use futures::{Stream, StreamExt};
use reelshelf_domain::{Error, Result};

/// The pieces of a body. One that ends before its length, or whose sender leaves, is an error and never an end.
pub(super) fn pieces(body: Body) -> impl Stream<Item = Result<Bytes>> + Send + Unpin + 'static {
    body.into_data_stream()
        .map(|piece| piece.map_err(|_| Error::invalid("body", "ended before its length; send it again")))
}

/// The length that the sender announced.
pub(super) fn content_length(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}
