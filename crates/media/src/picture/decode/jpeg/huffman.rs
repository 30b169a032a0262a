//! Huffman codes (ITU-T T.81, annexes C and F.2.2.3).

use std::io::Read;

use super::bits::Bits;

/// Codes of at most so many bits are looked up at once.
const FAST_BITS: u32 = 10;

pub(super) struct Table {
    /// For each beginning: the length of its code above the symbol; 0 for longer codes.
    fast: Vec<u16>,
    /// For each length, the first code that is longer, in 16 bits from the left.
    limits: [u32; 17],
    /// What to add to a code of each length to find its symbol.
    offsets: [i32; 17],
    symbols: Vec<u8>,
}

impl Table {
    /// How many codes there are of each length from 1 to 16, and their symbols; `None` for codes that cannot be.
    pub(super) fn new(counts: &[u8; 16], symbols: &[u8]) -> Option<Self> {
        let mut table =
            Self { fast: vec![0; 1 << FAST_BITS], limits: [0; 17], offsets: [0; 17], symbols: symbols.to_vec() };
        let (mut code, mut place) = (0_u32, 0_usize);
        for (length, &count) in (1_u32..).zip(counts) {
            table.offsets[length as usize] = i32::try_from(place).ok()? - i32::try_from(code).ok()?;
            for _ in 0..count {
                let symbol = *symbols.get(place)?;
                if length <= FAST_BITS {
                    let entry = u16::try_from(length << 8).ok()? | u16::from(symbol);
                    let first = (code << (FAST_BITS - length)) as usize;
                    table.fast.get_mut(first..first + (1 << (FAST_BITS - length)))?.fill(entry);
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

    /// The next symbol; 16 bits have to be there.
    #[inline]
    pub(super) fn next<R: Read>(&self, bits: &mut Bits<R>) -> Option<u8> {
        let entry = self.fast[usize::from(bits.peek(FAST_BITS))];
        if entry == 0 {
            return self.next_long(bits);
        }
        let [length, symbol] = entry.to_be_bytes();
        bits.skip(length.into());
        Some(symbol)
    }

    #[cold]
    fn next_long<R: Read>(&self, bits: &mut Bits<R>) -> Option<u8> {
        let code = bits.peek(16);
        let length = (FAST_BITS + 1..=16).find(|&length| u32::from(code) < self.limits[length as usize])?;
        bits.skip(length);
        let place = i32::from(code >> (16 - length)) + self.offsets[length as usize];
        self.symbols.get(usize::try_from(place).ok()?).copied()
    }
}
