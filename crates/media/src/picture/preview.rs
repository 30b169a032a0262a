//! A short animated picture of an animation.

use std::time::Duration;

use webp::{AnimEncoder, AnimFrame, PixelLayout, WebPConfig};

use super::encode::WEBP_QUALITY;
use super::pixels::{Layout, Pixels, Size};
use super::problem::PictureProblem;

/// The least time for which a frame of the preview is seen: what comes faster is left out.
const LEAST_TIME: Duration = Duration::from_millis(125);
/// The most time for which a frame is seen.
const MOST_TIME: Duration = Duration::from_secs(1);
/// What browsers make of a frame that asks for 10 ms or less.
const HASTY_TIME: Duration = Duration::from_millis(100);
const HASTY: Duration = Duration::from_millis(10);

/// The frames so far: at most [`Preview::FRAMES`], of at most [`Preview::TIME`] together.
#[derive(Default)]
pub(super) struct Preview {
    /// Each with the time at which it appears.
    frames: Vec<(Duration, Pixels)>,
    /// When the frame that was wanted last begins.
    start: Duration,
    /// When the frame that was offered last ends.
    time: Duration,
}

impl Preview {
    /// Long side in pixels; an animation that is smaller keeps its size.
    pub(super) const LONG_SIDE: u32 = 320;
    const FRAMES: usize = 24;
    const TIME: Duration = Duration::from_secs(3);

    /// Whether it takes no more frames.
    pub(super) fn is_full(&self) -> bool {
        self.frames.len() >= Self::FRAMES || self.time >= Self::TIME
    }

    /// Whether the next frame, seen for `delay`, is to be [added](Self::add). Every frame has to be offered in turn.
    pub(super) fn wants(&mut self, delay: Duration) -> bool {
        let start = self.time;
        let delay = if delay <= HASTY { HASTY_TIME } else { delay.min(MOST_TIME) };
        self.time += delay;
        let wanted = self.frames.last().is_none_or(|(last, _)| start >= *last + LEAST_TIME);
        if wanted {
            self.start = start;
        }
        wanted
    }

    /// Adds the frame that was wanted last.
    pub(super) fn add(&mut self, pixels: Pixels) {
        self.frames.push((self.start, pixels));
    }

    /// As animated WebP that repeats for ever, with its size; `None` for less than two frames.
    pub(super) fn encode(self) -> Result<Option<(Size, Vec<u8>)>, PictureProblem> {
        let [(_, first), _, ..] = self.frames.as_slice() else { return Ok(None) };
        let size = first.size();
        let wrong = |reason: &dyn std::fmt::Debug| PictureProblem::encode("WebP", format!("{reason:?}"));
        let mut config = WebPConfig::new().map_err(|()| wrong(&"no configuration"))?;
        config.quality = f32::from(WEBP_QUALITY);
        let mut encoder = AnimEncoder::new(size.width, size.height, &config);
        encoder.set_loop_count(0);
        // The encoder trusts that each frame has the first one's size.
        for (start, pixels) in self.frames.iter().filter(|(_, pixels)| pixels.size() == size) {
            let layout = match pixels.layout() {
                Layout::Rgb => PixelLayout::Rgb,
                Layout::Rgba => PixelLayout::Rgba,
                Layout::Cmyk => return Err(wrong(&"its colours are inks")),
            };
            let start = i32::try_from(start.as_millis()).unwrap_or(i32::MAX);
            encoder.add_frame(AnimFrame::new(pixels.data(), layout, size.width, size.height, start, None));
        }
        let file = encoder.try_encode().map_err(|error| wrong(&error))?;
        Ok(Some((size, file.to_vec())))
    }
}
