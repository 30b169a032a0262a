//! MP4 and QuickTime (ISO/IEC 14496-12 and -14, QuickTime File Format).

mod boxes;
mod codecs;
mod movie;
mod sample;
mod tags;

pub(super) use boxes::{Part, children, find, payload};
pub(super) use movie::sequence;

use std::io;

use reelshelf_domain::MediaType;

use super::{Broken, Source, Stop};
use crate::{Metadata, ReadAt};
use boxes::FileParts;

pub(super) fn read(source: &mut Source, media_type: MediaType) -> Result<Metadata, Stop> {
    let parts = FileParts::find(source)?;
    let movie = parts.movie.ok_or(Stop::Broken(Broken::Unfinished))?;
    let mut streams = movie::read(source, movie)?;
    if let Some(video) = &mut streams.video {
        video.fast_start = Some(parts.movie_first);
    }
    let length = source.length();
    streams.describe(media_type, length)
}

/// Whether a file can play before all of it has come. In this family, when the index stands in front; the others need
/// none. `None` where that makes no sense.
pub fn fast_start(file: &impl ReadAt, length: u64, media_type: MediaType) -> io::Result<Option<bool>> {
    match media_type {
        MediaType::Mp4 | MediaType::Mov | MediaType::M4a => match FileParts::find(&mut Source::new(file, length)) {
            Ok(parts) => Ok(parts.movie.map(|_| parts.movie_first)),
            Err(Stop::Disk(error)) => Err(error),
            Err(Stop::Ask | Stop::Broken(_)) => Ok(None),
        },
        other => Ok((other.kind() == reelshelf_domain::MediaKind::Video).then_some(true)),
    }
}
