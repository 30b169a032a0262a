//! TIFF: the first picture of the file, strip by strip where its rows lie together.

use tiff::TiffError;
use tiff::decoder::{ChunkType, Decoder, DecodingResult, Limits};
use tiff::tags::Tag;

use super::{About, Reader, Still, Task};
use crate::picture::orientation::Orientation;
use crate::picture::pixels::Size;
use crate::picture::problem::{PictureKind, PictureProblem};
use crate::picture::reduce::Reducer;

mod samples;

use samples::{Alpha, Samples};

const KIND: PictureKind = PictureKind::Tiff;
/// `PlanarConfiguration` of pixels whose samples lie together.
const CHUNKY: u16 = 1;

pub(super) fn decode(reader: Reader, task: &Task<'_>) -> Result<Still, PictureProblem> {
    let mut limits = Limits::default();
    let memory = usize::try_from(task.limits.memory_bytes).unwrap_or(usize::MAX);
    limits.decoding_buffer_size = memory;
    limits.intermediate_buffer_size = memory;
    limits.ifd_value_size = task.limits.metadata_bytes;
    let mut decoder = Decoder::new(reader).map_err(problem)?.with_limits(limits);
    let (width, height) = decoder.dimensions().map_err(problem)?;
    let full = Size::new(width, height);
    task.limits.check_size(full, KIND)?;
    let samples = samples(&mut decoder)?;
    let factor = Reducer::factor(task.order.room(full));
    let mut reducer = Reducer::new(full, samples.layout(), factor);
    let planar: u16 = find(&mut decoder, Tag::PlanarConfiguration)?.unwrap_or(CHUNKY);
    let mut row = Vec::new();
    let mut add = |bytes: &[u8], rows: u32| {
        for index in 0..rows as usize {
            samples.row(bytes, index, width as usize, &mut row);
            reducer.add_row(&row);
        }
    };
    if planar == CHUNKY && decoder.get_chunk_type() == ChunkType::Strip {
        let strips = decoder.strip_count().map_err(problem)?;
        for strip in 0..strips {
            let (_, rows) = decoder.chunk_data_dimensions(strip);
            let result = decoder.read_chunk(strip).map_err(problem)?;
            add(&bytes_of(&result)?, rows);
        }
    } else {
        task.limits.check_memory(full.pixels() * samples.bytes_per_pixel())?;
        let mut result = DecodingResult::U8(Vec::new());
        decoder.read_image_to_buffer(&mut result).map_err(problem)?;
        let bytes = bytes_of(&result)?;
        if planar == CHUNKY {
            add(&bytes, height);
        } else {
            add(&interleaved(&bytes, &samples, full)?, height);
        }
    }
    let pixels = reducer.finish().ok_or_else(|| PictureProblem::broken(KIND, "pixels are missing"))?;
    let orientation = find(&mut decoder, Tag::Orientation)?.map_or(Orientation::Upright, Orientation::from_exif);
    let profile = decoder.find_tag(Tag::IccProfile).map_err(problem)?.and_then(|tag| tag.into_u8_vec().ok());
    Ok(Still { about: About { kind: Some(KIND), full, orientation, profile }, pixels: pixels.without_idle_alpha() })
}

fn samples(decoder: &mut Decoder<Reader>) -> Result<Samples, PictureProblem> {
    let color = decoder.colortype().map_err(problem)?;
    let extra = decoder.find_tag_unsigned_vec::<u16>(Tag::ExtraSamples).map_err(problem)?.unwrap_or_default();
    let alpha = match extra.first() {
        Some(1) => Some(Alpha::Associated),
        Some(2) => Some(Alpha::Unassociated),
        _ => None,
    };
    Samples::new(color, alpha).ok_or_else(|| unsupported(&format!("{color:?}")))
}

/// All samples of a pixel beside each other, from planes that follow each other.
fn interleaved(planes: &[u8], samples: &Samples, full: Size) -> Result<Vec<u8>, PictureProblem> {
    let pixels = usize::try_from(full.pixels()).unwrap_or(usize::MAX);
    let count = samples.count();
    if !samples.are_bytes() || planes.len() != pixels.saturating_mul(count) {
        return Err(unsupported(&"its planes are of an unusual kind"));
    }
    let mut bytes = vec![0; planes.len()];
    for (index, plane) in planes.chunks_exact(pixels).enumerate() {
        for (pixel, &value) in bytes.chunks_exact_mut(count).zip(plane) {
            pixel[index] = value;
        }
    }
    Ok(bytes)
}

fn find(decoder: &mut Decoder<Reader>, tag: Tag) -> Result<Option<u16>, PictureProblem> {
    decoder.find_tag_unsigned(tag).map_err(problem)
}

/// The numbers as bytes, the most significant 8 bits of each; those of less than 8 bits still packed.
fn bytes_of(result: &DecodingResult) -> Result<std::borrow::Cow<'_, [u8]>, PictureProblem> {
    Ok(match result {
        DecodingResult::U8(values) => values.into(),
        DecodingResult::U16(values) => values.iter().map(|value| value.to_be_bytes()[0]).collect(),
        DecodingResult::U32(values) => values.iter().map(|value| value.to_be_bytes()[0]).collect(),
        _ => return Err(unsupported(&"its numbers are of an unusual kind")),
    })
}

fn unsupported(reason: &dyn std::fmt::Display) -> PictureProblem {
    PictureProblem::unsupported(KIND, reason)
}

fn problem(error: TiffError) -> PictureProblem {
    match error {
        TiffError::IoError(error) => PictureProblem::read(KIND, error),
        TiffError::UnsupportedError(error) => PictureProblem::unsupported(KIND, error),
        error => PictureProblem::broken(KIND, error),
    }
}
