//! PNG, reduced row by row: only a picture whose rows come interlaced stands in memory at full size.

use std::time::Duration;

use png::{BlendOp, ColorType, Decoder, DecodingError, DisposeOp, Limits, Transformations};

use super::canvas::{Area, Blend, Canvas, Dispose};
use super::{About, Animation, Source, Still, Task};
use crate::picture::exif;
use crate::picture::orientation::Orientation;
use crate::picture::pixels::{Layout, Pixels, Size};
use crate::picture::problem::{PictureKind, PictureProblem};
use crate::picture::reduce::Reducer;

const KIND: PictureKind = PictureKind::Png;

type Reader = png::Reader<super::Reader>;

pub(super) fn open(reader: super::Reader, task: &Task<'_>) -> Result<Source, PictureProblem> {
    let mut decoder = Decoder::new_with_limits(reader, Limits { bytes: task.limits.metadata_bytes });
    decoder.set_transformations(Transformations::EXPAND | Transformations::STRIP_16);
    decoder.set_ignore_text_chunk(true);
    let header = decoder.read_header_info().map_err(|error| problem(error, task))?;
    let full = Size::new(header.width, header.height);
    task.limits.check_size(full, KIND)?;
    // Two rows of at most 64 bits a pixel, beside the metadata.
    let row_bytes = u64::from(full.width) * 16;
    task.limits.check_memory(row_bytes)?;
    let row_bytes = usize::try_from(row_bytes).unwrap_or(usize::MAX);
    decoder.set_limits(Limits { bytes: task.limits.metadata_bytes.saturating_add(row_bytes) });
    let reader = decoder.read_info().map_err(|error| problem(error, task))?;

    let info = reader.info();
    let orientation = info.exif_metadata.as_ref().map_or(Orientation::Upright, |exif| exif::orientation(exif));
    let profile = info.icc_profile.as_ref().map(|profile| profile.to_vec());
    let about = About { kind: Some(KIND), full, orientation, profile };
    if info.animation_control.is_some_and(|control| control.num_frames > 1) {
        return Frames::open(reader, about, task);
    }
    still(reader, about, task).map(Source::Still)
}

fn still(mut reader: Reader, about: About, task: &Task<'_>) -> Result<Still, PictureProblem> {
    let (color, _) = reader.output_color_type();
    let mut reducer = Reducer::new(about.full, layout(color), Reducer::factor(task.order.room(about.full)));
    let mut expanded = Vec::new();
    if reader.info().interlaced {
        let bytes = reader.output_buffer_size().unwrap_or(usize::MAX);
        task.limits.check_memory(bytes as u64)?;
        let mut data = vec![0; bytes];
        reader.next_frame(&mut data).map_err(|error| problem(error, task))?;
        let row = reader.output_line_size(about.full.width).unwrap_or(bytes).max(1);
        data.chunks_exact(row).for_each(|row| reducer.add_row(colored(row, color, &mut expanded)));
    } else {
        while let Some(row) = reader.next_row().map_err(|error| problem(error, task))? {
            reducer.add_row(colored(row.data(), color, &mut expanded));
        }
    }
    let pixels = reducer.finish().ok_or_else(|| PictureProblem::broken(KIND, "pixels are missing"))?;
    Ok(Still { about, pixels: pixels.without_idle_alpha() })
}

/// Animated PNG (PNG 3rd edition, 11.3.6).
struct Frames {
    reader: Reader,
    about: About,
    canvas: Canvas,
    /// The frame as the decoder gives it.
    data: Vec<u8>,
    left: u32,
    metadata_bytes: usize,
}

impl Frames {
    fn open(mut reader: Reader, about: About, task: &Task<'_>) -> Result<Source, PictureProblem> {
        let broken = || PictureProblem::broken(KIND, "it has no pixels");
        // A frame as it is decoded, the canvas, and what it was before a frame.
        task.limits.check_memory(about.full.pixels() * 12)?;
        let mut data = vec![0; reader.output_buffer_size().ok_or_else(broken)?];
        let info = reader.info();
        let left = info.animation_control.map_or(0, |control| control.num_frames);
        if info.frame_control.is_none() {
            // The picture for those who know no animations is no part of it.
            reader.next_frame(&mut data).map_err(|error| problem(error, task))?;
        }
        let canvas = Canvas::new(about.full).ok_or_else(broken)?;
        let metadata_bytes = task.limits.metadata_bytes;
        Ok(Source::Animation(Box::new(Self { reader, about, canvas, data, left, metadata_bytes })))
    }
}

impl Animation for Frames {
    fn about(&self) -> &About {
        &self.about
    }

    fn next(&mut self) -> Result<Option<(&Pixels, Duration)>, PictureProblem> {
        let Some(left) = self.left.checked_sub(1) else { return Ok(None) };
        self.left = left;
        let output =
            self.reader.next_frame(&mut self.data).map_err(|error| problem_within(error, self.metadata_bytes))?;
        let (color, _) = self.reader.output_color_type();
        let Some(control) = self.reader.info().frame_control else { return Ok(None) };
        let data = self.data.get(..output.buffer_size()).unwrap_or_default();
        let row = |y: usize, row: &mut Vec<[u8; 4]>| {
            let line = data.get(y * output.line_size..(y + 1) * output.line_size).unwrap_or_default();
            row.extend(line.chunks_exact(color.samples()).map(rgba));
        };
        let size = Size::new(output.width, output.height);
        let blend = match control.blend_op {
            BlendOp::Source => Blend::Replace,
            BlendOp::Over => Blend::Over,
        };
        let dispose = match control.dispose_op {
            DisposeOp::None => Dispose::Keep,
            DisposeOp::Background => Dispose::Clear,
            DisposeOp::Previous => Dispose::Restore,
        };
        let area = Area { left: control.x_offset, top: control.y_offset, size };
        self.canvas.draw(area, row, blend, dispose);
        // A denominator of 0 stands for 100.
        let parts = if control.delay_den == 0 { 100 } else { u64::from(control.delay_den) };
        let delay = Duration::from_millis(u64::from(control.delay_num) * 1000 / parts);
        Ok(Some((self.canvas.pixels(), delay)))
    }
}

/// One, two, three or four samples as a pixel of the canvas.
fn rgba(pixel: &[u8]) -> [u8; 4] {
    match *pixel {
        [grey] => [grey, grey, grey, 255],
        [grey, alpha] => [grey, grey, grey, alpha],
        [red, green, blue] => [red, green, blue, 255],
        [red, green, blue, alpha, ..] => [red, green, blue, alpha],
        [] => [0; 4],
    }
}

fn layout(color: ColorType) -> Layout {
    match color {
        ColorType::Grayscale | ColorType::Rgb | ColorType::Indexed => Layout::Rgb,
        ColorType::GrayscaleAlpha | ColorType::Rgba => Layout::Rgba,
    }
}

/// The row as the [`layout`] of its colours has it; grey is written into `expanded`.
fn colored<'a>(row: &'a [u8], color: ColorType, expanded: &'a mut Vec<u8>) -> &'a [u8] {
    match color {
        ColorType::Rgb | ColorType::Rgba | ColorType::Indexed => return row,
        ColorType::Grayscale => {
            expanded.clear();
            expanded.extend(row.iter().flat_map(|&grey| [grey; 3]));
        }
        ColorType::GrayscaleAlpha => {
            expanded.clear();
            let (pixels, _) = row.as_chunks::<2>();
            expanded.extend(pixels.iter().flat_map(|&[grey, alpha]| [grey, grey, grey, alpha]));
        }
    }
    expanded
}

fn problem(error: DecodingError, task: &Task<'_>) -> PictureProblem {
    problem_within(error, task.limits.metadata_bytes)
}

fn problem_within(error: DecodingError, metadata_bytes: usize) -> PictureProblem {
    match error {
        DecodingError::IoError(error) => PictureProblem::read(KIND, error),
        DecodingError::LimitsExceeded => PictureProblem::TooMuchMetadata { what: "metadata", most: metadata_bytes },
        error => PictureProblem::broken(KIND, error),
    }
}
