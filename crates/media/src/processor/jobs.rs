//! What children are asked to do for an order.

use std::time::Duration;

use reelshelf_domain::MediaType;

use super::{Order, ProcessorSettings, Reason, Resize};
use crate::probe::Composition;
use crate::sandbox::{Job, Purpose, Tool};
use crate::video::{Wish, within};
use crate::{Metadata, PictureLimits, PictureOrder, Size};

/// Long side of a poster, in pixels.
const POSTER_SIDE: u32 = 1280;

/// Long side of what ffmpeg decodes of a picture, in pixels: no more of it is needed in memory.
const STILL_SIDE: u32 = 2560;

/// An orientation, as in EXIF.
const UPRIGHT: u8 = 1;

/// Where in a video its poster is looked for.
const POSTER_PERCENT: u64 = 20;

/// How many keyframes are looked at for a poster where it is wanted, and how many from the beginning on.
const NEAR: u32 = 8;
const FROM_THE_BEGINNING: u32 = 32;

/// Long side of a frame of a storyboard, in pixels.
const STORYBOARD_SIDE: u32 = 160;

/// Most frames of a storyboard, and the least time between two of them.
const STORYBOARD_FRAMES: u32 = 100;
const LEAST_APART_MS: u64 = 500;

/// Of a longer video only keyframes come into its storyboard: decoding all of it would cost too much.
const SHORT_MS: u64 = 60_000;

/// How many times faster than it plays a file has to be decoded, beyond the time that every file has.
const SLOWEST: u64 = 100;

impl ProcessorSettings {
    /// The jobs of an order, each for when the one before it finds nothing. A picture for ffmpeg is told how it is composed.
    pub(super) fn jobs(&self, metadata: &Metadata, order: Order, composition: Composition) -> Result<Vec<Job>, Reason> {
        match order {
            Order::Thumbnails => self.picture(metadata, PictureOrder::default(), composition),
            Order::Resized(Resize { width, height, fit, format }) => {
                self.picture(metadata, PictureOrder::Boxed { width, height, fit, format }, composition)
            }
            Order::Poster => self.poster(metadata),
            Order::Storyboard => self.storyboard(metadata),
            Order::Waveform => self.waveform(metadata),
        }
    }

    /// How long a job may take: what plays for hours is given more.
    pub(super) fn time(&self, metadata: &Metadata) -> Duration {
        let duration_ms = metadata.duration_ms.unwrap_or(0).min(self.most_ms());
        self.limits.time + Duration::from_millis(duration_ms / SLOWEST)
    }

    fn picture(&self, metadata: &Metadata, order: PictureOrder, composition: Composition) -> Result<Vec<Job>, Reason> {
        // The rest is for what is made of it, and for the program itself.
        let memory_bytes = self.limits.memory.get() / 8 * 5;
        let (pixels, frames) = (self.limits.pixels, self.limits.frames);
        let limits = PictureLimits { pixels, frames, memory_bytes, ..PictureLimits::default() };
        if !matches!(metadata.mime, MediaType::Avif | MediaType::Heic) {
            return Ok(vec![Job::Decode { order, limits }]);
        }
        let image = metadata.image.as_ref().ok_or(Reason::NoPicture)?;
        if composition.is_composed {
            return Err(Reason::Undecoded);
        }
        let size = self.shown(Size::new(image.width, image.height), STILL_SIDE)?;
        let first = Frames { from_ms: 0, keyframes: false, apart_ms: 0, most: 1 };
        let orientation = image.orientation;
        // The transparency of HEIC would be HEVC, which does not stand for itself.
        let alpha = composition.alpha.filter(|_| metadata.mime == MediaType::Avif);
        let transparent = alpha.map(|alpha| self.ffmpeg(Purpose::Transparent { size, orientation, alpha }));
        let tools = transparent.into_iter().chain([self.frames(metadata.mime, size, orientation, first)]);
        Ok(tools.map(|tool| Job::Still { tool, size, order: order.clone(), limits: limits.clone() }).collect())
    }

    fn waveform(&self, metadata: &Metadata) -> Result<Vec<Job>, Reason> {
        if metadata.audio.is_none() {
            return Err(Reason::NoSound);
        }
        self.check_duration(metadata)?;
        let purpose = Purpose::Samples { media_type: metadata.mime, most_ms: self.most_ms() };
        let by_ffmpeg = Job::Listen(self.ffmpeg(purpose));
        // Of these only a strange one needs ffmpeg: a WAV of compressed samples, say.
        let by_ourselves = matches!(metadata.mime, MediaType::Mp3 | MediaType::Flac | MediaType::Wav);
        Ok(if by_ourselves { vec![Job::Hear, by_ffmpeg] } else { vec![by_ffmpeg] })
    }

    fn poster(&self, metadata: &Metadata) -> Result<Vec<Job>, Reason> {
        let size = self.frame(metadata, POSTER_SIDE)?;
        let there_ms = metadata.duration_ms.unwrap_or(0) / 100 * POSTER_PERCENT;
        let look = |from_ms, keyframes, most, any| {
            let frames = Frames { from_ms, keyframes, apart_ms: 0, most };
            let tool = self.frames(metadata.mime, size, UPRIGHT, frames);
            Job::Poster { tool, size, wish: Wish { time_ms: there_ms - from_ms, any } }
        };
        Ok(vec![
            look(there_ms, true, NEAR, false),
            look(0, true, FROM_THE_BEGINNING, false),
            // Some have no frame that calls itself a keyframe.
            look(0, false, FROM_THE_BEGINNING, true),
        ])
    }

    fn storyboard(&self, metadata: &Metadata) -> Result<Vec<Job>, Reason> {
        let size = self.frame(metadata, STORYBOARD_SIDE)?;
        let end_ms = metadata.duration_ms.unwrap_or(0);
        let apart_ms = (end_ms / u64::from(STORYBOARD_FRAMES)).max(LEAST_APART_MS);
        let look = |keyframes| {
            let frames = Frames { from_ms: 0, keyframes, apart_ms, most: STORYBOARD_FRAMES };
            let tool = self.frames(metadata.mime, size, UPRIGHT, frames);
            Job::Storyboard { tool, size, end_ms }
        };
        Ok(if end_ms <= SHORT_MS { vec![look(false)] } else { vec![look(true), look(false)] })
    }

    /// The size in which frames of a video are wanted.
    fn frame(&self, metadata: &Metadata, long_side: u32) -> Result<Size, Reason> {
        let video = metadata.video.as_ref().ok_or(Reason::NoPicture)?;
        let size = Size::new(video.width, video.height);
        self.check_duration(metadata)?;
        self.shown(size, long_side)
    }

    /// A size of a file, as it is wanted of ffmpeg.
    fn shown(&self, size: Size, long_side: u32) -> Result<Size, Reason> {
        match size.pixels() {
            0 => Err(Reason::NoPicture),
            pixels if pixels > self.limits.pixels => Err(Reason::TooManyPixels),
            _ => Ok(within(size, long_side)),
        }
    }

    fn check_duration(&self, metadata: &Metadata) -> Result<(), Reason> {
        let is_too_long = metadata.duration_ms.is_some_and(|duration| duration > self.most_ms());
        if is_too_long { Err(Reason::TooLong) } else { Ok(()) }
    }

    fn most_ms(&self) -> u64 {
        u64::try_from(self.limits.duration.as_millis()).unwrap_or(u64::MAX)
    }

    fn frames(&self, media_type: MediaType, size: Size, orientation: u8, frames: Frames) -> Tool {
        let Frames { from_ms, keyframes, apart_ms, most } = frames;
        self.ffmpeg(Purpose::Frames { media_type, size, orientation, from_ms, keyframes, apart_ms, most })
    }

    fn ffmpeg(&self, purpose: Purpose) -> Tool {
        Tool { program: self.ffmpeg.clone(), purpose }
    }
}

/// Which frames of a video are wanted: see [`Purpose::Frames`].
#[derive(Clone, Copy)]
struct Frames {
    from_ms: u64,
    keyframes: bool,
    apart_ms: u64,
    most: u32,
}
