//! Windows bitmaps.

use zune_bmp::zune_core::colorspace::ColorSpace;
use zune_bmp::zune_core::options::DecoderOptions;
use zune_bmp::{BmpDecoder, BmpDecoderErrors};

use super::{About, Reader, Still, Task};
use crate::picture::orientation::Orientation;
use crate::picture::pixels::{Layout, Pixels, Size};
use crate::picture::problem::{PictureKind, PictureProblem};

const KIND: PictureKind = PictureKind::Bmp;

pub(super) fn decode(reader: Reader, task: &Task<'_>) -> Result<Still, PictureProblem> {
    // Sides are bounded by the pixels that are read at most.
    let side = usize::try_from(u32::MAX).unwrap_or(usize::MAX);
    let options = DecoderOptions::new_safe().set_max_width(side).set_max_height(side);
    let mut decoder = BmpDecoder::new_with_options(reader, options);
    decoder.decode_headers().map_err(|error| problem(&error))?;
    let (width, height) = decoder.dimensions().ok_or_else(|| PictureProblem::broken(KIND, "it has no size"))?;
    let side = |side: usize| u32::try_from(side).unwrap_or(u32::MAX);
    let full = Size::new(side(width), side(height));
    task.limits.check_size(full, KIND)?;
    // Palette indices stand beside the result.
    task.limits.check_memory(full.pixels() * 5)?;
    let profile = decoder.icc_profile().cloned();
    task.limits.check_metadata("colour profile", profile.as_ref().map_or(0, Vec::len))?;
    let color = decoder.colorspace();
    let data = decoder.decode().map_err(|error| problem(&error))?;
    let (layout, data) = match color {
        Some(ColorSpace::RGB) => (Layout::Rgb, data),
        Some(ColorSpace::RGBA) => (Layout::Rgba, data),
        Some(ColorSpace::Luma) => (Layout::Rgb, data.into_iter().flat_map(|grey| [grey; 3]).collect()),
        other => return Err(PictureProblem::unsupported(KIND, format!("{other:?}"))),
    };
    let pixels = Pixels::new(full, layout, data).ok_or_else(|| PictureProblem::broken(KIND, "pixels are missing"))?;
    let about = About { kind: Some(KIND), full, orientation: Orientation::Upright, profile };
    Ok(Still { about, pixels: pixels.without_idle_alpha() })
}

fn problem(error: &BmpDecoderErrors) -> PictureProblem {
    PictureProblem::broken(KIND, format!("{error:?}"))
}
