//! Files that mean harm, or that were harmed, the same in every run: headers that claim what cannot be, files cut short,
//! bits flipped, playlists in disguise, names that lie, two formats in one. For the tests and the benchmarks of a server.

mod chance;
mod claims;
mod disguises;
mod forge;
mod mutants;
mod pictures;
mod watch;

pub(crate) use mutants::Mutants;
pub(crate) use watch::{Peaks, Watch};

/// A file, and the name under which it is uploaded.
pub(crate) struct Hostile {
    pub(crate) name: String,
    pub(crate) bytes: Vec<u8>,
}

/// A whole file that ffmpeg made, of which hostile ones are made.
pub(crate) struct Seed {
    /// With the extension that chooses the container.
    pub(crate) name: &'static str,
    pub(crate) bytes: Vec<u8>,
}

const STILL: &str = "-f lavfi -i testsrc2=size=64x48:rate=1 -frames:v 1";
const MOTION: &str = "-f lavfi -i testsrc2=size=64x48:rate=5:duration=1";
const FILM: &str = "-f lavfi -i testsrc2=size=96x64:rate=10:duration=1";
const BOTH: &str =
    "-f lavfi -i testsrc2=size=96x64:rate=10:duration=1 -f lavfi -i sine=440:r=44100:duration=1 -pix_fmt yuv420p";
const SOUND: &str = "-f lavfi -i sine=440:r=44100:duration=1";

/// The name of each seed, and the words of ffmpeg's command line between its general options and the name of the output.
pub(crate) const SEEDS: &[(&str, [&str; 2])] = &[
    ("still.png", [STILL, "-pix_fmt rgba"]),
    ("motion.apng", [MOTION, "-f apng"]),
    ("still.jpg", [STILL, "-pix_fmt yuvj420p"]),
    ("motion.gif", [MOTION, ""]),
    ("still.bmp", [STILL, ""]),
    ("still.tiff", [STILL, "-pix_fmt rgb24 -compression_algo deflate"]),
    ("lossy.webp", [STILL, "-c:v libwebp"]),
    ("lossless.webp", [STILL, "-c:v libwebp -lossless 1"]),
    ("motion.webp", [MOTION, "-c:v libwebp_anim"]),
    ("still.avif", [STILL, "-c:v libaom-av1 -cpu-used 8 -still-picture 1"]),
    ("h264.mp4", [BOTH, "-c:v libx264 -preset ultrafast -g 5 -c:a aac"]),
    ("hevc.mp4", [FILM, "-c:v libx265 -preset ultrafast -x265-params log-level=none"]),
    ("av1.mp4", [FILM, "-c:v libaom-av1 -cpu-used 8 -frames:v 3"]),
    ("mpeg4.mov", [BOTH, "-c:v mpeg4 -c:a pcm_s16le"]),
    ("vp8.webm", [BOTH, "-c:v libvpx -deadline realtime -c:a libvorbis"]),
    ("vp9.webm", [BOTH, "-c:v libvpx-vp9 -cpu-used 8 -deadline realtime -c:a libopus"]),
    ("h264.mkv", [BOTH, "-c:v libx264 -preset ultrafast -c:a libmp3lame"]),
    ("mpeg4.avi", [BOTH, "-c:v mpeg4 -c:a libmp3lame"]),
    ("wmv2.wmv", [BOTH, "-c:v wmv2 -c:a wmav2"]),
    ("mpeg2.mpg", [BOTH, "-f vob -c:v mpeg2video -c:a mp2 -r 25"]),
    ("h264.ts", [BOTH, "-c:v libx264 -preset ultrafast -c:a aac"]),
    ("theora.ogv", [BOTH, "-c:v libtheora -c:a libvorbis"]),
    ("sound.mp3", [SOUND, "-c:a libmp3lame"]),
    ("sound.wav", [SOUND, ""]),
    ("sound.flac", [SOUND, ""]),
    ("sound.aac", [SOUND, "-c:a aac"]),
    ("sound.m4a", [SOUND, "-c:a aac"]),
    ("sound.opus", [SOUND, "-c:a libopus"]),
    ("sound.ogg", [SOUND, "-c:a libvorbis"]),
];

/// Everything that is put together on purpose; in the long form also what takes much room.
pub(crate) fn crafted(seeds: &[Seed], is_long: bool) -> Vec<Hostile> {
    let mut files = pictures::bombs();
    if is_long {
        files.extend(pictures::large_bombs());
    }
    files.extend(claims::all(seeds));
    files.extend(disguises::all(seeds));
    files.extend(mutants::cut(seeds, if is_long { 8 } else { 1 }));
    files
}

fn hostile(name: impl Into<String>, bytes: Vec<u8>) -> Hostile {
    Hostile { name: name.into(), bytes }
}
