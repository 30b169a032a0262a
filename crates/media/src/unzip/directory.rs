//! The directory: found from the end, read whole, member by member.

use super::name::{decode, levels};
use super::{ArchiveProblem, Member, MemberProblem, ReadAt, UnzipLimits, le16, le32, le64};

const END: &[u8; 4] = b"PK\x05\x06";
const END_LEN: u64 = 22;
const LOCATOR: &[u8; 4] = b"PK\x06\x07";
const LOCATOR_LEN: usize = 20;
const END_64: &[u8; 4] = b"PK\x06\x06";
const END_64_LEN: usize = 56;
const HEADER: &[u8; 4] = b"PK\x01\x02";
const HEADER_LEN: usize = 46;
/// The part of a member's own header that is there whatever its name is.
pub(super) const LOCAL_LEN: usize = 30;
/// The longest comment, and the end record before it.
const TAIL: u64 = 65_535 + END_LEN;

/// Encrypted, strongly encrypted, or with a masked header.
pub(super) const ENCRYPTED: u16 = 1 | 1 << 6 | 1 << 13;
/// None, Deflate, Deflate64 (which Windows makes of large files).
const METHODS: [u16; 3] = [0, 8, 9];

/// Where the directory is.
struct End {
    members: u64,
    length: u64,
    /// As the archive says, counted from its own beginning.
    at: u64,
    /// What stands behind the directory begins here.
    before: u64,
}

pub(super) fn read(source: &impl ReadAt, length: u64, limits: UnzipLimits) -> Result<Vec<Member>, ArchiveProblem> {
    let end = find(source, length)?;
    if end.members > limits.members as u64 {
        return Err(ArchiveProblem::Members(limits.members));
    }
    if end.length > limits.directory {
        return Err(ArchiveProblem::Directory(limits.directory));
    }
    // What stands before an archive, as in one that unpacks itself, moves all of it.
    let start = end.before.checked_sub(end.length).ok_or(ArchiveProblem::NotWhole)?;
    let shift = start.checked_sub(end.at).ok_or(ArchiveProblem::NotWhole)?;
    let mut bytes = vec![0; usize::try_from(end.length).map_err(|_| ArchiveProblem::NotWhole)?];
    source.read_exact_at(&mut bytes, start)?;
    let mut rest = bytes.as_slice();
    let mut members = Vec::new();
    for _ in 0..end.members {
        let member = header(&mut rest, shift).ok_or(ArchiveProblem::NotWhole)?;
        members.push(member);
    }
    if rest.starts_with(HEADER) {
        // More than were counted: two readers would see two archives.
        return Err(ArchiveProblem::NotWhole);
    }
    apart(&mut members, start)?;
    Ok(members)
}

/// The record at the end, which nothing may follow.
fn find(source: &impl ReadAt, length: u64) -> Result<End, ArchiveProblem> {
    let mut tail = vec![0; usize::try_from(length.min(TAIL)).map_err(|_| ArchiveProblem::NotWhole)?];
    source.read_exact_at(&mut tail, length.saturating_sub(TAIL))?;
    let ends_here = |at: &usize| {
        tail[*at..].starts_with(END)
            && le16(&tail, at + 20).is_some_and(|comment| tail.len() - at == 22 + usize::from(comment))
    };
    let last = tail.len().checked_sub(22).ok_or(ArchiveProblem::NotWhole)?;
    let at = (0..=last).rev().find(ends_here).ok_or(ArchiveProblem::NotWhole)?;
    let record = &tail[at..];
    let before = length - record.len() as u64;
    let short = |field| le16(record, field).unwrap_or_default();
    let long = |field| le32(record, field).unwrap_or_default();
    let end = End { members: short(10).into(), length: long(12).into(), at: long(16).into(), before };
    let zip64 = end_64(source, &end)?;
    if zip64.is_none() && (short(4) != 0 || short(6) != 0 || short(8) != short(10)) {
        return Err(ArchiveProblem::Split);
    }
    Ok(zip64.unwrap_or(end))
}

/// The record of a ZIP64 archive, which stands before the other one.
fn end_64(source: &impl ReadAt, end: &End) -> Result<Option<End>, ArchiveProblem> {
    let Some(at) = end.before.checked_sub((LOCATOR_LEN + END_64_LEN) as u64) else { return Ok(None) };
    let mut locator = [0; LOCATOR_LEN];
    source.read_exact_at(&mut locator, at + END_64_LEN as u64)?;
    if !locator.starts_with(LOCATOR) {
        return Ok(None);
    }
    if le32(&locator, 16).is_some_and(|disks| disks > 1) {
        return Err(ArchiveProblem::Split);
    }
    // Right before its locator; the archive's own word for its place does not hold when something stands before it.
    let mut record = [0; END_64_LEN];
    source.read_exact_at(&mut record, at)?;
    if !record.starts_with(END_64) || le64(&record, 4) != Some(END_64_LEN as u64 - 12) {
        return Err(ArchiveProblem::NotWhole);
    }
    let field = |at| le64(&record, at).unwrap_or_default();
    if field(24) != field(32) {
        return Err(ArchiveProblem::Split);
    }
    Ok(Some(End { members: field(32), length: field(40), at: field(48), before: at }))
}

/// One member. `None` when it is cut off or makes no sense.
fn header(rest: &mut &[u8], shift: u64) -> Option<Member> {
    let fixed = rest.get(..HEADER_LEN).filter(|fixed| fixed.starts_with(HEADER))?;
    let (flags, method) = (le16(fixed, 8)?, le16(fixed, 10)?);
    let lens = [le16(fixed, 28)?, le16(fixed, 30)?, le16(fixed, 32)?].map(usize::from);
    let (crc32, compressed, size) = (le32(fixed, 16)?, le32(fixed, 20)?, le32(fixed, 24)?);
    let (disk, attributes, at) = (le16(fixed, 34)?, le32(fixed, 38)?, le32(fixed, 42)?);
    let variable = rest.get(HEADER_LEN..HEADER_LEN + lens.iter().sum::<usize>())?;
    *rest = &rest[HEADER_LEN + variable.len()..];
    let (raw_name, extra) = (&variable[..lens[0]], &variable[lens[0]..lens[0] + lens[1]]);
    let mut wide = Wide { fields: field(extra, 1).unwrap_or_default() };
    // In this order, and each only if its own field is full (4.5.3).
    let (size, compressed, at) = (wide.of(size)?, wide.of(compressed)?, wide.of(at)?);
    if disk != 0 && disk != u16::MAX {
        return None;
    }
    let decoded = decode(raw_name, flags, field(extra, 0x7075));
    let path = decoded.as_deref().map_err(|problem| *problem).and_then(levels).map_err(MemberProblem::Name);
    let name = decoded.unwrap_or_else(|_| String::from_utf8_lossy(raw_name).into_owned());
    let kind = attributes >> 16 & 0o170_000;
    let is_folder = name.ends_with('/') || kind == 0o040_000;
    let special = !matches!(kind, 0 | 0o100_000 | 0o040_000) || (kind == 0o100_000 && name.ends_with('/'));
    let problem = [
        (special, MemberProblem::Special),
        (flags & ENCRYPTED != 0, MemberProblem::Encrypted),
        (!METHODS.contains(&method), MemberProblem::Method),
        (method == 0 && compressed != size, MemberProblem::Length),
        (is_folder && size > 0, MemberProblem::Special),
    ];
    let problem = problem.into_iter().find(|(is_so, _)| *is_so).map(|(_, problem)| problem);
    let at = at.checked_add(shift)?;
    let raw_name = raw_name.to_vec();
    Some(Member { name, path, is_folder, size, problem, raw_name, compressed, crc32, method, at, end: at })
}

/// An extra field by its number.
fn field(mut extra: &[u8], wanted: u16) -> Option<&[u8]> {
    while let (Some(number), Some(length)) = (le16(extra, 0), le16(extra, 2)) {
        let end = 4 + usize::from(length);
        if number == wanted {
            return extra.get(4..end);
        }
        extra = extra.get(end..)?;
    }
    None
}

/// The ZIP64 field: what does not fit into 32 bits.
struct Wide<'a> {
    fields: &'a [u8],
}

impl Wide<'_> {
    fn of(&mut self, value: u32) -> Option<u64> {
        if value != u32::MAX {
            return Some(value.into());
        }
        let wide = le64(self.fields, 0)?;
        self.fields = &self.fields[8..];
        Some(wide)
    }
}

/// Every member has bytes of its own: its header, its name and what is packed. Says where each must have ended.
fn apart(members: &mut [Member], directory: u64) -> Result<(), ArchiveProblem> {
    let mut order: Vec<usize> = (0..members.len()).collect();
    order.sort_by_key(|index| members[*index].at);
    let mut next = directory;
    for index in order.into_iter().rev() {
        let member = &mut members[index];
        let least = ((LOCAL_LEN + member.raw_name.len()) as u64).saturating_add(member.compressed);
        if member.at > directory {
            return Err(ArchiveProblem::NotWhole);
        }
        if member.at.saturating_add(least) > next {
            return Err(if next == directory { ArchiveProblem::NotWhole } else { ArchiveProblem::Overlap });
        }
        member.end = next;
        next = member.at;
    }
    Ok(())
}
