//! Where the frames of an animation are laid on each other.

use super::super::pixels::{Layout, Pixels, Size};

/// A part of the canvas.
#[derive(Clone, Copy, Debug)]
pub(super) struct Area {
    pub(super) left: u32,
    pub(super) top: u32,
    pub(super) size: Size,
}

/// How a frame meets what is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Blend {
    /// The frame takes its place.
    Replace,
    /// The frame lies over it.
    Over,
}

/// What becomes of a frame's area before the next one comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dispose {
    /// It stays.
    Keep,
    /// It becomes transparent.
    Clear,
    /// It becomes what it was before the frame.
    Restore,
}

/// RGBA pixels, transparent at first.
pub(super) struct Canvas {
    pixels: Pixels,
    /// What to do before the next frame, and what was there before the last one if that is asked for.
    pending: Option<(Area, Dispose, Vec<u8>)>,
}

impl Canvas {
    /// `None` without pixels.
    pub(super) fn new(size: Size) -> Option<Self> {
        let bytes = usize::try_from(size.pixels().checked_mul(4)?).ok()?;
        Some(Self { pixels: Pixels::new(size, Layout::Rgba, vec![0; bytes])?, pending: None })
    }

    pub(super) fn pixels(&self) -> &Pixels {
        &self.pixels
    }

    /// Lays a frame on the canvas, after the last one was disposed of. `row` writes the frame's row with the given
    /// number. What stands over is cut off.
    pub(super) fn draw(
        &mut self,
        area: Area,
        mut row: impl FnMut(usize, &mut Vec<[u8; 4]>),
        blend: Blend,
        dispose: Dispose,
    ) {
        self.dispose();
        let mut before = Vec::new();
        let mut new = Vec::new();
        for y in 0..area.size.height as usize {
            let Some(target) = self.row(area, y) else { break };
            if dispose == Dispose::Restore {
                before.extend_from_slice(target.as_flattened());
            }
            new.clear();
            row(y, &mut new);
            for (pixel, &new) in target.iter_mut().zip(&new) {
                *pixel = if blend == Blend::Over { over(new, *pixel) } else { new };
            }
        }
        self.pending = Some((area, dispose, before));
    }

    fn dispose(&mut self) {
        let Some((area, dispose, before)) = self.pending.take() else { return };
        let (before, _) = before.as_chunks::<4>();
        let mut before = before;
        for y in 0..area.size.height as usize {
            let Some(target) = self.row(area, y) else { break };
            match dispose {
                Dispose::Keep => return,
                Dispose::Clear => target.fill([0; 4]),
                Dispose::Restore => {
                    let Some((row, rest)) = before.split_at_checked(target.len()) else { return };
                    target.copy_from_slice(row);
                    before = rest;
                }
            }
        }
    }

    /// The part of the canvas under the `y`th row of an area; `None` below the canvas.
    fn row(&mut self, area: Area, y: usize) -> Option<&mut [[u8; 4]]> {
        let Size { width, height } = self.pixels.size();
        let y = y + area.top as usize;
        if y >= height as usize || area.left >= width {
            return None;
        }
        let right = area.left.saturating_add(area.size.width).min(width);
        let (pixels, _) = self.pixels.data_mut().as_chunks_mut::<4>();
        let start = y * width as usize;
        pixels.get_mut(start + area.left as usize..start + right as usize)
    }
}

/// `new` over `old`, neither premultiplied (Porter and Duff, 1984).
fn over(new: [u8; 4], old: [u8; 4]) -> [u8; 4] {
    match (new[3], old[3]) {
        (255, _) | (_, 0) => new,
        (0, _) => old,
        (new_alpha, old_alpha) => {
            // Weights in units of 1/255².
            let new_weight = u32::from(new_alpha) * 255;
            let old_weight = u32::from(old_alpha) * (255 - u32::from(new_alpha));
            let total = new_weight + old_weight;
            let mix = |new: u8, old: u8| {
                let sum = u32::from(new) * new_weight + u32::from(old) * old_weight;
                u8::try_from((sum + total / 2) / total).unwrap_or(u8::MAX)
            };
            let alpha = u8::try_from((total + 127) / 255).unwrap_or(u8::MAX);
            [mix(new[0], old[0]), mix(new[1], old[1]), mix(new[2], old[2]), alpha]
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RED: [u8; 4] = [255, 0, 0, 255];
    const BLUE: [u8; 4] = [0, 0, 255, 255];
    const NOTHING: [u8; 4] = [0; 4];
    const ALL: Area = Area { left: 0, top: 0, size: Size::new(2, 1) };
    const RIGHT: Area = Area { left: 1, top: 0, size: Size::new(1, 1) };

    /// What is seen after each frame.
    fn seen(frames: &[(Area, &[[u8; 4]], Blend, Dispose)]) -> Vec<Vec<u8>> {
        let mut canvas = Canvas::new(Size::new(2, 1)).unwrap_or_else(|| unreachable!("it has pixels"));
        let draw = |&(area, row, blend, dispose): &(Area, &[[u8; 4]], Blend, Dispose)| {
            let width = (area.size.width as usize).min(row.len());
            canvas.draw(area, |y, new| new.extend(row.iter().skip(y * width).take(width)), blend, dispose);
            canvas.pixels().data().to_vec()
        };
        frames.iter().map(draw).collect()
    }

    #[test]
    fn a_frame_is_disposed_of_before_the_next() {
        for (dispose, left_behind) in [(Dispose::Keep, BLUE), (Dispose::Clear, NOTHING), (Dispose::Restore, RED)] {
            let frames = seen(&[
                (ALL, &[RED, RED], Blend::Replace, Dispose::Keep),
                (RIGHT, &[BLUE], Blend::Replace, dispose),
                (ALL, &[NOTHING, NOTHING], Blend::Over, Dispose::Keep),
            ]);
            assert_eq!(frames[1], [RED, BLUE].concat());
            assert_eq!(frames[2], [RED, left_behind].concat(), "{dispose:?}");
        }
    }

    #[test]
    fn a_frame_lies_over_or_replaces() {
        let half = [0, 0, 255, 128];
        let frames = seen(&[
            (ALL, &[RED, RED], Blend::Replace, Dispose::Keep),
            (RIGHT, &[half], Blend::Over, Dispose::Keep),
            (RIGHT, &[half], Blend::Replace, Dispose::Keep),
            (RIGHT, &[half], Blend::Over, Dispose::Keep),
        ]);
        assert_eq!(frames[1][4..], [127, 0, 128, 255]);
        assert_eq!(frames[2][4..], half);
        // 1 - (1 - 128/255)² = 192/255
        assert_eq!(frames[3][4..], [0, 0, 255, 192]);
    }

    #[test]
    fn what_stands_over_is_cut_off() {
        let far = Area { left: 1, top: 0, size: Size::new(u32::MAX, 5) };
        let outside = Area { left: 7, top: 7, size: Size::new(2, 2) };
        let frames = seen(&[
            (far, &[BLUE; 4], Blend::Replace, Dispose::Restore),
            (outside, &[RED; 4], Blend::Replace, Dispose::Restore),
            (ALL, &[NOTHING; 2], Blend::Over, Dispose::Keep),
        ]);
        assert_eq!(frames, [[NOTHING, BLUE].concat(), [NOTHING; 2].concat(), [NOTHING; 2].concat()]);
    }
}
