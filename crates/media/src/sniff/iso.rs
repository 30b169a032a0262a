//! The family of QuickTime: boxes, and brands that say which relative it is.

use reelshelf_domain::MediaType;

use super::{HEAD_BYTES, be32, be64, is_text};

/// Walks the boxes before the one that decides. Files without brands are older than them: QuickTime.
pub(super) fn sniff(head: &[u8]) -> Option<MediaType> {
    let mut rest = head;
    loop {
        let Some(name) = rest.get(4..8) else {
            // The padding in front reaches beyond the head.
            return (rest.len() < head.len()).then_some(MediaType::Mov);
        };
        match name {
            b"ftyp" => return by_brands(rest),
            // Four letters in a text look just like these.
            _ if is_text(head) => return None,
            b"moov" | b"mdat" => return Some(MediaType::Mov),
            b"free" | b"skip" | b"wide" | b"pnot" => rest = rest.get(box_size(rest)?..).unwrap_or_default(),
            _ => return None,
        }
    }
}

/// At least the eight bytes of size and name.
fn box_size(bytes: &[u8]) -> Option<usize> {
    let size = match be32(bytes, 0)? {
        0 => u64::MAX,
        1 => be64(bytes, 8)?,
        size => u64::from(size),
    };
    (size >= 8).then(|| usize::try_from(size).unwrap_or(usize::MAX))
}

/// A size that no list of brands has means that this is not one.
fn by_brands(bytes: &[u8]) -> Option<MediaType> {
    let size = box_size(bytes).filter(|size| (16..=HEAD_BYTES).contains(size))?;
    let major = bytes.get(8..12)?;
    let compatible = bytes.get(16..bytes.len().min(size)).unwrap_or_default();
    let mut compatible = compatible.chunks_exact(4);
    if is_any_image(major) {
        return Some(compatible.find_map(image).unwrap_or(MediaType::Heic));
    }
    // Makers of cameras invent brands; what else the file claims to be then decides.
    image(major).or_else(|| other(major)).or_else(|| compatible.find_map(|brand| image(brand).or_else(|| other(brand))))
}

/// Brands of HEIF that leave the codec open.
fn is_any_image(brand: &[u8]) -> bool {
    matches!(brand, b"mif1" | b"mif2" | b"msf1" | b"miaf")
}

fn image(brand: &[u8]) -> Option<MediaType> {
    match brand {
        b"avif" | b"avis" => Some(MediaType::Avif),
        b"heic" | b"heix" | b"heim" | b"heis" | b"hevc" | b"hevx" | b"hevm" | b"hevs" => Some(MediaType::Heic),
        _ => None,
    }
}

fn other(brand: &[u8]) -> Option<MediaType> {
    match brand {
        b"qt  " => Some(MediaType::Mov),
        b"M4A " | b"M4B " | b"M4P " | b"F4A " | b"F4B " => Some(MediaType::M4a),
        // Relatives of JPEG and raw photographs, which claim to be compatible with films.
        b"crx " | b"jp2 " | b"jpx " | b"jpm " | b"jxl " => Some(MediaType::Other),
        b"avc1" | b"av01" | b"hvc1" | b"dash" | b"piff" | b"isml" | b"ismv" | b"mmp4" | b"MSNV" | b"XAVC" | b"F4V "
        | b"F4P " => Some(MediaType::Mp4),
        _ if [b"iso", b"mp4", b"mp7", b"M4V", b"cmf", b"NDS", b"NDX", b"3gp", b"3g2", b"3ge", b"3gg"]
            .iter()
            .any(|family| brand.starts_with(*family)) =>
        {
            Some(MediaType::Mp4)
        }
        _ => None,
    }
}
