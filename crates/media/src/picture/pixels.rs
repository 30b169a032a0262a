//! Pixels in memory.

use serde::{Deserialize, Serialize};

/// Width and height in pixels.
#[derive(Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// Pixels in a row.
    pub width: u32,
    /// Rows.
    pub height: u32,
}

impl Size {
    /// A width and a height.
    pub const fn new(width: u32, height: u32) -> Self {
        Self { width, height }
    }

    /// Width times height.
    pub fn pixels(self) -> u64 {
        u64::from(self.width) * u64::from(self.height)
    }

    /// The longer of the two.
    pub fn long_side(self) -> u32 {
        self.width.max(self.height)
    }

    /// Width and height exchanged.
    #[must_use]
    pub fn transposed(self) -> Self {
        Self::new(self.height, self.width)
    }
}

/// The channels of a pixel, 8 bit each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// Red, green, blue.
    Rgb,
    /// Red, green, blue, alpha; not premultiplied.
    Rgba,
    /// Cyan, magenta, yellow, black; 255 is full ink. Only between a decoder and the conversion to sRGB.
    Cmyk,
}

impl Layout {
    /// Bytes of one pixel.
    pub const fn channels(self) -> usize {
        match self {
            Self::Rgb => 3,
            Self::Rgba | Self::Cmyk => 4,
        }
    }
}

/// A picture: rows from the top, pixels from the left, nothing between them. It has at least one pixel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pixels {
    size: Size,
    layout: Layout,
    data: Vec<u8>,
}

impl Pixels {
    /// `None` when `data` is not exactly `size` pixels of `layout`, or has none.
    pub fn new(size: Size, layout: Layout, data: Vec<u8>) -> Option<Self> {
        let bytes = size.pixels().checked_mul(layout.channels() as u64)?;
        (bytes > 0 && bytes == data.len() as u64).then_some(Self { size, layout, data })
    }

    /// Width and height.
    pub fn size(&self) -> Size {
        self.size
    }

    /// The channels of a pixel.
    pub fn layout(&self) -> Layout {
        self.layout
    }

    /// All bytes, row after row.
    pub fn data(&self) -> &[u8] {
        &self.data
    }

    /// The rows from the top.
    pub(super) fn rows(&self) -> std::slice::ChunksExact<'_, u8> {
        self.data.chunks_exact(self.size.width as usize * self.layout.channels())
    }

    /// All bytes, row after row, to change.
    pub(super) fn data_mut(&mut self) -> &mut [u8] {
        &mut self.data
    }

    /// The bytes alone.
    pub fn into_data(self) -> Vec<u8> {
        self.data
    }

    /// The same picture without an alpha channel where every pixel is opaque.
    #[must_use]
    pub(super) fn without_idle_alpha(self) -> Self {
        if self.layout != Layout::Rgba || self.data.chunks_exact(4).any(|pixel| pixel[3] != 255) {
            return self;
        }
        let data = self.data.chunks_exact(4).flat_map(|pixel| [pixel[0], pixel[1], pixel[2]]).collect();
        Self { size: self.size, layout: Layout::Rgb, data }
    }
}
