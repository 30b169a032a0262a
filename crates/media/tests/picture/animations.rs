//! Animations give a still and a short animated preview.

use std::io::Cursor;

use reelshelf_media::{Layout, PictureKind, PictureLimits, PictureOrder, Pixels, Size};

use crate::support::{Results, difference, ffmpeg, test_picture, thumbnails, try_make};

/// The frames of an animated WebP, as RGB, and the milliseconds for which they are seen.
fn frames(webp: &[u8]) -> (Vec<Pixels>, u64) {
    let mut decoder = image_webp::WebPDecoder::new(Cursor::new(webp)).unwrap();
    let (width, height) = decoder.dimensions();
    let layout = if decoder.has_alpha() { Layout::Rgba } else { Layout::Rgb };
    let mut data = vec![0; decoder.output_buffer_size().unwrap()];
    let frames = (0..decoder.num_frames()).map(|_| {
        decoder.read_frame(&mut data).unwrap();
        Pixels::new(Size::new(width, height), layout, data.clone()).unwrap()
    });
    (frames.collect(), decoder.loop_duration())
}

/// Five seconds of ffmpeg's test picture, which moves.
fn test_animation(arguments: &[&str], extension: &str) -> Vec<u8> {
    let source = ["-f", "lavfi", "-i", "testsrc2=size=480x360:rate=10:duration=5"];
    ffmpeg(&[&source, arguments].concat(), extension)
}

fn check(results: &Results, kind: PictureKind) -> Vec<Pixels> {
    assert_eq!((results.rendered.kind, results.rendered.animated), (Some(kind), true));
    let sizes = results.list();
    let wanted = [("thumb-640.webp", 480, 360), ("thumb-320.webp", 320, 240), ("thumb-160.webp", 160, 120)];
    assert_eq!(sizes[..3], wanted);
    assert_eq!(sizes[3..], [("preview.webp", 320, 240)]);
    let (frames, milliseconds) = frames(results.file("preview.webp"));
    // 30 frames in three seconds; every other is left out, since they come faster than eight in a second.
    assert_eq!(frames.len(), 15, "{kind}");
    assert!((2800..=3200).contains(&milliseconds), "{kind}: {milliseconds} ms");
    frames
}

#[test]
fn each_kind_shows_the_same_frames() {
    let gif = check(&thumbnails(&test_animation(&[], "gif")), PictureKind::Gif);
    let png = check(&thumbnails(&test_animation(&["-plays", "0"], "apng")), PictureKind::Png);
    let webp = check(&thumbnails(&test_animation(&["-c:v", "libwebp_anim"], "webp")), PictureKind::Webp);
    for (index, png) in png.iter().enumerate() {
        // What is seen after so many tenths of a second.
        let from = format!("{}", f64::from(u32::try_from(index).unwrap()) * 0.2);
        let wanted = ffmpeg(
            &[
                "-f",
                "lavfi",
                "-i",
                "testsrc2=size=480x360:rate=10:duration=5",
                "-ss",
                &from,
                "-frames:v",
                "1",
                "-vf",
                "scale=320:240:flags=lanczos",
                "-f",
                "rawvideo",
                "-pix_fmt",
                "rgb24",
            ],
            "rgb",
        );
        let wanted = Pixels::new(Size::new(320, 240), Layout::Rgb, wanted).unwrap();
        for (frame, kind) in [(png, "PNG"), (&gif[index], "GIF"), (&webp[index], "WebP")] {
            let difference = difference(frame, &wanted);
            assert!(difference < 10.0, "frame {index} of {kind} differs by {difference}");
        }
    }
    assert!(difference(&png[0], &png[14]) > 5.0, "the picture does not move");
}

/// A GIF of 40 × 40 pixels: each frame is filled with one palette index, but that a dot in it has another.
fn small_gif(frames: &[(u8, u8)]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let palette = [255, 255, 255, 200, 0, 0, 0, 0, 200];
    let mut encoder = gif::Encoder::new(&mut bytes, 40, 40, &palette).unwrap();
    for &(ground, dot) in frames {
        let mut indices = vec![ground; 1600];
        indices[..400].fill(dot);
        let mut frame = gif::Frame::from_indexed_pixels(40, 40, indices, None);
        frame.delay = 20;
        encoder.write_frame(&frame).unwrap();
    }
    drop(encoder);
    bytes
}

#[test]
fn the_still_is_the_first_frame_that_is_not_blank() {
    let results = thumbnails(&small_gif(&[(0, 0), (2, 2), (1, 2), (2, 1)]));
    assert_eq!(results.webp("thumb-160.webp").data()[39 * 40 * 3], 200, "the ground is red");
    let (frames, _) = frames(results.file("preview.webp"));
    assert_eq!(frames.len(), 2, "the preview begins with the still");
}

#[test]
fn an_animation_of_blank_frames_shows_the_first() {
    let results = thumbnails(&small_gif(&[(2, 2), (1, 1)]));
    assert_eq!(results.list(), [("thumb-160.webp", 40, 40)]);
    assert!(results.rendered.animated);
    let shown = results.webp("thumb-160.webp");
    assert!(shown.data()[0] < 10 && shown.data()[2] > 190, "{:?}", &shown.data()[..3]);
}

#[test]
fn a_single_frame_is_no_animation() {
    let results = thumbnails(&small_gif(&[(1, 2)]));
    assert_eq!((results.rendered.animated, results.list()), (false, vec![("thumb-160.webp", 40, 40)]));
    assert!(!thumbnails(&test_picture(&[], "png")).rendered.animated);
}

#[test]
fn a_preview_is_bounded() {
    let frames_of_file: Vec<_> = (0..200).map(|index| (1 + index % 2, 0)).collect();
    let bytes = small_gif(&frames_of_file);
    let (seen, milliseconds) = frames(thumbnails(&bytes).file("preview.webp"));
    assert_eq!((seen.len(), milliseconds), (15, 3000));
    // Frames after the limit are not looked at.
    let limits = PictureLimits { frames: 4, ..PictureLimits::default() };
    let results = try_make(&bytes, &PictureOrder::default(), &limits).unwrap();
    assert_eq!(frames(results.file("preview.webp")).0.len(), 4);
    // Without a preview there is none.
    let order = PictureOrder::Thumbnails { long_sides: vec![160], preview: false };
    let results = try_make(&bytes, &order, &limits).unwrap();
    assert_eq!((results.list(), results.rendered.animated), (vec![("thumb-160.webp", 40, 40)], true));
}

#[test]
fn an_animation_that_breaks_off_is_shown_as_far_as_it_goes() {
    let bytes = test_animation(&[], "gif");
    let results = thumbnails(&bytes[..bytes.len() / 4]);
    assert!(frames(results.file("preview.webp")).0.len() < 15);
}
