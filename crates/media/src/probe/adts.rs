//! AAC in ADTS frames, which nothing counts: how long they last is an estimate over frames from all of the file.

use reelshelf_domain::MediaType;

use super::{Source, Stop, Streams, id3, scaled, spread};
use crate::sniff::audio::Frame;
use crate::{AudioMetadata, Metadata};

pub(super) fn read(source: &mut Source) -> Result<Metadata, Stop> {
    let mut streams = Streams::default();
    let start = id3::read(source, 0, &mut streams)?;
    let end = id3::read_end(source, &mut streams)?;
    let head = source.start_of(start, end.saturating_sub(start), Frame::HEADER_BYTES)?;
    let first = Frame::parse(&head).filter(|frame| frame.media_type == MediaType::Aac).ok_or(Stop::Ask)?;
    // A low sample rate may be doubled, and what tells the channels elsewhere stands in the frames.
    if first.sample_rate <= 24_000 || first.channels == 0 {
        return Err(Stop::Ask);
    }
    let sound = end.saturating_sub(start);
    let seen = spread::look(source, &first, start, end)?;
    streams.duration_ms = seen.duration_ms(sound, first.sample_rate);
    let bit_rate = streams.duration_ms.and_then(|ms| scaled(sound, 8000, ms));
    let (codec, sample_rate, channels) = ("aac".to_owned(), first.sample_rate, first.channels);
    streams.audio = Some(AudioMetadata { codec, sample_rate, channels, bit_rate });
    let length = source.length();
    streams.describe(MediaType::Aac, length)
}
