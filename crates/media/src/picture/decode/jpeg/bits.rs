//! The bits of an entropy-coded segment (ITU-T T.81, F.2.2.5): bytes, of which 0xFF is followed by a 0 that is dropped.

use std::io::Read;

const BUFFER_BYTES: usize = 1 << 16;
const RESTART_MARKERS: std::ops::RangeInclusive<u8> = 0xD0..=0xD7;

/// Where the bits come from.
pub(super) struct Bits<R> {
    source: R,
    /// What was read; from `raw_at` to `raw_end` it was not looked at yet.
    raw: Box<[u8]>,
    raw_at: usize,
    raw_end: usize,
    /// Bytes of the segment, without what was stuffed in, from `at` on.
    bytes: Vec<u8>,
    at: usize,
    /// Bytes that were wanted after the last one before a marker or the end, and taken as 0.
    missing: u32,
}

/// The next bits, apart from where they come from so that they stay in registers.
#[derive(Clone, Copy, Default)]
pub(super) struct Window {
    /// The first in the highest place. Below the lowest of `count` bits may stand bits that are read again.
    word: u64,
    count: u32,
}

impl Window {
    /// The next `count` bits, at most 16, of those that [`Bits::refill`] made sure of, after so many others.
    #[inline]
    pub(super) fn peek(self, after: u32, count: u32) -> u16 {
        u16::try_from((self.word << after) >> 1 >> (63 - count)).unwrap_or(0)
    }

    /// Goes on by so many bits, less than 32.
    #[inline]
    pub(super) fn skip(&mut self, count: u32) {
        self.word <<= count;
        self.count = self.count.wrapping_sub(count);
    }
}

impl<R: Read> Bits<R> {
    pub(super) fn new(source: R) -> Self {
        let raw = vec![0; BUFFER_BYTES].into_boxed_slice();
        Self { source, raw, raw_at: 0, raw_end: 0, bytes: Vec::with_capacity(BUFFER_BYTES), at: 0, missing: 0 }
    }

    /// Makes sure of at least 32 bits.
    #[inline]
    pub(super) fn refill(&mut self, mut window: Window) -> Window {
        if window.count >= 32 {
            return window;
        }
        let Some(bytes) = self.bytes.get(self.at..).and_then(<[u8]>::first_chunk) else {
            return self.refill_bytewise(window);
        };
        window.word |= u64::from_be_bytes(*bytes) >> window.count;
        let taken = (63 - window.count) / 8;
        self.at += taken as usize;
        window.count += taken * 8;
        window
    }

    #[cold]
    fn refill_bytewise(&mut self, mut window: Window) -> Window {
        while window.count < 56 {
            if self.at == self.bytes.len() {
                self.unstuff();
            }
            let byte = self.bytes.get(self.at).copied();
            match byte {
                Some(_) => self.at += 1,
                None => self.missing = self.missing.saturating_add(1),
            }
            window.word |= u64::from(byte.unwrap_or(0)) << (56 - window.count);
            window.count += 8;
        }
        window
    }

    /// Takes bytes up to the next marker or the end of what was read; reads more if needed. None is left at a marker
    /// and at the end of the file.
    fn unstuff(&mut self) {
        self.bytes.clear();
        self.at = 0;
        self.has(2);
        loop {
            let raw = &self.raw[self.raw_at..self.raw_end];
            let plain = memchr::memchr(0xFF, raw).unwrap_or(raw.len());
            self.bytes.extend_from_slice(&raw[..plain]);
            self.raw_at += plain;
            if !self.raw[self.raw_at..self.raw_end].starts_with(&[0xFF, 0]) {
                return;
            }
            self.bytes.push(0xFF);
            self.raw_at += 2;
        }
    }

    /// Whether there are so many raw bytes more, after reading if needed.
    fn has(&mut self, bytes: usize) -> bool {
        if self.raw_end - self.raw_at < bytes {
            self.raw.copy_within(self.raw_at..self.raw_end, 0);
            self.raw_end -= self.raw_at;
            self.raw_at = 0;
            while self.raw_end < self.raw.len() {
                match self.source.read(&mut self.raw[self.raw_end..]) {
                    Ok(0) | Err(_) => break,
                    Ok(count) => self.raw_end += count,
                }
            }
        }
        self.raw_end - self.raw_at >= bytes
    }

    /// Whether bits were taken that the segment does not have.
    pub(super) fn is_overrun(&self, window: Window) -> bool {
        self.missing.saturating_mul(8) > window.count
    }

    /// Goes behind the restart marker that has to come now, the last byte's filling aside; `None` when it does not.
    pub(super) fn restart(&mut self, window: Window) -> Option<Window> {
        let left = window.count.checked_sub(self.missing.saturating_mul(8))?;
        if left >= 8 || self.at < self.bytes.len() {
            return None;
        }
        self.unstuff();
        // Before a marker may stand any number of 0xFF.
        while self.has(2) && self.raw[self.raw_at..self.raw_at + 2] == [0xFF, 0xFF] {
            self.raw_at += 1;
        }
        if !self.bytes.is_empty() || !self.has(2) || !RESTART_MARKERS.contains(&self.raw[self.raw_at + 1]) {
            return None;
        }
        self.raw_at += 2;
        self.missing = 0;
        Some(Window::default())
    }
}
