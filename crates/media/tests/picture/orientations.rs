//! The eight orientations look the same.

use reelshelf_media::{Fit, PictureFormat, PictureOrder, Pixels, Size};
use tiff::encoder::{TiffEncoder, colortype};
use tiff::tags::Tag;

use crate::forge;
use crate::support::{STORED, difference, make, test_picture, test_pixels, thumbnails};

fn each_looks_the_same(file: impl Fn(&str, u16) -> Vec<u8>) {
    let wanted = test_pixels();
    for (orientation, filter) in (1..).zip(STORED) {
        let bytes = file(filter, orientation);
        let results = thumbnails(&bytes);
        assert_eq!(results.rendered.size, Size::new(300, 200), "orientation {orientation}");
        let difference = difference(&results.webp("thumb-320.webp"), &wanted);
        assert!(difference < 8.0, "orientation {orientation} differs by {difference}");
        let order =
            PictureOrder::Boxed { width: Some(60), height: Some(20), fit: Fit::Cover, format: PictureFormat::Webp };
        assert_eq!(make(&bytes, &order).list(), [("picture.webp", 60, 20)], "orientation {orientation}");
    }
}

#[test]
fn of_jpeg() {
    each_looks_the_same(|filter, orientation| {
        forge::jpeg_with_exif(&test_picture(&["-vf", filter, "-q:v", "2"], "jpg"), orientation)
    });
}

#[test]
fn of_png() {
    each_looks_the_same(|filter, orientation| {
        forge::png_with_chunk(&test_picture(&["-vf", filter], "png"), "eXIf", &forge::exif(orientation))
    });
}

#[test]
fn of_webp() {
    each_looks_the_same(|filter, orientation| {
        let (width, height) = if orientation > 4 { (200, 300) } else { (300, 200) };
        let webp = test_picture(&["-vf", filter, "-c:v", "libwebp", "-lossless", "1"], "webp");
        forge::webp_with_exif(&webp, width, height, orientation)
    });
}

#[test]
fn of_tiff() {
    each_looks_the_same(|filter, orientation| {
        let raw = test_picture(&["-vf", filter, "-f", "rawvideo", "-pix_fmt", "rgb24"], "rgb");
        let (width, height) = if orientation > 4 { (200, 300) } else { (300, 200) };
        let mut bytes = std::io::Cursor::new(Vec::new());
        let mut encoder = TiffEncoder::new(&mut bytes).unwrap();
        let mut image = encoder.new_image::<colortype::RGB8>(width, height).unwrap();
        image.encoder().write_tag(Tag::Orientation, orientation).unwrap();
        image.write_data(&raw).unwrap();
        bytes.into_inner()
    });
}

#[test]
fn an_orientation_that_does_not_exist_is_upright() {
    let jpeg = test_picture(&["-q:v", "2"], "jpg");
    for (what, segment) in [
        ("9", forge::exif(9)),
        ("0", forge::exif(0)),
        ("cut off", forge::exif(6)[..15].to_vec()),
        ("far away", b"II*\0\xFF\xFF\xFF\xFF".to_vec()),
    ] {
        let bytes = forge::jpeg_with_segment(&jpeg, 0xE1, &[b"Exif\0\0".to_vec(), segment].concat());
        let shown: Pixels = thumbnails(&bytes).webp("thumb-320.webp");
        assert!(difference(&shown, &test_pixels()) < 8.0, "{what}");
    }
}
