//! JPEG, shrunk by its DCT while it is decoded: a baseline picture never stands in memory at full size.

mod baseline;
mod bits;
mod block;
mod header;
mod huffman;

use std::io::Seek;

use jpeg_decoder::{CodingProcess, Decoder, Error, PixelFormat};

use super::{About, Reader, Still, Task};
use crate::picture::exif;
use crate::picture::orientation::Orientation;
use crate::picture::pixels::{Layout, Pixels, Size};
use crate::picture::problem::{PictureKind, PictureProblem};

const KIND: PictureKind = PictureKind::Jpeg;

pub(super) fn decode(mut reader: Reader, task: &Task<'_>) -> Result<Still, PictureProblem> {
    let mut decoder = Decoder::new(&mut reader);
    decoder.read_info().map_err(problem)?;
    let info = decoder.info().ok_or_else(|| PictureProblem::broken(KIND, "it has no frame"))?;
    let full = Size::new(info.width.into(), info.height.into());
    task.limits.check_size(full, KIND)?;
    let scale = scale(task.order.room(full));
    let channels = info.pixel_format.pixel_bytes() as u64;
    // Planes and the result, and all coefficients (16 bit) of a picture that comes in passes.
    let shrunk = full.pixels() / u64::from(scale * scale) * channels * 2;
    let coefficients = match info.coding_process {
        CodingProcess::DctProgressive => full.pixels() * channels * 2,
        CodingProcess::DctSequential | CodingProcess::Lossless => 0,
    };
    task.limits.check_memory(shrunk + coefficients)?;
    if info.coding_process == CodingProcess::DctSequential && scale > 1 {
        let (orientation, profile) = metadata(&decoder, task)?;
        drop(decoder);
        reader.rewind().map_err(PictureProblem::Input)?;
        if let Some(pixels) = baseline::decode(&mut reader, full, scale) {
            return Ok(Still { about: About { kind: Some(KIND), full, orientation, profile }, pixels });
        }
        reader.rewind().map_err(PictureProblem::Input)?;
        decoder = Decoder::new(&mut reader);
    }
    decode_any(decoder, full, scale, task)
}

/// Of the metadata that were read so far.
fn metadata<R: std::io::Read>(
    decoder: &Decoder<R>,
    task: &Task<'_>,
) -> Result<(Orientation, Option<Vec<u8>>), PictureProblem> {
    let profile = decoder.icc_profile();
    task.limits.check_metadata("colour profile", profile.as_ref().map_or(0, Vec::len))?;
    Ok((decoder.exif_data().map(exif::orientation).unwrap_or_default(), profile))
}

/// Whatever JPEG it is, with the general decoder.
fn decode_any<R: std::io::Read>(
    mut decoder: Decoder<R>,
    full: Size,
    scale: u32,
    task: &Task<'_>,
) -> Result<Still, PictureProblem> {
    if scale > 1 {
        let shrunk = |side: u32| u16::try_from(side.div_ceil(scale)).unwrap_or(u16::MAX);
        decoder.scale(shrunk(full.width), shrunk(full.height)).map_err(problem)?;
    }
    let data = decoder.decode().map_err(problem)?;
    let info = decoder.info().ok_or_else(|| PictureProblem::broken(KIND, "it has no frame"))?;
    let size = Size::new(info.width.into(), info.height.into());
    let (orientation, profile) = metadata(&decoder, task)?;
    let pixels = pixels(size, info.pixel_format, data)?;
    Ok(Still { about: About { kind: Some(KIND), full, orientation, profile }, pixels })
}

/// The largest scale of the DCT (1, 2, 4 or 8) that leaves half as many pixels again, across and down, as are needed:
/// shrinking by the DCT alone is sharper than it should be, and with less to resize that would be seen (12 dB on a
/// picture of 6,000 pixels that becomes one of 640).
fn scale(room: u32) -> u32 {
    match room - room.div_ceil(3) {
        0 | 1 => 1,
        2 | 3 => 2,
        4..=7 => 4,
        _ => 8,
    }
}

fn pixels(size: Size, format: PixelFormat, data: Vec<u8>) -> Result<Pixels, PictureProblem> {
    let grey = |value: u8| [value; 3];
    let (layout, data) = match format {
        PixelFormat::RGB24 => (Layout::Rgb, data),
        PixelFormat::L8 => (Layout::Rgb, data.into_iter().flat_map(grey).collect()),
        // 16-bit samples in the machine's order; their upper half is kept.
        PixelFormat::L16 => {
            let (samples, _) = data.as_chunks::<2>();
            let upper = |&sample: &[u8; 2]| grey(u16::from_ne_bytes(sample).to_be_bytes()[0]);
            (Layout::Rgb, samples.iter().flat_map(upper).collect())
        }
        PixelFormat::CMYK32 => (Layout::Cmyk, data),
    };
    Pixels::new(size, layout, data).ok_or_else(|| PictureProblem::broken(KIND, "pixels are missing"))
}

fn problem(error: Error) -> PictureProblem {
    match error {
        Error::Io(error) => PictureProblem::read(KIND, error),
        Error::Unsupported(feature) => PictureProblem::unsupported(KIND, format!("{feature:?}")),
        error => PictureProblem::broken(KIND, error),
    }
}
