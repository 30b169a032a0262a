//! MPEG video: program streams, bare video and transport streams.

use reelshelf_domain::MediaType;

use super::is_text;

const SYNC: u8 = 0x47;
/// How many packets in a row make a transport stream.
const PACKETS: usize = 3;

/// A pack header (of MPEG-1 or MPEG-2) or a sequence header with a picture size, shape and rate that exist.
pub(super) fn program(head: &[u8]) -> Option<MediaType> {
    let is_mpeg = match head.strip_prefix(b"\0\0\x01")? {
        [0xBA, mark, ..] => mark & 0xC4 == 0x44 || mark & 0xF1 == 0x21,
        [0xB3, a, b, c, d, ..] => {
            let width = u16::from(*a) << 4 | u16::from(*b) >> 4;
            let height = u16::from(*b & 0x0F) << 8 | u16::from(*c);
            width > 0 && height > 0 && d >> 4 > 0 && matches!(d & 0x0F, 1..=8)
        }
        _ => false,
    };
    is_mpeg.then_some(MediaType::Mpeg)
}

/// A sync byte in front of each packet; on discs and from cameras, four bytes of time precede it. The letter G could
/// stand in the same column of every line of a text.
pub(super) fn transport(head: &[u8]) -> Option<MediaType> {
    let in_step = |start: usize, step: usize| {
        let mut packets = head.iter().skip(start).step_by(step).take(PACKETS);
        packets.len() == PACKETS && packets.all(|byte| *byte == SYNC)
    };
    ((in_step(0, 188) || in_step(4, 192)) && !is_text(head)).then_some(MediaType::MpegTs)
}
