//! How long which answers may be kept, and by whom.

use axum::http::HeaderValue;

/// The name may get other bytes, or none: kept, but asked about each time.
pub(super) const STABLE: HeaderValue = HeaderValue::from_static("public, no-cache");
/// These bytes are these bytes for ever.
pub(super) const IMMUTABLE: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");
/// Not there now; it may be the next moment.
pub(super) const NEVER: HeaderValue = HeaderValue::from_static("no-store");
