//! From decoded pixels to what was ordered.

use std::borrow::Cow;

use super::decode::{About, Animation, Source, Still};
use super::encode::{PictureFormat, encode};
use super::limits::PictureLimits;
use super::order::{Cut, PictureOrder, cut, scaled, thumbnails, with_long_side};
use super::pixels::{Pixels, Size};
use super::preview::Preview;
use super::problem::{PictureKind, PictureProblem};
use super::resize::resize;
use super::{MadePicture, Out, Rendered, color};

/// The frames of an animation that are looked at have so many times the pixels of one picture at most: three seconds of
/// a large animation, but not for ever.
const ANIMATION_FACTOR: u64 = 4;

/// Makes what is ordered and hands it out.
pub(super) fn develop(
    source: Source,
    order: &PictureOrder,
    limits: &PictureLimits,
    out: &mut Out<'_>,
) -> Result<Rendered, PictureProblem> {
    let (still, preview, animated) = match source {
        Source::Still(still) => (still, None, false),
        Source::Animation(animation) => watch(animation, order, limits)?,
    };
    let (kind, size) = (still.about.kind, still.about.shown());
    let mut made = Made { list: Vec::new(), out };
    match order {
        PictureOrder::Thumbnails { long_sides, .. } => make_thumbnails(still, long_sides, &mut made)?,
        PictureOrder::Boxed { width, height, fit, format } => {
            let cut = cut(size, *width, *height, *fit);
            let pixels = finish(&still.about, Cow::Owned(still.pixels), cut)?;
            made.add(format!("picture.{}", format.extension()), &pixels, *format)?;
        }
    }
    if let Some((size, file)) = preview.map(Preview::encode).transpose()?.flatten() {
        made.hand_out("preview.webp".to_owned(), size, PictureFormat::Webp, &file)?;
    }
    Ok(Rendered { kind, size, animated, made: made.list })
}

/// Looks at the frames, as far as the limit goes: the first that is not blank stands for all (or the first of all), and
/// the preview begins with it. An animation that breaks off is shown as far as it goes. Also whether there are several.
fn watch(
    mut animation: Box<dyn Animation>,
    order: &PictureOrder,
    limits: &PictureLimits,
) -> Result<(Still, Option<Preview>, bool), PictureProblem> {
    let about = animation.about().clone();
    let is_previewed = matches!(order, PictureOrder::Thumbnails { preview: true, .. });
    let mut preview = is_previewed.then(Preview::default);
    let mut first = None;
    let mut chosen = None;
    let mut frames = 0_u64;
    let affordable = limits.pixels.saturating_mul(ANIMATION_FACTOR) / about.full.pixels().max(1);
    while frames < affordable.min(limits.frames.into()).max(1) {
        let (pixels, delay) = match animation.next() {
            Ok(Some(next)) => next,
            Err(problem) if frames == 0 => return Err(problem),
            Ok(None) | Err(_) => break,
        };
        frames += 1;
        if chosen.is_none() {
            if is_blank(pixels) {
                first.get_or_insert_with(|| pixels.clone());
                continue;
            }
            chosen = Some(pixels.clone());
        }
        let is_full = preview.as_ref().is_none_or(Preview::is_full);
        if is_full && frames > 1 {
            break;
        }
        if let Some(preview) = &mut preview
            && preview.wants(delay)
        {
            preview.add(small(&about, pixels)?);
        }
    }
    let kind = about.kind.unwrap_or(PictureKind::Gif);
    let pixels = chosen.or(first).ok_or_else(|| PictureProblem::broken(kind, "it has no frame"))?;
    Ok((Still { about, pixels: pixels.without_idle_alpha() }, preview, frames > 1))
}

/// Whether all pixels are alike, or none can be seen.
fn is_blank(pixels: &Pixels) -> bool {
    let mut all = pixels.data().chunks_exact(pixels.layout().channels());
    let Some(first) = all.next() else { return true };
    let is_hidden = |pixel: &[u8]| pixel.get(3) == Some(&0);
    all.all(|pixel| pixel == first || (is_hidden(pixel) && is_hidden(first)))
}

/// A frame as the preview shows it.
fn small(about: &About, frame: &Pixels) -> Result<Pixels, PictureProblem> {
    let full = about.shown();
    let side = Preview::LONG_SIDE.min(full.long_side());
    finish(about, Cow::Borrowed(frame), Cut { part: full, result: with_long_side(full, side) })
}

/// Each smaller thumbnail is made of the next larger one: what a larger one lacks, a smaller one does not show.
fn make_thumbnails(still: Still, long_sides: &[u32], made: &mut Made<'_, '_>) -> Result<(), PictureProblem> {
    let full = still.about.shown();
    let mut sides = thumbnails(long_sides, full.long_side()).into_iter();
    let Some((name, side)) = sides.next() else { return Ok(()) };
    let cut = Cut { part: full, result: with_long_side(full, side) };
    let mut larger = finish(&still.about, Cow::Owned(still.pixels), cut)?;
    made.add(name, &larger, PictureFormat::Webp)?;
    for (name, side) in sides {
        larger = resize(&larger, larger.size(), with_long_side(full, side))?;
        made.add(name, &larger, PictureFormat::Webp)?;
    }
    Ok(())
}

/// Resized, upright and in sRGB. The cut is measured on the picture as it is shown, at its full size.
fn finish(about: &About, pixels: Cow<'_, Pixels>, cut: Cut) -> Result<Pixels, PictureProblem> {
    let stored = pixels.size();
    let full = about.full;
    let part = about.orientation.of(cut.part);
    // The decoder may have given fewer pixels than the cut was measured on.
    let fewer = |part: u32, stored: u32, full: u32| scaled(part, stored, full).min(stored);
    let part = Size::new(fewer(part.width, stored.width, full.width), fewer(part.height, stored.height, full.height));
    let result = about.orientation.of(cut.result);
    let resized = if part == stored && result == stored { pixels.into_owned() } else { resize(&pixels, part, result)? };
    let upright = about.orientation.apply(resized);
    Ok(color::to_srgb(upright, about.profile.as_deref()))
}

/// What was made so far, and where it goes.
struct Made<'a, 'b> {
    list: Vec<MadePicture>,
    out: &'a mut Out<'b>,
}

impl Made<'_, '_> {
    fn add(&mut self, name: String, pixels: &Pixels, format: PictureFormat) -> Result<(), PictureProblem> {
        self.hand_out(name, pixels.size(), format, &encode(pixels, format)?)
    }

    fn hand_out(
        &mut self,
        name: String,
        size: Size,
        format: PictureFormat,
        bytes: &[u8],
    ) -> Result<(), PictureProblem> {
        (self.out)(&name, bytes).map_err(PictureProblem::Output)?;
        self.list.push(MadePicture { name, size, format });
        Ok(())
    }
}
