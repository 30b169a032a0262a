pub(crate) mod audio;
mod ebml;
mod image;
mod iso;
mod mpeg;
mod name;
mod ogg;
#[cfg(test)]
mod tests;

use reelshelf_domain::MediaType;

pub use name::contradicts;

/// How many of the first bytes of a file are enough to decide its type. Further ones are not looked at.
pub const HEAD_BYTES: usize = 4096;

/// One format, or a family of them: `None` leaves the decision to the next.
type Reader = fn(&[u8]) -> Option<MediaType>;

/// Strong signatures first; those that random bytes or text could meet come last.
const READERS: &[Reader] =
    &[image::sniff, riff, ebml::sniff, ogg::sniff, asf, iso::sniff, mpeg::program, audio::sniff, mpeg::transport];

/// What a file is, by its first bytes alone. Give it [`HEAD_BYTES`] of them, or all when there are fewer.
///
/// It tells containers apart, not what is in them: Matroska or MPEG-4 with sound alone still counts as video. Whatever
/// is not one of the known types is [`MediaType::Other`]; so is everything a browser could run, however it is named.
pub fn sniff(head: &[u8]) -> MediaType {
    let head = &head[..head.len().min(HEAD_BYTES)];
    READERS.iter().find_map(|read| read(head)).unwrap_or(MediaType::Other)
}

/// RIFF, and its forms for large files and for the other byte order.
fn riff(head: &[u8]) -> Option<MediaType> {
    match (head.get(..4)?, head.get(8..12)?) {
        (b"RIFF" | b"RIFX" | b"RF64" | b"BW64", b"WAVE") => Some(MediaType::Wav),
        (b"RIFF", b"AVI ") => Some(MediaType::Avi),
        (b"RIFF", b"WEBP") => Some(MediaType::Webp),
        _ => None,
    }
}

/// Advanced Systems Format. Sound alone (WMA) is no type of ours, so it is [`MediaType::Other`], but only when the
/// whole header was seen to declare no pictures.
fn asf(head: &[u8]) -> Option<MediaType> {
    const HEADER: &[u8; 16] = b"\x30\x26\xB2\x75\x8E\x66\xCF\x11\xA6\xD9\x00\xAA\x00\x62\xCE\x6C";
    const AUDIO: &[u8; 16] = b"\x40\x9E\x69\xF8\x4D\x5B\xCF\x11\xA8\xFD\x00\x80\x5F\x5C\x44\x2B";
    const VIDEO: &[u8; 16] = b"\xC0\xEF\x19\xBC\x4D\x5B\xCF\x11\xA8\xFD\x00\x80\x5F\x5C\x44\x2B";
    let size = head.strip_prefix(HEADER)?.first_chunk().map(|size| u64::from_le_bytes(*size))?;
    let Some(header) = usize::try_from(size).ok().and_then(|size| head.get(..size)) else {
        return Some(MediaType::Wmv);
    };
    let declares = |stream: &[u8; 16]| header.windows(stream.len()).any(|window| window == stream);
    Some(if declares(AUDIO) && !declares(VIDEO) { MediaType::Other } else { MediaType::Wmv })
}

/// Whether these bytes could be text: no control character but those that text has.
fn is_text(bytes: &[u8]) -> bool {
    bytes.iter().all(|byte| *byte >= b' ' || matches!(byte, b'\t' | b'\n' | b'\r' | b'\x0C' | b'\x1B'))
}

fn be16(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..)?.first_chunk().map(|chunk| u16::from_be_bytes(*chunk))
}

fn be32(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().map(|chunk| u32::from_be_bytes(*chunk))
}

fn be64(bytes: &[u8], at: usize) -> Option<u64> {
    bytes.get(at..)?.first_chunk().map(|chunk| u64::from_be_bytes(*chunk))
}

fn le16(bytes: &[u8], at: usize) -> Option<u16> {
    be16(bytes, at).map(u16::swap_bytes)
}

fn le32(bytes: &[u8], at: usize) -> Option<u32> {
    be32(bytes, at).map(u32::swap_bytes)
}
