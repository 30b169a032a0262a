//! Files that no encoder at hand makes, put together by hand.

use reelshelf_media::Pixels;
use tiff::encoder::{TiffEncoder, colortype};

/// EXIF data that say nothing but the orientation.
pub(crate) fn exif(orientation: u16) -> Vec<u8> {
    let mut exif = b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01".to_vec();
    exif.extend(orientation.to_be_bytes());
    exif.extend([0; 6]);
    exif
}

/// A segment put behind the first marker of a JPEG.
pub(crate) fn jpeg_with_segment(jpeg: &[u8], marker: u8, content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len() + 2).unwrap().to_be_bytes();
    [&jpeg[..2], &[0xFF, marker], &length, content, &jpeg[2..]].concat()
}

pub(crate) fn jpeg_with_exif(jpeg: &[u8], orientation: u16) -> Vec<u8> {
    jpeg_with_segment(jpeg, 0xE1, &[b"Exif\0\0".as_slice(), &exif(orientation)].concat())
}

/// A chunk of a PNG, with its length and checksum.
pub(crate) fn png_chunk(name: &str, content: &[u8]) -> Vec<u8> {
    let length = u32::try_from(content.len()).unwrap().to_be_bytes();
    let named = [name.as_bytes(), content].concat();
    [length.as_slice(), &named, &crc32fast::hash(&named).to_be_bytes()].concat()
}

/// The signature and the header of a PNG end here.
const PNG_HEAD: usize = 33;

/// A chunk put behind the header of a PNG.
pub(crate) fn png_with_chunk(png: &[u8], name: &str, content: &[u8]) -> Vec<u8> {
    [&png[..PNG_HEAD], &png_chunk(name, content), &png[PNG_HEAD..]].concat()
}

/// A PNG that brings a colour profile.
pub(crate) fn png_with_profile(pixels: &Pixels, profile: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut info = png::Info::with_size(pixels.size().width, pixels.size().height);
    info.color_type = png::ColorType::Rgb;
    info.bit_depth = png::BitDepth::Eight;
    info.icc_profile = Some(profile.into());
    let mut writer = png::Encoder::with_info(&mut bytes, info).unwrap().write_header().unwrap();
    writer.write_image_data(pixels.data()).unwrap();
    writer.finish().unwrap();
    bytes
}

pub(crate) fn riff_chunk(name: &str, content: &[u8]) -> Vec<u8> {
    let length = u32::try_from(content.len()).unwrap().to_le_bytes();
    [name.as_bytes(), &length, content, if content.len() % 2 == 1 { &[0] } else { &[] }].concat()
}

pub(crate) fn webp_of(chunks: &[Vec<u8>]) -> Vec<u8> {
    riff_chunk("RIFF", &[b"WEBP".as_slice(), &chunks.concat()].concat())
}

/// The extended header of a WebP.
pub(crate) fn vp8x(flags: u8, width: u32, height: u32) -> Vec<u8> {
    let side = |side: u32| (side - 1).to_le_bytes()[..3].to_vec();
    riff_chunk("VP8X", &[vec![flags, 0, 0, 0], side(width), side(height)].concat())
}

/// A simple WebP of the given size with EXIF data.
pub(crate) fn webp_with_exif(webp: &[u8], width: u32, height: u32, orientation: u16) -> Vec<u8> {
    webp_of(&[vp8x(0x08, width, height), webp[12..].to_vec(), riff_chunk("EXIF", &exif(orientation))])
}

/// A TIFF with the given entries (tag, type, count, value), little-endian, and data behind the directory.
pub(crate) fn tiff_of(entries: &[(u16, u16, u32, u32)], data: &[u8]) -> Vec<u8> {
    let mut tiff = b"II*\0\x08\0\0\0".to_vec();
    tiff.extend(u16::try_from(entries.len()).unwrap().to_le_bytes());
    for &(tag, kind, count, value) in entries {
        tiff.extend(tag.to_le_bytes());
        tiff.extend(kind.to_le_bytes());
        tiff.extend(count.to_le_bytes());
        tiff.extend(value.to_le_bytes());
    }
    tiff.extend([0; 4]);
    tiff.extend(data);
    tiff
}

/// Where the data of [`tiff_of`] begin.
pub(crate) fn tiff_data_at(entries: u32) -> u32 {
    8 + 2 + entries * 12 + 4
}

/// Four inks, of which 0 is none.
pub(crate) fn tiff_of_inks(width: u32, height: u32, inks: &[u8]) -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    TiffEncoder::new(&mut bytes).unwrap().write_image::<colortype::CMYK8>(width, height, inks).unwrap();
    bytes.into_inner()
}

/// RGB in three planes.
pub(crate) fn planar_tiff(pixels: &Pixels) -> Vec<u8> {
    let (width, height) = (pixels.size().width, pixels.size().height);
    let at = tiff_data_at(9);
    let plane = width * height;
    let planes_at = at + 6 + 12 + 12;
    let mut data = [8_u16; 3].map(u16::to_le_bytes).concat();
    data.extend([0, 1, 2].map(|index| (planes_at + index * plane).to_le_bytes()).concat());
    data.extend([plane; 3].map(u32::to_le_bytes).concat());
    for channel in 0..3 {
        data.extend(pixels.data().iter().skip(channel).step_by(3));
    }
    let entries = [
        (256, 4, 1, width),
        (257, 4, 1, height),
        (258, 3, 3, at),
        (259, 3, 1, 1),
        (262, 3, 1, 2),
        (273, 4, 3, at + 6),
        (277, 3, 1, 3),
        (279, 4, 3, at + 18),
        (284, 3, 1, 2),
    ];
    tiff_of(&entries, &data)
}

/// A bitmap of 64 × 48 pixels in runs of palette indices, with an end of line, a jump and a piece without runs in it.
pub(crate) fn rle_bmp() -> Vec<u8> {
    let mut runs = Vec::new();
    for row in 0..40_u8 {
        runs.extend([40, row % 4, 0, 3, 1, 2, 3, 0, 21, row % 3, 0, 0]);
    }
    runs.extend([0, 2, 5, 4, 30, 2, 0, 1]);
    let header = [40, 64, 48, 1 | (8 << 16), 1, u32::try_from(runs.len()).unwrap(), 0, 0, 4, 0];
    let palette = [0, 0xFF, 0xFF00, 0x00FF_0000];
    let data_at = 14 + 40 + 16_u32;
    let mut bmp = b"BM\0\0\0\0\0\0\0\0".to_vec();
    bmp.extend(data_at.to_le_bytes());
    bmp.extend(header.iter().chain(&palette).flat_map(|value: &u32| value.to_le_bytes()));
    bmp.extend(runs);
    bmp
}
