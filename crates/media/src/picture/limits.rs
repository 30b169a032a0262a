//! How much of a picture is read.

use serde::{Deserialize, Serialize};

use super::pixels::Size;
use super::problem::{PictureKind, PictureProblem};

/// Limits on what a file may claim; each is checked before memory is taken.
#[derive(Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct PictureLimits {
    /// Most pixels of one frame.
    pub pixels: u64,
    /// Most frames of an animation that are looked at; those after them are as if they were not there.
    pub frames: u32,
    /// Most bytes of one colour profile, of EXIF data, or of all text, decompressed.
    pub metadata_bytes: usize,
    /// Most bytes that decoding may need at once.
    pub memory_bytes: u64,
}

impl Default for PictureLimits {
    fn default() -> Self {
        Self { pixels: 100_000_000, frames: 500, metadata_bytes: 8 << 20, memory_bytes: 640 << 20 }
    }
}

impl PictureLimits {
    /// Refuses a picture without pixels or with too many.
    pub(super) fn check_size(&self, size: Size, kind: PictureKind) -> Result<(), PictureProblem> {
        if size.width == 0 || size.height == 0 {
            return Err(PictureProblem::broken(kind, "it has no pixels"));
        }
        if size.pixels() > self.pixels {
            return Err(PictureProblem::TooManyPixels { size, most: self.pixels });
        }
        Ok(())
    }

    /// Refuses a picture whose decoding needs too much memory.
    pub(super) fn check_memory(&self, bytes: u64) -> Result<(), PictureProblem> {
        if bytes > self.memory_bytes {
            return Err(PictureProblem::TooMuchMemory { bytes, most: self.memory_bytes });
        }
        Ok(())
    }

    /// Refuses metadata that are too long.
    pub(super) fn check_metadata(&self, what: &'static str, bytes: usize) -> Result<(), PictureProblem> {
        if bytes > self.metadata_bytes {
            return Err(PictureProblem::TooMuchMetadata { what, most: self.metadata_bytes });
        }
        Ok(())
    }
}
