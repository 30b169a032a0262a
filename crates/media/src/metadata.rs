//! What is known about a file's content: plain data, stored as JSON beside the file and answered by the API.

use std::collections::BTreeMap;

use reelshelf_domain::{MediaKind, MediaType};
use serde::{Deserialize, Serialize};

/// What a file holds. A fact that its headers do not tell is left out; nothing is guessed.
#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct Metadata {
    /// What it is by its content, which says more than its first bytes: an MP4 or Matroska with sound alone is audio.
    pub kind: MediaKind,
    /// The format that holds the streams, in lower case: `png`, `mp4`, `matroska`, `ogg`.
    pub container: String,
    /// The registered name of its type.
    pub mime: MediaType,
    /// How long it plays, animations included, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_ms: Option<u64>,
    /// Of the whole file, in bits per second. Absent for pictures.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bit_rate: Option<u64>,
    /// A picture, still or animated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<ImageMetadata>,
    /// The first stream of moving pictures; covers do not count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub video: Option<VideoMetadata>,
    /// The first stream of sound.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audio: Option<AudioMetadata>,
    /// Whether a picture is attached, as to a song.
    #[serde(default, skip_serializing_if = "is_false")]
    pub cover: bool,
    /// What the file says of itself (`title`, `artist`, `album` …): few, and short.
    #[serde(default, skip_serializing_if = "Tags::is_empty")]
    pub tags: Tags,
}

impl Metadata {
    /// Of a file of which nothing else is known yet.
    pub(crate) fn of(kind: MediaKind, media_type: MediaType) -> Self {
        let mime = match (kind, media_type) {
            (MediaKind::Audio, MediaType::Mp4) => MediaType::M4a,
            (MediaKind::Video, MediaType::M4a) => MediaType::Mp4,
            (MediaKind::Audio, MediaType::Webm) => MediaType::Weba,
            (MediaKind::Video, MediaType::Weba) => MediaType::Webm,
            (MediaKind::Audio, MediaType::Mkv) => MediaType::Mka,
            (MediaKind::Video, MediaType::Mka) => MediaType::Mkv,
            (MediaKind::Audio, MediaType::Ogv) => MediaType::Ogg,
            (MediaKind::Video, MediaType::Ogg | MediaType::Opus) => MediaType::Ogv,
            (_, other) => other,
        };
        let container = container(mime).to_owned();
        let (duration_ms, bit_rate, image, video, audio, cover) = (None, None, None, None, None, false);
        Self { kind, container, mime, duration_ms, bit_rate, image, video, audio, cover, tags: Tags::default() }
    }

    /// How long a file of so many bytes plays, from which its bit rate follows.
    pub(crate) fn play(&mut self, duration_ms: Option<u64>, length: u64) {
        self.duration_ms = duration_ms;
        self.bit_rate = duration_ms.filter(|ms| *ms > 0).map(|ms| length.saturating_mul(8000) / ms);
    }
}

/// The format that holds the streams of a type.
fn container(media_type: MediaType) -> &'static str {
    match media_type {
        MediaType::Jpeg => "jpeg",
        MediaType::M4a => "mp4",
        MediaType::Weba => "webm",
        MediaType::Mkv | MediaType::Mka => "matroska",
        MediaType::Wmv => "asf",
        MediaType::Mpeg => "mpeg",
        MediaType::MpegTs => "mpegts",
        MediaType::Ogv | MediaType::Opus => "ogg",
        MediaType::Aac => "adts",
        other => other.extension(),
    }
}

/// `amount * times / by`, rounded to the nearest; `None` when dividing by zero or beyond 64 bits.
pub(crate) fn scaled(amount: u64, times: u64, by: u64) -> Option<u64> {
    let product = u128::from(amount) * u128::from(times) + u128::from(by / 2);
    product.checked_div(u128::from(by)).and_then(|quotient| u64::try_from(quotient).ok())
}

/// Pictures per second, to a thousandth, of so many in a time; nothing that is not a rate.
pub(crate) fn frame_rate(pictures: u64, units_per_second: u64, units: u64) -> Option<f64> {
    const MOST: u32 = 100_000_000;
    let thousandths = scaled(pictures.saturating_mul(units_per_second), 1000, units)?;
    let thousandths = u32::try_from(thousandths).ok().filter(|rate| (1..=MOST).contains(rate))?;
    Some(f64::from(thousandths) / 1000.0)
}

/// The nearest whole number, of those that can be told apart.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the range is checked")]
pub(crate) fn rounded(number: f64) -> Option<u64> {
    const MOST: f64 = 9e15;
    (0.0..MOST).contains(&number).then(|| number.round() as u64)
}

/// The size at which pictures are seen whose pixels have this shape (width : height) and that are turned clockwise. A
/// shape beyond 255 : 1 is a mistake.
pub(crate) fn displayed(width: u32, height: u32, (wide, high): (u32, u32), rotation: u16) -> (u32, u32) {
    let is_shape = wide > 0 && high > 0 && wide / 255 < high && high / 255 < wide;
    let width = if is_shape {
        let stretched = (u64::from(width) * u64::from(wide) + u64::from(high) / 2) / u64::from(high);
        u32::try_from(stretched).unwrap_or(width)
    } else {
        width
    };
    if rotation % 180 == 90 { (height, width) } else { (width, height) }
}

/// A picture.
#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct ImageMetadata {
    /// In pixels, as it is seen: the orientation is applied.
    pub width: u32,
    /// In pixels, as it is seen: the orientation is applied.
    pub height: u32,
    /// How the stored pixels must be turned to be seen upright: 1 to 8, as in EXIF.
    pub orientation: u8,
    /// Whether it may be transparent in places.
    pub alpha: bool,
    /// Bits of one sample: 8 for most.
    pub bit_depth: u8,
    /// What the samples mean.
    pub color: Color,
    /// The name of the colour profile it brings.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<String>,
    /// 1 for a still picture. In a broken file, what its header claims.
    pub frames: u32,
}

/// What the samples of a picture mean.
#[derive(Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum Color {
    /// Brightness alone.
    Gray,
    /// Red, green and blue, also where brightness and colour are kept apart.
    Rgb,
    /// Indices into a table.
    Palette,
    /// Four inks.
    Cmyk,
    /// Anything else.
    Other,
}

/// Moving pictures.
#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct VideoMetadata {
    /// In pixels, as it is seen: pixel shape and rotation are applied.
    pub width: u32,
    /// In pixels, as it is seen: pixel shape and rotation are applied.
    pub height: u32,
    /// By the short name that ffmpeg uses: `h264`, `hevc`, `vp9`.
    pub codec: String,
    /// Pictures per second, on average.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frame_rate: Option<f64>,
    /// In bits per second.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bit_rate: Option<u64>,
    /// Clockwise: 0, 90, 180 or 270 degrees.
    pub rotation: u16,
    /// Whether it can play before all of it has come: the index stands in front, or none is needed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fast_start: Option<bool>,
}

/// Sound.
#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct AudioMetadata {
    /// By the short name that ffmpeg uses: `aac`, `mp3`, `opus`, `pcm_s16le`.
    pub codec: String,
    /// In hertz.
    pub sample_rate: u32,
    /// How many.
    pub channels: u16,
    /// In bits per second.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bit_rate: Option<u64>,
}

/// What a file says of itself, by the names of [`Tags::NAMES`]; each text bounded in length.
#[derive(Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[serde(transparent)]
pub struct Tags(BTreeMap<String, String>);

impl Tags {
    /// The names that are kept; what else files carry is of no use to people, or too long.
    pub const NAMES: [&'static str; 14] = [
        "album",
        "album_artist",
        "artist",
        "comment",
        "composer",
        "copyright",
        "date",
        "description",
        "disc",
        "genre",
        "performer",
        "publisher",
        "title",
        "track",
    ];
    /// Longest text that is kept, in bytes; more of it is cut off.
    pub const TEXT_BYTES: usize = 512;

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// A tag's text.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// All of them, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, text)| (name.as_str(), text.as_str()))
    }

    /// Keeps a tag of a known name, the first of each, unless nothing is left of it once it is clean.
    pub(crate) fn add(&mut self, name: &str, text: &str) {
        let known = Self::NAMES.into_iter().find(|known| known.eq_ignore_ascii_case(name));
        let text = clean(text, Self::TEXT_BYTES);
        if let Some(name) = known.filter(|_| !text.is_empty()) {
            self.0.entry(name.to_owned()).or_insert(text);
        }
    }
}

/// A text of a file without control characters and outer blanks, cut at a character's edge.
pub(crate) fn clean(text: &str, most_bytes: usize) -> String {
    let end = text.floor_char_boundary(most_bytes);
    let kept: String = text[..end].chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    kept.trim().to_owned()
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_false(flag: &bool) -> bool {
    !flag
}
