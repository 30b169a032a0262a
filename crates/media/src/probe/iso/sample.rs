//! The description of a track's samples: codec and shape.

use super::super::{Cut, Source, Stop, rounded};
use super::{Part, codecs, payload};

/// The first description; further ones are rare.
pub(super) enum Entry {
    Video(Video),
    Audio(Audio),
}

pub(super) struct Video {
    pub(super) codec: String,
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) shape: (u32, u32),
    pub(super) bit_rate: Option<u64>,
}

#[derive(Default)]
pub(super) struct Audio {
    pub(super) codec: String,
    pub(super) sample_rate: u32,
    pub(super) channels: u16,
    pub(super) bit_rate: Option<u64>,
    /// Of one sample of all channels, where every one weighs the same.
    pub(super) frame_bytes: Option<u64>,
}

pub(super) fn read(source: &mut Source, description: Part, is_video: bool) -> Result<Entry, Stop> {
    let entries = source.block(description.at, description.size)?;
    let mut entries = Cut(&entries);
    entries.skip(8)?;
    let (name, entry) = payload(&mut entries)?;
    if is_video { video(name, entry) } else { audio(name, entry) }
}

fn video(name: [u8; 4], mut entry: Cut) -> Result<Entry, Stop> {
    entry.skip(24)?;
    let (width, height) = (entry.be16()?.into(), entry.be16()?.into());
    entry.skip(50)?;
    let (mut shape, mut bit_rate, mut name, mut object) = ((1, 1), None, name, None);
    while let Ok((kind, mut data)) = payload(&mut entry) {
        match &kind {
            b"pasp" => shape = (data.be32()?, data.be32()?),
            b"esds" => {
                let stream = Stream::parse(data)?;
                (object, bit_rate) = (Some(stream.object), stream.bit_rate);
            }
            b"sinf" => name = original(data).unwrap_or(name),
            _ => {}
        }
    }
    let codec = codecs::video(name, object).ok_or(Stop::Ask)?;
    if width == 0 || height == 0 {
        return Err(Stop::Ask);
    }
    Ok(Entry::Video(Video { codec: codec.to_owned(), width, height, shape, bit_rate }))
}

/// What an encrypted stream is without its wrapping.
fn original(mut boxes: Cut) -> Option<[u8; 4]> {
    let (name, mut data) = payload(&mut boxes).ok()?;
    if &name == b"frma" { data.array().ok() } else { None }
}

/// Versions 1 and 2 are those of QuickTime, with fields of their own before the boxes.
fn audio(name: [u8; 4], mut entry: Cut) -> Result<Entry, Stop> {
    entry.skip(8)?;
    let version = entry.be16()?;
    entry.skip(6)?;
    let (channels, bits) = (entry.be16()?, entry.be16()?);
    entry.skip(4)?;
    let mut audio = Audio { channels, sample_rate: entry.be32()? >> 16, ..Audio::default() };
    let mut plain = codecs::Plain { bits: bits.into(), flags: None };
    match version {
        1 => entry.skip(16)?,
        2 => {
            entry.skip(4)?;
            let sample_rate = rounded(f64::from_bits(entry.be64()?)).and_then(|rate| u32::try_from(rate).ok());
            audio.sample_rate = sample_rate.ok_or(Stop::DAMAGED)?;
            audio.channels = u16::try_from(entry.be32()?).map_err(|_| Stop::DAMAGED)?;
            entry.skip(4)?;
            plain = codecs::Plain { bits: entry.be32()?, flags: Some(entry.be32()?) };
            entry.skip(8)?;
        }
        _ => {}
    }
    let mut found = Found { name, object: None };
    boxes(entry, &mut audio, &mut found, &mut plain)?;
    let codec = codecs::audio(found.name, found.object, plain).ok_or(Stop::Ask)?;
    if let Some(bytes) = codecs::plain_bytes(codec) {
        audio.frame_bytes = Some(bytes * u64::from(audio.channels));
        audio.bit_rate = Some(8 * bytes * u64::from(audio.channels) * u64::from(audio.sample_rate));
    }
    if audio.channels == 0 || audio.sample_rate == 0 {
        return Err(Stop::Ask);
    }
    Ok(Entry::Audio(Audio { codec: codec.to_owned(), ..audio }))
}

struct Found {
    name: [u8; 4],
    object: Option<u8>,
}

fn boxes(mut entry: Cut, audio: &mut Audio, found: &mut Found, plain: &mut codecs::Plain) -> Result<(), Stop> {
    while let Ok((kind, mut data)) = payload(&mut entry) {
        match &kind {
            b"esds" => elementary(data, audio, found)?,
            // QuickTime's: the boxes of the codec lie within, and one that tells the byte order.
            b"wave" => {
                while let Ok((kind, mut inner)) = payload(&mut data) {
                    match &kind {
                        b"esds" => elementary(inner, audio, found)?,
                        b"enda" if inner.be16()? & 0xFF == 1 => plain.flags = Some(0),
                        _ => {}
                    }
                }
            }
            b"dOps" => {
                data.skip(1)?;
                (audio.channels, audio.sample_rate) = (data.u8()?.into(), 48_000);
            }
            // The sample rate in front has 16 bits; FLAC's own header has 20.
            b"dfLa" => {
                data.skip(18)?;
                let bits = data.be32()?;
                audio.sample_rate = bits >> 12;
                audio.channels = u16::try_from(bits >> 9 & 7).unwrap_or_default() + 1;
            }
            b"sinf" => found.name = original(data).unwrap_or(found.name),
            _ => {}
        }
    }
    Ok(())
}

fn elementary(data: Cut, audio: &mut Audio, found: &mut Found) -> Result<(), Stop> {
    let stream = Stream::parse(data)?;
    (found.object, audio.bit_rate) = (Some(stream.object), stream.bit_rate);
    if let Some((sample_rate, channels)) = stream.sound {
        (audio.sample_rate, audio.channels) = (sample_rate, channels);
    }
    Ok(())
}

/// An elementary stream descriptor (ISO/IEC 14496-1, 7.2.6).
struct Stream {
    object: u8,
    bit_rate: Option<u64>,
    /// Sample rate and channels, of AAC.
    sound: Option<(u32, u16)>,
}

impl Stream {
    fn parse(mut data: Cut) -> Result<Self, Stop> {
        data.skip(4)?;
        let mut stream = descriptor(&mut data, 0x03)?;
        stream.skip(2)?;
        let flags = stream.u8()?;
        stream.skip(if flags & 0x80 == 0 { 0 } else { 2 })?;
        let url = if flags & 0x40 == 0 { 0 } else { stream.u8()?.into() };
        stream.skip(url + if flags & 0x20 == 0 { 0 } else { 2 })?;
        let mut decoder = descriptor(&mut stream, 0x04)?;
        let object = decoder.u8()?;
        decoder.skip(8)?;
        let bit_rate = Some(u64::from(decoder.be32()?)).filter(|rate| *rate > 0);
        let is_aac = matches!(object, 0x40 | 0x66..=0x68);
        let sound = match descriptor(&mut decoder, 0x05) {
            Ok(specific) if is_aac => Some(codecs::aac(specific.0).ok_or(Stop::Ask)?),
            _ => None,
        };
        Ok(Self { object, bit_rate, sound })
    }
}

/// The data of a descriptor, whose size has seven bits in each of up to four bytes.
fn descriptor<'a>(data: &mut Cut<'a>, wanted: u8) -> Result<Cut<'a>, Stop> {
    if data.u8()? != wanted {
        return Err(Stop::Ask);
    }
    let mut size = 0;
    for _ in 0..4 {
        let byte = data.u8()?;
        size = size << 7 | usize::from(byte & 0x7F);
        if byte & 0x80 == 0 {
            break;
        }
    }
    Ok(Cut(&data.0[..data.0.len().min(size)]))
}
