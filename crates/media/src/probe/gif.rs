//! GIF 89a.

use reelshelf_domain::MediaType;

use super::{Broken, Source, Stop, picture};
use crate::{Color, ImageMetadata, Metadata};

/// Hundredths of a second below which players show a frame for a tenth instead.
const LEAST_DELAY: u16 = 2;
const USUAL_DELAY: u16 = 10;

#[derive(Default)]
struct Found {
    frames: u32,
    alpha: bool,
    delays: u64,
    delay: u16,
}

pub(super) fn read(source: &mut Source) -> Result<Metadata, Stop> {
    let [a, b, c, d, flags, _, _] = source.array::<7>(6)?;
    let (width, height) = (u16::from_le_bytes([a, b]).into(), u16::from_le_bytes([c, d]).into());
    let found = blocks(source, 13 + table_bytes(flags))?;
    if found.frames == 0 {
        return Err(Stop::Broken(Broken::Empty));
    }
    let (orientation, bit_depth, color, profile) = (1, 8, Color::Palette, None);
    let (alpha, frames) = (found.alpha, found.frames);
    let image = ImageMetadata { width, height, orientation, alpha, bit_depth, color, profile, frames };
    let mut metadata = picture(MediaType::Gif, image)?;
    metadata.duration_ms = (frames > 1).then_some(found.delays * 10);
    Ok(metadata)
}

/// A colour table's, by the flags that stand before it.
fn table_bytes(flags: u8) -> u64 {
    if flags & 0x80 == 0 { 0 } else { 3 << ((flags & 7) + 1) }
}

/// All blocks to the end: a frame's place is known only by walking through those before it.
fn blocks(source: &mut Source, mut at: u64) -> Result<Found, Stop> {
    let mut found = Found::default();
    while at < source.length() {
        match source.array::<1>(at)? {
            [0x2C] if at + 10 <= source.length() => {
                let [flags] = source.array(at + 9)?;
                found.frames = found.frames.saturating_add(1);
                let delay = if found.delay < LEAST_DELAY { USUAL_DELAY } else { found.delay };
                found.delays += u64::from(delay);
                found.delay = 0;
                at = sub_blocks(source, at + 11 + table_bytes(flags))?;
            }
            [0x21] if at + 8 <= source.length() => {
                if let [0xF9, 4, flags, a, b] = source.array(at + 1)? {
                    found.alpha |= flags & 1 == 1;
                    found.delay = u16::from_le_bytes([a, b]);
                }
                at = sub_blocks(source, at + 2)?;
            }
            // The trailer, or whatever a broken file has in its place.
            _ => break,
        }
    }
    Ok(found)
}

/// What follows the sub-blocks at this place, or the end of a file that is cut short.
fn sub_blocks(source: &mut Source, mut at: u64) -> Result<u64, Stop> {
    while at < source.length() {
        let [size] = source.array(at)?;
        at += 1 + u64::from(size);
        if size == 0 {
            return Ok(at);
        }
    }
    Ok(source.length())
}
