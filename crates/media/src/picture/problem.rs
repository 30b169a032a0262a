//! Why a picture could not be made, in words for whoever uploaded it.

use std::fmt;
use std::io;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::pixels::Size;

/// The kinds of picture that are decoded here, told by their first bytes.
#[derive(Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum PictureKind {
    /// JPEG: baseline, extended or progressive; grey, YCbCr, RGB, CMYK or YCCK.
    Jpeg,
    /// PNG and animated PNG.
    Png,
    /// GIF, still or animated.
    Gif,
    /// WebP: lossy, lossless or animated.
    Webp,
    /// TIFF and BigTIFF; the first picture of the file.
    Tiff,
    /// Windows bitmap.
    Bmp,
}

impl fmt::Display for PictureKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Jpeg => "JPEG",
            Self::Png => "PNG",
            Self::Gif => "GIF",
            Self::Webp => "WebP",
            Self::Tiff => "TIFF",
            Self::Bmp => "BMP",
        })
    }
}

/// Why there is no picture. Its text is meant for people.
#[derive(Error, Debug)]
pub enum PictureProblem {
    /// The first bytes are those of no kind that is decoded here.
    #[error("The file is not a JPEG, PNG, GIF, WebP, TIFF or BMP picture.")]
    UnknownKind,
    /// More pixels than [`super::PictureLimits::pixels`].
    #[error(
        "The picture has {} × {} pixels; at most {} are read.",
        grouped(u64::from(size.width)), grouped(u64::from(size.height)), megapixels(*most)
    )]
    TooManyPixels {
        /// What the file says.
        size: Size,
        /// The limit in pixels.
        most: u64,
    },
    /// Decoding it would need more than [`super::PictureLimits::memory_bytes`].
    #[error("Decoding the picture takes {} MiB of memory; at most {} MiB are given.", grouped(bytes >> 20), grouped(most >> 20))]
    TooMuchMemory {
        /// What it needs.
        bytes: u64,
        /// The limit in bytes.
        most: u64,
    },
    /// A profile, EXIF data or text longer than [`super::PictureLimits::metadata_bytes`].
    #[error("The picture's {what} is too long; at most {} bytes are read.", grouped(*most as u64))]
    TooMuchMetadata {
        /// Which metadata.
        what: &'static str,
        /// The limit in bytes.
        most: usize,
    },
    /// The decoder cannot make sense of the bytes.
    #[error("The {kind} picture is damaged: {reason}.")]
    Broken {
        /// What the file pretends to be.
        kind: PictureKind,
        /// What the decoder said.
        reason: String,
    },
    /// The decoder met something that it was not prepared for.
    #[error("The picture is damaged: the decoder gave up on it.")]
    GaveUp,
    /// A valid file of a sort that the decoder does not know.
    #[error("This sort of {kind} picture is not read: {reason}.")]
    Unsupported {
        /// What the file is.
        kind: PictureKind,
        /// What the decoder said.
        reason: String,
    },
    /// The order itself is wrong; the file was not looked at.
    #[error("{0}")]
    Order(&'static str),
    /// The picture was read but could not be written in the wanted format.
    #[error("The picture could not be written as {format}: {reason}.")]
    Encode {
        /// The wanted format.
        format: &'static str,
        /// What the encoder said.
        reason: String,
    },
    /// Reading the input failed, for reasons that lie not in its bytes.
    #[error("The picture could not be read: {0}.")]
    Input(#[source] io::Error),
    /// What was made could not be handed out.
    #[error("The result could not be stored: {0}.")]
    Output(#[source] io::Error),
}

/// Longest text taken over from a decoder, in characters.
const REASON_CHARS: usize = 200;

impl PictureProblem {
    /// Whether the same bytes will fail in the same way again.
    pub fn is_lasting(&self) -> bool {
        !matches!(self, Self::Input(_) | Self::Output(_))
    }

    pub(super) fn broken(kind: PictureKind, reason: impl fmt::Display) -> Self {
        Self::Broken { kind, reason: shorten(&reason) }
    }

    pub(super) fn unsupported(kind: PictureKind, reason: impl fmt::Display) -> Self {
        Self::Unsupported { kind, reason: shorten(&reason) }
    }

    pub(super) fn encode(format: &'static str, reason: impl fmt::Display) -> Self {
        Self::Encode { format, reason: shorten(&reason) }
    }

    /// A read that failed: a file that ends too early is damaged; anything else is the system's trouble.
    pub(super) fn read(kind: PictureKind, error: io::Error) -> Self {
        use io::ErrorKind::{InvalidData, InvalidInput, Other, UnexpectedEof};
        match error.kind() {
            UnexpectedEof => Self::broken(kind, "it ends too early"),
            InvalidData | InvalidInput | Other => Self::broken(kind, error),
            _ => Self::Input(error),
        }
    }
}

/// A decoder's words: printable, bounded, without a full stop of their own, and without what only its authors read.
fn shorten(reason: &impl fmt::Display) -> String {
    let text: String = reason.to_string().chars().filter(|c| !c.is_control()).take(REASON_CHARS).collect();
    let is_for_authors = text.contains("0x") || text.contains('{');
    let words = text.split(':').next().filter(|_| is_for_authors).unwrap_or(&text);
    words.trim_end_matches(['.', ' ']).to_owned()
}

fn megapixels(pixels: u64) -> String {
    if pixels.is_multiple_of(1_000_000) {
        format!("{} megapixels", grouped(pixels / 1_000_000))
    } else {
        format!("{} pixels", grouped(pixels))
    }
}

/// `2147483647` as `2,147,483,647`.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() * 4 / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_only_the_authors_of_a_decoder_read_is_left_out() {
        let said = "CRC error: expected 0xfd490a02 have 0xdde42568 while decoding ChunkType { type: IDAT } chunk.";
        let problem = PictureProblem::broken(PictureKind::Png, said);
        assert_eq!(problem.to_string(), "The PNG picture is damaged: CRC error.");
        let problem = PictureProblem::broken(PictureKind::Tiff, "format error: a cycle of directories.");
        assert_eq!(problem.to_string(), "The TIFF picture is damaged: format error: a cycle of directories.");
    }
}
