//! Pages of Ogg.

use super::super::{Source, Stop, source::PIECE};

const HEADER_BYTES: usize = 27;
/// Most pages read for the comments of one stream.
const PAGES: u32 = 64;
/// No page is longer than this, so that the last one begins this close to the end.
const LAST_BYTES: u64 = 64 * 1024;
const STREAMS: usize = 64;
/// The position of a page on which no packet ends.
const NONE: u64 = u64::MAX;

/// One page, by where its data lie.
pub(super) struct Page {
    flags: u8,
    pub(super) serial: u32,
    pub(super) data: u64,
    pub(super) size: u64,
    lacing: Vec<u8>,
}

impl Page {
    pub(super) fn begins_stream(&self) -> bool {
        self.flags & 0x02 != 0
    }
}

/// A walk over pages.
pub(super) struct Pages {
    at: u64,
}

impl Pages {
    pub(super) fn new(at: u64) -> Self {
        Self { at }
    }

    pub(super) fn at(&self) -> u64 {
        self.at
    }

    /// The page at this place, unless the file ends or something else stands here.
    pub(super) fn next(&self, source: &mut Source) -> Result<Option<Page>, Stop> {
        if self.at.saturating_add(HEADER_BYTES as u64) > source.length() {
            return Ok(None);
        }
        let header = source.array::<HEADER_BYTES>(self.at)?;
        if !header.starts_with(b"OggS\0") {
            return Ok(None);
        }
        let serial = u32::from_le_bytes([header[14], header[15], header[16], header[17]]);
        let segments = u64::from(header[26]);
        let lacing = source.block(self.at + HEADER_BYTES as u64, segments)?;
        let size = lacing.iter().map(|length| u64::from(*length)).sum();
        Ok(Some(Page { flags: header[5], serial, data: self.at + HEADER_BYTES as u64 + segments, size, lacing }))
    }

    pub(super) fn after(&mut self, page: &Page) {
        self.at = page.data + page.size;
    }
}

/// The packet that follows the first of a stream, whose pages come from a place on. One that is too long ends early.
pub(super) fn second_packet(source: &mut Source, serial: u32, at: u64) -> Result<Vec<u8>, Stop> {
    let mut packet = Vec::new();
    let mut pages = Pages::new(at);
    for _ in 0..PAGES {
        let Some(page) = pages.next(source)? else { break };
        pages.after(&page);
        if page.serial != serial {
            continue;
        }
        let full = page.lacing.iter().take_while(|length| **length == 255).count();
        let ends_here = page.lacing.get(full);
        let size = full as u64 * 255 + ends_here.map_or(0, |length| u64::from(*length));
        packet.extend(source.start_of(page.data, size, PIECE - packet.len())?);
        if ends_here.is_some() || packet.len() >= PIECE / 2 {
            break;
        }
    }
    Ok(packet)
}

/// By stream, the position that its last page tells.
pub(super) fn last_positions(source: &mut Source) -> Result<Vec<(u32, u64)>, Stop> {
    let mut lasts: Vec<(u32, u64)> = Vec::new();
    let at = source.length().saturating_sub(LAST_BYTES);
    let tail = source.start_of(at, LAST_BYTES, PIECE)?;
    let headers = tail.windows(HEADER_BYTES).filter(|header| header.starts_with(b"OggS\0"));
    for header in headers {
        let (Some(position), Some(serial)) = (header[6..].first_chunk(), header[14..].first_chunk()) else { continue };
        let (position, serial) = (u64::from_le_bytes(*position), u32::from_le_bytes(*serial));
        if position == NONE {
            continue;
        }
        if let Some((_, last)) = lasts.iter_mut().find(|(known, _)| *known == serial) {
            *last = position;
        } else if lasts.len() < STREAMS {
            lasts.push((serial, position));
        }
    }
    Ok(lasts)
}
