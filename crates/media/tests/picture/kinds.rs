//! What each kind of picture can hold looks like the picture that it was made of.

use jpeg_encoder::{ColorType, Encoder};
use reelshelf_media::{PictureKind, Pixels};

use crate::forge;
use crate::support::{difference, grey, inks, test_picture, test_pixels, thumbnails};

fn expect(bytes: &[u8], kind: PictureKind, wanted: &Pixels, most: f64, what: &str) {
    let results = thumbnails(bytes);
    assert_eq!(results.rendered.kind, Some(kind), "{what}");
    let difference = difference(&results.webp("thumb-320.webp"), wanted);
    assert!(difference < most, "{what} differs by {difference}");
}

/// Each pixel format, by ffmpeg's names; those without colours are held against the grey picture.
fn expect_formats(kind: PictureKind, extension: &str, colored: &[&str], uncolored: &[&str]) {
    let wanted = test_pixels();
    for format in colored {
        let bytes = test_picture(&["-pix_fmt", format], extension);
        expect(&bytes, kind, &wanted, 6.0, &format!("{extension} of {format}"));
    }
    let wanted = grey(&wanted);
    for format in uncolored {
        let bytes = test_picture(&["-pix_fmt", format], extension);
        expect(&bytes, kind, &wanted, 6.0, &format!("{extension} of {format}"));
    }
}

#[test]
fn png() {
    let colored = ["rgb24", "rgba", "rgb48be", "rgba64be", "pal8"];
    expect_formats(PictureKind::Png, "png", &colored, &["gray", "gray16be", "ya8", "ya16be"]);
    let interlaced = test_picture(&["-flags", "+ildct"], "png");
    expect(&interlaced, PictureKind::Png, &test_pixels(), 6.0, "interlaced PNG");
}

#[test]
fn tiff() {
    let colored = ["rgb24", "rgba", "rgb48le", "rgba64le"];
    expect_formats(PictureKind::Tiff, "tiff", &colored, &["gray", "gray16le", "ya8"]);
    for compression in ["raw", "lzw", "deflate", "packbits"] {
        let bytes = test_picture(&["-pix_fmt", "rgb24", "-compression_algo", compression], "tiff");
        expect(&bytes, PictureKind::Tiff, &test_pixels(), 6.0, compression);
    }
    expect(&forge::planar_tiff(&test_pixels()), PictureKind::Tiff, &test_pixels(), 6.0, "planar TIFF");
}

#[test]
fn bmp() {
    let colored = ["bgr24", "bgra", "rgb565le", "rgb555le", "pal8"];
    expect_formats(PictureKind::Bmp, "bmp", &colored, &["gray"]);
}

#[test]
fn one_bit_a_pixel() {
    // Two colours dithered: only their mean can be held against the picture.
    let mean = |pixels: &Pixels| {
        let sum: u32 = pixels.data().iter().map(|&value| u32::from(value)).sum();
        sum / u32::try_from(pixels.data().len()).unwrap()
    };
    let wanted = mean(&grey(&test_pixels()));
    for (format, extension) in [("monob", "png"), ("monob", "tiff"), ("monow", "tiff"), ("monob", "bmp")] {
        let results = thumbnails(&test_picture(&["-pix_fmt", format], extension));
        let seen = mean(&results.webp("thumb-320.webp"));
        assert!(seen.abs_diff(wanted) < 8, "{format} {extension}: {seen} instead of {wanted}");
    }
}

#[test]
fn gif() {
    expect(&test_picture(&[], "gif"), PictureKind::Gif, &test_pixels(), 8.0, "GIF");
}

#[test]
fn webp() {
    expect(&test_picture(&["-c:v", "libwebp"], "webp"), PictureKind::Webp, &test_pixels(), 8.0, "lossy WebP");
    let lossless = test_picture(&["-c:v", "libwebp", "-lossless", "1"], "webp");
    expect(&lossless, PictureKind::Webp, &test_pixels(), 6.0, "lossless WebP");
}

#[test]
fn jpeg() {
    let wanted = test_pixels();
    for format in ["yuvj420p", "yuvj422p", "yuvj444p"] {
        let bytes = test_picture(&["-pix_fmt", format, "-q:v", "2"], "jpg");
        expect(&bytes, PictureKind::Jpeg, &wanted, 8.0, format);
    }
    // The encoder writes them as Adobe does: 255 is none.
    let inks = inks(&wanted);
    let luma = grey(&wanted).data().iter().step_by(3).copied().collect::<Vec<_>>();
    let grey = grey(&wanted);
    for (data, color, wanted, is_progressive) in [
        (wanted.data(), ColorType::Rgb, &wanted, true),
        (&luma, ColorType::Luma, &grey, false),
        (&inks, ColorType::Cmyk, &wanted, false),
        (&inks, ColorType::CmykAsYcck, &wanted, false),
    ] {
        let mut bytes = Vec::new();
        let mut encoder = Encoder::new(&mut bytes, 95);
        encoder.set_progressive(is_progressive);
        encoder.encode(data, 300, 200, color).unwrap();
        expect(&bytes, PictureKind::Jpeg, wanted, 8.0, &format!("{color:?}, progressive: {is_progressive}"));
    }
}

#[test]
fn tiff_of_inks() {
    let wanted = test_pixels();
    expect(&forge::tiff_of_inks(300, 200, &inks(&wanted)), PictureKind::Tiff, &wanted, 6.0, "CMYK TIFF");
}
