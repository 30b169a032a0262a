//! What a file holds by the word of ffprobe, for those whose headers do not answer.

mod pixels;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use reelshelf_domain::{MediaKind, MediaType};
use serde::Deserialize;
use serde_json::Value;

use crate::metadata::{displayed, frame_rate, rounded};
use crate::{AudioMetadata, Color, ImageMetadata, Metadata, Tags, VideoMetadata};

/// Most bytes of a report: one of hundreds of streams is far smaller.
const REPORT_BYTES: usize = 1 << 20;
const CENTURY_MS: u64 = 3_155_760_000_000;

/// Why there is nothing to say of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InspectProblem {
    /// It is no report of ffprobe, or far too long.
    #[error("the report of ffprobe cannot be read")]
    Unreadable,
    /// ffprobe found neither picture nor sound in it.
    #[error("the file holds neither a picture nor sound")]
    Empty,
}

/// What ffprobe is asked for a file of this type. The path of the file follows as the last argument. Only the formats
/// that the first bytes promised are read, so that no playlist can pass for them, and only from the file itself.
pub fn inspect_arguments(media_type: MediaType) -> Option<Vec<&'static str>> {
    let formats = formats(media_type)?;
    let mut arguments = vec!["-v", "error", "-print_format", "json", "-show_format", "-show_streams"];
    if media_type.kind() == MediaKind::Image {
        // Their frames are counted nowhere else.
        arguments.push("-count_packets");
    }
    arguments.extend(["-protocol_whitelist", "file", "-format_whitelist", formats]);
    if !formats.contains(',') {
        arguments.extend(["-f", formats]);
    }
    arguments.push("-i");
    Some(arguments)
}

/// The names of ffmpeg's readers for a type.
pub(crate) fn formats(media_type: MediaType) -> Option<&'static str> {
    Some(match media_type {
        MediaType::Png => "png_pipe,apng",
        MediaType::Jpeg => "jpeg_pipe",
        MediaType::Gif => "gif",
        MediaType::Bmp => "bmp_pipe",
        MediaType::Tiff => "tiff_pipe",
        MediaType::Webp => "webp_pipe",
        MediaType::Avif | MediaType::Heic | MediaType::Mp4 | MediaType::Mov | MediaType::M4a => "mov",
        MediaType::Webm | MediaType::Weba | MediaType::Mkv | MediaType::Mka => "matroska",
        MediaType::Avi => "avi",
        MediaType::Wmv => "asf",
        MediaType::Mpeg => "mpeg,mpegvideo",
        MediaType::MpegTs => "mpegts",
        MediaType::Ogv | MediaType::Ogg | MediaType::Opus => "ogg",
        MediaType::Mp3 => "mp3",
        MediaType::Wav => "wav",
        MediaType::Flac => "flac",
        MediaType::Aac => "aac",
        MediaType::Other => return None,
    })
}

#[derive(Deserialize)]
struct Report {
    #[serde(default)]
    streams: Vec<Stream>,
    #[serde(default)]
    format: Format,
}

/// Numbers are texts here, or numbers, or something that is no number.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Format {
    duration: Value,
    tags: BTreeMap<String, Value>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Stream {
    codec_type: Value,
    codec_name: Value,
    width: Value,
    height: Value,
    sample_aspect_ratio: Value,
    pix_fmt: Value,
    avg_frame_rate: Value,
    bit_rate: Value,
    duration: Value,
    sample_rate: Value,
    channels: Value,
    nb_frames: Value,
    nb_read_packets: Value,
    disposition: BTreeMap<String, Value>,
    side_data_list: Vec<BTreeMap<String, Value>>,
    tags: BTreeMap<String, Value>,
}

/// Reads ffprobe's report on a file of this length and type, as [`inspect_arguments`] asks for it. Whether it starts
/// fast ffprobe does not tell.
pub fn inspected(report: &[u8], media_type: MediaType, length: u64) -> Result<Metadata, InspectProblem> {
    if report.len() > REPORT_BYTES {
        return Err(InspectProblem::Unreadable);
    }
    let report: Report = serde_json::from_slice(report).map_err(|_| InspectProblem::Unreadable)?;
    if media_type.kind() == MediaKind::Image {
        return image(&report, media_type);
    }
    let is_cover = |stream: &&Stream| stream.disposition.get("attached_pic").and_then(Value::as_u64) == Some(1);
    let of = |kind: &'static str| report.streams.iter().filter(move |stream| stream.codec_type == kind);
    let video = of("video").filter(|stream| !is_cover(stream)).find_map(Stream::video);
    let audio = of("audio").find_map(Stream::audio);
    let kind = match (&video, &audio) {
        (Some(_), _) => MediaKind::Video,
        (None, Some(_)) => MediaKind::Audio,
        (None, None) => return Err(InspectProblem::Empty),
    };
    let mut metadata = Metadata::of(kind, media_type);
    metadata.play(milliseconds(&report.format.duration), length);
    let cover = of("video").any(|stream| is_cover(&stream));
    let mut tags = Tags::default();
    add_tags(&report.format.tags, &mut tags);
    // Ogg tells of each stream apart.
    report.streams.iter().for_each(|stream| add_tags(&stream.tags, &mut tags));
    Ok(Metadata { video, audio, cover, tags, ..metadata })
}

fn image(report: &Report, media_type: MediaType) -> Result<Metadata, InspectProblem> {
    let stream = report.streams.iter().find(|stream| stream.codec_type == "video").ok_or(InspectProblem::Empty)?;
    let (width, height) = stream.size().ok_or(InspectProblem::Empty)?;
    let pixels = pixels::Pixels::named(stream.pix_fmt.as_str().unwrap_or_default());
    let counted = number(&stream.nb_read_packets).or_else(|| number(&stream.nb_frames));
    let frames = counted.and_then(|frames| u32::try_from(frames).ok()).unwrap_or(1).max(1);
    let (alpha, bit_depth) = (pixels.alpha, pixels.bit_depth);
    // ffprobe tells what its decoder makes of the indices.
    let color = if media_type == MediaType::Gif { Color::Palette } else { pixels.color };
    let (orientation, profile) = (1, None);
    let mut metadata = Metadata::of(MediaKind::Image, media_type);
    let duration = milliseconds(&report.format.duration).or_else(|| milliseconds(&stream.duration));
    metadata.duration_ms = duration.filter(|_| frames > 1);
    metadata.image = Some(ImageMetadata { width, height, orientation, alpha, bit_depth, color, profile, frames });
    Ok(metadata)
}

impl Stream {
    fn size(&self) -> Option<(u32, u32)> {
        let side = |value| number(value).and_then(|side| u32::try_from(side).ok()).filter(|side| *side > 0);
        Some((side(&self.width)?, side(&self.height)?))
    }

    fn codec(&self) -> Option<String> {
        let name = crate::metadata::clean(self.codec_name.as_str()?, 32);
        Some(name).filter(|name| !name.is_empty() && name != "unknown")
    }

    fn video(&self) -> Option<VideoMetadata> {
        let (width, height) = self.size()?;
        let rotation = self.rotation();
        let shape = ratio(&self.sample_aspect_ratio, ':').unwrap_or((1, 1));
        let (width, height) = displayed(width, height, shape, rotation);
        let rate = ratio(&self.avg_frame_rate, '/');
        let frame_rate = rate.and_then(|(pictures, seconds)| frame_rate(pictures.into(), 1, seconds.into()));
        let (codec, bit_rate, fast_start) = (self.codec()?, self.bit_rate(), None);
        Some(VideoMetadata { width, height, codec, frame_rate, bit_rate, rotation, fast_start })
    }

    fn audio(&self) -> Option<AudioMetadata> {
        let sample_rate =
            number(&self.sample_rate).and_then(|rate| u32::try_from(rate).ok()).filter(|rate| *rate > 0)?;
        let channels = number(&self.channels).and_then(|count| u16::try_from(count).ok()).filter(|count| *count > 0)?;
        Some(AudioMetadata { codec: self.codec()?, sample_rate, channels, bit_rate: self.bit_rate() })
    }

    fn bit_rate(&self) -> Option<u64> {
        number(&self.bit_rate).filter(|rate| *rate > 0)
    }

    /// Clockwise. ffprobe counts against the clock; only quarter turns are ones.
    fn rotation(&self) -> u16 {
        let degrees = self.side_data_list.iter().find_map(|data| data.get("rotation")?.as_f64()).unwrap_or(0.0);
        match rounded((-degrees).rem_euclid(360.0)) {
            Some(90) => 90,
            Some(180) => 180,
            Some(270) => 270,
            _ => 0,
        }
    }
}

fn add_tags(found: &BTreeMap<String, Value>, tags: &mut Tags) {
    for (name, text) in found {
        if let Some(text) = text.as_str() {
            tags.add(name, text);
        }
    }
}

fn number(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.parse().ok())
}

/// From seconds. What lasts longer than a century does not last.
fn milliseconds(value: &Value) -> Option<u64> {
    let seconds: f64 = value.as_f64().or_else(|| value.as_str()?.parse().ok())?;
    rounded(seconds * 1000.0).filter(|ms| (1..CENTURY_MS).contains(ms))
}

fn ratio(value: &Value, between: char) -> Option<(u32, u32)> {
    let (over, under) = value.as_str()?.split_once(between)?;
    Some((over.parse().ok()?, under.parse().ok()?))
}
