use std::fmt::Write;

/// A text whose byte order is the natural order of the names: letters without case, runs of digits by their value, so
/// that `img2` comes before `img10`. Names that differ only in case or in leading zeros share a key; order those by
/// the name itself.
///
/// A run of digits becomes the count of its significant digits (three digits wide, enough for any file name) and the
/// digits, so that a longer number sorts after a shorter one.
pub fn natural_key(name: &str) -> String {
    let mut key = String::with_capacity(name.len() + 8);
    let mut rest = name;
    while let Some(first) = rest.chars().next() {
        if first.is_ascii_digit() {
            let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
            let digits = rest[..end].trim_start_matches('0');
            // Writing to a string cannot fail.
            let _ = write!(key, "{:03}{digits}", digits.len());
            rest = &rest[end..];
        } else {
            key.push(first.to_ascii_lowercase());
            rest = &rest[first.len_utf8()..];
        }
    }
    key
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_numbers_by_value_and_letters_without_case() {
        let mut names = vec!["img10.png", "IMG2.png", "a", "img1.png", "img002.png", "z9", "img.png", "B", "2", "10"];
        names.sort_by_key(|name| (natural_key(name), name.to_owned()));
        assert_eq!(names, ["2", "10", "a", "B", "img.png", "img1.png", "IMG2.png", "img002.png", "img10.png", "z9"]);
    }
}
