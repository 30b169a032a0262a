//! Small files that claim to be huge. Each is refused before memory is taken, with a reason that says so.

use reelshelf_media::{PictureLimits, PictureOrder, PictureProblem};

use crate::forge;
use crate::support::{memory_peak, small_files, test_picture, thumbnails, try_make};

const HUGE: u32 = 0x7FFF_FFFF;

fn refusal(bytes: &[u8]) -> PictureProblem {
    try_make(bytes, &PictureOrder::default(), &PictureLimits::default()).map(|results| results.rendered).unwrap_err()
}

fn png(width: u32, height: u32) -> Vec<u8> {
    let header = [&width.to_be_bytes()[..], &height.to_be_bytes(), &[8, 6, 0, 0, 0]].concat();
    [&b"\x89PNG\r\n\x1a\n"[..], &forge::png_chunk("IHDR", &header), &forge::png_chunk("IDAT", &[0x78, 0x9C])].concat()
}

/// A JPEG with another size in its frame header.
fn jpeg(side: u16) -> Vec<u8> {
    let mut jpeg = test_picture(&["-q:v", "5"], "jpg");
    let frame = jpeg.windows(2).position(|marker| marker == [0xFF, 0xC0]).unwrap();
    jpeg[frame + 5..frame + 7].copy_from_slice(&side.to_be_bytes());
    jpeg[frame + 7..frame + 9].copy_from_slice(&side.to_be_bytes());
    jpeg
}

fn gif(side: u16) -> Vec<u8> {
    let side = side.to_le_bytes();
    let mut gif = [&b"GIF89a"[..], &side, &side, &[0x80, 0, 0, 0, 0, 0, 255, 255, 255]].concat();
    gif.extend([&[0x2C, 0, 0, 0, 0][..], &side, &side, &[0, 2, 2, 0x4C, 1, 0, 0x3B]].concat());
    gif
}

fn bmp(side: u32) -> Vec<u8> {
    let header = [40, side, side, 1 | (24 << 16), 0, 0, 0, 0, 0, 0].map(u32::to_le_bytes).concat();
    [&b"BM\0\0\0\0\0\0\0\0\x36\0\0\0"[..], &header].concat()
}

fn tiff(side: u32) -> Vec<u8> {
    let entries = [
        (256, 4, 1, side),
        (257, 4, 1, side),
        (258, 3, 1, 8),
        (259, 3, 1, 1),
        (262, 3, 1, 1),
        (273, 4, 1, 8),
        (277, 3, 1, 1),
        (278, 4, 1, side),
        (279, 4, 1, u32::MAX),
    ];
    forge::tiff_of(&entries, &[])
}

#[test]
fn of_too_many_pixels() {
    let webp = forge::webp_of(&[forge::vp8x(0, 1 << 16, 1 << 15), forge::riff_chunk("VP8 ", &[0; 10])]);
    for (bytes, what) in [
        (png(HUGE, HUGE), "The picture has 2,147,483,647 × 2,147,483,647 pixels; at most 100 megapixels are read."),
        (png(65_535, 65_535), "The picture has 65,535 × 65,535 pixels; at most 100 megapixels are read."),
        (bmp(HUGE), "The picture has 2,147,483,647 × 2,147,483,647 pixels; at most 100 megapixels are read."),
        (tiff(HUGE), "The picture has 2,147,483,647 × 2,147,483,647 pixels; at most 100 megapixels are read."),
        (tiff(65_535), "The picture has 65,535 × 65,535 pixels; at most 100 megapixels are read."),
        (jpeg(65_535), "The picture has 65,535 × 65,535 pixels; at most 100 megapixels are read."),
        (gif(65_535), "The picture has 65,535 × 65,535 pixels; at most 100 megapixels are read."),
        (webp, "The picture has 65,536 × 32,768 pixels; at most 100 megapixels are read."),
    ] {
        let problem = refusal(&bytes);
        assert_eq!(problem.to_string(), what);
        assert!(problem.is_lasting());
    }
    assert!(memory_peak() < 100 << 20, "{}", memory_peak());
}

#[test]
fn within_the_limit_that_hold_nothing() {
    // Just as many pixels as are read; next to no bytes. Rows and strips that are missing are missing early.
    for bytes in [png(10_000, 10_000), bmp(10_000), tiff(10_000)] {
        assert!(matches!(refusal(&bytes), PictureProblem::Broken { .. }), "{}", refusal(&bytes));
    }
    assert!(memory_peak() < 400 << 20, "{}", memory_peak());
}

#[test]
fn without_pixels() {
    for bytes in [png(0, 5), bmp(0), tiff(0), gif(0)] {
        assert!(matches!(refusal(&bytes), PictureProblem::Broken { .. }), "{}", refusal(&bytes));
    }
}

#[test]
fn that_need_too_much_memory() {
    let limits = PictureLimits { memory_bytes: 1000, ..PictureLimits::default() };
    for (name, bytes) in small_files() {
        let result = try_make(&bytes, &PictureOrder::default(), &limits).map(|results| results.rendered);
        match name {
            // These take their rows or strips one by one; the rest has to stand in memory.
            "rle.bmp" | "gif" | "png animation" | "webp" | "webp animation" | "jpeg" | "progressive jpeg" => {
                let problem = result.unwrap_err();
                assert!(matches!(problem, PictureProblem::TooMuchMemory { .. }), "{name}: {problem}");
            }
            _ => {}
        }
    }
}

#[test]
fn of_a_million_frames() {
    // A frame of one pixel takes 18 bytes.
    let side = 1_u16.to_le_bytes();
    let mut gif = [&b"GIF89a"[..], &side, &side, &[0x80, 0, 0, 0, 0, 0, 255, 255, 255]].concat();
    let frame = [&[0x2C, 0, 0, 0, 0][..], &side, &side, &[0, 2, 2, 0x4C, 1, 0]].concat();
    gif.extend(frame.repeat(1_000_000));
    gif.push(0x3B);
    let results = thumbnails(&gif);
    assert_eq!(results.list(), [("thumb-160.webp", 1, 1)]);
    assert!(memory_peak() < 200 << 20, "{}", memory_peak());
}

#[test]
fn what_is_no_picture_is_called_so() {
    for bytes in [&b""[..], b"B", b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"#EXTM3U\n", b"\0\0\0\x20ftypavif"] {
        assert!(matches!(refusal(bytes), PictureProblem::UnknownKind));
    }
}
