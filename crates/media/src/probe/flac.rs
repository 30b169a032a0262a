//! FLAC (RFC 9639).

use reelshelf_domain::MediaType;

use super::{Cut, Source, Stop, Streams, id3, scaled, source::PIECE, vorbis};
use crate::{AudioMetadata, Metadata};

const BLOCKS: u32 = 128;

/// What its block of stream information tells.
pub(super) struct Information {
    pub(super) sample_rate: u32,
    pub(super) channels: u16,
    /// Zero when it is not known.
    pub(super) samples: u64,
}

impl Information {
    pub(super) fn parse(mut block: Cut) -> Result<Self, Stop> {
        block.skip(10)?;
        let bits = block.be64()?;
        let sample_rate = (bits >> 44) as u32;
        if sample_rate == 0 {
            return Err(Stop::DAMAGED);
        }
        Ok(Self { sample_rate, channels: (bits >> 41 & 7) as u16 + 1, samples: bits & 0xF_FFFF_FFFF })
    }
}

pub(super) fn read(source: &mut Source) -> Result<Metadata, Stop> {
    let mut streams = Streams::default();
    let mut ignored = Streams::default();
    let mut at = id3::read(source, 0, &mut ignored)? + 4;
    let mut information = None;
    for _ in 0..BLOCKS {
        let [kind, size @ ..] = source.array::<4>(at)?;
        let size = u64::from(Cut(&size).be24()?);
        let data = at + 4;
        match kind & 0x7F {
            0 => information = Some(Information::parse(Cut(&source.block(data, size)?))?),
            4 => vorbis::comments(Cut(&source.start_of(data, size, PIECE / 2)?), &mut streams),
            6 => streams.cover = true,
            _ => {}
        }
        at = data + size;
        if kind & 0x80 != 0 {
            break;
        }
    }
    let information = information.ok_or(Stop::DAMAGED)?;
    if information.samples == 0 {
        return Err(Stop::Ask);
    }
    let (codec, sample_rate, channels) = ("flac".to_owned(), information.sample_rate, information.channels);
    streams.duration_ms = scaled(information.samples, 1000, sample_rate.into());
    streams.audio = Some(AudioMetadata { codec, sample_rate, channels, bit_rate: None });
    let length = source.length();
    streams.describe(MediaType::Flac, length)
}
