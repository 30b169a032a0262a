//! Boxes: a size, a name, and data or further boxes.

use super::super::{Cut, Source, Stop};

/// Most boxes looked at in one place.
const BOXES: usize = 1024;

/// A box, by where its data lie.
#[derive(Clone, Copy, Debug)]
pub(in crate::probe) struct Part {
    pub(in crate::probe) name: [u8; 4],
    pub(in crate::probe) at: u64,
    pub(in crate::probe) size: u64,
}

impl Part {
    fn end(self) -> u64 {
        self.at.saturating_add(self.size)
    }

    /// The rest of it from so many bytes on.
    pub(in crate::probe) fn behind(self, bytes: u64) -> Result<Self, Stop> {
        let size = self.size.checked_sub(bytes).ok_or(Stop::DAMAGED)?;
        Ok(Self { at: self.at + bytes, size, ..self })
    }

    /// The box whose header stands at a place, in a part that ends at another. One that would reach further ends there.
    fn parse(source: &mut Source, at: u64, end: u64) -> Result<Self, Stop> {
        let [a, b, c, d, name @ ..] = source.array::<8>(at)?;
        let (header, whole) = match u32::from_be_bytes([a, b, c, d]) {
            0 => (8, end - at),
            1 => (16, u64::from_be_bytes(source.array(at + 8)?)),
            size => (8, u64::from(size)),
        };
        let size = whole.checked_sub(header).ok_or(Stop::DAMAGED)?;
        Ok(Self { name, at: at + header, size: size.min(end.saturating_sub(at + header)) })
    }
}

/// The boxes within one. What is too short to be a box, as the zeros that end some lists, is passed over.
pub(in crate::probe) fn children(source: &mut Source, parent: Part) -> Result<Vec<Part>, Stop> {
    let end = parent.end();
    let mut found = Vec::new();
    let mut at = parent.at;
    while end.saturating_sub(at) >= 8 {
        if found.len() == BOXES {
            return Err(Stop::Ask);
        }
        let part = Part::parse(source, at, end)?;
        at = part.end();
        found.push(part);
    }
    Ok(found)
}

/// The first of a name.
pub(in crate::probe) fn find(parts: &[Part], name: [u8; 4]) -> Option<Part> {
    parts.iter().find(|part| part.name == name).copied()
}

/// A whole box within bytes that are here: its name and data.
pub(in crate::probe) fn payload<'a>(bytes: &mut Cut<'a>) -> Result<([u8; 4], Cut<'a>), Stop> {
    let (size, name) = (bytes.be32()? as usize, bytes.array::<4>()?);
    let size = size.checked_sub(8).ok_or(Stop::DAMAGED)?;
    Ok((name, Cut(bytes.take(size)?)))
}

/// What matters of a file's outermost boxes.
pub(super) struct FileParts {
    pub(super) movie: Option<Part>,
    /// Whether the movie's description stands in front of its data.
    pub(super) movie_first: bool,
}

impl FileParts {
    /// Walks to the movie's description, and no further.
    pub(super) fn find(source: &mut Source) -> Result<Self, Stop> {
        let end = source.length();
        let mut movie_first = true;
        let mut at = 0;
        for _ in 0..BOXES {
            if end - at < 8 {
                return Ok(Self { movie: None, movie_first });
            }
            let part = Part::parse(source, at, end)?;
            match &part.name {
                b"moov" => return Ok(Self { movie: Some(part), movie_first }),
                b"mdat" | b"moof" => movie_first = false,
                _ => {}
            }
            at = part.end();
        }
        Err(Stop::Ask)
    }
}
