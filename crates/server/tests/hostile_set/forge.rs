//! The pieces that files are put together of.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::ZlibEncoder;

/// Parts one after the other.
macro_rules! bytes {
    ($($part:expr),+ $(,)?) => { [$(AsRef::<[u8]>::as_ref(&$part)),+].concat() };
}
pub(super) use bytes;

/// A length as headers tell it.
pub(super) fn length(bytes: &[u8]) -> u32 {
    u32::try_from(bytes.len()).unwrap_or(u32::MAX)
}

pub(super) fn png_chunk(name: [u8; 4], content: &[u8]) -> Vec<u8> {
    let named = bytes!(name, content);
    bytes!(length(content).to_be_bytes(), named, crc32fast::hash(&named).to_be_bytes())
}

pub(super) fn png(width: u32, height: u32, colour: u8, chunks: &[Vec<u8>]) -> Vec<u8> {
    let header = bytes!(width.to_be_bytes(), height.to_be_bytes(), [8, colour, 0, 0, 0]);
    bytes!(b"\x89PNG\r\n\x1a\n", png_chunk(*b"IHDR", &header), chunks.concat(), png_chunk(*b"IEND", &[]))
}

pub(super) fn riff_chunk(name: [u8; 4], content: &[u8]) -> Vec<u8> {
    let padding: &[u8] = if content.len() % 2 == 1 { &[0] } else { &[] };
    bytes!(name, length(content).to_le_bytes(), content, padding)
}

pub(super) fn iso_box(name: [u8; 4], content: &[u8]) -> Vec<u8> {
    bytes!((length(content) + 8).to_be_bytes(), name, content)
}

/// So many zeros, compressed: a thousandth of them.
pub(super) fn deflated_zeros(mebibytes: usize) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    let zeros = vec![0; 1 << 20];
    for _ in 0..mebibytes {
        // It writes to memory.
        drop(encoder.write_all(&zeros));
    }
    encoder.finish().unwrap_or_default()
}

/// A TIFF with these entries (tag, type, count, value), little-endian, and data behind the directory.
pub(super) fn tiff(entries: &[(u16, u16, u32, u32)], next: u32, data: &[u8]) -> Vec<u8> {
    let count = u16::try_from(entries.len()).unwrap_or(u16::MAX);
    let entry = |&(tag, kind, count, value): &(u16, u16, u32, u32)| {
        bytes!(tag.to_le_bytes(), kind.to_le_bytes(), count.to_le_bytes(), value.to_le_bytes())
    };
    let entries: Vec<_> = entries.iter().map(entry).collect();
    bytes!(b"II*\0\x08\0\0\0", count.to_le_bytes(), entries.concat(), next.to_le_bytes(), data)
}

/// The file with other bytes behind each place where these stand, so far behind their beginning.
pub(super) fn patched(file: &[u8], name: &[u8], behind: usize, bytes: &[u8]) -> Vec<u8> {
    let mut file = file.to_vec();
    let places: Vec<_> = file.windows(name.len()).enumerate().filter(|(_, found)| *found == name).collect();
    let places: Vec<_> = places.into_iter().map(|(place, _)| place + behind).collect();
    for place in places {
        file.iter_mut().skip(place).zip(bytes).for_each(|(old, new)| *old = *new);
    }
    file
}
