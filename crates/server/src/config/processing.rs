use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use reelshelf_domain::ByteSize;
use reelshelf_media::{ProcessorLimits, ProcessorSettings};
use serde::{Deserialize, Serialize};

use super::positive;

/// `[processing]`: understanding files, and what is made of them.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ProcessingSettings {
    /// Files that just came and are processed at once in this process; 0 is as many as there are processors, at least two.
    pub slots: usize,
    /// Of these, those that one client may have; 0 is all but one.
    pub client_slots: usize,
    /// Files processed anew at once: by `reprocess`, and after an update.
    pub remake_slots: usize,
    /// Sizes of pictures that are made at once because somebody asks for them; 0 is as many as `slots`.
    pub size_slots: usize,
    /// Of these, those of one client's files; 0 is all but one.
    pub client_size_slots: usize,
    /// Seconds that a request waits for such a slot.
    pub size_wait_seconds: u64,
    /// The most pixels of a picture, and of a frame.
    pub pixels: u64,
    /// The most frames of an animation that are looked at.
    pub frames: u32,
    /// The longest film or sound that anything is made of, in seconds.
    pub duration_seconds: u64,
    /// The longest that a child may work on one thing, in seconds.
    pub child_seconds: u64,
    /// The most memory of a child.
    pub child_memory: ByteSize,
    /// How many children may die of a file before it is given up.
    pub deaths: u32,
    /// The most that the derived files of one client may take.
    pub derived_limit: ByteSize,
    /// The most bytes of what is made of one file at once.
    pub made: ByteSize,
    /// ffmpeg, by path or by name.
    pub ffmpeg: PathBuf,
    /// ffprobe, by path or by name.
    pub ffprobe: PathBuf,
    /// The program that is started for each child: this one. Tests are another.
    #[serde(skip)]
    pub program: Option<PathBuf>,
    /// The widths and heights that pictures may be asked for in, in pixels.
    pub sizes: Vec<u32>,
}

impl Default for ProcessingSettings {
    fn default() -> Self {
        Self {
            slots: 0,
            client_slots: 0,
            remake_slots: 1,
            size_slots: 0,
            client_size_slots: 0,
            size_wait_seconds: 20,
            pixels: 100_000_000,
            frames: 10_000,
            duration_seconds: 48 * 60 * 60,
            child_seconds: 300,
            child_memory: ByteSize::mib(1024),
            deaths: 3,
            derived_limit: ByteSize::gib(10),
            made: ByteSize::mib(64),
            ffmpeg: PathBuf::from("ffmpeg"),
            ffprobe: PathBuf::from("ffprobe"),
            program: None,
            sizes: vec![
                16, 32, 48, 64, 96, 128, 160, 200, 240, 256, 300, 320, 400, 480, 500, 512, 600, 640, 720, 768, 800,
                960, 1000, 1024, 1080, 1200, 1280, 1440, 1600, 1920, 2048, 2160, 2560, 3840,
            ],
        }
    }
}

impl ProcessingSettings {
    /// What is set, or what follows from the number of processors.
    pub(super) fn complete(&mut self) {
        let processors = std::thread::available_parallelism().map_or(2, usize::from);
        let or = |set: usize, otherwise: usize| if set == 0 { otherwise } else { set };
        self.slots = or(self.slots, processors.max(2));
        self.client_slots = or(self.client_slots, self.slots.saturating_sub(1).max(1));
        self.size_slots = or(self.size_slots, self.slots);
        self.client_size_slots = or(self.client_size_slots, self.size_slots.saturating_sub(1).max(1));
    }

    /// How long a request waits for a slot.
    pub const fn size_wait(&self) -> Duration {
        Duration::from_secs(self.size_wait_seconds)
    }

    /// As the media crate takes them.
    pub fn processor(&self) -> std::io::Result<ProcessorSettings> {
        let program = self.program.clone().map_or_else(std::env::current_exe, Ok)?;
        // Whoever may ask for a child has a slot of the server: nobody waits a second time.
        let slots = self.slots + self.remake_slots + self.size_slots;
        Ok(ProcessorSettings {
            program,
            ffmpeg: self.ffmpeg.clone(),
            ffprobe: self.ffprobe.clone(),
            slots: NonZeroUsize::new(slots).unwrap_or(NonZeroUsize::MIN),
            limits: ProcessorLimits {
                time: Duration::from_secs(self.child_seconds),
                memory: self.child_memory,
                output: self.made,
                pixels: self.pixels,
                frames: self.frames,
                duration: Duration::from_secs(self.duration_seconds),
            },
        })
    }

    pub(super) fn check(&self, problems: &mut Vec<String>) {
        positive("processing.remake_slots", self.remake_slots as u64, problems);
        positive("processing.pixels", self.pixels, problems);
        positive("processing.frames", self.frames.into(), problems);
        positive("processing.duration_seconds", self.duration_seconds, problems);
        positive("processing.child_seconds", self.child_seconds, problems);
        positive("processing.child_memory", self.child_memory.get(), problems);
        positive("processing.deaths", self.deaths.into(), problems);
        positive("processing.made", self.made.get(), problems);
        if self.sizes.contains(&0) {
            problems.push("processing.sizes: must be greater than 0".to_owned());
        }
    }
}
