//! The address a client names: read once, as browsers read it, so that every spelling becomes the one that is judged.

use std::fmt;
use std::net::IpAddr;

use percent_encoding::percent_decode_str;
use url::{Host, Url};

use super::failure::Failure;

/// The ports that browsers refuse (the Fetch standard's list): services that take lines of text, and could take a request
/// for orders. No media is served at any of them.
const BLOCKED_PORTS: &[u16] = &[
    0, 1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101, 102, 103, 104, 109,
    110, 111, 113, 115, 117, 119, 123, 135, 137, 139, 143, 161, 179, 389, 427, 465, 512, 513, 514, 515, 526, 530, 531,
    532, 540, 548, 554, 556, 563, 587, 601, 636, 989, 990, 993, 995, 1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060,
    5061, 6000, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 10080,
];

/// A URL that may be asked for a file: http or https, with a host and without credentials.
#[derive(Clone, PartialEq, Eq)]
pub struct Source(Url);

impl Source {
    /// Reads a URL; what is wrong with it continues a sentence that begins with the field.
    pub fn parse(text: &str, longest: usize) -> Result<Self, &'static str> {
        if text.len() > longest {
            return Err("is longer than a URL may be");
        }
        Self::of(Url::parse(text).map_err(|_| "must be a whole URL such as https://example.com/clip.mp4")?)
    }

    fn of(mut url: Url) -> Result<Self, &'static str> {
        if !matches!(url.scheme(), "http" | "https") {
            return Err("must begin with http:// or https://");
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err("must not hold a user name or a password");
        }
        if url.host_str().is_none_or(str::is_empty) {
            return Err("must name a host");
        }
        if url.port().is_some_and(|port| BLOCKED_PORTS.contains(&port)) {
            return Err("names a port at which no files are served");
        }
        url.set_fragment(None);
        Ok(Self(url))
    }

    /// Where a redirect leads to. From https it never leads to http: what was asked for over a private line is not
    /// fetched over an open one.
    pub(super) fn redirected(&self, location: &str, longest: usize) -> Result<Self, Failure> {
        let bad = |reason| Failure::lasting(format!("The server redirects to an address that {reason}"));
        if location.len() > longest {
            return Err(bad("is longer than a URL may be"));
        }
        let next = Self::of(self.0.join(location).map_err(|_| bad("is no URL"))?).map_err(bad)?;
        if self.is_https() && !next.is_https() {
            return Err(Failure::lasting("The server redirects from https to http, which is not followed"));
        }
        Ok(next)
    }

    /// The URL itself. It may hold secrets.
    pub const fn url(&self) -> &Url {
        &self.0
    }

    /// Whether the connection is encrypted.
    pub(super) fn is_https(&self) -> bool {
        self.0.scheme() == "https"
    }

    /// Its host, when it is an address and no name.
    pub(super) fn literal(&self) -> Option<IpAddr> {
        match self.0.host()? {
            Host::Ipv4(address) => Some(address.into()),
            Host::Ipv6(address) => Some(address.into()),
            Host::Domain(_) => None,
        }
    }

    /// Its host as a name.
    pub(super) fn host(&self) -> &str {
        self.0.host_str().unwrap_or_default()
    }

    /// Its port.
    pub(super) fn port(&self) -> u16 {
        self.0.port_or_known_default().unwrap_or_default()
    }

    /// What may be shown of it: scheme, host and path. Queries hold signatures and tokens.
    pub fn shown(&self) -> String {
        let mut shown = self.0.clone();
        shown.set_query(None);
        shown.into()
    }

    /// The name its path ends with, if it ends with one.
    pub fn file_name(&self) -> Option<String> {
        let last = self.0.path_segments()?.next_back().filter(|last| !last.is_empty())?;
        Some(percent_decode_str(last).decode_utf8_lossy().into_owned())
    }
}

/// Without what may be secret.
impl fmt::Debug for Source {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}://{}/…", self.0.scheme(), self.host())
    }
}

impl From<Url> for Source {
    fn from(url: Url) -> Self {
        Self(url)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Source, &'static str> {
        Source::parse(text, 8192)
    }

    #[test]
    fn every_spelling_of_an_address_is_the_address() {
        let loopback = "http://127.0.0.1/ http://2130706433/ http://0x7f000001/ http://017700000001/ http://127.1/
            http://127.0.1/ http://0x7f.1/ http://0177.0.0.1/ http://127.0.0.1./ http://0x7F.0x0.0x0.0x1/
            http://%31%32%37.0.0.1/ http://１２７.０.０.１/ http://127。0。0。1/ http:127.0.0.1/ http:\\\\127.0.0.1\\ \
            hTTp://127.0.0.1/ http://①②⑦.0.0.1/";
        for text in loopback.split_whitespace() {
            assert_eq!(parse(text).unwrap().literal(), Some([127, 0, 0, 1].into()), "{text}");
        }
        assert_eq!(parse("http://0/").unwrap().literal(), Some([0, 0, 0, 0].into()));
        assert_eq!(parse("http://[::ffff:7f00:1]/").unwrap().literal(), Some("::ffff:127.0.0.1".parse().unwrap()));
    }

    #[test]
    fn what_is_no_address_of_a_file_is_refused() {
        let refused = "ftp://example.com/a file:///etc/passwd gopher://example.com data:text/plain,x javascript:alert(1)
            http:// https://user@example.com/ https://user:pass@example.com/ https://:pass@example.com/ example.com/a /a a
            http://example.com:25/ http://example.com:0/ http://example.com:6667/ http://[fe80::1%25eth0]/ http://[::1
            http://127.0.0.1.256/ http://256.1.1.1/ http://1.2.3.4.5/ http://0x100000000/ http://exa%00mple.com/
            http://example.com:99999/ http://exa<mple.com/";
        for text in refused.split_whitespace() {
            assert!(parse(text).is_err(), "{text}");
        }
        assert!(Source::parse("https://example.com/long", 10).is_err());
    }

    #[test]
    fn what_is_shown_holds_no_secret() {
        let source = parse("https://example.com:8443/a/b%20c.mp4?token=secret#part").unwrap();
        assert_eq!(source.shown(), "https://example.com:8443/a/b%20c.mp4");
        assert_eq!(format!("{source:?}"), "https://example.com/…");
        assert_eq!(source.file_name().as_deref(), Some("b c.mp4"));
        assert_eq!(parse("https://example.com/").unwrap().file_name(), None);
        assert_eq!(parse("https://example.com/a/?x=y.mp4").unwrap().file_name(), None);
    }

    #[test]
    fn redirects_are_read_from_where_they_come() {
        let from = parse("https://example.com/a/b").unwrap();
        assert_eq!(from.redirected("../c?d", 100).unwrap().url().as_str(), "https://example.com/c?d");
        assert_eq!(from.redirected("//other.example/x", 100).unwrap().host(), "other.example");
        for wrong in ["http://example.com/", "ftp://example.com/", "https://user@example.com/", "https://[", "//:1"] {
            assert!(from.redirected(wrong, 100).is_err(), "{wrong}");
        }
        assert!(parse("http://example.com/").unwrap().redirected("https://example.com/", 100).is_ok());
    }
}
