//! Writes a file of every kind into a folder: the samples of the tests, and what people ought to look at. What cannot be
//! made on this machine is said on standard output, a line each.
//!
//! `samples FOLDER`
#![expect(clippy::unwrap_used, reason = "it is made of the tests' samples, and stops as they do")]

#[path = "../tests/picture/forge.rs"]
mod forge;
#[path = "../tests/probe/matrix.rs"]
mod matrix;
#[expect(dead_code, reason = "the rest is for the tests")]
#[path = "../tests/probe/samples.rs"]
mod samples;
#[expect(dead_code, reason = "the rest is for the tests")]
#[path = "../tests/picture/support.rs"]
mod support;

use std::fs;
use std::io::Write as _;
use std::num::NonZeroUsize;
use std::path::Path;
use std::time::Duration;

use jpeg_encoder::{ColorType, Encoder};
use moxcms::ColorProfile;
use reelshelf_domain::ByteSize;
use reelshelf_media::{Command, Limits, ProcessError, Slots, run, sniff};
use support::{STORED, ffmpeg, inks, small_files, test_picture, test_pixels};

/// A picture that is less and less to be seen from right to left, as the last filter of a still.
const FADING: &str = "format=rgba,geq=r='r(X,Y)':g='g(X,Y)':b='b(X,Y)':a='255*X/W'";

/// Stills that fade: what the format is called by ffmpeg, further arguments, and the name.
const FADING_STILLS: [(&str, &str, &str); 7] = [
    ("rgba", "", "alpha.png"),
    ("rgba64be", "", "alpha-16-bit.png"),
    ("ya8", "", "alpha-gray.png"),
    ("rgba", "", "alpha.tiff"),
    ("bgra", "", "alpha.bmp"),
    ("yuva420p", "-c:v libwebp", "alpha.webp"),
    ("bgra", "-c:v libwebp -lossless 1", "alpha-lossless.webp"),
];

/// Names, and ffmpeg's arguments but the output. Those of the tests are small; these are to be looked at.
const FURTHER: [(&str, &str); 22] = [
    (
        "alpha.gif",
        "-f lavfi -i testsrc2=size=300x200:rate=10:duration=1 -vf FADING,split[a][b];[a]palettegen[p];[b][p]paletteuse",
    ),
    ("alpha-motion.png", "-f lavfi -i testsrc2=size=300x200:rate=10:duration=1 -vf FADING -f apng -plays 0"),
    (
        "alpha-motion.webp",
        "-f lavfi -i testsrc2=size=300x200:rate=10:duration=1 -vf FADING -c:v libwebp_anim -pix_fmt yuva420p",
    ),
    ("motion.avif", "-f lavfi -i testsrc2=size=160x120:rate=5:duration=1 -c:v libaom-av1 -cpu-used 8"),
    (
        "10-bit.avif",
        "-f lavfi -i testsrc2=size=300x200 -frames:v 1 -c:v libaom-av1 -cpu-used 8 -still-picture 1 -pix_fmt yuv420p10le",
    ),
    ("99-megapixels.jpg", "-f lavfi -i testsrc2=size=1100x900 -frames:v 1 -vf scale=11000:9000:flags=neighbor -q:v 3"),
    ("99-megapixels.png", "-f lavfi -i testsrc2=size=1100x900 -frames:v 1 -vf scale=11000:9000:flags=neighbor"),
    ("101-megapixels.png", "-f lavfi -i color=navy:size=10100x10000 -frames:v 1"),
    ("1-pixel.png", "-f lavfi -i color=orange:size=2x2 -frames:v 1 -vf format=rgb24,crop=1:1"),
    ("1-pixel.gif", "-f lavfi -i color=orange:size=2x2 -frames:v 1 -vf format=rgb24,crop=1:1"),
    ("1-pixel.jpg", "-f lavfi -i color=orange:size=2x2 -frames:v 1 -vf format=rgb24,crop=1:1"),
    ("strip.png", "-f lavfi -i testsrc2=size=4000x80 -frames:v 1"),
    (
        "fade-in.mp4",
        "-f lavfi -i testsrc2=size=640x360:rate=25:duration=20 -vf fade=in:0:110 -c:v libx264 -preset ultrafast -g 25",
    ),
    ("black.mp4", "-f lavfi -i color=black:size=320x180:duration=3 -c:v libx264 -preset ultrafast"),
    ("upright.mp4", "-f lavfi -i testsrc2=size=270x480:rate=25:duration=3 -c:v libx264 -preset ultrafast"),
    (
        "10-bit.mp4",
        "-f lavfi -i testsrc2=size=320x180:rate=25:duration=1 -c:v libx265 -preset ultrafast -x265-params log-level=none -pix_fmt yuv420p10le",
    ),
    (
        "alpha.webm",
        "-f lavfi -i testsrc2=size=320x180:rate=25:duration=1 -vf FADING -c:v libvpx-vp9 -cpu-used 8 -deadline realtime -pix_fmt yuva420p",
    ),
    ("swelling.wav", "-f lavfi -i SWELLING"),
    ("swelling.mp3", "-f lavfi -i SWELLING -c:a libmp3lame"),
    ("swelling.opus", "-f lavfi -i SWELLING -c:a libopus"),
    ("silence.wav", "-f lavfi -i anullsrc=r=44100:cl=mono -t 3"),
    ("silence.m4a", "-f lavfi -i anullsrc=r=44100:cl=mono -t 3 -c:a aac"),
];

/// A note that grows louder for ten seconds, in one beat a second.
const SWELLING: &str = "aevalsrc=sin(440*2*PI*t)*abs(sin(PI*t))*t/10:s=44100:d=10";

fn main() {
    let folder = std::env::args().nth(1).expect("samples FOLDER");
    let folder = Path::new(&folder);
    fs::create_dir_all(folder).unwrap();
    let write = |name: &str, bytes: Vec<u8>| fs::write(folder.join(name), bytes).unwrap();
    for sample in samples::SAMPLES {
        sample.make(&folder.join(sample.name));
    }
    for (what, bytes) in small_files() {
        write(&format!("small-{}.{}", what.replace([' ', '.'], "-"), sniff(&bytes).extension()), bytes);
    }
    for (format, arguments, name) in FADING_STILLS {
        let words = ["-vf", FADING, "-pix_fmt", format].into_iter().chain(arguments.split_whitespace());
        write(name, test_picture(&words.collect::<Vec<_>>(), extension(name)));
    }
    for (name, arguments) in FURTHER {
        let words =
            arguments.split_whitespace().map(|word| word.replace("FADING", FADING).replace("SWELLING", SWELLING));
        let words = words.collect::<Vec<_>>();
        write(name, ffmpeg(&words.iter().map(String::as_str).collect::<Vec<_>>(), extension(name)));
    }
    turned(&write);
    recorded(&write);
    coloured(&write);
    wrong(&write);
    let mut out = std::io::stdout();
    writeln!(out, "WMV3 and VC-1: ffmpeg has no encoder for them").unwrap();
    if heif(folder).is_err() {
        writeln!(out, "HEIC, and AVIF with transparency: there is no heif-enc here").unwrap();
    }
}

fn extension(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}

/// One picture, stored in each of the eight ways.
fn turned(write: &dyn Fn(&str, Vec<u8>)) {
    for (orientation, filter) in (1..).zip(STORED) {
        let jpeg = test_picture(&["-vf", filter, "-q:v", "2"], "jpg");
        write(&format!("orientation-{orientation}.jpg"), forge::jpeg_with_exif(&jpeg, orientation));
    }
    let png = test_picture(&["-vf", STORED[5]], "png");
    write("orientation-6.png", forge::png_with_chunk(&png, "eXIf", &forge::exif(6)));
    let webp = test_picture(&["-vf", STORED[5], "-c:v", "libwebp"], "webp");
    write("orientation-6.webp", forge::webp_with_exif(&webp, 200, 300, 6));
}

/// A film as phones record it: lying, with a note of how it has to be turned.
fn recorded(write: &dyn Fn(&str, Vec<u8>)) {
    let source = ["-f", "lavfi", "-i", "testsrc2=size=480x270:rate=25:duration=3", "-vf", STORED[5]];
    let stored = ffmpeg(&[&source[..], &["-c:v", "libx264", "-preset", "ultrafast"]].concat(), "mp4");
    write("turned.mp4", matrix::with_matrix(&stored, [0, 1, -1, 0]));
}

/// The same picture in colours that are not sRGB, and in inks.
fn coloured(write: &dyn Fn(&str, Vec<u8>)) {
    let pixels = test_pixels();
    let profile = ColorProfile::new_display_p3().encode().unwrap();
    write("display-p3.png", forge::png_with_profile(&pixels, &profile));
    let jpeg = |data: &[u8], color, profile: Option<&[u8]>, is_progressive| {
        let mut bytes = Vec::new();
        let mut encoder = Encoder::new(&mut bytes, 92);
        encoder.set_progressive(is_progressive);
        if let Some(profile) = profile {
            encoder.add_icc_profile(profile).unwrap();
        }
        encoder.encode(data, 300, 200, color).unwrap();
        bytes
    };
    write("display-p3.jpg", jpeg(pixels.data(), ColorType::Rgb, Some(&profile), false));
    write("progressive.jpg", jpeg(pixels.data(), ColorType::Rgb, None, true));
    write("cmyk.jpg", jpeg(&inks(&pixels), ColorType::Cmyk, None, false));
    write("ycck.jpg", jpeg(&inks(&pixels), ColorType::CmykAsYcck, None, false));
    write("cmyk.tiff", forge::tiff_of_inks(300, 200, &inks(&pixels)));
}

/// What is not what it should be.
fn wrong(write: &dyn Fn(&str, Vec<u8>)) {
    let (png, mp4) = (test_picture(&[], "png"), samples::SAMPLES.iter().find(|sample| sample.name == "h264.mp4"));
    write("cut-short.png", png[..png.len() / 2].to_vec());
    write("png-called.jpg", png);
    write("text-called.jpg", b"No picture at all.\n".to_vec());
    let folder = tempfile::tempdir().unwrap();
    let whole = folder.path().join("whole.mp4");
    mp4.unwrap().make(&whole);
    let mp4 = fs::read(whole).unwrap();
    write("cut-short.mp4", mp4[..mp4.len() / 2].to_vec());
}

/// What only libheif's encoder makes.
fn heif(folder: &Path) -> Result<(), ProcessError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let limits = Limits { time: Duration::from_mins(1), output: ByteSize::mib(1) };
    for (from, to) in [("alpha.png", "alpha.avif"), ("rgb.png", "still.heic"), ("alpha.png", "alpha.heic")] {
        let command = Command::new("heif-enc", limits).arg(folder.join(from)).arg("-o").arg(folder.join(to));
        runtime.block_on(run(&Slots::new(NonZeroUsize::MIN), command))?;
    }
    Ok(())
}
