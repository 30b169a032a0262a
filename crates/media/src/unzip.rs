//! ZIPs from strangers. The directory at the end is read, within limits, and believed in nothing that can be checked: every
//! member's own header must say the same, no two may share bytes, and what comes out is counted and summed while it does.
//!
//! The reader is our own. The `zip` crate folds members of one name into one and reads the directory before a limit can
//! be asked for; `rc-zip` gives neither the names' bytes nor the end of a member. What decompresses is not ours.

mod directory;
#[cfg(test)]
mod forge;
mod member;
mod name;
#[cfg(test)]
mod tests;

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

pub use member::MemberReader;

/// Bytes that can be read at any place.
pub trait ReadAt {
    /// Fills the buffer with the bytes from a place on; bytes that are not there are an error.
    fn read_exact_at(&self, buffer: &mut [u8], at: u64) -> io::Result<()>;
}

impl ReadAt for File {
    fn read_exact_at(&self, buffer: &mut [u8], at: u64) -> io::Result<()> {
        FileExt::read_exact_at(self, buffer, at)
    }
}

impl ReadAt for Vec<u8> {
    fn read_exact_at(&self, buffer: &mut [u8], at: u64) -> io::Result<()> {
        let from = usize::try_from(at).ok().and_then(|at| self.get(at..)?.get(..buffer.len()));
        buffer.copy_from_slice(from.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }
}

/// How much of an archive is looked at.
#[derive(Clone, Copy, Debug)]
pub struct UnzipLimits {
    /// Most members.
    pub members: usize,
    /// The longest directory, in bytes.
    pub directory: u64,
}

/// Why an archive is not taken at all.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveProblem {
    /// It is something else, or a part of one.
    #[error("is not a whole ZIP archive")]
    NotWhole,
    /// It is one of several parts.
    #[error("is a part of an archive over several files")]
    Split,
    /// It has more members than may be.
    #[error("has more than {0} entries; make several archives of it")]
    Members(usize),
    /// Its directory is longer than may be.
    #[error("has a directory of more than {0} bytes; make several archives of it")]
    Directory(u64),
    /// Two members are made of the same bytes, as in an archive that unpacks to far more than it holds.
    #[error("has entries that share bytes; no honest archive has")]
    Overlap,
    /// It cannot be read.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Why a member is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MemberProblem {
    /// Its name leads elsewhere, or nowhere.
    #[error("{0}")]
    Name(&'static str),
    /// It is a link, a device or the like.
    #[error("is a link or a special file, which is not taken")]
    Special,
    /// It can only be read with a password.
    #[error("is encrypted, which is not taken")]
    Encrypted,
    /// It is compressed in a way that is not taken.
    #[error("is compressed by a method that is not taken; use Deflate or none")]
    Method,
    /// Its own header and the directory disagree.
    #[error("is described in two ways that differ")]
    Described,
    /// Its compressed bytes make no sense.
    #[error("is damaged")]
    Damaged,
    /// It is longer or shorter than the directory says.
    #[error("is not as long as the archive says")]
    Length,
    /// Its bytes are not those that were packed.
    #[error("is damaged: its checksum is wrong")]
    Checksum,
}

/// A file or a folder in an archive.
#[derive(Clone, Debug)]
pub struct Member {
    /// The name as it stands there, as text.
    pub name: String,
    /// The levels of its path, or why it has none; there is at least one, and none is empty, `.` or `..`.
    pub path: Result<Vec<String>, MemberProblem>,
    /// Whether it is a folder.
    pub is_folder: bool,
    /// How many bytes it unpacks to, if the directory is right.
    pub size: u64,
    /// Why its bytes are not taken.
    pub problem: Option<MemberProblem>,
    raw_name: Vec<u8>,
    compressed: u64,
    crc32: u32,
    method: u16,
    at: u64,
    /// Where the next member, or the directory, begins.
    end: u64,
}

impl Member {
    /// Whether it is what a system leaves in archives for itself: nobody's file.
    pub fn is_litter(&self) -> bool {
        self.path.as_ref().is_ok_and(|path| name::is_litter(path))
    }
}

/// An archive that was looked into.
pub struct Archive<R> {
    source: Arc<R>,
    /// What is in it, in the order of the directory.
    pub members: Vec<Member>,
}

impl<R: ReadAt> Archive<R> {
    /// Reads the directory of an archive of this length.
    pub fn open(source: R, length: u64, limits: UnzipLimits) -> Result<Self, ArchiveProblem> {
        let members = directory::read(&source, length, limits)?;
        Ok(Self { source: Arc::new(source), members })
    }

    /// What all members unpack to, if the directory is right; nothing more ever comes out of them.
    pub fn unpacked(&self) -> u64 {
        self.members.iter().fold(0, |sum, member| sum.saturating_add(member.size))
    }

    /// A member's bytes.
    pub fn read(&self, member: &Member) -> MemberReader<R> {
        MemberReader::new(Arc::clone(&self.source), member)
    }
}

fn le16(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..)?.first_chunk().map(|chunk| u16::from_le_bytes(*chunk))
}

fn le32(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().map(|chunk| u32::from_le_bytes(*chunk))
}

fn le64(bytes: &[u8], at: usize) -> Option<u64> {
    bytes.get(at..)?.first_chunk().map(|chunk| u64::from_le_bytes(*chunk))
}
