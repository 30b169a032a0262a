//! Resizing with Lanczos3, by SIMD.

use fast_image_resize::images::{Image, ImageRef};
use fast_image_resize::{FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer};

use super::pixels::{Layout, Pixels, Size};
use super::problem::PictureProblem;

/// The part `part` in the middle of `pixels`, as `result` pixels. Colours are weighted by alpha.
pub(super) fn resize(pixels: &Pixels, part: Size, result: Size) -> Result<Pixels, PictureProblem> {
    let whole = pixels.size();
    let wrong = |reason: &dyn std::fmt::Display| PictureProblem::encode("another size", reason);
    let kind = match pixels.layout() {
        Layout::Rgb => PixelType::U8x3,
        Layout::Rgba | Layout::Cmyk => PixelType::U8x4,
    };
    let source = ImageRef::new(whole.width, whole.height, pixels.data(), kind).map_err(|error| wrong(&error))?;
    let mut target = Image::new(result.width, result.height, kind);
    let middle = |whole: u32, part: u32| f64::from(whole.saturating_sub(part)) / 2.0;
    let options = ResizeOptions::new()
        .resize_alg(ResizeAlg::Convolution(FilterType::Lanczos3))
        .use_alpha(pixels.layout() == Layout::Rgba)
        .crop(
            middle(whole.width, part.width),
            middle(whole.height, part.height),
            f64::from(part.width),
            f64::from(part.height),
        );
    Resizer::new().resize(&source, &mut target, &options).map_err(|error| wrong(&error))?;
    Pixels::new(result, pixels.layout(), target.into_vec()).ok_or_else(|| wrong(&"it has no pixels"))
}
