//! Moving pictures, of which ffmpeg gave frames: one that stands for all, and many in one picture.

mod frames;
mod poster;
mod storyboard;

pub(crate) use frames::Frames;
pub(crate) use poster::{Wish, choose};
pub(crate) use storyboard::{COLUMNS, index};

use crate::Size;

/// A size of this shape whose long side is at most so long.
pub(crate) fn within(size: Size, long_side: u32) -> Size {
    let long = size.long_side();
    if long <= long_side {
        return size;
    }
    let scaled = |side: u32| {
        let scaled = (u64::from(side) * u64::from(long_side) + u64::from(long) / 2) / u64::from(long);
        u32::try_from(scaled).unwrap_or(long_side).max(1)
    };
    Size::new(scaled(size.width), scaled(size.height))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_side_is_kept_within_and_the_shape_with_it() {
        for ((width, height), (across, down)) in
            [((1920, 1080), (160, 90)), ((1080, 1920), (90, 160)), ((100, 50), (100, 50)), ((10_000, 1), (160, 1))]
        {
            assert_eq!(within(Size::new(width, height), 160), Size::new(across, down));
        }
    }
}
