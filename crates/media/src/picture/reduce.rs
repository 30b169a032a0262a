//! Rows become fewer rows of fewer pixels while they are decoded: each result is the mean of a square box.

use super::pixels::{Layout, Pixels, Size};

/// The largest box side, so that the sum of one row of a box fits into 32 bits (255² · 4,096 < 2³²). What is left to do,
/// resizing does.
const LARGEST_FACTOR: u32 = 4096;

/// Takes the rows of a picture from the top and keeps one pixel for each `factor` × `factor` of them.
///
/// Colours are weighted by alpha, so that what is transparent does not bleed into what is seen.
pub(super) struct Reducer {
    factor: usize,
    layout: Layout,
    full: Size,
    reduced: Size,
    sums: Vec<u64>,
    rows_in_box: usize,
    rows: u32,
    data: Vec<u8>,
}

impl Reducer {
    /// The box side that leaves at least twice the pixels that are needed, given that `room` would leave just enough.
    pub(super) fn factor(room: u32) -> u32 {
        (room / 2).clamp(1, LARGEST_FACTOR)
    }

    /// The size that a picture of `full` pixels is reduced to.
    pub(super) fn reduced(full: Size, factor: u32) -> Size {
        Size::new(full.width.div_ceil(factor), full.height.div_ceil(factor))
    }

    /// `factor` is at least 1 and at most what [`Self::factor`] gives.
    pub(super) fn new(full: Size, layout: Layout, factor: u32) -> Self {
        let reduced = Self::reduced(full, factor);
        let row = reduced.width as usize * layout.channels();
        Self {
            factor: factor as usize,
            layout,
            full,
            reduced,
            sums: if factor == 1 { Vec::new() } else { vec![0; row] },
            rows_in_box: 0,
            rows: 0,
            data: Vec::with_capacity(row * reduced.height as usize),
        }
    }

    /// Takes the next row; rows past the last one are dropped. A row that is too short counts as far as it goes.
    pub(super) fn add_row(&mut self, row: &[u8]) {
        if self.rows == self.full.height {
            return;
        }
        self.rows += 1;
        let row = &row[..row.len().min(self.full.width as usize * self.layout.channels())];
        if self.factor == 1 {
            self.data.extend_from_slice(row);
            return;
        }
        match self.layout {
            Layout::Rgb => self.sum_plain::<3>(row),
            Layout::Cmyk => self.sum_plain::<4>(row),
            Layout::Rgba => self.sum_alpha(row),
        }
        self.rows_in_box += 1;
        if self.rows_in_box == self.factor || self.rows == self.full.height {
            self.close_boxes();
        }
    }

    fn sum_plain<const CHANNELS: usize>(&mut self, row: &[u8]) {
        let boxes = row.chunks(self.factor * CHANNELS);
        for (sums, pixels) in self.sums.chunks_exact_mut(CHANNELS).zip(boxes) {
            let mut here = [0_u32; CHANNELS];
            for pixel in pixels.chunks_exact(CHANNELS) {
                for (sum, &value) in here.iter_mut().zip(pixel) {
                    *sum += u32::from(value);
                }
            }
            for (sum, value) in sums.iter_mut().zip(here) {
                *sum += u64::from(value);
            }
        }
    }

    fn sum_alpha(&mut self, row: &[u8]) {
        for (sums, pixels) in self.sums.chunks_exact_mut(4).zip(row.chunks(self.factor * 4)) {
            let mut here = [0_u32; 4];
            for pixel in pixels.chunks_exact(4) {
                let alpha = u32::from(pixel[3]);
                for (sum, &value) in here.iter_mut().zip(&pixel[..3]) {
                    *sum += u32::from(value) * alpha;
                }
                here[3] += alpha;
            }
            for (sum, value) in sums.iter_mut().zip(here) {
                *sum += u64::from(value);
            }
        }
    }

    fn close_boxes(&mut self) {
        let last = self.full.width as usize - (self.reduced.width as usize - 1) * self.factor;
        let boxes = self.reduced.width as usize;
        let channels = self.layout.channels();
        for (index, sums) in self.sums.chunks_exact_mut(channels).enumerate() {
            let across = if index + 1 == boxes { last } else { self.factor };
            let count = (across * self.rows_in_box) as u64;
            if self.layout == Layout::Rgba {
                let alpha = sums[3];
                self.data.extend(sums[..3].iter().map(|&sum| mean(sum, alpha)));
                self.data.push(mean(alpha, count));
            } else {
                self.data.extend(sums.iter().map(|&sum| mean(sum, count)));
            }
            sums.fill(0);
        }
        self.rows_in_box = 0;
    }

    /// The reduced picture; `None` when rows are missing.
    pub(super) fn finish(self) -> Option<Pixels> {
        Pixels::new(self.reduced, self.layout, self.data)
    }
}

/// `sum / count`, rounded; 0 of nothing.
fn mean(sum: u64, count: u64) -> u8 {
    u8::try_from((sum + count / 2).checked_div(count).unwrap_or(0)).unwrap_or(u8::MAX)
}
