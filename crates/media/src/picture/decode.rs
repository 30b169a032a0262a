//! Which decoder reads the file, and what they all give.

mod bmp;
mod canvas;
mod gif;
mod jpeg;
mod png;
mod tiff;
mod webp;

use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::time::Duration;

use super::limits::PictureLimits;
use super::order::PictureOrder;
use super::orientation::Orientation;
use super::pixels::{Pixels, Size};
use super::problem::{PictureKind, PictureProblem};

/// What the file says about its picture.
#[derive(Clone)]
pub(super) struct About {
    pub(super) kind: Option<PictureKind>,
    /// The size in the file.
    pub(super) full: Size,
    pub(super) orientation: Orientation,
    /// An ICC profile.
    pub(super) profile: Option<Vec<u8>>,
}

impl About {
    /// The full size, orientation applied.
    pub(super) fn shown(&self) -> Size {
        self.orientation.of(self.full)
    }
}

/// A decoded picture as it is stored: perhaps already smaller, not yet upright, colours as its profile says.
pub(super) struct Still {
    pub(super) about: About,
    pub(super) pixels: Pixels,
}

/// A picture that may have several frames.
pub(super) trait Animation {
    fn about(&self) -> &About;

    /// The next frame, complete, at full size, and how long it is to be seen; `None` after the last.
    fn next(&mut self) -> Result<Option<(&Pixels, Duration)>, PictureProblem>;
}

/// What a decoder gives.
pub(super) enum Source {
    /// One picture.
    Still(Still),
    /// Frames, perhaps only one.
    Animation(Box<dyn Animation>),
}

/// What every decoder is told.
struct Task<'a> {
    order: &'a PictureOrder,
    limits: &'a PictureLimits,
}

type Reader = BufReader<File>;

/// Bytes that tell the kind.
const HEAD_BYTES: u64 = 16;

/// Begins to decode a file from its start.
pub(super) fn open(mut input: File, order: &PictureOrder, limits: &PictureLimits) -> Result<Source, PictureProblem> {
    input.rewind().map_err(PictureProblem::Input)?;
    let mut head = Vec::new();
    (&mut input).take(HEAD_BYTES).read_to_end(&mut head).map_err(PictureProblem::Input)?;
    input.seek(SeekFrom::Start(0)).map_err(PictureProblem::Input)?;
    let reader = BufReader::with_capacity(1 << 16, input);
    let task = Task { order, limits };
    match kind(&head).ok_or(PictureProblem::UnknownKind)? {
        PictureKind::Jpeg => jpeg::decode(reader, &task).map(Source::Still),
        PictureKind::Png => png::open(reader, &task),
        PictureKind::Gif => gif::open(reader, &task),
        PictureKind::Webp => webp::open(reader, &task),
        PictureKind::Tiff => tiff::decode(reader, &task).map(Source::Still),
        PictureKind::Bmp => bmp::decode(reader, &task).map(Source::Still),
    }
}

/// The kind of picture by its first bytes, each as its standard gives them.
fn kind(head: &[u8]) -> Option<PictureKind> {
    Some(match head {
        [0xFF, 0xD8, 0xFF, ..] => PictureKind::Jpeg,
        [0x89, b'P', b'N', b'G', 0x0D, 0x0A, 0x1A, 0x0A, ..] => PictureKind::Png,
        [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => PictureKind::Gif,
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => PictureKind::Webp,
        [b'I', b'I', b'*' | b'+', 0, ..] | [b'M', b'M', 0, b'*' | b'+', ..] => PictureKind::Tiff,
        [b'B', b'M', ..] => PictureKind::Bmp,
        _ => return None,
    })
}

/// Pixels that nobody had to decode.
pub(super) fn drawn(pixels: Pixels) -> Still {
    let about = About { kind: None, full: pixels.size(), orientation: Orientation::Upright, profile: None };
    Still { about, pixels }
}
