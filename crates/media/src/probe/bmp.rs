//! Windows bitmaps, by the size of their headers.

use reelshelf_domain::MediaType;

use super::{Cut, Source, Stop, picture};
use crate::{Color, ImageMetadata, Metadata};

const WITH_MASKS: u32 = 56;
const BIT_FIELDS: u32 = 3;

pub(super) fn read(source: &mut Source) -> Result<Metadata, Stop> {
    let head = source.start_of(14, 64, 64)?;
    let mut header = Cut(&head);
    let size = header.le32()?;
    let (width, height, bits) = if size == 12 {
        let (width, height) = (header.le16()?.into(), header.le16()?.into());
        header.skip(2)?;
        (width, height, header.le16()?)
    } else if !matches!(size, 16 | 40 | 52 | 56 | 64 | 108 | 124) {
        return Err(Stop::DAMAGED);
    } else {
        // Negative heights are those of pictures that begin at the top.
        let (width, height) = (header.le32()?, header.le32()?.cast_signed().unsigned_abs());
        header.skip(2)?;
        (width, height, header.le16()?)
    };
    if width > i32::MAX as u32 {
        return Err(Stop::DAMAGED);
    }
    let is_masked = size >= WITH_MASKS && header.le32()? == BIT_FIELDS;
    let alpha = is_masked && head.get(52..56).is_some_and(|mask| mask != [0; 4]);
    let color = if matches!(bits, 1..=8) { Color::Palette } else { Color::Rgb };
    let bit_depth = if bits == 16 { 5 } else { 8 };
    let (orientation, profile, frames) = (1, None, 1);
    picture(MediaType::Bmp, ImageMetadata { width, height, orientation, alpha, bit_depth, color, profile, frames })
}
