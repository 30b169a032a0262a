//! Runs of palette indices (`BI_RLE8` and `BI_RLE4`).

use std::io::Read;

use super::{KIND, broken};
use crate::picture::decode::Reader;
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
pub(super) fn unpack(reader: &mut Reader, size: Size, bits: u16) -> Result<Vec<u8>, PictureProblem> {
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
