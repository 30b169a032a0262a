//! Directories of TIFF 6.0, as TIFF files and EXIF blocks have them.

use super::{Cut, Stop};

const ORIENTATION: u16 = 0x0112;
const ENTRIES: u16 = 512;

/// The byte order that the first two bytes tell.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Order {
    Little,
    Big,
}

impl Order {
    pub(super) fn of(mark: &[u8]) -> Option<Self> {
        match mark.get(..2)? {
            b"II" => Some(Self::Little),
            b"MM" => Some(Self::Big),
            _ => None,
        }
    }

    pub(super) fn u16(self, cut: &mut Cut) -> Result<u16, Stop> {
        if self == Self::Little { cut.le16() } else { cut.be16() }
    }

    pub(super) fn u32(self, cut: &mut Cut) -> Result<u32, Stop> {
        if self == Self::Little { cut.le32() } else { cut.be32() }
    }

    pub(super) fn u64(self, cut: &mut Cut) -> Result<u64, Stop> {
        if self == Self::Little { cut.le64() } else { cut.be64() }
    }
}

/// How the pixels of a picture with this EXIF block must be turned, 1 (not at all) when it does not say.
pub(super) fn orientation(block: &[u8]) -> u8 {
    let block = block.strip_prefix(b"Exif\0\0").unwrap_or(block);
    directory(block).ok().flatten().unwrap_or(1)
}

fn directory(block: &[u8]) -> Result<Option<u8>, Stop> {
    let Some(order) = Order::of(block) else { return Ok(None) };
    let mut header = Cut(block);
    header.skip(4)?;
    let at = order.u32(&mut header)? as usize;
    let mut entries = Cut(block.get(at..).ok_or(Stop::DAMAGED)?);
    for _ in 0..order.u16(&mut entries)?.min(ENTRIES) {
        let mut entry = Cut(entries.take(12)?);
        if order.u16(&mut entry)? == ORIENTATION {
            entry.skip(6)?;
            return Ok(valid(u64::from(order.u16(&mut entry)?)));
        }
    }
    Ok(None)
}

/// One of the eight that exist.
pub(super) fn valid(orientation: u64) -> Option<u8> {
    u8::try_from(orientation).ok().filter(|orientation| (1..=8).contains(orientation))
}
