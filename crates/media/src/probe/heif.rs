//! AVIF and HEIC: the primary item of HEIF (ISO/IEC 23008-12), or the track of a sequence.

use std::io;

use reelshelf_domain::MediaType;
use serde::{Deserialize, Serialize};

use super::iso::{self, Part, children, find, payload};
use super::{Cut, Source, Stop, exif, icc, picture};
use crate::{Color, ImageMetadata, Metadata, ReadAt};

const ASSOCIATIONS: u32 = 4096;
const PROPERTIES: usize = 64;
const AUXILIARIES: usize = 16;

/// A stretch of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Stretch {
    /// Where it begins.
    pub(crate) from: u64,
    /// Where it ends: behind its last byte.
    pub(crate) to: u64,
}

/// What the properties of the primary item say.
struct Found {
    size: Option<(u32, u32)>,
    turns: u8,
    mirror: Option<u8>,
    bit_depth: Option<u8>,
    channels: Option<u8>,
    profile: Option<String>,
}

pub(super) fn read(source: &mut Source, media_type: MediaType) -> Result<Metadata, Stop> {
    let file = Part { name: *b"file", at: 0, size: source.length() };
    let parts = children(source, file)?;
    // A sequence's times stand in its tables, its items only show the first picture.
    let sequence = find(&parts, *b"moov");
    let Items { meta, primary, properties, listed } = Items::read(source, &parts)?;
    let mut found = Found { size: None, turns: 0, mirror: None, bit_depth: None, channels: None, profile: None };
    for association in properties.iter().filter(|part| &part.name == b"ipma") {
        for index in associated(source, *association, primary)? {
            if let Some(part) = usize::from(index).checked_sub(1).and_then(|index| listed.get(index)) {
                property(source, *part, &mut found)?;
            }
        }
    }
    let alpha = alpha_kinds(source, &listed)?.contains(&true) && !auxiliaries(source, &meta, primary)?.is_empty();
    let mut metadata = finish(media_type, found, alpha)?;
    if let Some(sequence) = sequence {
        let (frames, duration_ms) = iso::sequence(source, sequence)?;
        if let Some(image) = metadata.image.as_mut().filter(|_| frames > 1) {
            image.frames = frames;
            metadata.duration_ms = duration_ms;
        }
    }
    Ok(metadata)
}

/// The items of a file.
struct Items {
    /// What tells of them.
    meta: Vec<Part>,
    /// The number of the item that is the picture.
    primary: u32,
    /// What tells of properties.
    properties: Vec<Part>,
    /// The properties of all items.
    listed: Vec<Part>,
}

impl Items {
    fn read(source: &mut Source, parts: &[Part]) -> Result<Self, Stop> {
        let meta = find(parts, *b"meta").ok_or(Stop::Ask)?;
        let meta = children(source, meta.behind(4)?)?;
        let primary = primary(source, &meta)?;
        let properties = find(&meta, *b"iprp").ok_or(Stop::DAMAGED)?;
        let properties = children(source, properties)?;
        let container = find(&properties, *b"ipco").ok_or(Stop::DAMAGED)?;
        let listed = children(source, container)?;
        Ok(Self { meta, primary, properties, listed })
    }
}

/// What ffmpeg has to be told of a picture, since it does not look for it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Composition {
    /// Whether the picture is put together of several, of which ffmpeg would show the first.
    pub(crate) is_composed: bool,
    /// Where the transparency lies: a picture of its own, in one piece, as encoders write it.
    pub(crate) alpha: Option<Stretch>,
}

/// How a picture is composed. An error is the disk's.
pub(crate) fn composition(file: &impl ReadAt, length: u64) -> io::Result<Composition> {
    match compose(&mut Source::new(file, length)) {
        Ok(composition) => Ok(composition),
        Err(Stop::Disk(error)) => Err(error),
        Err(Stop::Ask | Stop::Broken(_)) => Ok(Composition::default()),
    }
}

fn compose(source: &mut Source) -> Result<Composition, Stop> {
    let file = Part { name: *b"file", at: 0, size: source.length() };
    let parts = children(source, file)?;
    let Items { meta, primary, properties, listed } = Items::read(source, &parts)?;
    let kind = kind(source, &meta, primary)?;
    let is_composed = kind.is_some_and(|kind| matches!(&kind, b"grid" | b"iovl" | b"iden"));
    let is_alpha = alpha_kinds(source, &listed)?;
    for auxiliary in auxiliaries(source, &meta, primary)? {
        for association in properties.iter().filter(|part| &part.name == b"ipma") {
            let indices = associated(source, *association, auxiliary)?;
            if indices.into_iter().any(|index| is_alpha.get(usize::from(index).wrapping_sub(1)) == Some(&true)) {
                return Ok(Composition { is_composed, alpha: location(source, &meta, auxiliary)? });
            }
        }
    }
    Ok(Composition { is_composed, alpha: None })
}

/// What an item is, as it says of itself.
fn kind(source: &mut Source, meta: &[Part], wanted: u32) -> Result<Option<[u8; 4]>, Stop> {
    let Some(part) = find(meta, *b"iinf") else { return Ok(None) };
    let data = source.block(part.at, part.size)?;
    let mut data = Cut(&data);
    let version = data.be32()? >> 24;
    item(&mut data, version > 0)?;
    while let Ok((_, mut entry)) = payload(&mut data) {
        let version = entry.be32()? >> 24;
        if version >= 2 && item(&mut entry, version > 2)? == wanted {
            entry.skip(2)?;
            return entry.array().map(Some);
        }
    }
    Ok(None)
}

fn finish(media_type: MediaType, found: Found, alpha: bool) -> Result<Metadata, Stop> {
    let (width, height) = found.size.ok_or(Stop::DAMAGED)?;
    let (width, height) = if found.turns % 2 == 1 { (height, width) } else { (width, height) };
    let color = if found.channels == Some(1) { Color::Gray } else { Color::Rgb };
    let (bit_depth, frames) = (found.bit_depth.unwrap_or(8), 1);
    let orientation = orientation(found.turns, found.mirror);
    let profile = found.profile;
    picture(media_type, ImageMetadata { width, height, orientation, alpha, bit_depth, color, profile, frames })
}

/// Quarter turns against the clock, and then a mirror whose axis is upright (0: top and bottom change places, as
/// ISO/IEC 23008-12:2022 has it) or level (1), as one of EXIF's eight.
fn orientation(turns: u8, mirror: Option<u8>) -> u8 {
    let by_turns = match mirror {
        None => [1, 8, 3, 6],
        Some(0) => [4, 5, 2, 7],
        Some(_) => [2, 7, 4, 5],
    };
    exif::valid(by_turns[usize::from(turns % 4)]).unwrap_or(1)
}

/// The number of the item that is the picture.
fn primary(source: &mut Source, meta: &[Part]) -> Result<u32, Stop> {
    let part = find(meta, *b"pitm").ok_or(Stop::DAMAGED)?;
    let data = source.start_of(part.at, part.size, 8)?;
    let mut data = Cut(&data);
    if data.be32()? >> 24 == 0 { data.be16().map(u32::from) } else { data.be32() }
}

/// The numbers, counted from 1, of an item's properties.
fn associated(source: &mut Source, part: Part, item: u32) -> Result<Vec<u16>, Stop> {
    let data = source.block(part.at, part.size)?;
    let mut data = Cut(&data);
    let header = data.be32()?;
    let (is_long, is_wide) = (header >> 24 >= 1, header & 1 == 1);
    for _ in 0..data.be32()?.min(ASSOCIATIONS) {
        let of = if is_long { data.be32()? } else { data.be16()?.into() };
        let count = data.u8()?;
        let mut indices = Vec::new();
        for _ in 0..count {
            let index = if is_wide { data.be16()? & 0x7FFF } else { (data.u8()? & 0x7F).into() };
            if indices.len() < PROPERTIES {
                indices.push(index);
            }
        }
        if of == item {
            return Ok(indices);
        }
    }
    Ok(Vec::new())
}

fn property(source: &mut Source, part: Part, found: &mut Found) -> Result<(), Stop> {
    let data = source.start_of(part.at, part.size, 16 * 1024)?;
    let mut data = Cut(&data);
    match &part.name {
        b"ispe" => {
            data.skip(4)?;
            found.size = Some((data.be32()?, data.be32()?));
        }
        b"irot" => found.turns = data.u8()? & 3,
        b"imir" => found.mirror = Some(data.u8()? & 1),
        b"pixi" => {
            data.skip(4)?;
            found.channels = Some(data.u8()?);
            found.bit_depth = data.u8().ok();
        }
        // Of AV1 and of HEVC: where the depth is told when no other property does.
        b"av1C" => {
            data.skip(2)?;
            let flags = data.u8()?;
            let depth = if flags & 0x40 == 0 { 8 } else { 10 + 2 * (flags >> 5 & 1) };
            found.bit_depth = found.bit_depth.or(Some(depth));
            found.channels = found.channels.or(Some(if flags & 0x10 == 0 { 3 } else { 1 }));
        }
        b"hvcC" => {
            data.skip(17)?;
            found.bit_depth = found.bit_depth.or(Some((data.u8()? & 7) + 8));
        }
        b"colr" => match &data.array::<4>()? {
            b"prof" | b"rICC" => found.profile = Some(icc::name(data.0)),
            b"nclx" => found.profile = found.profile.take().or(primaries(data.be16()?)),
            _ => {}
        },
        _ => {}
    }
    Ok(())
}

/// The names of colour primaries (ITU-T H.273) that are in use for pictures.
fn primaries(number: u16) -> Option<String> {
    let name = match number {
        1 => "sRGB",
        9 => "BT.2020",
        12 => "Display P3",
        _ => return None,
    };
    Some(name.to_owned())
}

/// Of each property, whether it says that its item is the transparency of another.
fn alpha_kinds(source: &mut Source, properties: &[Part]) -> Result<Vec<bool>, Stop> {
    let mut says_alpha = |part: &Part| {
        if &part.name != b"auxC" {
            return Ok(false);
        }
        let kind = source.start_of(part.at, part.size, 64)?;
        let kind = kind.get(4..).unwrap_or_default();
        let kind = kind.split(|byte| *byte == 0).next().unwrap_or_default();
        Ok(matches!(kind, b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha" | b"urn:mpeg:hevc:2015:auxid:1"))
    };
    properties.iter().map(&mut says_alpha).collect()
}

/// The items that belong to the picture.
fn auxiliaries(source: &mut Source, meta: &[Part], primary: u32) -> Result<Vec<u32>, Stop> {
    let Some(references) = find(meta, *b"iref") else { return Ok(Vec::new()) };
    let data = source.block(references.at, references.size)?;
    let mut data = Cut(&data);
    let is_long = data.be32()? >> 24 != 0;
    let mut found = Vec::new();
    while let Ok((name, mut reference)) = payload(&mut data) {
        let from = item(&mut reference, is_long)?;
        if &name == b"auxl" {
            let count = reference.be16()?;
            for _ in 0..count {
                if item(&mut reference, is_long)? == primary && found.len() < AUXILIARIES {
                    found.push(from);
                }
            }
        }
    }
    Ok(found)
}

/// Where the bytes of an item lie, if that is in one piece of this file.
fn location(source: &mut Source, meta: &[Part], wanted: u32) -> Result<Option<Stretch>, Stop> {
    let Some(part) = find(meta, *b"iloc") else { return Ok(None) };
    let data = source.block(part.at, part.size)?;
    let mut data = Cut(&data);
    let (version, sizes) = (data.be32()? >> 24, data.be16()?);
    let [of_offset, of_length, of_base, of_index] = [12, 8, 4, 0].map(|shift| sizes >> shift & 0xF);
    let is_long = version >= 2;
    for _ in 0..item(&mut data, is_long)? {
        let number = item(&mut data, is_long)?;
        let is_elsewhere = version >= 1 && data.be16()? & 0xF != 0;
        let is_elsewhere = data.be16()? != 0 || is_elsewhere;
        let base = sized(&mut data, of_base)?;
        let extents = data.be16()?;
        let mut stretch = Stretch { from: 0, to: 0 };
        for _ in 0..extents {
            if version >= 1 {
                sized(&mut data, of_index)?;
            }
            let from = base.checked_add(sized(&mut data, of_offset)?).ok_or(Stop::DAMAGED)?;
            stretch = Stretch { from, to: from.checked_add(sized(&mut data, of_length)?).ok_or(Stop::DAMAGED)? };
        }
        if number == wanted {
            let is_whole = !is_elsewhere && extents == 1 && stretch.from < stretch.to && stretch.to <= source.length();
            return Ok(is_whole.then_some(stretch));
        }
    }
    Ok(None)
}

/// A number of so many bytes; none is 0.
fn sized(data: &mut Cut, bytes: u16) -> Result<u64, Stop> {
    match bytes {
        0 => Ok(0),
        4 => data.be32().map(u64::from),
        8 => data.be64(),
        _ => Err(Stop::DAMAGED),
    }
}

/// An item's number, or how many there are.
fn item(data: &mut Cut, is_long: bool) -> Result<u32, Stop> {
    if is_long { data.be32() } else { data.be16().map(u32::from) }
}
