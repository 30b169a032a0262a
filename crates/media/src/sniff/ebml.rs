//! Matroska and WebM.

use reelshelf_domain::MediaType;

const HEADER: &[u8] = b"\x1A\x45\xDF\xA3";
const DOC_TYPE: u64 = 0x4282;

pub(super) fn sniff(head: &[u8]) -> Option<MediaType> {
    let header = head.strip_prefix(HEADER)?;
    Some(match doc_type(header) {
        Some(b"webm") => MediaType::Webm,
        Some(b"matroska") => MediaType::Mkv,
        _ => MediaType::Other,
    })
}

/// The document type, without the zeros that may pad it.
fn doc_type(header: &[u8]) -> Option<&[u8]> {
    let (size, elements) = data_size(header)?;
    let mut rest = &elements[..elements.len().min(size)];
    loop {
        let (id, after) = number(rest)?;
        let (size, data) = data_size(after)?;
        if id == DOC_TYPE {
            let padded = data.get(..size)?;
            let end = padded.iter().position(|byte| *byte == 0).unwrap_or(size);
            return padded.get(..end);
        }
        rest = data.get(size..)?;
    }
}

/// The size of an element: a number without its length marker.
fn data_size(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let (number, rest) = number(bytes)?;
    let marker = 1 << (7 * (bytes.len() - rest.len()));
    Some((usize::try_from(number & !marker).ok()?, rest))
}

/// A number of one to eight bytes with its length marker, as identifiers are written: the zero bits before the first
/// one say how many bytes follow.
fn number(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let extra = usize::try_from(bytes.first()?.leading_zeros()).ok().filter(|extra| *extra < 8)?;
    let (digits, rest) = bytes.split_at_checked(1 + extra)?;
    Some((digits.iter().fold(0, |number, digit| number << 8 | u64::from(*digit)), rest))
}
