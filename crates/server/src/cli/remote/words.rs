//! How things are written for people: nothing that a name holds may command a terminal.

use std::path::Path;

/// A path as one line of text.
pub(super) fn plain(path: &Path) -> String {
    line(&path.to_string_lossy())
}

/// Text from outside as one line: control characters, and marks that turn the direction of text, are spelled out.
pub(super) fn line(text: &str) -> String {
    let hides = |c: char| {
        c.is_control() || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    if !text.contains(hides) {
        return text.to_owned();
    }
    text.chars().map(|c| if hides(c) { c.escape_default().to_string() } else { c.to_string() }).collect()
}

/// A number of bytes in the unit that reads best.
pub(super) fn bytes(count: u64) -> String {
    indicatif::BinaryBytes(count).to_string()
}

/// A URL without what may be secret in it.
pub(super) fn address(url: &url::Url) -> String {
    let mut url = url.clone();
    url.set_query(None);
    url.set_fragment(None);
    let _ = url.set_password(None);
    let _ = url.set_username("");
    url.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_command_a_terminal() {
        assert_eq!(line("a\nb\x1b[31mc\u{202e}d"), "a\\nb\\u{1b}[31mc\\u{202e}d");
        assert_eq!(line("vídeo 🎬.mp4"), "vídeo 🎬.mp4");
    }

    #[test]
    fn an_address_shows_no_secret() {
        let url = "https://me:word@old.example/a/b.png?sig=1#x".parse().unwrap();
        assert_eq!(address(&url), "https://old.example/a/b.png");
    }
}
