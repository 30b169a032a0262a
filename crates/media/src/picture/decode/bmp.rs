//! Windows bitmaps, reduced row by row. An own reader, since those to be had either hold the whole picture or got 16-bit
//! pictures wrong; the format is small. Source: Microsoft's "Bitmap Storage" and the structures that it names.

mod header;
mod rle;

use std::io::{Read, Seek, SeekFrom};

use super::{About, Reader, Still, Task};
use crate::picture::orientation::Orientation;
use crate::picture::pixels::Layout;
use crate::picture::problem::{PictureKind, PictureProblem};
use crate::picture::reduce::Reducer;
use header::{Coding, Header};

const KIND: PictureKind = PictureKind::Bmp;
/// Rows lie in the file from the bottom; so many bytes of them are read at once, and no fewer than one row.
const BAND_BYTES: u64 = 1 << 18;

pub(super) fn decode(mut reader: Reader, task: &Task<'_>) -> Result<Still, PictureProblem> {
    let header = Header::read(&mut reader, task.limits)?;
    let full = header.size;
    let layout = if header.has_alpha() { Layout::Rgba } else { Layout::Rgb };
    let reducer = Reducer::new(full, layout, Reducer::factor(task.order.room(full)));
    let pixels = match header.coding {
        Coding::Runs => runs(&mut reader, &header, reducer, task)?,
        Coding::Indices | Coding::Masks(_) => rows(&mut reader, &header, reducer, task)?,
    };
    let pixels = pixels.finish().ok_or_else(|| broken("pixels are missing"))?;
    let profile = header.profile(&mut reader, task.limits)?;
    let about = About { kind: Some(KIND), full, orientation: Orientation::Upright, profile };
    Ok(Still { about, pixels: pixels.without_idle_alpha() })
}

fn rows(
    reader: &mut Reader,
    header: &Header,
    mut reducer: Reducer,
    task: &Task<'_>,
) -> Result<Reducer, PictureProblem> {
    let stride = header.stride();
    let height = u64::from(header.size.height);
    let rows_at_once = (BAND_BYTES / stride).clamp(1, height);
    task.limits.check_memory(rows_at_once * stride * 2)?;
    let length = |bytes: u64| usize::try_from(bytes).map_err(|_| broken("it is too large"));
    let mut band = vec![0; length(rows_at_once * stride)?];
    let mut row = Vec::new();
    let mut done = 0;
    while done < height {
        let count = rows_at_once.min(height - done);
        let first = if header.is_top_down { done } else { height - done - count };
        let band = &mut band[..length(count * stride)?];
        seek(reader, header.data.saturating_add(first * stride))?;
        reader.read_exact(band).map_err(|error| PictureProblem::read(KIND, error))?;
        let mut lines = band.chunks_exact(length(stride)?);
        let mut add = |line: &[u8]| {
            header.expand(line, &mut row);
            reducer.add_row(&row);
        };
        if header.is_top_down {
            lines.for_each(&mut add);
        } else {
            while let Some(line) = lines.next_back() {
                add(line);
            }
        }
        done += count;
    }
    Ok(reducer)
}

fn runs(
    reader: &mut Reader,
    header: &Header,
    mut reducer: Reducer,
    task: &Task<'_>,
) -> Result<Reducer, PictureProblem> {
    task.limits.check_memory(header.size.pixels())?;
    seek(reader, header.data)?;
    let indices = rle::unpack(reader, header.size, header.bits)?;
    let mut row = Vec::new();
    for line in indices.chunks_exact(header.size.width as usize).rev() {
        row.clear();
        row.extend(line.iter().flat_map(|&index| header.color(index)));
        reducer.add_row(&row);
    }
    Ok(reducer)
}

fn seek(reader: &mut Reader, position: u64) -> Result<(), PictureProblem> {
    reader.seek(SeekFrom::Start(position)).map(drop).map_err(PictureProblem::Input)
}

fn broken(reason: &str) -> PictureProblem {
    PictureProblem::broken(KIND, reason)
}
