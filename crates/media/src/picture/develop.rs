//! From decoded pixels to what was ordered.

use std::borrow::Cow;

use super::decode::{About, Animation, Source, Still};
use super::encode::{PictureFormat, encode};
use super::limits::PictureLimits;
use super::order::{Cut, PictureOrder, cut, scaled, thumbnails, with_long_side};
use super::pixels::{Pixels, Size};
use super::preview::Preview;
use super::problem::{PictureKind, PictureProblem};
use super::reduce::Reducer;
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
    let (about, largest, preview, animated) = match source {
        Source::Still(Still { about, pixels }) => {
            let largest = largest(&about, Cow::Owned(pixels), order)?;
            (about, largest, None, false)
        }
        Source::Animation(animation) => watch(animation, order, limits)?,
    };
    let size = about.shown();
    let mut made = Made { list: Vec::new(), out };
    match order {
        PictureOrder::Thumbnails { long_sides, .. } => make_thumbnails(largest, size, long_sides, &mut made)?,
        PictureOrder::Boxed { format, .. } => {
            made.add(format!("picture.{}", format.extension()), &largest, *format)?;
        }
    }
    if let Some((size, file)) = preview.map(Preview::encode).transpose()?.flatten() {
        made.hand_out("preview.webp".to_owned(), size, PictureFormat::Webp, &file)?;
    }
    Ok(Rendered { kind: about.kind, size, animated, made: made.list })
}

/// Looks at the frames, as far as the limit goes: the first that is not blank stands for all (or the first of all), and
/// the preview begins with it. An animation that breaks off is shown as far as it goes. Also whether there are several.
fn watch(
    mut animation: Box<dyn Animation>,
    order: &PictureOrder,
    limits: &PictureLimits,
) -> Result<(About, Pixels, Option<Preview>, bool), PictureProblem> {
    let about = animation.about().clone();
    let is_previewed = matches!(order, PictureOrder::Thumbnails { preview: true, .. });
    let mut preview = is_previewed.then(Preview::default);
    let (mut first, mut chosen) = (None, None);
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
                if first.is_none() {
                    first = Some(largest(&about, Cow::Borrowed(pixels), order)?);
                }
                continue;
            }
            chosen = Some(largest(&about, Cow::Borrowed(pixels), order)?);
        }
        let is_full = preview.as_ref().is_none_or(Preview::is_full);
        if is_full && frames > 1 {
            break;
        }
        if let Some(preview) = &mut preview
            && preview.wants(delay)
        {
            preview.add(with_side(&about, Cow::Borrowed(pixels), Preview::LONG_SIDE)?);
        }
    }
    let kind = about.kind.unwrap_or(PictureKind::Gif);
    let largest = chosen.or(first).ok_or_else(|| PictureProblem::broken(kind, "it has no frame"))?;
    Ok((about, largest.without_idle_alpha(), preview, frames > 1))
}

/// Whether all pixels are alike, or none can be seen.
fn is_blank(pixels: &Pixels) -> bool {
    let mut all = pixels.data().chunks_exact(pixels.layout().channels());
    let Some(first) = all.next() else { return true };
    let is_hidden = |pixel: &[u8]| pixel.get(3) == Some(&0);
    all.all(|pixel| pixel == first || (is_hidden(pixel) && is_hidden(first)))
}

/// The largest picture that is ordered, ready to be encoded.
fn largest(about: &About, pixels: Cow<'_, Pixels>, order: &PictureOrder) -> Result<Pixels, PictureProblem> {
    match order {
        PictureOrder::Thumbnails { long_sides, .. } => {
            with_side(about, pixels, long_sides.iter().copied().max().unwrap_or(1))
        }
        PictureOrder::Boxed { width, height, fit, .. } => {
            finish(about, pixels, cut(about.shown(), *width, *height, *fit), order.room(about.full))
        }
    }
}

/// The whole picture with the given long side, or its own if that is shorter.
fn with_side(about: &About, pixels: Cow<'_, Pixels>, side: u32) -> Result<Pixels, PictureProblem> {
    let full = about.shown();
    let side = side.min(full.long_side());
    let cut = Cut { part: full, result: with_long_side(full, side) };
    finish(about, pixels, cut, full.long_side() / side.max(1))
}

/// Each smaller thumbnail is made of the next larger one: what a larger one lacks, a smaller one does not show.
fn make_thumbnails(
    mut larger: Pixels,
    full: Size,
    long_sides: &[u32],
    made: &mut Made<'_, '_>,
) -> Result<(), PictureProblem> {
    for (name, side) in thumbnails(long_sides, full.long_side()) {
        let size = with_long_side(full, side);
        if larger.size() != size {
            larger = resize(&larger, larger.size(), size)?;
        }
        made.add(name, &larger, PictureFormat::Webp)?;
    }
    Ok(())
}

/// Resized, upright and in sRGB. The cut is measured on the picture as it is shown, at its full size; `room` is how far
/// the full size may shrink before it is cut.
fn finish(about: &About, pixels: Cow<'_, Pixels>, cut: Cut, room: u32) -> Result<Pixels, PictureProblem> {
    let full = about.full;
    // A decoder that could not give fewer pixels gave all. Means of boxes take a pass and no memory; resizing takes more.
    let factor = Reducer::factor(room);
    let pixels = if factor > 1 && pixels.size() == full { Cow::Owned(reduced(&pixels, factor)) } else { pixels };
    let stored = pixels.size();
    let part = about.orientation.of(cut.part);
    // There may be fewer pixels than the cut was measured on.
    let fewer = |part: u32, stored: u32, full: u32| scaled(part, stored, full).min(stored);
    let part = Size::new(fewer(part.width, stored.width, full.width), fewer(part.height, stored.height, full.height));
    let result = about.orientation.of(cut.result);
    let resized = if part == stored && result == stored { pixels.into_owned() } else { resize(&pixels, part, result)? };
    let upright = about.orientation.apply(resized);
    Ok(color::to_srgb(upright, about.profile.as_deref()))
}

fn reduced(pixels: &Pixels, factor: u32) -> Pixels {
    let mut reducer = Reducer::new(pixels.size(), pixels.layout(), factor);
    pixels.rows().for_each(|row| reducer.add_row(row));
    reducer.finish().unwrap_or_else(|| pixels.clone())
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
