//! WAV, and its form for large files (RF64, BW64).

use reelshelf_domain::MediaType;

use super::wave_format::WaveFormat;
use super::{Cut, Source, Stop, Streams, id3, optional, scaled};
use crate::{AudioMetadata, Metadata};

const CHUNKS: u32 = 1024;

pub(super) fn read(source: &mut Source) -> Result<Metadata, Stop> {
    if source.array(0)? == *b"RIFX" {
        return Err(Stop::Ask);
    }
    let mut streams = Streams::default();
    let (mut format, mut long_size, mut sound, mut samples) = (None, None, None, None);
    let mut at = 12;
    for _ in 0..CHUNKS {
        if at + 8 > source.length() {
            break;
        }
        let [a, b, c, d, size @ ..] = source.array::<8>(at)?;
        let size = u64::from(u32::from_le_bytes(size));
        let data = at + 8;
        let mut whole = size;
        match &[a, b, c, d] {
            b"fmt " => format = Some(WaveFormat::parse(Cut(&source.start_of(data, size, 40)?))?),
            b"ds64" => long_size = Some(u64::from_le_bytes(source.array(data + 8)?)),
            b"fact" if size >= 4 => samples = Some(u32::from_le_bytes(source.array(data)?)),
            b"LIST" => optional(information(source, data, size, &mut streams))?,
            b"id3 " | b"ID3 " => optional(id3::read(source, data, &mut streams).map(drop))?,
            b"data" => {
                // All ones, or nothing, by programs that could not go back to write it.
                let told = long_size.filter(|_| size == u64::from(u32::MAX)).unwrap_or(size);
                let there = source.length() - data;
                whole = if told == 0 || told == u64::from(u32::MAX) { there } else { told.min(there) };
                sound.get_or_insert(whole);
            }
            _ => {}
        }
        at = data.saturating_add(whole).saturating_add(whole % 2);
    }
    let format: WaveFormat = format.ok_or(Stop::DAMAGED)?;
    let sound = sound.ok_or(Stop::Ask)?;
    streams.duration_ms = duration_ms(&format, sound, samples)?;
    let bit_rate = Some(u64::from(format.bytes_per_second) * 8);
    let (codec, sample_rate, channels) = (format.codec.to_owned(), format.sample_rate, format.channels);
    streams.audio = Some(AudioMetadata { codec, sample_rate, channels, bit_rate });
    let length = source.length();
    streams.describe(MediaType::Wav, length)
}

/// By the bytes where samples all weigh the same, by their number where that is told.
fn duration_ms(format: &WaveFormat, sound: u64, samples: Option<u32>) -> Result<Option<u64>, Stop> {
    if format.codec.starts_with("pcm_") {
        let frames = sound.checked_div(format.block_bytes.into()).ok_or(Stop::DAMAGED)?;
        return Ok(scaled(frames, 1000, format.sample_rate.into()));
    }
    let samples = samples.filter(|samples| *samples > 0).ok_or(Stop::Ask)?;
    Ok(scaled(samples.into(), 1000, format.sample_rate.into()))
}

/// A list of texts about the file.
pub(super) fn information(source: &mut Source, at: u64, size: u64, streams: &mut Streams) -> Result<(), Stop> {
    let list = source.start_of(at, size, 16 * 1024)?;
    let Some(list) = list.strip_prefix(b"INFO") else { return Ok(()) };
    let mut list = Cut(list);
    while let (Ok(name), Ok(size)) = (list.array::<4>(), list.le32()) {
        let size = size as usize;
        let Ok(text) = list.take(size) else { break };
        let text = text.split(|byte| *byte == 0).next().unwrap_or_default();
        streams.tags.add(tag_name(name), &String::from_utf8_lossy(text));
        let _padding = list.skip(size % 2);
    }
    Ok(())
}

fn tag_name(name: [u8; 4]) -> &'static str {
    match &name {
        b"INAM" => "title",
        b"IART" => "artist",
        b"IPRD" => "album",
        b"ICRD" => "date",
        b"ICMT" => "comment",
        b"IGNR" => "genre",
        b"ICOP" => "copyright",
        b"IPRT" | b"ITRK" => "track",
        _ => "",
    }
}
