//! Colour profiles and transparency.

use jpeg_encoder::{ColorType, Encoder};
use moxcms::ColorProfile;
use reelshelf_media::{Fit, Layout, PictureFormat, PictureLimits, PictureOrder, Pixels, Size, encode};

use crate::forge;
use crate::support::{make, memory_peak, thumbnails, try_make};

/// The pixel in the middle of the largest thumbnail.
fn middle(bytes: &[u8]) -> Vec<u8> {
    let shown = thumbnails(bytes).webp("thumb-160.webp");
    let channels = shown.layout().channels();
    let at = (shown.size().height / 2 * shown.size().width + shown.size().width / 2) as usize * channels;
    shown.data()[at..at + channels].to_vec()
}

fn is_about(seen: &[u8], wanted: [u8; 3]) -> bool {
    seen.iter().zip(wanted).all(|(seen, wanted)| seen.abs_diff(wanted) <= 6)
}

fn plain(color: [u8; 3]) -> Pixels {
    Pixels::new(Size::new(100, 100), Layout::Rgb, color.repeat(10_000)).unwrap()
}

/// Display P3 180, 90, 60 in sRGB, by the matrices of both (linear light, D65).
const IN_P3: [u8; 3] = [180, 90, 60];
const IN_SRGB: [u8; 3] = [193, 83, 51];

#[test]
fn a_profile_is_applied() {
    let profile = ColorProfile::new_display_p3().encode().unwrap();
    let seen = middle(&forge::png_with_profile(&plain(IN_P3), &profile));
    assert!(is_about(&seen, IN_SRGB), "PNG: {seen:?}");

    let mut jpeg = Vec::new();
    let mut encoder = Encoder::new(&mut jpeg, 98);
    encoder.add_icc_profile(&profile).unwrap();
    encoder.encode(plain(IN_P3).data(), 100, 100, ColorType::Rgb).unwrap();
    let seen = middle(&jpeg);
    assert!(is_about(&seen, IN_SRGB), "JPEG: {seen:?}");

    let webp = encode(&plain(IN_P3), PictureFormat::Webp).unwrap();
    let webp = forge::webp_of(&[forge::vp8x(0x20, 100, 100), forge::riff_chunk("ICCP", &profile), webp[12..].to_vec()]);
    let seen = middle(&webp);
    assert!(is_about(&seen, IN_SRGB), "WebP: {seen:?}");
}

#[test]
fn a_grey_profile_is_applied() {
    // Linear light: half of it is 188 in sRGB.
    let profile = ColorProfile::new_gray_with_gamma(1.0).encode().unwrap();
    let mut jpeg = Vec::new();
    let mut encoder = Encoder::new(&mut jpeg, 98);
    encoder.add_icc_profile(&profile).unwrap();
    encoder.encode(&[128; 10_000], 100, 100, ColorType::Luma).unwrap();
    let seen = middle(&jpeg);
    assert!(is_about(&seen, [188; 3]), "{seen:?}");
}

#[test]
fn a_profile_that_makes_no_sense_counts_as_none() {
    let srgb = ColorProfile::new_srgb().encode().unwrap();
    for profile in [&b"no profile"[..], &srgb[..200], &[0; 400]] {
        let seen = middle(&forge::png_with_profile(&plain(IN_P3), profile));
        assert!(is_about(&seen, IN_P3), "{seen:?}");
    }
}

#[test]
fn a_profile_that_is_too_long_is_refused() {
    let limits = PictureLimits { metadata_bytes: 1000, ..PictureLimits::default() };
    let mut jpeg = Vec::new();
    let mut encoder = Encoder::new(&mut jpeg, 90);
    encoder.add_icc_profile(&vec![0; 100_000]).unwrap();
    encoder.encode(plain(IN_P3).data(), 100, 100, ColorType::Rgb).unwrap();
    let problem = try_make(&jpeg, &PictureOrder::default(), &limits).map(|results| results.rendered).unwrap_err();
    assert_eq!(problem.to_string(), "The picture's colour profile is too long; at most 1,000 bytes are read.");
}

#[test]
fn a_profile_that_unpacks_to_too_much_counts_as_none() {
    let bytes = forge::png_with_profile(&plain(IN_P3), &vec![0; 50_000_000]);
    let before = memory_peak();
    let limits = PictureLimits { metadata_bytes: bytes.len() * 2, ..PictureLimits::default() };
    let seen = try_make(&bytes, &PictureOrder::default(), &limits).unwrap().webp("thumb-160.webp");
    assert!(is_about(&seen.data()[..3], IN_P3), "{:?}", &seen.data()[..3]);
    assert!(memory_peak() < before + (20 << 20), "{before} and then {}", memory_peak());
}

/// Red that is seen beside green that is not.
fn half_hidden(side: u32) -> Vec<u8> {
    let half = side as usize / 2;
    let row = [[255, 0, 0, 255].repeat(half), [0, 255, 0, 0].repeat(half)].concat();
    let pixels = Pixels::new(Size::new(side, side), Layout::Rgba, row.repeat(side as usize)).unwrap();
    encode(&pixels, PictureFormat::Png).unwrap()
}

#[test]
fn what_is_transparent_does_not_bleed() {
    // 750 is not a multiple of any size: each edge is mixed. 4,000 is reduced while it is decoded too.
    for side in [750, 4000] {
        let order =
            PictureOrder::Boxed { width: Some(121), height: None, fit: Fit::Contain, format: PictureFormat::Png };
        let results = make(&half_hidden(side), &order);
        let mut reader = png::Decoder::new(std::io::Cursor::new(results.file("picture.png"))).read_info().unwrap();
        let mut data = vec![0; reader.output_buffer_size().unwrap()];
        reader.next_frame(&mut data).unwrap();
        let row = &data[..121 * 4];
        assert_eq!((&row[..4], row[120 * 4 + 3]), (&[255, 0, 0, 255][..], 0));
        for pixel in row.chunks(4).filter(|pixel| pixel[3] > 8) {
            assert!(pixel[0] > 245 && pixel[1] < 10, "{pixel:?} of {side}");
        }
    }
}

#[test]
fn alpha_is_kept_where_the_format_has_it_and_white_where_not() {
    let picture = half_hidden(750);
    let shown = thumbnails(&picture).webp("thumb-160.webp");
    assert_eq!(shown.layout(), Layout::Rgba);
    assert_eq!((shown.data()[3], shown.data()[159 * 4 + 3]), (255, 0));
    let order = PictureOrder::Boxed { width: Some(100), height: None, fit: Fit::Contain, format: PictureFormat::Jpeg };
    let jpeg = make(&picture, &order);
    let data = jpeg_decoder::Decoder::new(jpeg.file("picture.jpg")).decode().unwrap();
    assert!(data[297..300].iter().all(|&value| value > 250), "{:?}", &data[297..300]);
}
