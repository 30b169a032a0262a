//! Colours as a browser expects them: sRGB.

use moxcms::{ColorProfile, DataColorSpace, Layout as Channels, TransformOptions};

use super::pixels::{Layout, Pixels};

/// The picture in sRGB. A profile that cannot be understood, or that does not suit the pixels, counts as none: without
/// one, RGB is taken as sRGB and CMYK is converted plainly.
pub(super) fn to_srgb(pixels: Pixels, profile: Option<&[u8]>) -> Pixels {
    profile.and_then(|profile| by_profile(&pixels, profile)).unwrap_or_else(|| plainly(pixels))
}

fn by_profile(pixels: &Pixels, profile: &[u8]) -> Option<Pixels> {
    let profile = ColorProfile::new_from_slice(profile).ok()?;
    let layout = if pixels.layout() == Layout::Rgba { Layout::Rgba } else { Layout::Rgb };
    let channels = |layout| if layout == Layout::Rgba { Channels::Rgba } else { Channels::Rgb };
    let (source, from) = match (profile.color_space, pixels.layout()) {
        (DataColorSpace::Rgb, Layout::Rgb | Layout::Rgba) => (None, channels(layout)),
        (DataColorSpace::Cmyk, Layout::Cmyk) => (None, Channels::Rgba),
        (DataColorSpace::Gray, Layout::Rgb) => (Some(grey(pixels, &[0])), Channels::Gray),
        (DataColorSpace::Gray, Layout::Rgba) => (Some(grey(pixels, &[0, 3])), Channels::GrayAlpha),
        _ => return None,
    };
    let transform = profile
        .create_transform_8bit(from, &ColorProfile::new_srgb(), channels(layout), TransformOptions::default())
        .ok()?;
    let mut data = vec![0; pixels.size().width as usize * pixels.size().height as usize * layout.channels()];
    transform.transform(source.as_deref().unwrap_or(pixels.data()), &mut data).ok()?;
    Pixels::new(pixels.size(), layout, data)
}

/// The given channels of each pixel of a picture whose colours are all grey.
fn grey(pixels: &Pixels, kept: &[usize]) -> Vec<u8> {
    pixels.data().chunks_exact(pixels.layout().channels()).flat_map(|pixel| kept.iter().map(|&at| pixel[at])).collect()
}

/// CMYK as inks that each take their part of the light.
fn plainly(pixels: Pixels) -> Pixels {
    if pixels.layout() != Layout::Cmyk {
        return pixels;
    }
    let light = |ink: u8, black: u8| {
        let product = u16::from(255 - ink) * u16::from(255 - black);
        u8::try_from((product + 127) / 255).unwrap_or(u8::MAX)
    };
    let (inks, _) = pixels.data().as_chunks::<4>();
    let data = inks.iter().flat_map(|&[c, m, y, k]| [light(c, k), light(m, k), light(y, k)]).collect();
    Pixels::new(pixels.size(), Layout::Rgb, data).unwrap_or(pixels)
}
