//! Many small pictures in one.

use super::pixels::{Pixels, Size};

/// The frames beside each other, `columns` in a row, in the order in which they come. Places that stay free are black,
/// or transparent where the frames have alpha.
///
/// `None` without frames or columns, or when the frames differ in size or layout.
pub fn sprite(frames: &[Pixels], columns: u32) -> Option<Pixels> {
    let first = frames.first()?;
    let (size, layout) = (first.size(), first.layout());
    if frames.iter().any(|frame| frame.size() != size || frame.layout() != layout) {
        return None;
    }
    let columns = columns.min(u32::try_from(frames.len()).ok()?);
    let rows =
        u32::try_from(frames.len().div_ceil(usize::try_from(columns).ok().filter(|&columns| columns > 0)?)).ok()?;
    let whole = Size::new(size.width.checked_mul(columns)?, size.height.checked_mul(rows)?);
    let mut data = vec![0; usize::try_from(whole.pixels()).ok()?.checked_mul(layout.channels())?];
    let frame_row = size.width as usize * layout.channels();
    let whole_row = frame_row * columns as usize;
    for (index, frame) in frames.iter().enumerate() {
        let (row, column) = (index / columns as usize, index % columns as usize);
        let top = row * size.height as usize * whole_row + column * frame_row;
        for (y, line) in frame.data().chunks_exact(frame_row).enumerate() {
            let start = top + y * whole_row;
            data[start..start + frame_row].copy_from_slice(line);
        }
    }
    Pixels::new(whole, layout, data)
}
