//! Huffman codes (ITU-T T.81, annexes C and F.2.2.3).

use super::bits::Window;

/// Codes of at most so many bits are looked up at once.
const FAST_BITS: u32 = 10;

/// A code and what it says: so many coefficients are 0, and the next has so many bits. From the lowest byte: bits of
/// code and coefficient together, bits of the coefficient, zeros, and bits of the code alone, 0 for no code.
#[derive(Clone, Copy, Default)]
pub(super) struct Code(u32);

impl Code {
    fn new(length: u32, symbol: u8) -> Self {
        let (run, size) = (u32::from(symbol >> 4), u32::from(symbol & 15));
        Self(length << 24 | run << 16 | size << 8 | (length + size))
    }

    /// Bits of the code and of the coefficient behind it: less than 32.
    #[inline]
    pub(super) fn total(self) -> u32 {
        self.0 & 31
    }

    /// Bits of the coefficient: less than 16.
    #[inline]
    pub(super) fn size(self) -> u32 {
        (self.0 >> 8) & 15
    }

    /// How many coefficients are 0: less than 16.
    #[inline]
    pub(super) fn run(self) -> usize {
        (self.0 >> 16) as usize & 15
    }

    /// Bits of the code alone.
    #[inline]
    pub(super) fn length(self) -> u32 {
        self.0 >> 24
    }
}

pub(super) struct Table {
    /// The code for each beginning; none for longer codes.
    fast: Box<[Code; 1 << FAST_BITS]>,
    /// For each length, the first code that is longer, in 16 bits from the left.
    limits: [u32; 17],
    /// What to add to a code of each length to find its symbol.
    offsets: [i32; 17],
    symbols: Vec<u8>,
}

impl Table {
    /// How many codes there are of each length from 1 to 16, and their symbols; `None` for codes that cannot be.
    pub(super) fn new(counts: &[u8; 16], symbols: &[u8]) -> Option<Self> {
        let mut table = Self {
            fast: Box::new([Code::default(); 1 << FAST_BITS]),
            limits: [0; 17],
            offsets: [0; 17],
            symbols: symbols.to_vec(),
        };
        let (mut code, mut place) = (0_u32, 0_usize);
        for (length, &count) in (1_u32..).zip(counts) {
            table.offsets[length as usize] = i32::try_from(place).ok()? - i32::try_from(code).ok()?;
            for _ in 0..count {
                let symbol = *symbols.get(place)?;
                if length <= FAST_BITS {
                    let first = (code << (FAST_BITS - length)) as usize;
                    table.fast.get_mut(first..first + (1 << (FAST_BITS - length)))?.fill(Code::new(length, symbol));
                }
                code += 1;
                place += 1;
            }
            if code > 1 << length {
                return None;
            }
            table.limits[length as usize] = code << (16 - length);
            code <<= 1;
        }
        Some(table)
    }

    /// The next code, which the window still stands before; it has to have 16 bits.
    #[inline]
    pub(super) fn next(&self, window: Window) -> Option<Code> {
        let code = self.fast[usize::from(window.peek(0, FAST_BITS))];
        if code.0 == 0 { self.next_long(window) } else { Some(code) }
    }

    #[cold]
    fn next_long(&self, window: Window) -> Option<Code> {
        let code = window.peek(0, 16);
        let length = (FAST_BITS + 1..=16).find(|&length| u32::from(code) < self.limits[length as usize])?;
        let place = i32::from(code >> (16 - length)) + self.offsets[length as usize];
        Some(Code::new(length, *self.symbols.get(usize::try_from(place).ok()?)?))
    }
}
