//! Ogg: which codecs its streams have.

use reelshelf_domain::MediaType;

const HEADER_BYTES: usize = 27;
const BEGINS_STREAM: u8 = 0x02;

/// Each stream begins with a page of its own, and all of these come before anything else. Pictures decide over sound;
/// streams that are neither (skeleton, subtitles) do not count.
pub(super) fn sniff(head: &[u8]) -> Option<MediaType> {
    if !head.starts_with(b"OggS") {
        return None;
    }
    let mut sound = None;
    let mut rest = head;
    while let Some((packet, next)) = first_page_of_stream(rest) {
        match codec(packet) {
            Some(MediaType::Ogv) => return Some(MediaType::Ogv),
            found => sound = sound.or(found),
        }
        rest = next;
    }
    Some(sound.unwrap_or(MediaType::Other))
}

/// The data of a page that begins a stream, as far as it is here, and what follows the page.
fn first_page_of_stream(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (header, rest) = bytes.split_first_chunk::<HEADER_BYTES>()?;
    if !header.starts_with(b"OggS\0") || header[5] & BEGINS_STREAM == 0 {
        return None;
    }
    let (lacing, data) = rest.split_at_checked(usize::from(header[26]))?;
    let size = lacing.iter().map(|length| usize::from(*length)).sum();
    Some(data.split_at_checked(size).unwrap_or((data, &[])))
}

/// What a stream holds, by the first packet of it.
fn codec(packet: &[u8]) -> Option<MediaType> {
    const KNOWN: &[(&[u8], MediaType)] = &[
        (b"\x80theora", MediaType::Ogv),
        (b"\x80daala", MediaType::Ogv),
        (b"BBCD\0", MediaType::Ogv),
        (b"OVP80", MediaType::Ogv),
        (b"\x01video\0", MediaType::Ogv),
        (b"OpusHead", MediaType::Opus),
        (b"\x01vorbis", MediaType::Ogg),
        (b"\x7FFLAC", MediaType::Ogg),
        (b"fLaC", MediaType::Ogg),
        (b"Speex   ", MediaType::Ogg),
        (b"CELT    ", MediaType::Ogg),
        (b"PCM     ", MediaType::Ogg),
    ];
    KNOWN.iter().find(|(magic, _)| packet.starts_with(magic)).map(|(_, known)| *known)
}
