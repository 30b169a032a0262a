//! GIF: palette indices, frame by frame, laid on a canvas.

use std::time::Duration;

use gif::{ColorOutput, DecodeOptions, Decoder, DecodingError, DisposalMethod, MemoryLimit};

use super::canvas::{Area, Blend, Canvas, Dispose};
use super::{About, Animation, Reader, Source, Task};
use crate::picture::orientation::Orientation;
use crate::picture::pixels::{Pixels, Size};
use crate::picture::problem::{PictureKind, PictureProblem};

const KIND: PictureKind = PictureKind::Gif;

struct Gif {
    decoder: Decoder<Reader>,
    about: About,
    canvas: Canvas,
    /// Whether what was there before a frame can be kept too.
    can_restore: bool,
}

pub(super) fn open(reader: Reader, task: &Task<'_>) -> Result<Source, PictureProblem> {
    // What a frame may hold: the canvas has as many pixels, of one byte each, and what exceeds it is not seen.
    let frame_bytes = task.limits.pixels.clamp(1, task.limits.memory_bytes.max(1));
    let mut options = DecodeOptions::new();
    options.set_color_output(ColorOutput::Indexed);
    options.set_memory_limit(frame_bytes.try_into().map_or(MemoryLimit::Unlimited, MemoryLimit::Bytes));
    let decoder = options.read_info(reader).map_err(problem)?;
    let full = Size::new(decoder.width().into(), decoder.height().into());
    task.limits.check_size(full, KIND)?;
    // The canvas and a frame.
    task.limits.check_memory(full.pixels() * 5)?;
    let can_restore = task.limits.check_memory(full.pixels() * 9).is_ok();
    let profile = decoder.icc_profile().map(<[u8]>::to_vec);
    task.limits.check_metadata("colour profile", profile.as_ref().map_or(0, Vec::len))?;
    let canvas = Canvas::new(full).ok_or_else(|| PictureProblem::broken(KIND, "it has no pixels"))?;
    let about = About { kind: Some(KIND), full, orientation: Orientation::Upright, profile };
    Ok(Source::Animation(Box::new(Gif { decoder, about, canvas, can_restore })))
}

impl Animation for Gif {
    fn about(&self) -> &About {
        &self.about
    }

    fn next(&mut self) -> Result<Option<(&Pixels, Duration)>, PictureProblem> {
        let global = self.decoder.global_palette().map(<[u8]>::to_vec);
        let Some(frame) = self.decoder.read_next_frame().map_err(problem)? else { return Ok(None) };
        let palette = frame.palette.as_ref().or(global.as_ref()).map_or(&[][..], Vec::as_slice);
        // An index that has no colour is black, as browsers have it.
        let mut table = [[0, 0, 0, 255]; 256];
        for (color, &[red, green, blue]) in table.iter_mut().zip(palette.as_chunks::<3>().0) {
            *color = [red, green, blue, 255];
        }
        if let Some(index) = frame.transparent {
            table[usize::from(index)] = [0; 4];
        }
        let size = Size::new(frame.width.into(), frame.height.into());
        let dispose = match frame.dispose {
            DisposalMethod::Any | DisposalMethod::Keep => Dispose::Keep,
            DisposalMethod::Previous if self.can_restore => Dispose::Restore,
            DisposalMethod::Background | DisposalMethod::Previous => Dispose::Clear,
        };
        let area = Area { left: frame.left.into(), top: frame.top.into(), size };
        let delay = Duration::from_millis(u64::from(frame.delay) * 10);
        let width = size.width as usize;
        let row = |y: usize, row: &mut Vec<[u8; 4]>| {
            let indices = frame.buffer.get(y * width..(y + 1) * width).unwrap_or_default();
            row.extend(indices.iter().map(|&index| table[usize::from(index)]));
        };
        self.canvas.draw(area, row, Blend::Over, dispose);
        Ok(Some((self.canvas.pixels(), delay)))
    }
}

fn problem(error: DecodingError) -> PictureProblem {
    match error {
        DecodingError::Io(error) => PictureProblem::read(KIND, error),
        error => PictureProblem::broken(KIND, error),
    }
}
