//! Pixels become files. The quality of each format is fixed, so that equal orders give equal files.

use jpeg_encoder::{ColorType, Encoder as JpegEncoder, SamplingFactor};
use serde::{Deserialize, Serialize};

use super::pixels::{Layout, Pixels, Size};
use super::problem::PictureProblem;

/// Quality of thumbnails and other lossy WebP, 0 to 100.
pub(super) const WEBP_QUALITY: u8 = 78;
/// Quality of JPEG, 1 to 100.
const JPEG_QUALITY: u8 = 82;
/// Quality of AVIF, 1 to 100: about that of the others, as rav1e counts it.
const AVIF_QUALITY: f32 = 65.0;
/// Effort of AVIF, 1 to 10: the least, since somebody waits for the answer.
const AVIF_SPEED: u8 = 10;

/// The formats that are written.
#[derive(Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum PictureFormat {
    /// Lossy WebP, alpha kept.
    Webp,
    /// AVIF, alpha kept.
    Avif,
    /// Baseline JPEG; what is transparent becomes white.
    Jpeg,
    /// PNG, alpha kept.
    Png,
}

impl PictureFormat {
    /// The usual file extension.
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Webp => "webp",
            Self::Avif => "avif",
            Self::Jpeg => "jpg",
            Self::Png => "png",
        }
    }

    /// The media type.
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Webp => "image/webp",
            Self::Avif => "image/avif",
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
        }
    }
}

/// The picture as a file of the given format. CMYK is none of the layouts that can be written.
pub fn encode(pixels: &Pixels, format: PictureFormat) -> Result<Vec<u8>, PictureProblem> {
    if pixels.layout() == Layout::Cmyk {
        return Err(PictureProblem::encode(format.extension(), "its colours are inks"));
    }
    match format {
        PictureFormat::Webp => webp(pixels, WEBP_QUALITY),
        PictureFormat::Avif => avif(pixels),
        PictureFormat::Jpeg => jpeg(pixels),
        PictureFormat::Png => png(pixels),
    }
}

/// The picture as lossy WebP of the given quality, 0 to 100.
fn webp(pixels: &Pixels, quality: u8) -> Result<Vec<u8>, PictureProblem> {
    let Size { width, height } = pixels.size();
    let encoder = match pixels.layout() {
        Layout::Rgb => webp::Encoder::from_rgb(pixels.data(), width, height),
        Layout::Rgba => webp::Encoder::from_rgba(pixels.data(), width, height),
        Layout::Cmyk => return Err(PictureProblem::encode("WebP", "its colours are inks")),
    };
    let file = encoder
        .encode_simple(false, f32::from(quality.min(100)))
        .map_err(|error| PictureProblem::encode("WebP", format!("{error:?}")))?;
    Ok(file.to_vec())
}

fn jpeg(pixels: &Pixels) -> Result<Vec<u8>, PictureProblem> {
    let wrong = |reason: &dyn std::fmt::Display| PictureProblem::encode("JPEG", reason);
    let side = |side: u32| u16::try_from(side).map_err(|_| wrong(&"it is too large"));
    let (width, height) = (side(pixels.size().width)?, side(pixels.size().height)?);
    let mut bytes = Vec::new();
    let mut encoder = JpegEncoder::new(&mut bytes, JPEG_QUALITY);
    encoder.set_sampling_factor(SamplingFactor::F_2_2);
    let flat = on_white(pixels);
    encoder
        .encode(flat.as_deref().unwrap_or(pixels.data()), width, height, ColorType::Rgb)
        .map_err(|error| wrong(&error))?;
    Ok(bytes)
}

/// RGBA laid on white; `None` where there is no alpha.
fn on_white(pixels: &Pixels) -> Option<Vec<u8>> {
    if pixels.layout() != Layout::Rgba {
        return None;
    }
    let mix = |value: u8, alpha: u8| {
        let sum = u16::from(value) * u16::from(alpha) + 255 * u16::from(255 - alpha);
        u8::try_from((sum + 127) / 255).unwrap_or(u8::MAX)
    };
    let (data, _) = pixels.data().as_chunks::<4>();
    Some(data.iter().flat_map(|&[r, g, b, a]| [mix(r, a), mix(g, a), mix(b, a)]).collect())
}

fn png(pixels: &Pixels) -> Result<Vec<u8>, PictureProblem> {
    let wrong = |error: png::EncodingError| PictureProblem::encode("PNG", error);
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, pixels.size().width, pixels.size().height);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_color(if pixels.layout() == Layout::Rgba { png::ColorType::Rgba } else { png::ColorType::Rgb });
    encoder.set_compression(png::Compression::Balanced);
    let mut writer = encoder.write_header().map_err(wrong)?;
    writer.write_image_data(pixels.data()).map_err(wrong)?;
    writer.finish().map_err(wrong)?;
    Ok(bytes)
}

fn avif(pixels: &Pixels) -> Result<Vec<u8>, PictureProblem> {
    use rgb::FromSlice;
    let (width, height) = (pixels.size().width as usize, pixels.size().height as usize);
    let encoder = ravif::Encoder::new()
        .with_quality(AVIF_QUALITY)
        .with_alpha_quality(AVIF_QUALITY)
        .with_speed(AVIF_SPEED)
        .with_num_threads(Some(1));
    let result = if pixels.layout() == Layout::Rgba {
        encoder.encode_rgba(imgref::Img::new(pixels.data().as_rgba(), width, height))
    } else {
        encoder.encode_rgb(imgref::Img::new(pixels.data().as_rgb(), width, height))
    };
    result.map(|image| image.avif_file).map_err(|error| PictureProblem::encode("AVIF", error))
}
