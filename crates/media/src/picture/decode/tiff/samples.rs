//! The samples of a TIFF become pixels.

use tiff::ColorType;

use crate::picture::pixels::Layout;

/// What the samples of a pixel are.
pub(super) struct Samples {
    color: Color,
    /// Bits of one sample as they lie in a row: 8 where they were more.
    bits: usize,
    is_premultiplied: bool,
}

/// What an alpha channel did to the colours (TIFF 6.0, `ExtraSamples`).
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Alpha {
    /// It is multiplied in.
    Associated,
    /// They are as they are.
    Unassociated,
}

#[derive(Clone, Copy)]
enum Color {
    Grey,
    GreyAlpha,
    Rgb,
    Rgba,
    Cmyk,
    CmykAlpha,
    YCbCr,
}

impl Samples {
    /// `None` for colours that are not read.
    pub(super) fn new(color: ColorType, alpha: Option<Alpha>) -> Option<Self> {
        let (color, bits) = match color {
            ColorType::Gray(bits) => (Color::Grey, bits),
            ColorType::GrayA(bits) => (Color::GreyAlpha, bits),
            ColorType::RGB(bits) => (Color::Rgb, bits),
            ColorType::RGBA(bits) => (Color::Rgba, bits),
            ColorType::CMYK(bits) => (Color::Cmyk, bits),
            ColorType::CMYKA(bits) => (Color::CmykAlpha, bits),
            // What the decoder makes of grey with another sample.
            ColorType::Multiband { bit_depth, num_samples: 2 } if alpha.is_some() => (Color::GreyAlpha, bit_depth),
            ColorType::YCbCr(bits) => (Color::YCbCr, bits),
            _ => return None,
        };
        let bits = match bits {
            1 | 2 | 4 | 8 => usize::from(bits),
            16 | 32 => 8,
            _ => return None,
        };
        Some(Self { color, bits, is_premultiplied: alpha == Some(Alpha::Associated) })
    }

    pub(super) fn layout(&self) -> Layout {
        match self.color {
            Color::Grey | Color::Rgb | Color::YCbCr => Layout::Rgb,
            Color::GreyAlpha | Color::Rgba => Layout::Rgba,
            Color::Cmyk | Color::CmykAlpha => Layout::Cmyk,
        }
    }

    /// Samples of a pixel.
    pub(super) fn count(&self) -> usize {
        match self.color {
            Color::Grey => 1,
            Color::GreyAlpha => 2,
            Color::Rgb | Color::YCbCr => 3,
            Color::Rgba | Color::Cmyk => 4,
            Color::CmykAlpha => 5,
        }
    }

    /// Bytes that a pixel takes at most while it is decoded: 32 bits for each sample, and its upper 8.
    pub(super) fn bytes_per_pixel(&self) -> u64 {
        self.count() as u64 * 5
    }

    /// Whether each sample is a byte.
    pub(super) fn are_bytes(&self) -> bool {
        self.bits == 8
    }

    /// The `index`th row of `width` pixels, in this layout. Each row begins on a byte. What is not there is 0.
    pub(super) fn row(&self, bytes: &[u8], index: usize, width: usize, row: &mut Vec<u8>) {
        row.clear();
        let stride = (width * self.count() * self.bits).div_ceil(8);
        let from = (stride * index).min(bytes.len());
        let bytes = &bytes[from..(from + stride).min(bytes.len())];
        let unpacked;
        let values = if self.bits == 8 {
            bytes
        } else {
            unpacked = self.unpack(bytes, width * self.count());
            &unpacked
        };
        for pixel in values.chunks_exact(self.count()) {
            self.push(pixel, row);
        }
    }

    /// Samples of less than 8 bits, the first in the highest bits, stretched to 8 bits.
    fn unpack(&self, bytes: &[u8], count: usize) -> Vec<u8> {
        let most = (1_u16 << self.bits) - 1;
        let stretch = 255 / most;
        let value = |byte: u8, shift: usize| {
            let value = (u16::from(byte) >> shift) & most;
            u8::try_from(value * stretch).unwrap_or(u8::MAX)
        };
        let shifts = (0..8 / self.bits).map(|place| 8 - self.bits * (place + 1));
        bytes.iter().flat_map(|&byte| shifts.clone().map(move |shift| value(byte, shift))).take(count).collect()
    }

    fn push(&self, pixel: &[u8], row: &mut Vec<u8>) {
        let alone = |value: u8, alpha: u8| if self.is_premultiplied { divided(value, alpha) } else { value };
        match (self.color, pixel) {
            (Color::Grey, &[grey]) => row.extend([grey; 3]),
            (Color::GreyAlpha, &[grey, alpha]) => {
                let grey = alone(grey, alpha);
                row.extend([grey, grey, grey, alpha]);
            }
            (Color::Rgba, &[red, green, blue, alpha]) => {
                row.extend([alone(red, alpha), alone(green, alpha), alone(blue, alpha), alpha]);
            }
            (Color::CmykAlpha, &[c, m, y, k, _]) => row.extend([c, m, y, k]),
            (Color::YCbCr, &[y, cb, cr]) => row.extend(rgb(y, cb, cr)),
            (_, _) => row.extend_from_slice(pixel),
        }
    }
}

/// A colour without the alpha that was multiplied in.
fn divided(value: u8, alpha: u8) -> u8 {
    let quotient = (u16::from(value) * 255 + u16::from(alpha) / 2).checked_div(alpha.into()).unwrap_or(0);
    u8::try_from(quotient).unwrap_or(u8::MAX)
}

/// BT.601 at full range, in 16-bit fixed point (JFIF 1.02).
fn rgb(y: u8, cb: u8, cr: u8) -> [u8; 3] {
    let (luma, blue, red) = (i32::from(y) << 16, i32::from(cb) - 128, i32::from(cr) - 128);
    let byte = |value: i32| u8::try_from(((value + (1 << 15)) >> 16).clamp(0, 255)).unwrap_or(u8::MAX);
    [byte(luma + 91_881 * red), byte(luma - 22_554 * blue - 46_802 * red), byte(luma + 116_130 * blue)]
}
