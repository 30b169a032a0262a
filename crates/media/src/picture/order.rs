//! What can be ordered, and which sizes follow from it.

use serde::{Deserialize, Serialize};

use super::encode::PictureFormat;
use super::pixels::Size;
use super::problem::PictureProblem;

/// The long sides, in pixels, of the thumbnails that every picture gets.
pub const THUMBNAIL_SIDES: [u32; 4] = [160, 320, 640, 1280];

/// Longest side that can be ordered: the most that WebP can hold.
const LONGEST_SIDE: u32 = 16_383;

/// What to make of one picture.
#[derive(Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum PictureOrder {
    /// `thumb-SIDE.webp` for each long side, and `preview.webp` of an animation.
    ///
    /// Nothing is enlarged. A side that the picture does not fill gives the picture's own size, and that is made once:
    /// under the name of the smallest such side. Whoever wants a larger one takes the largest there is.
    Thumbnails {
        /// Long sides in pixels, in any order.
        long_sides: Vec<u32>,
        /// Whether an animation gets a short animated preview too.
        preview: bool,
    },
    /// `picture.EXTENSION` for a box of the given size.
    Boxed {
        /// Width of the box; without it only the height bounds.
        width: Option<u32>,
        /// Height of the box; without it only the width bounds.
        height: Option<u32>,
        /// How the picture fits into the box.
        fit: Fit,
        /// How the result is encoded.
        format: PictureFormat,
    },
}

/// How a picture fits into a box.
#[derive(Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum Fit {
    /// All of it, as large as the box allows, never enlarged; the result may be smaller than the box.
    Contain,
    /// The box's shape, filled, what stands over cut off on both sides alike; never enlarged: a picture smaller than the
    /// box gives the largest part of it that has the box's shape.
    Cover,
    /// Exactly the box, stretched or enlarged as needed.
    Fill,
}

impl Default for PictureOrder {
    fn default() -> Self {
        Self::Thumbnails { long_sides: THUMBNAIL_SIDES.to_vec(), preview: true }
    }
}

/// A part of a picture and the size that it gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cut {
    /// The part, centred; the whole picture unless something stands over.
    pub(super) part: Size,
    /// The size of the result.
    pub(super) result: Size,
}

impl PictureOrder {
    /// Refuses sides of no or too many pixels.
    pub(super) fn check(&self) -> Result<(), PictureProblem> {
        let good = |side: u32| (1..=LONGEST_SIDE).contains(&side);
        let well = match self {
            Self::Thumbnails { long_sides, .. } => !long_sides.is_empty() && long_sides.iter().copied().all(good),
            Self::Boxed { width, height, .. } => {
                (width.is_some() || height.is_some()) && width.iter().chain(height).copied().all(good)
            }
        };
        if well { Ok(()) } else { Err(PictureProblem::Order("A picture is ordered with sides of 1 to 16,383 pixels.")) }
    }

    /// By which whole factor a picture of `full` pixels may shrink while it is decoded, whatever its orientation,
    /// without having fewer pixels than the order needs. At least 1.
    pub(super) fn room(&self, full: Size) -> u32 {
        let room = match self {
            Self::Thumbnails { long_sides, .. } => {
                long_sides.iter().max().map_or(1, |longest| full.long_side() / longest)
            }
            Self::Boxed { width, height, fit, .. } => {
                let of = |full: Size| {
                    let across = width.map(|width| full.width / width);
                    let down = height.map(|height| full.height / height);
                    match fit {
                        Fit::Contain => across.max(down),
                        Fit::Cover | Fit::Fill => across.into_iter().chain(down).min(),
                    }
                };
                of(full).min(of(full.transposed())).unwrap_or(1)
            }
        };
        room.max(1)
    }
}

/// The sides of thumbnails to make of a picture whose long side is `full`, from the largest: each name and the long
/// side in pixels.
pub(super) fn thumbnails(long_sides: &[u32], full: u32) -> Vec<(String, u32)> {
    let mut sides = long_sides.to_vec();
    sides.sort_unstable();
    sides.dedup();
    let enough = sides.iter().position(|&side| side >= full).map_or(sides.len(), |index| index + 1);
    sides.truncate(enough);
    sides.into_iter().rev().map(|side| (format!("thumb-{side}.webp"), side.min(full))).collect()
}

/// The size of a picture of `full` pixels whose long side becomes `side`.
pub(super) fn with_long_side(full: Size, side: u32) -> Size {
    let long = full.long_side();
    Size::new(scaled(full.width, side, long), scaled(full.height, side, long))
}

/// What of a picture of `full` pixels goes into a box, and how large it becomes.
pub(super) fn cut(full: Size, width: Option<u32>, height: Option<u32>, fit: Fit) -> Cut {
    let (Some(width), Some(height)) = (width, height) else {
        // With one side the other follows: every fit is the same, but that only `Fill` enlarges.
        let most = |side: u32, own: u32| if fit == Fit::Fill { side } else { side.min(own) };
        let result = match (width, height) {
            (Some(width), _) => {
                let width = most(width, full.width);
                Size::new(width, scaled(full.height, width, full.width))
            }
            (None, Some(height)) => {
                let height = most(height, full.height);
                Size::new(scaled(full.width, height, full.height), height)
            }
            (None, None) => full,
        };
        return Cut { part: full, result: bounded(result) };
    };
    let is_wider = u64::from(full.width) * u64::from(height) > u64::from(width) * u64::from(full.height);
    match fit {
        Fit::Fill => Cut { part: full, result: Size::new(width, height) },
        Fit::Contain => {
            let result = if is_wider {
                let width = width.min(full.width);
                Size::new(width, scaled(full.height, width, full.width))
            } else {
                let height = height.min(full.height);
                Size::new(scaled(full.width, height, full.height), height)
            };
            Cut { part: full, result: bounded(result) }
        }
        Fit::Cover => {
            let part = if is_wider {
                Size::new(scaled(width, full.height, height).min(full.width), full.height)
            } else {
                Size::new(full.width, scaled(height, full.width, width).min(full.height))
            };
            let fits = part.width >= width && part.height >= height;
            Cut { part, result: if fits { Size::new(width, height) } else { bounded(part) } }
        }
    }
}

/// A size within what can be written, its shape kept.
fn bounded(size: Size) -> Size {
    if size.long_side() > LONGEST_SIDE { with_long_side(size, LONGEST_SIDE) } else { size }
}

/// `side * numerator / denominator`, rounded, at least 1. The denominator is not 0.
pub(super) fn scaled(side: u32, numerator: u32, denominator: u32) -> u32 {
    let denominator = u64::from(denominator);
    let rounded = (u64::from(side) * u64::from(numerator) + denominator / 2) / denominator;
    u32::try_from(rounded).unwrap_or(u32::MAX).max(1)
}
