//! The name of a colour profile (ICC.1:2022, clauses 7 and 10.15; ICC.1:2001, 6.5.17 for the older text).

use super::{Cut, Stop};
use crate::metadata::clean;

const NAME_BYTES: usize = 64;
const TAGS: u32 = 128;

/// Of a profile whose beginning this is: what it calls itself, or else just that it is one.
pub(super) fn name(profile: &[u8]) -> String {
    let described = description(profile).ok().flatten().unwrap_or_default();
    label(&described).unwrap_or_else(|| "ICC".to_owned())
}

/// A name that some header gives, if it is one.
pub(super) fn label(text: &str) -> Option<String> {
    Some(clean(text, NAME_BYTES)).filter(|name| !name.is_empty())
}

fn description(profile: &[u8]) -> Result<Option<String>, Stop> {
    let mut table = Cut(profile);
    table.skip(128)?;
    for _ in 0..table.be32()?.min(TAGS) {
        let (tag, offset, size) = (table.array::<4>()?, table.be32()?, table.be32()?);
        if &tag == b"desc" {
            let (offset, size) = (offset as usize, size as usize);
            let text = profile.get(offset..).map(|text| &text[..text.len().min(size)]);
            return text.map_or(Ok(None), |text| described(Cut(text)));
        }
    }
    Ok(None)
}

fn described(mut text: Cut) -> Result<Option<String>, Stop> {
    let all = text.0;
    let kind = text.array::<4>()?;
    text.skip(4)?;
    match &kind {
        b"desc" => {
            let size = text.be32()? as usize;
            let ascii = &text.0[..text.0.len().min(size)];
            Ok(Some(String::from_utf8_lossy(ascii.split(|byte| *byte == 0).next().unwrap_or_default()).into_owned()))
        }
        b"mluc" => {
            text.skip(12)?;
            let (size, offset) = (text.be32()? as usize, text.be32()? as usize);
            let utf16 = all.get(offset..).map(|utf16| &utf16[..utf16.len().min(size).min(2 * NAME_BYTES)]);
            Ok(utf16.map(super::id3::utf16_be))
        }
        _ => Ok(None),
    }
}
