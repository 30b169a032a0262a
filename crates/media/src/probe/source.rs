//! A file seen through a bounded number of small reads, and bytes of it that are already here.

use std::io;

use super::{Broken, Stop};
use crate::ReadAt;

/// Most bytes that one probe reads, whatever the file says: a GIF has to be walked to count its frames, at about 0.35 ms of
/// CPU for each MiB.
pub const BUDGET: u64 = 4 * 1024 * 1024;
/// Most bytes that are here at once.
pub(super) const PIECE: usize = 64 * 1024;
/// Most reads of one probe: each is a system call.
pub(super) const READS: u32 = 4096;
/// How much is read after a jump, and at most when reading goes on where it stopped.
const JUMP: usize = 128;
const AHEAD: usize = 16 * 1024;

/// The file. Reads go through a window that grows while they follow one another, as a kernel reads ahead: few calls
/// for headers that lie together, few bytes for those that lie far apart.
pub(super) struct Source<'a> {
    file: &'a dyn ReadAt,
    length: u64,
    window: Vec<u8>,
    start: u64,
    bytes_left: u64,
    reads_left: u32,
}

impl<'a> Source<'a> {
    pub(super) fn new(file: &'a dyn ReadAt, length: u64) -> Self {
        Self { file, length, window: Vec::new(), start: 0, bytes_left: BUDGET, reads_left: READS }
    }

    pub(super) fn length(&self) -> u64 {
        self.length
    }

    /// So many bytes from a place on.
    pub(super) fn array<const N: usize>(&mut self, at: u64) -> Result<[u8; N], Stop> {
        let mut array = [0; N];
        array.copy_from_slice(self.bytes(at, N)?);
        Ok(array)
    }

    /// All of a part whose size the file tells. One that is too large is not for us.
    pub(super) fn block(&mut self, at: u64, size: u64) -> Result<Vec<u8>, Stop> {
        let size = usize::try_from(size).ok().filter(|size| *size <= PIECE).ok_or(Stop::Ask)?;
        Ok(self.bytes(at, size)?.to_vec())
    }

    /// The beginning of a part whose size the file tells, as far as the file goes.
    pub(super) fn start_of(&mut self, at: u64, size: u64, most: usize) -> Result<Vec<u8>, Stop> {
        let there = self.length.saturating_sub(at).min(size);
        let size = usize::try_from(there).unwrap_or(usize::MAX).min(most).min(PIECE);
        Ok(self.bytes(at, size)?.to_vec())
    }

    fn bytes(&mut self, at: u64, size: usize) -> Result<&[u8], Stop> {
        if at.checked_add(size as u64).is_none_or(|end| end > self.length) {
            return Err(Stop::Broken(Broken::CutShort));
        }
        let offset = at.checked_sub(self.start).and_then(|offset| usize::try_from(offset).ok());
        let is_here = offset.and_then(|offset| offset.checked_add(size)).is_some_and(|end| end <= self.window.len());
        let offset = if is_here { offset.unwrap_or_default() } else { self.load(at, size, offset)? };
        self.window.get(offset..).and_then(|bytes| bytes.get(..size)).ok_or(Stop::Ask)
    }

    /// Moves the window to a place; the answer is where in it that place is.
    fn load(&mut self, at: u64, size: usize, offset: Option<usize>) -> Result<usize, Stop> {
        let goes_on = offset.is_some_and(|offset| offset <= self.window.len() + JUMP);
        let ahead = if goes_on { (self.window.len() * 2).clamp(JUMP, AHEAD) } else { JUMP };
        let there = usize::try_from(self.length - at).unwrap_or(usize::MAX);
        let wanted = size.max(ahead).min(there);
        self.bytes_left = self.bytes_left.checked_sub(wanted as u64).ok_or(Stop::Ask)?;
        self.reads_left = self.reads_left.checked_sub(1).ok_or(Stop::Ask)?;
        self.window.resize(wanted, 0);
        self.start = at;
        match self.file.read_exact_at(&mut self.window, at) {
            Ok(()) => Ok(0),
            Err(error) => {
                self.window.clear();
                Err(match error.kind() {
                    io::ErrorKind::UnexpectedEof => Stop::Broken(Broken::CutShort),
                    _ => Stop::Disk(error),
                })
            }
        }
    }
}

/// What is left of bytes that are here. Where they end too early, the header that gave their size is wrong.
#[derive(Clone, Copy)]
pub(super) struct Cut<'a>(pub(super) &'a [u8]);

impl<'a> Cut<'a> {
    pub(super) fn take(&mut self, size: usize) -> Result<&'a [u8], Stop> {
        let (taken, rest) = self.0.split_at_checked(size).ok_or(Stop::Broken(Broken::Damaged))?;
        self.0 = rest;
        Ok(taken)
    }

    pub(super) fn skip(&mut self, size: usize) -> Result<(), Stop> {
        self.take(size).map(drop)
    }

    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], Stop> {
        let (taken, rest) = self.0.split_first_chunk().ok_or(Stop::Broken(Broken::Damaged))?;
        self.0 = rest;
        Ok(*taken)
    }

    pub(super) fn u8(&mut self) -> Result<u8, Stop> {
        self.array().map(|[byte]| byte)
    }

    pub(super) fn be16(&mut self) -> Result<u16, Stop> {
        self.array().map(u16::from_be_bytes)
    }

    pub(super) fn be24(&mut self) -> Result<u32, Stop> {
        self.array().map(|[a, b, c]| u32::from_be_bytes([0, a, b, c]))
    }

    pub(super) fn be32(&mut self) -> Result<u32, Stop> {
        self.array().map(u32::from_be_bytes)
    }

    pub(super) fn be64(&mut self) -> Result<u64, Stop> {
        self.array().map(u64::from_be_bytes)
    }

    pub(super) fn le16(&mut self) -> Result<u16, Stop> {
        self.array().map(u16::from_le_bytes)
    }

    pub(super) fn le24(&mut self) -> Result<u32, Stop> {
        self.array().map(|[a, b, c]| u32::from_le_bytes([a, b, c, 0]))
    }

    pub(super) fn le32(&mut self) -> Result<u32, Stop> {
        self.array().map(u32::from_le_bytes)
    }

    pub(super) fn le64(&mut self) -> Result<u64, Stop> {
        self.array().map(u64::from_le_bytes)
    }
}
