//! Sound without a container: MPEG audio, ADTS and FLAC, each of which may hide behind ID3 tags.

use reelshelf_domain::MediaType;

use super::be32;

/// The sample rates of AAC, in hertz (ISO/IEC 14496-3, table 1.18).
pub(crate) const ADTS_RATES: [u32; 13] =
    [96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000, 7_350];

/// A tag is by custom that of an MP3, so whatever else follows it, or follows beyond the head, counts as one.
pub(super) fn sniff(head: &[u8]) -> Option<MediaType> {
    let Some(mut rest) = behind_tag(head) else { return untagged(head) };
    while let Some(next) = behind_tag(rest) {
        rest = next;
    }
    Some(untagged(rest).unwrap_or(MediaType::Mp3))
}

/// What follows an ID3v2 tag, none of it when the tag is longer than the head. The size has seven bits in each byte.
fn behind_tag(bytes: &[u8]) -> Option<&[u8]> {
    let (&[major, minor, flags, ref size @ ..], _) = bytes.strip_prefix(b"ID3")?.split_first_chunk::<7>()?;
    if !matches!(major, 2..=4) || minor == 0xFF || flags & 0x0F != 0 || size.iter().any(|byte| *byte > 0x7F) {
        return None;
    }
    let size = size.iter().fold(0, |size, byte| size << 7 | usize::from(*byte));
    let footer = if flags & 0x10 == 0 { 0 } else { 10 };
    Some(bytes.get(10 + size + footer..).unwrap_or_default())
}

fn untagged(bytes: &[u8]) -> Option<MediaType> {
    if is_flac(bytes) {
        return Some(MediaType::Flac);
    }
    let first = Frame::parse(bytes)?;
    // Twelve bits happen by chance; twice, at the right distance and with the same parameters, they do not.
    let goes_on = match bytes.get(first.size..) {
        Some(next) if next.len() >= Frame::HEADER_BYTES => Frame::parse(next).is_some_and(|n| n.stream == first.stream),
        Some(_) => true,
        // One that is cut short: the header of MPEG audio alone says much, that of ADTS any bytes may be.
        None => first.media_type == MediaType::Mp3,
    };
    goes_on.then_some(first.media_type)
}

/// The mark, and then always the block of stream information, 34 bytes long.
fn is_flac(bytes: &[u8]) -> bool {
    bytes.strip_prefix(b"fLaC").is_some_and(|rest| matches!(rest, [0x00 | 0x80, 0, 0, 34, ..]))
}

/// The header of one frame.
#[derive(Clone, Copy)]
pub(crate) struct Frame {
    pub(crate) media_type: MediaType,
    /// In bytes, the header with it.
    pub(crate) size: usize,
    /// The bits that are the same in all frames of a stream.
    pub(crate) stream: u32,
    /// The layer of MPEG audio; none for ADTS.
    pub(crate) layer: u8,
    pub(crate) samples: u32,
    pub(crate) sample_rate: u32,
    /// As the header has it: none of ADTS says that each frame tells its own.
    pub(crate) channels: u16,
    /// Of MPEG audio, in bits per second; zero for ADTS, which tells none.
    pub(crate) bit_rate: u32,
}

impl Frame {
    /// The longer of the two kinds of header.
    pub(crate) const HEADER_BYTES: usize = 7;

    pub(crate) fn parse(bytes: &[u8]) -> Option<Self> {
        let header = be32(bytes, 0).filter(|header| header >> 21 == 0x7FF)?;
        Self::adts(header, bytes).or_else(|| Self::mpeg(header))
    }

    /// In ADTS, the two bits that name the layer of MPEG audio are zero.
    fn adts(header: u32, bytes: &[u8]) -> Option<Self> {
        let is_adts = header & 0xFFF6_0000 == 0xFFF0_0000;
        let sample_rate = *ADTS_RATES.get(usize::try_from(header >> 10 & 0xF).ok()?)?;
        let rest = u32::from_be_bytes([0, *bytes.get(4)?, *bytes.get(5)?, *bytes.get(6)?]);
        let size = (header & 3) << 11 | rest >> 13;
        let header_bytes = if header >> 16 & 1 == 1 { 7 } else { 9 };
        let channels = match header >> 6 & 7 {
            7 => 8,
            channels => u16::try_from(channels).ok()?,
        };
        (is_adts && size > header_bytes).then_some(Self {
            media_type: MediaType::Aac,
            size: usize::try_from(size).ok()?,
            stream: header & 0xFFFF_FDC0,
            layer: 0,
            samples: 1024 * ((rest & 3) + 1),
            sample_rate,
            channels,
            bit_rate: 0,
        })
    }

    /// Layers II and III, which share a registered name. Layer I is left out: nobody uses it, and its sync is also the
    /// byte order mark of UTF-16.
    fn mpeg(header: u32) -> Option<Self> {
        const KBITS_1_III: [u32; 14] = [32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320];
        const KBITS_1_II: [u32; 14] = [32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384];
        const KBITS_2: [u32; 14] = [8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160];
        let (is_version_1, rate_shift) = match header >> 19 & 3 {
            0 => (false, 2),
            2 => (false, 1),
            3 => (true, 0),
            _ => return None,
        };
        let (layer, samples, kbits) = match (header >> 17 & 3, is_version_1) {
            (1, true) => (3, 1152, KBITS_1_III),
            (1, false) => (3, 576, KBITS_2),
            (2, true) => (2, 1152, KBITS_1_II),
            (2, false) => (2, 1152, KBITS_2),
            _ => return None,
        };
        // Index 0 is a free bit rate, which would tell nothing about the size; 15 does not exist.
        let index = (header >> 12 & 0xF).checked_sub(1)?;
        let kbits = kbits.get(usize::try_from(index).ok()?)?;
        let rate = [44_100, 48_000, 32_000].get(usize::try_from(header >> 10 & 3).ok()?)? >> rate_shift;
        let padding = header >> 9 & 1;
        let emphasis = header & 3;
        (emphasis != 2).then_some(Self {
            media_type: MediaType::Mp3,
            size: usize::try_from(samples / 8 * kbits * 1000 / rate + padding).ok()?,
            stream: header & 0xFFFE_0C00,
            layer,
            samples,
            sample_rate: rate,
            channels: if header >> 6 & 3 == 3 { 1 } else { 2 },
            bit_rate: kbits * 1000,
        })
    }
}
