//! The one thing that EXIF data are asked for here: the orientation.

use super::orientation::Orientation;

/// EXIF tag of the orientation (CIPA DC-008, 4.6.5.1.1).
const ORIENTATION: u16 = 0x0112;

/// The orientation that EXIF data give: a TIFF header and its first directory, with or without `Exif\0\0` before it.
/// Anything that cannot be understood is upright.
pub(super) fn orientation(exif: &[u8]) -> Orientation {
    find(exif.strip_prefix(b"Exif\0\0").unwrap_or(exif)).map_or(Orientation::Upright, Orientation::from_exif)
}

fn find(tiff: &[u8]) -> Option<u16> {
    let is_big_endian = match tiff.get(..4)? {
        b"II*\0" => false,
        b"MM\0*" => true,
        _ => return None,
    };
    let short = |at: usize| {
        let bytes: [u8; 2] = tiff.get(at..at.checked_add(2)?)?.try_into().ok()?;
        Some(if is_big_endian { u16::from_be_bytes(bytes) } else { u16::from_le_bytes(bytes) })
    };
    let long = |at: usize| {
        let bytes: [u8; 4] = tiff.get(at..at.checked_add(4)?)?.try_into().ok()?;
        Some(if is_big_endian { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) })
    };
    let directory = long(4)? as usize;
    let entries = usize::from(short(directory)?);
    let mut entry = directory.checked_add(2)?;
    for _ in 0..entries {
        if short(entry)? == ORIENTATION {
            return short(entry.checked_add(8)?);
        }
        entry = entry.checked_add(12)?;
    }
    None
}
