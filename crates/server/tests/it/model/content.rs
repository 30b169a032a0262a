//! The bytes that are sent: few and small ones, so that equal bytes meet often.

use std::fmt;

use sha2::{Digest, Sha256};

/// What the first bytes of a file say that it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flavour {
    Png,
    Mp3,
    Mp4,
    /// A page with a script: nothing that may ever run.
    Page,
}

impl Flavour {
    pub(super) const ALL: [Self; 4] = [Self::Png, Self::Mp3, Self::Mp4, Self::Page];

    const fn head(self) -> &'static [u8] {
        match self {
            Self::Png => b"\x89PNG\r\n\x1A\n",
            Self::Mp3 => b"ID3\x04\0\0\0\0\0\0",
            Self::Mp4 => b"\0\0\0\x18ftypisom\0\0\x02\0isomiso2",
            Self::Page => b"<html><script>",
        }
    }
}

/// Some bytes, by what makes them.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Content {
    pub(super) flavour: Flavour,
    pub(super) size: usize,
    /// Tells contents of the same flavour and size apart.
    pub(super) filler: u8,
}

impl fmt::Debug for Content {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:?}×{}/{}", self.flavour, self.size, char::from(self.filler))
    }
}

impl Content {
    /// Contents that differ differ in their bytes: the filler of one that is all head makes no difference.
    pub(super) fn new(flavour: Flavour, size: usize, filler: u8) -> Self {
        let filler = if size <= flavour.head().len() { b'-' } else { filler };
        Self { flavour, size, filler }
    }

    /// The content of this one's size with this hash, if there is one; otherwise this one.
    pub(super) fn with_hash(hash: &str, other: Self) -> Self {
        let fillers = [b'x', b'y', b'-'];
        let all = Flavour::ALL.into_iter().flat_map(|flavour| fillers.map(|filler| (flavour, filler)));
        let mut all = all.map(|(flavour, filler)| Self::new(flavour, other.size, filler));
        all.find(|content| content.sha256() == hash).unwrap_or(other)
    }

    pub(super) fn bytes(self) -> Vec<u8> {
        let mut bytes = self.flavour.head().to_vec();
        bytes.resize(self.size, self.filler);
        bytes
    }

    /// Some of these bytes, from a place on; behind the end more of the same.
    pub(super) fn piece(self, at: u64, length: u64) -> Vec<u8> {
        let [at, length] = [at, length].map(|number| usize::try_from(number).unwrap());
        let mut bytes = self.bytes();
        if bytes.len() < at + length {
            bytes = self.flavour.head().to_vec();
            bytes.resize((at + length).max(bytes.len()), self.filler);
        }
        bytes[at..at + length].to_vec()
    }

    pub(super) const fn len(self) -> u64 {
        self.size as u64
    }

    pub(super) fn sha256(self) -> String {
        hex::encode(Sha256::digest(self.bytes()))
    }

    /// The kind and the media type that these bytes have. A head that was cut off says nothing.
    pub(super) const fn media(self) -> (&'static str, &'static str) {
        match self.flavour {
            flavour if flavour.head().len() > self.size => ("other", "application/octet-stream"),
            Flavour::Png => ("image", "image/png"),
            Flavour::Mp3 => ("audio", "audio/mpeg"),
            Flavour::Mp4 => ("video", "video/mp4"),
            Flavour::Page => ("other", "application/octet-stream"),
        }
    }
}
