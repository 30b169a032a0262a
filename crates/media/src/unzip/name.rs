//! Names in archives: in which letters they are written, and where they lead.

use super::le32;

/// Set when the name is UTF-8.
const UTF_8: u16 = 1 << 11;
/// The longest name that is taken: longer than any path of the library, escapes and all.
const NAME_MAX: usize = 4096;
/// The upper half of IBM's code page 437.
const CP437: &str = "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u{a0}";

/// The name as text. What says that it is UTF-8 must be. What does not is UTF-8 if it can be, since most programs write
/// that without saying so; otherwise code page 437, as the format has it of old.
pub(super) fn decode(raw: &[u8], flags: u16, unicode: Option<&[u8]>) -> Result<String, &'static str> {
    if let Some(name) = unicode.and_then(|field| said_in_unicode(raw, field)) {
        return Ok(name);
    }
    match std::str::from_utf8(raw) {
        Ok(name) => Ok(name.to_owned()),
        Err(_) if flags & UTF_8 != 0 => Err("has a name that is not the UTF-8 it says it is"),
        Err(_) => Ok(raw.iter().map(|byte| cp437(*byte)).collect()),
    }
}

/// Info-ZIP's Unicode Path field, as long as it belongs to this name.
fn said_in_unicode(raw: &[u8], field: &[u8]) -> Option<String> {
    let belongs = field.first() == Some(&1) && le32(field, 1) == Some(crc32fast::hash(raw));
    let name = field.get(5..).filter(|_| belongs)?;
    std::str::from_utf8(name).ok().map(ToOwned::to_owned)
}

fn cp437(byte: u8) -> char {
    match usize::from(byte).checked_sub(128) {
        Some(upper) => CP437.chars().nth(upper).unwrap_or('_'),
        None => char::from(byte),
    }
}

/// The levels of a path that stays below where it is unpacked.
pub(super) fn levels(name: &str) -> Result<Vec<String>, &'static str> {
    if name.len() > NAME_MAX {
        return Err("has a name that is too long");
    }
    if name.contains('\0') {
        return Err("has a name with a NUL in it");
    }
    if name.contains('\\') {
        return Err("has a name with a backslash in it; write / between levels");
    }
    if name.starts_with('/') {
        return Err("has a name that begins at the root of a disk");
    }
    if matches!(name.as_bytes(), [letter, b':', ..] if letter.is_ascii_alphabetic()) {
        return Err("has a name that begins with a drive");
    }
    let levels: Vec<_> = name.split('/').map(str::trim).filter(|level| !matches!(*level, "" | ".")).collect();
    if levels.contains(&"..") {
        return Err("has a name that leads out of the archive");
    }
    if levels.is_empty() {
        return Err("has no name");
    }
    Ok(levels.into_iter().map(ToOwned::to_owned).collect())
}

/// Whether a member is what a system leaves in archives for itself.
pub(super) fn is_litter(path: &[String]) -> bool {
    let last = path.last().map_or("", String::as_str);
    path.first().is_some_and(|first| first == "__MACOSX")
        || matches!(last, ".DS_Store" | "Thumbs.db" | "desktop.ini" | "Desktop.ini")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_in_the_letters_they_were_written_in() {
        assert_eq!(decode(b"a.png", 0, None).unwrap(), "a.png");
        assert_eq!(decode("é.png".as_bytes(), 0, None).unwrap(), "é.png", "unsaid, and UTF-8 all the same");
        assert_eq!(decode(b"\x82t\x82.png", 0, None).unwrap(), "été.png", "code page 437");
        assert_eq!(decode(b"\xff", 0, None).unwrap(), "\u{a0}");
        assert!(decode(b"\x82", UTF_8, None).is_err());
        let field = [&[1], crc32fast::hash(b"x").to_le_bytes().as_slice(), "日本".as_bytes()].concat();
        assert_eq!(decode(b"x", 0, Some(&field)).unwrap(), "日本");
        assert_eq!(decode(b"y", 0, Some(&field)).unwrap(), "y", "the field is another name's");
        assert_eq!(CP437.chars().count(), 128);
    }

    #[test]
    fn no_path_leads_out() {
        let refused = [
            "../x",
            "a/../../x",
            "..",
            "a/..",
            "/x",
            "//x",
            "C:x",
            "c:/x",
            "a\\b",
            "..\\x",
            "\\x",
            "a\0b",
            "",
            ".",
            "./",
            "a/ .. /b",
        ];
        for name in refused {
            assert!(levels(name).is_err(), "{name:?}");
        }
        let long = "x/".repeat(3000);
        assert!(levels(&long).is_err());
        assert_eq!(levels("./a//b/ c .png").unwrap(), ["a", "b", "c .png"]);
        assert_eq!(levels("...").unwrap(), ["..."]);
    }
}
