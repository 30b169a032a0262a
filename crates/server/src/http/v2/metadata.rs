//! What the API says of a file's content, for its document: the media crate makes it.
#![expect(dead_code, reason = "described alone")]

use std::collections::BTreeMap;

use utoipa::ToSchema;

/// What a file holds. A fact that it does not tell is left out.
#[derive(ToSchema)]
pub(super) struct Metadata {
    /// What it is by its content: `image`, `video` or `audio`.
    kind: String,
    /// The format that holds the streams: `png`, `mp4`, `matroska`, `ogg`.
    container: String,
    /// The type of the bytes.
    mime: String,
    /// How long it plays, animations included, in milliseconds.
    duration_ms: Option<u64>,
    /// Of the whole file, in bits per second.
    bit_rate: Option<u64>,
    /// A picture, still or animated.
    image: Option<Image>,
    /// The first stream of moving pictures.
    video: Option<Video>,
    /// The first stream of sound.
    audio: Option<Audio>,
    /// True when a picture is attached, as to a song.
    cover: Option<bool>,
    /// What the file says of itself: `title`, `artist`, `album` and the like.
    tags: Option<BTreeMap<String, String>>,
    /// What was heard, once all of it was.
    sound: Option<Sound>,
}

/// A picture.
#[derive(ToSchema)]
struct Image {
    /// In pixels, as it is seen: the orientation is applied.
    width: u32,
    /// In pixels, as it is seen: the orientation is applied.
    height: u32,
    /// How the stored pixels must be turned to be seen upright: 1 to 8, as in EXIF.
    orientation: u8,
    /// Whether it may be transparent in places.
    alpha: bool,
    /// Bits of one sample: 8 for most.
    bit_depth: u8,
    /// `gray`, `rgb`, `palette`, `cmyk` or `other`.
    color: String,
    /// The name of the colour profile it brings.
    profile: Option<String>,
    /// 1 for a still picture.
    frames: u32,
}

/// Moving pictures.
#[derive(ToSchema)]
struct Video {
    /// In pixels, as it is seen: pixel shape and rotation are applied.
    width: u32,
    /// In pixels, as it is seen: pixel shape and rotation are applied.
    height: u32,
    /// By the short name that ffmpeg uses: `h264`, `hevc`, `vp9`.
    codec: String,
    /// Pictures per second, on average.
    frame_rate: Option<f64>,
    /// In bits per second.
    bit_rate: Option<u64>,
    /// Clockwise: 0, 90, 180 or 270 degrees.
    rotation: u16,
    /// Whether it can play before all of it has come.
    fast_start: Option<bool>,
}

/// Sound.
#[derive(ToSchema)]
struct Audio {
    /// By the short name that ffmpeg uses: `aac`, `mp3`, `opus`.
    codec: String,
    /// In hertz.
    sample_rate: u32,
    /// How many.
    channels: u16,
    /// In bits per second.
    bit_rate: Option<u64>,
}

/// What was heard.
#[derive(ToSchema)]
struct Sound {
    /// Integrated loudness in LUFS (EBU R 128); absent for silence.
    loudness_lufs: Option<f64>,
    /// Silence in front, in milliseconds.
    leading_silence_ms: u64,
    /// Silence behind, in milliseconds.
    trailing_silence_ms: u64,
}
