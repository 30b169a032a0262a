use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use reelshelf_domain::ByteSize;

/// What a [`Processor`](crate::Processor) works with.
#[derive(Clone, Debug)]
pub struct ProcessorSettings {
    /// The program whose `main` calls [`child_main`](crate::child_main): our own.
    pub program: PathBuf,
    /// ffmpeg, by path or by name.
    pub ffmpeg: PathBuf,
    /// ffprobe, by path or by name.
    pub ffprobe: PathBuf,
    /// How many children run at once.
    pub slots: NonZeroUsize,
    /// What each may use.
    pub limits: ProcessorLimits,
}

/// What one child may use.
#[derive(Clone, Copy, Debug)]
pub struct ProcessorLimits {
    /// From its start to its end. What plays for hours is given more: a hundredth of its length.
    pub time: Duration,
    /// Memory of its own.
    pub memory: ByteSize,
    /// All that it makes of one file.
    pub output: ByteSize,
    /// Pixels of one frame.
    pub pixels: u64,
    /// Frames of an animation that are looked at.
    pub frames: u32,
    /// Length of a video or sound.
    pub duration: Duration,
}

impl Default for ProcessorLimits {
    fn default() -> Self {
        Self {
            time: Duration::from_mins(5),
            memory: ByteSize::gib(1),
            output: ByteSize::mib(64),
            pixels: 100_000_000,
            frames: 500,
            duration: Duration::from_hours(48),
        }
    }
}
