//! The movie's description: its tracks, and what their tables add up to.

use super::super::{Cut, Source, Stop, Streams, frame_rate, optional, scaled, source::PIECE};
use super::sample::{self, Entry};
use super::{Part, children, find, tags};
use crate::metadata::displayed;
use crate::{AudioMetadata, VideoMetadata};

const TRACKS: usize = 64;

/// The description of a movie in fragments tells nothing of their durations, and a compressed one is not worth the risk.
pub(super) fn read(source: &mut Source, movie: Part) -> Result<Streams, Stop> {
    let parts = children(source, movie)?;
    if parts.iter().any(|part| matches!(&part.name, b"mvex" | b"cmov")) {
        return Err(Stop::Ask);
    }
    let header = find(&parts, *b"mvhd").ok_or(Stop::DAMAGED)?;
    let times = Times::read(source, header)?;
    // Nothing, or all ones: not known.
    if times.duration == 0 || times.duration >= u64::from(u32::MAX) {
        return Err(Stop::Ask);
    }
    let mut streams = Streams { duration_ms: scaled(times.duration, 1000, times.scale), ..Streams::default() };
    for track in parts.iter().filter(|part| &part.name == b"trak").take(TRACKS) {
        read_track(source, *track, &mut streams)?;
    }
    optional(tags::read(source, &parts, &mut streams))?;
    Ok(streams)
}

/// How many pictures the first track of a picture in motion has, and how long it lasts, in milliseconds.
pub(in crate::probe) fn sequence(source: &mut Source, movie: Part) -> Result<(u32, Option<u64>), Stop> {
    for track in children(source, movie)?.iter().filter(|part| &part.name == b"trak").take(TRACKS) {
        let Some(media) = find(&children(source, *track)?, *b"mdia") else { continue };
        let media = children(source, media)?;
        let Some(handler) = find(&media, *b"hdlr") else { continue };
        if source.start_of(handler.at, handler.size, 12)?.get(8..12) != Some(b"pict") {
            continue;
        }
        let (Some(header), Some(information)) = (find(&media, *b"mdhd"), find(&media, *b"minf")) else { continue };
        let times = Times::read(source, header)?;
        let Some(table) = find(&children(source, information)?, *b"stbl") else { continue };
        let Some(sizes) = find(&children(source, table)?, *b"stsz") else { continue };
        let frames = u32::from_be_bytes(source.array(sizes.at + 8)?);
        return Ok((frames, scaled(times.duration, 1000, times.scale)));
    }
    Ok((1, None))
}

/// How long something lasts, in units of its own.
#[derive(Clone, Copy)]
struct Times {
    scale: u64,
    duration: u64,
}

impl Times {
    /// Of `mvhd` or `mdhd`, which begin alike.
    fn read(source: &mut Source, part: Part) -> Result<Self, Stop> {
        let head = source.start_of(part.at, part.size, 32)?;
        let mut cut = Cut(&head);
        let is_long = cut.be32()? >> 24 == 1;
        cut.skip(if is_long { 16 } else { 8 })?;
        let scale = u64::from(cut.be32()?);
        let duration = if is_long { cut.be64()? } else { cut.be32()?.into() };
        if scale == 0 {
            return Err(Stop::DAMAGED);
        }
        Ok(Self { scale, duration })
    }
}

fn read_track(source: &mut Source, track: Part, streams: &mut Streams) -> Result<(), Stop> {
    let parts = children(source, track)?;
    let Some(media) = find(&parts, *b"mdia") else { return Ok(()) };
    let media = children(source, media)?;
    let (Some(handler), Some(header), Some(information)) =
        (find(&media, *b"hdlr"), find(&media, *b"mdhd"), find(&media, *b"minf"))
    else {
        return Ok(());
    };
    let kind = source.start_of(handler.at, handler.size, 12)?.get(8..12).map(<[u8]>::to_vec);
    let is_wanted = match kind.as_deref() {
        Some(b"vide") => streams.video.is_none(),
        Some(b"soun") => streams.audio.is_none(),
        _ => false,
    };
    if !is_wanted {
        return Ok(());
    }
    let times = Times::read(source, header)?;
    let information = children(source, information)?;
    let Some(table) = find(&information, *b"stbl") else { return Ok(()) };
    let table = children(source, table)?;
    let Some(description) = find(&table, *b"stsd") else { return Ok(()) };
    match sample::read(source, description, kind.as_deref() == Some(b"vide"))? {
        Entry::Video(video) => {
            let rotation = find(&parts, *b"tkhd").map_or(Ok(0), |header| rotation(source, header))?;
            let (width, height) = displayed(video.width, video.height, video.shape, rotation);
            let frame_rate = average_rate(source, &table, times)?;
            let bit_rate = bit_rate(source, &table, times, video.bit_rate, None)?;
            let (codec, fast_start) = (video.codec, None);
            streams.video = Some(VideoMetadata { width, height, codec, frame_rate, bit_rate, rotation, fast_start });
        }
        Entry::Audio(audio) => {
            let bit_rate = bit_rate(source, &table, times, audio.bit_rate, audio.frame_bytes)?;
            let (codec, sample_rate, channels) = (audio.codec, audio.sample_rate, audio.channels);
            streams.audio = Some(AudioMetadata { codec, sample_rate, channels, bit_rate });
        }
    }
    Ok(())
}

/// Clockwise, by the matrix of a track's header: only quarter turns count.
fn rotation(source: &mut Source, header: Part) -> Result<u16, Stop> {
    let head = source.start_of(header.at, header.size, 96)?;
    let mut cut = Cut(&head);
    let is_long = cut.be32()? >> 24 == 1;
    cut.skip(if is_long { 48 } else { 36 })?;
    let (a, b) = (cut.be32()?.cast_signed(), cut.be32()?.cast_signed());
    Ok(match (a.signum(), b.signum()) {
        (0, 1) => 90,
        (-1, 0) => 180,
        (0, -1) => 270,
        _ => 0,
    })
}

/// The number of samples over what they last.
fn average_rate(source: &mut Source, table: &[Part], times: Times) -> Result<Option<f64>, Stop> {
    let Some(part) = find(table, *b"stts") else { return Ok(None) };
    let (mut samples, mut lasting) = (0_u64, 0_u64);
    entries::<8>(source, part, 4, &mut |entry| {
        let [a, b, c, d, delta @ ..] = *entry;
        let count = u64::from(u32::from_be_bytes([a, b, c, d]));
        samples = samples.saturating_add(count);
        lasting = lasting.saturating_add(count.saturating_mul(u32::from_be_bytes(delta).into()));
    })?;
    Ok(frame_rate(samples, times.scale, lasting))
}

/// What the samples weigh over what they last; what the description says, where that is not zero, wins.
fn bit_rate(
    source: &mut Source,
    table: &[Part],
    times: Times,
    said: Option<u64>,
    frame_bytes: Option<u64>,
) -> Result<Option<u64>, Stop> {
    if said.is_some_and(|said| said > 0) {
        return Ok(said);
    }
    let Some(part) = find(table, *b"stsz") else { return Err(Stop::Ask) };
    let [size, count] = [source.array(part.at + 4)?, source.array(part.at + 8)?].map(u32::from_be_bytes);
    let bytes = match (size, frame_bytes) {
        (0, _) => {
            let mut bytes = 0_u64;
            entries::<4>(source, part, 8, &mut |size| bytes += u64::from(u32::from_be_bytes(*size)))?;
            bytes
        }
        // QuickTime counts samples of plain sound as one byte, whatever they weigh.
        (1, Some(frame_bytes)) => u64::from(count).saturating_mul(frame_bytes),
        (size, _) => u64::from(count).saturating_mul(size.into()),
    };
    Ok(scaled(bytes.saturating_mul(8), times.scale, times.duration).filter(|rate| *rate > 0))
}

/// Goes through the entries of a table, whose number stands before them behind so many bytes.
fn entries<const N: usize>(
    source: &mut Source,
    part: Part,
    number_at: u64,
    see: &mut dyn FnMut(&[u8; N]),
) -> Result<(), Stop> {
    let count = u64::from(u32::from_be_bytes(source.array(part.at + number_at)?));
    let mut rest = part.behind(number_at + 4)?;
    let mut left = count.saturating_mul(N as u64).min(rest.size - rest.size % N as u64);
    while left > 0 {
        let size = left.min(PIECE as u64 / 4);
        let piece = source.block(rest.at, size)?;
        piece.as_chunks::<N>().0.iter().for_each(&mut *see);
        (rest, left) = (rest.behind(size)?, left - size);
    }
    Ok(())
}
