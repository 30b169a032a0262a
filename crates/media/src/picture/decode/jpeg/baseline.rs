//! Baseline JPEG to fewer pixels, fast: what nearly every camera writes, at half its size or less.
//!
//! Most of the time goes into the entropy coding. Here coefficients that the smaller picture does not need are passed
//! over without being looked at, and colours that are stored with less resolution are shrunk by less instead of being
//! enlarged afterwards. Everything unusual or damaged is left to the general decoder, which then also says what is wrong.

use std::io::Read;

use super::bits::Bits;
use super::block::{Bases, Block};
use super::header::{Component, Header};
use super::huffman::Table;
use crate::picture::pixels::{Layout, Pixels, Size};

/// Where each coefficient belongs: its row of frequencies times eight, and its column (T.81, figure A.6).
const ZIGZAG: [u8; 64] = [
    0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7, 14, 21,
    28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54,
    47, 55, 62, 63,
];
/// The place of a coefficient that is not needed.
const PASSED_OVER: u8 = 64;

/// A component while the scan is read.
struct Plane<'a> {
    component: Component,
    dc: &'a Table,
    ac: &'a Table,
    quantization: [u16; 64],
    /// Where each coefficient goes.
    places: [u8; 64],
    /// The pixels that a block becomes, across and down.
    block: (usize, usize),
    /// The DC of the last block.
    last: i32,
    /// One row of MCUs.
    pixels: Vec<u8>,
    stride: usize,
}

/// The picture, `scale` (2, 4 or 8) times smaller; `None` for what the general decoder has to see. `full` is the size
/// that was held against the limits.
pub(super) fn decode(mut reader: impl Read, full: Size, scale: u32) -> Option<Pixels> {
    let header = Header::read(&mut reader)?;
    if header.size != Some(full) || !matches!(scale, 2 | 4 | 8) {
        return None;
    }
    let across = header.components.iter().map(|component| component.across).max()?;
    let down = header.components.iter().map(|component| component.down).max()?;
    let mcus = full.width.div_ceil(u32::try_from(across * 8).ok()?) as usize;
    let rows = full.height.div_ceil(u32::try_from(down * 8).ok()?) as usize;
    let side = 8 / scale as usize;
    let planes = header.components.iter().map(|component| {
        let block = (shared(side * across, component.across)?, shared(side * down, component.down)?);
        let stride = mcus * across * side;
        Bases::have(block).then_some(())?;
        Some(Plane {
            component: *component,
            dc: header.dc.get(component.dc)?.as_ref()?,
            ac: header.ac.get(component.ac)?.as_ref()?,
            quantization: header.quantization_of(component)?,
            places: places(block),
            block,
            last: 0,
            pixels: vec![0; stride * down * side],
            stride,
        })
    });
    let mut planes: Vec<_> = planes.collect::<Option<_>>()?;

    let shrunk = Size::new(full.width.div_ceil(scale), full.height.div_ceil(scale));
    let mut data = Vec::with_capacity(usize::try_from(shrunk.pixels()).ok()? * 3);
    let mut bits = Bits::new(reader);
    let mut block = Block { coefficients: [0.0; 64], columns: 1, rows: 1 };
    let bases = Bases::new();
    let mut until_restart = header.restart_interval;
    for row in 0..rows {
        for mcu in 0..mcus {
            if header.restart_interval > 0 {
                if until_restart == 0 {
                    bits.restart()?;
                    for plane in &mut planes {
                        plane.last = 0;
                    }
                    until_restart = header.restart_interval;
                }
                until_restart -= 1;
            }
            for plane in &mut planes {
                plane.read_mcu(&mut bits, mcu, &mut block, &bases)?;
            }
        }
        if bits.is_overrun() {
            return None;
        }
        let lines = (shrunk.height as usize - row * down * side).min(down * side);
        (0..lines).for_each(|line| color(&planes, line, shrunk.width as usize, &mut data));
    }
    Pixels::new(shrunk, Layout::Rgb, data)
}

/// `whole / part` where that leaves no rest.
fn shared(whole: usize, part: usize) -> Option<usize> {
    (part > 0 && whole.is_multiple_of(part)).then(|| whole / part)
}

fn places((columns, rows): (usize, usize)) -> [u8; 64] {
    ZIGZAG.map(|place| {
        let is_needed = usize::from(place % 8) < columns && usize::from(place / 8) < rows;
        if is_needed { place } else { PASSED_OVER }
    })
}

impl Plane<'_> {
    fn read_mcu<R: Read>(&mut self, bits: &mut Bits<R>, mcu: usize, block: &mut Block, bases: &Bases) -> Option<()> {
        let Component { across, down, .. } = self.component;
        for y in 0..down {
            for x in 0..across {
                self.read_block(bits, block)?;
                let at = y * self.block.1 * self.stride + (mcu * across + x) * self.block.0;
                bases.transform(block, self.block, self.pixels.get_mut(at..)?, self.stride);
                block.coefficients[..block.rows * 8].fill(0.0);
            }
        }
        Some(())
    }

    /// T.81, F.2.2.1 and F.2.2.2.
    #[inline]
    fn read_block<R: Read>(&mut self, bits: &mut Bits<R>, block: &mut Block) -> Option<()> {
        (block.columns, block.rows) = (1, 1);
        bits.refill();
        let length = self.dc.next(bits)?;
        if length > 11 {
            return None;
        }
        self.last = self.last.wrapping_add(i32::from(value(bits, length)));
        let dc = i16::try_from(self.last.clamp(i16::MIN.into(), i16::MAX.into())).unwrap_or(i16::MAX);
        block.coefficients[0] = f32::from(dc) * f32::from(self.quantization[0]);
        let mut index = 1;
        while index < 64 {
            bits.refill();
            let symbol = self.ac.next(bits)?;
            let (run, length) = (usize::from(symbol >> 4), symbol & 15);
            if length == 0 {
                if run < 15 {
                    break;
                }
                index += 16;
                continue;
            }
            index += run;
            let place = usize::from(*self.places.get(index)?);
            if place == usize::from(PASSED_OVER) {
                bits.skip(length.into());
            } else {
                block.coefficients[place] = f32::from(value(bits, length)) * f32::from(self.quantization[index]);
                block.columns = block.columns.max(place % 8 + 1);
                block.rows = block.rows.max(place / 8 + 1);
            }
            index += 1;
        }
        Some(())
    }
}

/// The number whose magnitude has `length` bits, at most 15 (T.81, F.2.2.1, `EXTEND`).
#[inline]
fn value<R: Read>(bits: &mut Bits<R>, length: u8) -> i16 {
    if length == 0 {
        return 0;
    }
    let read = i32::from(bits.peek(length.into()));
    bits.skip(length.into());
    let is_negative = read < 1 << (length - 1);
    let value = if is_negative { read - (1 << length) + 1 } else { read };
    i16::try_from(value).unwrap_or(0)
}

/// Appends a line of the planes as RGB (JFIF 1.02), in 16-bit fixed point.
fn color(planes: &[Plane<'_>], line: usize, width: usize, data: &mut Vec<u8>) {
    let of = |plane: &Plane<'_>| line * plane.stride..line * plane.stride + width;
    match planes {
        [grey] => data.extend(grey.pixels[of(grey)].iter().flat_map(|&grey| [grey; 3])),
        [luma, blue, red] => {
            let pixels = luma.pixels[of(luma)].iter().zip(&blue.pixels[of(blue)]).zip(&red.pixels[of(red)]);
            data.extend(pixels.flat_map(|((&luma, &blue), &red)| rgb(luma, blue, red)));
        }
        _ => {}
    }
}

#[inline]
fn rgb(luma: u8, blue: u8, red: u8) -> [u8; 3] {
    let (luma, blue, red) = ((i32::from(luma) << 16) + (1 << 15), i32::from(blue) - 128, i32::from(red) - 128);
    let byte = |value: i32| u8::try_from((value >> 16).clamp(0, 255)).unwrap_or(u8::MAX);
    [byte(luma + 91_881 * red), byte(luma - 22_554 * blue - 46_802 * red), byte(luma + 116_130 * blue)]
}

#[cfg(test)]
mod tests;
