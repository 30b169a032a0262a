//! Making pictures, and looking at what became of them.

use std::fs::{self, File};
use std::io::{Seek, Write};
use std::num::NonZeroUsize;
use std::time::Duration;

use crate::forge;
use reelshelf_domain::ByteSize;
use reelshelf_media::{
    Command, Layout, Limits, PictureLimits, PictureOrder, PictureProblem, Pixels, Rendered, Size, Slots, render, run,
};

/// For each orientation, how ffmpeg turns a picture into what is stored.
pub(crate) const STORED: [&str; 8] =
    ["null", "hflip", "hflip,vflip", "vflip", "transpose=0", "transpose=2", "transpose=3", "transpose=1"];

/// Everything that an order made.
pub(crate) struct Results {
    pub(crate) rendered: Rendered,
    pub(crate) files: Vec<(String, Vec<u8>)>,
}

impl Results {
    pub(crate) fn file(&self, name: &str) -> &[u8] {
        &self.files.iter().find(|(made, _)| made == name).unwrap().1
    }

    /// The names and sizes that were made.
    pub(crate) fn list(&self) -> Vec<(&str, u32, u32)> {
        self.rendered.made.iter().map(|made| (made.name.as_str(), made.size.width, made.size.height)).collect()
    }

    /// A WebP that was made, decoded.
    pub(crate) fn webp(&self, name: &str) -> Pixels {
        webp(self.file(name))
    }
}

/// A still WebP, decoded.
pub(crate) fn webp(bytes: &[u8]) -> Pixels {
    let mut decoder = image_webp::WebPDecoder::new(std::io::Cursor::new(bytes)).unwrap();
    let (width, height) = decoder.dimensions();
    let layout = if decoder.has_alpha() { Layout::Rgba } else { Layout::Rgb };
    let mut data = vec![0; decoder.output_buffer_size().unwrap()];
    decoder.read_image(&mut data).unwrap();
    Pixels::new(Size::new(width, height), layout, data).unwrap()
}

/// An open file of these bytes that has no name.
pub(crate) fn file(bytes: &[u8]) -> File {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(bytes).unwrap();
    file.rewind().unwrap();
    file
}

pub(crate) fn try_make(bytes: &[u8], order: &PictureOrder, limits: &PictureLimits) -> Result<Results, PictureProblem> {
    let mut files = Vec::new();
    let rendered = render(file(bytes), order, limits, &mut |name, bytes| {
        files.push((name.to_owned(), bytes.to_vec()));
        Ok(())
    })?;
    Ok(Results { rendered, files })
}

pub(crate) fn make(bytes: &[u8], order: &PictureOrder) -> Results {
    try_make(bytes, order, &PictureLimits::default()).unwrap()
}

/// Thumbnails of all four sides.
pub(crate) fn thumbnails(bytes: &[u8]) -> Results {
    make(bytes, &PictureOrder::default())
}

/// What the real ffmpeg writes with these arguments into a file with the given extension.
pub(crate) fn ffmpeg(arguments: &[&str], extension: &str) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(format!("made.{extension}"));
    let limits = Limits { time: Duration::from_mins(1), output: ByteSize::new(100_000) };
    let command = Command::new("ffmpeg", limits)
        .args(["-hide_banner", "-loglevel", "error", "-y"])
        .args(arguments.iter().copied())
        .arg(&path);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(run(&Slots::new(NonZeroUsize::MIN), command)).unwrap();
    fs::read(path).unwrap()
}

/// One frame of ffmpeg's test picture, 300 × 200, encoded with these further arguments.
pub(crate) fn test_picture(arguments: &[&str], extension: &str) -> Vec<u8> {
    let source = ["-f", "lavfi", "-i", "testsrc2=size=300x200", "-frames:v", "1"];
    ffmpeg(&[&source, arguments].concat(), extension)
}

/// The test picture as RGB pixels.
pub(crate) fn test_pixels() -> Pixels {
    let data = test_picture(&["-f", "rawvideo", "-pix_fmt", "rgb24"], "rgb");
    Pixels::new(Size::new(300, 200), Layout::Rgb, data).unwrap()
}

/// The mean difference of two pictures of one size, in steps of 1/255, alpha aside.
pub(crate) fn difference(one: &Pixels, other: &Pixels) -> f64 {
    assert_eq!(one.size(), other.size());
    let colors = |pixels: &Pixels| -> Vec<u8> {
        pixels.data().chunks(pixels.layout().channels()).flat_map(|pixel| pixel[..3].to_vec()).collect()
    };
    let (one, other) = (colors(one), colors(other));
    let sum: u64 = one.iter().zip(&other).map(|(one, other)| u64::from(one.abs_diff(*other))).sum();
    f64::from(u32::try_from(sum).unwrap()) / f64::from(u32::try_from(one.len()).unwrap())
}

/// The same picture without its colours, as ffmpeg weighs them for grey.
pub(crate) fn grey(pixels: &Pixels) -> Pixels {
    let luma = |pixel: &[u8]| {
        let sum = 299 * u32::from(pixel[0]) + 587 * u32::from(pixel[1]) + 114 * u32::from(pixel[2]);
        u8::try_from((sum + 500) / 1000).unwrap()
    };
    let data = pixels.data().chunks(pixels.layout().channels()).flat_map(|pixel| [luma(pixel); 3]).collect();
    Pixels::new(pixels.size(), Layout::Rgb, data).unwrap()
}

/// The same picture in inks without black, of which 0 is none.
pub(crate) fn inks(pixels: &Pixels) -> Vec<u8> {
    pixels.data().chunks(3).flat_map(|rgb| [255 - rgb[0], 255 - rgb[1], 255 - rgb[2], 0]).collect()
}

/// Small files of every kind, and of what is special within a kind.
pub(crate) fn small_files() -> Vec<(&'static str, Vec<u8>)> {
    let still = |arguments: &[&str], extension: &str| {
        let source = ["-f", "lavfi", "-i", "testsrc2=size=64x48", "-frames:v", "1"];
        ffmpeg(&[&source, arguments].concat(), extension)
    };
    let moving = |arguments: &[&str], extension: &str| {
        let source = ["-f", "lavfi", "-i", "testsrc2=size=64x48:rate=5:duration=2"];
        ffmpeg(&[&source, arguments].concat(), extension)
    };
    let pixels = still(&["-f", "rawvideo", "-pix_fmt", "rgb24"], "rgb");
    let mut progressive = Vec::new();
    let mut encoder = jpeg_encoder::Encoder::new(&mut progressive, 90);
    encoder.set_progressive(true);
    encoder.add_icc_profile(&moxcms::ColorProfile::new_display_p3().encode().unwrap()).unwrap();
    encoder.encode(&pixels, 64, 48, jpeg_encoder::ColorType::Rgb).unwrap();
    let mut inks = Vec::new();
    jpeg_encoder::Encoder::new(&mut inks, 90)
        .encode(&pixels[..64 * 36 * 4], 64, 36, jpeg_encoder::ColorType::CmykAsYcck)
        .unwrap();
    // Large enough to be shrunk while they are decoded.
    let larger = ["-f", "lavfi", "-i", "testsrc2=size=320x240", "-frames:v", "1"];
    let jpeg = forge::jpeg_with_exif(&ffmpeg(&larger, "jpg"), 6);
    let larger = ffmpeg(&[&larger[..], &["-f", "rawvideo", "-pix_fmt", "rgb24"]].concat(), "rgb");
    let mut restarts = Vec::new();
    let mut encoder = jpeg_encoder::Encoder::new(&mut restarts, 90);
    encoder.set_restart_interval(7);
    encoder.set_sampling_factor(jpeg_encoder::SamplingFactor::R_4_2_2);
    encoder.encode(&larger, 320, 240, jpeg_encoder::ColorType::Rgb).unwrap();
    vec![
        ("jpeg", jpeg),
        ("jpeg with restarts", restarts),
        ("progressive jpeg", progressive),
        ("jpeg of inks", inks),
        ("png", forge::png_with_chunk(&still(&["-pix_fmt", "rgba"], "png"), "eXIf", &forge::exif(3))),
        ("interlaced png", still(&["-pix_fmt", "rgb48be", "-flags", "+ildct"], "png")),
        ("png of a palette", still(&["-pix_fmt", "pal8"], "png")),
        ("png animation", moving(&[], "apng")),
        ("gif", moving(&[], "gif")),
        ("webp", still(&["-c:v", "libwebp"], "webp")),
        ("lossless webp", still(&["-c:v", "libwebp", "-lossless", "1"], "webp")),
        ("webp animation", moving(&["-c:v", "libwebp_anim"], "webp")),
        ("tiff", still(&["-pix_fmt", "rgb24", "-compression_algo", "lzw"], "tiff")),
        ("deflated tiff", still(&["-pix_fmt", "rgba64le", "-compression_algo", "deflate"], "tiff")),
        ("planar tiff", {
            let pixels = Pixels::new(Size::new(64, 48), Layout::Rgb, pixels).unwrap();
            forge::planar_tiff(&pixels)
        }),
        ("bmp", still(&["-pix_fmt", "bgra"], "bmp")),
        ("bmp of a palette", still(&["-pix_fmt", "pal8"], "bmp")),
        ("rle.bmp", forge::rle_bmp()),
    ]
}

/// The most memory that this process has held so far, in bytes.
pub(crate) fn memory_peak() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() << 10
}

/// Numbers that look like chance and are the same each time (`SplitMix64`, Steele et al. 2014).
pub(crate) struct Chance(u64);

impl Chance {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A number below `bound`, which is not 0.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        usize::try_from((mixed ^ (mixed >> 31)) % bound as u64).unwrap()
    }
}
