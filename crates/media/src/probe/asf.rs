//! Advanced Systems Format (Microsoft's specification, revision 01.20.03).

use reelshelf_domain::MediaType;

use super::wave_format::{self, WaveFormat};
use super::{Cut, Source, Stop, Streams, frame_rate, id3, optional};
use crate::metadata::{Tags, displayed};
use crate::{AudioMetadata, Metadata, VideoMetadata};

const FILE: u128 = 0x8CAB_DCA1_A947_11CF_8EE4_00C0_0C20_5365;
const STREAM: u128 = 0xB7DC_0791_A9B7_11CF_8EE6_00C0_0C20_5365;
const EXTENSION: u128 = 0x5FBF_03B5_A92E_11CF_8EE3_00C0_0C20_5365;
const EXTENDED_STREAM: u128 = 0x14E6_A5CB_C672_4332_8399_A969_5206_5B5A;
const DESCRIPTION: u128 = 0x75B2_2633_668E_11CF_A6D9_00AA_0062_CE6C;
const EXTENDED_DESCRIPTION: u128 = 0xD2D0_A440_E307_11D2_97F0_00A0_C95E_A850;
const BIT_RATES: u128 = 0x7BF8_75CE_468D_11D1_8D82_0060_97C9_A2B2;
const VIDEO: u128 = 0xBC19_EFC0_5B4D_11CF_A8FD_0080_5F5C_442B;
const AUDIO: u128 = 0xF869_9E40_5B4D_11CF_A8FD_0080_5F5C_442B;
const ENCRYPTED: u128 = 0x2211_B3FB_BD23_11D2_B4B7_00A0_C955_FC6E;

#[derive(Default)]
struct Found {
    streams: Streams,
    video: Option<u8>,
    frame_ticks: Vec<(u8, u64)>,
    bit_rates: Vec<(u8, u32)>,
    shape: (u32, u32),
}

pub(super) fn read(source: &mut Source) -> Result<Metadata, Stop> {
    let size = u64::from_le_bytes(source.array(16)?);
    let header = source.block(30, size.checked_sub(30).ok_or(Stop::DAMAGED)?)?;
    let mut found = Found { shape: (1, 1), ..Found::default() };
    objects(Cut(&header), &mut found, 0)?;
    let number = found.video;
    if let Some(video) = &mut found.streams.video {
        let of = |(stream, _): &&(u8, u64)| Some(*stream) == number;
        let ticks = found.frame_ticks.iter().find(of).map(|(_, ticks)| *ticks).filter(|ticks| *ticks > 0);
        // Only the pictures themselves tell it then.
        video.frame_rate = Some(ticks.and_then(|ticks| frame_rate(1, 10_000_000, ticks)).ok_or(Stop::Ask)?);
        let bit_rate = found.bit_rates.iter().find(|(stream, _)| Some(*stream) == number);
        video.bit_rate = bit_rate.map(|(_, rate)| u64::from(*rate)).filter(|rate| *rate > 0);
        (video.width, video.height) = displayed(video.width, video.height, found.shape, 0);
    }
    let length = source.length();
    found.streams.describe(MediaType::Wmv, length)
}

/// An identifier as people write it: its first three numbers are little-endian.
fn guid(cut: &mut Cut) -> Result<u128, Stop> {
    let (first, second, third) = (u128::from(cut.le32()?), u128::from(cut.le16()?), u128::from(cut.le16()?));
    Ok(first << 96 | second << 80 | third << 64 | u128::from(cut.be64()?))
}

fn objects(mut data: Cut, found: &mut Found, depth: u32) -> Result<(), Stop> {
    while data.0.len() >= 24 {
        let kind = guid(&mut data)?;
        let size = usize::try_from(data.le64()?).ok().and_then(|size| size.checked_sub(24)).ok_or(Stop::DAMAGED)?;
        let mut object = Cut(data.take(size)?);
        match kind {
            FILE => found.streams.duration_ms = file(object)?,
            STREAM => stream(object, found)?,
            EXTENSION if depth == 0 => {
                object.skip(22)?;
                objects(object, found, depth + 1)?;
            }
            EXTENDED_STREAM => extended_stream(object, found, depth)?,
            DESCRIPTION => optional(description(object, &mut found.streams.tags))?,
            EXTENDED_DESCRIPTION => optional(extended_description(object, &mut found.streams))?,
            BIT_RATES => {
                for _ in 0..object.le16()?.min(128) {
                    found.bit_rates.push(((object.le16()? & 0x7F) as u8, object.le32()?));
                }
            }
            ENCRYPTED => return Err(Stop::Ask),
            _ => {}
        }
    }
    Ok(())
}

/// How long it plays, in milliseconds: the time to fill the buffer does not count.
fn file(mut object: Cut) -> Result<Option<u64>, Stop> {
    object.skip(40)?;
    let play = object.le64()?;
    object.skip(8)?;
    let (preroll_ms, flags) = (object.le64()?, object.le32()?);
    let is_live = flags & 1 == 1;
    if is_live {
        return Err(Stop::Ask);
    }
    Ok(Some((play / 10_000).saturating_sub(preroll_ms)))
}

fn stream(mut object: Cut, found: &mut Found) -> Result<(), Stop> {
    let kind = guid(&mut object)?;
    object.skip(24)?;
    let size = object.le32()? as usize;
    object.skip(4)?;
    let number = (object.le16()? & 0x7F) as u8;
    object.skip(4)?;
    let mut data = Cut(object.take(size)?);
    match kind {
        VIDEO if found.video.is_none() => {
            let (width, height) = (data.le32()?, data.le32()?);
            data.skip(3 + 16)?;
            let codec = wave_format::video(data.array()?).ok_or(Stop::Ask)?.to_owned();
            if width == 0 || height == 0 {
                return Err(Stop::DAMAGED);
            }
            let (rotation, fast_start, frame_rate, bit_rate) = (0, Some(true), None, None);
            let video = VideoMetadata { width, height, codec, frame_rate, bit_rate, rotation, fast_start };
            (found.video, found.streams.video) = (Some(number), Some(video));
        }
        AUDIO if found.streams.audio.is_none() => {
            let format = WaveFormat::parse(data)?;
            let bit_rate = Some(u64::from(format.bytes_per_second) * 8).filter(|rate| *rate > 0);
            let (codec, sample_rate, channels) = (format.codec.to_owned(), format.sample_rate, format.channels);
            found.streams.audio = Some(AudioMetadata { codec, sample_rate, channels, bit_rate });
        }
        _ => {}
    }
    Ok(())
}

/// What more is known of a stream; its own header may stand within.
fn extended_stream(mut object: Cut, found: &mut Found, depth: u32) -> Result<(), Stop> {
    object.skip(48)?;
    let number = (object.le16()? & 0x7F) as u8;
    object.skip(2)?;
    let ticks = object.le64()?;
    if found.frame_ticks.len() < 128 {
        found.frame_ticks.push((number, ticks));
    }
    let (names, extensions) = (object.le16()?, object.le16()?);
    for _ in 0..names {
        object.skip(2)?;
        let size = object.le16()?.into();
        object.skip(size)?;
    }
    for _ in 0..extensions {
        object.skip(18)?;
        let size = object.le32()? as usize;
        object.skip(size)?;
    }
    if depth < 2 { objects(object, found, depth + 1) } else { Ok(()) }
}

fn description(mut object: Cut, tags: &mut Tags) -> Result<(), Stop> {
    let sizes = [object.le16()?, object.le16()?, object.le16()?, object.le16()?];
    for (name, size) in ["title", "artist", "copyright", "comment"].into_iter().zip(sizes) {
        tags.add(name, &text(object.take(size.into())?));
    }
    Ok(())
}

fn extended_description(mut object: Cut, streams: &mut Streams) -> Result<(), Stop> {
    for _ in 0..object.le16()? {
        let size = object.le16()?.into();
        let name = text(object.take(size)?);
        let (kind, size) = (object.le16()?, object.le16()?.into());
        let value = object.take(size)?;
        streams.cover |= name == "WM/Picture";
        if kind == 0 {
            streams.tags.add(tag_name(&name), &text(value));
        }
    }
    Ok(())
}

fn text(bytes: &[u8]) -> String {
    id3::utf16_le(&bytes[..bytes.len().min(2 * Tags::TEXT_BYTES)]).split('\0').next().unwrap_or_default().to_owned()
}

fn tag_name(name: &str) -> &str {
    match name {
        "WM/AlbumTitle" => "album",
        "WM/AlbumArtist" => "album_artist",
        "WM/Composer" => "composer",
        "WM/Genre" => "genre",
        "WM/Year" => "date",
        "WM/TrackNumber" => "track",
        "WM/PartOfSet" => "disc",
        "WM/Publisher" => "publisher",
        other => other,
    }
}
