//! Small files by hand, of kinds that no tool at hand writes.

use reelshelf_domain::MediaType;

use crate::{Metadata, Probe, probe};

/// Parts one after the other.
macro_rules! bytes {
    ($($part:expr),+ $(,)?) => { [$(AsRef::<[u8]>::as_ref(&$part)),+].concat() };
}
pub(super) use bytes;

pub(super) fn probed(bytes: &[u8], media_type: MediaType) -> Probe {
    let bytes = bytes.to_vec();
    let length = bytes.len() as u64;
    probe(&bytes, length, media_type).unwrap()
}

pub(super) fn known(bytes: &[u8], media_type: MediaType) -> Metadata {
    match probed(bytes, media_type) {
        Probe::Known(metadata) => *metadata,
        other => panic!("{other:?}"),
    }
}

pub(super) fn mp4_box(name: [u8; 4], data: impl AsRef<[u8]>) -> Vec<u8> {
    let data = data.as_ref();
    bytes!((u32::try_from(data.len()).unwrap() + 8).to_be_bytes(), name, data)
}

pub(super) fn png_chunk(name: [u8; 4], data: impl AsRef<[u8]>) -> Vec<u8> {
    let data = data.as_ref();
    bytes!(u32::try_from(data.len()).unwrap().to_be_bytes(), name, data, [0; 4])
}

pub(super) fn png_head(width: u32, height: u32) -> Vec<u8> {
    let header = bytes!(width.to_be_bytes(), height.to_be_bytes(), [8, 2, 0, 0, 0]);
    bytes!(b"\x89PNG\r\n\x1A\n", png_chunk(*b"IHDR", header))
}

pub(super) fn riff_chunk(name: [u8; 4], data: impl AsRef<[u8]>) -> Vec<u8> {
    let data = data.as_ref();
    let padding: &[u8] = if data.len() % 2 == 1 { &[0] } else { &[] };
    bytes!(name, u32::try_from(data.len()).unwrap().to_le_bytes(), data, padding)
}

pub(super) fn webp(chunks: impl AsRef<[u8]>) -> Vec<u8> {
    riff_chunk(*b"RIFF", bytes!(b"WEBP", chunks))
}

/// The header of a WebP that has more than pixels: its flags and its size.
pub(super) fn webp_head(flags: u8, width: u32, height: u32) -> Vec<u8> {
    let (width, height) = ((width - 1).to_le_bytes(), (height - 1).to_le_bytes());
    riff_chunk(*b"VP8X", bytes!([flags, 0, 0, 0], width[..3], height[..3]))
}

/// A profile of which only the name is there, in the writing of version 2 or 4.
pub(super) fn profile(name: &str, is_new: bool) -> Vec<u8> {
    let size = |bytes: &[u8]| u32::try_from(bytes.len()).unwrap().to_be_bytes();
    let text = if is_new {
        let utf16: Vec<u8> = name.encode_utf16().flat_map(u16::to_be_bytes).collect();
        bytes!(b"mluc\0\0\0\0\0\0\0\x01\0\0\0\x0CenUS", size(&utf16), 28_u32.to_be_bytes(), utf16)
    } else {
        bytes!(b"desc\0\0\0\0", (u32::try_from(name.len()).unwrap() + 1).to_be_bytes(), name, b"\0")
    };
    bytes!([0; 128], 1_u32.to_be_bytes(), b"desc", 144_u32.to_be_bytes(), size(&text), text)
}
