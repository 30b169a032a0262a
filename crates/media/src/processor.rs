//! The facade: everything that the server asks of untrusted media, each done in a sandboxed child.

mod settings;

use std::fs::File;
use std::io;

use reelshelf_domain::MediaType;

use crate::process::{ProcessError, Slots};
use crate::sandbox::Abilities;
use crate::{Broken, Metadata, Probe, probe};

pub use settings::{ProcessorLimits, ProcessorSettings};

/// Decodes untrusted media, so many files at a time, each in a child of its own that can do nothing else.
#[derive(Debug)]
pub struct Processor {
    settings: ProcessorSettings,
    slots: Slots,
    abilities: Abilities,
}

/// What is wanted of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Of a picture: `thumb-160.webp` to `thumb-1280.webp`, and `preview.webp` when it is animated.
    Thumbnails,
    /// Of a picture: one in another size and format, `image.webp` and so on.
    Resized(Resize),
    /// Of a video: `poster.webp` and its thumbnails.
    Poster,
    /// Of a video: `storyboard.webp` and `storyboard.vtt`.
    Storyboard,
    /// Of anything with sound: `waveform.dat`, `waveform.json`, `waveform.webp`, and [`SoundFacts`].
    Waveform,
}

/// A picture on demand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Resize {
    /// In pixels; absent: as the height demands.
    pub width: Option<u32>,
    /// In pixels; absent: as the width demands.
    pub height: Option<u32>,
    /// How it is brought into both.
    pub fit: Fit,
    /// How it is stored.
    pub format: PictureFormat,
}

/// How a picture is brought into a width and a height. It is never enlarged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fit {
    /// Wholly inside, its shape kept.
    Contain,
    /// Filling it, its shape kept; what does not fit is cut off evenly.
    Cover,
    /// Filling it, its shape given up.
    Fill,
}

/// A format that pictures are made in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PictureFormat {
    /// WebP, lossy.
    Webp,
    /// AVIF.
    Avif,
    /// JPEG; what was transparent is white.
    Jpeg,
    /// PNG.
    Png,
}

/// A file that was made of another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Made {
    /// Its name among those that are made of the same file.
    pub name: String,
    /// What it is delivered as.
    pub media_type: &'static str,
    /// All of it.
    pub content: Vec<u8>,
}

/// What came of an order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Derived {
    /// The files.
    pub made: Vec<Made>,
    /// What was heard on the way, of a waveform.
    pub sound: Option<SoundFacts>,
}

/// What is known of sound once all of it was heard.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct SoundFacts {
    /// Integrated loudness in LUFS (EBU R 128); absent for silence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub loudness_lufs: Option<f64>,
    /// Silence in front, in milliseconds.
    pub leading_silence_ms: u64,
    /// Silence behind, in milliseconds.
    pub trailing_silence_ms: u64,
}

/// Why nothing came of it.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// The file is to blame, and will be the next time.
    #[error("{0}")]
    Lasting(Reason),
    /// The system is to blame: another time it may work. For the log, never for a client.
    #[error("the media tools are in trouble: {0}")]
    Passing(String),
    /// The child was killed, by a limit, by the sandbox or by its own fault. The file may be hostile.
    #[error("decoding was stopped: {0}")]
    Died(Death),
}

/// What is wrong with a file, for the person who uploaded it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// It ends within its headers.
    #[error("the file ends too early; it may not have been transferred completely")]
    CutShort,
    /// It cannot be decoded.
    #[error("the file is damaged and cannot be decoded")]
    Damaged,
    /// It has neither picture nor sound.
    #[error("the file holds neither a picture nor sound")]
    Empty,
    /// There is no decoder for it.
    #[error("files of this format cannot be decoded here")]
    Unsupported,
    /// Too many pixels.
    #[error("the picture has more pixels than are decoded here")]
    TooManyPixels,
    /// Too many frames.
    #[error("the animation has more frames than are decoded here")]
    TooManyFrames,
    /// Too much beside the picture.
    #[error("the file holds more metadata than is read here")]
    TooMuchMetadata,
    /// Too long.
    #[error("the file plays for longer than is decoded here")]
    TooLong,
    /// No moving pictures.
    #[error("the file has no pictures that can be shown")]
    NoPicture,
    /// No sound.
    #[error("the file has no sound that can be played")]
    NoSound,
}

/// What ended a child.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Death {
    /// Its time was over.
    #[error("it took too long")]
    Time,
    /// It wrote too much.
    #[error("it made too much")]
    Output,
    /// A signal: a fault of its own, a limit on memory or processor time.
    #[error("it was ended by signal {0}")]
    Signal(i32),
}

impl From<Broken> for Reason {
    fn from(broken: Broken) -> Self {
        match broken {
            Broken::CutShort => Self::CutShort,
            Broken::Damaged => Self::Damaged,
            Broken::Empty => Self::Empty,
        }
    }
}

impl Processor {
    /// Finds out what this machine can enforce and do, by a first child.
    pub async fn start(settings: ProcessorSettings) -> Result<Self, ProcessError> {
        let slots = Slots::new(settings.slots);
        let abilities = Abilities::default();
        Ok(Self { settings, slots, abilities })
    }

    /// What this machine can enforce and do.
    pub fn abilities(&self) -> &Abilities {
        &self.abilities
    }

    /// What a file holds: by its headers where they tell, otherwise by ffprobe in the sandbox.
    pub async fn inspect(&self, input: File, kind: MediaType) -> Result<Metadata, Refusal> {
        let look = move || -> io::Result<(Probe, File)> {
            let length = input.metadata()?.len();
            Ok((probe(&input, length, kind)?, input))
        };
        let looked = tokio::task::spawn_blocking(look).await.map_err(io::Error::other).flatten();
        match looked.map_err(|error| Refusal::Passing(error.to_string()))? {
            (Probe::Known(metadata), _) => Ok(*metadata),
            (Probe::Broken(broken), _) => Err(Refusal::Lasting(broken.into())),
            (Probe::Ask, _input) => Err(Refusal::Passing("ffprobe is not yet asked".to_owned())),
        }
    }

    /// Makes what is ordered. A video or sound must have a path, by which the sandbox finds it again.
    pub async fn derive(&self, input: File, metadata: &Metadata, order: Order) -> Result<Derived, Refusal> {
        let _ = (input, metadata, order, &self.slots, &self.settings);
        Err(Refusal::Passing("this order is not yet taken".to_owned()))
    }
}
