//! The bits of an entropy-coded segment (ITU-T T.81, F.2.2.5): bytes, of which 0xFF is followed by a 0 that is dropped.

use std::io::Read;

const BUFFER_BYTES: usize = 1 << 16;
const RESTART_MARKERS: std::ops::RangeInclusive<u8> = 0xD0..=0xD7;

pub(super) struct Bits<R> {
    source: R,
    buffer: Box<[u8]>,
    at: usize,
    end: usize,
    /// The next bits, the first in the highest place. Below the lowest of `count` bits may stand bits that are read again.
    word: u64,
    count: u32,
    /// Whether a marker or the end of the file was met; `at` is on the marker.
    is_at_marker: bool,
    /// Bytes that were wanted after that, and taken as 0.
    missing: u32,
}

impl<R: Read> Bits<R> {
    pub(super) fn new(source: R) -> Self {
        let buffer = vec![0; BUFFER_BYTES].into_boxed_slice();
        Self { source, buffer, at: 0, end: 0, word: 0, count: 0, is_at_marker: false, missing: 0 }
    }

    /// Makes sure of at least 32 bits.
    #[inline]
    pub(super) fn refill(&mut self) {
        if self.count >= 32 {
            return;
        }
        match self.buffer[self.at..self.end].first_chunk() {
            Some(bytes) if !has_ff(u64::from_be_bytes(*bytes)) => {
                self.word |= u64::from_be_bytes(*bytes) >> self.count;
                let taken = (63 - self.count) / 8;
                self.at += taken as usize;
                self.count += taken * 8;
            }
            _ => self.refill_bytewise(),
        }
    }

    #[cold]
    fn refill_bytewise(&mut self) {
        while self.count <= 56 {
            let byte = self.next_byte().unwrap_or_else(|| {
                self.missing = self.missing.saturating_add(1);
                0
            });
            self.word |= u64::from(byte) << (56 - self.count);
            self.count += 8;
        }
    }

    /// The next byte without what was stuffed in; `None` at a marker and at the end.
    fn next_byte(&mut self) -> Option<u8> {
        if self.is_at_marker || !self.has(1) {
            self.is_at_marker = true;
            return None;
        }
        if self.buffer[self.at] != 0xFF {
            self.at += 1;
            return Some(self.buffer[self.at - 1]);
        }
        while self.has(2) && self.buffer[self.at + 1] == 0xFF {
            self.at += 1;
        }
        if self.has(2) && self.buffer[self.at + 1] == 0 {
            self.at += 2;
            return Some(0xFF);
        }
        self.is_at_marker = true;
        None
    }

    /// Whether there are so many bytes more, after reading if needed.
    fn has(&mut self, bytes: usize) -> bool {
        if self.end - self.at < bytes {
            self.buffer.copy_within(self.at..self.end, 0);
            self.end -= self.at;
            self.at = 0;
            while self.end < self.buffer.len() {
                match self.source.read(&mut self.buffer[self.end..]) {
                    Ok(0) | Err(_) => break,
                    Ok(count) => self.end += count,
                }
            }
        }
        self.end - self.at >= bytes
    }

    /// The next `count` bits, 1 to 16, of those that [`Self::refill`] made sure of.
    #[inline]
    pub(super) fn peek(&self, count: u32) -> u16 {
        u16::try_from(self.word >> (64 - count)).unwrap_or(u16::MAX)
    }

    /// Goes on by so many bits, less than 32.
    #[inline]
    pub(super) fn skip(&mut self, count: u32) {
        self.word <<= count;
        self.count = self.count.saturating_sub(count);
    }

    /// Whether bits were taken that the segment does not have.
    pub(super) fn is_overrun(&self) -> bool {
        self.missing.saturating_mul(8) > self.count
    }

    /// Goes behind the restart marker that has to come now, the last byte's filling aside; `None` when it does not.
    pub(super) fn restart(&mut self) -> Option<()> {
        let left = self.count.checked_sub(self.missing.saturating_mul(8))?;
        if left >= 8
            || self.next_byte().is_some()
            || !self.has(2)
            || !RESTART_MARKERS.contains(&self.buffer[self.at + 1])
        {
            return None;
        }
        self.at += 2;
        (self.word, self.count, self.missing, self.is_at_marker) = (0, 0, 0, false);
        Some(())
    }
}

/// Whether one of the bytes is 0xFF (Hacker's Delight, 6-1: a zero byte in the complement).
#[inline]
fn has_ff(bytes: u64) -> bool {
    const ONES: u64 = 0x0101_0101_0101_0101;
    (!bytes).wrapping_sub(ONES) & bytes & (ONES << 7) != 0
}
