use std::io;

use super::frames::Frame;
use crate::Pixels;

/// Pixels that are looked at, about: every so manieth of a larger frame.
const LOOKED_AT: usize = 1 << 14;

/// Pixels that are darker in every colour are black, on a scale to 255: what is black in a video is rarely clean.
const BLACK: u8 = 32;

/// A frame with so few that are not black, of a hundred, is black.
const FEW: usize = 2;

/// A frame whose colours vary less, as a standard deviation on a scale to 255, is flat.
const FLAT: f64 = 6.0;

/// Which frame is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) struct Wish {
    /// The nearest to this time, in milliseconds from where the reading begins.
    pub(crate) time_ms: u64,
    /// Whether any will do when all are black or flat: then the one that varies most.
    pub(crate) any: bool,
}

/// The frame, of those that come in the order of time, that stands for all of them. No more are read than it takes.
pub(crate) fn choose(frames: impl Iterator<Item = io::Result<Frame>>, wish: Wish) -> io::Result<Option<Pixels>> {
    let wanted = i64::try_from(wish.time_ms).unwrap_or(i64::MAX);
    let mut nearest: Option<(u64, Pixels)> = None;
    let mut liveliest: Option<(f64, Pixels)> = None;
    for frame in frames {
        let Frame { time_ms, pixels } = frame?;
        let distance = time_ms.abs_diff(wanted);
        let look = Look::at(&pixels);
        if look.is_good() {
            if nearest.as_ref().is_none_or(|(best, _)| distance < *best) {
                nearest = Some((distance, pixels));
            }
        } else if liveliest.as_ref().is_none_or(|(best, _)| look.deviation > *best) {
            liveliest = Some((look.deviation, pixels));
        }
        // Those that follow are further away.
        if time_ms >= wanted && nearest.is_some() {
            break;
        }
    }
    let any = liveliest.filter(|_| wish.any).map(|(_, pixels)| pixels);
    Ok(nearest.map(|(_, pixels)| pixels).or(any))
}

/// How a frame looks.
struct Look {
    black: bool,
    /// The standard deviation of its colours.
    deviation: f64,
}

impl Look {
    fn at(pixels: &Pixels) -> Self {
        let (all, _) = pixels.data().as_chunks::<3>();
        let (mut count, mut light, mut sums, mut squares) = (0usize, 0usize, [0.0; 3], [0.0; 3]);
        for pixel in all.iter().step_by((all.len() / LOOKED_AT).max(1)) {
            count += 1;
            light += usize::from(pixel.iter().any(|value| *value >= BLACK));
            for ((sum, square), value) in sums.iter_mut().zip(&mut squares).zip(pixel) {
                *sum += f64::from(*value);
                *square += f64::from(*value).powi(2);
            }
        }
        #[expect(clippy::cast_precision_loss, reason = "there are few")]
        let mean = |sum: f64| sum / count.max(1) as f64;
        let variances = sums.into_iter().zip(squares).map(|(sum, square)| mean(square) - mean(sum).powi(2));
        let deviation = (variances.sum::<f64>() / 3.0).max(0.0).sqrt();
        Self { black: light * 100 <= count * FEW, deviation }
    }

    fn is_good(&self) -> bool {
        !self.black && self.deviation >= FLAT
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Layout, Size};

    const SIZE: Size = Size::new(100, 100);

    fn picture(value: impl Fn(usize) -> u8) -> Pixels {
        Pixels::new(SIZE, Layout::Rgb, (0..30_000).map(|at| value(at / 3)).collect()).unwrap()
    }

    fn black() -> Pixels {
        picture(|at| if at % 100 == 0 { 255 } else { 16 })
    }

    fn flat() -> Pixels {
        picture(|at| if at % 2 == 0 { 200 } else { 203 })
    }

    fn lively(mark: u8) -> Pixels {
        picture(|at| if at == 0 { mark } else { u8::try_from(at % 250).unwrap() })
    }

    /// Which of the frames is chosen, and how many were read.
    fn chosen(frames: &[(i64, Pixels)], time_ms: u64, any: bool) -> (Option<usize>, usize) {
        let mut read = 0;
        let all = frames.iter().map(|(time_ms, pixels)| {
            read += 1;
            Ok(Frame { time_ms: *time_ms, pixels: pixels.clone() })
        });
        let chosen = choose(all, Wish { time_ms, any }).unwrap();
        (chosen.map(|chosen| frames.iter().position(|(_, pixels)| *pixels == chosen).unwrap()), read)
    }

    #[test]
    fn the_nearest_good_frame_is_chosen_and_no_more_are_read() {
        let frames = [(-3000, lively(1)), (2000, lively(2)), (7000, lively(3))];
        assert_eq!(chosen(&frames, 0, false), (Some(1), 2));
        let frames = [(-1000, lively(1)), (2000, lively(2)), (7000, lively(3))];
        assert_eq!(chosen(&frames, 0, false), (Some(0), 2));
        assert_eq!(chosen(&frames, 6000, false), (Some(2), 3));
    }

    #[test]
    fn black_and_flat_frames_are_passed_over() {
        let frames = [(-100, black()), (50, flat()), (9000, lively(1)), (9100, lively(2))];
        assert_eq!(chosen(&frames, 0, false), (Some(2), 3));
        assert_eq!(chosen(&frames[..2], 0, false), (None, 2));
        assert_eq!(chosen(&[], 0, true), (None, 0));
    }

    #[test]
    fn where_any_will_do_it_is_the_liveliest() {
        assert_eq!(chosen(&[(0, flat()), (1, black()), (2, flat())], 0, true), (Some(1), 3));
    }
}
