use reelshelf_media::{
    Fit, Layout, PictureFormat, PictureKind, PictureLimits, PictureOrder, PictureProblem, Pixels, Size, encode,
    render_pixels, sprite,
};

use crate::support::{difference, ffmpeg, file, make, test_picture, test_pixels, thumbnails, try_make, webp};

#[test]
fn a_photograph_gets_all_four_sizes_from_one_decode() {
    for (extension, kind) in [("jpg", PictureKind::Jpeg), ("png", PictureKind::Png)] {
        let bytes = ffmpeg(&["-f", "lavfi", "-i", "testsrc2=size=3000x2000", "-frames:v", "1"], extension);
        let results = thumbnails(&bytes);
        assert_eq!(results.rendered.kind, Some(kind));
        assert_eq!((results.rendered.size.width, results.rendered.size.height), (3000, 2000));
        assert_eq!(
            results.list(),
            [
                ("thumb-1280.webp", 1280, 853),
                ("thumb-640.webp", 640, 427),
                ("thumb-320.webp", 320, 213),
                ("thumb-160.webp", 160, 107)
            ]
        );
        assert_eq!(results.webp("thumb-160.webp").size().width, 160);
    }
}

#[test]
fn nothing_is_enlarged_and_what_would_be_alike_is_made_once() {
    let results = thumbnails(&test_picture(&[], "png"));
    assert_eq!(results.list(), [("thumb-320.webp", 300, 200), ("thumb-160.webp", 160, 107)]);
    let tiny = encode(&Pixels::new(Size::new(1, 1), Layout::Rgb, vec![9; 3]).unwrap(), PictureFormat::Png).unwrap();
    assert_eq!(thumbnails(&tiny).list(), [("thumb-160.webp", 1, 1)]);
}

#[test]
fn very_long_pictures_keep_a_pixel_across() {
    let line = Pixels::new(Size::new(30_000, 1), Layout::Rgb, vec![100; 90_000]).unwrap();
    let results = thumbnails(&encode(&line, PictureFormat::Png).unwrap());
    assert_eq!(results.list()[0], ("thumb-1280.webp", 1280, 1));
}

fn boxed(width: u32, height: u32, fit: Fit, format: PictureFormat) -> PictureOrder {
    let side = |side: u32| (side > 0).then_some(side);
    PictureOrder::Boxed { width: side(width), height: side(height), fit, format }
}

#[test]
fn a_box_is_filled_as_ordered() {
    let picture = test_picture(&[], "png");
    for (width, height, fit, made) in [
        (100, 100, Fit::Contain, (100, 67)),
        (100, 100, Fit::Cover, (100, 100)),
        (100, 100, Fit::Fill, (100, 100)),
        (150, 0, Fit::Contain, (150, 100)),
        (0, 50, Fit::Cover, (75, 50)),
        (600, 600, Fit::Contain, (300, 200)),
        (600, 600, Fit::Cover, (200, 200)),
        (600, 500, Fit::Fill, (600, 500)),
        (600, 0, Fit::Fill, (600, 400)),
    ] {
        let results = make(&picture, &boxed(width, height, fit, PictureFormat::Webp));
        assert_eq!(results.list(), [("picture.webp", made.0, made.1)], "{width} × {height} {fit:?}");
    }
}

#[test]
fn cover_keeps_the_middle() {
    // Red, green and blue beside each other: only green is left.
    let row = [[255, 0, 0], [0, 255, 0], [0, 0, 255]].map(|color| color.repeat(90)).concat();
    let picture = Pixels::new(Size::new(270, 90), Layout::Rgb, row.repeat(90)).unwrap();
    let picture = encode(&picture, PictureFormat::Png).unwrap();
    let results = make(&picture, &boxed(30, 30, Fit::Cover, PictureFormat::Png));
    let decoded = decode_png(results.file("picture.png"));
    // The outermost pixels are mixed with what was cut off: Lanczos reaches three pixels far.
    for (index, pixel) in decoded.data().chunks(3).enumerate() {
        let is_edge = !(3..27).contains(&(index % 30));
        assert!(pixel == [0, 255, 0] || is_edge && pixel[1] > 200, "{index}: {pixel:?}");
    }
}

fn decode_png(bytes: &[u8]) -> Pixels {
    let mut reader = png::Decoder::new(std::io::Cursor::new(bytes)).read_info().unwrap();
    let mut data = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut data).unwrap();
    let layout = if info.color_type == png::ColorType::Rgba { Layout::Rgba } else { Layout::Rgb };
    Pixels::new(Size::new(info.width, info.height), layout, data).unwrap()
}

#[test]
fn every_format_shows_the_same_picture_to_ffmpeg() {
    let picture = test_picture(&[], "png");
    for format in [PictureFormat::Webp, PictureFormat::Avif, PictureFormat::Jpeg, PictureFormat::Png] {
        let results = make(&picture, &boxed(300, 200, Fit::Contain, format));
        let name = format!("picture.{}", format.extension());
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(&name);
        std::fs::write(&path, results.file(&name)).unwrap();
        let decoded = ffmpeg(&["-i", path.to_str().unwrap(), "-f", "rawvideo", "-pix_fmt", "rgb24"], "rgb");
        let decoded = Pixels::new(Size::new(300, 200), Layout::Rgb, decoded).unwrap();
        let difference = difference(&decoded, &test_pixels());
        assert!(difference < 6.0, "{format:?} differs by {difference}");
    }
}

#[test]
fn orders_without_a_sensible_size_are_refused() {
    let picture = test_picture(&[], "png");
    let limits = PictureLimits::default();
    for order in [
        boxed(0, 0, Fit::Cover, PictureFormat::Webp),
        boxed(20_000, 0, Fit::Fill, PictureFormat::Webp),
        PictureOrder::Thumbnails { long_sides: Vec::new(), preview: false },
        PictureOrder::Thumbnails { long_sides: vec![0], preview: false },
    ] {
        assert!(matches!(try_make(&picture, &order, &limits), Err(PictureProblem::Order(_))), "{order:?}");
    }
}

#[test]
fn raw_pixels_of_another_decoder_are_taken() {
    let raw = test_picture(&["-f", "rawvideo", "-pix_fmt", "rgba"], "rgba");
    let mut files = Vec::new();
    let limits = PictureLimits::default();
    let mut out = |name: &str, bytes: &[u8]| {
        files.push((name.to_owned(), bytes.to_vec()));
        Ok(())
    };
    let pixels = Pixels::new(Size::new(300, 200), Layout::Rgba, raw).unwrap();
    let rendered = render_pixels(pixels, &PictureOrder::default(), &limits, &mut out).unwrap();
    assert_eq!((rendered.kind, rendered.made.len()), (None, 2));
    let difference = difference(&webp(&files[0].1), &test_pixels());
    assert!(difference < 6.0, "{difference}");
}

#[test]
fn a_result_that_cannot_be_stored_says_so() {
    let error = std::io::Error::from(std::io::ErrorKind::StorageFull);
    let mut error = Some(error);
    let result = reelshelf_media::render(
        file(&test_picture(&[], "png")),
        &PictureOrder::default(),
        &PictureLimits::default(),
        &mut |_, _| Err(error.take().unwrap()),
    );
    let problem = result.unwrap_err();
    assert!(matches!(problem, PictureProblem::Output(_)) && !problem.is_lasting(), "{problem}");
}

#[test]
fn a_sprite_has_its_frames_in_rows() {
    let frame = |value: u8| Pixels::new(Size::new(2, 1), Layout::Rgb, vec![value; 6]).unwrap();
    let sheet = sprite(&[frame(1), frame(2), frame(3)], 2).unwrap();
    assert_eq!(sheet.size(), Size::new(4, 2));
    let rows: Vec<u8> = sheet.data().iter().step_by(6).copied().collect();
    assert_eq!(rows, [1, 2, 3, 0]);
    assert_eq!(sprite(&[frame(1)], 0), None);
    assert_eq!(sprite(&[], 3), None);
    let other = Pixels::new(Size::new(1, 2), Layout::Rgb, vec![0; 6]).unwrap();
    assert_eq!(sprite(&[frame(1), other], 2), None);
}
