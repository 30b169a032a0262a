//! Pictures outside of the containers.

use reelshelf_domain::MediaType;

use super::{be32, le16, le32};

pub(super) fn sniff(head: &[u8]) -> Option<MediaType> {
    if head.starts_with(b"\x89PNG\r\n\x1A\n") {
        Some(MediaType::Png)
    } else if head.starts_with(b"\xFF\xD8\xFF") {
        Some(MediaType::Jpeg)
    } else if head.starts_with(b"GIF87a") || head.starts_with(b"GIF89a") {
        Some(MediaType::Gif)
    } else if is_bmp(head) == Some(true) {
        Some(MediaType::Bmp)
    } else if is_tiff(head) == Some(true) {
        Some(MediaType::Tiff)
    } else {
        None
    }
}

/// Two letters are too little to go by, so the header must have one of the known sizes, a single plane, and a number of
/// bits per pixel that exists. Zero bits stand for an embedded JPEG or PNG.
fn is_bmp(head: &[u8]) -> Option<bool> {
    if !head.starts_with(b"BM") {
        return Some(false);
    }
    let header = le32(head, 14)?;
    let (planes, bits) = match header {
        12 => (le16(head, 22)?, le16(head, 24)?),
        16 | 40 | 52 | 56 | 64 | 108 | 124 => (le16(head, 26)?, le16(head, 28)?),
        _ => return Some(false),
    };
    let pixels = le32(head, 10)?;
    Some(planes == 1 && matches!(bits, 0 | 1 | 2 | 4 | 8 | 16 | 24 | 32) && pixels >= 14 + header)
}

/// Both byte orders, each with 32 and with 64 bit offsets. The first directory cannot lie within the header.
fn is_tiff(head: &[u8]) -> Option<bool> {
    Some(match head.first_chunk()? {
        b"II\x2A\0" => le32(head, 4)? >= 8,
        b"MM\0\x2A" => be32(head, 4)? >= 8,
        b"II\x2B\0" => head.get(4..8)? == b"\x08\0\0\0",
        b"MM\0\x2B" => head.get(4..8)? == b"\0\x08\0\0",
        _ => false,
    })
}
