//! The headers of a bitmap, and what its rows mean.

use std::io::Read;

use super::{KIND, broken, seek};
use crate::picture::decode::Reader;
use crate::picture::limits::PictureLimits;
use crate::picture::pixels::Size;
use crate::picture::problem::PictureProblem;

/// `BITMAPFILEHEADER`.
const FILE_HEADER_BYTES: u32 = 14;
/// `BITMAPCOREHEADER`, `BITMAPINFOHEADER`, the header that has masks, and `BITMAPV5HEADER`, which may have a profile.
const CORE_BYTES: u32 = 12;
const INFO_BYTES: u32 = 40;
const MASKS_BYTES: u32 = 52;
const ALPHA_MASK_BYTES: u32 = 56;
const V5_BYTES: u32 = 124;
/// `PROFILE_EMBEDDED`.
const EMBEDDED: u32 = 0x4D42_4544;

/// How the pixels are coded.
pub(super) enum Coding {
    /// Palette indices of 1, 2, 4 or 8 bits.
    Indices,
    /// Runs of palette indices.
    Runs,
    /// Numbers of 16, 24 or 32 bits, of which each mask takes a part: red, green, blue, alpha.
    Masks([Mask; 4]),
}

/// Some bits of a number.
#[derive(Clone, Copy)]
pub(super) struct Mask {
    shift: u32,
    /// The largest value; 0 for a mask that takes nothing.
    most: u32,
}

impl Mask {
    fn new(bits: u32) -> Self {
        let shift = if bits == 0 { 0 } else { bits.trailing_zeros() };
        Self { shift, most: bits >> shift }
    }

    /// The part of `value`, stretched to 8 bits.
    fn of(self, value: u32) -> u8 {
        let part = u64::from((value >> self.shift) & self.most);
        let most = u64::from(self.most);
        u8::try_from((part * 255 + most / 2).checked_div(most).unwrap_or(0)).unwrap_or(u8::MAX)
    }
}

pub(super) struct Header {
    pub(super) size: Size,
    pub(super) is_top_down: bool,
    /// Bits of a pixel.
    pub(super) bits: u16,
    pub(super) coding: Coding,
    /// Where the pixels begin, from the start of the file.
    pub(super) data: u64,
    palette: Vec<[u8; 3]>,
    /// Where a profile lies, from the start of the file, and its length.
    profile: Option<(u64, u32)>,
}

impl Header {
    /// Reads the headers and the palette, and holds the size against the limits.
    pub(super) fn read(reader: &mut Reader, limits: &PictureLimits) -> Result<Self, PictureProblem> {
        // What the file does not have of the longest header stays 0.
        let mut bytes = [0; (FILE_HEADER_BYTES + V5_BYTES + 4) as usize];
        let length = read_as_far_as_possible(reader, &mut bytes)?;
        let long =
            |at: u32| bytes.get(at as usize..).and_then(<[u8]>::first_chunk).map_or(0, |b| u32::from_le_bytes(*b));
        let short =
            |at: u32| bytes.get(at as usize..).and_then(<[u8]>::first_chunk).map_or(0, |b| u16::from_le_bytes(*b));
        let info = FILE_HEADER_BYTES;
        let header_bytes = long(info);
        if length < (info + CORE_BYTES) as usize {
            return Err(broken("it ends too early"));
        }
        let is_core = header_bytes == CORE_BYTES;
        if !is_core && header_bytes < INFO_BYTES {
            return Err(PictureProblem::unsupported(KIND, "its header is of an unusual kind"));
        }
        let (width, height, bits, compression, colors) = if is_core {
            (u32::from(short(info + 4)), u32::from(short(info + 6)).cast_signed(), short(info + 10), 0, 0)
        } else {
            (long(info + 4), long(info + 8).cast_signed(), short(info + 14), long(info + 16), long(info + 32))
        };
        if width > i32::MAX.unsigned_abs() {
            return Err(broken("its width is negative"));
        }
        let size = Size::new(width, height.unsigned_abs());
        limits.check_size(size, KIND)?;
        let has_masks_after = header_bytes == INFO_BYTES && matches!(compression, 3 | 6);
        let alpha = header_bytes >= ALPHA_MASK_BYTES || (has_masks_after && compression == 6);
        let masks = [long(info + 40), long(info + 44), long(info + 48), if alpha { long(info + 52) } else { 0 }];
        let coding = coding(bits, compression, masks, header_bytes >= MASKS_BYTES || has_masks_after)?;
        let masks_bytes = if has_masks_after { if compression == 6 { 16 } else { 12 } } else { 0 };
        let palette_at = u64::from(info) + u64::from(header_bytes) + masks_bytes;
        let palette = match coding {
            Coding::Masks(_) => Vec::new(),
            Coding::Indices | Coding::Runs => palette(reader, palette_at, bits, colors, is_core)?,
        };
        let profile = (header_bytes >= V5_BYTES && long(info + 56) == EMBEDDED)
            .then(|| (u64::from(info) + u64::from(long(info + 112)), long(info + 116)));
        let data = u64::from(long(10));
        Ok(Self { size, is_top_down: height < 0, bits, coding, data, palette, profile })
    }

    /// Bytes of one row: whole groups of four.
    pub(super) fn stride(&self) -> u64 {
        (u64::from(self.size.width) * u64::from(self.bits)).div_ceil(32) * 4
    }

    pub(super) fn has_alpha(&self) -> bool {
        matches!(self.coding, Coding::Masks([.., alpha]) if alpha.most > 0)
    }

    /// The colour of a palette index; black when the palette has none.
    pub(super) fn color(&self, index: u8) -> [u8; 3] {
        self.palette.get(usize::from(index)).copied().unwrap_or_default()
    }

    /// A row of the file as pixels.
    pub(super) fn expand(&self, line: &[u8], row: &mut Vec<u8>) {
        row.clear();
        let width = self.size.width as usize;
        let Coding::Masks([red, green, blue, alpha]) = self.coding else {
            let bits = usize::from(self.bits).clamp(1, 8);
            let most = u8::MAX >> (8 - bits);
            let shifts = (0..8 / bits).map(|place| 8 - bits * (place + 1));
            let indices = line.iter().flat_map(|&byte| shifts.clone().map(move |shift| (byte >> shift) & most));
            row.extend(indices.take(width).flat_map(|index| self.color(index)));
            return;
        };
        for pixel in line.chunks_exact(usize::from(self.bits / 8)).take(width) {
            let value = pixel.iter().rev().fold(0, |value, &byte| (value << 8) | u32::from(byte));
            row.extend([red.of(value), green.of(value), blue.of(value)]);
            if alpha.most > 0 {
                row.push(alpha.of(value));
            }
        }
    }

    /// The profile in the file, if there is one; `None` when it cannot be read.
    pub(super) fn profile(
        &self,
        reader: &mut Reader,
        limits: &PictureLimits,
    ) -> Result<Option<Vec<u8>>, PictureProblem> {
        let Some((position, length)) = self.profile else { return Ok(None) };
        limits.check_metadata("colour profile", length as usize)?;
        seek(reader, position)?;
        let mut profile = Vec::new();
        reader.take(length.into()).read_to_end(&mut profile).map_err(PictureProblem::Input)?;
        Ok(Some(profile))
    }
}

fn coding(bits: u16, compression: u32, masks: [u32; 4], has_masks: bool) -> Result<Coding, PictureProblem> {
    let given = |masks: [u32; 4]| Ok(Coding::Masks(masks.map(Mask::new)));
    match (compression, bits) {
        (0, 1 | 2 | 4 | 8) => Ok(Coding::Indices),
        (1, 8) | (2, 4) => Ok(Coding::Runs),
        (0, 16) => given([0x7C00, 0x03E0, 0x001F, 0]),
        (0, 24 | 32) => given([0x00FF_0000, 0xFF00, 0xFF, 0]),
        (3 | 6, 16 | 32) if has_masks => given(masks),
        _ => Err(PictureProblem::unsupported(KIND, format!("{bits} bits a pixel with compression {compression}"))),
    }
}

fn palette(
    reader: &mut Reader,
    position: u64,
    bits: u16,
    colors: u32,
    is_core: bool,
) -> Result<Vec<[u8; 3]>, PictureProblem> {
    let most = 1_u32 << bits.min(8);
    let count = if colors == 0 { most } else { colors.min(most) };
    let entry = if is_core { 3 } else { 4 };
    let mut bytes = vec![0; count as usize * entry];
    seek(reader, position)?;
    let length = read_as_far_as_possible(reader, &mut bytes)?;
    Ok(bytes[..length].chunks_exact(entry).map(|color| [color[2], color[1], color[0]]).collect())
}

fn read_as_far_as_possible(reader: &mut Reader, bytes: &mut [u8]) -> Result<usize, PictureProblem> {
    let mut length = 0;
    while length < bytes.len() {
        match reader.read(&mut bytes[length..]).map_err(PictureProblem::Input)? {
            0 => break,
            count => length += count,
        }
    }
    Ok(length)
}
