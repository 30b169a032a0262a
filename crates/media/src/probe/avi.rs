//! AVI, with the index at its end that tells what its streams weigh.

use reelshelf_domain::MediaType;

use super::wave_format::{self, WaveFormat};
use super::{Cut, Source, Stop, Streams, frame_rate, optional, scaled, source::PIECE, wav};
use crate::metadata::displayed;
use crate::{AudioMetadata, Metadata, VideoMetadata};

const CHUNKS: u32 = 256;

/// A chunk or list, by where its data lie.
#[derive(Clone, Copy)]
struct Chunk {
    name: [u8; 4],
    at: u64,
    size: u64,
}

impl Chunk {
    fn parse(source: &mut Source, at: u64) -> Result<Self, Stop> {
        let [a, b, c, d, size @ ..] = source.array::<8>(at)?;
        Ok(Self { name: [a, b, c, d], at: at + 8, size: u32::from_le_bytes(size).into() })
    }

    fn end(self) -> u64 {
        self.at + self.size + self.size % 2
    }
}

/// A stream's header: what its units are, and how many.
#[derive(Clone, Copy)]
struct Header {
    is_video: bool,
    letters: [u8; 4],
    scale: u32,
    rate: u32,
    units: u32,
}

#[derive(Default)]
struct Found {
    streams: Streams,
    video: Option<(usize, Header)>,
    audio: Option<(usize, Header)>,
    index: Option<Chunk>,
}

pub(super) fn read(source: &mut Source) -> Result<Metadata, Stop> {
    let mut found = Found::default();
    let mut at = 12;
    for _ in 0..CHUNKS {
        if at + 12 > source.length() {
            break;
        }
        let chunk = Chunk::parse(source, at)?;
        match (&chunk.name, &source.array::<4>(chunk.at)?) {
            (b"LIST", b"hdrl") => header_list(source, chunk, &mut found)?,
            (b"LIST", b"INFO") => optional(wav::information(source, chunk.at, chunk.size, &mut found.streams))?,
            (b"idx1", _) => found.index = Some(chunk),
            // A further part of a file above a gigabyte.
            (b"RIFF", _) => return Err(Stop::Ask),
            _ => {}
        }
        at = chunk.end();
    }
    weigh(source, &mut found)?;
    let length = source.length();
    found.streams.describe(MediaType::Avi, length)
}

fn header_list(source: &mut Source, list: Chunk, found: &mut Found) -> Result<(), Stop> {
    let mut at = list.at + 4;
    let mut stream = 0;
    for _ in 0..CHUNKS {
        if at + 8 > list.at + list.size {
            break;
        }
        let chunk = Chunk::parse(source, at)?;
        if &chunk.name == b"LIST" && source.array(chunk.at)? == *b"strl" {
            stream_list(&source.block(chunk.at, chunk.size)?, stream, found)?;
            stream += 1;
        }
        at = chunk.end();
    }
    Ok(())
}

fn stream_list(list: &[u8], number: usize, found: &mut Found) -> Result<(), Stop> {
    let mut list = Cut(list);
    list.skip(4)?;
    let (mut header, mut format, mut shape) = (None, None, None);
    while let (Ok(name), Ok(size)) = (list.array::<4>(), list.le32()) {
        let size = size as usize;
        let data = Cut(&list.0[..list.0.len().min(size)]);
        match &name {
            b"strh" => header = stream_header(data)?,
            b"strf" => format = Some(data),
            b"vprp" => shape = aspect(data).ok(),
            _ => {}
        }
        if list.skip(size + size % 2).is_err() {
            break;
        }
    }
    let (Some(header), Some(format)) = (header, format) else { return Ok(()) };
    let duration = scaled(u64::from(header.units) * u64::from(header.scale), 1000, header.rate.into());
    if header.is_video && found.video.is_none() {
        found.streams.video = Some(video(header, format, shape)?);
        found.video = Some((number, header));
    } else if !header.is_video && found.audio.is_none() {
        found.streams.audio = Some(audio(format)?);
        found.audio = Some((number, header));
    }
    found.streams.duration_ms = found.streams.duration_ms.max(duration);
    Ok(())
}

fn stream_header(mut data: Cut) -> Result<Option<Header>, Stop> {
    let is_video = match &data.array::<4>()? {
        b"vids" => true,
        b"auds" => false,
        _ => return Ok(None),
    };
    let letters = data.array()?;
    data.skip(12)?;
    let (scale, rate) = (data.le32()?, data.le32()?);
    data.skip(4)?;
    Ok(Some(Header { is_video, letters, scale, rate, units: data.le32()? }))
}

/// Of the whole picture, from the properties that capture programs add.
fn aspect(mut data: Cut) -> Result<(u32, u32), Stop> {
    data.skip(20)?;
    let ratio = data.le32()?;
    Ok((ratio >> 16, ratio & 0xFFFF))
}

fn video(header: Header, mut format: Cut, aspect: Option<(u32, u32)>) -> Result<VideoMetadata, Stop> {
    format.skip(4)?;
    let (width, height) = (format.le32()?, format.le32()?.cast_signed().unsigned_abs());
    format.skip(4)?;
    let letters = format.array()?;
    let codec = wave_format::video(letters).or_else(|| wave_format::video(header.letters)).ok_or(Stop::Ask)?;
    if width == 0 || height == 0 || width > 1 << 16 || height > 1 << 16 {
        return Err(Stop::DAMAGED);
    }
    // Pixels of what shape fill a picture of that aspect.
    let shape = aspect.filter(|(x, y)| *x > 0 && *y > 0).map_or((1, 1), |(x, y)| (x * height, y * width));
    let (width, height) = displayed(width, height, shape, 0);
    let (codec, rotation, fast_start, bit_rate) = (codec.to_owned(), 0, Some(true), None);
    let frame_rate = frame_rate(header.rate.into(), 1, header.scale.into());
    Ok(VideoMetadata { width, height, codec, frame_rate, bit_rate, rotation, fast_start })
}

fn audio(format: Cut) -> Result<AudioMetadata, Stop> {
    let format = WaveFormat::parse(format)?;
    let bit_rate = Some(u64::from(format.bytes_per_second) * 8).filter(|rate| *rate > 0);
    let codec = format.codec.to_owned();
    Ok(AudioMetadata { codec, sample_rate: format.sample_rate, channels: format.channels, bit_rate })
}

/// Bit rates by the sizes in the index: of the pictures always, of the sound when its header tells none.
fn weigh(source: &mut Source, found: &mut Found) -> Result<(), Stop> {
    let (mut video, mut audio) = (Weight::of(found.video), Weight::of(found.audio));
    if found.video.is_some() {
        let index = found.index.ok_or(Stop::Ask)?;
        let (mut at, mut left) = (index.at, index.size - index.size % 16);
        while left > 0 {
            let piece = source.block(at, left.min(PIECE as u64 / 4))?;
            for entry in piece.as_chunks().0 {
                video.add(entry);
                audio.add(entry);
            }
            at += piece.len() as u64;
            left -= piece.len() as u64;
        }
    }
    if let Some(found) = &mut found.streams.video {
        found.bit_rate = video.bit_rate();
    }
    if let Some(found) = &mut found.streams.audio {
        found.bit_rate = found.bit_rate.or_else(|| audio.bit_rate());
    }
    Ok(())
}

/// What the chunks of one stream add up to.
struct Weight {
    /// How its chunks' names begin.
    prefix: [u8; 2],
    header: Option<Header>,
    bytes: u64,
}

impl Weight {
    fn of(stream: Option<(usize, Header)>) -> Self {
        let (number, header) =
            stream.map_or((0, None), |(number, header)| (u8::try_from(number).unwrap_or(99).min(99), Some(header)));
        Self { prefix: [b'0' + number / 10, b'0' + number % 10], header, bytes: 0 }
    }

    fn add(&mut self, entry: &[u8; 16]) {
        let &[a, b, _, _, _, _, _, _, _, _, _, _, ref size @ ..] = entry;
        if [a, b] == self.prefix {
            self.bytes += u64::from(u32::from_le_bytes(*size));
        }
    }

    fn bit_rate(&self) -> Option<u64> {
        let header = self.header?;
        let lasting = u64::from(header.units) * u64::from(header.scale);
        scaled(self.bytes.saturating_mul(8), header.rate.into(), lasting).filter(|rate| *rate > 0)
    }
}
