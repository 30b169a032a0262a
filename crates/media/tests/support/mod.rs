//! A processor, and files that ffmpeg makes for it.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::time::Duration;

use reelshelf_domain::ByteSize;
use reelshelf_media::{Command, Derived, Limits, Processor, ProcessorLimits, ProcessorSettings, Slots, run};
use tempfile::TempDir;

pub(crate) struct World {
    pub(crate) folder: TempDir,
    pub(crate) processor: Processor,
}

impl World {
    pub(crate) async fn new() -> Self {
        let settings = ProcessorSettings {
            program: env!("CARGO_BIN_EXE_sandboxed-child").into(),
            ffmpeg: "ffmpeg".into(),
            ffprobe: "ffprobe".into(),
            slots: NonZeroUsize::new(2).unwrap(),
            limits: ProcessorLimits::default(),
        };
        let processor = Processor::start(settings).await.unwrap();
        Self { folder: tempfile::tempdir().unwrap(), processor }
    }

    /// What ffmpeg says about a file.
    pub(crate) async fn ffmpeg_says(&self, input: &Path, words: &str) -> String {
        let limits = Limits { time: Duration::from_secs(120), output: ByteSize::mib(1) };
        let command =
            Command::new("ffmpeg", limits).args(["-nostdin", "-i"]).arg(input).args(words.split(' ')).arg("-");
        let output = run(&Slots::new(NonZeroUsize::MIN), command).await.unwrap();
        String::from_utf8(output.stderr).unwrap()
    }

    /// Makes a file, by the words of ffmpeg's command line.
    pub(crate) async fn ffmpeg(&self, name: &str, words: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        let limits = Limits { time: Duration::from_secs(120), output: ByteSize::mib(1) };
        let command = Command::new("ffmpeg", limits).args(["-v", "error", "-nostdin", "-y"]);
        run(&Slots::new(NonZeroUsize::MIN), command.args(words.split(' ')).arg(&path)).await.unwrap();
        path
    }
}

pub(crate) fn names(derived: &Derived) -> Vec<&str> {
    derived.made.iter().map(|made| made.name.as_str()).collect()
}
