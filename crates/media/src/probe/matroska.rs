//! Matroska and WebM (RFC 9559).

mod track;

use std::mem;

use reelshelf_domain::MediaType;

use super::ebml::{self, Element, elements};
use super::source::PIECE;
use super::{Source, Stop, Streams, optional, rounded};
use crate::Metadata;

const ELEMENTS: u32 = 256;
const SEGMENT: u32 = 0x1853_8067;
const SEEK_HEAD: u32 = 0x114D_9B74;
const INFO: u32 = 0x1549_A966;
const TRACKS: u32 = 0x1654_AE6B;
const CLUSTER: u32 = 0x1F43_B675;
const TAGS: u32 = 0x1254_C367;
const ATTACHMENTS: u32 = 0x1941_A469;

/// Where the parts of a segment that matter stand.
#[derive(Default)]
struct Places {
    info: Option<Element>,
    tracks: Option<Element>,
    tags: Option<Element>,
    attachments: Option<Element>,
    /// Of what the index says, from the segment's beginning.
    sought: Vec<u64>,
}

impl Places {
    fn note(&mut self, element: Element) {
        let place = match element.id {
            INFO => &mut self.info,
            TRACKS => &mut self.tracks,
            TAGS => &mut self.tags,
            ATTACHMENTS => &mut self.attachments,
            _ => return,
        };
        place.get_or_insert(element);
    }
}

pub(super) fn read(source: &mut Source, media_type: MediaType) -> Result<Metadata, Stop> {
    let end = source.length();
    let header = Element::parse(source, 0, end)?;
    let segment = Element::parse(source, header.end(), end)?;
    if segment.id != SEGMENT {
        return Err(Stop::DAMAGED);
    }
    let places = places(source, segment)?;
    let (Some(info), Some(tracks)) = (places.info, places.tracks) else { return Err(Stop::Ask) };
    let mut streams = Streams::default();
    read_info(source, info, &mut streams)?;
    read_tracks(source, tracks, &mut streams)?;
    if let Some(tags) = places.tags {
        optional(read_tags(source, tags, &mut streams))?;
    }
    if let Some(attachments) = places.attachments {
        optional(read_attachments(source, attachments, &mut streams))?;
    }
    // What was streamed live does not say how long it is.
    if streams.duration_ms.is_none() {
        return Err(Stop::Ask);
    }
    let length = source.length();
    streams.describe(media_type, length)
}

/// Those in front of the pictures, and those that the index names.
fn places(source: &mut Source, segment: Element) -> Result<Places, Stop> {
    let mut places = Places::default();
    let mut at = segment.at;
    for _ in 0..ELEMENTS {
        if at >= segment.end() {
            break;
        }
        let element = Element::parse(source, at, segment.end())?;
        if element.id == CLUSTER {
            break;
        }
        if element.is_endless {
            return Err(Stop::Ask);
        }
        if element.id == SEEK_HEAD {
            places.sought = sought(&source.start_of(element.at, element.size, 4096)?);
        }
        places.note(element);
        at = element.end();
    }
    for offset in mem::take(&mut places.sought) {
        let at = segment.at.saturating_add(offset);
        // An index that points beyond a file which was cut short is no reason to give up.
        if at < segment.end() {
            places.note(Element::parse(source, at, segment.end())?);
        }
    }
    Ok(places)
}

fn sought(index: &[u8]) -> Vec<u64> {
    let seeks = elements(index).filter(|(id, _)| *id == 0x4DBB).take(16);
    let positions = seeks.filter_map(|(_, seek)| elements(seek).find(|(id, _)| *id == 0x53AC));
    positions.map(|(_, position)| ebml::unsigned(position)).collect()
}

fn read_info(source: &mut Source, info: Element, streams: &mut Streams) -> Result<(), Stop> {
    let data = source.block(info.at, info.size)?;
    let (mut scale, mut duration) = (1_000_000, None);
    for (id, data) in elements(&data) {
        match id {
            0x002A_D7B1 => scale = ebml::unsigned(data),
            0x4489 => duration = Some(ebml::float(data)),
            0x7BA9 => streams.tags.add("title", &ebml::text(data)),
            _ => {}
        }
    }
    // In units of the scale, which is in nanoseconds.
    let scale = f64::from(u32::try_from(scale).map_err(|_| Stop::DAMAGED)?);
    streams.duration_ms = duration.and_then(|duration| rounded(duration * scale / 1e6)).filter(|ms| *ms > 0);
    Ok(())
}

fn read_tracks(source: &mut Source, tracks: Element, streams: &mut Streams) -> Result<(), Stop> {
    let data = source.block(tracks.at, tracks.size)?;
    for (_, entry) in elements(&data).filter(|(id, _)| *id == 0xAE).take(64) {
        track::read(entry, streams)?;
    }
    Ok(())
}

/// Those of the whole file: tags with a target speak of one track or chapter.
fn read_tags(source: &mut Source, tags: Element, streams: &mut Streams) -> Result<(), Stop> {
    let data = source.start_of(tags.at, tags.size, PIECE)?;
    for (_, tag) in elements(&data).filter(|(id, _)| *id == 0x7373) {
        let is_of_all = elements(tag).filter(|(id, _)| *id == 0x63C0).all(|(_, targets)| {
            elements(targets).all(|(id, number)| !matches!(id, 0x63C4..=0x63C6 | 0x63C9) || ebml::unsigned(number) == 0)
        });
        for (_, simple) in elements(tag).filter(|(id, _)| is_of_all && *id == 0x67C8) {
            let part = |wanted| elements(simple).find(|(id, _)| *id == wanted).map(|(_, text)| ebml::text(text));
            if let (Some(name), Some(text)) = (part(0x45A3), part(0x4487)) {
                streams.tags.add(tag_name(&name), &text);
            }
        }
    }
    Ok(())
}

/// The official names of Matroska that others call otherwise.
fn tag_name(name: &str) -> &str {
    match name {
        "PART_NUMBER" => "track",
        "DATE_RELEASED" | "DATE_RECORDED" => "date",
        other => other,
    }
}

fn read_attachments(source: &mut Source, attachments: Element, streams: &mut Streams) -> Result<(), Stop> {
    let mut at = attachments.at;
    for _ in 0..ELEMENTS {
        if at >= attachments.end() {
            break;
        }
        let file = Element::parse(source, at, attachments.end())?;
        let head = source.start_of(file.at, file.size, 1024)?;
        let mime = elements(&head).find(|(id, _)| *id == 0x4660).map(|(_, mime)| ebml::text(mime));
        streams.cover |= mime.is_some_and(|mime| mime.starts_with("image/"));
        at = file.end();
    }
    Ok(())
}
