//! WebP (RFC 9649): a RIFF of one picture, or of many.

use reelshelf_domain::MediaType;

use super::{Cut, Source, Stop, exif, icc, picture, upright};
use crate::{Color, ImageMetadata, Metadata};

const CHUNKS: u32 = 65_536;
const ANIMATED: u8 = 0x02;
const HAS_EXIF: u8 = 0x08;
const HAS_ALPHA: u8 = 0x10;

#[derive(Default)]
struct Found {
    orientation: Option<u8>,
    profile: Option<String>,
    frames: u32,
    duration_ms: u64,
}

pub(super) fn read(source: &mut Source) -> Result<Metadata, Stop> {
    let head = source.start_of(12, 26, 26)?;
    let mut header = Cut(&head);
    let (name, _size) = (header.array::<4>()?, header.le32()?);
    let mut found = Found::default();
    let (width, height, alpha) = match &name {
        b"VP8 " => {
            let (width, height) = lossy(header)?;
            (width, height, false)
        }
        b"VP8L" => lossless(header)?,
        b"VP8X" => {
            let [flags, ..] = header.array::<4>()?;
            found = chunks(source, flags)?;
            (header.le24()? + 1, header.le24()? + 1, flags & HAS_ALPHA != 0)
        }
        _ => return Err(Stop::DAMAGED),
    };
    let orientation = found.orientation.unwrap_or(1);
    let (width, height) = upright(width, height, orientation);
    let (bit_depth, color, profile, frames) = (8, Color::Rgb, found.profile, found.frames.max(1));
    let image = ImageMetadata { width, height, orientation, alpha, bit_depth, color, profile, frames };
    let mut metadata = picture(MediaType::Webp, image)?;
    metadata.duration_ms = (frames > 1).then_some(found.duration_ms);
    Ok(metadata)
}

/// A key frame of VP8 (RFC 6386, 9.1).
fn lossy(mut header: Cut) -> Result<(u32, u32), Stop> {
    header.skip(3)?;
    if header.array()? != [0x9D, 0x01, 0x2A] {
        return Err(Stop::DAMAGED);
    }
    Ok((u32::from(header.le16()? & 0x3FFF), u32::from(header.le16()? & 0x3FFF)))
}

/// Fourteen bits each, less one, and then whether it may be transparent.
fn lossless(mut header: Cut) -> Result<(u32, u32, bool), Stop> {
    if header.u8()? != 0x2F {
        return Err(Stop::DAMAGED);
    }
    let bits = header.le32()?;
    Ok(((bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1, bits >> 28 & 1 == 1))
}

/// All chunks of a file that has more than pixels; the orientation may come last.
fn chunks(source: &mut Source, flags: u8) -> Result<Found, Stop> {
    let mut found = Found::default();
    let mut at = 30;
    for _ in 0..CHUNKS {
        if at + 8 > source.length() {
            return Ok(found);
        }
        let [a, b, c, d, size @ ..] = source.array::<8>(at)?;
        let size = u64::from(u32::from_le_bytes(size));
        let data = at + 8;
        match &[a, b, c, d] {
            b"ICCP" => found.profile = Some(icc::name(&source.start_of(data, size, 16 * 1024)?)),
            b"EXIF" => found.orientation = Some(exif::orientation(&source.start_of(data, size, 4096)?)),
            b"ANMF" if flags & ANIMATED != 0 && data + 16 <= source.length() => {
                found.frames = found.frames.saturating_add(1);
                found.duration_ms += u64::from(Cut(&source.array::<3>(data + 12)?).le24()?);
            }
            b"VP8 " | b"VP8L" if flags & HAS_EXIF == 0 => return Ok(found),
            _ => {}
        }
        at = data + size + size % 2;
    }
    Err(Stop::Ask)
}
