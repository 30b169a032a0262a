use std::ffi::OsString;
use std::path::{Path, PathBuf};

use reelshelf_domain::MediaType;
use serde::{Deserialize, Serialize};

use crate::inspect::{formats, inspect_arguments};
use crate::probe::Stretch;
use crate::{Layout, Size};

/// ffmpeg or ffprobe, and what it is to do.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Tool {
    /// By its full path.
    pub(crate) program: PathBuf,
    pub(crate) purpose: Purpose,
}

/// What a tool is to do.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum Purpose {
    /// To say which version it is. It reads nothing.
    Version,
    /// To say what the input holds, as JSON.
    Inspect(MediaType),
    /// To decode the first sound to a WAV of 16-bit samples, so many milliseconds of it at most.
    Samples {
        /// What the input is.
        media_type: MediaType,
        /// In milliseconds.
        most_ms: u64,
    },
    /// To decode frames of the first video: their pixels to standard output, a line with its time for each to standard
    /// error.
    Frames {
        /// What the input is.
        media_type: MediaType,
        /// Of each frame, as it is to be given.
        size: Size,
        /// How they must be turned before that: 2 to 8, as in EXIF. 1: as the file says, which ffmpeg knows of videos.
        orientation: u8,
        /// Where to begin: at the keyframe before it.
        from_ms: u64,
        /// Whether all but keyframes are passed over.
        keyframes: bool,
        /// The least time from one frame to the next.
        apart_ms: u64,
        /// How many at most.
        most: u32,
    },
    /// To decode an AVIF with its transparency: pixels and a line, as of a frame.
    Transparent {
        /// Of the picture, as it is to be given.
        size: Size,
        /// How it must be turned before that: 1 to 8, as in EXIF.
        orientation: u8,
        /// Where in the file its transparency lies, which ffmpeg does not look for.
        alpha: Stretch,
    },
}

impl Purpose {
    /// Whether it reads the input.
    pub(super) fn reads(self) -> bool {
        self != Self::Version
    }

    /// How it writes pixels.
    pub(super) fn layout(self) -> Layout {
        if matches!(self, Self::Transparent { .. }) { Layout::Rgba } else { Layout::Rgb }
    }

    /// The arguments.
    pub(super) fn arguments(self, input: &Path) -> Vec<OsString> {
        let mut url = OsString::from("file:");
        url.push(input);
        let (before, behind) = match self {
            Self::Version => return vec!["-version".into()],
            Self::Inspect(media_type) => (words(inspect_arguments(media_type).unwrap_or_default()), Vec::new()),
            Self::Samples { media_type, most_ms } => (opening(media_type, words(["-vn"])), samples(most_ms)),
            Self::Frames { media_type, size, orientation, from_ms, keyframes, apart_ms, most } => {
                (opening(media_type, seeking(from_ms, keyframes)), frames(size, orientation, apart_ms, most))
            }
            Self::Transparent { size, orientation, alpha } => {
                (opening(MediaType::Avif, Vec::new()), transparent(size, orientation, alpha, input))
            }
        };
        before.into_iter().map(OsString::from).chain([url]).chain(behind.into_iter().map(OsString::from)).collect()
    }
}

/// How ffmpeg is told to open its input: this file and no other, as what its first bytes promise, in one thread.
fn opening(media_type: MediaType, more: Vec<String>) -> Vec<String> {
    let formats = formats(media_type).unwrap_or_default();
    let mut arguments = words(["-nostdin", "-v", "quiet", "-threads", "1", "-protocol_whitelist", "file"]);
    arguments.extend(words(["-format_whitelist", formats]));
    if !formats.contains(',') {
        arguments.extend(words(["-f", formats]));
    }
    arguments.extend(more);
    arguments.push("-i".to_owned());
    arguments
}

fn samples(most_ms: u64) -> Vec<String> {
    let most = format!("{most_ms}ms");
    // Writes that fill a pipe, and no smaller ones: each costs. Larger pipes cost more, since they leave the cache.
    let pipe = ["-flush_packets", "0", "-blocksize", "65536", "pipe:1"];
    words(
        ["-map", "0:a:0", "-t", &most, "-c:a", "pcm_s16le", "-fflags", "+bitexact", "-f", "wav"]
            .into_iter()
            .chain(pipe),
    )
}

/// To the keyframe before a time, from where times then count.
fn seeking(from_ms: u64, keyframes: bool) -> Vec<String> {
    let from = format!("{from_ms}ms");
    let passing_over: &[&str] = if keyframes { &["-skip_frame", "nokey", "-discard", "nokey"] } else { &[] };
    words(["-an", "-sn", "-dn"].into_iter().chain(passing_over.iter().copied()).chain([
        "-noaccurate_seek",
        "-ss",
        &from,
    ]))
}

fn frames(size: Size, orientation: u8, apart_ms: u64, most: u32) -> Vec<String> {
    let Size { width, height } = size;
    let (seconds, ms) = (apart_ms / 1000, apart_ms % 1000);
    // The time is told before it is changed to one that makes ffmpeg neither double nor drop a frame; and it is told only
    // of frames of which there is more to tell.
    let filters = format!(
        "select='isnan(prev_selected_t)+gte(t-prev_selected_t,{seconds}.{ms:03})',{}scale={width}:{height},\
         {TELLING}",
        turning(orientation)
    );
    let most = most.to_string();
    let (video, output) = (["-map", "0:v:0", "-vf", &filters], ["-r", "25", "-frames:v", &most]);
    words(video.into_iter().chain(output).chain(["-pix_fmt", "rgb24", "-f", "rawvideo", "pipe:1"]))
}

/// The filters that tell the time of a frame, and then change it.
const TELLING: &str =
    "metadata=mode=add:key=is:value=frame,metadata=mode=print:file=pipe\\\\:2:direct=1,settb=1/25,setpts=N";

/// The same file once more, of which a stretch is a stream of AV1 by itself; its brightness is the first picture's
/// transparency.
fn transparent(size: Size, orientation: u8, alpha: Stretch, input: &Path) -> Vec<String> {
    let (Size { width, height }, Stretch { from, to }, turning) = (size, alpha, turning(orientation));
    let stretch = format!("subfile,,start,{from},end,{to},,:file:{}", input.display());
    let filters = format!(
        "[0:v:0]{turning}scale={width}:{height}[seen];[1:v:0]{turning}scale={width}:{height},format=gray[alpha];\
         [seen][alpha]alphamerge,{TELLING}[made]"
    );
    let opening = ["-threads", "1", "-protocol_whitelist", "file,subfile", "-format_whitelist", "obu", "-f", "obu"];
    let made = ["-filter_complex", &filters, "-map", "[made]", "-r", "25", "-frames:v", "1"];
    words(
        opening.into_iter().chain(["-i", &stretch]).chain(made).chain(["-pix_fmt", "rgba", "-f", "rawvideo", "pipe:1"]),
    )
}

/// The filters that bring a picture upright, by its orientation as in EXIF.
fn turning(orientation: u8) -> &'static str {
    match orientation {
        2 => "hflip,",
        3 => "hflip,vflip,",
        4 => "vflip,",
        5 => "transpose=0,",
        6 => "transpose=1,",
        7 => "transpose=3,",
        8 => "transpose=2,",
        _ => "",
    }
}

fn words<'a>(words: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    words.into_iter().map(str::to_owned).collect()
}
