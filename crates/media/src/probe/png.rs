//! PNG, third edition, with its animations.

use reelshelf_domain::MediaType;

use super::{Cut, Source, Stop, exif, icc, picture, rounded, upright};
use crate::{Color, ImageMetadata, Metadata};

const CHUNKS: u32 = 65_536;
const SIGNATURE_BYTES: u64 = 8;
/// Size and name before a chunk's data, and a checksum behind it.
const AROUND: u64 = 12;

#[derive(Default)]
struct Found {
    alpha: bool,
    orientation: Option<u8>,
    profile: Option<String>,
    frames: Option<u32>,
    duration_ms: f64,
    timed: u32,
}

pub(super) fn read(source: &mut Source) -> Result<Metadata, Stop> {
    let header = source.array::<25>(SIGNATURE_BYTES)?;
    let mut header = Cut(&header);
    if header.array()? != *b"\0\0\0\x0DIHDR" {
        return Err(Stop::DAMAGED);
    }
    let (width, height, bit_depth) = (header.be32()?, header.be32()?, header.u8()?);
    let (color, has_alpha) = match header.u8()? {
        0 => (Color::Gray, false),
        2 => (Color::Rgb, false),
        3 => (Color::Palette, false),
        4 => (Color::Gray, true),
        6 => (Color::Rgb, true),
        _ => return Err(Stop::DAMAGED),
    };
    let found = chunks(source)?;
    let orientation = found.orientation.unwrap_or(1);
    let (width, height) = upright(width, height, orientation);
    let (alpha, frames) = (has_alpha || found.alpha, found.frames.unwrap_or(1));
    let profile = found.profile;
    let image = ImageMetadata { width, height, orientation, alpha, bit_depth, color, profile, frames };
    let mut metadata = picture(MediaType::Png, image)?;
    metadata.duration_ms = rounded(found.duration_ms).filter(|_| frames > 1);
    Ok(metadata)
}

/// Those before the pixels; of an animation all, since each frame tells its own time. What a file lacks at its end is
/// for the decoder to say.
fn chunks(source: &mut Source) -> Result<Found, Stop> {
    let mut found = Found::default();
    let mut at = SIGNATURE_BYTES + 25;
    for _ in 0..CHUNKS {
        if at.saturating_add(AROUND) > source.length() {
            return Ok(found);
        }
        let [a, b, c, d, name @ ..] = source.array::<8>(at)?;
        let size = u64::from(u32::from_be_bytes([a, b, c, d]));
        chunk(source, &mut found, name, (at + 8, size))?;
        let is_known = found.frames.is_none_or(|frames| frames <= found.timed);
        if &name == b"IEND" || (&name == b"IDAT" && is_known) {
            return Ok(found);
        }
        at += AROUND + size;
    }
    Err(Stop::Ask)
}

fn chunk(source: &mut Source, found: &mut Found, name: [u8; 4], (at, size): (u64, u64)) -> Result<(), Stop> {
    match &name {
        b"tRNS" => found.alpha = true,
        b"eXIf" => found.orientation = Some(exif::orientation(&source.start_of(at, size, 4096)?)),
        b"sRGB" => found.profile = found.profile.take().or_else(|| Some("sRGB".to_owned())),
        b"iCCP" => {
            let name = source.start_of(at, size, 80)?;
            let name = name.split(|byte| *byte == 0).next().unwrap_or_default();
            found.profile = icc::label(&String::from_utf8_lossy(name)).or_else(|| Some("ICC".to_owned()));
        }
        b"acTL" if size == 8 => {
            found.frames = Some(u32::from_be_bytes(source.array(at)?)).filter(|frames| *frames > 0);
        }
        b"fcTL" if size == 26 => {
            let [a, b, c, d] = source.array(at + 20)?;
            let (delay, parts) = (u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d]));
            found.duration_ms += 1000.0 * f64::from(delay) / f64::from(if parts == 0 { 100 } else { parts });
            found.timed += 1;
        }
        _ => {}
    }
    Ok(())
}
