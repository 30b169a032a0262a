//! How long frames of sound last that no index counts: by looking at some of them, spread over the file.

use super::{Source, Stop, scaled};
use crate::sniff::audio::Frame;

const WINDOWS: u64 = 64;
const WINDOW_BYTES: usize = 4 * 1024;

/// What the frames that were seen add up to.
#[derive(Default)]
pub(super) struct Seen {
    bytes: u64,
    samples: u64,
    /// The bit rate that all of them had, as far as they tell one.
    bit_rate: Option<u32>,
    is_variable: bool,
}

impl Seen {
    /// How long so many bytes of such frames last, in milliseconds: exact when they are all alike.
    pub(super) fn duration_ms(&self, bytes: u64, sample_rate: u32) -> Option<u64> {
        match self.bit_rate.filter(|rate| *rate > 0 && !self.is_variable) {
            Some(rate) => scaled(bytes, 8000, rate.into()),
            None => scaled(bytes.saturating_mul(self.samples), 1000, self.bytes.saturating_mul(sample_rate.into())),
        }
    }
}

/// Looks at frames of the stream that begins with this one, between two places.
pub(super) fn look(source: &mut Source, first: &Frame, start: u64, end: u64) -> Result<Seen, Stop> {
    let mut seen = Seen::default();
    let whole = end.saturating_sub(start);
    let windows = whole.div_ceil(WINDOW_BYTES as u64).min(WINDOWS);
    for window in 0..windows {
        let at = start + whole / windows * window;
        let piece = source.start_of(at, end - at, WINDOW_BYTES)?;
        count(&piece, first, &mut seen);
    }
    Ok(seen)
}

/// Goes from frame to frame, once two in a row are found.
fn count(piece: &[u8], first: &Frame, seen: &mut Seen) {
    let frame_at = |at: usize| Frame::parse(piece.get(at..)?).filter(|frame| frame.stream == first.stream);
    let is_in_step = |at: &usize| frame_at(*at).is_some_and(|frame| frame_at(at + frame.size).is_some());
    let Some(mut at) = (0..piece.len()).find(is_in_step) else {
        // The only one there is.
        if let Some(only) = frame_at(0) {
            add(&only, seen);
        }
        return;
    };
    while let Some(frame) = frame_at(at) {
        add(&frame, seen);
        at += frame.size;
    }
}

fn add(frame: &Frame, seen: &mut Seen) {
    seen.bytes += frame.size as u64;
    seen.samples += u64::from(frame.samples);
    seen.is_variable |= seen.bit_rate.is_some_and(|rate| rate != frame.bit_rate);
    seen.bit_rate.get_or_insert(frame.bit_rate);
}
