//! What children are asked to do for an order.

use std::time::Duration;

use reelshelf_domain::MediaType;

use super::{Order, ProcessorSettings, Reason, Resize};
use crate::sandbox::{Job, Purpose, Tool};
use crate::video::{Wish, within};
use crate::{Metadata, PictureLimits, PictureOrder, Size};

/// Long side of a poster, in pixels.
const POSTER_SIDE: u32 = 1280;

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
    /// The jobs of an order, each for when the one before it finds nothing.
    pub(super) fn jobs(&self, metadata: &Metadata, order: Order) -> Result<Vec<Job>, Reason> {
        match order {
            Order::Thumbnails => Ok(vec![self.picture(PictureOrder::default())]),
            Order::Resized(Resize { width, height, fit, format }) => {
                Ok(vec![self.picture(PictureOrder::Boxed { width, height, fit, format })])
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

    fn picture(&self, order: PictureOrder) -> Job {
        // The rest is for what is made of it, and for the program itself.
        let memory_bytes = self.limits.memory.get() / 8 * 5;
        let (pixels, frames) = (self.limits.pixels, self.limits.frames);
        Job::Decode { order, limits: PictureLimits { pixels, frames, memory_bytes, ..PictureLimits::default() } }
    }

    fn waveform(&self, metadata: &Metadata) -> Result<Vec<Job>, Reason> {
        if metadata.audio.is_none() {
            return Err(Reason::NoSound);
        }
        self.check_duration(metadata)?;
        let purpose = Purpose::Samples { media_type: metadata.mime, most_ms: self.most_ms() };
        Ok(vec![Job::Listen(self.ffmpeg(purpose))])
    }

    fn poster(&self, metadata: &Metadata) -> Result<Vec<Job>, Reason> {
        let size = self.frame(metadata, POSTER_SIDE)?;
        let there_ms = metadata.duration_ms.unwrap_or(0) / 100 * POSTER_PERCENT;
        let look = |from_ms, keyframes, most, any| {
            let frames = Frames { from_ms, keyframes, apart_ms: 0, most };
            let tool = self.frames(metadata.mime, size, frames);
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
            let tool = self.frames(metadata.mime, size, frames);
            Job::Storyboard { tool, size, end_ms }
        };
        Ok(if end_ms <= SHORT_MS { vec![look(false)] } else { vec![look(true), look(false)] })
    }

    /// The size in which frames of a video are wanted.
    fn frame(&self, metadata: &Metadata, long_side: u32) -> Result<Size, Reason> {
        let video = metadata.video.as_ref().ok_or(Reason::NoPicture)?;
        let size = Size::new(video.width, video.height);
        self.check_duration(metadata)?;
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

    fn frames(&self, media_type: MediaType, size: Size, frames: Frames) -> Tool {
        let Frames { from_ms, keyframes, apart_ms, most } = frames;
        self.ffmpeg(Purpose::Frames { media_type, size, from_ms, keyframes, apart_ms, most })
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
