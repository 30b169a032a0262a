//! Conditional requests, as RFC 9110, section 13, orders them.

use axum::http::HeaderMap;
use axum::http::header::{IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_RANGE, IF_UNMODIFIED_SINCE};
use reelshelf_domain::UnixMillis;

/// What the conditions of a request come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Answer as without conditions.
    Proceed,
    /// 304: the client has it.
    NotModified,
    /// 412: it is not what the client thinks.
    Failed,
}

/// Weighs the conditions of a GET or HEAD of something with this strong entity tag and this time of change.
pub(super) fn decide(headers: &HeaderMap, etag: &str, modified: UnixMillis) -> Verdict {
    if headers.contains_key(IF_MATCH) {
        if !any_tag(headers, IF_MATCH, |tag| tag == etag) {
            return Verdict::Failed;
        }
    } else if let Some(since) = date(headers, IF_UNMODIFIED_SINCE)
        && modified.seconds() > since
    {
        return Verdict::Failed;
    }
    if headers.contains_key(IF_NONE_MATCH) {
        // Here tags are compared weakly: a weak one of the same name matches.
        let matches = any_tag(headers, IF_NONE_MATCH, |tag| tag.strip_prefix("W/").unwrap_or(tag) == etag);
        if matches {
            return Verdict::NotModified;
        }
    } else if date(headers, IF_MODIFIED_SINCE) == Some(modified.seconds()) {
        // Only the very date that was given out, where the RFC has any later one match too: behind a move or a renamed
        // folder a URL may have bytes with an earlier date than those it had.
        return Verdict::NotModified;
    }
    Verdict::Proceed
}

/// Whether a `Range` field counts: no `If-Range`, or one that names this very state. A weak tag never does, nor a date:
/// within its second there may have been other bytes (RFC 9110, section 8.8.2.2).
pub(super) fn range_applies(headers: &HeaderMap, etag: &str) -> bool {
    let Some(condition) = headers.get(IF_RANGE) else { return true };
    condition.to_str().is_ok_and(|condition| condition.trim() == etag)
}

fn any_tag(headers: &HeaderMap, name: axum::http::HeaderName, matches: impl Fn(&str) -> bool) -> bool {
    headers.get_all(name).iter().filter_map(|value| value.to_str().ok()).any(|value| {
        // Our tags hold no commas, so that splitting at commas finds them whole.
        value.trim() == "*" || value.split(',').map(str::trim).any(&matches)
    })
}

/// A date that does not parse, or that is given more than once, is no condition.
fn date(headers: &HeaderMap, name: axum::http::HeaderName) -> Option<i64> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?.to_str().ok()?;
    if values.next().is_some() { None } else { seconds(value) }
}

fn seconds(text: &str) -> Option<i64> {
    let at = httpdate::parse_http_date(text).ok()?;
    let since = at.duration_since(std::time::SystemTime::UNIX_EPOCH).ok()?;
    i64::try_from(since.as_secs()).ok()
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    const ETAG: &str = "\"abc\"";
    /// Sun, 06 Nov 1994 08:49:37 GMT, and half a second.
    const MODIFIED: UnixMillis = UnixMillis::new(784_111_777_500);
    const SAME: &str = "Sun, 06 Nov 1994 08:49:37 GMT";
    const BEFORE: &str = "Sun, 06 Nov 1994 08:49:36 GMT";
    const AFTER: &str = "Sun, 06 Nov 1994 08:49:38 GMT";

    fn headers(fields: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in fields {
            headers.append(*name, HeaderValue::from_static(value));
        }
        headers
    }

    #[test]
    fn decides_as_the_rfc_orders() {
        use Verdict::{Failed, NotModified, Proceed};
        let table: &[(&[(&'static str, &'static str)], Verdict)] = &[
            (&[], Proceed),
            (&[("if-none-match", "\"abc\"")], NotModified),
            (&[("if-none-match", "W/\"abc\"")], NotModified),
            (&[("if-none-match", "\"x\", \"abc\"")], NotModified),
            (&[("if-none-match", "\"x\""), ("if-none-match", "\"abc\"")], NotModified),
            (&[("if-none-match", "*")], NotModified),
            (&[("if-none-match", "\"x\"")], Proceed),
            (&[("if-match", "\"abc\"")], Proceed),
            (&[("if-match", "*")], Proceed),
            (&[("if-match", "W/\"abc\"")], Failed),
            (&[("if-match", "\"x\"")], Failed),
            (&[("if-modified-since", SAME)], NotModified),
            // Here the RFC says 304. Dates go backwards where files take each other's place, so that only the very date
            // counts, as in nginx.
            (&[("if-modified-since", AFTER)], Proceed),
            (&[("if-modified-since", BEFORE)], Proceed),
            (&[("if-modified-since", "yesterday")], Proceed),
            (&[("if-unmodified-since", SAME)], Proceed),
            (&[("if-unmodified-since", BEFORE)], Failed),
            // If-None-Match outranks If-Modified-Since, If-Match outranks If-Unmodified-Since.
            (&[("if-none-match", "\"x\""), ("if-modified-since", SAME)], Proceed),
            (&[("if-match", "\"abc\""), ("if-unmodified-since", BEFORE)], Proceed),
            (&[("if-match", "\"abc\""), ("if-none-match", "\"abc\"")], NotModified),
        ];
        for (fields, expected) in table {
            assert_eq!(decide(&headers(fields), ETAG, MODIFIED), *expected, "{fields:?}");
        }
    }

    #[test]
    fn a_range_counts_only_for_the_very_state() {
        for (field, applies) in
            [("\"abc\"", true), ("W/\"abc\"", false), ("\"x\"", false), (SAME, false), (AFTER, false), (BEFORE, false)]
        {
            assert_eq!(range_applies(&headers(&[("if-range", field)]), ETAG), applies, "{field}");
        }
        assert!(range_applies(&headers(&[]), ETAG));
    }
}
