use super::peaks::Peaks;
use crate::{Layout, Pixels, Size};

/// How large the picture of a sound is, in pixels.
const SIZE: Size = Size::new(1600, 240);

/// The colour of what sounds; silence is transparent.
const INK: [u8; 4] = [0x3b, 0x82, 0xf6, 0xff];

/// Draws sound from left to right: a column reaches from the lowest to the highest sample of its time.
pub(crate) fn draw(peaks: &Peaks) -> Option<Pixels> {
    let (width, height) = (SIZE.width as usize, SIZE.height as usize);
    let points = peaks.points();
    let mut data = vec![0; width * height * INK.len()];
    for column in 0..width {
        let first = column * points.len() / width;
        let end = ((column + 1) * points.len()).div_ceil(width).max(first + 1);
        let Some(time) = points.get(first..end.min(points.len())).filter(|time| !time.is_empty()) else { continue };
        let high = time.iter().map(|point| point.high).max().unwrap_or(0);
        let low = time.iter().map(|point| point.low).min().unwrap_or(0);
        // The middle is always drawn: silence is a line.
        for row in row(high, height)..=row(low, height) {
            let at = (row * width + column) * INK.len();
            data[at..at + INK.len()].copy_from_slice(&INK);
        }
    }
    Pixels::new(SIZE, Layout::Rgba, data)
}

/// Where a sample stands, from the top.
fn row(sample: i16, height: usize) -> usize {
    // 0 for the highest, 65,535 for the lowest.
    let below = usize::from(i16::MAX.abs_diff(sample));
    below * (height - 1) / usize::from(u16::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_highest_sample_is_at_the_top_and_the_lowest_at_the_bottom() {
        assert_eq!([i16::MAX, 0, i16::MIN].map(|sample| row(sample, 240)), [0, 119, 239]);
    }
}
