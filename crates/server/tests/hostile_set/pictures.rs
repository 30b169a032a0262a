//! Pictures that are small as files and would be huge in memory, or take for ever.

use std::slice::from_ref;

use super::forge::{bytes, deflated_zeros, iso_box, length, png, png_chunk, riff_chunk, tiff};
use super::{Hostile, hostile};

const MOST: u32 = i32::MAX as u32;
const SHORT: u32 = 65_535;
const MANY: usize = 1_000_000;

/// Those that are made and sent in no time.
pub(super) fn bombs() -> Vec<Hostile> {
    let empty = png_chunk(*b"IDAT", b"\x78\x9c\x03\x00\x00\x00\x00\x01");
    let mut files = Vec::new();
    for (word, side) in [("most", MOST), ("short", SHORT), ("limit", 10_000)] {
        files.extend([
            hostile(format!("{word}.png"), png(side, side, 6, from_ref(&empty))),
            hostile(format!("{word}.bmp"), bmp(side)),
            hostile(format!("{word}.tiff"), tiff(&grey(side), 0, &[])),
            hostile(format!("{word}.webp"), webp(side)),
            hostile(format!("{word}.avif"), heif(side, *b"avif")),
            hostile(format!("{word}.heic"), heif(side, *b"heic")),
        ]);
    }
    for side in [u16::MAX, 10_000] {
        files.push(hostile(format!("{side}.jpg"), jpeg(side, 0xC0)));
        files.push(hostile(format!("{side}-progressive.jpg"), jpeg(side, 0xC2)));
        files.push(hostile(format!("{side}.gif"), gif(side, 1)));
    }
    files.extend(metadata(&empty));
    let claims = png_chunk(*b"acTL", &bytes!(u32::MAX.to_be_bytes(), [0; 4]));
    files.push(hostile("claimed-frames.apng", png(8, 8, 6, &[claims, empty])));
    let looped = tiff(&grey(8), 8, &[]);
    files.push(hostile("loop.tiff", looped));
    let counts = [(256, 4, u32::MAX, 8), (273, 4, u32::MAX, 8), (279, 4, u32::MAX, 8), (34_675, 7, u32::MAX, 8)];
    files.push(hostile("counts.tiff", tiff(&counts, 0, &[])));
    files
}

/// Megabytes each.
pub(super) fn large_bombs() -> Vec<Hostile> {
    let dot = riff_chunk(*b"ANMF", &bytes!([0; 16], riff_chunk(*b"VP8 ", &[0; 10])));
    let animated = bytes!(vp8x(2, 8), riff_chunk(*b"ANIM", &[0; 6]), dot.repeat(MANY / 4));
    // All of its pixels are there, and each of them is black.
    let rows = png_chunk(*b"IDAT", &deflated_zeros(10_000 * 40_001 / (1 << 20) + 1));
    vec![
        hostile("frames.gif", gif(1, MANY)),
        hostile("wide-frames.gif", gif(2000, 400)),
        hostile("frames.webp", riff_chunk(*b"RIFF", &bytes!(b"WEBP", animated))),
        hostile("black.png", png(10_000, 10_000, 6, &[rows])),
    ]
}

/// What stands beside the pixels, and would be huge once it is unpacked.
fn metadata(pixels: &[u8]) -> Vec<Hostile> {
    let zeros = deflated_zeros(64);
    let with = |chunk: Vec<u8>| png(8, 8, 6, &[chunk, pixels.to_vec()]);
    let segment = bytes!(b"\xFF\xE2\xFF\xFFICC_PROFILE\0\x01\xFF", vec![0; 65_519]);
    vec![
        hostile("profile.png", with(png_chunk(*b"iCCP", &bytes!(b"p\0\0", zeros)))),
        hostile("text.png", with(png_chunk(*b"zTXt", &bytes!(b"Comment\0\0", zeros)))),
        hostile("words.png", with(png_chunk(*b"iTXt", &bytes!(b"Comment\0\x01\0\0\0", zeros)))),
        hostile("texts.png", with(png_chunk(*b"tEXt", b"a\0b").repeat(20_000))),
        hostile("profile.jpg", bytes!(b"\xFF\xD8", segment.repeat(40), &jpeg(8, 0xC0)[2..])),
        hostile("exif.jpg", bytes!(b"\xFF\xD8\xFF\xE1\xFF\xFFExif\0\0MM\0*\xFF\xFF\xFF\xF0", vec![0xFF; 65_519])),
        hostile("strip.tiff", tiff(&deflated(&zeros), 0, &zeros)),
    ]
}

fn grey(side: u32) -> [(u16, u16, u32, u32); 9] {
    [
        (256, 4, 1, side),
        (257, 4, 1, side),
        (258, 3, 1, 8),
        (259, 3, 1, 1),
        (262, 3, 1, 1),
        (273, 4, 1, 8),
        (277, 3, 1, 1),
        (278, 4, 1, side),
        (279, 4, 1, u32::MAX),
    ]
}

/// A strip that unpacks to far more than its rows.
fn deflated(strip: &[u8]) -> [(u16, u16, u32, u32); 9] {
    let mut entries = grey(64);
    entries[3].3 = 8;
    entries[5].3 = 8 + 2 + 9 * 12 + 4;
    entries[8].3 = length(strip);
    entries
}

fn bmp(side: u32) -> Vec<u8> {
    let header = [40, side, side, 1 | (24 << 16), 0, 0, 0, 0, 0, 0].map(u32::to_le_bytes).concat();
    bytes!(b"BM\0\0\0\0\0\0\0\0\x36\0\0\0", header)
}

fn vp8x(flags: u8, side: u32) -> Vec<u8> {
    let side = (side.min(1 << 24) - 1).to_le_bytes();
    riff_chunk(*b"VP8X", &bytes!([flags, 0, 0, 0], side[..3], side[..3]))
}

fn webp(side: u32) -> Vec<u8> {
    riff_chunk(*b"RIFF", &bytes!(b"WEBP", vp8x(0, side), riff_chunk(*b"VP8 ", &[0; 10])))
}

/// Every table, and a scan without anything in it.
fn jpeg(side: u16, frame: u8) -> Vec<u8> {
    let side = side.to_be_bytes();
    let table = |class: u8| bytes!(b"\xFF\xC4\0\x14", [class, 1], [0; 15], [0]);
    bytes!(
        b"\xFF\xD8\xFF\xDB\0\x43\0",
        [1; 64],
        [0xFF, frame, 0, 17, 8],
        side,
        side,
        [3, 1, 0x11, 0, 2, 0x11, 0, 3, 0x11, 0],
        table(0),
        table(0x10),
        b"\xFF\xDA\0\x0C\x03\x01\0\x02\0\x03\0\0\x3F\0",
        [0; 32],
        b"\xFF\xD9"
    )
}

/// Frames of one pixel's data each, whatever they say of their size.
fn gif(side: u16, frames: usize) -> Vec<u8> {
    let side = side.to_le_bytes();
    let frame = bytes!([0x2C, 0, 0, 0, 0], side, side, [0, 2, 2, 0x4C, 1, 0]);
    bytes!(b"GIF89a", side, side, [0x80, 0, 0, 0, 0, 0, 255, 255, 255], frame.repeat(frames), [0x3B])
}

/// One picture, of which only the size is said.
fn heif(side: u32, brand: [u8; 4]) -> Vec<u8> {
    let extent = iso_box(*b"ispe", &bytes!([0; 4], side.to_be_bytes(), side.to_be_bytes()));
    let association = iso_box(*b"ipma", &bytes!([0; 4], 1_u32.to_be_bytes(), [0, 1, 1, 0x81]));
    let properties = iso_box(*b"iprp", &bytes!(iso_box(*b"ipco", &extent), association));
    let primary = iso_box(*b"pitm", &bytes!([0; 4], [0, 1]));
    let handler = iso_box(*b"hdlr", &bytes!([0; 8], b"pict", [0; 13]));
    let kind = if brand == *b"avif" { *b"av01" } else { *b"hvc1" };
    let item = iso_box(*b"infe", &bytes!([2, 0, 0, 0, 0, 1, 0, 0], kind, [0]));
    let items = iso_box(*b"iinf", &bytes!([0; 4], [0, 1], item));
    let meta = iso_box(*b"meta", &bytes!([0; 4], handler, primary, items, properties));
    bytes!(iso_box(*b"ftyp", &bytes!(brand, [0; 4], b"mif1", brand)), meta)
}
