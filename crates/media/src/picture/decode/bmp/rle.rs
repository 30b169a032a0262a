//! Runs of palette indices (`BI_RLE8` and `BI_RLE4`).

use std::io::Read;

use super::{KIND, broken};
use crate::picture::pixels::Size;
use crate::picture::problem::PictureProblem;

/// Where the next index goes; rows count from the bottom.
struct Plane {
    size: Size,
    indices: Vec<u8>,
    x: u32,
    y: u32,
}

impl Plane {
    /// What falls outside the picture is dropped.
    fn put(&mut self, index: u8) {
        if self.x < self.size.width && self.y < self.size.height {
            let at = self.y as usize * self.size.width as usize + self.x as usize;
            self.indices[at] = index;
        }
        self.x = self.x.saturating_add(1);
    }
}

/// One index for each pixel, the bottom row first; 0 where the runs leave something out.
pub(super) fn unpack(reader: &mut impl Read, size: Size, bits: u16) -> Result<Vec<u8>, PictureProblem> {
    let pixels = usize::try_from(size.pixels()).map_err(|_| broken("it is too large"))?;
    let mut plane = Plane { size, indices: vec![0; pixels], x: 0, y: 0 };
    let mut next = || {
        let mut pair = [0; 2];
        reader.read_exact(&mut pair).map(|()| pair).map_err(|error| PictureProblem::read(KIND, error))
    };
    while plane.y < size.height {
        match next()? {
            [0, 0] => (plane.x, plane.y) = (0, plane.y.saturating_add(1)),
            [0, 1] => break,
            [0, 2] => {
                let [right, up] = next()?;
                plane.x = plane.x.saturating_add(right.into());
                plane.y = plane.y.saturating_add(up.into());
            }
            // So many indices as they are, filled up to pairs of bytes.
            [0, count] => {
                let mut left = count;
                while left > 0 {
                    for byte in next()? {
                        for index in split(byte, bits) {
                            if left > 0 {
                                plane.put(index);
                                left -= 1;
                            }
                        }
                    }
                }
            }
            [count, byte] => {
                split(byte, bits).into_iter().cycle().take(count.into()).for_each(|index| plane.put(index));
            }
        }
    }
    Ok(plane.indices)
}

/// The indices in a byte: one of 8 bits, or two of 4.
fn split(byte: u8, bits: u16) -> impl IntoIterator<Item = u8, IntoIter: Clone> {
    let (first, second) = if bits == 4 { (byte >> 4, Some(byte & 15)) } else { (byte, None) };
    std::iter::once(first).chain(second)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unpacked(mut runs: &[u8], bits: u16) -> Option<Vec<u8>> {
        unpack(&mut runs, Size::new(9, 3), bits).ok()
    }

    #[test]
    fn indices_of_eight_bits() {
        // Runs, indices as they are, a jump, two ends of lines: of the kind that Microsoft's text has as its example.
        let runs = [3, 4, 5, 6, 0, 3, 0x45, 0x56, 0x67, 0, 0, 0, 2, 0x78, 0, 2, 5, 0, 2, 0x79, 0, 0, 9, 0x1E, 0, 1];
        let rows: [[u8; 9]; 3] = [[4, 4, 4, 6, 6, 6, 6, 6, 0x45], [0x78, 0x78, 0, 0, 0, 0, 0, 0x79, 0x79], [0x1E; 9]];
        assert_eq!(unpacked(&runs, 8), Some(rows.concat()));
    }

    #[test]
    fn indices_of_four_bits() {
        let runs = [3, 4, 5, 6, 0, 6, 0x45, 0x56, 0x67, 0, 0, 0, 4, 0x78, 0, 1];
        let rows: [[u8; 9]; 3] = [[0, 4, 0, 0, 6, 0, 6, 0, 4], [7, 8, 7, 8, 0, 0, 0, 0, 0], [0; 9]];
        assert_eq!(unpacked(&runs, 4), Some(rows.concat()));
    }

    #[test]
    fn runs_that_end_too_early_are_refused() {
        assert_eq!(unpacked(&[3, 4, 5], 8), None);
        assert_eq!(unpacked(&[0, 5, 1, 2], 8), None);
    }
}
