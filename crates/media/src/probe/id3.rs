//! Tags in front of sound (ID3v2.2 to 2.4) and behind it (ID3v1).

use super::{Cut, Source, Stop, Streams, genre, source::PIECE};
use crate::metadata::Tags;

const FRAMES: u32 = 512;
/// Enough for the longest text that is kept, in the widest writing, with what stands before it.
const FRAME_BYTES: usize = 2 * Tags::TEXT_BYTES + 256;
const TAGS: u32 = 8;

/// Reads the tags at a place; the answer is where the sound begins. A tag that is damaged inside is passed over whole.
pub(super) fn read(source: &mut Source, mut at: u64, streams: &mut Streams) -> Result<u64, Stop> {
    for _ in 0..TAGS {
        let head = source.start_of(at, 10, 10)?;
        let Some(tag) = Tag::parse(&head, at) else { break };
        match tag.read(source, streams) {
            Err(Stop::Disk(error)) => return Err(Stop::Disk(error)),
            Err(Stop::Ask) => return Err(Stop::Ask),
            Ok(()) | Err(Stop::Broken(_)) => {}
        }
        at = tag.next;
        if at >= source.length() {
            break;
        }
    }
    Ok(at)
}

struct Tag {
    version: u8,
    flags: u8,
    /// Where its frames begin and end, and where what follows it begins.
    start: u64,
    end: u64,
    next: u64,
}

impl Tag {
    fn parse(head: &[u8], at: u64) -> Option<Self> {
        let &[version, _, flags, ref size @ ..] = head.strip_prefix(b"ID3")? else { return None };
        let size = u64::from(synchsafe(*size.first_chunk()?)?);
        let start = at + 10;
        let footer = if version == 4 && flags & 0x10 != 0 { 10 } else { 0 };
        (2..=4).contains(&version).then_some(Self {
            version,
            flags,
            start,
            end: start + size,
            next: start + size + footer,
        })
    }

    fn read(&self, source: &mut Source, streams: &mut Streams) -> Result<(), Stop> {
        // Before version 4, zeros are put in all over the tag, so that its sizes only count without them.
        if self.flags & 0x80 != 0 && self.version < 4 {
            let plain = without_zeros(&source.start_of(self.start, self.end - self.start, PIECE)?);
            let size = plain.len() as u64;
            return self.frames(&mut Source::new(&plain, size), 0, size, streams);
        }
        self.frames(source, self.start, self.end, streams)
    }

    fn frames(&self, source: &mut Source, mut at: u64, end: u64, streams: &mut Streams) -> Result<(), Stop> {
        if self.flags & 0x40 != 0 && self.version > 2 {
            let size = source.array(at)?;
            at += match self.version {
                3 => 4 + u64::from(u32::from_be_bytes(size)),
                _ => synchsafe(size).ok_or(Stop::DAMAGED)?.into(),
            };
        }
        let header_bytes = if self.version == 2 { 6 } else { 10 };
        for _ in 0..FRAMES {
            if at + header_bytes > end {
                break;
            }
            let header = source.block(at, header_bytes)?;
            // Padding.
            if header[0] == 0 {
                break;
            }
            let (name, size, flags) = self.header(Cut(&header))?;
            at += header_bytes;
            frame(source, &name, (at, size), &self.treatment(flags), streams)?;
            at += size;
        }
        Ok(())
    }

    fn header(&self, mut header: Cut) -> Result<(Vec<u8>, u64, u16), Stop> {
        Ok(match self.version {
            2 => (header.take(3)?.to_vec(), header.be24()?.into(), 0),
            3 => (header.take(4)?.to_vec(), header.be32()?.into(), header.be16()?),
            _ => {
                let name = header.take(4)?.to_vec();
                let size = header.array::<4>()?;
                // Some write plain sizes in version 4 too.
                let size = synchsafe(size).unwrap_or(u32::from_be_bytes(size));
                (name, size.into(), header.be16()?)
            }
        })
    }

    fn treatment(&self, flags: u16) -> Treatment {
        let (hidden, grouped, measured, zeros) = match self.version {
            3 => (0xC0, 0x20, 0, 0),
            4 => (0x0C, 0x40, 0x01, 0x02),
            _ => (0, 0, 0, 0),
        };
        let in_front = usize::from(flags & grouped != 0) + if flags & measured != 0 { 4 } else { 0 };
        Treatment { is_hidden: flags & hidden != 0, in_front, has_zeros: flags & zeros != 0 }
    }
}

/// What a frame's flags ask for.
struct Treatment {
    /// Compressed or encrypted.
    is_hidden: bool,
    in_front: usize,
    has_zeros: bool,
}

fn frame(
    source: &mut Source,
    name: &[u8],
    (at, size): (u64, u64),
    treatment: &Treatment,
    streams: &mut Streams,
) -> Result<(), Stop> {
    if matches!(name, b"APIC" | b"PIC") {
        streams.cover |= size > 0;
        return Ok(());
    }
    let Some(tag) = tag_name(name).filter(|_| !treatment.is_hidden) else { return Ok(()) };
    let data = source.start_of(at, size, FRAME_BYTES)?;
    let data = data.get(treatment.in_front..).unwrap_or_default();
    let plain = if treatment.has_zeros { without_zeros(data) } else { data.to_vec() };
    let Some((encoding, mut text)) = plain.split_first() else { return Ok(()) };
    if tag == "comment" {
        text = text.get(3..).unwrap_or_default();
    }
    let mut texts = decoded(*encoding, text);
    match tag {
        // A description comes first; those with one are remarks of programs.
        "comment" => {
            if texts.next().is_some_and(|described| described.is_empty()) {
                streams.tags.add(tag, &texts.next().unwrap_or_default());
            }
        }
        "" => {
            if let (Some(named), Some(text)) = (texts.next(), texts.next()) {
                streams.tags.add(&named, &text);
            }
        }
        "genre" => streams.tags.add(tag, &genre::named(texts.next().unwrap_or_default())),
        _ => streams.tags.add(tag, &texts.next().unwrap_or_default()),
    }
    Ok(())
}

/// The tag of a frame; the empty one says that the frame names it.
fn tag_name(frame: &[u8]) -> Option<&'static str> {
    Some(match frame {
        b"TIT2" | b"TT2" => "title",
        b"TPE1" | b"TP1" => "artist",
        b"TPE2" | b"TP2" => "album_artist",
        b"TPE3" | b"TP3" => "performer",
        b"TALB" | b"TAL" => "album",
        b"TCOM" | b"TCM" => "composer",
        b"TCON" | b"TCO" => "genre",
        b"TCOP" | b"TCR" => "copyright",
        b"TPUB" | b"TPB" => "publisher",
        b"TDRC" | b"TYER" | b"TYE" => "date",
        b"TRCK" | b"TRK" => "track",
        b"TPOS" | b"TPA" => "disc",
        b"COMM" | b"COM" => "comment",
        b"TXXX" | b"TXX" => "",
        _ => return None,
    })
}

/// Texts that zeros part, in one of four writings.
fn decoded(encoding: u8, bytes: &[u8]) -> std::vec::IntoIter<String> {
    let texts: Vec<String> = match encoding {
        1 | 2 => {
            let (units, _) = bytes.as_chunks::<2>();
            units.split(|unit| *unit == [0, 0]).map(|units| utf16(units.as_flattened(), encoding == 2)).collect()
        }
        3 => bytes.split(|byte| *byte == 0).map(|text| String::from_utf8_lossy(text).into_owned()).collect(),
        _ => bytes.split(|byte| *byte == 0).map(latin1).collect(),
    };
    texts.into_iter()
}

/// Little-endian unless a mark says otherwise, or it is known.
fn utf16(bytes: &[u8], is_big: bool) -> String {
    match bytes {
        [0xFE, 0xFF, rest @ ..] => utf16_be(rest),
        [0xFF, 0xFE, rest @ ..] => utf16_le(rest),
        rest if is_big => utf16_be(rest),
        rest => utf16_le(rest),
    }
}

pub(super) fn utf16_be(bytes: &[u8]) -> String {
    let units = bytes.as_chunks().0.iter().map(|unit| u16::from_be_bytes(*unit));
    char::decode_utf16(units).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
}

pub(super) fn utf16_le(bytes: &[u8]) -> String {
    let units = bytes.as_chunks().0.iter().map(|unit| u16::from_le_bytes(*unit));
    char::decode_utf16(units).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
}

pub(super) fn latin1(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| char::from(*byte)).collect()
}

/// A number with seven bits in each byte.
fn synchsafe(bytes: [u8; 4]) -> Option<u32> {
    let is_valid = bytes.iter().all(|byte| *byte < 0x80);
    is_valid.then(|| bytes.iter().fold(0, |number, byte| number << 7 | u32::from(*byte)))
}

/// Without the zero that is put behind each byte of ones.
fn without_zeros(bytes: &[u8]) -> Vec<u8> {
    let mut before = 0;
    let kept = bytes.iter().filter(|byte| {
        let is_extra = before == 0xFF && **byte == 0;
        before = **byte;
        !is_extra
    });
    kept.copied().collect()
}

/// Reads the tag at the end; the answer is where the sound ends. It only counts when there is no other.
pub(super) fn read_end(source: &mut Source, streams: &mut Streams) -> Result<u64, Stop> {
    let Some(at) = source.length().checked_sub(128) else { return Ok(source.length()) };
    let tag = source.array::<128>(at)?;
    let Some(tag) = tag.strip_prefix(b"TAG") else { return Ok(source.length()) };
    if streams.tags.is_empty() {
        let text = |from: usize, to: usize| latin1(tag[from..to].split(|byte| *byte == 0).next().unwrap_or_default());
        streams.tags.add("title", &text(0, 30));
        streams.tags.add("artist", &text(30, 60));
        streams.tags.add("album", &text(60, 90));
        streams.tags.add("date", &text(90, 94));
        streams.tags.add("comment", &text(94, 124));
        if tag[122] == 0 && tag[123] != 0 {
            streams.tags.add("track", &tag[123].to_string());
        }
        streams.tags.add("genre", &genre::name(tag[124].into()).unwrap_or_default());
    }
    Ok(at)
}
