//! From decoded pixels to what was ordered.

use super::decode::{Source, Still};
use super::encode::{PictureFormat, encode};
use super::limits::PictureLimits;
use super::order::{Cut, PictureOrder, cut, thumbnails, with_long_side};
use super::pixels::{Pixels, Size};
use super::problem::PictureProblem;
use super::resize::resize;
use super::{MadePicture, Out, Rendered, color};

/// Makes what is ordered and hands it out.
pub(super) fn develop(
    source: Source,
    order: &PictureOrder,
    _limits: &PictureLimits,
    out: &mut Out<'_>,
) -> Result<Rendered, PictureProblem> {
    let Source::Still(still) = source;
    let mut made = Made { list: Vec::new(), out };
    let rendered = (still.kind, still.shown());
    match order {
        PictureOrder::Thumbnails { long_sides, .. } => make_thumbnails(still, long_sides, &mut made)?,
        PictureOrder::Boxed { width, height, fit, format } => {
            let cut = cut(still.shown(), *width, *height, *fit);
            made.add(format!("picture.{}", format.extension()), &finish(still, cut)?, *format)?;
        }
    }
    Ok(Rendered { kind: rendered.0, size: rendered.1, animated: false, made: made.list })
}

/// Each smaller thumbnail is made of the next larger one: what a larger one lacks, a smaller one does not show.
fn make_thumbnails(still: Still, long_sides: &[u32], made: &mut Made<'_, '_>) -> Result<(), PictureProblem> {
    let full = still.shown();
    let mut sides = thumbnails(long_sides, full.long_side()).into_iter();
    let Some((name, side)) = sides.next() else { return Ok(()) };
    let mut larger = finish(still, Cut { part: full, result: with_long_side(full, side) })?;
    made.add(name, &larger, PictureFormat::Webp)?;
    for (name, side) in sides {
        larger = resize(&larger, larger.size(), with_long_side(full, side))?;
        made.add(name, &larger, PictureFormat::Webp)?;
    }
    Ok(())
}

/// Resized, upright and in sRGB. The cut is measured on the picture as it is shown, at its full size.
fn finish(still: Still, cut: Cut) -> Result<Pixels, PictureProblem> {
    let stored = still.pixels.size();
    let full = still.full;
    let part = still.orientation.of(cut.part);
    // The decoder may have given fewer pixels than the cut was measured on.
    let fewer = |part: u32, stored: u32, full: u32| super::order::scaled(part, stored, full).min(stored);
    let part = Size::new(fewer(part.width, stored.width, full.width), fewer(part.height, stored.height, full.height));
    let result = still.orientation.of(cut.result);
    let resized = if part == stored && result == stored { still.pixels } else { resize(&still.pixels, part, result)? };
    let upright = still.orientation.apply(resized);
    Ok(color::to_srgb(upright, still.profile.as_deref()))
}

/// What was made so far, and where it goes.
struct Made<'a, 'b> {
    list: Vec<MadePicture>,
    out: &'a mut Out<'b>,
}

impl Made<'_, '_> {
    fn add(&mut self, name: String, pixels: &Pixels, format: PictureFormat) -> Result<(), PictureProblem> {
        let bytes = encode(pixels, format)?;
        (self.out)(&name, &bytes).map_err(PictureProblem::Output)?;
        self.list.push(MadePicture { name, size: pixels.size(), format });
        Ok(())
    }
}
