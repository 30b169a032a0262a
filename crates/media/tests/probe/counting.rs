//! A file that knows what was read of it.

use std::cell::RefCell;
use std::io;
use std::ops::Range;

use reelshelf_media::ReadAt;

pub(crate) struct Counting<'a> {
    bytes: &'a [u8],
    read: RefCell<Vec<Range<usize>>>,
}

impl<'a> Counting<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, read: RefCell::default() }
    }

    pub(crate) fn bytes_read(&self) -> u64 {
        self.read.borrow().iter().map(|part| part.len() as u64).sum()
    }

    /// The parts that were read, one after the other.
    pub(crate) fn parts_read(&self) -> Vec<Range<usize>> {
        self.read.borrow().clone()
    }
}

impl ReadAt for Counting<'_> {
    fn read_exact_at(&self, buffer: &mut [u8], at: u64) -> io::Result<()> {
        let part = usize::try_from(at).ok().map(|at| at..at.saturating_add(buffer.len()));
        let part = part.filter(|part| part.end <= self.bytes.len()).ok_or(io::ErrorKind::UnexpectedEof)?;
        buffer.copy_from_slice(&self.bytes[part.clone()]);
        self.read.borrow_mut().push(part);
        Ok(())
    }
}
