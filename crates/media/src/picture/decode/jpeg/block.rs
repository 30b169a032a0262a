//! From coefficients to fewer pixels: the low frequencies of a block of 8 × 8, transformed back as those of a block of
//! fewer pixels. With the constants of T.81, A.3.3, the mean stays what it is.

/// Coefficients by rows of frequencies, eight in a row; those that are not 0 lie in `columns` × `rows`.
pub(super) struct Block {
    /// There is room behind the 64 for those that nobody needs.
    pub(super) coefficients: [f32; 128],
    pub(super) columns: usize,
    pub(super) rows: usize,
}

impl Block {
    /// Takes note of the places, a bit for each, whose coefficients may not be 0; that of the first is among them.
    pub(super) fn measure(&mut self, seen: u64) {
        let rows = (71 - seen.leading_zeros()) / 8;
        // All rows laid on each other.
        let folded = seen | seen >> 32;
        let folded = folded | folded >> 16;
        let folded = (folded | folded >> 8) & 0xFF;
        (self.rows, self.columns) = (rows as usize, (64 - folded.leading_zeros()) as usize);
    }
}

/// The cosines of an inverse transform to `N` pixels.
#[derive(Clone, Copy)]
pub(super) struct Basis<const N: usize>([[f32; N]; 8]);

impl<const N: usize> Basis<N> {
    /// `[frequency][pixel]`
    fn new() -> Self {
        let mut basis = [[0.0; N]; 8];
        for (frequency, row) in (0_u8..).zip(basis.iter_mut().take(N)) {
            for (pixel, value) in (0_u8..).zip(row.iter_mut()) {
                let size = u8::try_from(N).map_or(8.0, f32::from);
                let angle = f32::from(2 * pixel + 1) * f32::from(frequency) * std::f32::consts::PI / (2.0 * size);
                *value = if frequency == 0 { std::f32::consts::FRAC_1_SQRT_2 / 2.0 } else { angle.cos() / 2.0 };
            }
        }
        Self(basis)
    }
}

/// The cosines for all sizes.
pub(super) struct Bases {
    one: Basis<1>,
    two: Basis<2>,
    four: Basis<4>,
    eight: Basis<8>,
}

impl Bases {
    pub(super) fn new() -> Self {
        Self { one: Basis::new(), two: Basis::new(), four: Basis::new(), eight: Basis::new() }
    }

    /// Whether a block can become so many pixels across and down.
    pub(super) fn have(size: (usize, usize)) -> bool {
        matches!(size, (1, 1 | 2) | (2, 1 | 2 | 4) | (4, 2 | 4 | 8) | (8, 4 | 8))
    }

    /// Writes the block's pixels, whose first row is at the start of `out` and whose rows are `stride` apart.
    pub(super) fn transform(&self, block: &Block, size: (usize, usize), out: &mut [u8], stride: usize) {
        let Self { one, two, four, eight } = self;
        match size {
            (1, 1) => transform(block, one, one, out, stride),
            (1, _) => transform(block, one, two, out, stride),
            (2, 1) => transform(block, two, one, out, stride),
            (2, 2) => transform(block, two, two, out, stride),
            (2, _) => transform(block, two, four, out, stride),
            (4, 2) => transform(block, four, two, out, stride),
            (4, 4) => transform(block, four, four, out, stride),
            (4, _) => transform(block, four, eight, out, stride),
            (_, 4) => transform(block, eight, four, out, stride),
            (_, _) => transform(block, eight, eight, out, stride),
        }
    }
}

#[inline]
fn transform<const X: usize, const Y: usize>(
    block: &Block,
    across: &Basis<X>,
    down: &Basis<Y>,
    out: &mut [u8],
    stride: usize,
) {
    let (columns, rows) = (block.columns.min(X), block.rows.min(Y));
    if (columns, rows) == (1, 1) {
        let mean = byte(block.coefficients[0] / 8.0 + 128.5);
        out.chunks_mut(stride).take(Y).for_each(|line| line[..X].fill(mean));
        return;
    }
    let mut half = [[0.0_f32; X]; 8];
    for (row, coefficients) in half.iter_mut().zip(block.coefficients.chunks_exact(8)).take(rows) {
        for (coefficient, basis) in coefficients.iter().zip(&across.0).take(columns) {
            for (sum, cosine) in row.iter_mut().zip(basis) {
                *sum += coefficient * cosine;
            }
        }
    }
    for (y, line) in out.chunks_mut(stride).enumerate().take(Y) {
        // Half of 255 and rounding: samples are stored around 0 (T.81, A.3.1).
        let mut sums = [128.5_f32; X];
        for (row, basis) in half.iter().zip(&down.0).take(rows) {
            for (sum, value) in sums.iter_mut().zip(row) {
                *sum += value * basis[y];
            }
        }
        for (pixel, sum) in line.iter_mut().zip(sums) {
            *pixel = byte(sum);
        }
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to a byte just before")]
#[inline]
fn byte(value: f32) -> u8 {
    value.clamp(0.0, 255.0) as u8
}
