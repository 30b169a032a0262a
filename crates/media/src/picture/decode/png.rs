//! PNG, reduced row by row: only a picture whose rows come interlaced stands in memory at full size.

use png::{ColorType, Decoder, DecodingError, Limits, Transformations};

use super::{Reader, Still, Task};
use crate::picture::exif;
use crate::picture::orientation::Orientation;
use crate::picture::pixels::{Layout, Size};
use crate::picture::problem::{PictureKind, PictureProblem};
use crate::picture::reduce::Reducer;

const KIND: PictureKind = PictureKind::Png;

pub(super) fn decode(reader: Reader, task: &Task<'_>) -> Result<Still, PictureProblem> {
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
    let mut reader = decoder.read_info().map_err(|error| problem(error, task))?;

    let (color, _) = reader.output_color_type();
    let mut reducer = Reducer::new(full, layout(color), Reducer::factor(task.order.room(full)));
    let mut expanded = Vec::new();
    if reader.info().interlaced {
        let bytes = reader.output_buffer_size().unwrap_or(usize::MAX);
        task.limits.check_memory(bytes as u64)?;
        let mut data = vec![0; bytes];
        reader.next_frame(&mut data).map_err(|error| problem(error, task))?;
        let row = reader.output_line_size(full.width).unwrap_or(bytes).max(1);
        data.chunks_exact(row).for_each(|row| reducer.add_row(colored(row, color, &mut expanded)));
    } else {
        while let Some(row) = reader.next_row().map_err(|error| problem(error, task))? {
            reducer.add_row(colored(row.data(), color, &mut expanded));
        }
    }
    let info = reader.info();
    let profile = info.icc_profile.as_ref().map(|profile| profile.to_vec());
    Ok(Still {
        kind: Some(KIND),
        orientation: info.exif_metadata.as_ref().map_or(Orientation::Upright, |exif| exif::orientation(exif)),
        pixels: reducer
            .finish()
            .ok_or_else(|| PictureProblem::broken(KIND, "pixels are missing"))?
            .without_idle_alpha(),
        full,
        profile,
    })
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
    match error {
        DecodingError::IoError(error) => PictureProblem::read(KIND, error),
        DecodingError::LimitsExceeded => {
            PictureProblem::TooMuchMetadata { what: "metadata", most: task.limits.metadata_bytes }
        }
        error => PictureProblem::broken(KIND, error),
    }
}
