//! Baseline JPEG to fewer pixels, fast: what nearly every camera writes, at half its size or less.
//!
//! Most of the time goes into the entropy coding. Here coefficients that the smaller picture does not need are passed
//! over without being looked at, and colours that are stored with less resolution are shrunk by less instead of being
//! enlarged afterwards. Everything unusual or damaged is left to the general decoder, which then also says what is wrong.

use std::io::Read;

use super::bits::{Bits, Window};
use super::block::{Bases, Block};
use super::header::{Component, Header};
use super::huffman::{Code, Table};
use crate::picture::pixels::{Layout, Pixels, Size};

/// Where each coefficient belongs: its row of frequencies times eight, and its column (T.81, figure A.6).
const ZIGZAG: [u8; 64] = [
    0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7, 14, 21,
    28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54,
    47, 55, 62, 63,
];
/// The place of coefficients that are not needed: behind the others.
const PASSED_OVER: u8 = 64;

/// A component while the scan is read.
struct Plane<'a> {
    component: Component,
    dc: &'a Table,
    ac: &'a Table,
    quantization: [f32; 64],
    /// Where each coefficient goes, those aside that would come after the last.
    places: [u8; 64],
    /// A bit for each place.
    bits: [u64; 64],
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
            quantization: header.quantization_of(component)?.map(f32::from),
            places: places(block),
            bits: places(block).map(|place| 1_u64.checked_shl(place.into()).unwrap_or(0)),
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
    let mut window = Window::default();
    let mut block = Block { coefficients: [0.0; 128], columns: 1, rows: 1 };
    let bases = Bases::new();
    let mut until_restart = header.restart_interval;
    for row in 0..rows {
        for mcu in 0..mcus {
            if header.restart_interval > 0 {
                if until_restart == 0 {
                    window = bits.restart(window)?;
                    for plane in &mut planes {
                        plane.last = 0;
                    }
                    until_restart = header.restart_interval;
                }
                until_restart -= 1;
            }
            for plane in &mut planes {
                window = plane.read_mcu(&mut bits, window, mcu, &mut block, &bases)?;
            }
        }
        if bits.is_overrun(window) {
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
    fn read_mcu<R: Read>(
        &mut self,
        bits: &mut Bits<R>,
        mut window: Window,
        mcu: usize,
        block: &mut Block,
        bases: &Bases,
    ) -> Option<Window> {
        let Component { across, down, .. } = self.component;
        for y in 0..down {
            for x in 0..across {
                window = self.read_block(bits, window, block)?;
                let at = y * self.block.1 * self.stride + (mcu * across + x) * self.block.0;
                bases.transform(block, self.block, self.pixels.get_mut(at..)?, self.stride);
                block.coefficients[..block.rows * 8].fill(0.0);
            }
        }
        Some(window)
    }

    /// T.81, F.2.2.1 and F.2.2.2.
    #[inline]
    fn read_block<R: Read>(&mut self, bits: &mut Bits<R>, mut window: Window, block: &mut Block) -> Option<Window> {
        window = bits.refill(window);
        let code = self.dc.next(window)?;
        if code.size() > 11 || code.run() > 0 {
            return None;
        }
        self.last = self.last.wrapping_add(value(window, code));
        window.skip(code.total());
        block.coefficients[0] = float(self.last) * self.quantization[0];
        let mut seen = 1_u64;
        let mut index = 1;
        while index < 64 {
            window = bits.refill(window);
            let code = self.ac.next(window)?;
            index += code.run();
            if code.size() == 0 {
                window.skip(code.total());
                if code.run() < 15 {
                    break;
                }
            } else {
                // No question whether it is needed: a wrong guess of the processor costs more than the product.
                let place = *self.places.get(index)?;
                let value = float(value(window, code)) * self.quantization[index];
                block.coefficients[usize::from(place % 128)] = value;
                seen |= self.bits[index];
                window.skip(code.total());
            }
            index += 1;
        }
        block.measure(seen);
        Some(window)
    }
}

/// The number behind a code, whose magnitude has `code.size()` bits (T.81, F.2.2.1, `EXTEND`).
#[inline]
fn value(window: Window, code: Code) -> i32 {
    let size = code.size();
    let read = i32::from(window.peek(code.length(), size));
    // All ones for a negative number, whose highest bit is 0: half of them are, so no processor guesses it.
    let negative = (read - ((1 << size) >> 1)) >> 31;
    read + (negative & (1 - (1 << size)))
}

#[expect(clippy::cast_precision_loss, reason = "what is not damaged is far below 2^24, and the rest is not seen")]
#[inline]
fn float(value: i32) -> f32 {
    value as f32
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
