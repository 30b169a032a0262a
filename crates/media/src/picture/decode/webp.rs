//! WebP: lossy and lossless stills, and animations, whose frames the decoder lays on each other itself.

use std::time::Duration;

use image_webp::{DecodingError, WebPDecoder};

use super::{About, Animation, Reader, Source, Still, Task};
use crate::picture::exif;
use crate::picture::pixels::{Layout, Pixels, Size};
use crate::picture::problem::{PictureKind, PictureProblem};

const KIND: PictureKind = PictureKind::Webp;

struct Frames {
    decoder: WebPDecoder<Reader>,
    about: About,
    frame: Pixels,
}

pub(super) fn open(reader: Reader, task: &Task<'_>) -> Result<Source, PictureProblem> {
    let mut decoder = WebPDecoder::new(reader).map_err(problem)?;
    let (width, height) = decoder.dimensions();
    let full = Size::new(width, height);
    task.limits.check_size(full, KIND)?;
    // Bytes for each pixel: the result, the planes of a lossy frame, and what an alpha channel is unpacked into.
    let bytes_per_pixel = match (decoder.is_animated(), decoder.is_lossy(), decoder.has_alpha()) {
        (true, _, _) => 15,
        (false, true, true) => 11,
        (false, true, false) => 5,
        (false, false, true) => 4,
        (false, false, false) => 7,
    };
    task.limits.check_memory(full.pixels() * bytes_per_pixel)?;
    // The decoder refuses a longer chunk before it reads it.
    decoder.set_memory_limit(task.limits.metadata_bytes);
    let too_long = |what| PictureProblem::TooMuchMetadata { what, most: task.limits.metadata_bytes };
    let metadata = |result: Result<_, DecodingError>, what| match result {
        Err(DecodingError::MemoryLimitExceeded) => Err(too_long(what)),
        result => result.map_err(problem),
    };
    let profile = metadata(decoder.icc_profile(), "colour profile")?;
    let exif = metadata(decoder.exif_metadata(), "EXIF data")?;
    let orientation = exif.as_deref().map(exif::orientation).unwrap_or_default();
    decoder.set_memory_limit(usize::try_from(task.limits.memory_bytes).unwrap_or(usize::MAX));

    let about = About { kind: Some(KIND), full, orientation, profile };
    let layout = if decoder.has_alpha() { Layout::Rgba } else { Layout::Rgb };
    let bytes = decoder.output_buffer_size().unwrap_or(0);
    let mut frame =
        Pixels::new(full, layout, vec![0; bytes]).ok_or_else(|| PictureProblem::broken(KIND, "it has no pixels"))?;
    if decoder.is_animated() {
        // The background that the file names is a hint that browsers do not take either.
        decoder.set_background_color([0; 4]).map_err(problem)?;
        return Ok(Source::Animation(Box::new(Frames { decoder, about, frame })));
    }
    decoder.read_image(frame.data_mut()).map_err(problem)?;
    Ok(Source::Still(Still { about, pixels: frame.without_idle_alpha() }))
}

impl Animation for Frames {
    fn about(&self) -> &About {
        &self.about
    }

    fn next(&mut self) -> Result<Option<(&Pixels, Duration)>, PictureProblem> {
        match self.decoder.read_frame(self.frame.data_mut()) {
            Ok(milliseconds) => Ok(Some((&self.frame, Duration::from_millis(milliseconds.into())))),
            Err(DecodingError::NoMoreFrames) => Ok(None),
            Err(error) => Err(problem(error)),
        }
    }
}

fn problem(error: DecodingError) -> PictureProblem {
    match error {
        DecodingError::IoError(error) => PictureProblem::read(KIND, error),
        DecodingError::UnsupportedFeature(feature) => PictureProblem::unsupported(KIND, feature),
        error => PictureProblem::broken(KIND, error),
    }
}
