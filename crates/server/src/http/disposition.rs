//! `Content-Disposition`, so that a download gets the name its person gave (RFC 6266, RFC 8187).

use axum::http::HeaderValue;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// What `ext-value` may hold unescaped: `attr-char` of RFC 8187.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'!')
    .remove(b'#')
    .remove(b'$')
    .remove(b'&')
    .remove(b'+')
    .remove(b'-')
    .remove(b'.')
    .remove(b'^')
    .remove(b'_')
    .remove(b'`')
    .remove(b'|')
    .remove(b'~');

/// Shown in place, or offered for download, under a name.
pub(super) fn content_disposition(inline: bool, name: &str) -> HeaderValue {
    let kind = if inline { "inline" } else { "attachment" };
    // A separator would make browsers cut the name, each in its own way.
    let name: String = name.chars().map(|c| if matches!(c, '/' | '\\') { '_' } else { c }).collect();
    let plain: String =
        name.chars().map(|c| if c.is_ascii_graphic() && c != '"' && c != '%' || c == ' ' { c } else { '_' }).collect();
    let text = if plain == name {
        format!("{kind}; filename=\"{plain}\"")
    } else {
        format!("{kind}; filename=\"{plain}\"; filename*=UTF-8''{}", utf8_percent_encode(&name, ESCAPED))
    };
    HeaderValue::from_str(&text).unwrap_or_else(|_| HeaderValue::from_static("attachment"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odd_names_survive() {
        let table = [
            ("brand.png", "inline; filename=\"brand.png\""),
            ("my logo.png", "inline; filename=\"my logo.png\""),
            ("vídeo.mp4", "inline; filename=\"v_deo.mp4\"; filename*=UTF-8''v%C3%ADdeo.mp4"),
            ("a\"b.png", "inline; filename=\"a_b.png\"; filename*=UTF-8''a%22b.png"),
            ("100%.png", "inline; filename=\"100_.png\"; filename*=UTF-8''100%25.png"),
            ("a/b\\c.png", "inline; filename=\"a_b_c.png\""),
            ("🎬.mov", "inline; filename=\"_.mov\"; filename*=UTF-8''%F0%9F%8E%AC.mov"),
            ("a;b='c'.png", "inline; filename=\"a;b='c'.png\""),
        ];
        for (name, expected) in table {
            assert_eq!(content_disposition(true, name).to_str().unwrap(), expected);
        }
        assert!(content_disposition(false, "x").to_str().unwrap().starts_with("attachment"));
    }
}
