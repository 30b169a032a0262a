use reelshelf_domain::MediaType::{Gif, Jpeg, Png, Webp};

use super::forge::{bytes, known, png_chunk, png_head, probed, profile, riff_chunk, webp, webp_head};
use crate::{Broken, Color, Probe};

/// EXIF that says: lies on its side.
const ON_ITS_SIDE: &[u8] = b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0";

#[test]
fn a_still_png_tells_profile_transparency_and_orientation() {
    let chunks = bytes!(
        png_chunk(*b"iCCP", b"Display P3\0\0x"),
        png_chunk(*b"tRNS", [0; 6]),
        png_chunk(*b"eXIf", ON_ITS_SIDE),
        png_chunk(*b"IDAT", [0; 9]),
    );
    let image = known(&bytes!(png_head(30, 20), chunks), Png).image.unwrap();
    assert_eq!(image.profile.as_deref(), Some("Display P3"));
    assert_eq!((image.alpha, image.orientation, image.width, image.height), (true, 6, 20, 30));
}

#[test]
fn an_animated_webp_adds_up_its_frames() {
    let frame = |ms: u8| riff_chunk(*b"ANMF", bytes!([0; 12], [ms, 0, 0, 0], riff_chunk(*b"VP8L", [0x2F; 5])));
    let chunks = bytes!(webp_head(0x12, 400, 300), riff_chunk(*b"ANIM", [0; 6]), frame(40), frame(50), frame(60));
    let metadata = known(&webp(chunks), Webp);
    let image = metadata.image.unwrap();
    assert_eq!((image.width, image.height, image.frames, image.alpha), (400, 300, 3, true));
    assert_eq!(metadata.duration_ms, Some(150));
}

#[test]
fn a_still_webp_tells_profile_and_orientation() {
    let chunks = bytes!(
        webp_head(0x28, 400, 300),
        riff_chunk(*b"ICCP", profile("Adobe RGB (1998)", false)),
        riff_chunk(*b"VP8 ", [0; 21]),
        riff_chunk(*b"EXIF", ON_ITS_SIDE),
    );
    let image = known(&webp(chunks), Webp).image.unwrap();
    assert_eq!(image.profile.as_deref(), Some("Adobe RGB (1998)"));
    assert_eq!((image.orientation, image.width, image.height), (6, 300, 400));
}

#[test]
fn a_jpeg_of_four_inks_with_a_profile_is_told() {
    let segment =
        |marker: u8, data: &[u8]| bytes!([0xFF, marker], (u16::try_from(data.len()).unwrap() + 2).to_be_bytes(), data);
    let icc = bytes!(b"ICC_PROFILE\0\x01\x01", profile("Coated FOGRA39", true));
    let frame = b"\x08\x01\x2C\x01\x90\x04\x01\x11\0\x02\x11\0\x03\x11\0\x04\x11\0";
    let jpeg = bytes!(b"\xFF\xD8", segment(0xE2, &icc), segment(0xC2, frame));
    let image = known(&jpeg, Jpeg).image.unwrap();
    assert_eq!((image.width, image.height, image.color), (400, 300, Color::Cmyk));
    assert_eq!(image.profile.as_deref(), Some("Coated FOGRA39"));
}

/// Two frames of which the first asks for no time at all, as browsers know them.
#[test]
fn a_gif_without_delays_plays_as_in_browsers() {
    let frame = |delay: u8| bytes!([0x21, 0xF9, 4, 1, delay, 0, 0, 0], b"\x2C\0\0\0\0\x01\0\x01\0\0\x02\x02\x44\x01\0");
    let metadata = known(&bytes!(b"GIF89a\x0A\0\x14\0\0\0\0", frame(0), frame(7), [0x3B]), Gif);
    let image = metadata.image.unwrap();
    assert_eq!((image.width, image.height, image.frames, image.alpha), (10, 20, 2, true));
    assert_eq!(metadata.duration_ms, Some(170));
}

#[test]
fn what_cannot_be_a_picture_is_broken_for_a_reason() {
    for (bytes, media_type, reason) in [
        (png_head(0, 5), Png, Broken::Damaged),
        (b"\x89PNG\r\n\x1A\n\0\0\0\x0DIHDR\0\0".to_vec(), Png, Broken::CutShort),
        (b"\xFF\xD8\xFF\xE0\0\x10JFIF".to_vec(), Jpeg, Broken::CutShort),
        (b"\xFF\xD8\xFF\xDA\0\x10".to_vec(), Jpeg, Broken::Damaged),
        (b"GIF89a\x01".to_vec(), Gif, Broken::CutShort),
    ] {
        assert_eq!(probed(&bytes, media_type), Probe::Broken(reason), "{bytes:?}");
    }
}
