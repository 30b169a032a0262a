//! A processor, and files that ffmpeg makes for it.

use std::fs::{self, File};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::time::Duration;

use reelshelf_domain::{ByteSize, MediaType};
use reelshelf_media::{
    Command, Derived, Limits, Made, Metadata, Order, Processor, ProcessorLimits, ProcessorSettings, Slots, run,
};
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
        let limits = Limits { time: Duration::from_mins(2), output: ByteSize::mib(1) };
        let command =
            Command::new("ffmpeg", limits).args(["-nostdin", "-i"]).arg(input).args(words.split(' ')).arg("-");
        let output = run(&Slots::new(NonZeroUsize::MIN), command).await.unwrap();
        String::from_utf8(output.stderr).unwrap()
    }

    /// Makes a file, by the words of ffmpeg's command line.
    pub(crate) async fn ffmpeg(&self, name: &str, words: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        let limits = Limits { time: Duration::from_mins(2), output: ByteSize::mib(1) };
        let command = Command::new("ffmpeg", limits).args(["-v", "error", "-nostdin", "-y"]);
        run(&Slots::new(NonZeroUsize::MIN), command.args(words.split(' ')).arg(&path)).await.unwrap();
        path
    }
}

pub(crate) fn names(derived: &Derived) -> Vec<&str> {
    derived.made.iter().map(|made| made.name.as_str()).collect()
}

pub(crate) async fn inspect(world: &World, path: &Path, media_type: MediaType) -> Metadata {
    world.processor.inspect(File::open(path).unwrap(), media_type).await.unwrap()
}

pub(crate) async fn derive(world: &World, path: &Path, media_type: MediaType, order: Order) -> Derived {
    let metadata = inspect(world, path, media_type).await;
    world.processor.derive(File::open(path).unwrap(), &metadata, order).await.unwrap()
}

pub(crate) fn made<'a>(derived: &'a Derived, name: &str) -> &'a Made {
    derived.made.iter().find(|made| made.name == name).unwrap()
}

/// The average colour of a picture, of its columns and rows as asked: by ffmpeg, and so by another decoder than ours.
pub(crate) async fn colour(world: &World, made: &Made, crop: &str) -> [u8; 3] {
    let path = world.folder.path().join(&made.name);
    fs::write(&path, &made.content).unwrap();
    let words = format!("-i {} -vf crop={crop},scale=1:1:flags=area -pix_fmt rgb24 -f rawvideo", path.display());
    let pixel = world.ffmpeg("colour.raw", &words).await;
    fs::read(pixel).unwrap().try_into().unwrap()
}

/// The average transparency of a picture, of its columns and rows as asked.
pub(crate) async fn alpha(world: &World, made: &Made, crop: &str) -> u8 {
    let path = world.folder.path().join(&made.name);
    fs::write(&path, &made.content).unwrap();
    let words =
        format!("-i {} -vf alphaextract,crop={crop},scale=1:1:flags=area -pix_fmt gray -f rawvideo", path.display());
    fs::read(world.ffmpeg("alpha.raw", &words).await).unwrap()[0]
}

pub(crate) async fn size(world: &World, made: &Made) -> (u32, u32) {
    let path = world.folder.path().join(&made.name);
    fs::write(&path, &made.content).unwrap();
    let image = inspect(world, &path, MediaType::Webp).await.image.unwrap();
    (image.width, image.height)
}
