//! TIFF 6.0 and BigTIFF: the first page.

use reelshelf_domain::MediaType;

use super::exif::{self, Order};
use super::{Cut, Source, Stop, icc, picture, upright};
use crate::{Color, ImageMetadata, Metadata};

const ENTRIES: u64 = 1024;

/// What the wanted fields of a directory say.
#[derive(Default)]
struct Page {
    width: u32,
    height: u32,
    bits: Option<u16>,
    photometric: Option<u64>,
    orientation: Option<u8>,
    alpha: bool,
    profile: Option<String>,
}

/// The shape of the two editions: how wide are counts and places.
#[derive(Clone, Copy)]
struct Shape {
    order: Order,
    is_big: bool,
}

impl Shape {
    fn place(self, cut: &mut Cut) -> Result<u64, Stop> {
        if self.is_big { self.order.u64(cut) } else { self.order.u32(cut).map(u64::from) }
    }
}

pub(super) fn read(source: &mut Source) -> Result<Metadata, Stop> {
    let head = source.start_of(0, 16, 16)?;
    let order = Order::of(&head).ok_or(Stop::DAMAGED)?;
    let mut header = Cut(&head);
    header.skip(2)?;
    let shape = Shape { order, is_big: order.u16(&mut header)? == 43 };
    header.skip(if shape.is_big { 4 } else { 0 })?;
    let at = shape.place(&mut header)?;
    let page = directory(source, shape, at)?;
    let color = match page.photometric {
        Some(0 | 1) => Color::Gray,
        Some(2 | 6) => Color::Rgb,
        Some(3) => Color::Palette,
        Some(5) => Color::Cmyk,
        _ => Color::Other,
    };
    let orientation = page.orientation.unwrap_or(1);
    let (width, height) = upright(page.width, page.height, orientation);
    let bit_depth = u8::try_from(page.bits.unwrap_or(1)).map_err(|_| Stop::DAMAGED)?;
    let (alpha, profile, frames) = (page.alpha, page.profile, 1);
    picture(MediaType::Tiff, ImageMetadata { width, height, orientation, alpha, bit_depth, color, profile, frames })
}

fn directory(source: &mut Source, shape: Shape, at: u64) -> Result<Page, Stop> {
    let (count_bytes, entry_bytes) = if shape.is_big { (8, 20_u8) } else { (2, 12) };
    let count = source.block(at, count_bytes)?;
    let mut cut = Cut(&count);
    let count = if shape.is_big { shape.order.u64(&mut cut)? } else { shape.order.u16(&mut cut)?.into() };
    let table = source.block(at + count_bytes, count.min(ENTRIES) * u64::from(entry_bytes))?;
    let mut page = Page::default();
    for entry in table.chunks_exact(entry_bytes.into()) {
        field(source, shape, &mut page, entry)?;
    }
    Ok(page)
}

fn field(source: &mut Source, shape: Shape, page: &mut Page, entry: &[u8]) -> Result<(), Stop> {
    let mut cut = Cut(entry);
    let (tag, kind) = (shape.order.u16(&mut cut)?, shape.order.u16(&mut cut)?);
    let count = shape.place(&mut cut)?;
    let value = cut.0;
    match tag {
        0x0100 => page.width = u32::try_from(number(source, shape, kind, count, value)?).unwrap_or(u32::MAX),
        0x0101 => page.height = u32::try_from(number(source, shape, kind, count, value)?).unwrap_or(u32::MAX),
        0x0102 => page.bits = u16::try_from(number(source, shape, kind, count, value)?).ok(),
        0x0106 => page.photometric = Some(number(source, shape, kind, count, value)?),
        0x0112 => page.orientation = exif::valid(number(source, shape, kind, count, value)?),
        0x0152 => page.alpha = matches!(number(source, shape, kind, count, value)?, 1 | 2),
        0x8773 => {
            let at = shape.place(&mut Cut(value))?;
            page.profile = Some(icc::name(&source.start_of(at, count, 16 * 1024)?));
        }
        _ => {}
    }
    Ok(())
}

/// The first number of a field, which stands elsewhere when there are too many to fit.
fn number(source: &mut Source, shape: Shape, kind: u16, count: u64, value: &[u8]) -> Result<u64, Stop> {
    let bytes = match kind {
        1 => 1,
        3 => 2,
        4 => 4,
        16 => 8,
        _ => return Err(Stop::DAMAGED),
    };
    let fits = count.checked_mul(bytes).is_some_and(|all| all <= value.len() as u64);
    let elsewhere = if fits { Vec::new() } else { source.block(shape.place(&mut Cut(value))?, bytes)? };
    let mut cut = Cut(if fits { value } else { &elsewhere });
    match kind {
        1 => cut.u8().map(u64::from),
        3 => shape.order.u16(&mut cut).map(u64::from),
        4 => shape.order.u32(&mut cut).map(u64::from),
        _ => shape.order.u64(&mut cut),
    }
}
