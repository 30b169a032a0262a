//! Pictures: an untrusted file becomes small pictures that a browser shows.
//!
//! [`render()`] is meant for a sandboxed child that does one thing: it starts no process and opens no path. Every decoder is
//! memory-safe Rust; the one C library, libwebp, only ever encodes pixels of ours. AVIF and HEIC have no decoder that is
//! both well kept and safe: another program decodes them, and [`render_pixels()`] goes on from its pixels.
//!
//! One decode serves an order. The decoder may already give fewer pixels than the file holds (JPEG by its DCT, rows by
//! averaging whole boxes); then follow resizing, orientation, colours (to sRGB) and encoding, each smaller picture made
//! from the next larger one.

mod color;
mod decode;
mod develop;
mod encode;
mod exif;
mod limits;
mod order;
mod orientation;
mod pixels;
mod preview;
mod problem;
mod reduce;
mod resize;
mod sprite;

use std::fs::File;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};

pub use encode::{PictureFormat, encode};
pub use limits::PictureLimits;
pub use order::{Fit, PictureOrder, THUMBNAIL_SIDES};
pub use pixels::{Layout, Pixels, Size};
pub use problem::{PictureKind, PictureProblem};
use serde::{Deserialize, Serialize};
pub use sprite::sprite;

use decode::Source;

/// What [`render()`] saw and made.
#[derive(Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct Rendered {
    /// What the file is, by its bytes; `None` for pixels in memory.
    pub kind: Option<PictureKind>,
    /// The picture's own size in pixels, its orientation applied.
    pub size: Size,
    /// Whether the file has more than one frame.
    pub animated: bool,
    /// What was made, in the order in which it was handed out.
    pub made: Vec<MadePicture>,
}

/// One picture that was made.
#[derive(Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct MadePicture {
    /// `thumb-320.webp`, `preview.webp`, `picture.avif` and so on.
    pub name: String,
    /// Its size in pixels.
    pub size: Size,
    /// How it is encoded.
    pub format: PictureFormat,
}

/// Takes what is made: a name and its bytes.
pub type Out<'a> = dyn FnMut(&str, &[u8]) -> io::Result<()> + 'a;

/// Decodes the picture in `input`, from its start, and makes what is ordered.
///
/// Nothing is allocated by what the file says before it was held against `limits`.
pub fn render(
    input: File,
    order: &PictureOrder,
    limits: &PictureLimits,
    out: &mut Out<'_>,
) -> Result<Rendered, PictureProblem> {
    order.check()?;
    // The decoders are memory-safe, but not free of wrong assumptions: some damaged files make them panic.
    let made = catch_unwind(AssertUnwindSafe(|| {
        let source = decode::open(input, order, limits)?;
        develop::develop(source, order, limits, out)
    }));
    made.unwrap_or(Err(PictureProblem::GaveUp))
}

/// Makes what is ordered of pixels in memory: sRGB and upright.
pub fn render_pixels(
    pixels: Pixels,
    order: &PictureOrder,
    limits: &PictureLimits,
    out: &mut Out<'_>,
) -> Result<Rendered, PictureProblem> {
    order.check()?;
    develop::develop(Source::Still(decode::drawn(pixels)), order, limits, out)
}
