//! How a stored picture is to be turned: EXIF tag 0x0112 (CIPA DC-008, 4.6.5.1.1).

use super::pixels::{Pixels, Size};

/// One of the eight orientations.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Orientation {
    /// 1: as stored.
    #[default]
    Upright,
    /// 2: left and right exchanged.
    Mirrored,
    /// 3: turned by 180°.
    UpsideDown,
    /// 4: top and bottom exchanged.
    Flipped,
    /// 5: rows and columns exchanged.
    Transposed,
    /// 6: to be turned by 90° clockwise.
    TurnRight,
    /// 7: rows and columns exchanged along the other diagonal.
    Transversed,
    /// 8: to be turned by 90° anticlockwise.
    TurnLeft,
}

impl Orientation {
    /// Anything that the standard does not name is upright.
    pub(super) fn from_exif(value: u16) -> Self {
        match value {
            2 => Self::Mirrored,
            3 => Self::UpsideDown,
            4 => Self::Flipped,
            5 => Self::Transposed,
            6 => Self::TurnRight,
            7 => Self::Transversed,
            8 => Self::TurnLeft,
            _ => Self::Upright,
        }
    }

    /// Whether rows become columns.
    fn turns(self) -> bool {
        matches!(self, Self::Transposed | Self::TurnRight | Self::Transversed | Self::TurnLeft)
    }

    /// The size, as it is shown, of a picture that is stored as `size`; and the other way round.
    pub(super) fn of(self, size: Size) -> Size {
        if self.turns() { size.transposed() } else { size }
    }

    /// The picture as it is to be shown.
    pub(super) fn apply(self, pixels: Pixels) -> Pixels {
        if self == Self::Upright {
            return pixels;
        }
        match pixels.layout().channels() {
            3 => self.rearrange::<3>(pixels),
            _ => self.rearrange::<4>(pixels),
        }
    }

    fn rearrange<const CHANNELS: usize>(self, pixels: Pixels) -> Pixels {
        let shown = self.of(pixels.size());
        let (width, height) = (pixels.size().width as usize, pixels.size().height as usize);
        let (stored, _) = pixels.data().as_chunks::<CHANNELS>();
        let mut data = Vec::with_capacity(pixels.data().len());
        for y in 0..shown.height as usize {
            for x in 0..shown.width as usize {
                let (from_x, from_y) = match self {
                    Self::Upright => (x, y),
                    Self::Mirrored => (width - 1 - x, y),
                    Self::UpsideDown => (width - 1 - x, height - 1 - y),
                    Self::Flipped => (x, height - 1 - y),
                    Self::Transposed => (y, x),
                    Self::TurnRight => (y, height - 1 - x),
                    Self::Transversed => (width - 1 - y, height - 1 - x),
                    Self::TurnLeft => (width - 1 - y, x),
                };
                data.extend_from_slice(&stored[from_y * width + from_x]);
            }
        }
        Pixels::new(shown, pixels.layout(), data).unwrap_or(pixels)
    }
}
