//! MPEG audio, layers II and III, with the counts that encoders leave in the first frame (Xing, LAME, VBRI).

use reelshelf_domain::MediaType;

use super::{Cut, Source, Stop, Streams, adts, flac, id3, scaled, spread};
use crate::sniff::audio::Frame;
use crate::{AudioMetadata, Metadata};

/// How far behind the tags the first frame may stand.
const SEARCH_BYTES: usize = 16 * 1024;

pub(super) fn read(source: &mut Source) -> Result<Metadata, Stop> {
    let mut streams = Streams::default();
    let start = id3::read(source, 0, &mut streams)?;
    let end = id3::read_end(source, &mut streams)?;
    let head = source.start_of(start, end.saturating_sub(start), SEARCH_BYTES)?;
    // A tag can be so long that the first bytes did not show what follows it.
    if head.starts_with(b"fLaC") {
        return flac::read(source);
    }
    if Frame::parse(&head).is_some_and(|frame| frame.media_type == MediaType::Aac) {
        return adts::read(source);
    }
    let (offset, first) = first(&head).ok_or(Stop::Ask)?;
    let start = start + offset as u64;
    let counted = counted(&first, &head[offset..]);
    let sound = end.saturating_sub(start);
    let (duration_ms, bit_rate) = if let Some(counted) = counted {
        let samples = counted.frames.saturating_mul(first.samples.into());
        let bytes = counted.bytes.filter(|bytes| *bytes > 0 && *bytes <= sound);
        let average = bytes.and_then(|bytes| scaled(bytes * 8, first.sample_rate.into(), samples));
        // This frame itself may be of another size than all those that sound.
        let next = head.get(offset + first.size..).and_then(Frame::parse);
        let constant = next.filter(|_| counted.is_constant).map(|next| u64::from(next.bit_rate));
        (scaled(samples, 1000, first.sample_rate.into()), constant.or(average))
    } else {
        let seen = spread::look(source, &first, start, end)?;
        let duration_ms = seen.duration_ms(sound, first.sample_rate);
        (duration_ms, duration_ms.and_then(|ms| scaled(sound, 8000, ms)))
    };
    streams.duration_ms = duration_ms;
    let codec = if first.layer == 2 { "mp2" } else { "mp3" }.to_owned();
    let (sample_rate, channels) = (first.sample_rate, first.channels);
    streams.audio = Some(AudioMetadata { codec, sample_rate, channels, bit_rate });
    let length = source.length();
    streams.describe(MediaType::Mp3, length)
}

/// The first frame that another of the same stream follows, or that is the last.
fn first(head: &[u8]) -> Option<(usize, Frame)> {
    let frame_at = |at: usize| Frame::parse(head.get(at..)?).filter(|frame| frame.media_type == MediaType::Mp3);
    let found = (0..head.len()).find(|at| {
        let Some(frame) = frame_at(*at) else { return false };
        let next = at + frame.size;
        next >= head.len() || frame_at(next).is_some_and(|next| next.stream == frame.stream)
    })?;
    Some((found, frame_at(found)?))
}

struct Counted {
    frames: u64,
    bytes: Option<u64>,
    is_constant: bool,
}

/// What the first frame says of all, when it is one that says so instead of sounding.
fn counted(first: &Frame, frame: &[u8]) -> Option<Counted> {
    let is_version_1 = first.stream >> 19 & 1 == 1;
    let side = match (is_version_1, first.channels) {
        (true, 2) => 32,
        (true, _) | (false, 2) => 17,
        (false, _) => 9,
    };
    let mut xing = Cut(frame.get(4 + side..)?);
    let mark = xing.array::<4>().ok()?;
    if matches!(&mark, b"Xing" | b"Info") {
        let flags = xing.be32().ok()?;
        let frames = (flags & 1 == 1).then(|| xing.be32().ok()).flatten().filter(|frames| *frames > 0)?;
        let bytes = (flags & 2 == 2).then(|| xing.be32().ok()).flatten().map(u64::from);
        return Some(Counted { frames: frames.into(), bytes, is_constant: &mark == b"Info" });
    }
    let mut fraunhofer = Cut(frame.get(36..)?.strip_prefix(b"VBRI")?);
    fraunhofer.skip(6).ok()?;
    let (bytes, frames) = (fraunhofer.be32().ok()?, fraunhofer.be32().ok()?);
    (frames > 0).then_some(Counted { frames: frames.into(), bytes: Some(bytes.into()), is_constant: false })
}
