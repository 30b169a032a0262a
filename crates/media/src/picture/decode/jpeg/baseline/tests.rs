use jpeg_encoder::{ColorType, Encoder, SamplingFactor};

use super::decode;
use crate::picture::pixels::{Layout, Pixels, Size};
use crate::picture::reduce::Reducer;

/// Neither side is a multiple of an MCU.
const SIZE: Size = Size::new(203, 117);

/// Soft colours, a different one in each direction.
fn drawing() -> Vec<u8> {
    // Up and down by turns.
    let wave = |place: u32, length: u32| {
        let place = place % (2 * length);
        u8::try_from(40 + place.min(2 * length - place) * 170 / length).unwrap_or(0)
    };
    let pixel = |x: u32, y: u32| [wave(x, 31), wave(y, 43), wave(x + y, 57)];
    (0..SIZE.height).flat_map(|y| (0..SIZE.width).flat_map(move |x| pixel(x, y))).collect()
}

fn encoded(sampling: SamplingFactor, restart: u16, color: ColorType) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, 95);
    encoder.set_sampling_factor(sampling);
    encoder.set_restart_interval(restart);
    let drawing = drawing();
    let luma: Vec<u8> = drawing.iter().step_by(3).copied().collect();
    let data = if color == ColorType::Luma { &luma } else { &drawing };
    let sides = (u16::try_from(SIZE.width), u16::try_from(SIZE.height));
    let (Ok(width), Ok(height)) = sides else { unreachable!("the drawing is small") };
    assert!(encoder.encode(data, width, height, color).is_ok());
    bytes
}

/// The means of boxes, which is nearly what shrinking by the DCT gives of a soft picture.
fn wanted(scale: u32, color: ColorType) -> Pixels {
    let mut reducer = Reducer::new(SIZE, Layout::Rgb, scale);
    for row in drawing().chunks(SIZE.width as usize * 3) {
        let grey: Vec<u8> = row.iter().step_by(3).flat_map(|&grey| [grey; 3]).collect();
        reducer.add_row(if color == ColorType::Luma { &grey } else { row });
    }
    reducer.finish().unwrap_or_else(|| unreachable!("all rows are there"))
}

/// The mean difference and the largest, but for the last row and column: there a box is cut off and a block is not.
fn difference(one: &Pixels, other: &Pixels) -> (u64, u8) {
    assert_eq!(one.size(), other.size());
    let width = (one.size().width as usize - 1) * 3;
    let rows = one.rows().zip(other.rows()).take(one.size().height as usize - 1);
    let all: Vec<u8> =
        rows.flat_map(|(one, other)| one.iter().zip(other).take(width).map(|(a, b)| a.abs_diff(*b))).collect();
    let sum: u64 = all.iter().map(|&difference| u64::from(difference)).sum();
    (sum / all.len() as u64, all.into_iter().max().unwrap_or(0))
}

#[test]
fn every_sampling_and_scale_shows_the_picture() {
    use SamplingFactor as Factor;
    for scale in [2, 4, 8] {
        for factor in [Factor::R_4_4_4, Factor::R_4_2_2, Factor::R_4_4_0, Factor::R_4_2_0] {
            for (restart, color) in [(0, ColorType::Rgb), (3, ColorType::Rgb), (0, ColorType::Luma)] {
                let bytes = encoded(factor, restart, color);
                let what = format!("1/{scale} of {factor:?}, restarts {restart}, {color:?}");
                let Some(pixels) = decode(bytes.as_slice(), SIZE, scale) else { unreachable!("{what} is plain") };
                let (mean, most) = difference(&pixels, &wanted(scale, color));
                assert!(mean <= 3 && most <= 30, "{what}: {mean}, at most {most}");
            }
        }
    }
}

#[test]
fn what_is_damaged_is_left_to_the_general_decoder() {
    let bytes = encoded(SamplingFactor::R_4_2_0, 3, ColorType::Rgb);
    assert!(decode(bytes.as_slice(), SIZE, 4).is_some());
    for length in (0..bytes.len() - 20).step_by(11) {
        assert!(decode(&bytes[..length], SIZE, 4).is_none(), "{length} of {} bytes", bytes.len());
    }
    // Another size than the one that was held against the limits.
    assert!(decode(bytes.as_slice(), Size::new(203, 118), 4).is_none());
    // A restart marker that is missing.
    let restart = bytes.windows(2).position(|pair| pair == [0xFF, 0xD1]).unwrap_or(0);
    let without = [&bytes[..restart], &bytes[restart + 2..]].concat();
    assert!(decode(without.as_slice(), SIZE, 4).is_none());
}

#[test]
fn what_is_unusual_is_left_to_the_general_decoder() {
    let mut progressive = Vec::new();
    let mut encoder = Encoder::new(&mut progressive, 95);
    encoder.set_progressive(true);
    assert!(encoder.encode(&drawing(), 203, 117, ColorType::Rgb).is_ok());
    assert!(decode(progressive.as_slice(), SIZE, 4).is_none());
    // Three components of eight and four lines: their blocks do not become whole pixels.
    let unusual = encoded(SamplingFactor::R_4_1_1, 0, ColorType::Rgb);
    assert!(decode(unusual.as_slice(), SIZE, 2).is_none());
}
