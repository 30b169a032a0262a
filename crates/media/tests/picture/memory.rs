//! Large pictures that are honest about it do not stand in memory at full size.

use crate::support::{ffmpeg, memory_peak, thumbnails};

#[test]
fn a_jpeg_of_50_megapixels_takes_64_mebibytes() {
    let source = "gradients=size=8660x5774:rate=1:seed=3";
    let bytes = ffmpeg(&["-f", "lavfi", "-i", source, "-frames:v", "1", "-pix_fmt", "yuvj420p"], "jpg");
    let results = thumbnails(&bytes);
    assert_eq!(results.list()[0], ("thumb-1280.webp", 1280, 853));
    assert!(memory_peak() <= 64 << 20, "{} MiB", memory_peak() >> 20);
}

#[test]
fn a_png_of_36_megapixels_takes_less_than_its_pixels() {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, 6000, 6000);
    encoder.set_color(png::ColorType::Rgb);
    let mut writer = encoder.write_header().unwrap();
    let mut stream = writer.stream_writer().unwrap();
    for y in 0..60_u8 {
        let rows = [y * 4, 255 - y, 90].repeat(6000 * 100);
        std::io::Write::write_all(&mut stream, &rows).unwrap();
    }
    stream.finish().unwrap();
    drop(writer);
    let results = thumbnails(&bytes);
    assert_eq!(results.list()[0], ("thumb-1280.webp", 1280, 1280));
    // All pixels are 103 MiB; every other across and down, which is what is kept, 26.
    assert!(memory_peak() < 80 << 20, "{} MiB", memory_peak() >> 20);
}
