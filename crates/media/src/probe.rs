//! What a file holds, by its headers alone: pure, with bounded reads, in the server's own process.
//!
//! The readers are our own because of the bounds. Of the crates that could answer, mp4parse, re_mp4 and mp4-atom keep
//! whole sample tables; matroska-demuxer gathers cues and attachments; lofty and symphonia read covers, and tell
//! durations otherwise than ffprobe, with which these figures must agree; the decoders of pictures (png, gif, tiff,
//! image-webp) gather colour profiles or walk all pixels; imagesize tells nothing but the size; and EXIF's one wanted
//! field lies in the directories that TIFF needs a reader for anyway.

mod adts;
mod asf;
mod avi;
mod bmp;
mod ebml;
mod exif;
mod flac;
mod genre;
mod gif;
mod heif;
mod icc;
mod id3;
mod iso;
mod jpeg;
mod matroska;
mod mp3;
mod ogg;
mod png;
mod source;
mod spread;
#[cfg(test)]
mod tests;
mod tiff;
mod vorbis;
mod wav;
mod wave_format;
mod webp;

use std::io;

use reelshelf_domain::{MediaKind, MediaType};

use crate::metadata::{frame_rate, rounded, scaled};
use crate::{AudioMetadata, ImageMetadata, Metadata, ReadAt, Tags, VideoMetadata};
use source::{Cut, Source};

pub use iso::fast_start;
pub use source::BUDGET as PROBE_BYTES;

/// What the headers say.
#[derive(Clone, Debug, PartialEq)]
pub enum Probe {
    /// Everything.
    Known(Box<Metadata>),
    /// Not enough: ffprobe must look at the rest.
    Ask,
    /// No player could make anything of this file.
    Broken(Broken),
}

/// Why a file cannot be what its first bytes promise, for the person who uploaded it. Players forgive much, so that
/// what is odd in films and sound is for ffprobe to judge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// It ends within its headers.
    #[error("the file ends too early; it may not have been transferred completely")]
    CutShort,
    /// Its headers contradict themselves.
    #[error("the headers of the file are damaged")]
    Damaged,
    /// The index of a film is missing, which programs write last.
    #[error("the file ends before its index; it was not finished, or not transferred completely")]
    Unfinished,
    /// It has neither picture nor sound.
    #[error("the file holds neither a picture nor sound")]
    Empty,
    /// It is so finely divided that counting its parts would take too long.
    #[error("the file has more frames than can be looked at")]
    TooMany,
}

/// Why a reader stops before it knows everything.
#[derive(Debug)]
enum Stop {
    Ask,
    Broken(Broken),
    Disk(io::Error),
}

impl Stop {
    const DAMAGED: Self = Self::Broken(Broken::Damaged);
}

/// Looks at the headers of a file of this length, whose type [`sniff()`](crate::sniff()) told. An error is the disk's;
/// whatever the bytes are, they are no error.
pub fn probe(source: &impl ReadAt, length: u64, media_type: MediaType) -> io::Result<Probe> {
    match read(&mut Source::new(source, length), media_type) {
        Ok(metadata) => Ok(Probe::Known(Box::new(metadata))),
        Err(Stop::Broken(Broken::CutShort | Broken::Damaged)) if media_type.kind() != MediaKind::Image => {
            Ok(Probe::Ask)
        }
        Err(Stop::Ask) => Ok(Probe::Ask),
        Err(Stop::Broken(broken)) => Ok(Probe::Broken(broken)),
        Err(Stop::Disk(error)) => Err(error),
    }
}

fn read(source: &mut Source, media_type: MediaType) -> Result<Metadata, Stop> {
    match media_type {
        MediaType::Png => png::read(source),
        MediaType::Jpeg => jpeg::read(source),
        MediaType::Gif => gif::read(source),
        MediaType::Bmp => bmp::read(source),
        MediaType::Tiff => tiff::read(source),
        // ffprobe does not read those in motion.
        MediaType::Webp => webp::read(source).map_err(|stop| match stop {
            Stop::Ask => Stop::Broken(Broken::TooMany),
            other => other,
        }),
        MediaType::Avif | MediaType::Heic => heif::read(source, media_type),
        MediaType::Mp4 | MediaType::Mov | MediaType::M4a => iso::read(source, media_type),
        MediaType::Webm | MediaType::Weba | MediaType::Mkv | MediaType::Mka => matroska::read(source, media_type),
        MediaType::Avi => avi::read(source),
        MediaType::Wmv => asf::read(source),
        MediaType::Ogv | MediaType::Ogg | MediaType::Opus => ogg::read(source, media_type),
        MediaType::Mp3 => mp3::read(source),
        MediaType::Wav => wav::read(source),
        MediaType::Flac => flac::read(source),
        MediaType::Aac => adts::read(source),
        // Their headers tell neither durations nor, without decoding, the size of pictures.
        MediaType::Mpeg | MediaType::MpegTs => Err(Stop::Ask),
        MediaType::Other => Err(Stop::Broken(Broken::Empty)),
    }
}

/// What is not needed to play a file must not keep it from being known.
fn optional(read: Result<(), Stop>) -> Result<(), Stop> {
    match read {
        Err(Stop::Broken(_)) => Ok(()),
        other => other,
    }
}

/// What a playing file is found to hold, before all is put together.
#[derive(Default)]
struct Streams {
    video: Option<VideoMetadata>,
    audio: Option<AudioMetadata>,
    duration_ms: Option<u64>,
    cover: bool,
    tags: Tags,
}

impl Streams {
    fn describe(self, media_type: MediaType, length: u64) -> Result<Metadata, Stop> {
        let kind = match (&self.video, &self.audio) {
            (Some(_), _) => MediaKind::Video,
            (None, Some(_)) => MediaKind::Audio,
            (None, None) => return Err(Stop::Broken(Broken::Empty)),
        };
        let mut metadata = Metadata::of(kind, media_type);
        metadata.play(self.duration_ms, length);
        Ok(Metadata { video: self.video, audio: self.audio, cover: self.cover, tags: self.tags, ..metadata })
    }
}

/// A picture. Without pixels there is none.
fn picture(media_type: MediaType, image: ImageMetadata) -> Result<Metadata, Stop> {
    if image.width == 0 || image.height == 0 {
        return Err(Stop::DAMAGED);
    }
    Ok(Metadata { image: Some(image), ..Metadata::of(MediaKind::Image, media_type) })
}

/// Width and height, exchanged by the orientations that lie on their side.
fn upright(width: u32, height: u32, orientation: u8) -> (u32, u32) {
    if orientation >= 5 { (height, width) } else { (width, height) }
}
