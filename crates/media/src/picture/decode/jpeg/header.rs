//! The segments before the scan of a baseline JPEG (ITU-T T.81, annex B).

use std::io::Read;

use super::huffman::Table;
use crate::picture::pixels::Size;

/// One component of the frame.
#[derive(Clone, Copy)]
pub(super) struct Component {
    id: u8,
    /// Blocks of it in an MCU.
    pub(super) across: usize,
    pub(super) down: usize,
    quantization: usize,
    /// Which Huffman tables it takes.
    pub(super) dc: usize,
    pub(super) ac: usize,
}

/// Everything that the scan needs.
#[derive(Default)]
pub(super) struct Header {
    pub(super) size: Option<Size>,
    pub(super) components: Vec<Component>,
    quantization: [Option<[u16; 64]>; 4],
    pub(super) dc: [Option<Table>; 4],
    pub(super) ac: [Option<Table>; 4],
    /// MCUs between restart markers; 0 without.
    pub(super) restart_interval: u16,
}

impl Header {
    /// Reads up to the first byte of the scan. `None` for all that is not plain: more than one scan, colours that are
    /// not YCbCr or grey, metadata between frame and scan, damage.
    pub(super) fn read(reader: &mut impl Read) -> Option<Self> {
        let mut header = Self::default();
        let mut start = [0; 2];
        reader.read_exact(&mut start).ok()?;
        let mut segment = Vec::new();
        loop {
            let marker = next_marker(reader)?;
            let mut length = [0; 2];
            reader.read_exact(&mut length).ok()?;
            segment.resize(usize::from(u16::from_be_bytes(length).checked_sub(2)?), 0);
            reader.read_exact(&mut segment).ok()?;
            match marker {
                0xC0 | 0xC1 => header.frame(&segment)?,
                0xC4 => header.huffman(&segment)?,
                0xDA => {
                    header.scan(&segment)?;
                    return Some(header);
                }
                0xDB => header.quantization(&segment)?,
                0xDD => header.restart_interval = u16::from_be_bytes(*segment.first_chunk()?),
                // Adobe's segment may say that the colours are RGB.
                0xEE if segment.starts_with(b"Adobe") && segment.get(11) != Some(&1) => return None,
                0xE0..=0xEF if header.size.is_none() => {}
                0xFE => {}
                _ => return None,
            }
        }
    }

    fn frame(&mut self, segment: &[u8]) -> Option<()> {
        let (&[precision, high, low, wide, narrow, count], components) = segment.split_first_chunk()?;
        if precision != 8 || self.size.is_some() || !matches!(count, 1 | 3) {
            return None;
        }
        self.size = Some(Size::new(u16::from_be_bytes([wide, narrow]).into(), u16::from_be_bytes([high, low]).into()));
        let (components, _) = components.as_chunks::<3>();
        for &[id, sampling, quantization] in components.iter().take(count.into()) {
            let (across, down) = (usize::from(sampling >> 4), usize::from(sampling & 15));
            self.components.push(Component { id, across, down, quantization: quantization.into(), dc: 0, ac: 0 });
        }
        // A component that is alone has one block in its MCU, whatever its factors (A.2.2).
        if let [alone] = self.components.as_mut_slice() {
            (alone.across, alone.down) = (1, 1);
        }
        let are_rgb = self.components.iter().map(|component| component.id).eq(*b"RGB");
        (self.components.len() == usize::from(count) && !are_rgb).then_some(())
    }

    fn huffman(&mut self, mut segment: &[u8]) -> Option<()> {
        while let Some((&class, rest)) = segment.split_first() {
            let (counts, rest) = rest.split_first_chunk::<16>()?;
            let total = counts.iter().map(|&count| usize::from(count)).sum();
            let (symbols, rest) = rest.split_at_checked(total)?;
            let tables = match class >> 4 {
                0 => &mut self.dc,
                1 => &mut self.ac,
                _ => return None,
            };
            *tables.get_mut(usize::from(class & 15))? = Some(Table::new(counts, symbols)?);
            segment = rest;
        }
        Some(())
    }

    fn quantization(&mut self, mut segment: &[u8]) -> Option<()> {
        while let Some((&class, rest)) = segment.split_first() {
            let (values, rest) = rest.split_first_chunk::<64>()?;
            // Of 16 bits only with 12-bit samples.
            *self.quantization.get_mut(usize::from(class))? = Some(values.map(u16::from));
            segment = rest;
        }
        Some(())
    }

    fn scan(&mut self, segment: &[u8]) -> Option<()> {
        let (&count, rest) = segment.split_first()?;
        if self.components.is_empty() || usize::from(count) != self.components.len() {
            return None;
        }
        let (chosen, _) = rest.as_chunks::<2>();
        for (component, &[id, tables]) in self.components.iter_mut().zip(chosen.get(..count.into())?) {
            if component.id != id {
                return None;
            }
            (component.dc, component.ac) = (usize::from(tables >> 4), usize::from(tables & 15));
        }
        Some(())
    }

    /// What the coefficients of a component are multiplied with, in the order in which they are stored.
    pub(super) fn quantization_of(&self, component: &Component) -> Option<[u16; 64]> {
        *self.quantization.get(component.quantization)?
    }
}

fn next_marker(reader: &mut impl Read) -> Option<u8> {
    let mut byte = [0];
    reader.read_exact(&mut byte).ok()?;
    if byte != [0xFF] {
        return None;
    }
    while byte == [0xFF] {
        reader.read_exact(&mut byte).ok()?;
    }
    Some(byte[0])
}
