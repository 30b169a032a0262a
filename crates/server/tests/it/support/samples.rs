//! Files as people have them, made here.

use std::io::Write;

use flate2::Compression;
use flate2::write::ZlibEncoder;

/// A picture that is no other: a gradient with a corner of its own colour.
pub(crate) fn png(width: u32, height: u32, mark: u8) -> Vec<u8> {
    let mut pixels = ZlibEncoder::new(Vec::new(), Compression::fast());
    for y in 0..height {
        let shade = |at: u32, of: u32| u8::try_from(at * 255 / of.max(1)).unwrap();
        let corner = |x: u32| if x < 8 && y < 8 { mark } else { 128 };
        let row = (0..width).flat_map(|x| [shade(x, width), shade(y, height), corner(x)]);
        pixels.write_all(&[0]).unwrap();
        pixels.write_all(&row.collect::<Vec<_>>()).unwrap();
    }
    png_of(width, height, &pixels.finish().unwrap())
}

/// A picture of these compressed pixels, whatever they are: 8 bits each of red, green and blue.
pub(crate) fn png_of(width: u32, height: u32, pixels: &[u8]) -> Vec<u8> {
    let mut file = b"\x89PNG\r\n\x1a\n".to_vec();
    let head = [&width.to_be_bytes()[..], &height.to_be_bytes()[..], &[8, 2, 0, 0, 0]].concat();
    for (kind, content) in [(b"IHDR", head.as_slice()), (b"IDAT", pixels), (b"IEND", &[])] {
        let chunk = [&kind[..], content].concat();
        file.extend(u32::try_from(content.len()).unwrap().to_be_bytes());
        file.extend(&chunk);
        file.extend(crc32fast::hash(&chunk).to_be_bytes());
    }
    file
}
