//! The facade: everything that the server asks of untrusted media, each done in a sandboxed child.

mod jobs;
mod settings;

use std::fs::File;
use std::io;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use reelshelf_domain::MediaType;

use crate::metadata::clean;
use crate::probe::{Composition, composition};
use crate::process::{Command, Limits, PATH, ProcessError, Slots, run};
use crate::sandbox::{Abilities, Allowance, Errand, Job, NO_SANDBOX, Nonsense, Purpose, SIGNALLED, Tool, Walls, parse};
use crate::{Broken, Fit, InspectProblem, Metadata, PictureFormat, PictureProblem, Probe, inspected, probe};

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
    /// Of a picture: one in another size and format, `picture.webp` and so on.
    Resized(Resize),
    /// Of a video: `poster.webp` and its thumbnails.
    Poster,
    /// Of a video: `storyboard.webp` and `storyboard.vtt`.
    Storyboard,
    /// Of anything with sound: `waveform.dat`, `waveform.json`, `waveform.webp`, and [`SoundFacts`].
    Waveform,
}

/// A picture on demand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// It ends within its headers.
    #[error("The file ends too early; it may not have been transferred completely.")]
    CutShort,
    /// Its index was never written.
    #[error("The file has no index: its recording was not finished.")]
    Unfinished,
    /// It cannot be decoded.
    #[error("The file is damaged and cannot be decoded.")]
    Damaged,
    /// It has neither picture nor sound.
    #[error("The file holds neither a picture nor sound.")]
    Empty,
    /// There is no decoder for it.
    #[error("Files of this format cannot be decoded here.")]
    Unsupported,
    /// ffmpeg makes no picture of it.
    #[error("The picture cannot be decoded here: it is damaged, or of a format that this server does not know.")]
    Undecoded,
    /// Too many pixels.
    #[error("The picture has more pixels than are decoded here.")]
    TooManyPixels,
    /// Too many frames.
    #[error("The file has more frames than can be looked at.")]
    TooManyFrames,
    /// Too long.
    #[error("The file plays for longer than is decoded here.")]
    TooLong,
    /// No moving pictures.
    #[error("The file has no pictures that can be shown.")]
    NoPicture,
    /// No sound.
    #[error("The file has no sound that can be played.")]
    NoSound,
    /// ffmpeg would be needed, and is not here.
    #[error("This server has no ffmpeg to decode the file with.")]
    NoDecoder,
    /// ffprobe would be needed, and is not here.
    #[error("This server has no ffprobe to look into the file with.")]
    NoProber,
    /// A decoder's own words. They come out of the sandbox: printable and short, and not to be believed.
    #[error("{0}")]
    Told(String),
}

impl Reason {
    /// Longest text that is taken over from a decoder, in bytes.
    const TOLD_BYTES: usize = 400;

    /// A decoder's own words, without what could be more than words.
    pub(crate) fn told(text: &str) -> Self {
        Self::Told(clean(text, Self::TOLD_BYTES))
    }
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
    /// It answered what none of ours would.
    #[error("it answered nonsense")]
    Answer,
    /// A signal: a fault of its own, a limit on memory or processor time.
    #[error("it was ended by signal {0}")]
    Signal(i32),
}

impl From<PictureProblem> for Reason {
    fn from(problem: PictureProblem) -> Self {
        match problem {
            PictureProblem::UnknownKind => Self::Unsupported,
            problem => Self::told(&problem.to_string()),
        }
    }
}

impl From<InspectProblem> for Reason {
    fn from(problem: InspectProblem) -> Self {
        match problem {
            InspectProblem::Unreadable => Self::Damaged,
            InspectProblem::Empty => Self::Empty,
        }
    }
}

impl From<Broken> for Reason {
    fn from(broken: Broken) -> Self {
        match broken {
            Broken::CutShort => Self::CutShort,
            Broken::Damaged => Self::Damaged,
            Broken::Empty => Self::Empty,
            Broken::Unfinished => Self::Unfinished,
            Broken::TooMany => Self::TooManyFrames,
        }
    }
}

impl Processor {
    /// Finds out, by first children, what this machine can enforce and do.
    pub async fn start(settings: ProcessorSettings) -> Result<Self, ProcessError> {
        let slots = Slots::new(settings.slots);
        let mut processor = Self { slots, settings, abilities: Abilities::default() };
        let walls = processor.explore().await?;
        processor.abilities = Abilities::new(walls, rustix::process::getuid().is_root());
        for tool in [&mut processor.settings.ffmpeg, &mut processor.settings.ffprobe] {
            *tool = find(tool);
        }
        let ffmpeg = processor.version(&processor.settings.ffmpeg).await;
        let ffprobe = processor.version(&processor.settings.ffprobe).await;
        processor.abilities = processor.abilities.with_tools(ffmpeg, ffprobe);
        Ok(processor)
    }

    /// What this machine can enforce and do.
    pub fn abilities(&self) -> &Abilities {
        &self.abilities
    }

    /// What a file holds: by its headers where they tell, otherwise by ffprobe in the sandbox, for which the file must
    /// have a path.
    pub async fn inspect(&self, input: File, kind: MediaType) -> Result<Metadata, Refusal> {
        let look = move || -> io::Result<(Probe, File, u64)> {
            let length = input.metadata()?.len();
            Ok((probe(&input, length, kind)?, input, length))
        };
        let looked = tokio::task::spawn_blocking(look).await.map_err(io::Error::other).flatten();
        let (found, input, length) = looked.map_err(|error| Refusal::Passing(error.to_string()))?;
        match found {
            Probe::Known(metadata) => Ok(*metadata),
            Probe::Broken(broken) => Err(Refusal::Lasting(broken.into())),
            // A tool that is missing now will be the next time.
            Probe::Ask if self.abilities.ffprobe().is_none() => Err(Refusal::Lasting(Reason::NoProber)),
            Probe::Ask => {
                let tool = Tool { program: self.settings.ffprobe.clone(), purpose: Purpose::Inspect(kind) };
                let report = self.child(Job::Run(tool), Some(input), self.settings.limits.time).await?;
                inspected(&report, kind, length).map_err(|problem| Refusal::Lasting(problem.into()))
            }
        }
    }

    /// Makes what is ordered. A video or sound must have a path, by which the sandbox finds it again.
    pub async fn derive(&self, input: File, metadata: &Metadata, order: Order) -> Result<Derived, Refusal> {
        let picture = composed(&input, metadata).await.map_err(|error| Refusal::Passing(error.to_string()))?;
        let jobs = self.settings.jobs(metadata, order, picture).map_err(Refusal::Lasting)?;
        let mut refused = Refusal::Lasting(Reason::Unsupported);
        // Each for what the one before it did not find.
        for job in jobs {
            if job.tool().is_some() && self.abilities.ffmpeg().is_none() {
                refused = Refusal::Lasting(Reason::NoDecoder);
                continue;
            }
            let input = input.try_clone().map_err(|error| Refusal::Passing(error.to_string()))?;
            let answer = self.child(job, Some(input), self.settings.time(metadata)).await?;
            match parse(&answer).map_err(|Nonsense| Refusal::Died(Death::Answer))? {
                Ok(derived) => return Ok(derived),
                Err(reason) => refused = Refusal::Lasting(reason),
            }
        }
        Err(refused)
    }

    async fn explore(&self) -> Result<Walls, ProcessError> {
        let output = run(&self.slots, self.command(Job::Explore, self.settings.limits.time)?).await?;
        let found = String::from_utf8_lossy(&output.stderr);
        if !found.is_empty() {
            tracing::warn!(found = %found.trim(), "the sandbox lacks a wall here");
        }
        serde_json::from_slice(&output.stdout).map_err(|error| ProcessError::Lost(error.into()))
    }

    /// A tool's version, if it runs.
    async fn version(&self, tool: &Path) -> Option<String> {
        let tool = Tool { program: tool.to_owned(), purpose: Purpose::Version };
        let said = self
            .child(Job::Run(tool), None, self.settings.limits.time)
            .await
            .inspect_err(|error| tracing::warn!(%error, "a media tool does not run"))
            .ok()?;
        // "ffmpeg version 5.1.9-0+deb12u1 Copyright …"
        String::from_utf8_lossy(&said).split_whitespace().nth(2).map(str::to_owned)
    }

    fn command(&self, job: Job, time: Duration) -> Result<Command, ProcessError> {
        let limits = self.settings.limits;
        let allowance = Allowance { cpu_seconds: time.as_secs().max(1), memory: limits.memory.get() };
        let errand = Errand { walls: self.abilities.walls(), allowance, job };
        let errand = errand.text().map_err(ProcessError::Spawn)?;
        let limits = Limits { time, output: limits.output };
        Ok(Command::new(&self.settings.program, limits).args(["sandbox", "supervisor", &errand]))
    }

    /// What a child answers.
    async fn child(&self, job: Job, input: Option<File>, time: Duration) -> Result<Vec<u8>, Refusal> {
        let mut command = self.command(job, time).map_err(refusal)?;
        if let Some(input) = input {
            command = command.input(input);
        }
        Ok(run(&self.slots, command).await.map_err(refusal)?.stdout)
    }
}

/// How a picture is composed that ffmpeg is to decode.
async fn composed(input: &File, metadata: &Metadata) -> io::Result<Composition> {
    if !matches!(metadata.mime, MediaType::Avif | MediaType::Heic) {
        return Ok(Composition::default());
    }
    let input = input.try_clone()?;
    let look = move || composition(&input, input.metadata()?.len());
    tokio::task::spawn_blocking(look).await.map_err(io::Error::other).flatten()
}

/// What the end of a child means for its file.
fn refusal(error: ProcessError) -> Refusal {
    match error {
        ProcessError::TimedOut { .. } => Refusal::Died(Death::Time),
        ProcessError::OutputTooLarge { .. } => Refusal::Died(Death::Output),
        ProcessError::Failed { status, ref stderr_tail } => {
            let code = status.code().and_then(|code| u8::try_from(code).ok());
            let inner = code.and_then(|code| code.checked_sub(SIGNALLED)).filter(|signal| *signal > 0);
            match (status.signal().or(inner.map(i32::from)), code) {
                (Some(signal), _) => Refusal::Died(Death::Signal(signal)),
                (None, Some(NO_SANDBOX)) => Refusal::Passing(error.to_string()),
                _ => {
                    tracing::debug!(%stderr_tail, "a media tool refused a file");
                    Refusal::Lasting(Reason::Damaged)
                }
            }
        }
        error => Refusal::Passing(error.to_string()),
    }
}

/// The full path of a program, looked for where [`Command`] does; what is not found is left as it is.
fn find(program: &Path) -> PathBuf {
    let folders = PATH.split(':').map(Path::new);
    // A path with a folder of its own stays one when it is joined only if it is absolute; both are as it was meant.
    let found = folders.map(|folder| folder.join(program)).find_map(|path| path.canonicalize().ok());
    found.unwrap_or_else(|| program.to_owned())
}
