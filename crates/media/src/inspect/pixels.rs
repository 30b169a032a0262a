//! What the name of a pixel format says, as `ffmpeg -pix_fmts` lists them.

use crate::Color;

pub(super) struct Pixels {
    pub(super) color: Color,
    pub(super) alpha: bool,
    /// Of one sample.
    pub(super) bit_depth: u8,
}

impl Pixels {
    pub(super) fn named(name: &str) -> Self {
        let plain = name.trim_end_matches("le").trim_end_matches("be");
        let is_gray = ["gray", "ya", "mono"].iter().any(|start| plain.starts_with(start));
        let color = match plain {
            "pal8" => Color::Palette,
            _ if is_gray => Color::Gray,
            "" => Color::Other,
            _ => Color::Rgb,
        };
        let alpha =
            ["rgba", "bgra", "argb", "abgr", "gbrap", "yuva", "ya"].iter().any(|start| plain.starts_with(start));
        Self { color, alpha, bit_depth: bit_depth(plain) }
    }
}

/// The digits at the end, where they do not tell the bits of all samples of a pixel together.
fn bit_depth(plain: &str) -> u8 {
    match plain {
        "monow" | "monob" => 1,
        "rgb48" | "bgr48" | "rgba64" | "bgra64" => 16,
        "rgb24" | "bgr24" => 8,
        "rgb555" | "bgr555" | "rgb565" | "bgr565" => 5,
        "rgb444" | "bgr444" => 4,
        _ => {
            let digits = &plain[plain.trim_end_matches(|c: char| c.is_ascii_digit()).len()..];
            let has_depth =
                plain.ends_with(&format!("p{digits}")) || ["gray", "ya"].iter().any(|s| plain.starts_with(s));
            digits.parse().ok().filter(|bits| has_depth && *bits <= 32).unwrap_or(8)
        }
    }
}
