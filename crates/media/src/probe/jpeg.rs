//! JPEG (ITU-T T.81, annex B) with the segments of EXIF and ICC.

use reelshelf_domain::MediaType;

use super::{Cut, Source, Stop, exif, icc, picture, upright};
use crate::{Color, ImageMetadata, Metadata};

const SEGMENTS: u32 = 4096;

#[derive(Default)]
struct Found {
    orientation: Option<u8>,
    profile: Option<String>,
}

pub(super) fn read(source: &mut Source) -> Result<Metadata, Stop> {
    let mut found = Found::default();
    let mut at = 2;
    for _ in 0..SEGMENTS {
        let [mark, marker] = source.array(at)?;
        // Rubbish between segments, which decoders skip.
        if mark != 0xFF {
            return Err(Stop::Ask);
        }
        match marker {
            // Padding, and markers without a segment.
            0xFF => at += 1,
            0x01 | 0xD0..=0xD8 => at += 2,
            0xC0..=0xC3 | 0xC5..=0xC7 | 0xC9..=0xCB | 0xCD..=0xCF => return frame(source, at + 4, found),
            // The pixels, or the end, before the size.
            0xD9 | 0xDA => return Err(Stop::DAMAGED),
            _ => {
                let size = u64::from(u16::from_be_bytes(source.array(at + 2)?));
                let size = size.checked_sub(2).ok_or(Stop::DAMAGED)?;
                segment(source, &mut found, marker, (at + 4, size))?;
                at += 4 + size;
            }
        }
    }
    Err(Stop::Ask)
}

fn segment(source: &mut Source, found: &mut Found, marker: u8, (at, size): (u64, u64)) -> Result<(), Stop> {
    const EXIF: &[u8] = b"Exif\0\0";
    const ICC: &[u8] = b"ICC_PROFILE\0\x01";
    match marker {
        0xE1 if found.orientation.is_none() && source.start_of(at, size, EXIF.len())? == EXIF => {
            // The first directory lies in front; thumbnails and maker notes follow.
            found.orientation = Some(exif::orientation(&source.start_of(at, size, 4096)?));
        }
        0xE2 if found.profile.is_none() && source.start_of(at, size, ICC.len())? == ICC => {
            let head = ICC.len() as u64 + 1;
            let profile = source.start_of(at + head, size.saturating_sub(head), 16 * 1024)?;
            found.profile = Some(icc::name(&profile));
        }
        _ => {}
    }
    Ok(())
}

fn frame(source: &mut Source, at: u64, found: Found) -> Result<Metadata, Stop> {
    let header = source.array::<6>(at)?;
    let mut header = Cut(&header);
    let (bit_depth, height, width) = (header.u8()?, u32::from(header.be16()?), u32::from(header.be16()?));
    let color = match header.u8()? {
        1 => Color::Gray,
        3 => Color::Rgb,
        4 => Color::Cmyk,
        0 => return Err(Stop::DAMAGED),
        _ => Color::Other,
    };
    // A height that is told only behind the first scan.
    if height == 0 {
        return Err(Stop::Ask);
    }
    let orientation = found.orientation.unwrap_or(1);
    let (width, height) = upright(width, height, orientation);
    let (profile, alpha, frames) = (found.profile, false, 1);
    picture(MediaType::Jpeg, ImageMetadata { width, height, orientation, alpha, bit_depth, color, profile, frames })
}
