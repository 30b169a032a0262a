//! Making pictures, and looking at what became of them.

use std::fs::{self, File};
use std::io::{Seek, Write};
use std::num::NonZeroUsize;
use std::time::Duration;

use reelshelf_domain::ByteSize;
use reelshelf_media::{
    Command, Layout, Limits, PictureLimits, PictureOrder, PictureProblem, Pixels, Rendered, Size, Slots, render, run,
};

/// Everything that an order made.
pub(crate) struct Results {
    pub(crate) rendered: Rendered,
    pub(crate) files: Vec<(String, Vec<u8>)>,
}

impl Results {
    pub(crate) fn file(&self, name: &str) -> &[u8] {
        &self.files.iter().find(|(made, _)| made == name).unwrap().1
    }

    /// The names and sizes that were made.
    pub(crate) fn list(&self) -> Vec<(&str, u32, u32)> {
        self.rendered.made.iter().map(|made| (made.name.as_str(), made.size.width, made.size.height)).collect()
    }

    /// A WebP that was made, decoded.
    pub(crate) fn webp(&self, name: &str) -> Pixels {
        webp(self.file(name))
    }
}

/// A still WebP, decoded.
pub(crate) fn webp(bytes: &[u8]) -> Pixels {
    let mut decoder = image_webp::WebPDecoder::new(std::io::Cursor::new(bytes)).unwrap();
    let (width, height) = decoder.dimensions();
    let layout = if decoder.has_alpha() { Layout::Rgba } else { Layout::Rgb };
    let mut data = vec![0; decoder.output_buffer_size().unwrap()];
    decoder.read_image(&mut data).unwrap();
    Pixels::new(Size::new(width, height), layout, data).unwrap()
}

/// An open file of these bytes that has no name.
pub(crate) fn file(bytes: &[u8]) -> File {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(bytes).unwrap();
    file.rewind().unwrap();
    file
}

pub(crate) fn try_make(bytes: &[u8], order: &PictureOrder, limits: &PictureLimits) -> Result<Results, PictureProblem> {
    let mut files = Vec::new();
    let rendered = render(file(bytes), order, limits, &mut |name, bytes| {
        files.push((name.to_owned(), bytes.to_vec()));
        Ok(())
    })?;
    Ok(Results { rendered, files })
}

pub(crate) fn make(bytes: &[u8], order: &PictureOrder) -> Results {
    try_make(bytes, order, &PictureLimits::default()).unwrap()
}

/// Thumbnails of all four sides.
pub(crate) fn thumbnails(bytes: &[u8]) -> Results {
    make(bytes, &PictureOrder::default())
}

/// What the real ffmpeg writes with these arguments into a file with the given extension.
pub(crate) fn ffmpeg(arguments: &[&str], extension: &str) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(format!("made.{extension}"));
    let limits = Limits { time: Duration::from_mins(1), output: ByteSize::new(100_000) };
    let command = Command::new("ffmpeg", limits)
        .args(["-hide_banner", "-loglevel", "error", "-y"])
        .args(arguments.iter().copied())
        .arg(&path);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(run(&Slots::new(NonZeroUsize::MIN), command)).unwrap();
    fs::read(path).unwrap()
}
