//! EBML (RFC 8794): elements of an identifier, a size and data.

use super::{Cut, Source, Stop};

/// An element, by where its data lie.
#[derive(Clone, Copy)]
pub(super) struct Element {
    pub(super) id: u32,
    pub(super) at: u64,
    /// Up to the end of what holds it when its own is not told, as in live streams.
    pub(super) size: u64,
    pub(super) is_endless: bool,
}

impl Element {
    /// The one whose header stands at a place within what ends at another.
    pub(super) fn parse(source: &mut Source, at: u64, end: u64) -> Result<Self, Stop> {
        let head = source.start_of(at, end.saturating_sub(at), 12)?;
        let mut cut = Cut(&head);
        let id = id(&mut cut)?;
        let size = size(&mut cut)?;
        let at = at + (head.len() - cut.0.len()) as u64;
        let most = end.saturating_sub(at);
        Ok(Self { id, at, size: size.unwrap_or(most).min(most), is_endless: size.is_none() })
    }

    pub(super) fn end(self) -> u64 {
        self.at.saturating_add(self.size)
    }
}

/// An identifier of up to four bytes, its length marker kept.
fn id(cut: &mut Cut) -> Result<u32, Stop> {
    let first = cut.u8()?;
    let mut id = u32::from(first);
    for _ in 0..extra(first, 4)? {
        id = id << 8 | u32::from(cut.u8()?);
    }
    Ok(id)
}

/// A size of up to eight bytes; all ones say that it is not known.
fn size(cut: &mut Cut) -> Result<Option<u64>, Stop> {
    let first = cut.u8()?;
    let extra = extra(first, 8)?;
    let mut size = u64::from(first) & (0x7F >> extra);
    for _ in 0..extra {
        size = size << 8 | u64::from(cut.u8()?);
    }
    let unknown = u64::MAX >> (64 - 7 * (extra + 1));
    Ok((size != unknown).then_some(size))
}

/// How many bytes follow the first.
fn extra(first: u8, most: u32) -> Result<u32, Stop> {
    Some(first.leading_zeros()).filter(|extra| *extra < most).ok_or(Stop::DAMAGED)
}

/// The elements within data that are here.
pub(super) fn elements(data: &[u8]) -> impl Iterator<Item = (u32, &[u8])> {
    let mut cut = Cut(data);
    std::iter::from_fn(move || {
        let id = id(&mut cut).ok()?;
        let size = size(&mut cut).ok()??;
        let data = cut.take(usize::try_from(size).ok()?).ok()?;
        Some((id, data))
    })
}

/// A number, of up to eight bytes.
pub(super) fn unsigned(data: &[u8]) -> u64 {
    data.iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte))
}

/// A number of four or eight bytes, or none at all: zero.
pub(super) fn float(data: &[u8]) -> f64 {
    match data.len() {
        4 => data.first_chunk().map_or(0.0, |bits| f64::from(f32::from_be_bytes(*bits))),
        8 => data.first_chunk().map_or(0.0, |bits| f64::from_be_bytes(*bits)),
        _ => 0.0,
    }
}

/// A text, without the zeros that may pad it.
pub(super) fn text(data: &[u8]) -> String {
    let end = data.iter().position(|byte| *byte == 0).unwrap_or(data.len());
    String::from_utf8_lossy(&data[..end]).into_owned()
}
